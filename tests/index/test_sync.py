"""Adding is idempotent, embeds only what is new, and knows a paper when it sees it again."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from rag.library.doctor import diagnose
from rag.papers import title_id

if TYPE_CHECKING:
    from pathlib import Path

    from conftest import Texts

    from rag import AddReport, Library, Paper

LONG = "The first half tells what was done. " * 8 + "The second half tells what came of it. " * 8


@pytest.fixture
def library(tiny_library: Library) -> Library:
    return tiny_library


def write(folder: Path, name: str, *records: dict[str, Any]) -> Path:
    file = folder / name
    file.write_text("".join(json.dumps(record) + "\n" for record in records))
    return file


def counts(report: AddReport) -> dict[str, int]:
    found = report.as_dict()
    return {k: v if isinstance(v, int) else len(v) for k, v in found.items() if v}


def only(library: Library) -> Paper:
    (paper,) = library.papers()
    return paper


def check_whole(library: Library) -> None:
    """Catalogue, keyword index and Chroma hold the same papers and chunks."""
    (check,) = (one for one in diagnose(library.settings) if one.name == "library")
    assert check.ok, check


def record(number: int = 1, **values: Any) -> dict[str, Any]:
    return {
        "id": f"arxiv:99{number:02d}.00001",
        "title": f"A Title that is Known as Number {number}",
        "abstract": f"What number {number} found. It is quite a lot.",
        **values,
    }


def test_adding_again_changes_nothing_and_embeds_nothing(
    library: Library, data: Path, embedded: Texts
) -> None:
    first = library.add(data / "papers.jsonl", data / "page.txt")
    assert counts(first) == {"read": 18, "added": 12, "duplicates": 6}
    before = {paper.id: paper for paper in library.papers()}
    embedded.forget()
    again = library.add(data / "papers.jsonl", data / "page.txt")
    assert counts(again) == {"read": 18, "unchanged": 12, "duplicates": 6}
    assert embedded.seen == []
    assert {paper.id: paper for paper in library.papers()} == before
    check_whole(library)


def test_the_order_of_two_files_does_not_matter_the_second_time(
    library: Library, data: Path, embedded: Texts
) -> None:
    library.add(data / "papers.jsonl")
    library.add(data / "page.txt")
    embedded.forget()
    assert counts(library.add(data / "papers.jsonl")) == {"read": 12, "unchanged": 12}
    assert counts(library.add(data / "page.txt")) == {"read": 6, "unchanged": 6}
    assert embedded.seen == []


def test_a_changed_date_is_stored_without_embedding(
    library: Library, tmp_path: Path, embedded: Texts
) -> None:
    library.add(write(tmp_path, "a.jsonl", record(date="2021-01-01", venue="Here")))
    embedded.forget()
    report = library.add(write(tmp_path, "a.jsonl", record(date="2022-02-02", venue="There")))
    assert counts(report) == {"read": 1, "updated": 1}
    assert embedded.seen == []
    assert (only(library).date, only(library).year, only(library).venue) == (
        "2022-02-02",
        2022,
        "There",
    )
    check_whole(library)


def test_a_changed_date_reaches_chroma_too(library: Library, tmp_path: Path) -> None:
    library.add(write(tmp_path, "a.jsonl", record(date="2021-01-01")))
    library.add(write(tmp_path, "a.jsonl", record(date="2022-02-02", authors=["Ann"])))
    expected = only(library)
    store = library._parts.index().store
    rows = {row.id: row.metadata for row in store.rows(store.ids())}
    assert rows[f"{expected.id}#0"]["year"] == 2022
    assert rows[f"{expected.id}#0"]["authors"] == ["Ann"]
    assert expected.authors == ("Ann",)


def test_a_changed_abstract_replaces_the_chunks(
    library: Library, tmp_path: Path, embedded: Texts
) -> None:
    library.add(write(tmp_path, "a.jsonl", record(abstract=LONG), record(2)))
    many = library.status()["chunks"]
    assert many > 3
    embedded.forget()
    report = library.add(write(tmp_path, "a.jsonl", record(abstract="Zebras only."), record(2)))
    assert counts(report) == {"read": 2, "updated": 1, "unchanged": 1}
    assert len(embedded.seen) == 1
    assert "Zebras only." in embedded.seen[0]
    assert library.status()["chunks"] == 2
    check_whole(library)
    assert library.search("zebras", 1)[0].paper.abstract == "Zebras only."
    report = library.add(write(tmp_path, "a.jsonl", record(abstract=LONG), record(2)))
    assert counts(report) == {"read": 2, "updated": 1, "unchanged": 1}
    assert library.status()["chunks"] == many
    check_whole(library)


def test_only_what_is_new_is_embedded(library: Library, tmp_path: Path, embedded: Texts) -> None:
    library.add(write(tmp_path, "a.jsonl", record(1), record(2)))
    embedded.forget()
    library.add(write(tmp_path, "a.jsonl", record(1), record(2), record(3)))
    assert len(embedded.seen) == 1
    assert "Number 3" in embedded.seen[0]


def test_a_paper_met_twice_in_one_call_is_one_paper_with_all_that_is_known(
    library: Library, tmp_path: Path
) -> None:
    first = write(tmp_path, "a.jsonl", record(year=2020))
    second = write(tmp_path, "b.jsonl", record(abstract="Other words.", venue="A Venue"))
    report = library.add(first, second)
    assert counts(report) == {"read": 2, "added": 1, "duplicates": 1, "differing": 1}
    paper = only(library)
    assert paper.abstract == record()["abstract"]
    assert (paper.year, paper.venue) == (2020, "A Venue")
    assert paper.sources == (f"{tmp_path.name}/a.jsonl", f"{tmp_path.name}/b.jsonl")
    assert counts(library.add(first, second)) == {"read": 2, "unchanged": 1, "duplicates": 1}


def test_the_same_paper_of_two_files_lists_both(library: Library, tmp_path: Path) -> None:
    library.add(write(tmp_path, "a.jsonl", record(authors=["Ann"])))
    report = library.add(write(tmp_path, "b.jsonl", record(author_count=4)))
    assert counts(report) == {"read": 1, "updated": 1}
    assert only(library).sources == (f"{tmp_path.name}/a.jsonl", f"{tmp_path.name}/b.jsonl")
    assert only(library).author_count == 4
    assert only(library).authors == ("Ann",)


@pytest.mark.parametrize("apart", [True, False])
def test_a_record_without_identifier_is_the_paper_of_its_title_and_abstract(
    library: Library, tmp_path: Path, apart: bool
) -> None:
    shouted = {"title": record()["title"].upper(), "abstract": record()["abstract"]}
    bare = write(tmp_path, "a.jsonl", shouted)
    known = write(tmp_path, "b.jsonl", record(year=2020))
    for sources in [[bare], [known]] if apart else [[bare, known]]:
        library.add(*sources)
    paper = only(library)
    assert (paper.title, paper.abstract) == (record()["title"], record()["abstract"])
    assert paper.year == 2020
    assert len(paper.sources) == 2
    assert paper.arxiv_id == "9901.00001"
    assert library.paper("arxiv:9901.00001") == paper
    check_whole(library)


def test_an_identified_paper_comes_before_its_bare_record(library: Library, tmp_path: Path) -> None:
    library.add(write(tmp_path, "b.jsonl", record(year=2020)))
    bare = {"title": record()["title"], "abstract": record()["abstract"], "year": 2020}
    library.add(write(tmp_path, "a.jsonl", bare))
    assert only(library).id == "arxiv:9901.00001"
    assert len(only(library).sources) == 2


def test_a_record_with_nothing_but_its_title_is_nobody_elses(
    library: Library, tmp_path: Path
) -> None:
    library.add(write(tmp_path, "b.jsonl", record(year=2020)))
    file = write(tmp_path, "a.jsonl", {"title": record()["title"]})
    assert counts(library.add(file)) == {"read": 1, "added": 1}
    assert counts(library.add(file)) == {"read": 1, "unchanged": 1}
    (pair,) = library.duplicates().likely
    assert {paper.id for paper in pair.papers} == {paper.id for paper in library.papers()}


def test_two_papers_of_one_title_with_ids_of_their_own_are_two(
    library: Library, tmp_path: Path
) -> None:
    library.add(write(tmp_path, "a.jsonl", record(1, title="A Survey of Everything at Once")))
    library.add(write(tmp_path, "b.jsonl", record(2, title="A Survey of Everything at Once")))
    assert len(library) == 2


def test_a_title_that_says_nothing_joins_nothing(library: Library, tmp_path: Path) -> None:
    library.add(write(tmp_path, "a.jsonl", record(1, title="Editorial")))
    library.add(write(tmp_path, "b.jsonl", {"title": "Editorial", "abstract": "Another one."}))
    assert sorted(paper.id for paper in library.papers()) == [
        "arxiv:9901.00001",
        title_id("Editorial", "Another one."),
    ]


def test_two_papers_of_one_title_and_no_identifier_are_two(
    library: Library, tmp_path: Path
) -> None:
    title = "Annual Review of Information Science"
    volumes = (
        {"id": 1, "title": title, "abstract": "The first volume reviews how libraries count."},
        {"id": 2, "title": title, "abstract": "Bees, whales and owls are compared by weight."},
    )
    again = {"title": title, "abstract": "The first volume reviews how libraries count ..."}
    assert counts(library.add(write(tmp_path, "a.jsonl", *volumes))) == {"read": 2, "added": 2}
    assert counts(library.add(write(tmp_path, "b.jsonl", again))) == {"read": 1, "updated": 1}
    assert len(library) == 2
    check_whole(library)


def test_two_files_that_number_their_papers_from_one_do_not_overwrite_each_other(
    library: Library, tmp_path: Path
) -> None:
    library.add(write(tmp_path, "a.jsonl", {"id": "1", "title": "Bees", "abstract": "Bees fly."}))
    report = library.add(
        write(
            tmp_path,
            "b.jsonl",
            {"id": "1", "title": "Wasps", "abstract": "Wasps sting."},
            {"id": "2", "title": "Ants", "abstract": "Ants walk."},
        )
    )
    assert counts(report) == {"read": 2, "added": 2}
    assert {paper.title for paper in library.papers()} == {"Bees", "Wasps", "Ants"}
    check_whole(library)


def test_a_file_may_correct_the_title_of_a_paper_with_an_identifier(
    library: Library, tmp_path: Path
) -> None:
    library.add(write(tmp_path, "a.jsonl", record(1, title="Bes")))
    library.add(write(tmp_path, "a.jsonl", record(1, title="Bees")))
    assert only(library).title == "Bees"


def test_more_chunks_than_chroma_takes_at_once(
    library: Library, data: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("chromadb.api.client.Client.get_max_batch_size", lambda _: 3)
    library.add(data / "papers.jsonl")
    assert library.status()["chunks"] > 12
    check_whole(library)


def test_many_batches_of_papers(
    library: Library, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("rag.index.sync._BATCH", 4)
    seen: list[int] = []
    records = [record(number) for number in range(1, 11)]
    # The eleventh is the first again, two batches later.
    file = write(tmp_path, "a.jsonl", *records, record(1, venue="A Venue"))
    report = library.add(file, progress=seen.append)
    assert counts(report) == {"read": 11, "added": 10, "duplicates": 1}
    assert seen == sorted(seen)
    assert seen[-1] == 11
    assert library.paper("arxiv:9901.00001").venue == "A Venue"
    assert counts(library.add(file)) == {"read": 11, "unchanged": 10, "duplicates": 1}
    check_whole(library)


def test_papers_without_an_abstract_are_kept(library: Library, tmp_path: Path) -> None:
    file = write(tmp_path, "a.jsonl", {"title": "A Title That Is All There Is of It"})
    assert counts(library.add(file)) == {"read": 1, "added": 1}
    assert only(library).abstract == ""
    assert counts(library.add(file)) == {"read": 1, "unchanged": 1}
    check_whole(library)


def test_what_is_rejected_never_keeps_out_the_rest(library: Library, tmp_path: Path) -> None:
    file = write(tmp_path, "a.jsonl", record(1))
    with file.open("a") as lines:
        lines.write("{broken\n")
    report = library.add(tmp_path / "missing", file)
    assert counts(report) == {"read": 1, "added": 1, "rejected": 2}
    assert [(one.source, one.place) for one in report.rejected] == [
        (str(tmp_path / "missing"), ""),
        (str(file), "line 2"),
    ]
