"""Write papers into a collection of Zotero's, those that it doesn't hold yet.

The collection is read first, and written only if the library is still of the version that was read:
so nothing comes twice, whoever else writes. Zotero's web API takes 50 items at once; that of the
program on this machine takes none.
"""

from __future__ import annotations

import io
import json
import os
import time
from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Any

import httpx

from rag.errors import LibraryError
from rag.export.zotero import zotero_item
from rag.papers import Paper, title_key
from rag.sources import Document, read_document
from rag.sources.web.client import requested_wait
from rag.sources.web.guard import GuardedTransport, RefusedAddressError
from rag.sources.web.services.zotero import API_VERSION, PAGE, SERVICE, own_library, read_target
from rag.text.decoding import one_line
from rag.version import __version__

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from typing import Self

    from rag.settings import Settings

__all__ = ["SentReport", "send_papers"]

_AT_ONCE = 50  # items
_LONGEST_WAIT = 300.0  # seconds
_BUSY = frozenset({429, 500, 502, 503, 504})
_CHANGED = 412  # the library is of another version than the one that was read
_MAX_ANSWER = 2**26  # bytes


@dataclass(slots=True)
class SentReport:
    """What became of papers that were sent.

    Attributes:
        sent: How many are new in the collection.
        present: How many it held already.
        failed: Those that Zotero refused: the id of each, and why.
    """

    sent: int = 0
    present: int = 0
    failed: list[tuple[str, str]] = field(default_factory=list)

    def as_dict(self) -> dict[str, Any]:
        """Return the fields as plain values, ready for JSON."""
        return asdict(self)


def send_papers(papers: Iterable[Paper], target: str, settings: Settings) -> SentReport:
    """Write papers into a collection.

    Args:
        papers: What to write, each once.
        target: `zotero:` and the key or the name of a collection, as `rag add` takes it.
        settings: The address of the API, and the limits.

    Raises:
        LibraryError: there is no such collection, or Zotero can't be reached, or refuses it.
    """
    prefix, _, wanted = target.partition(":")
    wanted = wanted.strip().strip("\"'")
    if prefix.lower() != SERVICE.name or not wanted:
        raise LibraryError(
            f"Papers can't be sent to {one_line(target)!r}.",
            hint=f"Write {' or '.join(SERVICE.forms)}.",
        )
    chosen = list({paper.id: paper for paper in papers}.values())
    with _Zotero(settings) as zotero:
        library, key = zotero.find(wanted)
        while True:
            report = zotero.send(chosen, library, key)
            if report is not None:
                return report


class _Zotero:
    """Zotero's API, for as long as papers are sent to it."""

    def __init__(self, settings: Settings) -> None:
        address = settings.web_addresses.get(SERVICE.name, SERVICE.addresses[SERVICE.name])
        self._address = address.rstrip("/")
        self._retries = settings.web_retries
        self._tries = 0  # at a library that others change meanwhile
        self._rest_until = 0.0
        key = os.environ.get(SERVICE.key_variable, "").strip()
        agent = {"User-Agent": f"abstract-rag/{__version__}", **API_VERSION}
        self._client = httpx.Client(
            transport=GuardedTransport(settings.web_private_hosts),
            headers={**agent, **({SERVICE.key_header: key} if key else {})},
            timeout=settings.web_timeout,
            follow_redirects=False,  # a key goes to no other address
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc: object) -> None:
        self._client.close()

    def find(self, wanted: str) -> tuple[str, str]:
        """Return the path of the library and the key of the one collection that is meant."""
        library, key = read_target(wanted) or ("", "")
        if not library:
            answer = self._ask("GET", "/keys/current", fine=(200, 404))
            library = own_library(answer.status_code, answer.content)
        if key:
            return library, key
        known = list(self._all(f"{library}/collections"))
        data = [one["data"] for one in known if isinstance(one.get("data"), dict)]
        keys = [
            str(one.get("key"))
            for one in data
            if str(one.get("name")).casefold() == wanted.casefold()
        ]
        if len(keys) == 1:
            return library, keys[0]
        name = one_line(wanted)
        if keys:
            message = f"Zotero has {len(keys)} collections named {name!r}."
            raise LibraryError(message, hint=f"Name one by its key: {', '.join(keys)}.")
        names = ", ".join(sorted(one_line(str(one.get("name"))) for one in data)[:20])
        raise LibraryError(
            f"Zotero has no collection {name!r}.",
            hint=f"Collections are: {names}." if names else "Make one in Zotero first.",
        )

    def send(self, papers: Sequence[Paper], library: str, key: str) -> SentReport | None:
        """Write the papers that a collection lacks; None where it was changed meanwhile."""
        version, present = self._read(f"{library}/collections/{key}/items/top")
        report = SentReport()
        new: list[Paper] = []
        for paper in papers:
            if present.isdisjoint(_marks(paper)):
                new.append(paper)
            else:
                report.present += 1
        for start in range(0, len(new), _AT_ONCE):
            some = new[start : start + _AT_ONCE]
            answer = self._ask(
                "POST",
                f"{library}/items",
                fine=(200, _CHANGED),
                json=[zotero_item(paper, [key]) for paper in some],
                headers={"If-Unmodified-Since-Version": version},
            )
            if answer.status_code == _CHANGED:
                self._tries += 1
                if self._tries > self._retries:
                    raise LibraryError(
                        "The Zotero library is being changed by something else.",
                        hint="Let its syncing end, and send the papers again.",
                    )
                return None
            version = answer.headers.get("last-modified-version", version)
            _count(answer, some, report)
        return report

    def _read(self, path: str) -> tuple[str, set[str]]:
        """Return the library's version, and what marks the papers that a collection holds."""
        present: set[str] = set()
        version = ""
        for answer in self._pages(path):
            version = version or answer.headers.get("last-modified-version", "0")
            document = Document(io.BytesIO(answer.content), source="zotero", name="zotero")
            for item in read_document(document):
                if isinstance(item, Paper):
                    present.update(_marks(item))
        return version, present

    def _all(self, path: str) -> Iterator[dict[str, Any]]:
        for answer in self._pages(path):
            listed = _json(answer)
            yield from (one for one in listed or () if isinstance(one, dict))

    def _pages(self, path: str) -> Iterator[httpx.Response]:
        """Yield the answers that list something, as each one's `Link` leads to the next."""
        address: str | None = f"{path}?format=json&limit={PAGE}"
        while address:
            answer = self._ask("GET", address)
            yield answer
            following = answer.links.get("next", {}).get("url", "")
            if following and not following.startswith(f"{self._address}/"):
                raise LibraryError(
                    "Zotero's answer leads to another address.",
                    hint="The setting web_addresses says which one is asked.",
                )
            address = following.removeprefix(self._address) or None

    def _ask(
        self,
        method: str,
        path: str,
        *,
        fine: Sequence[int] = (200,),
        json: object = None,
        headers: dict[str, str] | None = None,
    ) -> httpx.Response:
        """Ask, again where Zotero is busy; it says how long to wait."""
        attempt = 0
        while True:
            _sleep(max(0.0, self._rest_until - time.monotonic()))
            try:
                answer = self._client.request(
                    method, f"{self._address}{path}", json=json, headers=headers
                )
            except RefusedAddressError as error:
                raise LibraryError(
                    f"Zotero can't be asked: {error}.",
                    hint="Allow the host with the setting web_private_hosts.",
                ) from error
            except httpx.HTTPError as error:
                # What was sent may have arrived: it is not sent twice.
                raise LibraryError(
                    f"Zotero can't be reached ({one_line(str(error)) or type(error).__name__}).",
                    hint="Send the papers again: those that arrived are left out.",
                ) from error
            asked = requested_wait(answer.headers.get("backoff", ""))
            if answer.status_code in _BUSY and attempt < self._retries:
                asked = requested_wait(answer.headers.get("retry-after", "")) or asked or 2**attempt
            self._rest_until = time.monotonic() + min(asked or 0.0, _LONGEST_WAIT)
            if answer.status_code not in _BUSY or attempt >= self._retries:
                break
            attempt += 1
        if answer.status_code not in fine:
            raise _refusal(answer, method)
        return answer


def _refusal(answer: httpx.Response, method: str) -> LibraryError:
    status, said = answer.status_code, one_line(answer.text)[:200]
    if status in {401, 403}:
        return LibraryError(
            f"Zotero refuses it ({status}).",
            hint=f"A key that may write goes into the environment variable {SERVICE.key_variable}.",
        )
    if status == 404:
        return LibraryError(
            "Zotero has no such collection, or no such library.",
            hint=f"Write {' or '.join(SERVICE.forms)}.",
        )
    if method == "POST" and status in {400, 405, 501}:
        return LibraryError(
            f"Zotero takes no papers here ({status}{f': {said}' if said else ''}).",
            hint="The API of the program on this machine only reads: send to the web API.",
        )
    return LibraryError(f"Zotero answered with status {status}.", hint=said or "Try again later.")


def _count(answer: httpx.Response, papers: Sequence[Paper], report: SentReport) -> None:
    """Take in what Zotero says became of each item, by its place among those sent."""
    found = _json(answer)
    failed = found.get("failed") if isinstance(found, dict) else None
    refused = failed if isinstance(failed, dict) else {}
    for place, paper in enumerate(papers):
        why = refused.get(str(place))
        if why is None:
            report.sent += 1
        else:
            said = why.get("message") if isinstance(why, dict) else why
            report.failed.append((paper.id, one_line(str(said))[:200]))


def _json(answer: httpx.Response) -> Any:  # noqa: ANN401 - JSON
    try:
        return json.loads(answer.content[:_MAX_ANSWER])
    except (ValueError, RecursionError) as error:
        raise LibraryError(
            "Zotero's answer can't be read.", hint="Is the address in web_addresses right?"
        ) from error


def _marks(paper: Paper) -> Iterable[str]:
    """Return what tells that two records are of one paper: identifiers, else the title."""
    return paper.identifiers or (f"title:{title_key(paper.title)}",)


def _sleep(seconds: float) -> None:
    if seconds > 0:
        time.sleep(seconds)
