"""What is quoted of ranked sentences, and how the quotes are laid out."""

from __future__ import annotations

import pytest

from rag import Paper
from rag.answers.quoting import choose_quotes, cite, quoted_text
from rag.evidence.ranker import Evidence
from rag.text.sentences import sentence_spans


def quotes_of(paper: Paper, *found: tuple[int, float], number: int = 0) -> list[Evidence]:
    spans = sentence_spans(paper.abstract)
    return [
        Evidence(
            paper=number, start=spans[place].start, end=spans[place].end, score=score, cosine=0.5
        )
        for place, score in found
    ]


HIVE = Paper(
    id="x:1",
    title="Hive [2] sounds.",
    abstract=(
        "A microphone listens to the hive at night. It hears ninety bees an hour. "
        "These counts agree with those of keepers. The hum is lower in winter. "
        "Swarms are heard two days before they leave."
    ),
    year=2021,
)
WASPS = Paper(id="x:2", title="Wasps", abstract="Wasps hum at dusk in summer. They leave in May.")


def test_the_lead_comes_first_and_the_rest_by_paper_in_the_order_of_its_abstract() -> None:
    evidence = [
        *quotes_of(HIVE, (3, 0.9)),
        *quotes_of(WASPS, (0, 0.8), number=1),
        *quotes_of(HIVE, (4, 0.7), (0, 0.6)),
    ]
    chosen = choose_quotes(evidence, [HIVE, WASPS], max_quotes=4, max_papers=4)
    text, sentences = quoted_text(cite(chosen, [HIVE, WASPS]))
    lead, same, other = text.split("\n\n")
    assert lead == "“The hum is lower in winter.” [1]"
    assert same.startswith("Hive (2) sounds (2021): “A microphone listens")
    assert same.count("[1]") == 2
    assert same.index("A microphone") < same.index("Swarms are heard")
    assert other == "Wasps: “Wasps hum at dusk in summer.” [2]"
    assert [text[one.start : one.end] for one in sentences] == [
        f"“{one.text}” [{one.citations[0]}]" for one in sentences
    ]


def test_a_quote_that_begins_with_a_pronoun_has_the_sentence_before() -> None:
    chosen = choose_quotes(quotes_of(HIVE, (1, 0.9)), [HIVE], max_quotes=4, max_papers=4)
    [citation] = cite(chosen, [HIVE])
    assert citation.quote == HIVE.abstract[: HIVE.abstract.index(" These")]
    assert HIVE.abstract[citation.start : citation.end] == citation.quote


def test_what_is_quoted_already_is_not_quoted_again_for_a_pronoun() -> None:
    chosen = choose_quotes(quotes_of(HIVE, (0, 0.9), (1, 0.8)), [HIVE], max_quotes=4, max_papers=4)
    assert [one.quote for one in cite(chosen, [HIVE])] == [
        "A microphone listens to the hive at night.",
        "It hears ninety bees an hour.",
    ]


@pytest.mark.parametrize(
    "lead", ["They fly in the dark without a moon.", "However, this species flies without a moon."]
)
def test_a_lead_that_cannot_stand_alone_has_the_title_before_it(lead: str) -> None:
    paper = Paper(id="x:3", title="Night bees", abstract=lead)
    text, [sentence] = quoted_text(cite(quotes_of(paper, (0, 0.9)), [paper]))
    assert text == f"Night bees: “{lead}” [1]"
    assert text[sentence.start] == "“"


def test_several_papers_come_before_a_second_sentence_of_one() -> None:
    evidence = [*quotes_of(HIVE, (3, 0.9), (4, 0.8)), *quotes_of(WASPS, (0, 0.5), number=1)]
    for broad, papers in ((True, 2), (False, 1)):
        chosen = choose_quotes(evidence, [HIVE, WASPS], max_quotes=2, max_papers=4, broad=broad)
        assert len({one.paper for one in chosen}) == papers
    assert choose_quotes([], [], max_quotes=2, max_papers=2) == []
