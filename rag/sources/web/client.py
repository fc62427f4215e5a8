"""The one client of all services: it asks politely, tries again, and brings back bytes."""

from __future__ import annotations

import email.utils
import os
import time
from dataclasses import replace
from typing import TYPE_CHECKING
from urllib.parse import urlencode

from rag.sources.web.cache import Kept, WebCache
from rag.sources.web.errors import PassingError, ServiceError
from rag.sources.web.exchange import Exchange
from rag.sources.web.pace import keep_pace
from rag.sources.web.service import Page
from rag.version import __version__

if TYPE_CHECKING:
    import tenacity

    from rag.settings import Settings
    from rag.sources.web.exchange import Answer
    from rag.sources.web.guard import GuardedTransport
    from rag.sources.web.service import Request, Service

__all__ = ["WebClient", "requested_wait"]

_BUSY = frozenset({408, 425, 429, 500, 502, 503, 504, 520, 521, 522, 523, 524, 529})
_ABSENT = frozenset({404, 410})
_REFUSED = frozenset({401, 403})
_FIRST_WAIT = 1.0  # seconds; each further wait is twice as long
_LONGEST_BACKOFF = 60.0
_LONGEST_WAIT = 300.0  # seconds: asked to wait longer, it is better to say so


class WebClient:
    """Asks services, each at its rate; answers come from disk where the service says they hold.

    Nothing is sent before the first `get`. A key is read from the environment when it is sent,
    and only to the service's own address.

    Args:
        settings: Addresses, limits, the place of the cache.
    """

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._folder = settings.cache / "web"
        self.cache = WebCache(self._folder / "answers", limit=settings.web_cache_mb * 2**20)
        self._opened: GuardedTransport | None = None
        self._rest_until: dict[str, float] = {}

    def close(self) -> None:
        """Close all connections and files."""
        self.cache.close()
        if self._opened is not None:
            self._opened.close()
            self._opened = None

    def get(self, service: Service, request: Request, *, since: float) -> Page:
        """Return the answer to a request.

        Args:
            service: Of which service.
            request: What is asked.
            since: What was answered after this time, in seconds since 1970, is not asked again:
                when the query was begun.

        Raises:
            ServiceError: there is none.
        """
        address = self._address(service, request)
        key = _key(address, request)
        kept = self.cache.get(key) if request.kept else None
        if kept is not None and kept.at >= since:
            return Page(200, kept.body)
        answer: Kept | None = None
        for attempt in self._attempts():
            with attempt:
                answer = self._ask(service, request, address, kept)
        if answer is None:
            return Page(404, b"")
        if request.kept:
            self.cache.put(key, answer)
        return Page(200, answer.body)

    def _address(self, service: Service, request: Request) -> str:
        name = request.at or next(iter(service.addresses))
        return self._settings.web_addresses.get(name, service.addresses[name]).rstrip("/")

    def _attempts(self) -> tenacity.Retrying:
        import tenacity

        backoff = tenacity.wait_exponential_jitter(_FIRST_WAIT, _LONGEST_BACKOFF)

        def wait(state: tenacity.RetryCallState) -> float:
            error = state.outcome.exception() if state.outcome else None
            asked = error.wait if isinstance(error, PassingError) else None
            return backoff(state) if asked is None else asked

        return tenacity.Retrying(
            retry=tenacity.retry_if_exception_type(PassingError),
            stop=tenacity.stop_after_attempt(1 + self._settings.web_retries),
            wait=wait,
            sleep=_sleep,
            reraise=True,
        )

    def _ask(
        self, service: Service, request: Request, address: str, kept: Kept | None
    ) -> Kept | None:
        """Ask once; return the answer, or None where the service has no such thing."""
        secret = os.environ.get(service.key_variable, "").strip() if service.key_variable else ""
        interval = (secret and service.key_interval) or service.interval
        if (rest := self._rest_until.pop(service.name, 0.0) - time.monotonic()) > 0:
            _sleep(rest)
        keep_pace(self._folder / "pace", service.name, interval, _sleep)
        headers = self._headers(service, request, kept)
        if secret and service.key_header:
            headers[service.key_header] = secret
        params = dict(request.params)
        if service.mail and self._settings.web_contact:
            params[service.mail] = self._settings.web_contact
        if secret and service.key_param:
            params[service.key_param] = secret
        query = f"?{urlencode(params)}" if params else ""
        exchange = Exchange(self._transport(), self._settings, service)
        answer = exchange.get(f"{address}{request.path}{query}", headers)
        if wait := requested_wait(answer.headers.get("backoff", "")):
            # The answer is fine, but the next one shall be asked for later.
            self._rest_until[service.name] = time.monotonic() + min(wait, _LONGEST_WAIT)
        if answer.status == 304 and kept is not None:
            return replace(kept, at=time.time())
        if answer.status in _ABSENT:
            return None
        self._check(service, answer)
        if request.flaw is not None and (flaw := request.flaw(answer.body)):
            raise PassingError(f"{service.label}: {flaw}")
        stated = answer.headers
        return Kept(
            answer.body,
            stated.get("content-type", ""),
            stated.get("etag", ""),
            stated.get("last-modified", ""),
            time.time(),
        )

    def _headers(self, service: Service, request: Request, kept: Kept | None) -> dict[str, str]:
        contact = self._settings.web_contact
        agent = f"abstract-rag/{__version__}" + (f" (mailto:{contact})" if contact else "")
        headers = {
            "User-Agent": agent,
            "Accept": ", ".join((*service.accepts, "*/*;q=0.1")),
            "Accept-Encoding": "gzip",
            **request.headers,
        }
        if kept is not None and kept.etag:
            headers["If-None-Match"] = kept.etag
        if kept is not None and kept.modified:
            headers["If-Modified-Since"] = kept.modified
        return headers

    def _check(self, service: Service, answer: Answer) -> None:
        """Refuse what is no answer with papers.

        Raises:
            ServiceError: it is an error, or something else than the service sends.
        """
        if answer.status in _BUSY:
            wait = requested_wait(answer.headers.get("retry-after", ""))
            if wait is not None and wait > _LONGEST_WAIT:
                raise ServiceError(f"{service.label} asks to wait {wait:,.0f} seconds")
            raise PassingError(f"{service.label} is busy (it answered {answer.status})", wait=wait)
        if answer.status in _REFUSED:
            key = service.key_variable
            more = f"; a key of yours goes into the environment variable {key}" if key else ""
            raise ServiceError(f"{service.label} refuses it ({answer.status}){more}")
        if answer.status != 200:
            reason = f"{service.label} answered with status {answer.status}"
            raise ServiceError(reason, body=answer.body)

    def _transport(self) -> GuardedTransport:
        from rag.sources.web.guard import GuardedTransport

        if self._opened is None:
            self._opened = GuardedTransport(self._settings.web_private_hosts)
        return self._opened


def _sleep(seconds: float) -> None:
    time.sleep(seconds)


def _key(address: str, request: Request) -> str:
    """Return what an answer is kept under: the request without what is a person's own."""
    accept = request.headers.get("Accept", "")
    return f"{address}{request.path}?{urlencode(sorted(request.params.items()))} {accept}".strip()


def requested_wait(text: str) -> float | None:
    """Read `Retry-After`: seconds, or a date; None where it says nothing."""
    if text.strip().isdecimal():
        return float(text)
    try:
        when = email.utils.parsedate_to_datetime(text)
        return max(0.0, when.timestamp() - time.time())
    except (ValueError, TypeError, OverflowError):
        return None
