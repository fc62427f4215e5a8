"""Saved Daily Papers pages, with all that real ones hold: papers come out, and nothing invented."""

from __future__ import annotations

import io
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rag import Paper
from rag.papers import title_id
from rag.sources import Document, Rejection, read_document, read_sources
from rag.sources.readers.daily_papers import READER

if TYPE_CHECKING:
    from pathlib import Path

CHROMES = {
    "full": ["new", "Get trending papers in your email inbox!", "Subscribe", "Daily Papers",
             "by AK and the research community"],
    "dated": ["new", "Get trending papers in your email inbox!", "Subscribe", "Daily Papers",
              "byAK and the research community", "Nov 20"],
    "untitled": ["new", "Get trending papers in your email inbox!", "Subscribe",
                 "byAK and the research community", "Jun 5"],
    "split": ["Daily Papers", "byAK", "and the research community", "Jun 5, 2025"],
    "short": ["Daily Papers"],
}  # fmt: skip
TITLE = "Sorting Buttons by Touch with a Soft Gripper"
ABSTRACT = (
    "Buttons differ in size, edge and number of holes. A soft gripper with twelve pressure sensors"
    " learns to tell 40 kinds of buttons apart by rolling each between two fingers. After one hour"
    " of practice it names the kind of a new button in 93% of the trials."
)
SECOND = "Why Do Tired Networks Hallucinate? Sleep Schedules for Continual Learners"
SECOND_ABSTRACT = (
    "Networks that learn without pause repeat old answers to new questions. We let them sleep, that"
    " is, replay a mixture of old and new samples at night. Sleep of one hour a day halves the"
    " number of wrong repetitions on three streams of tasks."
)


def page(*blocks: str, chrome: str = "full") -> str:
    return "\n\n".join([*CHROMES[chrome], *blocks])


def document(data: bytes) -> Document:
    return Document(io.BytesIO(data), source="page.txt", name="pages/page.txt")


def read(page: str | bytes) -> list[Paper | Rejection]:
    data = page if isinstance(page, bytes) else page.encode()
    return list(read_document(document(data), READER))


def looks_like_page(text: str) -> bool:
    return bool(READER.sniff(document(text.encode()).head))


def read_bytes(folder: Path, data: bytes) -> list[Paper | Rejection]:
    file = folder / "page.txt"
    file.write_bytes(data)
    return list(read_sources([file]))


def papers(page: str | bytes) -> list[Paper]:
    items = read(page)
    assert all(isinstance(item, Paper) for item in items), items
    return [item for item in items if isinstance(item, Paper)]


def known(item: Paper | Rejection) -> tuple[str, str]:
    assert isinstance(item, Paper)
    return item.title, item.abstract


BOTH = [(TITLE, ABSTRACT), (SECOND, SECOND_ABSTRACT)]


@pytest.mark.parametrize("chrome", CHROMES)
def test_chrome_of_every_kind_is_left_out(chrome: str) -> None:
    text = page(TITLE, ABSTRACT, SECOND, SECOND_ABSTRACT, chrome=chrome)
    assert looks_like_page(text)
    assert [known(paper) for paper in papers(text)] == BOTH


@pytest.mark.parametrize("chrome", CHROMES)
def test_chrome_alone_gives_no_paper(chrome: str) -> None:
    (item,) = read("\n\n".join(CHROMES[chrome]) + "\n")
    assert isinstance(item, Rejection)
    assert item.source == "page.txt"
    assert "no papers" in item.reason


def test_chrome_behind_the_papers_is_left_out() -> None:
    footer = ["Previous", "1", "Next", "Company", "TOS", "Privacy", "About", "Careers", "Website"]
    items = read(page(TITLE, ABSTRACT, *footer))
    assert [known(item) for item in items if isinstance(item, Paper)] == [(TITLE, ABSTRACT)]


def test_a_paper_says_where_it_was_read() -> None:
    (paper,) = papers(page(TITLE, ABSTRACT))
    assert paper.id == title_id(TITLE, ABSTRACT)
    assert paper.sources == ("pages/page.txt",)
    assert (paper.authors, paper.author_count, paper.date, paper.year) == ((), None, None, None)


@pytest.mark.parametrize(
    ("byline", "count", "date", "year"),
    [
        ("  • 9 authors\n·\nMay 18, 2021", 9, "2021-05-18", 2021),
        ("  • 18 authors\n·\nNov 7", 18, "--11-07", None),
        ("  • 1 authors\n·\nMar 2, 2023", 1, "2023-03-02", 2023),
        ("• 1 author\n·\nMar 2, 2023", 1, "2023-03-02", 2023),
        ("  • 3,045 authors\n·\nMar 2, 2023", 3045, "2023-03-02", 2023),
        ("  • 4 authors\n·\nJan 31, 2024 1", 4, "2024-01-31", 2024),
        ("  • 4 authors\n·\nOct 6 2", 4, "--10-06", None),
        ("  • 4 authors\n·\nJul 9 12", 4, "--07-09", None),
        ("  • 4 authors · Oct 6 2", 4, "--10-06", None),
        ("  • 4 authors", 4, None, None),
        ("north-labs North Labs\n·\nNov 10 7", None, "--11-10", None),
        ("north-labs\n·\nNov 10, 2022 7", None, "2022-11-10", 2022),
        ("·\nNov 10, 2022", None, "2022-11-10", 2022),
        ("\t•\u00a04 authors\n\u00b7\nFeb 3, 2020", 4, "2020-02-03", 2020),
    ],
)
@pytest.mark.parametrize("last", [True, False])
def test_the_block_of_authors_and_date(
    byline: str, count: int | None, date: str | None, year: int | None, last: bool
) -> None:
    blocks = [TITLE, ABSTRACT, byline]
    text = page(*blocks) if last else page(*blocks, SECOND, SECOND_ABSTRACT)
    first, *rest = papers(text)
    assert known(first) == (TITLE, ABSTRACT)
    assert (first.author_count, first.date, first.year) == (count, date, year)
    assert first.authors == ()
    assert [known(paper) for paper in rest] == ([] if last else BOTH[1:])
    assert all(paper.date is None for paper in rest)


def test_entries_with_and_without_the_block_on_one_page() -> None:
    text = page(
        TITLE, ABSTRACT, SECOND, SECOND_ABSTRACT, "  • 2 authors\n·\nMay 1, 2022",
        "Tin Whiskers Under Vacuum", ABSTRACT, "a-lab A Lab\n·\nMay 3",
    )  # fmt: skip
    found = papers(text)
    assert [paper.title for paper in found] == [TITLE, SECOND, "Tin Whiskers Under Vacuum"]
    assert [paper.date for paper in found] == [None, "2022-05-01", "--05-03"]
    assert [paper.author_count for paper in found] == [None, 2, None]


def test_an_organisation_is_not_taken_for_an_author_or_a_title() -> None:
    (paper,) = papers(page(TITLE, ABSTRACT, "north-labs North Labs\n·\nNov 10"))
    assert paper.authors == ()
    assert paper.author_count is None


@pytest.mark.parametrize(
    "title",
    [
        "Sums That Surprise.",
        "On the $\\mathcal{O}(n^2)$ Cost of $k$-Means: {Unbalanced",
        "See https://example.org/paper?id=1&v=2 for the Title",
        "Is 9 > 8?",
        "研究のための長い題名について考える方法",
        "Trends, Causes and Cures of Slow Compilers: " + "A Survey of Surveys, " * 6 + "and More",
        "DALL.E 2 vs. v0.1: What Changed?",
        "12 Authors, One Pen",
        "May 2020 in Review",
    ],
)
def test_titles_of_all_sorts(title: str) -> None:
    text = page(title, ABSTRACT, "  • 2 authors\n·\nMay 1, 2022", SECOND, SECOND_ABSTRACT)
    assert [known(paper) for paper in papers(text)] == [(title, ABSTRACT), BOTH[1]]


@pytest.mark.parametrize(
    ("written", "read"),
    [
        (
            "Hats & Ties: <b> Tags</b> in `Names' and ``Quotes''",
            "Hats & Ties: Tags in `Names' and ``Quotes''",
        ),
        (
            "\\textbf{Bold} Claims, \\emph{Weak} Evidence } {",
            "Bold Claims, Weak Evidence } {",
        ),
    ],
)
def test_markup_in_a_title_is_no_part_of_it(written: str, read: str) -> None:
    first, _ = papers(page(written, ABSTRACT, SECOND, SECOND_ABSTRACT))
    assert first.title == read


@pytest.mark.parametrize("length", [19, 194])
def test_short_and_long_titles(length: int) -> None:
    title = ("Shells and Sand: " + "Grain by Grain in Moving Water " * 9)[:length].strip()
    title += "x" * (length - len(title))
    assert [known(p) for p in papers(page(title, ABSTRACT, SECOND, SECOND_ABSTRACT))] == [
        (title, ABSTRACT),
        BOTH[1],
    ]


@pytest.mark.parametrize(
    "abstract",
    [
        "We bound $\\sum_{i<n} a_i$ by \\(O(n)\\) & show that ``most'' cases {are easy. " * 3,
        "Code: https://example.org/a-b_c?x=%20. If a < b && c > d, we stop. " * 4,
        (ABSTRACT + " " + SECOND_ABSTRACT)[:300] + "...",
        "The text is cut short in the middle of a sentence that never " * 4 + "...",
        "A short abstract: we measured one thing, once, and it was small.",
        "短い文章ですが、これは要旨です。" * 8,
        ABSTRACT * 12,
        "One sentence without a full stop at its end that goes on for a good while " * 4,
    ],
)
def test_abstracts_of_all_sorts(abstract: str) -> None:
    expected = " ".join(abstract.split())
    text = page(TITLE, abstract, "  • 2 authors\n·\nMay 1, 2022", SECOND, SECOND_ABSTRACT)
    assert [known(paper) for paper in papers(text)] == [(TITLE, expected), BOTH[1]]
    text = page(TITLE, abstract, SECOND, SECOND_ABSTRACT)
    assert [known(paper) for paper in papers(text)] == [(TITLE, expected), BOTH[1]]


def test_an_abstract_of_two_paragraphs_is_one_abstract() -> None:
    more = "Our code and all recordings are public. " * 6
    (paper,) = papers(page(TITLE, ABSTRACT, more, "  • 2 authors\n·\nMay 1, 2022"))
    assert paper.abstract == f"{ABSTRACT} {more.strip()}"


@pytest.mark.parametrize("end", ["", "\n", "\n\n\n", " \t"])
def test_the_end_of_the_page(end: str) -> None:
    assert [known(paper) for paper in papers(page(TITLE, ABSTRACT) + end)] == [(TITLE, ABSTRACT)]
    with_date = papers(page(TITLE, ABSTRACT, "  • 3 authors\n·\nNov 9, 2021") + end)
    assert [(p.author_count, p.date) for p in with_date] == [(3, "2021-11-09")]


@pytest.mark.parametrize(
    ("write", "quote"),
    [
        (lambda text: text.encode(), "“hard”"),
        (lambda text: b"\xef\xbb\xbf" + text.encode(), "“hard”"),
        (lambda text: text.replace("\n", "\r\n").encode(), "“hard”"),
        (lambda text: b"\xef\xbb\xbf" + text.replace("\n", "\r\n").encode(), "“hard”"),
        (lambda text: text.replace("\n", "\r").encode(), "“hard”"),
        (lambda text: text.encode("utf-16"), "“hard”"),
        (lambda text: text.encode("cp1252"), "“hard”"),
        (lambda text: text.replace("\n\n", "\n\t \n").encode(), "“hard”"),
        (lambda text: text.replace(" ", "\t").encode(), "“hard”"),
        (lambda text: ("\t" + text.replace("\n", "  \n  ")).encode(), "“hard”"),
    ],
)
def test_every_way_to_save_a_page_gives_the_same_papers(
    tmp_path: Path, write: object, quote: str
) -> None:
    abstract = f"It is {quote} to fold a naïve napkin – really. " + ABSTRACT
    text = page(TITLE, abstract, "  • 9 authors\n·\nMay 18, 2021 3", SECOND, SECOND_ABSTRACT)
    found = read_bytes(tmp_path, write(text))  # type: ignore[operator]
    assert [known(item) for item in found] == [(TITLE, abstract), BOTH[1]]
    assert isinstance(found[0], Paper)
    assert (found[0].author_count, found[0].date) == (9, "2021-05-18")


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"", "empty"),
        (b" \r\n\t\n", "empty"),
        (b"\xef\xbb\xbf", "empty"),
        (b"%PDF-1.7\n%\xe2\xe3\x00\x00\x01\x02", "this is a PDF"),
        (bytes(range(256)) * 20, "binary"),
        ("\n\n".join(CHROMES["dated"]).encode(), "no papers"),
        (b"A letter to a friend.\n\nIt says hello.\n", "in none of the formats"),
    ],
)
def test_what_is_no_page_is_reported(tmp_path: Path, data: bytes, reason: str) -> None:
    (item,) = read_bytes(tmp_path, data)
    assert isinstance(item, Rejection)
    assert reason in item.reason
    assert item.source.endswith("page.txt")


def test_strays_are_reported_with_their_line() -> None:
    items = read(page(TITLE, ABSTRACT, "  • 2 authors\n·\nMay 1, 2022", "A Title Without a Text"))
    assert known(items[0]) == (TITLE, ABSTRACT)
    (stray,) = items[1:]
    assert isinstance(stray, Rejection)
    assert stray.place == "line 19"
    assert "A Title Without a Text" in stray.reason


def test_a_text_without_a_title_is_reported_not_invented() -> None:
    (item,) = read(page(ABSTRACT * 2))
    assert isinstance(item, Rejection)
    assert "without a title" in item.reason


def test_a_page_of_blocks_without_chrome_is_known_for_a_page() -> None:
    text = f"{TITLE}\n\n{ABSTRACT}\n\n  • 2 authors\n·\nMay 1, 2022\n"
    assert looks_like_page(text)
    assert [known(paper) for paper in papers(text)] == BOTH[:1]


def test_terminal_escapes_do_not_get_into_papers() -> None:
    (paper,) = papers(page(f"\x1b[31m{TITLE}\x1b[0m", f"\x1b]0;evil\x07{ABSTRACT}"))
    assert "\x1b" not in paper.title + paper.abstract
    assert "\x07" not in paper.abstract


# --- properties -----------------------------------------------------------------------------

LINES = st.sampled_from(
    [
        *CHROMES["split"], *CHROMES["full"], "", "", "·", "•", "• 3 authors", "Nov 7, 2024",
        "Oct 6 2", "a-lab A Lab", TITLE, ABSTRACT, SECOND, "...", "{", "$", "1",
    ]
)  # fmt: skip


@given(st.one_of(st.text(max_size=400), st.lists(LINES, max_size=25).map("\n".join)))
def test_any_text_is_read_without_a_crash_or_an_empty_paper(text: str) -> None:
    items = read(text)
    assert items
    for item in items:
        if isinstance(item, Paper):
            assert item.title.strip() or item.abstract.strip()
        else:
            assert item.reason


@given(st.binary(max_size=400))
def test_any_bytes_are_decoded_or_refused(data: bytes) -> None:
    whole = CHROMES["full"][1].encode() + b"\n\n" + data
    items = list(read_document(document(whole)))
    assert items
    assert all(item.title for item in items if isinstance(item, Paper))


@given(st.lists(st.sampled_from([line for lines in CHROMES.values() for line in lines[:-1]])))
def test_chrome_in_any_order_gives_no_paper(lines: list[str]) -> None:
    assert not any(isinstance(item, Paper) for item in read("\n\n".join(lines)))


@dataclass(frozen=True)
class Entry:
    title: str
    abstract: str
    count: int | None
    date: str | None
    shown: str


WORDS = st.sampled_from(
    "Robust sparse maps of noisy rivers under $k$ budgets with {soft} labels & <graphs> for bees"
    " that learn slowly from “few” 12 examples, e.g. pictures; see https://example.org/a".split()
)


@st.composite
def entries(draw: st.DrawFn) -> Entry:
    title = "On " + " ".join(draw(st.lists(WORDS, min_size=3, max_size=18)))
    body = " ".join(draw(st.lists(WORDS, min_size=40, max_size=90)))
    count = draw(st.one_of(st.none(), st.integers(1, 4000)))
    day = draw(st.integers(1, 28))
    year = draw(st.one_of(st.none(), st.integers(1990, 2030)))
    votes = draw(st.sampled_from(["", " 1", " 27"]))
    shown = f"May {day}" + (f", {year}" if year else "") + votes
    date = f"{year}-05-{day:02d}" if year else f"--05-{day:02d}"
    byline = draw(st.sampled_from(["none", "authors", "organisation"]))
    abstract = f"We ask {body}, and find {day} answers."
    if byline == "none":
        return Entry(title, abstract, None, None, "")
    if byline == "organisation":
        return Entry(title, abstract, None, date, f"bee-lab Bee Lab\n·\n{shown}")
    return Entry(title, abstract, count or 2, date, f"  • {count or 2} authors\n·\n{shown}")


@settings(max_examples=50)
@given(
    st.lists(entries(), min_size=1, max_size=6),
    st.sampled_from(sorted(CHROMES)),
    st.sampled_from(["\n", "\r\n"]),
    st.booleans(),
    st.sampled_from(["", "\n"]),
    st.booleans(),
)
def test_a_page_gives_exactly_the_entries_it_was_made_from(
    made: list[Entry], chrome: str, newline: str, bom: bool, end: str, tabs: bool
) -> None:
    blocks = [part for e in made for part in (e.title, e.abstract, e.shown) if part]
    text = page(*blocks, chrome=chrome) + end
    if tabs:
        text = text.replace(" ", "\t")
    data = (b"\xef\xbb\xbf" if bom else b"") + text.replace("\n", newline).encode()
    found = papers(data)
    assert [known(paper) for paper in found] == [(e.title, e.abstract) for e in made]
    assert [(paper.author_count, paper.date) for paper in found] == [
        (e.count, e.date) for e in made
    ]
