"""What arXiv and repositories hand out as XML comes in; errors and empty feeds are told apart."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from rag import Paper
from rag.sources import Rejection, read_sources

if TYPE_CHECKING:
    from pathlib import Path

    from rag.sources import Item


def read(folder: Path, text: str) -> list[Item]:
    file = folder / "feed.xml"
    file.write_text(text, "utf-8")
    return list(read_sources([file]))


FEED = """<?xml version="1.0" encoding="UTF-8"?>
<feed xmlns="http://www.w3.org/2005/Atom" xmlns:arxiv="http://arxiv.org/schemas/atom">
<id>http://arxiv.org/api/x</id>{entries}</feed>"""


def test_a_saved_search_of_arxiv(data: Path) -> None:
    (paper,) = read_sources([data / "cases" / "17-arxiv-atom"])
    assert isinstance(paper, Paper)
    assert (paper.id, paper.doi) == ("arxiv:2401.99999", "10.5555/tides.att")
    assert paper.title == "Tides by attention"
    assert paper.abstract == "We predict tides with attention and need 3 days of data."
    assert (paper.authors, paper.date) == (("Ana Costa",), "2024-01-05")


def test_what_a_feed_says_beside(tmp_path: Path) -> None:
    entry = (
        "<entry><id>http://arxiv.org/abs/hep-th/9901001v2</id><title>A &lt; B &amp; C</title>"
        "<summary>At $x &lt; 3$.</summary><published>1999-01-01T00:00:00Z</published>"
        "<author><name>Ana Costa</name><arxiv:affiliation>A College</arxiv:affiliation></author>"
        "<author><name>the STAR Collaboration</name></author>"
        "<arxiv:journal_ref>Small.Rev. 3 (1999)</arxiv:journal_ref>"
        "<arxiv:comment>This paper has been withdrawn.</arxiv:comment></entry>"
    )
    (paper,) = read(tmp_path, FEED.format(entries=entry))
    assert isinstance(paper, Paper)
    assert (paper.id, paper.venue) == ("arxiv:hep-th/9901001", "Small.Rev. 3 (1999)")
    assert (paper.title, paper.abstract) == ("A < B & C", "At $x < 3$.")
    assert paper.authors == ("Ana Costa", "the STAR Collaboration")
    assert paper.retracted


def test_errors_and_empty_feeds(tmp_path: Path) -> None:
    error = (
        "<entry><id>http://arxiv.org/api/errors#x</id><title>Error</title>"
        "<summary>incorrect id format for abc</summary></entry>"
    )
    (rejected,) = read(tmp_path, FEED.format(entries=error))
    assert isinstance(rejected, Rejection)
    assert rejected.reason == (
        'the service returned an error, not papers: "incorrect id format for abc"'
    )
    (empty,) = read(tmp_path, FEED.format(entries=""))
    assert isinstance(empty, Rejection)
    assert empty.reason == "an empty result: it lists no papers"


def test_a_feed_that_is_cut_off_gives_what_it_holds(tmp_path: Path) -> None:
    entry = "<entry><id>http://arxiv.org/abs/2401.00001v1</id><title>A</title></entry>"
    first, cut = read(tmp_path, FEED.format(entries=entry)[: -len("</feed>")] + "<entry><tit")
    assert isinstance(first, Paper)
    assert isinstance(cut, Rejection)
    assert "not well-formed XML" in cut.reason


def test_other_feeds_are_named(tmp_path: Path) -> None:
    (rejected,) = read(
        tmp_path, '<feed xmlns="http://www.w3.org/2005/Atom"><title>B</title></feed>'
    )
    assert isinstance(rejected, Rejection)
    assert rejected.reason == "this is an Atom feed"


def test_the_papers_of_a_day(tmp_path: Path) -> None:
    item = (
        "<item><title>Tides</title><link>https://arxiv.org/abs/2401.00001</link>"
        "<description>arXiv:2401.00001v1 Announce Type: new \nAbstract: We predict\ntides."
        "</description><dc:creator>Ana Costa, Bo Ek</dc:creator></item>"
    )
    rss = (
        '<rss version="2.0" xmlns:dc="http://purl.org/dc/elements/1.1/"><channel>'
        "<title>cs.CL updates on arXiv.org</title>{items}</channel></rss>"
    )
    (paper,) = read(tmp_path, rss.format(items=item))
    assert isinstance(paper, Paper)
    assert (paper.id, paper.title, paper.abstract) == (
        "arxiv:2401.00001",
        "Tides",
        "We predict tides.",
    )
    assert paper.authors == ("Ana Costa", "Bo Ek")
    (empty,) = read(tmp_path, rss.format(items=""))
    assert isinstance(empty, Rejection)
    assert empty.reason.startswith("an empty result")


# --- OAI-PMH --------------------------------------------------------------------------------


def oai(*parts: str) -> str:
    records = "".join(parts)
    return f'<OAI-PMH xmlns="http://www.openarchives.org/OAI/2.0/">{records}</OAI-PMH>'


def record(metadata: str, number: str = "0704.0001") -> str:
    return (
        f"<record><header><identifier>oai:arXiv.org:{number}</identifier></header>"
        f"<metadata>{metadata}</metadata></record>"
    )


ARXIV = """<arXiv xmlns="http://arxiv.org/OAI/arXiv/"><id>0704.0001</id>
<created>2007-04-02</created><updated>2008-11-26</updated><authors><author><keyname>Balázs</keyname>
<forenames>C.</forenames><suffix>Jr</suffix></author></authors><title>A
  title</title><doi>10.5555/x 10.5555/y</doi><journal-ref>Small.Rev.</journal-ref>
<abstract> We
calculate.</abstract></arXiv>"""
RAW = """<arXivRaw xmlns="http://arxiv.org/OAI/arXivRaw/"><id>0704.0001</id>
<version version="v1"><date>Mon, 2 Apr 2007 19:18:42 GMT</date></version>
<version version="v2"><date>Tue, 24 Jul 2008 20:10:27 GMT</date></version>
<title>A title</title><authors>Ana Costa (1), Bo Ek</authors><abstract>We.</abstract></arXivRaw>"""
CORE = """<oai_dc:dc xmlns:oai_dc="http://www.openarchives.org/OAI/2.0/oai_dc/"
xmlns:dc="http://purl.org/dc/elements/1.1/"><dc:title>A title</dc:title>
<dc:creator>Costa, Ana</dc:creator><dc:creator>Ek, Bo</dc:creator>
<dc:description>We.</dc:description><dc:description>Comment: 3 pages</dc:description>
<dc:date>2008-11-26</dc:date><dc:date>2007-04-02</dc:date>
<dc:identifier>http://arxiv.org/abs/0704.0001</dc:identifier>
<dc:identifier>doi:10.5555/x</dc:identifier></oai_dc:dc>"""


@pytest.mark.parametrize(
    ("metadata", "authors", "dois"),
    [
        (ARXIV, ("C. Balázs Jr",), {"doi:10.5555/x", "doi:10.5555/y"}),
        (RAW, ("Ana Costa", "Bo Ek"), set()),
        (CORE, ("Ana Costa", "Bo Ek"), {"doi:10.5555/x"}),
    ],
)
def test_records_of_arxiv(
    tmp_path: Path, metadata: str, authors: tuple[str, ...], dois: set[str]
) -> None:
    (paper,) = read(tmp_path, oai("<ListRecords>", record(metadata), "</ListRecords>"))
    assert isinstance(paper, Paper)
    assert (paper.id, paper.date) == ("arxiv:0704.0001", "2007-04-02")
    assert paper.title.casefold() == "a title"
    assert paper.abstract in {"We.", "We calculate."}
    assert paper.authors == authors
    assert {*paper.identifiers} == {"arxiv:0704.0001", *dois}


def test_records_of_other_repositories(tmp_path: Path) -> None:
    other = CORE.replace("http://arxiv.org/abs/0704.0001", "https://example.org/1")
    (paper,) = read(tmp_path, oai("<GetRecord>", record(other, "x"), "</GetRecord>"))
    assert isinstance(paper, Paper)
    assert paper.id == "doi:10.5555/x"


@pytest.mark.parametrize(
    ("part", "reason"),
    [
        ('<error code="noRecordsMatch">none</error>', "an empty result"),
        ('<error code="badArgument">No such set</error>', 'not papers: "No such set"'),
        ('<record><header status="deleted"/></record>', "its repository has deleted it"),
        ("<record><header/></record>", "no metadata"),
        ("<ListRecords/>", "an empty result"),
    ],
)
def test_what_repositories_do_not_hand_out(tmp_path: Path, part: str, reason: str) -> None:
    (rejected,) = read(tmp_path, oai(part))
    assert isinstance(rejected, Rejection)
    assert reason in rejected.reason
