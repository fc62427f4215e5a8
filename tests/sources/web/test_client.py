"""Services that are slow, busy or broken, and what is asked of them only once."""

from __future__ import annotations

import datetime as dt
import email.utils
import shutil
from types import SimpleNamespace
from typing import TYPE_CHECKING, TypeAlias

import pytest
from servers.web_server import Sent, WebServer
from web_payloads import (
    ATOM,
    XML,
    arxiv_feed,
    as_json,
    openalex_work,
    pubmed_articles,
    pubmed_found,
)

from rag import Paper, SettingsError
from rag.sources import Failure, read_sources
from rag.sources.web import Web, pace

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from rag import Settings
    from rag.sources import Item

Fetch: TypeAlias = "Callable[..., list[Item]]"
WORK, PATH = as_json(openalex_work(7)), "/works/W7"
KEY = "key-0123456789-secret"


def is_the_paper(items: list[Item]) -> bool:
    return [item.id for item in items if isinstance(item, Paper)] == ["doi:10.5555/work.7"]


# --- trying again ---------------------------------------------------------------------------


@pytest.mark.parametrize("status", [429, 500, 502, 503, 504])
def test_a_busy_service_is_asked_again(
    web: WebServer, fetch: Fetch, waits: list[float], status: int
) -> None:
    web.on(PATH, Sent(status=status), Sent(status=status), Sent(body=WORK))
    assert is_the_paper(fetch("openalex:W7"))
    assert len(web.requests) == 3
    backoff = [wait for wait in waits if wait >= 1.0]
    assert len(backoff) == 2
    assert backoff[0] < 2.1
    assert 2.0 <= backoff[1] < 3.1


def test_it_waits_as_long_as_it_is_asked_to(
    web: WebServer, fetch: Fetch, waits: list[float]
) -> None:
    in_a_minute = dt.datetime.now(dt.UTC) + dt.timedelta(seconds=60)
    web.on(
        PATH,
        Sent(status=429, headers={"Retry-After": "17"}),
        Sent(status=503, headers={"Retry-After": email.utils.format_datetime(in_a_minute, True)}),
        Sent(status=503, headers={"Retry-After": "soon"}),
        Sent(body=WORK),
    )
    assert is_the_paper(fetch("openalex:W7"))
    longer = [wait for wait in waits if wait > 10]
    assert longer[0] == 17
    assert 50 < longer[1] <= 60
    assert len(longer) == 2


def test_it_does_not_wait_for_hours(web: WebServer, fetch: Fetch) -> None:
    web.on(PATH, b"", status=429, headers={"Retry-After": "86400"})
    (failed,) = fetch("openalex:W7")
    assert failed == Failure("openalex:W7", "", "OpenAlex asks to wait 86,400 seconds")
    assert len(web.requests) == 1


def test_it_gives_up_after_some_tries(web: WebServer, fetch: Fetch) -> None:
    web.on(PATH, b"", status=500)
    (failed,) = fetch("openalex:W7", web_retries=2)
    assert failed == Failure("openalex:W7", "", "OpenAlex is busy (it answered 500)")
    assert len(web.requests) == 3


@pytest.mark.parametrize(
    ("broken", "why"),
    [
        (Sent(body=WORK, cut_after=20), "the answer of OpenAlex broke off"),
        (Sent(body=WORK, hang_after=20), "OpenAlex did not answer in 0.2 seconds"),
        (Sent(body=WORK, hang_after=0), "OpenAlex did not answer in 0.2 seconds"),
        (Sent(drip=True), "OpenAlex takes too long to answer"),
        (Sent(body=WORK, headers={"Content-Encoding": "gzip"}), "broke off"),
    ],
    ids=["cut", "stalled", "silent", "dripping", "not zipped"],
)
def test_cut_and_slow_answers(web: WebServer, fetch: Fetch, broken: Sent, why: str) -> None:
    web.on(PATH, broken, Sent(body=WORK))
    assert is_the_paper(fetch("openalex:W7", web_timeout=0.2))
    assert len(web.requests) == 2
    web.on(PATH, broken)
    (failed,) = fetch("openalex:W7", web_timeout=0.2, web_retries=0)
    assert why in str(failed)


def test_nobody_there(fetch: Fetch, web_settings: Callable[..., Settings]) -> None:
    with WebServer() as gone:
        addresses = {"openalex": gone.url}
    (failed,) = fetch("openalex:W7", web_addresses=addresses, web_retries=1)
    assert "OpenAlex can't be reached" in str(failed)


# --- limits ---------------------------------------------------------------------------------


def test_a_page_to_log_in_is_no_answer(web: WebServer, fetch: Fetch) -> None:
    web.on(PATH, b"<html>Log in</html>", kind="text/html; charset=utf-8")
    (failed,) = fetch("openalex:W7")
    assert failed.reason == (
        "OpenAlex answered with text/html, not with papers: a page to log in may stand between"
    )
    assert len(web.requests) == 1


@pytest.mark.parametrize("zipped", [False, True])
def test_an_oversized_answer_is_left(web: WebServer, fetch: Fetch, zipped: bool) -> None:
    web.on(PATH, WORK + b" " * 2_000_000, zipped=zipped)
    (failed,) = fetch("openalex:W7", web_max_mb=1)
    assert failed.reason == "the answer of OpenAlex is larger than 1 MB"
    assert is_the_paper(fetch("openalex:W7", web_max_mb=2))


@pytest.mark.parametrize("status", [401, 403])
def test_a_refusal_names_the_key(web: WebServer, fetch: Fetch, status: int) -> None:
    web.on("/graph/v1/paper/CorpusId:5", b"{}", status=status)
    (failed,) = fetch("s2:CorpusId:5")
    assert failed.reason == (
        f"Semantic Scholar refuses it ({status}); "
        "a key of yours goes into the environment variable S2_API_KEY"
    )


# --- politeness -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("source", "seconds"),
    [("arxiv:2403.00001", 3.0), ("pubmed:7", 0.34), ("s2:CorpusId:5", 1.0), ("openalex:W7", 0.2)],
)
def test_each_service_is_asked_at_its_rate(
    web: WebServer,
    fetch: Fetch,
    waits: list[float],
    source: str,
    seconds: float,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    clock = SimpleNamespace(time=lambda: 1_800_000_000.0)
    monkeypatch.setattr(pace, "time", clock)
    fetch(source)
    assert waits == []
    fetch(source)  # as another program of the same person would
    clock.time = lambda: 1_800_000_000.0 + 0.75 * seconds
    fetch(source)
    clock.time = lambda: 1_700_000_000.0  # it was put back
    fetch(source)
    clock.time = lambda: 1_900_000_000.0
    fetch(source)
    assert waits == [pytest.approx(share * seconds, abs=1e-3) for share in (1, 0.25, 1)]


def test_pages_of_one_query_keep_the_rate_too(
    web: WebServer, fetch: Fetch, waits: list[float], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pace, "time", SimpleNamespace(time=lambda: 1_800_000_000.0))
    web.on("/entrez/eutils/esearch.fcgi", pubmed_found(["7"]))
    web.on("/entrez/eutils/efetch.fcgi", pubmed_articles(["7"]), kind=XML)
    fetch("pubmed:sleep", "arxiv:2403.00001")
    assert len(waits) == 1, "two requests to PubMed; arXiv need not wait for PubMed"


def test_who_asks_is_said(web: WebServer, fetch: Fetch) -> None:
    web.on(PATH, WORK)
    fetch("openalex:W7", web_contact="ana@example.org")
    (request,) = web.requests
    assert request.params == {"mailto": "ana@example.org"}
    assert request.headers["user-agent"].startswith("abstract-rag/")
    assert "(mailto:ana@example.org)" in request.headers["user-agent"]


# --- keys -----------------------------------------------------------------------------------


def test_keys_are_sent_and_kept_nowhere(
    web: WebServer,
    fetch: Fetch,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
    capfd: pytest.CaptureFixture[str],
) -> None:
    for name in ("S2_API_KEY", "NCBI_API_KEY", "OPENALEX_API_KEY"):
        monkeypatch.setenv(name, KEY)
    caplog.set_level("DEBUG")
    web.on("/graph/v1/paper/CorpusId:5", b"{}", status=500)
    web.on(PATH, WORK, headers={"ETag": '"a"'})
    web.on("/entrez/eutils/efetch.fcgi", b"no", kind="text/html")
    found = fetch("s2:CorpusId:5", "openalex:W7", "pubmed:7", web_retries=0)
    assert web.asked("/graph/v1/paper/CorpusId:5")[0].headers["x-api-key"] == KEY
    assert web.asked(PATH)[0].params["api_key"] == KEY
    assert web.asked("/entrez/eutils/efetch.fcgi")[0].params["api_key"] == KEY
    assert KEY not in "\n".join(map(str, found))
    assert KEY not in caplog.text
    assert KEY not in "".join(capfd.readouterr())
    written = b"".join(path.read_bytes() for path in tmp_path.rglob("*") if path.is_file())
    assert b"Lichen" in written
    assert KEY.encode() not in written


def test_a_key_stays_with_its_service(
    web: WebServer, fetch: Fetch, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("S2_API_KEY", KEY)
    path = "/graph/v1/paper/CorpusId:5"
    with WebServer() as other:
        web.on(path, b"", status=302, headers={"Location": f"{other.url}/elsewhere"})
        other.on("/elsewhere", WORK)
        assert is_the_paper(fetch("s2:CorpusId:5"))
        assert "x-api-key" in web.requests[0].headers
        assert "x-api-key" not in other.requests[0].headers


# --- what is kept on disk -------------------------------------------------------------------


def test_what_has_not_changed_is_not_sent_again(web: WebServer, fetch: Fetch) -> None:
    stated = {"ETag": '"v1"', "Last-Modified": "Mon, 01 Jun 2026 00:00:00 GMT"}
    web.on(PATH, Sent(body=WORK, headers=stated), Sent(status=304))
    assert is_the_paper(fetch("openalex:W7"))
    assert is_the_paper(fetch("openalex:W7"))
    first, second = web.requests
    assert "if-none-match" not in first.headers
    assert second.headers["if-none-match"] == '"v1"'
    assert second.headers["if-modified-since"] == stated["Last-Modified"]


def test_what_has_changed_is(web: WebServer, fetch: Fetch) -> None:
    newer = as_json(openalex_work(7, retracted=True))
    web.on(PATH, Sent(body=WORK, headers={"ETag": '"v1"'}), Sent(body=newer))
    fetch("openalex:W7")
    (paper,) = fetch("openalex:W7")
    assert isinstance(paper, Paper)
    assert paper.retracted


def test_an_error_is_not_kept(web: WebServer, fetch: Fetch) -> None:
    web.on(PATH, Sent(status=404, body=b"{}"), Sent(body=WORK))
    assert not is_the_paper(fetch("openalex:W7"))
    assert is_the_paper(fetch("openalex:W7"))


def pages(total: int, *, broken: list[int]) -> Callable[..., Sent]:
    """Return arXiv's side of a search; pages that begin at a number in `broken` fail."""

    def page(got: object) -> Sent:
        start = int(got.params["start"])  # type: ignore[attr-defined]
        if start in broken:
            return Sent(status=500)
        some = [f"2403.{number:05}" for number in range(start, min(start + 100, total))]
        return Sent(body=arxiv_feed(some, total=total), kind=ATOM)

    return page


def test_a_search_that_failed_goes_on_where_it_stopped(web: WebServer, fetch: Fetch) -> None:
    broken = [200]
    web.on("/api/query", pages(250, broken=broken))
    found = fetch("arxiv:tides", limit=300, web_retries=0)
    assert len(found) == 201
    assert found[200] == Failure("arxiv:tides", "request 3", "arXiv is busy (it answered 500)")
    broken.clear()
    web.requests.clear()
    assert len(fetch("arxiv:tides", limit=300)) == 250
    assert [one.params["start"] for one in web.requests] == ["200"]
    web.requests.clear()
    assert len(fetch("arxiv:tides", limit=300)) == 250, "now it is done: all is asked again"
    assert [one.params["start"] for one in web.requests] == ["0", "100", "200"]


def test_a_search_that_was_stopped_goes_on_where_it_stopped(
    web: WebServer, fetch: Fetch, web_settings: Callable[..., Settings]
) -> None:
    web.on("/api/query", pages(250, broken=[]))
    with Web(web_settings(), limit=300) as opened:
        for number, _ in enumerate(read_sources(["arxiv:tides"], web=opened)):
            if number == 150:
                break  # as Ctrl-C would
    web.requests.clear()
    assert len(fetch("arxiv:tides", limit=300)) == 250
    assert [one.params["start"] for one in web.requests] == ["200"]


def test_the_cache_may_be_lost_damaged_or_unwritable(
    web: WebServer, fetch: Fetch, tmp_path: Path
) -> None:
    web.on(PATH, WORK, headers={"ETag": '"v1"'})
    assert is_the_paper(fetch("openalex:W7"))
    answers = tmp_path / "cache" / "web" / "answers"
    (answers / "cache.db").write_bytes(b"no database at all " * 500)
    assert is_the_paper(fetch("openalex:W7"))
    assert is_the_paper(fetch("openalex:W7"))
    shutil.rmtree(tmp_path / "cache")
    assert is_the_paper(fetch("openalex:W7"))
    shutil.rmtree(tmp_path / "cache")
    (tmp_path / "cache").write_text("a file in the way")
    assert is_the_paper(fetch("openalex:W7"))


def test_settings_name_only_services_that_there_are(fetch: Fetch) -> None:
    with pytest.raises(SettingsError, match="names 'arxive', which is no service"):
        fetch("openalex:W7", web_addresses={"arxive": "https://example.org"})
