"""What a service of the web is, which there are, and how people write what they want of one.

A service is one module in `rag.sources.web.services` that holds one `Service`. It knows how to ask,
page by page; whatever waits, fails or is kept on disk is the client's business, and what the
answers say is that of the readers of saved files. Help, messages and documentation are derived
from the services.
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Callable, Generator, Mapping
from dataclasses import dataclass, field
from typing import Literal, TypeAlias
from urllib.parse import SplitResult, urlsplit

from rag.registry import discover
from rag.text.decoding import one_line

__all__ = [
    "JSON",
    "XML",
    "BadQueryError",
    "Kind",
    "Page",
    "Pages",
    "Query",
    "Request",
    "Service",
    "all_services",
    "parse_days",
    "parse_query",
    "plain_words",
]

JSON = ("application/json", "text/json", "application/vnd.citationstyles.csl+json")
XML = ("application/xml", "text/xml", "application/atom+xml")

Kind: TypeAlias = Literal["ids", "terms", "days", "retractions"]

_PREFIXED = re.compile(r"([A-Za-z0-9][A-Za-z0-9-]*):\s*(\S.*)", re.DOTALL)
_SPAN = re.compile(r"(\d{4}-\d{2}-\d{2}|today|yesterday)(?:\s*(\.\.|/|:|to)\s*(.*))?")
_MAX_DAYS = 731
_MAX_TERMS = 1000  # characters


class BadQueryError(ValueError):
    """What is asked of a service can't be asked so; the message says why."""


@dataclass(frozen=True, slots=True)
class Query:
    """What is wanted of a service.

    Attributes:
        service: The service's name.
        kind: Papers by their ids, by words, or by days; or, which people don't write, those of
            some DOIs that were retracted.
        values: The ids as the service has them; or the terms alone; or the first and the last day
            as people wrote them, `today` among them, and empty for a last day that is left open.
    """

    service: str
    kind: Kind
    values: tuple[str, ...]

    @property
    def text(self) -> str:
        """The query as people write it; two that ask for the same are written the same."""
        if self.kind == "terms":
            terms = self.values[0]
            begin, end = next(pair for pair in ('""', "''", "“”") if pair[0] not in terms)
            return f"{self.service}:{begin}{terms}{end}"
        if self.kind == "days":
            first, last = self.values
            return f"{self.service}:{first}" + ("" if last == first else f"..{last}")
        return f"{self.service}:{','.join(self.values)}"

    def days(self) -> list[dt.date]:
        """Return the days, the last one first."""
        today = dt.datetime.now(dt.UTC).date()
        relative = {"today": today, "yesterday": today - dt.timedelta(days=1), "": today}
        first, last = (
            relative[text] if text in relative else dt.date.fromisoformat(text)
            for text in self.values
        )
        return [last - dt.timedelta(days=n) for n in range((last - first).days + 1)]


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """One request to a service.

    Attributes:
        path: Behind the base address, percent-encoded.
        params: The query, without a person's key, mail address or the like.
        at: Which of the service's base addresses; the first one when empty.
        headers: Beside the usual ones, such as `Accept`.
        read: Whether the answer is one of papers, for a reader, and not only for the service.
        optional: Whether the service goes on elsewhere where there is no such thing (404).
        asked: The identifiers that the answer should be about, as `Paper.identifiers` has them,
            where one request asks for several.
        about: What it is about, where that is one of several: an id, a day.
        kept: Whether the answer may lie on disk: one that holds a secret may not.
        flaw: Says what is wrong with an answer that came whole but has to be asked for again;
            empty where nothing is.
    """

    path: str
    params: Mapping[str, str] = field(default_factory=dict)
    at: str = ""
    headers: Mapping[str, str] = field(default_factory=dict)
    read: bool = True
    optional: bool = False
    asked: tuple[str, ...] = ()
    about: str = ""
    kept: bool = True
    flaw: Callable[[bytes], str] | None = None


@dataclass(frozen=True, slots=True)
class Page:
    """What came back: the status (200, or 404 where there is no such thing), and the body."""

    status: int
    body: bytes


# A service's side of a conversation: it yields requests and is sent the page of each. What it
# returns is how many papers there are in all, where it was told.
Pages: TypeAlias = Generator[Request, Page, int | None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Service:
    """A service that has papers.

    Attributes:
        name: What people type in front of the colon.
        label: What messages call it.
        forms: What can be asked, as people type it, for the help and the documentation.
        order: In which order a search has its papers; empty for a service without one.
        addresses: Base addresses by name; the first is the usual one. Settings may name others.
        hosts: Whose addresses people may paste.
        interval: Seconds between two requests, as the service asks of everybody.
        about_rate: Where the service says so, or in which words, for the documentation.
        read_id: Brings an id, as people write it, into the service's form; None where it is none.
        read_address: Says what an address of one of the hosts asks for; None where that is nothing
            that can be asked.
        pages: Asks for a query's papers, of which this many are wanted at the most.
        kinds: How papers can be asked for.
        aliases: Other names.
        accepts: The media types of its answers.
        mail: The parameter that takes a mail address; empty where none does.
        key_variable: The environment variable with a person's key; empty where there are none.
        key_header: The header that a key goes into.
        key_param: The parameter that a key goes into, where it is no header.
        key_interval: Seconds between two requests with a key; as without one where it is 0.
        most: How many papers of a search or of days are read where nobody says how many.
        ceiling: How many papers of a search it gives out at the most.
    """

    name: str
    label: str
    forms: tuple[str, ...]
    order: str = ""
    addresses: Mapping[str, str]
    hosts: tuple[str, ...]
    interval: float
    about_rate: str
    read_id: Callable[[str], str | None]
    read_address: Callable[[SplitResult], Query | None]
    pages: Callable[[Query, int], Pages]
    kinds: tuple[Kind, ...] = ("ids", "terms")
    aliases: tuple[str, ...] = ()
    accepts: tuple[str, ...] = JSON
    mail: str = ""
    key_variable: str = ""
    key_header: str = ""
    key_param: str = ""
    key_interval: float = 0.0
    most: int = 100
    ceiling: int = 1_000_000


def all_services() -> tuple[Service, ...]:
    """Return all services, in order of name."""
    return discover("rag.sources.web.services", Service)


def parse_query(text: str) -> Query | None:
    """Read what a person asks of a service; None where a text asks nothing of any.

    >>> parse_query("arxiv:1706.03762v7").text, parse_query("https://doi.org/10.5555/X").text
    ('arxiv:1706.03762', 'doi:10.5555/x')
    >>> parse_query('pubmed:"sleep apnea"')
    Query(service='pubmed', kind='terms', values=('sleep apnea',))

    Raises:
        BadQueryError: it is meant for a service, which has no such thing; or it is an address of
            none of them.
    """
    text = text.strip()
    scheme, separator, _ = text.partition("://")
    if separator and scheme.isalnum():
        return _from_address(text)
    match = _PREFIXED.fullmatch(text)
    if not match:
        first = text.partition("/")[0].lower().removeprefix("www.")
        known = "/" in text and any(first in service.hosts for service in all_services())
        return _from_address(f"https://{text}") if known else None
    name = match[1].lower()
    for service in all_services():
        if name == service.name or name in service.aliases:
            return _from_name(service, match[2].strip())
    return None


def _from_address(text: str) -> Query:
    try:
        parts = urlsplit(text)
        host = (parts.hostname or "").removeprefix("www.")
    except ValueError as error:
        raise BadQueryError("no address of the web") from error
    services = all_services()
    for service in services:
        if host in service.hosts:
            found = service.read_address(parts)
            if found:
                return found
            raise BadQueryError(
                f"an address of {service.label}, but of no paper: write {_or(service.forms)}"
            )
    hosts = ", ".join(dict.fromkeys(service.hosts[0] for service in services))
    raise BadQueryError(
        f"papers can be fetched by addresses of {hosts}; save other pages as a file first"
    )


def _from_name(service: Service, wanted: str) -> Query:
    quoted = _unquoted(wanted)
    if "days" in service.kinds and quoted is None and (days := _as_days(wanted)):
        return Query(service.name, "days", days)
    if "ids" in service.kinds and quoted is None:
        pieces = [one.strip() for one in wanted.split(",") if one.strip()]
        for ids in ([service.read_id(one) for one in pieces], [service.read_id(wanted)]):
            if known := tuple(dict.fromkeys(one for one in ids if one is not None and all(ids))):
                return Query(service.name, "ids", known)
    # A shell takes the quotes away from around terms. One word with digits is a slip in an id.
    is_word = quoted is None and not re.search(r"\s", wanted) and re.search(r"\d", wanted)
    if is_word or "terms" not in service.kinds:
        search = f"; to search for it: '{service.name}:\"{one_line(wanted)}\"'"
        more = search if "terms" in service.kinds else ""
        raise BadQueryError(f"{service.label} has no such id: write {_or(service.forms)}{more}")
    terms = one_line(wanted if quoted is None else quoted)
    if not re.search(r"\w", terms):
        raise BadQueryError("there is nothing to search for between the quotes")
    if len(terms) > _MAX_TERMS:
        raise BadQueryError(f"the terms are longer than {_MAX_TERMS:,} characters")
    return Query(service.name, "terms", (terms,))


def _unquoted(text: str) -> str | None:
    """Return what a pair of quotes around the whole of a text holds; None without such a pair."""
    for quote in "\"'":
        if len(text) > 1 and text[0] == text[-1] == quote and quote not in text[1:-1]:
            return text[1:-1]
    for begin, end in ("“”", "‘’", "«»"):
        if text.startswith(begin) and text.endswith(end):
            return text[1:-1]
    return None


def _as_days(text: str) -> tuple[str, str] | None:
    match = _SPAN.fullmatch(text.lower())
    if not match:
        return None
    return parse_days(match[1], match[3] if match[2] else match[1])


def parse_days(first: str, last: str) -> tuple[str, str]:
    """Check the first and the last of some days: `2026-06-12`, `today`, empty for up to today.

    Raises:
        BadQueryError: one of them is no day, or they are in no order, or too many.
    """
    try:
        days = Query("", "days", (first, last.strip())).days()
    except ValueError as error:
        raise BadQueryError("no such day: write it as 2026-06-12") from error
    if not days:
        raise BadQueryError("the last day is before the first")
    if len(days) > _MAX_DAYS:
        raise BadQueryError(f"more than {_MAX_DAYS} days")
    return first, last.strip()


def plain_words(terms: str) -> list[str]:
    """Cut terms into words and, where quotes hold some together, phrases.

    >>> plain_words('"graph neural" networks, few-shot')
    ['graph neural', 'networks', 'few-shot']
    """
    found = re.findall(r'"([^"]*\w[^"]*)"|([^\s"]*\w[^\s"]*)', terms)
    return [(phrase or word).strip(" ,;:()[]{}") for phrase, word in found]


def _or(forms: tuple[str, ...]) -> str:
    *others, last = forms
    return f"{', '.join(others)} or {last}" if others else last
