"""What the reader is fitted on: labels, marks of changed words, and what must never be in it."""

from __future__ import annotations

import gzip
import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import pytest

from benchmarks.cases import is_held_out, make_cases, measured_abstracts, read_gold
from benchmarks.reader_data import Data, build, is_dev, sentence_alone
from benchmarks.reader_examples import UNKNOWN, Example, Tokens, changed_words
from benchmarks.reader_fit import CHANGE, SHARES, TOKENS, Plan, Stream, encode_units
from benchmarks.reader_sources import CONTRADICTED, NOT_SAID, SUPPORTED
from rag.models.passages import PASSAGE_TOKENS
from rag.papers import title_id
from rag.text.sentences import sentence_spans

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from rag.models.encoder import SentenceEncoder

FIELDS = ("rivers", "glaciers", "harbours", "orchards", "railways", "lighthouses", "mines", "mills")


def abstract(subject: str) -> list[str]:
    """Return sentences about a subject, more than the reader is given at once."""
    return [
        f"We study how {subject} change over 12 years in the north of the country.",
        *(
            f"Survey {place} visits {subject} in region {place} and notes colour, shape, age, and"
            f" the weather on the day, which the log that party {place} keeps holds as well."
            for place in ("one", "two", "three", "four", "five", "six")
        ),
        f"The number of {subject} falls by 40% where rain is rare.",
        f"Repairs are paid for by those who live near the {subject}.",
    ]


def pick(count: int, *, dev: bool, prefix: str) -> list[str]:
    """Return ids that fall on one side of the split."""
    ids = (f"{prefix}-{n}" for n in range(1_000))
    return [one for one in ids if is_dev(one) == dev][:count]


@dataclass
class Sets:
    """A tiny copy of all sets, written as the real ones are."""

    data: Path
    own: Path
    titles: dict[str, str] = field(default_factory=dict)

    def write(self) -> None:
        for folder in ("claims", "questions"):
            (self.data / folder).mkdir(parents=True)
        (self.own / "written").mkdir(parents=True)
        written = [*pick(3, dev=False, prefix="made"), *pick(2, dev=True, prefix="made")]
        twins = [*pick(4, dev=False, prefix="twin"), *pick(2, dev=True, prefix="twin")]
        rows = []
        for name, subject in zip([*written, *twins], FIELDS * 2, strict=False):
            self.titles[name] = f"On {subject} {name}"
            rows.append((name, subject))
        lines(self.data / "claims" / "written.jsonl", [self._written(*row) for row in rows[:5]])
        lines(self.data / "questions" / "written.jsonl", [self._asked(*row) for row in rows[:5]])
        lines(self.own / "written" / "some.jsonl", [self._twins(*row) for row in rows[5:]])
        papers = [
            {"id": name, "title": self.titles[name], "abstract": " ".join(abstract(subject))}
            for name, subject in rows[5:]
        ]
        with gzip.open(self.data / "abstracts-140k.jsonl.gz", "wt", encoding="utf-8") as stream:
            stream.writelines(json.dumps(paper) + "\n" for paper in papers)

    def write_pairs(self, pairs: list[dict[str, Any]]) -> None:
        with gzip.open(self.data / "claims" / "train.jsonl.gz", "wt", encoding="utf-8") as stream:
            stream.writelines(json.dumps(pair) + "\n" for pair in pairs)

    def _written(self, name: str, subject: str) -> dict[str, Any]:
        claims = [
            {"claim": f"Dry regions lose two fifths of their {subject}.", "label": "supports"},
            {
                "claim": f"Dry regions gain two fifths of new {subject}.",
                "label": "refutes",
                "kind": "direction",
            },
            {"claim": f"Painters prefer {subject} at dusk.", "label": "neutral"},
        ]
        sentences = abstract(subject)
        return {
            "abstract_id": name,
            "title": self.titles[name],
            "sentences": sentences,
            "claims": claims,
        }

    def _asked(self, name: str, subject: str) -> dict[str, Any]:
        questions = [
            {"question": f"By how much does the number of {subject} fall?", "gold": [7]},
            {"question": f"Who built the first {subject}?", "gold": []},
        ]
        return {"abstract_id": name, "questions": questions}

    def _twins(self, name: str, subject: str) -> dict[str, Any]:
        return {
            "id": name,
            "pairs": [
                {
                    "true": f"Where rain is rare, the number of {subject} falls by 40%.",
                    "false": f"Where rain is rare, the number of {subject} rises by 40%.",
                    "label": "refutes",
                    "kind": "direction",
                }
            ],
            "true": [{"text": f"The study of {subject} spans twelve years.", "gold": [0]}],
            "beyond": f"Nobody counted the {subject} of the south.",
            "ask": {"q": f"Who pays for the repair of {subject}?", "gold": [8]},
            "miss": f"Which company sells {subject}?",
        }


def lines(path: Path, rows: list[dict[str, Any]]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), "utf-8")


@pytest.fixture
def sets(tmp_path: Path) -> Sets:
    made = Sets(tmp_path / "data", tmp_path / "own")
    made.write()
    return made


@pytest.fixture
def make(sets: Sets, encoder: SentenceEncoder) -> Callable[[], Data]:
    """Build the sets as they are by then."""
    return lambda: build(sets.data, encoder.encode, encoder.count_tokens, own=sets.own)


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory, encoder: SentenceEncoder) -> Data:
    """The examples of the sets as they are written."""
    folder = tmp_path_factory.mktemp("sets")
    made = Sets(folder / "data", folder / "own")
    made.write()
    return build(made.data, encoder.encode, encoder.count_tokens, own=made.own)


def all_of(data: Data, *, dev: bool | None = None) -> list[Example]:
    sides = {None: (data.train, data.dev), False: (data.train,), True: (data.dev,)}[dev]
    return [one for side in sides for units in side.values() for unit in units for one in unit]


def test_sentences_keep_the_labels_that_they_were_written_with(data: Data) -> None:
    found = {(one.kind, one.label) for one in all_of(data) if one.task == "twins"}
    assert ("true", SUPPORTED) in found
    assert ("direction", CONTRADICTED) in found
    assert {("beyond", NOT_SAID), ("swapped", NOT_SAID), ("fused", SUPPORTED)} <= found
    assert ("fused", CONTRADICTED) in found
    assert ("true", CONTRADICTED) not in found


def test_the_true_one_of_a_unit_comes_first(data: Data) -> None:
    pairs = [unit for task in ("written", "twins") for unit in data.train[task] if len(unit) == 2]
    assert len(pairs) > 10
    for true, false in pairs:
        assert true.label == SUPPORTED
        assert false.label != SUPPORTED
        assert true.changed == ()


def test_words_that_a_twin_changes_are_marked() -> None:
    true = "Accuracy rises by 1.5 points, not by 2."
    false = "Accuracy falls by 1.7 points, not by 2."
    spans = changed_words(true, false)
    assert [false[start:end] for start, end in spans or ()] == ["falls", "1.7"]
    assert changed_words("It does not hold for all.", "It does hold for all.") is None


def test_marks_reach_the_word_pieces(data: Data) -> None:
    tokens = Tokens()
    fused = [
        unit for unit in data.train["twins"] if unit[0].kind == "fused" and "rises" in unit[1].text
    ]
    assert fused
    for _, false in fused:
        (row,) = tokens.rows([false])
        ((_, offsets),) = tokens.pairs([(false.text, false.evidence)])
        marked = {
            false.text[start:end]
            for (start, end), mark in zip(offsets, row.unsupported, strict=True)
            if mark == 1
        }
        assert marked == {"rises"}
    beyond = Example("twins", "beyond", "It rains.", "It is dry.", NOT_SAID)
    assert set(tokens.rows([beyond])[0].unsupported.tolist()) == {UNKNOWN}


def test_evidence_is_what_the_verifier_would_take(data: Data, encoder: SentenceEncoder) -> None:
    claims = [one for one in all_of(data) if (one.task, one.kind) == ("twins", "direction")]
    assert claims
    for one in claims:
        assert encoder.count_tokens(one.evidence) <= PASSAGE_TOKENS
        assert one.evidence.startswith("On ")
        assert "falls by 40% where rain is rare." in one.evidence
        assert 0 < one.evidence.count("Survey") < 6


def test_questions_are_answered_by_their_gold_sentences_alone(data: Data) -> None:
    asked = [one for one in all_of(data) if one.task == "twins questions"]
    answered = {one.evidence for one in asked if one.label == 1 and one.kind == "sentence"}
    assert answered
    assert all(text.startswith("Repairs are paid for by") for text in answered)
    wrong = [one for one in asked if one.label == 0 and one.text.startswith("Who pays")]
    for one in wrong:
        subject = one.text.removesuffix("?").split()[-1]
        assert f"near the {subject}." not in one.evidence
    assert {one.kind for one in asked} == {"answered", "sentence", "other paper", "miss"}


def test_no_abstract_is_on_both_sides(data: Data) -> None:
    sides = [
        {paper for one in all_of(data, dev=dev) for paper in one.papers} for dev in (False, True)
    ]
    assert all(sides)
    assert not sides[0] & sides[1]
    assert all(is_dev(paper) for paper in sides[1])


def test_held_out_abstracts_are_in_no_example(sets: Sets, make: Callable[[], Data]) -> None:
    measured, tuned = pick(2, dev=False, prefix="twin")
    page = pick(1, dev=False, prefix="made")[0]
    before = {paper for one in all_of(make()) for paper in one.papers}
    assert {measured, tuned, page} <= before
    lines(sets.own / "held_out_written.jsonl", [{"id": measured}])
    lines(sets.own / "tuning_written.jsonl", [{"id": tuned}])
    lines(sets.own / "held_out_prose.jsonl", [{"papers": [title_id(sets.titles[page])]}])
    examples = all_of(make())
    assert {paper for one in examples for paper in one.papers} == before - {measured, tuned, page}
    for name in (measured, tuned, page):
        assert not any(sets.titles[name] in one.evidence for one in examples)


def test_public_pairs_come_with_their_twins(sets: Sets, make: Callable[[], Data]) -> None:
    group = next(f"{n}" for n in range(100) if not is_dev(f"plain:{n}", 4))
    row = {"source": "plain", "group": group, "evidence": "A dog runs. It is wet and old."}
    sets.write_pairs(
        [
            {**row, "claim": "The dog is wet and old.", "label": "supports"},
            {**row, "claim": "The dog is dry and old.", "label": "refutes"},
            {**row, "claim": "Somebody owns a very large farm.", "label": "neutral"},
        ]
    )
    units = make().train["plain"]
    assert sorted(len(unit) for unit in units) == [1, 2]
    true, false = next(unit for unit in units if len(unit) == 2)
    assert (true.label, false.label) == (SUPPORTED, CONTRADICTED)
    assert [false.text[start:end] for start, end in false.changed or ()] == ["dry"]
    assert true.evidence == "A dog runs. It is wet and old."


def scifact(folder: Path) -> None:
    """Write a dozen claims, each about an abstract of its own."""
    subjects = [f"{name} of {place}" for name in FIELDS for place in ("iron", "clay")]
    corpus, sentences, rationales = [], [], []
    for number, subject in enumerate(subjects):
        text = " ".join(abstract(subject))
        spans = [text[start:end] for start, end in sentence_spans(text)]
        corpus.append({"_id": str(number), "title": f"About {subject}", "text": text})
        sentences.append({"id": str(number), "sentences": spans})
        claim = f"Drought costs the country many {subject}."
        row = {"claim_id": str(number), "claim": claim, "doc_id": str(number)}
        label = "CONTRADICT" if number % 4 == 3 else "SUPPORT"
        rationales.append({**row, "sentences": [7], "label": label})
    lines(folder / "corpus.jsonl", corpus)
    lines(folder / "sentences.jsonl", sentences)
    lines(folder / "rationales" / "train.jsonl", rationales)


def test_measured_cases_are_left_out(
    sets: Sets, make: Callable[[], Data], encoder: SentenceEncoder
) -> None:
    folder = sets.data / "scifact"
    scifact(folder)
    golds, papers = read_gold(folder, "train")
    measured = measured_abstracts(golds)
    cases = make_cases(golds, papers, encoder.encode([one.title for one in papers.values()]))
    of_measured = {one.papers[one.cited].id for one in cases if one.kind == "paraphrase"} & measured
    assert of_measured
    assert all(
        is_held_out(one.group)
        for one in cases
        if one.kind == "paraphrase" and one.papers[one.cited].id in measured
    )
    examples = [one for one in all_of(make()) if one.source == "scifact"]
    used = {paper.removeprefix("scifact:") for one in examples for paper in one.papers}
    assert used
    assert not used & measured
    assert {one.label for one in examples if one.kind == "contradicted"} == {CONTRADICTED}
    assert {one.label for one in examples if one.kind == "swapped"} == {NOT_SAID}


def test_what_is_not_there_is_told(
    sets: Sets, make: Callable[[], Data], capsys: pytest.CaptureFixture[str]
) -> None:
    (sets.data / "abstracts-140k.jsonl.gz").unlink()
    assert "twins" not in make().train
    told = capsys.readouterr().err
    assert "scifact" in told
    assert "train.jsonl.gz" in told
    assert "6 of 6 abstracts" in told


def test_the_checksum_is_that_of_the_files(sets: Sets, make: Callable[[], Data]) -> None:
    before = make().checksum
    assert make().checksum == before
    lines(sets.own / "held_out_written.jsonl", [{"id": "elsewhere"}])
    assert make().checksum == before
    file = sets.own / "written" / "some.jsonl"
    file.write_text(file.read_text("utf-8").replace("twelve", "many"), "utf-8")
    assert make().checksum != before


def test_a_sentence_that_gives_itself_away_is_noticed() -> None:
    def unit(number: int, false: str) -> tuple[Example, ...]:
        true = f"Sample {number} weighs much and grows well."
        return (
            Example("some", "true", true, "", SUPPORTED),
            Example("some", "swap", false.format(number), "", NOT_SAID),
        )

    plain = [unit(n, "Sample {} weighs much and grows well.") for n in range(40)]
    telling = [unit(n, "Sample {} never weighs much and grows well.") for n in range(40)]
    for units, expected in ((plain, 0.5), (telling, 1.0)):
        data = Data({"some": units[:30]}, {"some": units[30:]}, "")
        assert sentence_alone(data)["some"] == pytest.approx((expected, expected))


def test_a_resumed_stream_goes_on_with_the_same_batches(data: Data) -> None:
    units = encode_units(Tokens(), data.train["twins"] * 8)
    stream, other = Stream("twins", units, 1), Stream("twins", units, 1)

    def draw(one: Stream) -> list[list[int]]:
        return [row.ids.tolist() for unit in one.draw() for row in unit]

    batches = [draw(stream) for _ in range(60)]
    assert stream.round > 0
    assert all(len(batch) * max(map(len, batch)) <= TOKENS for batch in batches)
    other.go_to(stream.round, stream.place)
    assert [draw(stream) for _ in range(20)] == [draw(other) for _ in range(20)]


def test_the_lead_passes_to_written_sentences() -> None:
    plan = Plan(seed=1, steps=100, minutes=None, without=("sick", "written"))
    early, late = plan.shares(plan.progress(0, 0.0)), plan.shares(plan.progress(100, 0.0))
    assert early["conjnli"] > late["conjnli"]
    assert early["twins"] < late["twins"]
    assert early.keys() == SHARES.keys() - {"sick", "written", "written questions"}
    assert plan.shares(CHANGE[0]) == pytest.approx(early)
    timed = Plan(seed=1, steps=100, minutes=2, without=())
    assert timed.progress(10_000, 60.0) == pytest.approx(0.5)
