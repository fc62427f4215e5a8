"""Nothing leads into the network that this machine is in, unless a person allows it."""

from __future__ import annotations

import socket
from typing import TYPE_CHECKING, Any, TypeAlias

import pytest
from servers.web_server import Sent, WebServer
from web_payloads import as_json, openalex_work

from rag import Paper
from rag.sources.web.guard import GuardedTransport, RefusedAddressError

if TYPE_CHECKING:
    from collections.abc import Callable

    from rag.sources import Item

Fetch: TypeAlias = "Callable[..., list[Item]]"
WORK, PATH = as_json(openalex_work(7)), "/works/W7"
INSIDE = "is an address of this machine or of a private network"


def resolving(monkeypatch: pytest.MonkeyPatch, **names: list[str]) -> None:
    """Have names resolve to addresses, whatever the machine's own resolver says."""
    real = socket.getaddrinfo

    def resolve(host: str, port: int, *args: Any, **values: Any) -> Any:
        known = names.get(host.partition(".")[0])
        if known is None:
            return real(host, port, *args, **values)
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (one, port)) for one in known]

    monkeypatch.setattr(socket, "getaddrinfo", resolve)


def test_a_private_service_has_to_be_allowed(web: WebServer, fetch: Fetch) -> None:
    web.on(PATH, WORK)
    (failed,) = fetch("openalex:W7", web_private_hosts=())
    assert failed.reason == (
        f"OpenAlex: 127.0.0.1 {INSIDE}; web_private_hosts in the settings allows it"
    )
    assert not web.requests
    assert isinstance(fetch("openalex:W7")[0], Paper)


@pytest.mark.parametrize(
    "host",
    [
        "localhost", "[::1]", "10.0.0.1", "192.168.1.1", "172.16.0.9", "169.254.169.254", "0.0.0.0",
        "100.64.0.1", "[fe80::1]", "[fd00::1]", "[::ffff:10.0.0.1]", "[64:ff9b::10.0.0.1]",
        "[2002:a00:1::]", "224.0.0.1", "255.255.255.255",
    ],
)  # fmt: skip
def test_no_redirect_leads_inside(web: WebServer, fetch: Fetch, host: str) -> None:
    web.on(PATH, b"", status=302, headers={"Location": f"http://{host}:{web.port}/secret"})
    web.on("/secret", WORK)
    (failed,) = fetch("openalex:W7")
    assert INSIDE in failed.reason
    assert not web.asked("/secret")


@pytest.mark.parametrize("host", ["2130706433", "0x7f000001", "127.1"])
def test_other_ways_to_write_an_address_lead_nowhere(
    web: WebServer, fetch: Fetch, host: str
) -> None:
    web.on(PATH, b"", status=302, headers={"Location": f"http://{host}:{web.port}/secret"})
    web.on("/secret", WORK)
    (failed,) = fetch("openalex:W7", web_retries=0)
    assert not isinstance(failed, Paper)
    assert not web.asked("/secret")


def test_no_name_leads_inside(
    web: WebServer, fetch: Fetch, monkeypatch: pytest.MonkeyPatch
) -> None:
    web.on(PATH, WORK)
    resolving(monkeypatch, inside=["127.0.0.1"], both=["10.0.0.1", "127.0.0.1"])
    for name in ("inside", "both"):
        address = f"http://{name}.example:{web.port}"
        (failed,) = fetch("openalex:W7", web_addresses={"openalex": address})
        assert failed.reason.startswith(f"OpenAlex: {name}.example {INSIDE}")
    assert not web.requests
    named = {"openalex": f"http://inside.example:{web.port}"}
    hosts = ("INSIDE.example ", "other.example")
    assert isinstance(fetch("openalex:W7", web_addresses=named, web_private_hosts=hosts)[0], Paper)
    assert web.requests[0].headers["host"] == f"inside.example:{web.port}"


def test_a_name_is_resolved_once(
    web: WebServer, fetch: Fetch, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What was checked is what is connected to, whatever the name resolves to the next moment."""
    seen: list[str] = []
    resolve = socket.getaddrinfo

    def counted(host: str, *args: Any, **values: Any) -> Any:
        seen.append(host)
        return resolve("127.0.0.1" if host == "mirror.example" else host, *args, **values)

    monkeypatch.setattr(socket, "getaddrinfo", counted)
    web.on(PATH, WORK)
    named = {"openalex": f"http://mirror.example:{web.port}"}
    fetch("openalex:W7", web_addresses=named, web_private_hosts=("mirror.example",))
    assert seen.count("mirror.example") == 1


@pytest.mark.allow_hosts(["127.0.0.1", "127.0.0.9"])
def test_an_address_that_takes_nothing_is_passed_over(
    web: WebServer, fetch: Fetch, monkeypatch: pytest.MonkeyPatch
) -> None:
    web.on(PATH, WORK)
    resolving(monkeypatch, mirror=["127.0.0.9", "127.0.0.1"])
    found = fetch(
        "openalex:W7",
        web_addresses={"openalex": f"http://mirror.example:{web.port}"},
        web_private_hosts=("mirror.example",),
    )
    assert isinstance(found[0], Paper)


@pytest.mark.parametrize(
    ("location", "why"),
    [
        ("ftp://example.org/x", "OpenAlex redirects to what is no address of the web"),
        ("file:///etc/passwd", "OpenAlex redirects to what is no address of the web"),
        ("", "OpenAlex redirects to what is no address of the web"),
        ("http://[::1", "OpenAlex redirects to what is no address"),
        (PATH, "OpenAlex redirects more than 5 times"),
        ("//user:word@127.0.0.1/x", "is no address of the web"),
    ],
)
def test_redirects_that_lead_nowhere(web: WebServer, fetch: Fetch, location: str, why: str) -> None:
    web.on(PATH, b"", status=302, headers={"Location": location})
    (failed,) = fetch("openalex:W7")
    assert why in failed.reason
    assert len(web.requests) <= 6


def test_redirects_are_followed(web: WebServer, fetch: Fetch) -> None:
    web.on(PATH, Sent(status=301, headers={"Location": "/moved?a=b"}))
    web.on("/moved", WORK)
    assert isinstance(fetch("openalex:W7")[0], Paper)
    assert web.asked("/moved")[0].params == {"a": "b"}


def test_nothing_is_sent_in_the_clear_that_was_encrypted() -> None:
    import httpx

    from rag import Settings
    from rag.sources.web import all_services
    from rag.sources.web.errors import ServiceError
    from rag.sources.web.exchange import Exchange

    def answer(request: httpx.Request) -> httpx.Response:
        assert request.url.scheme == "https"
        return httpx.Response(302, headers={"Location": "http://example.org/x"})

    exchange = Exchange(httpx.MockTransport(answer), Settings(), all_services()[0])
    with pytest.raises(ServiceError, match="redirects to where nothing is encrypted"):
        exchange.get("https://example.org/", {})


def test_the_name_is_kept_for_tls(monkeypatch: pytest.MonkeyPatch) -> None:
    """The connection goes to the address, and the certificate has to be the name's."""
    import httpx

    sent: list[httpx.Request] = []

    class Inner(httpx.BaseTransport):
        def handle_request(self, request: httpx.Request) -> httpx.Response:
            sent.append(request)
            return httpx.Response(200)

    resolving(monkeypatch, public=["93.184.216.34"])
    transport = GuardedTransport()
    transport._inner.close()
    transport._inner = Inner()  # type: ignore[assignment]
    transport.handle_request(httpx.Request("GET", "https://public.example/a?b=c"))
    (request,) = sent
    assert str(request.url) == "https://93.184.216.34/a?b=c"
    assert request.headers["host"] == "public.example"
    assert request.extensions["sni_hostname"] == "public.example"
    with pytest.raises(RefusedAddressError):
        transport.handle_request(httpx.Request("GET", "https://127.0.0.1/"))
