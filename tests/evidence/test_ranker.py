import re
import zlib
from collections.abc import Callable, Iterator, Mapping, Sequence

import numpy as np
import pytest
from numpy.typing import NDArray

from rag.evidence.cues import ASKED, CUES, FITTING, count_numbers, is_question
from rag.evidence.features import (
    WORD_FEATURES,
    PaperFit,
    Standing,
    read_abstract,
    read_query,
    standings,
)
from rag.evidence.ranker import Evidence, EvidenceRanker
from rag.models.encoder import EncodedText
from rag.models.token_vectors import TokenVectors, join_chunks
from rag.papers import Paper

DIMENSION = 256
BEES = Paper(
    id="x:bees",
    title="Counting bees with cheap microphones",
    abstract=(
        "Beekeepers want to know how strong a hive is without opening it. "
        "We introduce a network that hears bees leave the hive using wax cylinders. "
        "It was tested at three apiaries in the mountains. "
        "The network counts 93.5% of the departing bees correctly. "
        "However, it fails when heavy rain drums on the roof. "
        "The recordings are free for everyone."
    ),
)
GLUE = Paper(
    id="x:glue",
    title="Glue that lets go when it is warmed",
    abstract=(
        "Old furniture is hard to repair because modern glue never lets go. "
        "We mix hide glue with wax, which softens at 55 degrees. "
        "Chairs that were mended with it held for two years of daily use."
    ),
)


class Shelf:
    """A library of 1,000 papers that tells in how many of them a term is: in one, or as said."""

    def __init__(self, counts: Mapping[str, int] | None = None) -> None:
        self.counts = counts or {}
        self.asked: list[str] = []

    def document_frequency(self, terms: Sequence[str]) -> tuple[list[int], int]:
        self.asked += terms
        return [self.counts.get(term, 1) for term in terms], 1000


class BagOfWords:
    """Encodes each word as its beginning, a text as the sum of its words: near means sharing some.

    It ranks papers of a test by the tokens that it makes of them.
    """

    def __init__(self) -> None:
        self.encoded: list[str] = []

    def encode_tokens(self, texts: Sequence[str]) -> Iterator[tuple[int, EncodedText]]:
        self.encoded += texts
        for place, text in enumerate(texts):
            words = list(re.finditer(r"\w+", text.lower()))
            rows = np.array([direction(word[0][:4]) for word in words], np.float32)
            rows = rows.reshape(len(words), DIMENSION)
            whole = rows.sum(axis=0)
            starts = np.array([word.start() for word in words], np.int32)
            yield place, EncodedText(whole / (np.linalg.norm(whole) + 1e-9), starts, rows)

    def tokens(self, papers: Sequence[Paper]) -> list[TokenVectors]:
        texts = [f"{paper.title}\n{paper.abstract}" for paper in papers]
        return [
            join_chunks([(0, len(paper.title) + 1, TokenVectors.of(one.starts, one.rows))])
            for paper, (_, one) in zip(papers, self.encode_tokens(texts), strict=True)
        ]


def direction(word: str) -> NDArray[np.float32]:
    signs = np.random.default_rng(zlib.crc32(word.encode())).choice([-1, 1], DIMENSION)
    return (signs / np.sqrt(DIMENSION)).astype(np.float32)


@pytest.fixture
def encode() -> BagOfWords:
    return BagOfWords()


def undecided(pairs: Sequence[tuple[str, str]]) -> NDArray[np.float64]:
    """Read as one who can't tell whether anything answers."""
    return np.full(len(pairs), 0.5)


def ranker(
    encode: BagOfWords,
    shelf: Shelf | None = None,
    answers: Callable[[Sequence[tuple[str, str]]], NDArray[np.float64]] = undecided,
) -> EvidenceRanker:
    return EvidenceRanker(encode.encode_tokens, encode.tokens, shelf or Shelf(), answers)


def sentence(found: Evidence, *papers: Paper) -> str:
    return papers[found.paper].abstract[found.start : found.end]


def first(encode: BagOfWords, question: str, *papers: Paper) -> str:
    return sentence(ranker(encode).rank(question, papers)[0], *papers)


def test_questions_are_read_and_claims_are_not(encode: BagOfWords) -> None:
    read: list[tuple[str, str]] = []

    def answers(pairs: Sequence[tuple[str, str]]) -> NDArray[np.float64]:
        read.extend(pairs)
        return np.array([0.999 if text.endswith(liked) else 0.001 for _, text in pairs])

    question = "How many bees are counted?"
    before = ranker(encode).rank(question, [BEES, GLUE])
    liked = sentence(before[1], BEES, GLUE)
    after = ranker(encode, answers=answers).rank(question, [BEES, GLUE])
    scores = {one.start: one.score for one in after if one.paper == before[1].paper}
    assert scores[before[1].start] > before[1].score
    assert scores[before[0].start] < before[0].score
    assert {asked for asked, _ in read} == {question}
    assert all(text.startswith((f"{BEES.title}. ", f"{GLUE.title}. ")) for _, text in read)
    read.clear()
    ranker(encode, answers=answers).rank("The network counts bees.", [BEES, GLUE])
    assert not read


def test_every_sentence_is_ranked_once_with_its_exact_words(encode: BagOfWords) -> None:
    found = ranker(encode).rank("How many bees are counted?", [BEES, GLUE])
    assert len(found) == 9
    assert len({(one.paper, one.start) for one in found}) == 9
    assert all(sentence(one, BEES, GLUE).endswith(".") for one in found)
    scores = [one.score for one in found]
    assert scores == sorted(scores, reverse=True)
    assert all(0 < score < 1 for score in scores)


@pytest.mark.parametrize(
    ("question", "answer"),
    [
        ("What share of the bees is counted?", "93.5%"),
        ("What is wrong with it?", "heavy rain"),
        ("Why does it miscount?", "heavy rain"),
        ("How does the wax help?", "using wax"),
        ("What is hive listening?", "introduce a network"),
        ("On which data was it tried?", "tested at"),
    ],
)
def test_a_sentence_is_known_for_the_kind_that_is_asked_for(question: str, answer: str) -> None:
    query = read_query(question, Shelf())
    abstract = read_abstract(BEES.title, BEES.abstract)
    fitting = abstract.by_words(query, Standing(rank=0))[:, WORD_FEATURES.index("asked_kind")]
    place = next(place for place, text in enumerate(abstract.texts) if answer in text)
    assert fitting[place] == fitting.max() > 0
    assert fitting.sum() == pytest.approx(0)


def test_a_claim_asks_for_no_kind() -> None:
    claim = read_query("The drawback is how many bees fail.", Shelf())
    assert not claim.question
    assert not claim.asked


def test_a_share_is_answered_by_the_sentence_that_gives_it(encode: BagOfWords) -> None:
    assert "93.5%" in first(encode, "What share of the bees is counted correctly?", BEES)


def test_a_number_is_preferred_only_when_one_is_asked_for(encode: BagOfWords) -> None:
    paper = Paper(
        id="x:plants",
        title="Watering plants",
        abstract=(
            "Ferns are often watered by hand. The pump waters ferns with 40 litres a day. "
            "The pump waters ferns through a clay pipe below the roots. Nobody is needed any more."
        ),
    )

    def lead(question: str) -> float:
        scores = {sentence(one, paper): one.score for one in ranker(encode).rank(question, [paper])}
        return (
            scores["The pump waters ferns with 40 litres a day."]
            - scores["The pump waters ferns through a clay pipe below the roots."]
        )

    assert lead("How much water do ferns get?") > lead("Do ferns get water?")


def test_the_right_paper_wins_whatever_its_place(encode: BagOfWords) -> None:
    question = "At how many degrees does the glue soften?"
    for papers in ([GLUE, BEES], [BEES, GLUE]):
        assert "55 degrees" in first(encode, question, *papers)


def fits(*scores: float, bm25: float = 9.0) -> list[PaperFit]:
    return [PaperFit(score=score, bm25=bm25) for score in scores]


def test_the_score_of_the_search_outranks_the_order_of_the_papers(encode: BagOfWords) -> None:
    def best_of_glue(scores: list[PaperFit] | None) -> float:
        found = ranker(encode).rank("What is free?", [BEES, GLUE], fits=scores)
        return max(one.score for one in found if one.paper == 1)

    assert best_of_glue(fits(0.1, 0.9)) > best_of_glue(None)
    assert best_of_glue(fits(0.9, 0.1)) == pytest.approx(best_of_glue(None))


def test_papers_are_compared_with_the_best() -> None:
    first, second, third = standings(
        [
            PaperFit(score=0.5, bm25=4.0),
            PaperFit(score=0.9, bm25=8.0),
            PaperFit(score=0.1, bm25=0.0),
        ]
    )
    assert (second.rank, first.rank, third.rank) == (0, 1, 2)
    assert (first.fewer, second.fewer, third.fewer) == (-0.5, 0.0, -1.0)
    assert standings([]) == []
    assert standings(fits(0.3, bm25=0.0)) == [Standing(rank=0)]


def test_an_answer_scores_higher_than_the_best_of_a_question_without_one(
    encode: BagOfWords,
) -> None:
    rank = ranker(encode).rank
    answered = rank("How many departing bees does the network count correctly?", [BEES])[0]
    unanswered = rank("Which tax applies to imported cheese?", [BEES])[0]
    assert answered.score > 2 * unanswered.score


def test_claims_and_questions_are_told_apart() -> None:
    assert is_question("how long does it hold")
    assert is_question("The glue holds for how long?")
    assert not is_question("Wax softens glue.")


def test_a_rare_word_counts_more_than_a_common_one(encode: BagOfWords) -> None:
    paper = Paper(
        id="x:r",
        title="Notes",
        abstract="A walk is told here. The model met a heron. The model met a person. That is all.",
    )

    def heron_lead(frequencies: dict[str, int]) -> float:
        rank = ranker(encode, Shelf(frequencies)).rank
        scores = {sentence(one, paper): one.score for one in rank("heron or person?", [paper])}
        return scores["The model met a heron."] - scores["The model met a person."]

    common, rare = {"heron": 900, "person": 2}, {"heron": 2, "person": 900}
    assert heron_lead(rare) > heron_lead(common)


def test_terms_are_asked_for_as_the_keyword_index_has_them(encode: BagOfWords) -> None:
    shelf = Shelf()
    ranker(encode, shelf).rank("Which TLR4 Networks are counting the bees?", [BEES])
    assert shelf.asked == ["tlr4", "tlr", "nametlr", "network", "count", "bee"]


def test_a_name_is_found_however_it_is_joined(encode: BagOfWords) -> None:
    covered = WORD_FEATURES.index("covered_gap")
    for written in ("TLR4", "TLR-4", "TLR 4"):
        text = f"Wasps fight back. Bees lack {written} altogether. They hum."
        abstract = read_abstract("Wasps", text)
        found = abstract.by_words(read_query("What of TLR4?", Shelf()), Standing(rank=0))
        assert found[:, covered].argmax() == 1


def test_the_focus_is_what_is_answered_and_the_question_what_is_near(encode: BagOfWords) -> None:
    rank = ranker(encode).rank
    whole = "What counts departing bees with microphones? And what is free?"
    focused = rank(whole, [BEES, GLUE], focus="And what is free?")
    assert "free for everyone" in sentence(focused[0], BEES, GLUE)
    assert [one.score for one in focused] == [
        one.score for one in rank("And what is free?", [BEES, GLUE])
    ]
    near = {one.paper: one.cosine for one in focused}
    assert near == {one.paper: one.cosine for one in rank(whole, [BEES, GLUE])}
    assert near[0] > near[1]


def test_an_abstract_is_read_again_once_it_has_changed(encode: BagOfWords) -> None:
    one = ranker(encode)
    one.rank("Where are the bees?", [BEES])
    changed = Paper(id=BEES.id, title=BEES.title, abstract="Bees hum at night.")
    found = one.rank("Where are the bees?", [changed])
    assert [sentence(each, changed) for each in found] == ["Bees hum at night."]


def test_what_is_remembered_changes_no_result(encode: BagOfWords) -> None:
    warm = ranker(encode)
    fresh = ranker(encode).rank("Why does it fail in rain?", [BEES, GLUE])
    for question in ("How many bees?", "What holds chairs?", "Why does it fail in rain?"):
        warm.rank(question, [BEES, GLUE])
    assert warm.rank("Why does it fail in rain?", [BEES, GLUE]) == fresh


@pytest.mark.parametrize(
    "abstract", ["", "One sentence only.", "...", "¿?", "12 % 5 ≤ 7", "no stop at the end"]
)
@pytest.mark.parametrize("question", ["", "?", "the of and", "What is 5 ≤ 7?", "x" * 4000])
def test_odd_input_gives_finite_scores(encode: BagOfWords, abstract: str, question: str) -> None:
    papers = [Paper(id="x:odd", title="", abstract=abstract), GLUE]
    found = ranker(encode).rank(question, papers)
    assert all(0 <= one.score <= 1 for one in found)
    assert sum(one.paper == 1 for one in found) == 3


def test_no_papers_give_no_evidence(encode: BagOfWords) -> None:
    assert ranker(encode).rank("Anything?", []) == []


def test_every_kind_that_is_asked_for_has_its_cue() -> None:
    assert {kind for kind, _ in FITTING} <= set(ASKED)
    assert {cue for _, cue in FITTING} <= set(CUES)


def test_numbers_inside_names_are_not_counted() -> None:
    assert count_numbers("GPT-4 and T5 gain 3.5 points on 12 tasks, 1,000 runs each") == 3
