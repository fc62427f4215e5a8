"""Records on lines with tags, as programs vary them: RIS, MEDLINE, EndNote, Web of Science."""

from __future__ import annotations

import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rag import Paper
from rag.sources import Document, Rejection, read_document
from rag.sources.base import Confidence
from rag.sources.readers import enw, nbib, ris, web_of_science


def document(text: str | bytes) -> Document:
    data = text.encode() if isinstance(text, str) else text
    return Document(io.BytesIO(data), source="a", name="a")


def read(text: str) -> list[Paper | Rejection]:
    return list(read_document(document(text)))


def papers(text: str) -> list[Paper]:
    items = read(text)
    assert all(isinstance(item, Paper) for item in items), items
    return [item for item in items if isinstance(item, Paper)]


# --- RIS --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "text",
    [
        "TY  - JOUR\nTI  - A\nAB  - B\nER  - \n",
        "TY  - JOUR\r\nTI  - A\r\nAB  - B\r\nER  - \r\n",
        "TY  - JOUR\rTI  - A\rAB  - B\rER  - \r",
        "\ufeffTY  - JOUR\nTI  - A\nAB  - B\nER  -",
        "TY  -JOUR\nTI  -A\nAB  -B\nER  -",
        "TY - JOUR\nTI - A\nAB - B\nER - \n",
        "  TY  - JOUR\n  TI  - A\n  AB  - B\n  ER  - \n",
        "TY  - JOUR\nT1  - A\nN2  - B",
        "1.\n\nTY  - JOUR\nTI  - A\nAB  - B\nER  - \n\nC1  - Database: Embase\nmore remarks",
    ],
)
def test_ris_however_it_is_spaced(text: str) -> None:
    (paper,) = papers(text)
    assert (paper.title, paper.abstract) == ("A", "B")


def test_a_record_without_an_end_costs_none() -> None:
    first, second = papers("TY  - JOUR\nTI  - A\nTY  - JOUR\nTI  - B\n")
    assert (first.title, second.title) == ("A", "B")


def test_what_is_no_paper_has_the_line_that_it_begins_on() -> None:
    text = "TY  - JOUR\nTI  - A\nER  - \n\nTY  - JOUR\nAU  - Nobody\nER  - \n"
    _, rejected = read(text)
    assert str(rejected) == "a, line 5: neither title nor abstract"


@pytest.mark.parametrize(
    ("lines", "attribute", "value"),
    [
        ("AN  - 99000001\nDB  - PubMed", "id", "pmid:99000001"),
        ("AN  - 99000001\nDB  - Embase", "other_ids", ()),
        ("AN  - arXiv:2409.91001", "arxiv_id", "2409.91001"),
        ("AN  - WOS:000999000000009", "other_ids", ("wos:000999000000009",)),
        ("M3  - 10.5555/a", "doi", "10.5555/a"),
        ("M3  - Journal Article", "doi", None),
        ("UR  - https://example.org\nUR  - https://doi.org/10.5555/b", "doi", "10.5555/b"),
        ("PY  - 2019\nDA  - 2019/05/03/", "date", "2019-05-03"),
        ("PY  - 2019\nDA  - 2024/01/05", "date", None),  # the day it was saved
        ("PY  - 2019/05//", "date", "2019-05"),
        ("DA  - /01/23/", "date", "--01-23"),
        ("A1  - van der Berg, L.\nA2  - Editor, An", "authors", ("L. van der Berg",)),
        ("T2  - Whole\nJO  - Wh.", "venue", "Whole"),
        ("N1  - 2 of 9 authors listed\nAU  - Ek, Bo", "author_count", 9),
        ("AB  - One.\nAB  - Two.", "abstract", "One. Two."),
    ],
)
def test_what_ris_fields_tell(lines: str, attribute: str, value: object) -> None:
    (paper,) = papers(f"TY  - JOUR\nTI  - A title\n{lines}\nER  - \n")
    assert getattr(paper, attribute) == value


# --- MEDLINE ----------------------------------------------------------------------------------

NBIB = """
PMID- 99000001
OWN - NLM
DP  - 2019 Nov
TI  - Outcomes of cell transfer in patients
      with inborn variants.
LID - 10.5555/j.cell.2019 [doi]
LID - S1234 [pii]
AB  - BACKGROUND: Few centres have
      seen one. RESULTS: 9 lived.
FAU - Ahmadi, Ira A
AU  - Ahmadi IA
CN  - Small Study Group
JT  - Small marrow
PT  - Journal Article
PT  - Retracted Publication
PMC - PMC1234567

PMID- 99000002
TI  - A second one.
"""


def test_nbib() -> None:
    first, second = papers(NBIB)
    assert first.id == "pmid:99000001"
    assert first.title == "Outcomes of cell transfer in patients with inborn variants."
    assert first.abstract == "BACKGROUND: Few centres have seen one. RESULTS: 9 lived."
    assert first.authors == ("Ira A Ahmadi", "Small Study Group")
    assert (first.date, first.venue, first.doi) == (
        "2019-11",
        "Small marrow",
        "10.5555/j.cell.2019",
    )
    assert first.retracted
    assert second.title == "A second one."
    assert not second.retracted


# --- EndNote's tagged text --------------------------------------------------------------------


def test_enw_of_several_records() -> None:
    text = (
        "%0 Journal Article\n%A Dai, Jia\n%A Ek, Bo\n%T Receptors\n%J Small Virology\n%D 2022\n"
        "%8 May 3\n%X One paragraph\n\nand another.\n%U https://example.org/a\n\n"
        "%0 Book\n%T A book\n%D 2020\n"
    )
    first, second = papers(text)
    assert (first.authors, first.venue) == (("Jia Dai", "Bo Ek"), "Small Virology")
    assert (first.date, first.year, first.url) == ("2022-05-03", 2022, "https://example.org/a")
    assert first.abstract == "One paragraph and another."
    assert (second.title, second.year) == ("A book", 2020)


def test_refer_whose_records_blank_lines_divide() -> None:
    text = "%T First\n%X Its abstract.\n\n%A Ek, Bo\n%T Second\n"
    assert [paper.title for paper in papers(text)] == ["First", "Second"]


# --- Web of Science ---------------------------------------------------------------------------


def test_full_names_and_months_of_web_of_science() -> None:
    text = (
        "FN Clarivate Analytics Web of Science\nVR 1.0\nPT J\nAU Ruiz, P\n   Sand, G\n"
        "AF Ruiz, Pia\n   Sand, Goran\nTI Peat\nPD NOV 15\nPY 2020\nPM 99000003\n"
        "DT Article; Retracted Publication\nER\n\nPT J\nTI Second\nER\nEF"
    )
    first, second = papers(text)
    assert first.authors == ("Pia Ruiz", "Goran Sand")
    assert (first.date, first.id, first.retracted) == ("2020-11-15", "pmid:99000003", True)
    assert second.title == "Second"


# --- anything -----------------------------------------------------------------------------------

READERS = [ris.READER, nbib.READER, enw.READER, web_of_science.READER]
PIECES = [
    "TY  - JOUR", "ER  - ", "TI  - A", "AB  - B", "PMID- 1", "%0 Book", "%T A", "ER", "FN x",
    "VR 1",
    "PT J", "PT\tTI\tAB", "J\tA\tB", "TI A", "   more", "      more", "", "text", "EF", "\x00",
]  # fmt: skip
LINES = st.lists(st.sampled_from(PIECES) | st.text(max_size=12))


@pytest.mark.parametrize("reader", READERS, ids=lambda reader: reader.name)
@given(lines=LINES, end=st.sampled_from(["\n", "\r\n", "\r"]))
def test_any_lines_give_papers_or_rejections(
    reader: ris.Reader, lines: list[str], end: str
) -> None:
    data = end.join(lines).encode("utf-8", "replace")
    assert isinstance(reader.sniff(document(data).head), Confidence)
    assert all(isinstance(item, Paper | Rejection) for item in reader.read(document(data)))


def test_a_record_larger_than_any_ends_the_reading(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("rag.sources.tagged._MAX_RECORD", 1000)
    text = "TY  - JOUR\nTI  - A\nER  - \nTY  - JOUR\nAB  - " + "word\n" * 1000
    first, rejected = read(text)
    assert isinstance(first, Paper)
    assert isinstance(rejected, Rejection)
    assert (rejected.place, "longer than" in rejected.reason) == ("line 4", True)
