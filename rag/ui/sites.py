"""Under which names the page is served, and which other sites' pages may use it."""

from __future__ import annotations

import ipaddress
import logging
import socket
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from cachetools import TTLCache

from rag.text.safety import for_terminal
from rag.ui.options import is_loopback

if TYPE_CHECKING:
    from collections.abc import Mapping

    from rag.ui.options import ServeOptions

__all__ = ["Sites"]

_LOG = logging.getLogger(__name__)
_SHARED = ".gradio.live"
_LONGEST = 200  # characters of what was sent that are told
_LOGGED, _QUIET = 100, 600  # refusals that are logged within so many seconds, each once
# A browser says so of a request that a page of another site, or of another port, has it make.
_ELSEWHERE = {"cross-site", "same-site"}


class Sites:
    """Judges for whom a request asks, and from where a browser sends it.

    Args:
        options: The names and the other sites that are allowed.
    """

    def __init__(self, options: ServeOptions) -> None:
        self._options = options
        self._logged: TTLCache[str, None] = TTLCache(_LOGGED, _QUIET)

    def refusal(self, headers: Mapping[str, str], path: str, method: str) -> tuple[int, str] | None:
        """Return a status and a reason where a request is refused.

        Args:
            headers: Those of the request, by their names in lower case.
            path: What it asks for.
            method: How.
        """
        host, origin = headers.get("host", ""), headers.get("origin", "")
        if not self._is_served(host):
            name = for_terminal(host[:_LONGEST])
            self._log(f"for the host {name!r}")
            return 421, (
                f"This page is not served under the name {name!r}."
                " Whoever runs it can allow the name with --allow-host."
            )
        if origin:
            elsewhere = not self.allowed(headers) and not _is_same(origin, host)
        else:
            # Without an origin: links, which may lead to the page, and images, scripts and frames.
            linked = headers.get("sec-fetch-mode") == "navigate" and (path, method) == ("/", "GET")
            elsewhere = headers.get("sec-fetch-site") in _ELSEWHERE and not linked
        if elsewhere:
            named = repr(for_terminal(origin[:_LONGEST])) if origin else "another site"
            self._log(f"from a page of {named}")
            return 403, (
                "Pages of other sites may not use this one."
                " Whoever runs it can allow one with --allow-origin."
            )
        return None

    def allowed(self, headers: Mapping[str, str]) -> str:
        """Return the origin of a request if it is one of another site that is allowed, or ""."""
        origin = headers.get("origin", "")
        return origin if origin.rstrip("/").lower() in self._options.origins else ""

    def _log(self, what: str) -> None:
        """Log a refusal, unless others fill the log with them."""
        if what not in self._logged and len(self._logged) < _LOGGED:
            self._logged[what] = None
            _LOG.warning("Refused a request %s.", what)

    def _is_served(self, host: str) -> bool:
        name = _name_of(host)
        if not name:
            return False
        options = self._options
        if name in {"localhost", *options.hosts, options.host.strip("[]").lower()}:
            return True
        try:
            address = ipaddress.ip_address(name)
        except ValueError:
            return (options.share and name.endswith(_SHARED)) or (
                not is_loopback(options.host) and name in _own_names()
            )
        # No site can be made to stand for an address as such, only for a name.
        return address.is_loopback or not is_loopback(options.host)


def _name_of(host: str) -> str:
    """Return the name in a Host header, without the port, in lower case."""
    try:
        return (urlsplit(f"//{host}").hostname or "").rstrip(".")
    except ValueError:
        return ""


def _is_same(origin: str, host: str) -> bool:
    """Tell whether a page comes from the very host and port that the request goes to.

    The scheme may differ: a proxy in front may speak TLS.
    """
    try:
        return urlsplit(origin).netloc.lower() == host.strip().lower()
    except ValueError:
        return False


def _own_names() -> set[str]:
    name = socket.gethostname().lower()
    return {name, f"{name}.local", name.partition(".")[0]}
