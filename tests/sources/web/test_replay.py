"""Saved responses of the real services, where they lie beside the project, given out again."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import parse_qsl, unquote, urlsplit

import pytest
from servers.web_server import Sent

from rag import Paper
from rag.sources import Failure, Item, Rejection

if TYPE_CHECKING:
    from servers.web_server import Got, WebServer

SAVED = Path(__file__).parents[4] / "shared" / "data" / "records"
pytestmark = pytest.mark.skipif(not SAVED.is_dir(), reason=f"there are no responses in {SAVED}")
KINDS = {".xml": "application/atom+xml; charset=utf-8", ".json": "application/json"}
# Which parameters tell one response from another; the others are those of the recorder's client.
TELLING = ("id_list", "start", "query", "token", "filter")
WITHOUT = {"id_list": "", "start": "0", "query": "", "token": "", "filter": ""}

Fetch = Callable[..., list[Item]]


def wanted(params: dict[str, str]) -> tuple[str, ...]:
    return tuple(params.get(name, WITHOUT[name]) for name in TELLING)


@pytest.fixture
def replayed(web: WebServer) -> WebServer:
    """The server with every saved response whose address is known."""
    found: dict[str, dict[tuple[str, ...], Sent]] = {}
    for line in (SAVED / "manifest.jsonl").read_text().splitlines():
        entry = json.loads(line)
        if "url" not in entry:
            continue
        parts, file = urlsplit(entry["url"]), SAVED / entry["file"]
        params = dict(parse_qsl(parts.query, keep_blank_values=True))
        # Of a search, the longest page: it was asked for in pages of several lengths.
        sent = Sent(body=file.read_bytes(), status=entry["status"], kind=KINDS[file.suffix])
        known = found.setdefault(unquote(parts.path), {})
        before = known.get(wanted(params))
        if before is None or len(before.body) < len(sent.body):
            known[wanted(params)] = sent
    for path, answers in found.items():
        missing = Sent(status=404, body=b'{"error": "no such response was saved"}')

        def answer(got: Got, answers: dict = answers, missing: Sent = missing) -> Sent:  # type: ignore[type-arg]
            return answers.get(wanted(dict(got.params)), missing)

        web.on(path, answer)
    return web


def papers(items: list[Item]) -> list[Paper]:
    return [item for item in items if isinstance(item, Paper)]


def test_arxiv(replayed: WebServer, fetch: Fetch) -> None:
    notes: list[str] = []
    found = fetch("arxiv:all:testing", notes=notes)
    # The recorder's client wrote the terms in another form; a page of them is told by its start.
    assert len(papers(found)) == 100
    assert all(paper.abstract and paper.authors for paper in papers(found))
    assert notes == ['arxiv:"all:testing": the first 100 of 214,881 papers were read.']
    (paper,) = fetch("https://arxiv.org/abs/1707.08567")
    assert isinstance(paper, Paper)
    assert paper.arxiv_id == "1707.08567"
    (missing,) = fetch("arxiv:0808.05394")
    assert missing == Rejection("arxiv:0808.05394", "", "arXiv has no such paper")


def test_semantic_scholar(replayed: WebServer, fetch: Fetch) -> None:
    found = papers(fetch("s2:kubernetes", limit=2000))
    assert len(found) == 2000
    assert len({paper.title for paper in found}) > 1000
    tokens = [one.params.get("token", "") for one in replayed.requests]
    assert len(tokens) == 2
    assert not tokens[0]
    assert tokens[1]
    (paper,) = fetch("s2:10.1038/s42256-024-00832-8")
    assert isinstance(paper, Paper)
    assert paper.doi == "10.1038/s42256-024-00832-8"
    (missing,) = fetch("s2:10.5555/none")
    assert missing.reason == "Semantic Scholar has no such paper"


def test_openalex(replayed: WebServer, fetch: Fetch) -> None:
    # Of single works, the address that was asked has the DOI's own address in it.
    known = next(one for one in replayed._answers if "pnas" in one)
    replayed.on("/works/doi:10.1073/pnas.1414271111", *replayed._answers[known])
    (paper,) = fetch("openalex:10.1073/pnas.1414271111")
    assert isinstance(paper, Paper)
    assert paper.doi == "10.1073/pnas.1414271111"
    assert paper.abstract


def test_pubmed_and_daily_papers(web: WebServer, fetch: Fetch) -> None:
    saved = (SAVED / "pubmed" / "efetch.xml").read_bytes()
    web.on("/entrez/eutils/efetch.fcgi", saved, kind="text/xml")
    listed = saved.count(b"<PubmedArticle>")
    found = fetch("pubmed:1")
    assert len(papers(found)) == listed
    assert found[-1] == Rejection("pubmed:1", "", "PubMed has no such paper")
    day = (SAVED / "huggingface" / "daily_papers.json").read_bytes()
    web.on("/api/daily_papers", day)
    found = fetch("daily-papers:2026-06-12")
    assert len(papers(found)) == 30
    assert all(paper.arxiv_id for paper in papers(found))


@pytest.mark.parametrize(
    ("source", "path", "file"),
    [
        ("arxiv:ti:abc", "/api/query", "arxiv/04ab6fb1de.xml"),
        ("s2:CorpusId:9", "/graph/v1/paper/CorpusId:9", "semantic_scholar/5e1a083d10.json"),
    ],
)
def test_errors(web: WebServer, fetch: Fetch, source: str, path: str, file: str) -> None:
    saved = SAVED / file
    web.on(path, saved.read_bytes(), status=400, kind=KINDS[saved.suffix])
    (failed,) = fetch(source)
    assert isinstance(failed, Failure)
    assert failed.reason.startswith("the service returned an error, not papers: ")
