"""Who gets in: hosts, origins, guesses, tokens, and what may be sent."""

from __future__ import annotations

import hashlib
import http.client
import json
import logging
import os
import socket
import time
import urllib.parse
from typing import TYPE_CHECKING, Any

import pytest

from rag.errors import SettingsError
from rag.ui.options import Login, ServeOptions, read_tokens
from rag.ui.throttle import Throttle

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

pytestmark = pytest.mark.slow

PASSWORD = "correct horse"
TOKEN = "a-token-of-more-than-twenty-characters"
ADA = Login(user="ada", password=PASSWORD)
JSON = {"content-type": "application/json"}
RECORD = json.dumps({"id": "tea", "title": "Cellar Tea", "abstract": "Cold tea brews long."})


class Reply:
    """What came back."""

    def __init__(self, reply: http.client.HTTPResponse) -> None:
        self.status = reply.status
        self.headers = {key.lower(): value for key, value in reply.getheaders()}
        self.cookies = [value for key, value in reply.getheaders() if key.lower() == "set-cookie"]
        self.text = reply.read().decode("utf-8", "replace")


def send(address: str, path: str, body: Any = None, *, method: str = "", **headers: str) -> Reply:
    """Send a request as no browser would: with any header."""
    where = urllib.parse.urlsplit(address)
    connection = http.client.HTTPConnection(where.hostname or "", where.port, timeout=60)
    named = {key.replace("_", "-"): value for key, value in headers.items()}
    try:
        connection.request(method or ("POST" if body is not None else "GET"), path, body, named)
        return Reply(connection.getresponse())
    finally:
        connection.close()


def log_in(address: str, password: str = PASSWORD, **headers: str) -> Reply:
    form = urllib.parse.urlencode({"username": "ada", "password": password})
    return send(
        address, "/login", form, content_type="application/x-www-form-urlencoded", **headers
    )


def call_add(address: str, **headers: str) -> Reply:
    body = json.dumps({"data": [RECORD]})
    return send(address, "/gradio_api/call/add", body, content_type="application/json", **headers)


def test_another_name_for_this_machine_is_refused(serve: Callable[..., str]) -> None:
    address = serve(mcp=True)
    port = urllib.parse.urlsplit(address).port
    for path in ("/", "/config", "/gradio_api/info", "/gradio_api/mcp/"):
        for host in ("evil.example", "evil.example:7860", "127.0.0.1.evil.example", "10.0.0.7", ""):
            reply = send(address, path, Host=host)
            assert reply.status in {400, 421}, (path, host)
            assert "Whales" not in reply.text
        for host in (f"localhost:{port}", f"127.0.0.1:{port}", f"[::1]:{port}", "LOCALHOST"):
            assert send(address, path, Host=host).status != 421, (path, host)


def test_names_can_be_allowed(serve: Callable[..., str]) -> None:
    address = serve(hosts=("papers.example",))
    assert send(address, "/", Host="papers.example").status == 200
    assert send(address, "/", Host="other.example").status == 421


def test_whoever_listens_everywhere_is_found_by_address_and_not_by_any_name(
    serve: Callable[..., str],
) -> None:
    address = serve(host="0.0.0.0", open_to_all=True).replace("0.0.0.0", "127.0.0.1")
    assert send(address, "/", Host="192.168.1.5:7860").status == 200
    assert send(address, "/", Host="evil.example").status == 421


FOREIGN = ("https://evil.example", "null", "http://127.0.0.1:1", "http://localhost.evil.example")


def test_pages_of_other_sites_change_and_read_nothing(serve: Callable[..., str]) -> None:
    address = serve()
    asking = {"Access_Control_Request_Method": "POST"}
    for origin in FOREIGN:
        for reply in (
            call_add(address, Origin=origin),
            send(address, "/gradio_api/upload", b"x", Origin=origin),
            send(address, "/config", Origin=origin),
            send(address, "/gradio_api/call/add", method="OPTIONS", Origin=origin, **asking),
        ):
            assert reply.status == 403
            assert not [name for name in reply.headers if name.startswith("access-control-")]
    own = call_add(address, Origin=address.rstrip("/"))
    assert own.status == 200
    assert not [name for name in own.headers if name.startswith("access-control-")]


def test_what_pages_of_other_sites_ask_without_an_origin_is_refused(
    serve: Callable[..., str],
) -> None:
    address = serve(login=ADA)
    cookie = log_in(address).cookies[-1].partition(";")[0]
    for site in ("cross-site", "same-site"):
        named = {"Cookie": cookie, "Sec_Fetch_Site": site}
        assert send(address, "/config", Sec_Fetch_Mode="no-cors", **named).status == 403
        assert send(address, "/logout", Sec_Fetch_Mode="navigate", **named).status == 403
        assert send(address, "/", Sec_Fetch_Mode="navigate", **named).status == 200  # a link
    assert send(address, "/config", Cookie=cookie, Sec_Fetch_Site="same-origin").status == 200


def test_a_site_can_be_allowed(serve: Callable[..., str]) -> None:
    origin = "https://lab.example"
    address = serve(origins=(origin,))
    asked = send(
        address,
        "/gradio_api/call/add",
        method="OPTIONS",
        Origin=origin,
        Access_Control_Request_Method="POST",
        Access_Control_Request_Headers="content-type",
    )
    assert (asked.status, asked.headers["access-control-allow-origin"]) == (204, origin)
    reply = call_add(address, Origin=origin)
    assert (reply.status, reply.headers["access-control-allow-origin"]) == (200, origin)
    assert call_add(address, Origin="https://other.example").status == 403


def test_the_cookie_of_a_login_stays_on_this_site(serve: Callable[..., str]) -> None:
    address = serve(login=ADA)
    assert send(address, "/config").status == 401
    reply = log_in(address)
    assert reply.status == 200
    assert reply.cookies
    for cookie in reply.cookies:
        assert "samesite=lax" in cookie.lower()
        assert "httponly" in cookie.lower()
        assert "samesite=none" not in cookie.lower()
    cookie = reply.cookies[-1].partition(";")[0]
    assert send(address, "/config", Cookie=cookie).status == 200
    behind_tls = {"X_Forwarded_Proto": "https"}  # from a proxy on this machine
    (cookie,) = log_in(address, **behind_tls).cookies
    assert "; secure" in cookie.lower()
    assert "samesite=lax" in cookie.lower()
    known = cookie.partition(";")[0]
    assert send(address, "/config", Cookie=known, **behind_tls).status == 200


def test_a_socket_of_another_site_is_refused(serve: Callable[..., str]) -> None:
    address = serve()
    asking = {
        "Connection": "Upgrade",
        "Upgrade": "websocket",
        "Sec_WebSocket_Version": "13",
        "Sec_WebSocket_Key": "dGhlIHNhbXBsZSBub25jZQ==",
    }
    for foreign in ({"Origin": "https://evil.example"}, {"Host": "evil.example"}):
        assert send(address, "/gradio_api/queue/join", **asking, **foreign).status in {403, 421}


ASKING = {
    "GET": (
        "/gradio_api/heartbeat/x",
        "/gradio_api/app_id",
        "/gradio_api/queue/data?session_hash=x",
        "/gradio_api/file=/etc/hostname",
        "/openapi.json",
        "/anything",
    ),
    "POST": ("/gradio_api/cancel", "/gradio_api/upload", "/gradio_api/mcp/"),
}


def test_a_login_stands_before_every_route(serve: Callable[..., str]) -> None:
    address = serve(login=ADA, mcp=True)
    for method, paths in ASKING.items():
        for path in paths:
            body = b"{}" if method == "POST" else None
            assert send(address, path, body).status == 401, path
            # Not even looked at, so that no stranger fills the memory.
            started = send(address, path, None, method=method, Content_Length=str(10**9))
            assert started.status == 401, path


def test_no_request_may_be_of_any_size(serve: Callable[..., str]) -> None:
    address = serve()
    path = "/gradio_api/call/search"
    large = send(address, path, b"x", Content_Length=str(10**9))
    assert (large.status, "is the most" in large.text) == (413, True)
    endless = send(address, path, b"1\r\nx\r\n0\r\n\r\n", Transfer_Encoding="chunked")
    assert (endless.status, "how long it is" in endless.text) == (411, True)
    pasted = json.dumps({"data": [RECORD + " " * 4_000_000]}, ensure_ascii=True)
    assert (
        send(address, "/gradio_api/call/add", pasted, content_type="application/json").status == 200
    )


def test_guesses_are_slowed_down_and_logged(
    serve: Callable[..., str], caplog: pytest.LogCaptureFixture
) -> None:
    address = serve(login=ADA)
    with caplog.at_level(logging.WARNING):
        found = [log_in(address, f"guess {number}").status for number in range(12)]
    assert found[:5] == [400] * 5
    assert set(found[6:]) == {429}
    assert "Refused a login from 127.0.0.1" in caplog.text
    assert "guess" not in caplog.text.replace("next guess", "")
    slowed = log_in(address)
    assert slowed.status == 429
    assert "try again in" in slowed.text
    assert len(caplog.records) == found.count(400)  # a line a guess, none a refusal


def test_one_who_guesses_keeps_nobody_else_out(serve: Callable[..., str]) -> None:
    address = serve(login=ADA, tokens=(TOKEN,))
    for number in range(60):
        log_in(address, "a guess", X_Forwarded_For=f"192.0.2.{number % 4}")
    assert log_in(address, X_Forwarded_For="192.0.2.0").status == 429
    assert log_in(address, X_Forwarded_For="192.0.2.200").status == 200
    assert call_add(address, Authorization=f"Bearer {TOKEN}").status == 200


def test_many_sites_do_not_fill_the_log(
    serve: Callable[..., str], caplog: pytest.LogCaptureFixture
) -> None:
    address = serve()
    with caplog.at_level(logging.WARNING):
        for number in range(150):
            assert send(address, "/", Host=f"evil{number}.example").status == 421
            assert send(address, "/", Host="evil.example").status == 421
    assert 1 < len(caplog.records) <= 100
    assert "Refused a request for the host 'evil.example'." in caplog.text


def test_programs_come_in_with_a_token(serve: Callable[..., str]) -> None:
    address = serve(login=ADA, tokens=(TOKEN,), mcp=True)
    assert call_add(address).status == 401
    assert call_add(address, Authorization="Bearer wrong").status == 401
    assert call_add(address, Authorization=f"Bearer {TOKEN}").status == 200
    assert send(address, "/gradio_api/mcp/", Authorization="Basic x").status == 401
    assert send(address, "/gradio_api/mcp/", Authorization=f"Bearer {TOKEN}").status != 401
    found = {call_add(address, Authorization=f"Bearer {n}").status for n in range(12)}
    assert 429 in found
    assert log_in(address).status == 200  # whose owner has another script with an old token


def test_of_a_token_the_digest_is_enough(serve: Callable[..., str], tmp_path: Path) -> None:
    named = f"sha256:{hashlib.sha256(TOKEN.encode()).hexdigest()}"
    file = tmp_path / "tokens"
    file.write_text(f"{named}\n")
    address = serve(login=ADA, tokens=read_tokens(file))
    assert call_add(address, Authorization=f"Bearer {TOKEN}").status == 200
    for stolen in (named, named.removeprefix("sha256:")):
        assert call_add(address, Authorization=f"Bearer {stolen}").status == 401


def test_tools_answer_who_shows_a_token_or_has_logged_in(serve: Callable[..., str]) -> None:
    address = serve(login=ADA, tokens=(TOKEN,), mcp=True)
    cookie = log_in(address).cookies[-1].partition(";")[0]
    body = {"name": "search", "arguments": {"question": "How are whales counted?", "k": 1}}
    call = json.dumps({"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": body})
    accept = "application/json, text/event-stream"
    shown = ({"Authorization": f"Bearer {TOKEN}"}, {"Cookie": cookie})
    for headers in shown:
        reply = send(
            address,
            "/gradio_api/mcp/",
            call,
            accept=accept,
            content_type="application/json",
            **headers,
        )
        assert reply.status == 200
        assert "Whales" in reply.text
    assert send(address, "/gradio_api/mcp/", call, accept=accept).status == 401


def test_tokens_are_read_and_never_shown(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = tmp_path / "tokens"
    file.write_text(f"# of the pipeline\n\n{TOKEN}\n")
    assert read_tokens(file) == (TOKEN,)
    assert TOKEN not in repr(ServeOptions(login=ADA, tokens=(TOKEN,)))
    monkeypatch.setenv("RAG_UI_TOKENS", f"{TOKEN}, {TOKEN}2")
    assert read_tokens() == (TOKEN, f"{TOKEN}2")
    file.write_text("short\n")
    (tmp_path / "half").write_text(f"sha256:{'0a' * 20}\n")
    for act in (
        lambda: read_tokens(file),
        lambda: read_tokens(tmp_path / "half"),
        lambda: read_tokens(tmp_path / "none"),
        ServeOptions(tokens=(TOKEN,)).check,
    ):
        with pytest.raises(SettingsError) as refused:
            act()
        assert "short\n" not in str(refused.value)


@pytest.mark.parametrize(
    "path",
    [
        "/gradio_api/proxy=http://127.0.0.1:9/x",
        "/gradio_api/file=http://127.0.0.1:9/x",
        "/gradio_api/file=HTTPS://example.org/x",
        "/gradio_api/file%3Dhttp://127.0.0.1:9/x",
        "/gradio_api/file/http://127.0.0.1:9/x",
        "/gradio_api/dev/reload",
        "/gradio_api/vibe-code",
        "/monitoring",
        "/monitoring/summary",
        "/gradio_api/token",
        "/gradio_api/component_server",
        "/gradio_api/stream/a/b/1/playlist-file",
    ],
)
def test_nothing_is_fetched_for_anybody(site: str, path: str) -> None:
    assert send(site, path).status in {403, 404}


def test_an_upload_has_its_limits_and_goes_when_it_was_added(
    serve: Callable[..., str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("GRADIO_TEMP_DIR", str(tmp_path / "uploads"))
    address = serve()
    large = send(address, "/gradio_api/upload", b"x", content_length=str(10**12))
    assert (large.status, "at once is the most" in large.text) == (413, True)
    boundary = "x" * 20
    body = (
        f'--{boundary}\r\nContent-Disposition: form-data; name="files"; filename="tea.jsonl"'
        f"\r\n\r\n{RECORD}\r\n--{boundary}--\r\n"
    )
    form = f"multipart/form-data; boundary={boundary}"
    sent = send(address, "/gradio_api/upload", body, content_type=form)
    assert sent.status == 200
    (path,) = json.loads(sent.text)
    assert str(tmp_path) in path
    for limit in ("MAX_FOLDER", "MAX_WAITING"):
        with monkeypatch.context() as patched:
            patched.setattr(f"rag.ui.uploads.{limit}", 1)
            full = send(address, "/gradio_api/upload", body, content_type=form)
            assert (full.status, "no room" in full.text) == (507, True)
    report = handed_to_add(address, {"path": path, "meta": {"_type": "gradio.FileData"}})
    assert '"success":true' in report
    (own,) = (tmp_path / "uploads").glob("rag-page-*")
    left = list(own.rglob("*"))
    assert all(one.is_file() and not one.stat().st_size for one in left)


def test_what_of_an_upload_arrives_is_counted_and_what_was_cut_off_goes(
    serve: Callable[..., str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    uploads = tmp_path / "uploads"
    monkeypatch.setenv("GRADIO_TEMP_DIR", str(uploads))
    address = serve()
    monkeypatch.setattr("rag.ui.uploads.MAX_FOLDER", 100_000)
    where = urllib.parse.urlsplit(address)
    head = '--x\r\nContent-Disposition: form-data; name="files"; filename="a.bib"\r\n\r\n'
    started = (
        f"POST /gradio_api/upload HTTP/1.1\r\nHost: {where.netloc}\r\nContent-Length: 60000\r\n"
        f"Content-Type: multipart/form-data; boundary=x\r\n\r\n{head}{'y' * 20_000}"
    )
    form = {"content_type": "multipart/form-data; boundary=x"}
    body = f"{head}{'z' * 50_000}\r\n--x--\r\n"
    with socket.create_connection((where.hostname, where.port)) as slow:
        slow.sendall(started.encode())
        wait_until(lambda: any(uploads.rglob("tmp*")))
        assert send(address, "/gradio_api/upload", body, **form).status == 507
    wait_until(lambda: send(address, "/gradio_api/upload", body, **form).status == 200)
    (left,) = uploads.rglob("tmp*")
    (own,) = uploads.glob("rag-page-*")
    (empty := own / "empty").touch()
    for path, minutes, stays in ((left, 59, True), (left, 61, False), (empty, 2, False)):
        then = time.time() - minutes * 60
        os.utime(path, (then, then))
        send(address, "/gradio_api/upload", body, **form)
        assert path.exists() == stays


def wait_until(met: Callable[[], bool]) -> None:
    until = time.monotonic() + 30
    while not met():
        assert time.monotonic() < until
        time.sleep(0.02)


def handed_to_add(address: str, file: dict[str, Any]) -> str:
    """Call what the button of the page calls, with a file; return what it says in the end."""
    config = json.loads(send(address, "/config").text)
    (field,) = [one["id"] for one in config["components"] if one["type"] == "file"]
    (add,) = [
        one for one in config["dependencies"] if field in one["inputs"] and len(one["inputs"]) == 2
    ]
    body = json.dumps(
        {"data": [[file], ""], "fn_index": add["id"], "session_hash": "s", "trigger_id": None}
    )
    joined = send(address, "/gradio_api/queue/join", body, content_type="application/json")
    assert joined.status == 200
    return send(address, "/gradio_api/queue/data?session_hash=s").text.replace(" ", "")


class Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


def test_each_further_failure_costs_twice_the_wait() -> None:
    clock = Clock()
    throttle = Throttle(clock)
    waits = []
    for _ in range(20):
        throttle.failed("a")
        waits.append(throttle.wait("a"))
        clock.now += waits[-1]
    assert waits[:8] == [0, 0, 0, 0, 1, 2, 4, 8]
    assert waits[-1] == 15 * 60
    assert throttle.wait("b") == 0
    throttle.succeeded("a")
    assert throttle.wait("a") == 0


def test_a_failure_is_forgotten_after_an_hour() -> None:
    clock = Clock()
    throttle = Throttle(clock)
    for _ in range(4):
        throttle.failed("a")
    clock.now += 3601
    throttle.failed("a")
    assert throttle.wait("a") == 0


def test_guesses_from_many_places_lock_nobody_out_who_has_been_in() -> None:
    clock = Clock()
    throttle = Throttle(clock)
    throttle.succeeded("home")
    for number in range(200):
        throttle.failed(f"place {number}")
    assert throttle.wait("another place") == 10
    assert throttle.wait("home") == 0
    clock.now += 11
    assert throttle.wait("another place") == 0


def test_an_address_in_the_place_of_a_file_is_not_fetched(serve: Callable[..., str]) -> None:
    """In whatever input it stands, however deep."""
    address = serve()
    file = {"path": "https://papers.example/paper.bib", "meta": {"_type": "gradio.FileData"}}
    events = handed_to_add(address, file)
    assert '"success":false' in events
    assert "Onlyfilescanbeuploaded." in events
    for question in (file, {"deep": [[{"deeper": file}]]}):
        body = json.dumps({"data": [question, 3, 0, 0]})
        called = send(address, "/gradio_api/call/search", body, content_type="application/json")
        event = json.loads(called.text)["event_id"]
        told = send(address, f"/gradio_api/call/search/{event}").text
        assert "Only files can be uploaded." in told


def test_files_of_others_in_gradios_folder_are_left_alone(
    serve: Callable[..., str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    old = tmp_path / "thesis.txt"
    old.write_text("years of work")
    os.utime(old, (0, 0))
    monkeypatch.setenv("GRADIO_TEMP_DIR", str(tmp_path))
    address = serve()
    sent = send(address, "/gradio_api/upload", b"x", content_type="text/plain")
    assert sent.status == 400  # no form, but room was looked for
    assert old.read_text() == "years of work"
