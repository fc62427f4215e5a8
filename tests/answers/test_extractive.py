"""Answers by quoting: verbatim, numbered in order, without repeats, or none at all."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from rag import Filters, Library, Settings

if TYPE_CHECKING:
    from pathlib import Path

    from rag import Answer

NO_ANSWER = "The papers found don't hold an answer to that."
QUESTIONS = {
    "How large is the error of the forecast shoreline?": ("arxiv:9901.00001", "38 metres"),
    "How accurately is the core temperature of bread estimated?": (
        "doi:10.5555/oven.2020.7",
        "1.9 degrees",
    ),
    "How many facts do models with sliding windows lose?": ("arxiv:9906.00006", "31%"),
    "How much do waggle packets shorten the longest queue?": ("arxiv:9902.00002", "44%"),
    "What do gated memory layers do to the recall of rare facts?": ("arxiv:9907.00007", "79%"),
    "How often do household robots request help?": ("arxiv:9910.00010", "1.3 requests"),
    "How much yield do solar panels lose to frost?": (
        "title:frost-on-solar-panels-a-field-note",
        "6%",
    ),
    "How many hours did volunteers spend on correcting transcripts?": (
        "arxiv:9912.00012",
        "2,900 hours",
    ),
}
OFF_TOPIC = [
    "What is the capital of Mongolia?",
    "How do I renew my passport at the embassy?",
    "Who won the football championship in 1998?",
    "Which enzymes break down lactose in the gut?",
]


def check(answer: Answer) -> None:
    """Every answer by quoting keeps these promises."""
    numbers = [citation.n for citation in answer.citations]
    assert list(dict.fromkeys(numbers)) == list(range(1, len(set(numbers)) + 1))
    for citation in answer.citations:
        assert citation.paper.abstract[citation.start : citation.end] == citation.quote
        assert citation.quote == citation.quote.strip() != ""
        assert answer.papers[citation.n] == citation.paper
        assert f"[{citation.n}]" in answer.text
        assert citation.quote in answer.text
        assert 0.0 <= citation.score <= 1.0
    assert 0.0 <= answer.confidence <= 1.0
    assert [sentence.text for sentence in answer.sentences] == [
        citation.quote for citation in answer.citations
    ]
    assert all(sentence.status == "supported" for sentence in answer.sentences)
    assert answer.mode == "extractive"
    assert answer.model is None


@pytest.mark.parametrize("question", QUESTIONS)
def test_a_question_is_answered_with_the_words_of_the_right_paper(
    library: Library, question: str
) -> None:
    answer = library.ask(question)
    check(answer)
    paper_id, words = QUESTIONS[question]
    assert not answer.abstained
    assert answer.citations[0].paper.id == paper_id
    assert any(words in citation.quote for citation in answer.citations)
    assert answer.question == answer.standalone_question == question


def test_the_best_quote_comes_first(library: Library) -> None:
    for question in QUESTIONS:
        scores = [citation.score for citation in library.ask(question).citations]
        assert scores[0] == max(scores)


def test_several_papers_have_several_numbers(library: Library) -> None:
    broad = [
        "What errors were measured?",
        "Which approaches spread load over queues and servers fairly?",
        "How well do models recall facts hidden in long documents?",
    ]
    answers = [library.ask(question) for question in broad]
    for answer in answers:
        check(answer)
    assert max(len(answer.papers) for answer in answers) > 1


@pytest.mark.parametrize("question", OFF_TOPIC)
def test_a_question_from_elsewhere_is_not_answered(library: Library, question: str) -> None:
    answer = library.ask(question)
    assert answer.abstained
    assert answer.text == NO_ANSWER
    assert answer.citations == answer.sentences == ()
    assert 1 <= len(answer.closest) <= 5
    assert {paper.id for paper in answer.closest} <= {paper.id for paper in library.papers()}


def test_what_was_found_can_be_answered_with_more_confidence(library: Library) -> None:
    sure = min(library.ask(question).confidence for question in QUESTIONS)
    unsure = max(library.ask(question).confidence for question in OFF_TOPIC)
    assert sure > unsure


def test_filters_are_respected(library: Library) -> None:
    question = "How well do models recall facts hidden in long documents?"
    answer = library.ask(question, filters=Filters(ids=("arxiv:9907.00007",)))
    check(answer)
    assert {citation.paper.id for citation in answer.citations} <= {"arxiv:9907.00007"}
    answer = library.ask(question, filters=Filters(year_to=2023))
    used = [*answer.closest, *answer.papers.values()]
    assert used
    assert all(paper.year and paper.year <= 2023 for paper in used)
    assert any("not known" in note for note in answer.notes)


def test_filters_that_leave_nothing_lead_to_no_answer(library: Library) -> None:
    answer = library.ask("What do bees do?", filters=Filters(author="nobody"))
    assert answer.abstained
    assert answer.closest == ()
    assert answer.text == 'No paper of this library matches the filters: author "nobody".'


def test_near_repeats_are_not_quoted_twice(tmp_path: Path, model_cache: Path) -> None:
    abstracts = [
        "We study hedgehogs at night. Hedgehogs cross 14 roads in a summer night on average.",
        "We study hedgehogs in towns. Hedgehogs cross 14 roads in a summer night, on average.",
        "Hedgehogs cross 14 roads in a summer night on average. Most survive the crossing.",
    ]
    file = tmp_path / "hedgehogs.jsonl"
    file.write_text(
        "".join(
            json.dumps({"id": f"x:{n}", "title": f"Hedgehogs, Part {n}", "abstract": text}) + "\n"
            for n, text in enumerate(abstracts)
        )
    )
    settings = Settings(storage=tmp_path / "storage", cache=model_cache, abstain_below=0.0)
    with Library(settings=settings) as library:
        library.add(file)
        answer = library.ask("How many roads do hedgehogs cross in a summer night?")
    check(answer)
    assert sum("cross 14 roads" in citation.quote for citation in answer.citations) == 1


@pytest.mark.parametrize(("quotes", "papers"), [(1, 1), (2, 1), (6, 2), (20, 20)])
def test_an_answer_is_no_longer_than_the_settings_say(
    storage: Path, model_cache: Path, quotes: int, papers: int
) -> None:
    settings = Settings(
        storage=storage, cache=model_cache, max_quotes=quotes, max_papers=papers, abstain_below=0.0
    )
    with Library(settings=settings) as library:
        answer = library.ask("How well do models recall facts hidden in long documents?")
    check(answer)
    assert 1 <= len(answer.citations) <= quotes
    assert len(answer.papers) <= papers


@pytest.mark.parametrize(("threshold", "abstained"), [(0.0, False), (1.0, True)])
def test_the_threshold_of_abstaining_is_a_setting(
    storage: Path, model_cache: Path, threshold: float, abstained: bool
) -> None:
    settings = Settings(storage=storage, cache=model_cache, abstain_below=threshold)
    with Library(settings=settings) as library:
        assert library.ask("How many whales are there?").abstained is abstained


def test_a_paper_without_an_abstract_is_never_quoted(tmp_path: Path, model_cache: Path) -> None:
    file = tmp_path / "a.jsonl"
    file.write_text('{"id": "x:1", "title": "How Many Roads Do Hedgehogs Cross at Night?"}\n')
    settings = Settings(storage=tmp_path / "storage", cache=model_cache, abstain_below=0.0)
    with Library(settings=settings) as library:
        library.add(file)
        answer = library.ask("How many roads do hedgehogs cross at night?")
    assert answer.abstained
    assert [paper.id for paper in answer.closest] == ["x:1"]


def test_asking_twice_gives_the_same_answer(library: Library) -> None:
    question = "How much do waggle packets shorten the longest queue?"
    one, other = (library.ask(question).as_dict() for _ in range(2))
    assert {**one, "timings": 0} == {**other, "timings": 0}


def test_the_answer_as_json_has_the_documented_names(library: Library) -> None:
    answer = json.loads(json.dumps(library.ask("How many whales sing per hour?").as_dict()))
    names = {
        "question", "standalone_question", "text", "sentences", "citations", "abstained",
        "closest", "mode", "model", "usage", "timings",
    }  # fmt: skip
    assert names <= set(answer)
    for citation in answer["citations"]:
        assert {"n", "paper", "quote", "start", "end", "score"} <= set(citation)
    for sentence in answer["sentences"]:
        assert {"text", "status", "citations"} <= set(sentence)
    assert all(value >= 0 for value in answer["timings"].values())


def test_words_cited_keep_every_character(tmp_path: Path, model_cache: Path) -> None:
    abstract = (
        "Let $\\alpha<1$ & $x_{i}$ be “given” (cf. [12]). We show that e.g. <b>bold</b> hedgehogs "
        "cross 14 roads [3, 4] per night with v0.1 of DALL.E 2, see https://example.org/a.b?c=d. "
        "That is all."
    )
    file = tmp_path / "a.jsonl"
    file.write_text(json.dumps({"id": "x:1", "title": "Bold Hedgehogs", "abstract": abstract}))
    settings = Settings(storage=tmp_path / "storage", cache=model_cache, abstain_below=0.0)
    with Library(settings=settings) as library:
        library.add(file)
        answer: Any = library.ask("How many roads do bold hedgehogs cross per night?")
    check(answer)
    assert answer.citations[0].quote.endswith("https://example.org/a.b?c=d.")
    assert answer.citations[0].paper.abstract == abstract.replace("<b>bold</b>", "bold")
