"""Hybrid search finds papers by meaning, by word and by name, with passages at exact offsets."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from rag import Filters

if TYPE_CHECKING:
    from rag import Library

QUESTIONS = {
    "insects inspire how jobs are spread over servers": "arxiv:9902.00002",
    "estimating how hot a loaf is inside": "doi:10.5555/oven.2020.7",
    "marine mammals in underwater audio": "arxiv:9905.00005",
    "should a machine at home ask people for assistance?": "arxiv:9910.00010",
    "FactBury": "arxiv:9906.00006",
    "morpheme segmentation for Finnish translation": "acl:X24-99.8",
    "cold weather and photovoltaic yield": "title:frost-on-solar-panels-a-field-note",
    "volunteers corrected transcripts of recordings": "arxiv:9912.00012",
}


@pytest.mark.parametrize(("question", "paper_id"), QUESTIONS.items())
def test_the_right_paper_comes_first(library: Library, question: str, paper_id: str) -> None:
    first, *_ = library.search(question, 5)
    if question == "FactBury":
        assert "FactBury" in first.paper.abstract
    else:
        assert first.paper.id == paper_id


def test_ranks_count_from_one_and_scores_fall(library: Library) -> None:
    hits = library.search("sparse attention over long documents", 12)
    assert [hit.rank for hit in hits] == list(range(1, 13))
    assert [hit.score for hit in hits] == sorted((hit.score for hit in hits), reverse=True)
    assert len({hit.paper.id for hit in hits}) == 12


def test_passages_are_verbatim(library: Library) -> None:
    for question in QUESTIONS:
        for hit in library.search(question, 12):
            passage = hit.passage
            assert hit.paper.abstract[passage.start : passage.end] == passage.text
            assert passage.text


def test_the_passage_of_a_long_abstract_is_the_chunk_that_fits(library: Library) -> None:
    first = library.search("Listening Rooms museum: a quarter of a second on one computer", 1)[0]
    second = library.search("Listening Rooms: a backup that held no sound, advice to archives", 1)[
        0
    ]
    assert first.paper == second.paper
    assert first.passage.start == 0 < second.passage.start
    assert "backup that held no sound" in second.passage.text


def test_a_title_typed_as_the_query_comes_first(library: Library) -> None:
    for paper in library.papers():
        for query in (paper.title, paper.title.upper(), f"  {paper.title}. "):
            assert library.search(query, 3)[0].paper.id == paper.id


def test_a_name_in_front_of_a_title_comes_first(tiny_library: Library, tmp_path: Any) -> None:
    lines = [
        f'{{"id": "x:{n}", "title": "MICA, Again", "abstract": "MICA, {n} times MICA."}}\n'
        for n in range(20)
    ]
    quartz = "We count spots of quartz."
    lines.append(f'{{"id": "x:mica", "title": "MICA: Kiosk Minerals", "abstract": "{quartz}"}}')
    file = tmp_path / "many.jsonl"
    file.write_text("".join(lines))
    tiny_library.add(file)
    for query in ("MICA", "mica", "MICA?"):
        assert tiny_library.search(query, 3)[0].paper.id == "x:mica"


@pytest.mark.parametrize(
    ("query", "paper_id"),
    [
        ("arxiv:9911.00011", "arxiv:9911.00011"),
        ("9911.00011", "arxiv:9911.00011"),
        ("9911.00011v3", "arxiv:9911.00011"),
        ("https://arxiv.org/abs/9911.00011v2", "arxiv:9911.00011"),
        ("https://arxiv.org/pdf/9911.00011", "arxiv:9911.00011"),
        ("10.5555/oven.2020.7", "doi:10.5555/oven.2020.7"),
        ("https://doi.org/10.5555/OVEN.2020.7", "doi:10.5555/oven.2020.7"),
        ("PMID: 9990004", "pmid:9990004"),
        ("https://aclanthology.org/X24-99.8/", "acl:X24-99.8"),
        ("title:frost-on-solar-panels-a-field-note", "title:frost-on-solar-panels-a-field-note"),
    ],
)
def test_an_identifier_typed_as_the_query_comes_first(
    library: Library, query: str, paper_id: str
) -> None:
    first, *rest = library.search(query, 4)
    assert first.paper.id == paper_id
    assert len(rest) == 3
    assert first.rank == 1


def test_a_named_paper_that_the_filter_leaves_out_is_not_found(library: Library) -> None:
    hits = library.search("9911.00011", 12, filters=Filters(year_to=2020))
    assert hits
    assert "arxiv:9911.00011" not in [hit.paper.id for hit in hits]


def test_searching_twice_gives_the_same(library: Library) -> None:
    question = "Which method saves memory?"
    assert library.search(question, 12) == library.search(question, 12)


@pytest.mark.parametrize(
    "question",
    [
        "?", "!!!", "(", '"', "the", "a AND b OR", "x" * 3_000, "🐋", "研究", "$\\alpha$", "id:1",
        "drop table papers;", "{}", "\\", "*", "a\x1b[31mb", "\ud800",
    ],
)  # fmt: skip
def test_any_question_gives_as_many_papers_as_were_asked_for(
    library: Library, question: str
) -> None:
    assert len(library.search(question, 5)) == 5


def test_hits_as_json_have_the_documented_names(library: Library) -> None:
    hit = library.search("bees", 1)[0].as_dict()
    assert {"rank", "score", "paper", "passage"} <= set(hit)
    assert set(hit["passage"]) == {"text", "start", "end"}
    assert hit["paper"]["id"] == "arxiv:9902.00002"


def test_more_papers_than_either_leg_looks_at(tiny_library: Library, tmp_path: Any) -> None:
    file = tmp_path / "many.jsonl"
    file.write_text(
        "".join(
            f'{{"id": "x:{n}", "title": "Number {n} of Many", "abstract": "Text {n} of many."}}\n'
            for n in range(350)
        )
    )
    tiny_library.add(file)
    assert len(tiny_library.search("many", 300)) == 300
    assert len(tiny_library.search("zebra", 350)) == 350
    assert len({hit.paper.id for hit in tiny_library.search("many", 400)}) == 350


def test_papers_that_only_the_widened_question_finds(tiny_library: Library, tmp_path: Any) -> None:
    kinds = {"whale": "sonar krill", "sonar": "krill tide", "loaf": "oven crust"}
    lines = [
        f'{{"id": "x:{word}{n}", "title": "{word} {n}", "abstract": "{word} {others} {n}"}}\n'
        for word, others in kinds.items()
        for n in range(40 if word == "whale" else 160)
    ]
    file = tmp_path / "many.jsonl"
    file.write_text("".join(lines))
    tiny_library.add(file)

    def ids(mode: Any) -> set[str]:
        return {hit.paper.id for hit in tiny_library.find("whale", 100, mode=mode).hits}

    assert ids("hybrid") - ids("dense") - ids("keyword")
