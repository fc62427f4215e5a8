"""One exchange with a service: a request, its redirects, and an answer within limits."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

import httpx

from rag.sources.web.errors import PassingError, ServiceError
from rag.sources.web.guard import RefusedAddressError
from rag.text.decoding import one_line

if TYPE_CHECKING:
    from collections.abc import Mapping

    from rag.settings import Settings
    from rag.sources.web.service import Service

__all__ = ["Answer", "Exchange"]

_MOVED = frozenset({301, 302, 303, 307, 308})
_MAX_REDIRECTS = 5
_WHOLE = 10  # how many times the timeout an answer may take as a whole, redirects included
_MAX_ERROR = 65_536  # bytes that are read of an error
_OWN = ("user-agent", "accept", "accept-encoding")  # what another host may be sent, too


@dataclass(frozen=True, slots=True)
class Answer:
    """The status, the headers, and the body, of an error at most its beginning."""

    status: int
    headers: httpx.Headers
    body: bytes


class Exchange:
    """Gets one address.

    Nothing is logged and no error names an address with its parameters, among which a key may be.

    Args:
        transport: What connects, and only to where it may.
        settings: The limits.
        service: Whose answer it is.
    """

    def __init__(
        self, transport: httpx.BaseTransport, settings: Settings, service: Service
    ) -> None:
        self._transport = transport
        self._service = service
        self._timeout = settings.web_timeout
        self._most = settings.web_max_mb * 2**20
        self._deadline = time.monotonic() + _WHOLE * settings.web_timeout

    def get(self, address: str, headers: Mapping[str, str]) -> Answer:
        """Return the answer of an address, or of where that leads.

        Raises:
            PassingError: it broke off, or took too long.
            ServiceError: it leads to where it may not, or is too large or of another kind.
        """
        url = httpx.URL(address)
        for _ in range(1 + _MAX_REDIRECTS):
            answer = self._try(url, headers)
            if answer.status not in _MOVED:
                return answer
            target = self._target(url, answer.headers.get("location", ""))
            if _origin(target) != _origin(url):
                # Neither a key nor what is known of another's answers goes there.
                headers = {name: headers[name] for name in headers if name.lower() in _OWN}
            url = target
        raise ServiceError(f"{self._service.label} redirects more than {_MAX_REDIRECTS} times")

    def _target(self, url: httpx.URL, location: str) -> httpx.URL:
        try:
            target = url.join(location)
        except (httpx.InvalidURL, ValueError) as error:
            reason = f"{self._service.label} redirects to what is no address"
            raise ServiceError(reason) from error
        if not location or target.scheme not in {"http", "https"}:
            raise ServiceError(f"{self._service.label} redirects to what is no address of the web")
        if url.scheme == "https" and target.scheme == "http":
            raise ServiceError(f"{self._service.label} redirects to where nothing is encrypted")
        return target

    def _try(self, url: httpx.URL, headers: Mapping[str, str]) -> Answer:
        label = self._service.label
        try:
            return self._send(url, headers)
        except RefusedAddressError as error:
            reason = f"{label}: {error}; web_private_hosts in the settings allows it"
            raise ServiceError(reason) from error
        except httpx.TimeoutException as error:
            raise PassingError(f"{label} did not answer in {self._timeout:g} seconds") from error
        except httpx.ConnectError as error:
            if "CERTIFICATE" in str(error).upper():
                raise ServiceError(
                    f"{label}: the certificate of {url.host} is not valid"
                ) from error
            reason = one_line(str(error)) or "no connection"
            raise PassingError(f"{label} can't be reached ({reason})") from error
        except (httpx.TransportError, httpx.DecodingError) as error:
            reason = one_line(str(error)) or type(error).__name__
            raise PassingError(f"the answer of {label} broke off ({reason})") from error

    def _send(self, url: httpx.URL, headers: Mapping[str, str]) -> Answer:
        left = max(0.01, min(self._timeout, self._deadline - time.monotonic()))
        waits = dict.fromkeys(("connect", "read", "write", "pool"), left)
        request = httpx.Request("GET", url, headers=headers, extensions={"timeout": waits})
        response = self._transport.handle_request(request)
        response.request = request
        try:
            status = response.status_code
            if status == 200:
                self._check_kind(response.headers.get("content-type", ""))
            with_body = status not in _MOVED and status != 304
            body = self._body(response, cut=status != 200) if with_body else b""
            return Answer(status, response.headers, body)
        finally:
            response.close()

    def _body(self, response: httpx.Response, *, cut: bool) -> bytes:
        """Return the body; at most its beginning where it may be cut."""
        body = bytearray()
        for block in response.iter_bytes():
            body += block
            if time.monotonic() > self._deadline:
                raise PassingError(f"{self._service.label} takes too long to answer")
            if cut and len(body) > _MAX_ERROR:
                break
            if len(body) > self._most:
                size = f"{self._most >> 20} MB"
                raise ServiceError(f"the answer of {self._service.label} is larger than {size}")
        return bytes(body)

    def _check_kind(self, stated: str) -> None:
        """Refuse what says that it is of another kind; what says nothing is left to the reader."""
        kind = stated.partition(";")[0].strip().lower()
        if kind and kind not in self._service.accepts:
            page = ": a page to log in may stand between" if kind == "text/html" else ""
            raise ServiceError(
                f"{self._service.label} answered with {one_line(kind)[:60]}, not with papers{page}"
            )


def _origin(url: httpx.URL) -> tuple[str, str, int | None]:
    return url.scheme, url.host, url.port
