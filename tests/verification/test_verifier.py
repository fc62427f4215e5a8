"""The verifier as a whole, on papers of the sample and of our own."""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest

from rag.models.judging import Judgement
from rag.models.reader import BuiltInReader
from rag.papers import Paper
from rag.verification.claims import makes_claim
from rag.verification.verdicts import Status
from rag.verification.verifier import Claim, Verifier

if TYPE_CHECKING:
    from collections.abc import Callable

ROOT = Path(__file__).parents[2]
TEA = Paper(
    id="own:tea",
    title="Tea in the evening and hours of sleep",
    abstract=(
        "We asked 240 adults about their evening tea and their nights. Those who drank black tea "
        "slept 22 minutes less than those who drank none. Herbal tea made no difference to the "
        "length of sleep. The effect of black tea was “modest but steady” over six months."
    ),
    year=2019,
)
COFFEE = Paper(
    id="own:coffee",
    title="Coffee and the length of office meetings",
    abstract=(
        "Meetings in 30 offices were timed for a year. Where coffee was served, meetings ended 9 "
        "minutes earlier on average. Decaffeinated coffee shortened no meeting."
    ),
)
BIRDS = Paper(
    id="own:birds",
    title="Street lamps and the first song of blackbirds",
    abstract=(
        "Blackbirds near street lamps began to sing 40 minutes before those in the forest. "
        "Switching the lamps off moved the first song back to sunrise within a week."
    ),
)
EMPTY = Paper(id="own:empty", title="A note without an abstract on sundials", abstract="")
PAPERS = [TEA, COFFEE, BIRDS]
SAMPLE_AUROC = 0.8  # of the shipped weights; a reader that no longer reads falls to 0.5
PASSED = {Status.SUPPORTED, Status.WEAK}
DOUBTED = {Status.DOUBTFUL, Status.MISATTRIBUTED, Status.UNSUPPORTED}


@dataclass
class Told:
    """A reader that says what it is told to, and remembers what it was asked."""

    says: Callable[[str, str], float]
    contradicts: float = 0.0
    name: str = "told"
    asked: list[tuple[str, str]] = field(default_factory=list)

    def load(self):
        pass

    def judge(self, pairs):
        self.asked += pairs
        return [Judgement(self.says(text, evidence), self.contradicts) for text, evidence in pairs]


@pytest.fixture(scope="module")
def reader(model_cache):
    return BuiltInReader(model_cache)


@pytest.fixture(scope="module")
def verifier(encoder, reader):
    return Verifier(encoder.encode, encoder.count_tokens, reader)


def with_reader(encoder, told):
    return Verifier(encoder.encode, encoder.count_tokens, told)


def check(verifier, text, *cited, unknown=(), papers=PAPERS):
    return verifier.check([Claim(text=text, cited=cited, unknown=unknown)], papers)[0]


@pytest.mark.parametrize(
    "text",
    [
        "Those who drank black tea slept 22 minutes less than those who drank none.",
        "those  who drank black tea\nslept 22 minutes less than those who drank none [1]",
        "“Herbal tea made no difference to the length of sleep.”",
        "Herbal tea made no difference",
    ],
)
def test_a_verbatim_quote_is_supported(verifier, text):
    verdict = check(verifier, text, 0)
    assert (verdict.status, verdict.score, verdict.reasons) == (Status.SUPPORTED, 1.0, ())


def test_a_paraphrase_passes_and_its_evidence_are_the_exact_words(verifier):
    verdict = check(verifier, "Serving coffee made meetings 9 minutes shorter.", 1)
    assert verdict.status in PASSED
    best = verdict.evidence[0]
    assert best.paper == 1
    assert COFFEE.abstract[best.start : best.end] == (
        "Where coffee was served, meetings ended 9 minutes earlier on average."
    )
    scores = [evidence.score for evidence in verdict.evidence]
    assert scores == sorted(scores, reverse=True)
    assert all(0 <= score <= 1 for score in scores)


def test_a_changed_number_is_unsupported_and_named(verifier):
    verdict = check(verifier, "Those who drank black tea slept 52 minutes less.", 0)
    assert verdict.status is Status.UNSUPPORTED
    assert verdict.reasons == ("the number 52 is not in what it cites",)


def test_two_numbers_that_changed_places_are_wrong_whatever_the_reader_says(encoder):
    pump = Paper(
        id="own:pump",
        title="A pump",
        abstract="The new pump is 31% faster and uses 18% less water than the old one.",
    )
    text = "Compared with the old one, the pump is 18% faster and uses 31% less water."
    verdict = check(with_reader(encoder, Told(lambda *_: 0.99)), text, 0, papers=[pump])
    assert verdict.status is Status.UNSUPPORTED
    assert "18% and 31% belong the other way round" in verdict.reasons[0]
    assert [text[start:end] for start, end in verdict.spans] == ["18%", "31%"]


def test_numbers_of_the_sentence_next_door_do_not_help_a_copied_sentence(verifier):
    text = "Those who drank black tea slept 240 minutes less than those who drank none."
    verdict = check(verifier, text, 0)
    assert verdict.status is Status.UNSUPPORTED
    assert "another number than 240" in verdict.reasons[0]


def test_an_altered_quote_is_unsupported(verifier):
    right = check(verifier, "The effect of black tea on sleep was “modest but steady”.", 0)
    wrong = check(verifier, "The effect of black tea on sleep was “large but steady”.", 0)
    assert right.status in PASSED
    assert wrong.status is Status.UNSUPPORTED
    assert any("large but steady" in reason for reason in wrong.reasons)


@pytest.mark.parametrize(
    "text",
    [
        "Those who drank black tea did not sleep 22 minutes less than those who drank none.",
        "There is no evidence that those who drank black tea slept 22 minutes less.",
        "Those who drank black tea slept 22 minutes more than those who drank none.",
        "Herbal tea made a difference to the length of sleep.",
    ],
)
def test_what_turns_the_sense_round_is_never_outvoted_by_shared_words(verifier, text):
    verdict = check(verifier, text, 0)
    assert verdict.status is Status.UNSUPPORTED
    assert any("says" in reason for reason in verdict.reasons)


def test_a_citation_of_the_wrong_paper_names_the_right_one(encoder):
    told = Told(lambda _, evidence: 0.9 if BIRDS.title in evidence else 0.05)
    text = "Blackbirds sing earlier where there are street lamps."
    verdict = check(with_reader(encoder, told), text, 0)
    assert (verdict.status, verdict.better) == (Status.MISATTRIBUTED, 2)
    assert BIRDS.title in verdict.reasons[-1]


def test_a_number_that_another_paper_holds_with_the_words_is_misattributed(encoder):
    told = Told(lambda _, evidence: 0.9 if BIRDS.title in evidence else 0.05)
    text = "Blackbirds near street lamps sing 40 minutes earlier."
    verdict = check(with_reader(encoder, told), text, 0)
    assert (verdict.status, verdict.better) == (Status.MISATTRIBUTED, 2)
    assert "the number 40 is not in what it cites" in verdict.reasons
    assert BIRDS.title in verdict.reasons[-1]


@pytest.mark.parametrize(
    "text",
    [
        "Blackbirds near street lamps sing 55 minutes earlier.",  # nobody's number
        "Meetings in 40 offices were timed.",  # another's number, not its words
        "Blackbirds near street lamps did not sing 40 minutes before those in the forest.",
    ],
)
def test_a_number_that_merely_occurs_elsewhere_is_unsupported(verifier, text):
    verdict = check(verifier, text, 0)
    assert (verdict.status, verdict.better) == (Status.UNSUPPORTED, None)


def test_whatever_is_not_supported_says_why(verifier):
    texts = [
        "Tea at night costs people some rest.",
        "Those who drank black tea slept a little less than others did.",
        "Coffee makes meetings end early.",
        "Lamps wake birds early.",
        "Tea is grown on hills.",
    ]
    verdicts = [check(verifier, text, paper) for text in texts for paper in range(3)]
    assert len({verdict.status for verdict in verdicts}) > 1
    assert all(v.reasons for v in verdicts if v.status is not Status.SUPPORTED)
    assert all(0 <= v.score <= 1 for v in verdicts)


def test_what_no_paper_says_is_doubted_and_never_called_wrong(verifier):
    verdict = check(verifier, "Whales cross the ocean by listening to the surf.", 0)
    assert verdict.status is Status.DOUBTFUL
    assert verdict.by == "reader"
    assert verdict.better is None
    assert "compare" in verdict.reasons[0]


@pytest.mark.parametrize(
    ("score", "status"),
    [(0.9, Status.SUPPORTED), (0.4, Status.WEAK), (0.05, Status.DOUBTFUL)],
)
def test_what_the_reader_believes_is_support_or_a_doubt(encoder, score, status):
    told = Told(lambda *_: score)
    text = "Evening tea shortens the nights of grown people."
    verdict = check(with_reader(encoder, told), text, 0)
    assert (verdict.status, verdict.score, verdict.by) == (status, score, "told")


def test_a_contradiction_that_the_reader_sees_is_a_doubt_that_says_so(encoder):
    told = Told(lambda *_: 0.05, contradicts=0.9)
    verdict = check(with_reader(encoder, told), "Evening tea lengthens nights.", 0)
    assert verdict.status is Status.DOUBTFUL
    assert "may say otherwise" in verdict.reasons[0]


def test_rules_are_not_outvoted_by_the_reader(encoder):
    sure = with_reader(encoder, Told(lambda *_: 1.0))
    wrong = check(sure, "Those who drank black tea slept 52 minutes less.", 0)
    assert (wrong.status, wrong.by) == (Status.UNSUPPORTED, "rules")
    assert wrong.score <= 0.1
    text = "Those who drank black tea slept 52 minutes less."
    assert [text[start:end] for start, end in wrong.spans] == ["52"]
    never = with_reader(encoder, Told(lambda *_: 0.0))
    right = check(never, "Herbal tea made no difference to the length of sleep.", 0)
    assert (right.status, right.score) == (Status.SUPPORTED, 1.0)


def test_the_reader_is_not_asked_about_what_needs_no_model(encoder):
    told = Told(lambda *_: 0.5)
    verifier = with_reader(encoder, told)
    check(verifier, "Herbal tea made no difference to the length of sleep.", 0)
    check(verifier, "Black tea shortens sleep.")
    check(verifier, "Black tea shortens sleep.", 0, unknown=(9,))
    assert told.asked == []


def test_the_reader_sees_the_title_and_the_nearest_sentences(encoder):
    told = Told(lambda *_: 0.9)
    check(with_reader(encoder, told), "Serving coffee ended meetings sooner.", 1)
    ((text, evidence),) = told.asked
    assert text == "Serving coffee ended meetings sooner."
    assert evidence.startswith(COFFEE.title)
    assert "meetings ended 9 minutes earlier" in evidence


def test_words_that_the_reader_doubts_are_told_in_place(encoder):
    class Doubting(Told):
        def judge(self, pairs):
            return [Judgement(0.1, 0.0, ((0, 5, 0.1), (6, 11, 0.8), (12, 17, 0.9))) for _ in pairs]

    verdict = check(with_reader(encoder, Doubting(lambda *_: 0.1)), "Lamps never sleep at noon.", 2)
    assert verdict.spans == ((6, 17),)


@pytest.mark.parametrize(
    "text",
    [
        "Schwarzer Tee verkürzt nicht die Nacht und ist mit der Zeit auch für die Ruhe gut.",
        "红茶并不会缩短睡眠时间。",
    ],
)
def test_another_language_is_said_not_to_be_checked(verifier, text):
    verdict = check(verifier, text, 0)
    assert verdict.status is Status.UNCHECKED
    assert "not in English" in verdict.reasons[0]


def test_an_abstract_in_another_language_is_said_not_to_be_checked(verifier):
    text = "Wir haben die Nächte von 60 Menschen gemessen, und der Tee hat sie nicht verkürzt."
    paper = Paper(id="own:de", title="Tee", abstract=text)
    verdict = check(verifier, "Tea did not shorten the nights of people.", 0, papers=[paper])
    assert verdict.status is Status.UNCHECKED
    assert "the cited abstract" in verdict.reasons[0]
    assert check(verifier, text, 0, papers=[paper]).status is Status.SUPPORTED  # copied


def test_pieces_of_different_sentences_make_no_statement(verifier):
    text = "Those who drank black tea slept 22 minutes no difference to the length of sleep."
    assert check(verifier, text, 0).status is not Status.SUPPORTED


def test_two_statements_joined_at_a_conjunction_are_fine(verifier):
    text = (
        "Those who drank black tea slept 22 minutes less than those who drank none, and herbal "
        "tea made no difference to the length of sleep."
    )
    assert check(verifier, text, 0).status in PASSED


def test_a_sentence_that_breaks_off_is_told_so(verifier):
    verdict = check(verifier, "Meetings ended 9 minutes earlier because of the", 1)
    assert verdict.status is not Status.SUPPORTED
    assert any("breaks off" in reason for reason in verdict.reasons)


def test_an_invented_reference_is_unsupported(verifier):
    verdict = check(verifier, "Black tea shortens sleep.", unknown=(9,))
    assert verdict.status is Status.UNSUPPORTED
    assert verdict.reasons == ("it cites [9], which is not among the papers",)


def test_an_invented_reference_beside_a_real_one_fails(verifier):
    text = "Herbal tea made no difference to the length of sleep."
    verdict = check(verifier, text, 0, unknown=(9,))
    assert verdict.status is Status.UNSUPPORTED
    assert "[9]" in verdict.reasons[0]


def test_a_claim_without_a_citation_is_uncited(verifier):
    verdict = check(verifier, "Black tea shortens sleep.")
    assert (verdict.status, verdict.evidence) == (Status.UNCITED, ())


def test_two_cited_papers_may_support_a_half_each(encoder):
    def says(_, evidence):
        return 0.9 if TEA.title in evidence and COFFEE.title in evidence else 0.3

    text = (
        "Black tea drinkers slept 22 minutes less, while meetings with coffee ended 9 minutes "
        "earlier."
    )
    verifier = with_reader(encoder, Told(says))
    together = check(verifier, text, 0, 1)
    assert together.status is Status.SUPPORTED
    assert {evidence.paper for evidence in together.evidence} == {0, 1}
    assert check(verifier, text, 0).status is not Status.SUPPORTED


def test_a_cited_paper_that_adds_nothing_is_named(encoder):
    told = Told(lambda _, evidence: 0.9 if TEA.title in evidence else 0.05)
    verdict = check(with_reader(encoder, told), "Tea drinkers slept 22 minutes less.", 0, 2)
    assert verdict.status is Status.SUPPORTED
    assert any(BIRDS.title in reason for reason in verdict.reasons)


def test_a_word_for_a_number_only_casts_doubt(encoder):
    verifier = with_reader(encoder, Told(lambda *_: 0.9))
    text = "In two ways, herbal tea made no difference to the length of sleep."
    verdict = check(verifier, text, 0)
    assert verdict.status is Status.WEAK
    assert any('"two"' in reason for reason in verdict.reasons)


def test_the_only_paper_can_be_checked_alone(verifier):
    assert (
        check(verifier, "Black tea shortens sleep by 22 minutes.", 0, papers=[TEA]).status in PASSED
    )
    far = check(verifier, "Blackbirds sing before sunrise near lamps.", 0, papers=[TEA])
    assert far.status is Status.DOUBTFUL


def test_a_paper_without_an_abstract_supports_nothing_and_breaks_nothing(verifier):
    verdict = check(verifier, "Sundials are best at noon.", 0, papers=[EMPTY, TEA])
    assert verdict.evidence == ()
    assert verdict.status is Status.UNCHECKED
    assert "no abstract" in verdict.reasons[0]


@pytest.mark.parametrize(
    "text", ["", "[1]", "…", "1", "!?", "a", "\N{GRINNING FACE}", "((((", "x" * 5000]
)
def test_odd_sentences_get_a_verdict(verifier, text):
    assert check(verifier, text, 0).status in set(Status)


def test_no_claims_or_no_papers(verifier):
    assert verifier.check([], PAPERS) == []
    uncited = verifier.check([Claim(text="Tea is brown and warm.")], [])
    assert uncited[0].status is Status.UNCITED


def test_an_index_beyond_the_papers_is_an_error(verifier):
    with pytest.raises(IndexError, match="paper 7 of 3"):
        check(verifier, "Tea is brown.", 7)


def test_a_paper_whose_sentences_have_no_letter_is_read_all_the_same(verifier):
    paper = Paper(id="own:signs", title="?", abstract="?!? … — !!! Kites rise. ***")
    assert check(verifier, "Kites rise.", 0, papers=[paper]).status is Status.SUPPORTED
    assert check(verifier, "Tea is drunk in the evening.", 0, papers=[paper]).status not in PASSED


def test_checking_together_or_alone_gives_the_same_verdicts(verifier):
    claims = [
        Claim(text="Black tea shortens sleep.", cited=(0,)),
        Claim(text="Meetings with coffee end earlier.", cited=(1,)),
        Claim(text="Blackbirds sleep longer after tea.", cited=(2, 0)),
    ]
    together = verifier.check(claims, PAPERS)
    alone = [verifier.check([claim], PAPERS)[0] for claim in claims]
    assert [v.status for v in together] == [v.status for v in alone]
    # Activations are scaled by the batch, so that int8 scores differ in the second digit.
    np.testing.assert_allclose([v.score for v in together], [v.score for v in alone], atol=0.1)


@pytest.fixture
def calls(encoder):
    """What an encoder was asked for, and a verifier that has it noted."""
    asked: list[list[str]] = []

    def encode(texts):
        asked.append(list(texts))
        return encoder.encode(texts)

    return asked, Verifier(encode, encoder.count_tokens, Told(lambda *_: 0.9))


def test_papers_are_encoded_once_and_each_sentence_of_an_answer_once(calls):
    asked, verifier = calls
    verifier.check([Claim(text="Black tea shortens sleep.", cited=(0,))], PAPERS)
    asked.clear()
    claims = [
        Claim(text="Coffee shortens meetings a lot.", cited=(1,)),
        Claim(text="Street lamps make blackbirds sing early.", cited=(2,)),
    ]
    verifier.check(claims, PAPERS)
    assert asked == [[claim.text for claim in claims]]


def test_what_was_learnt_is_not_encoded_again(calls):
    asked, verifier = calls
    verifier.learn(PAPERS)
    assert len(asked) == len(PAPERS)
    asked.clear()
    check(verifier, "Coffee shortens meetings a lot.", 1)
    assert asked == [["Coffee shortens meetings a lot."]]


def test_a_sentence_that_cites_nothing_is_not_encoded(calls):
    asked, verifier = calls
    verifier.learn(PAPERS)
    asked.clear()
    assert check(verifier, "Black tea shortens sleep.").status is Status.UNCITED
    assert asked == []


def test_threads_that_share_a_verifier_get_the_verdicts_of_one_that_does_not(encoder, verifier):
    texts = ["Black tea shortens sleep.", "Coffee shortens meetings.", "Lamps wake blackbirds."]
    jobs = [[Claim(text=texts[turn % 3], cited=(turn % 3,))] for turn in range(12)]
    alone = [verifier.check(claims, PAPERS) for claims in jobs]
    shared = Verifier(encoder.encode, encoder.count_tokens, verifier.reader)
    with ThreadPoolExecutor(6) as pool:
        together = list(pool.map(lambda claims: shared.check(claims, PAPERS), jobs))
    assert together == alone


@pytest.mark.parametrize(
    "text",
    [
        "Here is what the papers say:",
        "Hello there!",
        "# Results in short",
        "**Findings**",
        "What do you mean by sleep?",
        "The papers do not say how long it lasts.",
        "I could not find an answer in them.",
        "Let me know if you need more.",
        "Two papers address this from different angles.",
        "The available studies fall into three groups.",
        "Several approaches have been proposed for this.",
        "These findings point in opposite directions.",
        "Several methods reduce this cost, each in its own way.",
        "The problem has been tackled in several ways.",
        "Opinions on this differ.",
        "The provided abstracts do not contain information about this.",
        "Taken together, the findings give a mixed picture.",
        "The remaining papers deal with related questions.",
        "[1]",
    ],
)
def test_what_states_nothing_makes_no_claim(text):
    assert not makes_claim(text)


@pytest.mark.parametrize(
    "text",
    [
        "Black tea shortens sleep.",
        "Overall, black tea shortens sleep by 22 minutes.",
        "Summary statistics were published for every office.",
        "Sure enough, coffee shortens meetings.",
        "Certainly not all birds sing at dawn.",
        "**Tea** shortens sleep [1].",
        "Both methods need 40 GB of memory.",
        "All approaches fail on ImageNet.",
        "Both methods reduce memory use.",
        "This treatment has no advantage.",
        "Did you know that black tea shortens sleep?",
        "Two studies report a decline in bird numbers.",
        "These results hold across languages.",
        "One of the methods is robust to noise.",
        "Several papers use reinforcement learning for this.",
        "Several methods reduce memory and latency in different ways.",
    ],
)
def test_what_states_something_makes_a_claim(text):
    assert makes_claim(text)


def _sample() -> dict[str, Paper]:
    lines = (ROOT / "rag" / "sample" / "papers.jsonl").read_text("utf-8").splitlines()
    papers = [Paper.from_dict(json.loads(line)) for line in lines]
    return {paper.id: paper for paper in papers}


def test_sentences_about_the_sample_are_told_apart(verifier, encoder):
    papers = _sample()
    ids = list(papers)
    vectors = encoder.encode([f"{paper.title}. {paper.abstract}" for paper in papers.values()])
    lines = (ROOT / "tests" / "data" / "gate_sentences.jsonl").read_text("utf-8").splitlines()
    verdicts = {True: [], False: []}
    for row in map(json.loads, lines):
        # Among the papers nearest to the cited one and the one nearest to the sentence.
        near = np.argsort(-(vectors @ vectors[ids.index(row["cited"])]), kind="stable")[:5]
        best = int((vectors @ encoder.encode([row["text"]])[0]).argmax())
        chosen = [ids[i] for i in dict.fromkeys([*near.tolist(), best])]
        claim = Claim(text=row["text"], cited=(chosen.index(row["cited"]),))
        verdict = verifier.check([claim], [papers[name] for name in chosen])[0]
        verdicts[row["kind"] == "true"].append(verdict)
    true, false = ([v.score for v in verdicts[kind]] for kind in (True, False))
    assert min(len(true), len(false)) >= 30
    assert np.mean([one > other for one in true for other in false]) >= SAMPLE_AUROC
    assert np.mean([v.status is Status.UNSUPPORTED for v in verdicts[True]]) <= 0.05
    assert np.mean([v.status is Status.SUPPORTED for v in verdicts[False]]) <= 0.15
