"""Files as researchers bring them, with what public bug reports say goes wrong: all come in."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from rag import Library, Paper
from rag.sources import Rejection, read_sources

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture(scope="session")
def cases(data: Path) -> Path:
    """The folder of the files."""
    return data / "cases"


def papers(*sources: Path, **options: Any) -> list[Paper]:
    items = list(read_sources(sources, **options))
    assert all(isinstance(item, Paper) for item in items), items
    return [item for item in items if isinstance(item, Paper)]


def rejections(*sources: Path) -> list[Rejection]:
    items = list(read_sources(sources))
    assert all(isinstance(item, Rejection) for item in items), items
    return [item for item in items if isinstance(item, Rejection)]


# --- BibTeX ---------------------------------------------------------------------------------


@pytest.mark.parametrize("folder", ["01-bib-jabref", "60-mixed-folder"])
def test_bibtex_of_jabref(cases: Path, folder: str) -> None:
    (paper,) = papers(cases / folder / "library.bib")
    assert paper.id == "doi:10.5555/tide.2019.001"
    assert paper.title == "On BERT-like encoders for tide tables: the 50% rule & its limits"
    assert paper.authors == (
        "José Muñoz", "Kåre Østby", "Ludwig van der Berg", "The TIDE Consortium",
    )  # fmt: skip
    assert (paper.date, paper.year, paper.venue) == ("2019-05", 2019, "Journal of Small Tests")
    assert paper.abstract == (
        "We forecast tides with a small encoder. With n = 451 harbours and p = 0.03 the error falls"
        r" by 37% against harmonic tables. Café-style $\alpha$ smoothing is not needed."
    )


def test_bibtex_in_double_braces(cases: Path) -> None:
    (paper,) = papers(cases / "03-bib-wos-double")
    assert paper.title == "Warm springs shrink garden warblers"
    assert paper.authors == ("Nina Dubarry", "Isa Le Vent", "Alex Robin")
    assert paper.abstract == (
        "Body size follows the warmth of spring. We weighed warblers (n = 446) on benefits only;"
        " n = 451 were ringed twice. Wing length fell by 1.2 mm in ten years."
    )
    assert (paper.date, paper.venue, paper.doi) == (
        "2018-08", "ECOGRAPHY NOTES", "10.5555/ecog.03413",
    )  # fmt: skip
    assert paper.other_ids == ("wos:000999000000001",)


def test_bibtex_keys_are_no_identity(cases: Path) -> None:
    found = papers(cases / "04-bib-scopus-keys")
    assert [paper.title for paper in found] == [
        "Tag advice for code snippets",
        "Quick answers on Q&A sites",
        "A guide to small firms",
        "Entries without a key",
    ]
    assert len({paper.id for paper in found}) == 4
    assert "249 staff" in found[2].abstract
    assert "61 adolescents" in found[3].abstract
    assert found[1].authors == ("S. Wang", "T.-H. Chen")


def test_bibtex_behind_a_byte_order_mark(cases: Path) -> None:
    (paper,) = papers(cases / "05-bib-bom")
    assert paper.title == "The first entry after a byte order mark"
    assert "7 buoys" in paper.abstract


def test_bibtex_in_quotes(cases: Path) -> None:
    (paper,) = papers(cases / "06-bib-quotes")
    assert paper.title == "Teachers’ growth in a small school"
    assert paper.id == "doi:10.5555/j.small.2015.07.228"
    assert paper.authors == ("Gan Nin",)
    assert "Mentoring explained 28% of growth." in paper.abstract


# --- lines with tags ------------------------------------------------------------------------


def test_ris_with_odd_fields(cases: Path) -> None:
    wrapped, dated, untitled, snippet = papers(cases / "08-ris-odd")
    assert wrapped.abstract == (
        "The first line of the abstract ends here and goes on without a tag. It names AU - 17 as a"
        " code. A second paragraph follows a blank line and gives 93 harbours."
    )
    assert wrapped.authors == ("Min-Ji Kim", "Study Group for Harbours")
    assert (wrapped.date, wrapped.year) == ("2017", 2017)
    assert (dated.date, dated.year) == (None, None)
    assert "The dose was 5 mg." in dated.abstract
    assert (untitled.title, untitled.abstract) == (
        "", "An abstract without a title, about 33 lakes.",
    )  # fmt: skip
    assert snippet.url == "https://example.org/a"
    assert snippet.abstract.startswith("... filtered data within an agri… big data use")


def test_ris_of_ovid(cases: Path) -> None:
    first, second = papers(cases / "60-mixed-folder" / "ovid.ris")
    assert first.title == "Sampling pancreatic veins in children"
    assert first.authors == ("Eva Olsson", "Jean Petit")
    assert (first.doi, first.year, first.venue) == (
        "10.5555/ovid.1",
        2011,
        "Journal of Small Trials",
    )
    assert first.abstract == (
        "BACKGROUND: Venous sampling is used to find small lesions."
        " RESULTS: Sampling found 64 of 80 lesions."
    )
    assert (second.title, second.abstract) == (
        "A second trial", "The second trial found 12 of 20 lesions.",
    )  # fmt: skip


@pytest.mark.parametrize("name", ["savedrecs.txt", "savedrecs-utf16.txt"])
def test_web_of_science_between_tabs(cases: Path, name: str) -> None:
    (paper,) = papers(cases / "14-wos-tab" / name)
    assert paper.title == "Peat fires in wet years"
    assert paper.authors == ("Pía Ruiz", "Göran Sand")
    assert (paper.doi, paper.year, paper.venue) == ("10.5555/fire.1", 2020, "SMALL FIRE")
    assert paper.abstract == "We mapped 88 peat fires. Wet years held 9 of them."


def test_web_of_science_with_tags(cases: Path) -> None:
    (paper,) = papers(cases / "15-wos-ciw")
    assert (paper.title, paper.venue) == ("Peat fires in wet years", "SMALL FIRE")
    assert paper.abstract == "We mapped 88 peat fires. Wet years held 9 of them."
    assert paper.authors == ("P Ruiz", "G Sand")
    assert paper.other_ids == ("wos:000999000000009",)


def test_pubmed_as_text(cases: Path) -> None:
    (paper,) = papers(cases / "20-pubmed-txt")
    assert paper.id == "pmid:99000001"
    assert paper.title == "Outcomes of cell transfer in patients with inborn MD9 variants."
    assert paper.authors == ("IA Ahmadi", "J Petit")
    assert (paper.date, paper.venue) == ("2019-11", "Small Marrow")
    assert paper.doi == "10.5555/j.cell.2019.07.007"
    assert paper.abstract.startswith("BACKGROUND: Variants in MD9 cause")
    assert paper.abstract.endswith("a disease of this kind and age.")


def test_endnote_with_tags(cases: Path) -> None:
    (paper,) = papers(cases / "22-enw")
    assert (paper.title, paper.authors) == ("Receptors in a small epidemic", ("Jia Dai",))
    assert (paper.year, paper.doi) == (2022, "10.5555/enw.1")
    assert paper.abstract == "Receptors rise 3-fold in 40 patients."


def test_endnote_in_xml(cases: Path) -> None:
    (paper,) = papers(cases / "11-endnote-xml")
    assert paper.title == "Yam yields under Azospirillum"
    assert paper.abstract == "Inoculation raised yam yields by 14%. Plots were 20 m2."
    assert (paper.authors, paper.year, paper.venue) == (("Kofi Osei",), 2016, "Small Agronomy")


# --- tables ---------------------------------------------------------------------------------


@pytest.mark.parametrize("folder", ["12-zotero-csv", "60-mixed-folder"])
def test_csv_of_zotero(cases: Path, folder: str) -> None:
    (paper,) = papers(cases / folder / "zotero.csv")  # and the note is none
    assert paper.title == 'Snow loads on "green" roofs'
    assert paper.authors == ("Åse Sørli", "Per Bakke")
    assert paper.abstract == (
        'Snow loads rise. We measured 2.4 kPa on 19 roofs; "green" ones held more.'
    )
    assert (paper.date, paper.venue, paper.doi) == (
        "2021-03", "Small Structures", "10.5555/snow.1",
    )  # fmt: skip


def test_csv_of_scopus(cases: Path) -> None:
    paper, editorial = papers(cases / "13-scopus-csv")
    assert paper.authors == ("Gabriel N. Gatica", "Filander A. Sequeira")
    assert paper.abstract == "We prove order two in the mesh size."
    assert (paper.year, paper.venue) == (2022, "Small Numerics")
    assert (editorial.title, editorial.abstract, editorial.authors) == ("Editorial", "", ())


def test_csv_with_line_breaks_in_a_cell(cases: Path) -> None:
    (paper,) = papers(cases / "16-csv-generic" / "embase_newpage.csv")
    assert paper.title == "Duplicated cysts, a review"
    assert paper.abstract == "TEST Cysts are rare. Of 29 cases 4 were cut."
    assert paper.authors == ("R Liu", "DG Adler")


def test_csv_with_semicolons_in_windows_1252(cases: Path) -> None:
    (paper,) = papers(cases / "16-csv-generic" / "semicolon-cp1252.csv")
    assert paper.title == "Wärme im Keller"
    assert paper.abstract == "Der Keller blieb 12 °C warm – auch im Mai."
    assert paper.year == 2018


# --- binary files, archives, encodings --------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "title"),
    [
        ("papers.jsonl.bz2", "Packed otherwise"),
        ("papers.tar.gz", "In a tarball"),
        ("papers.zip", "Zipped papers are common"),
    ],
)
def test_archives_are_looked_through(cases: Path, name: str, title: str) -> None:
    (paper,) = papers(cases / "21-binary" / name)
    assert paper.title == title


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("paper.pdf", "this is a PDF"),
        ("zotero.sqlite", "this is an SQLite database"),
        ("papers.xlsx", "an Excel workbook that can't be read (File contains no valid workbook"),
    ],
)
def test_binary_files_are_named(cases: Path, name: str, reason: str) -> None:
    (rejected,) = rejections(cases / "21-binary" / name)
    assert rejected.reason.startswith(reason)


@pytest.mark.parametrize("name", ["bom.jsonl", "nobom.jsonl", "cr-only.jsonl"])
def test_json_lines_of_old_and_wide_encodings(cases: Path, name: str) -> None:
    first, second = papers(cases / "51-utf16" / name)
    assert (first.title, second.title) == ("Pretty printed first", "Pretty printed second")


def test_json_lines_in_macroman(cases: Path) -> None:
    (paper,) = papers(cases / "51-utf16" / "macroman.jsonl")
    assert paper.title == "Crème brûlée in small kitchens"
    assert paper.abstract == "La crème prend à 82 °C."


def test_a_folder_of_everything(cases: Path) -> None:
    folder = cases / "60-mixed-folder"
    items = list(read_sources([folder]))
    assert [item for item in items if isinstance(item, Rejection)] == [
        Rejection(str(folder / "paper.pdf"), "", "this is a PDF")
    ]
    assert len([item for item in items if isinstance(item, Paper)]) == 6


def test_a_folder_of_everything_is_added(cases: Path, tiny_library: Library) -> None:
    report = tiny_library.add(cases / "60-mixed-folder")
    assert (report.read, report.added, len(report.rejected)) == (6, 6, 1)
    assert tiny_library.paper("10.5555/TIDE.2019.001").year == 2019


# --- saved Daily Papers pages ------------------------------------------------------------------

SAVED = {
    "Small Lamps: Reading Long Ledgers by the Light of Few Tokens": (
        "We ask how few tokens a reader needs to answer questions about long ledgers.",
        "and it never reads a page twice.",
        (3, "2024-10-07", "2409.91001"),
    ),
    "Kettles and Clocks: A Benchmark of Household Time": (
        "Households run on clocks that nobody wrote down.",
        "and people are off by eleven; neither of them foresees visitors.",
        (671, "--10-06", "2409.91002"),
    ),
    "Paper Boats": (
        "Paper boats sink. We fold 800 of them from six kinds of paper, float them in still water,",
        "in fresh water and in brine.",
        (None, "--05-29", "2409.91003"),
    ),
}


@pytest.mark.parametrize(
    ("name", "has_links"),
    [
        ("control.txt", False),
        ("control-wrapped.txt", False),
        ("firecrawl.md", True),
        ("firefox.txt", True),
    ],
)
def test_a_page_in_every_way_of_saving(cases: Path, name: str, has_links: bool) -> None:
    found = papers(cases / "33-hf-page-text" / name)
    assert [paper.title for paper in found] == list(SAVED)
    for paper, (start, end, (count, date, arxiv_id)) in zip(found, SAVED.values(), strict=True):
        assert paper.abstract.startswith(start)
        assert paper.abstract.endswith(end)
        assert (paper.author_count, paper.date) == (count, date)
        assert paper.arxiv_id == (arxiv_id if has_links else None)


def test_a_page_of_trending_papers(cases: Path) -> None:
    found = papers(cases / "33-hf-page-text" / "trending.md")
    assert [paper.title for paper in found] == list(SAVED)
    assert [paper.author_count for paper in found] == [3, 671, 4]
    assert found[2].abstract == "Paper boats sink."


@pytest.mark.parametrize(
    ("name", "date"), [("Daily Papers - Hugging Face.html", "2024-09-18"), ("pretty.html", None)]
)
def test_a_page_as_html(cases: Path, name: str, date: str | None) -> None:
    (paper,) = papers(cases / "32-hf-html" / name)
    assert paper.id == "arxiv:2409.91074"
    assert paper.title == "RoSums: a benchmark of sums in Romanian"
    assert paper.abstract.startswith("We build a benchmark of 70,000 Romanian sums")
    assert paper.abstract.endswith("translation into English costs nine points of accuracy.")
    assert (paper.author_count, paper.date) == (4, date)


def test_a_page_as_a_web_archive(cases: Path) -> None:
    (paper,) = papers(cases / "32-hf-html" / "page.mht")
    assert (paper.title, paper.abstract) == (
        "RoSums: a benchmark of sums", "We build a benchmark — large.",
    )  # fmt: skip
