"""A question and a paper, compared word by word."""

from __future__ import annotations

import numpy as np
import pytest

from rag.evidence.features import MEANING_FEATURES, by_meaning
from rag.evidence.token_match import AskedTokens, match, read_tokens
from rag.models.encoder import EncodedText
from rag.models.token_vectors import TITLE, TokenVectors
from rag.text.sentences import Span

EYE = (np.eye(8) * 2 - 1 / 8).astype(np.float32)  # eight words, as different as signs can tell
EYE /= np.linalg.norm(EYE, axis=1, keepdims=True)
SPANS = [Span(0, 10), Span(11, 20), Span(21, 30)]


def asked(*words: int, weights: tuple[float, ...] = ()) -> AskedTokens:
    rows = EYE[list(words)]
    counts = np.array(weights or [1 / len(words)] * len(words), np.float32)
    whole = rows.sum(axis=0)
    return AskedTokens(whole / np.linalg.norm(whole), rows, counts)


def paper(*tokens: tuple[int, int]) -> TokenVectors:
    """Make a paper of pairs: where a word begins, and which it is."""
    starts = np.array([start for start, _ in tokens], np.int32)
    return TokenVectors.of(starts, EYE[[word for _, word in tokens]])


def test_each_word_of_the_question_finds_its_nearest_word() -> None:
    found = match(asked(1, 2), paper((TITLE, 1), (0, 3), (11, 2), (21, 1), (25, 2)), SPANS)
    assert found.sentences.argmax() == 2
    assert found.paper == pytest.approx(found.sentences[2])
    assert np.linalg.norm(found.whole) == pytest.approx(1)
    assert found.sentences[1] > found.sentences[0]


def test_the_title_speaks_for_the_paper_and_for_no_sentence() -> None:
    with_title = match(asked(1), paper((TITLE, 1), (0, 3)), SPANS[:1])
    without = match(asked(1), paper((0, 3)), SPANS[:1])
    assert with_title.paper > without.paper
    assert with_title.sentences == pytest.approx(without.sentences)


def test_what_weighs_nothing_counts_nothing() -> None:
    found = match(asked(1, 2, weights=(0, 1)), paper((0, 1), (11, 2)), SPANS[:2])
    assert found.sentences.argmax() == 1


def test_a_sentence_without_words_is_as_far_off_as_the_farthest_word() -> None:
    found = match(asked(1), paper((0, 1), (11, 4)), SPANS)
    assert found.sentences[2] <= found.sentences[1] < found.sentences[0]
    assert not found.means[2].any()
    assert np.linalg.norm(found.means[:2], axis=1) == pytest.approx(1)


def test_a_paper_without_words_matches_nothing() -> None:
    found = match(asked(1), paper(), SPANS)
    assert (found.paper, found.sentences.tolist()) == (0.0, [0, 0, 0])
    assert not found.whole.any()


@pytest.mark.parametrize(
    ("text", "weights"),
    [
        ("the rare gecko", [0, 0.75, 0.25]),
        ("rare geckos", [0.75, 0.25]),
        ("of the", [0.5, 0.5]),
    ],
)
def test_a_word_counts_as_it_is_rare_and_grammar_only_alone(
    text: str, weights: list[float]
) -> None:
    starts = np.array([0, *(place + 1 for place, sign in enumerate(text) if sign == " ")])
    encoded = EncodedText(EYE[0], starts.astype(np.int32), EYE[: len(starts)])
    rare = {"rare": 3.0, "gecko": 1.0}
    assert read_tokens(text, encoded, rare).weights == pytest.approx(weights)


def test_the_tokens_of_a_word_count_as_it_does() -> None:
    encoded = EncodedText(EYE[0], np.array([0, 3, 6], np.int32), EYE[:3])
    assert read_tokens("geckos of", encoded, {"gecko": 2.0}).weights == pytest.approx([0.5, 0.5, 0])


def test_papers_are_measured_beside_the_best() -> None:
    near = match(asked(1, 2), paper((0, 1), (5, 2), (11, 3)), SPANS[:2])
    far = match(asked(1, 2), paper((0, 4), (11, 5)), SPANS[:2])
    one, other = by_meaning(asked(1, 2).vector, [far, near])
    column = MEANING_FEATURES.index
    assert other[:, column("paper_match")].tolist() == [0, 0]
    assert other[0, column("paper_farther")] == 0 > one[0, column("paper_farther")]
    assert (one[:, column("paper_match")] < 0).all()
    assert other[0, column("paper_match_rank")] == 1
    assert one[0, column("paper_match_rank")] == 0.5
    assert other[0, column("match_gap")] == 0
    assert other[0, column("match_z")] > other[1, column("match_z")]
    assert other[0, column("cosine_rank")] == 1
