"""One paper from many places is one, two papers are two, and what a person mends stays mended."""

from __future__ import annotations

import json
import random
import shutil
from itertools import permutations
from typing import TYPE_CHECKING, Any

import pytest
from tide_papers import GULLS, RETOLD, TIDES, TITLE

from rag import Library, LibraryError, PaperNotFoundError
from rag.library.doctor import diagnose
from rag.papers import Paper, title_id

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from rag import AddReport

ARXIV = {
    "id": "http://arxiv.org/abs/2401.00001v2",
    "title": TITLE,
    "summary": TIDES,
    "authors": ["Ana Costa", "Bo Ek"],
    "published": "2024-01-02",
}
CROSSREF = {
    "DOI": "10.5555/tides.7",
    "type": "journal-article",
    "title": [TITLE],
    "abstract": f"<jats:p>{RETOLD}</jats:p>",
    "author": [{"family": "Costa", "given": "A."}, {"family": "Ek", "given": "B."}],
    "container-title": ["Journal of Small Seas"],
    "published": {"date-parts": [[2024, 5]]},
}
OPENALEX = {
    "id": "https://openalex.org/W77",
    "doi": "https://doi.org/10.5555/tides.7",
    "ids": {"pmid": "https://pubmed.ncbi.nlm.nih.gov/99000077"},
    "display_name": TITLE.upper(),
    "abstract_inverted_index": {"We": [0]},
    "publication_year": 2024,
    "is_retracted": True,
}
LINK = {  # names both of the others
    "paperId": "7" * 40,
    "externalIds": {"ArXiv": "2401.00001", "DOI": "10.5555/TIDES.7"},
    "title": TITLE,
    "abstract": None,
}


@pytest.fixture
def library(tiny_library: Library) -> Library:
    return tiny_library


@pytest.fixture
def write(tmp_path: Path) -> Callable[..., Path]:
    """Return a function that writes records into a file."""

    def make(name: str, *records: dict[str, Any]) -> Path:
        file = tmp_path / "in" / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text("".join(json.dumps(record) + "\n" for record in records))
        return file

    return make


def counts(report: AddReport) -> dict[str, int]:
    found = report.as_dict()
    return {k: v if isinstance(v, int) else len(v) for k, v in found.items() if v}


def by_title(library: Library) -> dict[str, Paper]:
    found = {paper.title: paper for paper in library.papers()}
    assert len(found) == len(library)
    return found


def only(library: Library) -> Paper:
    (paper,) = library.papers()
    return paper


def check_whole(library: Library) -> None:
    (check,) = (one for one in diagnose(library.settings) if one.name == "library")
    assert check.ok, check


def histories(library: Library) -> dict[str, Any]:
    return {paper.id: (paper, paper.history) for paper in library.papers()}


# --- across files, runs and sources -----------------------------------------------------------


@pytest.mark.parametrize("order", list(permutations(range(3))))
@pytest.mark.parametrize("apart", [True, False])
def test_a_paper_of_three_services_is_one(
    library: Library, write: Callable[..., Path], order: tuple[int, ...], apart: bool
) -> None:
    files = [
        write("a.jsonl", ARXIV),
        write("c.jsonl", CROSSREF),
        write("o.jsonl", OPENALEX),
    ]
    chosen = [files[index] for index in order]
    for sources in [[one] for one in chosen] if apart else [chosen]:
        library.add(*sources)
    paper = only(library)
    assert (paper.title, paper.venue, paper.doi) == (
        TITLE,
        "Journal of Small Seas",
        "10.5555/tides.7",
    )
    assert paper.authors == ("Ana Costa", "Bo Ek")
    assert paper.date == "2024-01-02"
    assert paper.retracted
    assert paper.sources == ("in/a.jsonl", "in/c.jsonl", "in/o.jsonl")
    for name in ("arxiv:2401.00001", "10.5555/tides.7", "pmid:99000077", "openalex:W77"):
        assert library.paper(name) == paper
    before = histories(library)
    assert library.add(*files).added == 0
    assert histories(library) == before
    check_whole(library)


def test_a_record_that_names_both_makes_one_paper_of_two(
    library: Library, write: Callable[..., Path]
) -> None:
    article = {**CROSSREF, "title": ["Tides from Tables and Encoders"], "author": []}
    library.add(write("a.jsonl", ARXIV), write("c.jsonl", article))
    assert len(library) == 2
    report = library.add(write("s.jsonl", LINK))
    assert (report.read, report.added, report.updated) == (1, 0, 1)
    assert len(report.differing) == 1
    assert only(library).id == "arxiv:2401.00001"
    assert library.paper("doi:10.5555/tides.7") == only(library)
    check_whole(library)


def test_two_papers_that_turn_out_to_be_one_within_a_call_are_not_both_counted(
    library: Library, write: Callable[..., Path]
) -> None:
    article = {**CROSSREF, "title": ["Tides from Tables and Encoders"], "author": []}
    report = library.add(write("all.jsonl", ARXIV, article, LINK))
    assert (report.added, report.duplicates, len(library)) == (1, 2, 1)


def test_a_paper_keeps_its_id_when_newer_ones_turn_out_to_be_the_same(
    library: Library, write: Callable[..., Path]
) -> None:
    article = {**CROSSREF, "title": ["Tides from Tables and Encoders"], "author": []}
    library.add(write("c.jsonl", article))
    report = library.add(write("a.jsonl", ARXIV, LINK))
    assert (report.added, report.updated, report.duplicates) == (0, 1, 1)
    assert only(library).id == "doi:10.5555/tides.7"
    assert library.paper("2401.00001") == only(library)
    check_whole(library)


def test_what_contradicts_is_not_linked(library: Library, write: Callable[..., Path]) -> None:
    other = {**CROSSREF, "title": ["Gulls on Ferries"], "abstract": GULLS, "author": []}
    library.add(write("a.jsonl", ARXIV), write("c.jsonl", other), write("s.jsonl", LINK))
    assert set(by_title(library)) == {TITLE, "Gulls on Ferries"}
    (pair,) = library.duplicates().likely
    assert "DOI" in pair.why


def test_papers_and_abstracts_of_semantic_scholar_are_joined(
    library: Library, write: Callable[..., Path]
) -> None:
    papers = [
        {"corpusid": n, "externalids": {"CorpusId": str(n)}, "title": f"A Paper on Harbour {n}",
         "authors": [{"name": "Ana Costa"}], "year": 2024}
        for n in range(1, 5)
    ]  # fmt: skip
    abstracts = [
        {"corpusid": n, "openaccessinfo": {"externalids": {}}, "abstract": f"Harbour {n}: {TIDES}"}
        for n in range(1, 5)
    ]
    folder = write("abstracts/part-0.jsonl", *abstracts).parent.parent
    write("papers/part-0.jsonl", *reversed(papers))
    report = library.add(folder)
    assert (report.read, report.added, report.duplicates) == (8, 4, 4)
    for paper in library.papers():
        number = paper.title[-1]
        assert paper.id.startswith(f"title:a-paper-on-harbour-{number}-")
        assert paper.abstract == f"Harbour {number}: {TIDES}"
        assert (paper.year, len(paper.sources)) == (2024, 2)
        assert library.paper(f"corpusid:{number}") == paper
    check_whole(library)


# --- strangers --------------------------------------------------------------------------------


def test_two_folders_that_number_their_papers_alike(library: Library, data: Path) -> None:
    report = library.add(data / "cases" / "53-ids")
    assert counts(report) == {"read": 5, "added": 5}
    titles = set(by_title(library))
    assert counts(library.add(data / "cases" / "53-ids")) == {"read": 5, "unchanged": 5}
    assert set(by_title(library)) == titles
    check_whole(library)


def test_papers_under_any_shape_of_id(library: Library, data: Path) -> None:
    case = data / "cases" / "54-id-shapes"
    assert counts(library.add(case)) == {"read": 11, "added": 11}
    assert counts(library.add(case)) == {"read": 11, "unchanged": 11}
    found = by_title(library)
    for name, title in {
        "10.5555/sp.1": "A doi with a word in front",
        "pmid:99000001": "A PubMed id under its own name",
        "PMID: 99000002": "A PubMed id in capitals",
        "WOS:000999000000009": "A Web of Science id",
        "https://arxiv.org/abs/2409.91074v3": "A Hugging Face paper address",
        "2409.91075": "An OAI id",
        "https://arxiv.org/pdf/2409.91076": "An Atom id",
        "https://doi.org/10.1101/2020.09.09.20191205": "A bioRxiv address",
        "arxiv:2409.91077": "An arXiv DOI",
        "doi:10.5555/a(b)<c>1::2;": "An old Wiley DOI",
    }.items():
        assert library.paper(name) == found[title]
    assert found["An id with a space in it"].id.startswith("title:an-id-with-a-space-in-it-")


def test_a_text_with_control_characters(library: Library, data: Path) -> None:
    library.add(data / "cases" / "59-controls")
    paper = only(library)
    assert paper.title == "A title with and inside"
    assert paper.abstract == (
        "First part. Second part with zerowidth soft hyphens and 17 fish; flow 3 ff. \ufffd end."
    )
    (citation,) = [
        one for one in library.evidence("How many fish?", [paper]) if "fish" in one.quote
    ]
    assert paper.abstract[citation.start : citation.end] == citation.quote
    assert counts(library.add(data / "cases" / "59-controls")) == {"read": 1, "unchanged": 1}


def test_all_services_of_the_cases_are_one_paper(library: Library, data: Path) -> None:
    library.add(data / "cases" / "62-cross-source", data / "cases" / "38-s2-bulk")
    paper = library.paper("2003.99999")
    assert paper.abstract == "We find asks in scams with an F1 of 0.77."
    assert (paper.date, paper.doi) == ("2020-03-30", "10.5555/aaai.v34i05.6269")
    assert len(paper.sources) == 6
    assert len(library) == 3


def test_a_second_editorial_is_a_paper(library: Library, write: Callable[..., Path]) -> None:
    first = {"title": "Editorial", "abstract": "This issue is on tides.", "doi": "10.5555/issue.1"}
    second = {**first, "abstract": "This issue is on gulls."}
    bare = {"title": "Editorial", "abstract": "Our journal moves to a new house."}
    file = write("a.jsonl", first, second, bare)
    assert counts(library.add(file)) == {"read": 3, "added": 3}
    assert counts(library.add(file)) == {"read": 3, "unchanged": 3}
    assert {paper.abstract for paper in library.papers()} == {
        record["abstract"] for record in (first, second, bare)
    }
    assert all(paper.doi == "10.5555/issue.1" for paper in library.papers() if paper.doi)
    check_whole(library)


def test_two_titles_without_anything_else_but_authors(
    library: Library, write: Callable[..., Path]
) -> None:
    records = [{"title": TITLE, "authors": [name]} for name in ("Ana Costa", "Bo Ek", "Cy Fu")]
    file = write("a.jsonl", *records)
    assert counts(library.add(file)) == {"read": 3, "added": 3}
    assert counts(library.add(file)) == {"read": 3, "unchanged": 3}
    assert {paper.authors for paper in library.papers()} == {("Ana Costa",), ("Bo Ek",), ("Cy Fu",)}


def test_a_record_that_may_be_of_two_papers_is_given_to_neither(
    library: Library, write: Callable[..., Path]
) -> None:
    papers = [
        {"title": TITLE, "abstract": text, "year": 2024, "doi": doi}
        for text, doi in ((TIDES, "10.5555/a"), (GULLS, "10.5555/b"))
    ]
    library.add(write("a.jsonl", *papers))
    report = library.add(write("b.jsonl", {"title": TITLE, "year": 2024}))
    assert (report.added, len(library)) == (1, 3)


def test_a_record_that_says_little_links_no_strangers(
    library: Library, write: Callable[..., Path]
) -> None:
    library.add(write("a.jsonl", *({"title": TITLE, "year": 2024, "authors": [n]} for n in "XY")))
    library.add(write("b.jsonl", {"title": TITLE, "year": 2024}))
    assert [paper.authors for paper in library.papers()].count(()) == 1
    assert len(library) == 3


@pytest.mark.parametrize("seed", range(3))
def test_the_order_of_records_decides_nothing(
    library: Library, write: Callable[..., Path], seed: int
) -> None:
    bare = {"title": TITLE, "abstract": TIDES[:100] + " ..."}
    strangers = [{"title": "Editorial", "abstract": text, "year": 2024} for text in (TIDES, GULLS)]
    records = [ARXIV, CROSSREF, OPENALEX, LINK, bare, *strangers]
    random.Random(seed).shuffle(records)
    library.add(write("a.jsonl", *records))
    assert sorted(paper.title for paper in library.papers()) == ["Editorial", "Editorial", TITLE]
    assert library.paper("arxiv:2401.00001") == library.paper("pmid:99000077")


# --- different abstracts are told -------------------------------------------------------------


def test_a_merged_record_with_another_abstract_is_reported(
    library: Library, write: Callable[..., Path]
) -> None:
    library.add(write("a.jsonl", ARXIV))
    report = library.add(write("c.jsonl", CROSSREF))
    (told,) = report.differing
    assert (told.id, told.title, told.source) == ("arxiv:2401.00001", TITLE, "in/c.jsonl")
    assert told.why == "same title and authors"
    assert only(library).abstract == TIDES
    (merged,) = library.duplicates().merged
    assert [part.record.abstract for part in merged.parts] == [TIDES, RETOLD]
    assert [merged.has_other_abstract(part) for part in merged.parts] == [False, True]
    assert library.add(write("c.jsonl", CROSSREF)).differing == []  # no news


def test_one_id_twice_in_a_file_with_another_abstract_is_reported(
    library: Library, write: Callable[..., Path]
) -> None:
    second = {**ARXIV, "summary": RETOLD}
    report = library.add(write("a.jsonl", ARXIV, second))
    assert (report.added, report.duplicates, len(report.differing)) == (1, 1, 1)


def test_an_abstract_that_changes_behind_the_one_that_is_shown_is_reported(
    library: Library, write: Callable[..., Path]
) -> None:
    library.add(write("a.jsonl", ARXIV), write("s.jsonl", LINK))
    report = library.add(write("s.jsonl", {**LINK, "abstract": RETOLD}))
    assert len(report.differing) == 1
    assert only(library).abstract == TIDES


@pytest.mark.parametrize("abstract", [None, "", TIDES, TIDES[:90] + "...", TIDES.upper()])
def test_the_same_abstract_or_none_is_not(
    library: Library, write: Callable[..., Path], abstract: str | None
) -> None:
    report = library.add(write("a.jsonl", ARXIV), write("s.jsonl", {**LINK, "abstract": abstract}))
    assert (report.added, report.differing) == (1, [])


# --- by hand ----------------------------------------------------------------------------------


@pytest.fixture
def two(library: Library, write: Callable[..., Path]) -> list[Path]:
    """The sources of two papers that nothing says are one."""
    article = {**CROSSREF, "title": ["Forecasts for Harbour Masters"]}
    files = [write("a.jsonl", ARXIV), write("c.jsonl", article)]
    library.add(*files)
    assert len(library) == 2
    return files


def rebuilt(library: Library) -> None:
    """Delete all that is only a cache: what was decided comes back from Chroma."""
    library.close()
    shutil.rmtree(library.settings.storage / "cache")


@pytest.mark.parametrize("fresh", [False, True])
def test_what_was_merged_by_hand_stays_one(
    library: Library, two: list[Path], write: Callable[..., Path], fresh: bool
) -> None:
    merged = library.merge("arxiv:2401.00001", "10.5555/tides.7")
    assert merged == only(library)
    assert (merged.id, merged.abstract, merged.doi) == (
        "arxiv:2401.00001", TIDES, "10.5555/tides.7",
    )  # fmt: skip
    if fresh:
        rebuilt(library)
    before = histories(library)
    assert counts(library.add(*two)) == {"read": 2, "unchanged": 1, "duplicates": 1}
    assert histories(library) == before
    (listed,) = library.duplicates().merged
    assert [part.why for part in listed.parts] == ["", "merged by hand"]
    # Its second half is known by what is known of it, elsewhere too.
    library.add(write("o.jsonl", {**OPENALEX, "display_name": "Forecasts for Harbour Masters"}))
    assert len(library) == 1
    check_whole(library)


def test_what_contradicts_one_half_may_be_of_the_other(
    library: Library, write: Callable[..., Path]
) -> None:
    gulls = {"doi": "10.5555/gulls", "title": "Gulls on Ferries", "abstract": GULLS}
    library.add(write("a.jsonl", {**ARXIV, "pmid": 1}, gulls))
    library.merge("arxiv:2401.00001", "10.5555/gulls")
    library.add(write("b.jsonl", {**gulls, "pmid": 2}))
    assert only(library).sources == ("in/a.jsonl", "in/b.jsonl")


@pytest.mark.parametrize("fresh", [False, True])
def test_papers_without_identifiers_stay_merged(
    library: Library, write: Callable[..., Path], fresh: bool
) -> None:
    file = write("a.jsonl", {"title": "Gulls", "abstract": GULLS}, {"title": "Möwen", "year": 2024})
    library.add(file)
    gulls, german = (by_title(library)[title].id for title in ("Gulls", "Möwen"))
    library.merge(gulls, german)
    if fresh:
        rebuilt(library)
    assert counts(library.add(file)) == {"read": 2, "unchanged": 1, "duplicates": 1}
    assert (only(library).id, only(library).year) == (gulls, 2024)
    assert library.paper(german) == only(library)


@pytest.mark.parametrize("fresh", [False, True])
@pytest.mark.parametrize("named", ["10.5555/tides.7", "in/c.jsonl", None])
def test_what_was_split_stays_apart(
    library: Library, write: Callable[..., Path], named: str | None, fresh: bool
) -> None:
    files = [write("a.jsonl", ARXIV), write("c.jsonl", CROSSREF)]
    library.add(*files)
    made = library.split("arxiv:2401.00001", *([named] if named else []))
    assert [paper.id for paper in made] == ["arxiv:2401.00001", "doi:10.5555/tides.7"]
    if fresh:
        rebuilt(library)
    assert {paper.id: paper for paper in library.papers()} == {paper.id: paper for paper in made}
    assert [paper.abstract for paper in made] == [TIDES, RETOLD]
    assert made[0].venue is None
    before = histories(library)
    for sources in (files, files[::-1], files[1:]):
        assert library.add(*sources).added == 0
        assert histories(library) == before
    assert library.duplicates().likely == []  # a person has decided
    assert library.search("small encoder memory", 2)[1].paper.id in {paper.id for paper in made}
    # Nor does a third record make one of them.
    library.add(write("s.jsonl", LINK))
    assert len(library) == 2
    check_whole(library)


def test_a_split_paper_that_was_removed_comes_back_as_itself(
    library: Library, write: Callable[..., Path]
) -> None:
    files = [write("a.jsonl", ARXIV), write("c.jsonl", CROSSREF)]
    library.add(*files)
    library.split("arxiv:2401.00001")
    gone = library.remove("doi:10.5555/tides.7")
    assert library.add(files[1]).added == 1
    library.remove("doi:10.5555/tides.7")
    library.add_papers(gone)
    assert counts(library.add(*files)) == {"read": 2, "unchanged": 2}


def test_records_of_one_id_are_split_by_their_sources(
    library: Library, write: Callable[..., Path]
) -> None:
    files = [write("a.jsonl", ARXIV), write("b.jsonl", {**ARXIV, "summary": RETOLD})]
    library.add(*files)
    with pytest.raises(LibraryError, match="All records"):
        library.split("arxiv:2401.00001", "arxiv:2401.00001")
    first, second = library.split("arxiv:2401.00001", "in/b.jsonl")
    assert (first.id, second.id) == ("arxiv:2401.00001", title_id(TITLE, RETOLD))
    assert (first.abstract, second.abstract) == (TIDES, RETOLD)
    before = histories(library)
    assert counts(library.add(*files)) == {"read": 2, "unchanged": 2}
    assert histories(library) == before


def test_merging_takes_back_a_split_and_the_other_way_round(
    library: Library, write: Callable[..., Path]
) -> None:
    files = [write("a.jsonl", ARXIV), write("c.jsonl", CROSSREF)]
    library.add(*files)
    whole = only(library)
    library.merge(*(paper.id for paper in library.split(whole.id)))
    assert only(library) == whole
    assert only(library).history.apart == ()
    assert counts(library.add(*files)) == {"read": 2, "unchanged": 1, "duplicates": 1}
    check_whole(library)


def test_what_can_not_be_merged_or_split(library: Library, two: list[Path]) -> None:
    with pytest.raises(LibraryError, match="not two papers"):
        library.merge("arxiv:2401.00001", "2401.00001v2")
    with pytest.raises(LibraryError, match="not two papers"):
        library.merge("arxiv:2401.00001")
    with pytest.raises(PaperNotFoundError):
        library.merge("arxiv:2401.00001", "arxiv:2401.99999")
    with pytest.raises(LibraryError, match="one record"):
        library.split("arxiv:2401.00001")
    merged = library.merge("arxiv:2401.00001", "10.5555/tides.7")
    with pytest.raises(PaperNotFoundError, match="No record"):
        library.split(merged.id, "pmid:1")
    assert only(library) == merged


def test_a_removed_paper_is_put_back_with_its_history(library: Library, two: list[Path]) -> None:
    library.merge("arxiv:2401.00001", "10.5555/tides.7")
    before = histories(library)
    library.add_papers(library.remove("arxiv:2401.00001"))
    assert histories(library) == before


def test_rebuilding_keeps_what_was_merged(library: Library, two: list[Path]) -> None:
    library.merge("arxiv:2401.00001", "10.5555/tides.7")
    before = histories(library)
    library.rebuild()
    rebuilt(library)
    assert histories(library) == before


# --- changes of a source ----------------------------------------------------------------------


def test_a_source_may_change_its_record_of_a_merged_paper(
    library: Library, write: Callable[..., Path]
) -> None:
    library.add(write("a.jsonl", ARXIV), write("c.jsonl", CROSSREF))
    report = library.add(write("a.jsonl", {**ARXIV, "published": "2024-03-04", "authors": []}))
    assert counts(report) == {"read": 1, "updated": 1}
    paper = only(library)
    assert (paper.date, paper.authors) == ("2024-03-04", ("Ana Costa", "Bo Ek"))
    (merged,) = library.duplicates().merged
    assert len(merged.parts) == 2


def test_one_of_two_sources_that_said_the_same_may_change_its_record(
    library: Library, write: Callable[..., Path]
) -> None:
    library.add(write("a.jsonl", ARXIV), write("b.jsonl", ARXIV))
    assert only(library).history.parts == ()
    library.add(write("b.jsonl", {**ARXIV, "authors": ["Ana Costa", "Bo Ek", "Cy Fu"]}))
    (merged,) = library.duplicates().merged
    assert [part.record.sources for part in merged.parts] == [("in/a.jsonl",), ("in/b.jsonl",)]
    assert only(library).authors == ("Ana Costa", "Bo Ek", "Cy Fu")
