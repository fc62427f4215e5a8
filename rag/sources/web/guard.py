"""A transport that connects to public addresses only.

A service's answer may redirect to anywhere, and a name may resolve to anything: neither may lead
into the network that this machine is in. So the name is resolved here, what it resolves to is
checked, and the connection is made to that very address.
"""

from __future__ import annotations

import ipaddress
import socket
from functools import cache
from typing import TYPE_CHECKING, TypeAlias

import httpx

if TYPE_CHECKING:
    import ssl
    from collections.abc import Collection

__all__ = ["GuardedTransport", "RefusedAddressError"]

_Address: TypeAlias = ipaddress.IPv4Address | ipaddress.IPv6Address
_NAT64 = ipaddress.IPv6Network("64:ff9b::/96")
_PORTS = {"http": 80, "https": 443}


class RefusedAddressError(ValueError):
    """An address may not be asked; the message says why."""


class GuardedTransport(httpx.BaseTransport):
    """Sends requests to public addresses, and to the hosts that a person allowed.

    No proxy is used: behind one, nobody here would know where a request goes.

    Args:
        private_hosts: Names or addresses of hosts that may be private, in lower case.
    """

    def __init__(self, private_hosts: Collection[str] = ()) -> None:
        self._private_hosts = frozenset(private_hosts)
        # Two hosts may share an address, and must not share a connection: it is the name for
        # which the certificate was checked.
        limits = httpx.Limits(max_keepalive_connections=0)
        self._inner = httpx.HTTPTransport(verify=_tls(), trust_env=False, limits=limits)

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        """Send a request to the first address of its host that takes it.

        Raises:
            RefusedAddressError: the host has no address that may be asked, or the address is not
                one of the web.
            httpx.TransportError: as of any transport.
        """
        url = request.url
        if url.scheme not in _PORTS or not url.host or url.userinfo:
            raise RefusedAddressError(f"{url.scheme}://{url.host} is no address of the web")
        addresses = self._resolve(url.host, url.port or _PORTS[url.scheme])
        for last, address in enumerate(addresses, start=1 - len(addresses)):
            try:
                return self._inner.handle_request(_to(address, request))
            except httpx.ConnectError:
                if not last:
                    raise
        raise httpx.ConnectError(f"{url.host} has no address", request=request)

    def close(self) -> None:
        """Close all connections."""
        self._inner.close()

    def _resolve(self, host: str, port: int) -> list[str]:
        try:
            found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
        except (OSError, UnicodeError) as error:
            raise httpx.ConnectError(f"the name {host} can't be resolved") from error
        addresses = [str(one[4][0]).partition("%")[0] for one in found]
        if host.lower() in self._private_hosts:
            return addresses
        public = [one for one in addresses if _is_public(ipaddress.ip_address(one))]
        if not public:
            raise RefusedAddressError(
                f"{host} is an address of this machine or of a private network"
            )
        return public


@cache
def _tls() -> ssl.SSLContext:
    """Return what certificates are checked with; reading all authorities takes a while."""
    return httpx.create_ssl_context(trust_env=False)


def _to(address: str, request: httpx.Request) -> httpx.Request:
    """Return a request that goes to an address, and is of its host for the server and for TLS."""
    return httpx.Request(
        request.method,
        request.url.copy_with(host=address),
        headers=request.headers,  # `Host` among them
        stream=request.stream,
        extensions={**request.extensions, "sni_hostname": request.url.host},
    )


def _is_public(address: _Address) -> bool:
    if isinstance(address, ipaddress.IPv6Address):
        within = _embedded(address)
        if within is not None:
            return _is_public(within)
    return address.is_global and not address.is_multicast


def _embedded(address: ipaddress.IPv6Address) -> ipaddress.IPv4Address | None:
    """Return the IPv4 address that an IPv6 address stands for; None where it is one of its own."""
    if address in _NAT64:
        return ipaddress.IPv4Address(int(address) & 0xFFFFFFFF)
    if address.teredo:
        return address.teredo[1]
    return address.ipv4_mapped or address.sixtofour
