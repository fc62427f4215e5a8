"""Fit the reader, and write its weights.

    python -m benchmarks.reader_fit --out rag/models/weights/reader.safetensors
    python -m benchmarks.reader_fit --out FILE --resume            # go on from the last checkpoint
    python -m benchmarks.reader_fit --out FILE --without twins     # what a source is worth

It needs the extra `train`, the weights of the encoder and the sets of `benchmarks.reader_sources`.
Two cores do about one step in two seconds; a GPU is used where torch finds one.

A batch holds examples of one task. A sentence counts by the cross-entropy of its three classes;
the two of a unit, by how far the true one is ahead of its false counterpart; the words of both, by
whether they are the ones that were changed. A question counts by whether it is answered. Public
sets, which are many and plain, lead at first and give way to sentences as assistants write them.

Everything that is drawn follows from the seed and the number of the step: a fit that was cut off
and resumed ends with the same weights as one that wasn't, on the same machine and with the same
number of threads. `--minutes` ends at a time instead of after `--steps`; how far the schedule is
hangs on the clock then, and no two fits are quite the same.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import sys
import time
from dataclasses import asdict, dataclass, field
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np

from benchmarks.reader_data import Data, auroc, build, describe
from benchmarks.reader_examples import Tokens
from benchmarks.reader_sources import CONTRADICTED, SUPPORTED, tell_left_out
from rag.models.embedder import open_embedder
from rag.models.encoder import default_weights
from rag.models.reader import BuiltInReader
from rag.settings import load_settings

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from numpy.typing import NDArray

    from benchmarks.reader_examples import Example, Row, Unit
    from benchmarks.reader_model import ReaderModel
    from rag.models.judging import Judgement

    Tensor = Any  # torch.Tensor

# How much each task counts, before and after the change of the lead.
SHARES = {
    "conjnli": (0.10, 0.025),
    "sick": (0.06, 0.015),
    "evidence-inference": (0.12, 0.03),
    "scitldr": (0.06, 0.015),
    "check-covid": (0.05, 0.0125),
    "covidfact": (0.05, 0.0125),
    "healthver": (0.08, 0.08),
    "citation-integrity": (0.09, 0.09),
    "scifact": (0.13, 0.23),
    "scifact questions": (0.02, 0.02),
    "written": (0.25, 0.25),
    "written questions": (0.09, 0.09),
    "twins": (0.15, 0.30),
    "twins questions": (0.05, 0.05),
}
CHANGE = (0.25, 0.55)  # of the lead: from where on, and until where in the fit
TOKENS = 4_200  # of a batch, padding included
SORTED = 600  # units that are sorted by length, so that batches have little padding
WARM_UP = 150  # steps
BODY_RATE, HEAD_RATE, LEAST_RATE = 1.2e-4, 4e-4, 0.01  # the last as a share of the others
SMOOTHING = 0.04
MARGIN, PAIR_LOSS = 1.0, 0.4  # in log-odds: how far a true one should be ahead of its counterpart
WORD_LOSS, WORD_WEIGHT = 0.5, 4.0  # a changed word counts as much as so many others
REPORT, EVALUATE = 100, 500  # steps
SAMPLE = 100  # dev units of each task that are looked at on the way
COMPARED, MOST_GAP = 200, 0.05  # sentences; mean difference in probability that int8 may make


@dataclass(frozen=True, slots=True)
class Plan:
    """What decides how a fit goes, beside its data.

    Attributes:
        seed: Of the heads at the start, the order of the data, and what is dropped out.
        steps: After how many it ends, or
        minutes: after how long; None where steps decide.
        without: Sources that are left out.
    """

    seed: int
    steps: int
    minutes: float | None
    without: tuple[str, ...]

    def progress(self, step: int, seconds: float) -> float:
        """Return how much of the fit is done, from 0 to 1."""
        if self.minutes is not None:
            return min(1.0, seconds / (60 * self.minutes))
        return min(1.0, step / self.steps)

    def shares(self, progress: float) -> dict[str, float]:
        """Return how much each task counts."""
        late = min(1.0, max(0.0, (progress - CHANGE[0]) / (CHANGE[1] - CHANGE[0])))
        return {
            task: before + late * (after - before)
            for task, (before, after) in SHARES.items()
            if task.removesuffix(" questions") not in self.without
        }


class Stream:
    """Endless batches of the units of one task, in an order of its own in each round.

    Attributes:
        round: How often the units were all gone through.
        place: The next batch of this round.
    """

    def __init__(self, task: str, units: Sequence[tuple[Row, ...]], seed: int) -> None:
        self._task, self._units, self._seed = task, units, seed
        self.round, self.place = 0, 0
        self._batches = self._shuffled()

    def go_to(self, round_: int, place: int) -> None:
        """Go on where another stream was."""
        self.round, self.place = round_, place
        self._batches = self._shuffled()

    def draw(self) -> list[tuple[Row, ...]]:
        """Return the next batch."""
        if self.place == len(self._batches):
            self.go_to(self.round + 1, 0)
        self.place += 1
        return self._batches[self.place - 1]

    def _shuffled(self) -> list[list[tuple[Row, ...]]]:
        draw = random.Random(f"{self._seed}-{self._task}-{self.round}")
        units = draw.sample(self._units, len(self._units))
        found: list[list[tuple[Row, ...]]] = []
        for start in range(0, len(units), SORTED):
            some = sorted(units[start : start + SORTED], key=_length)
            batches = list(_cut(some))
            draw.shuffle(batches)
            found += batches
        return found


def _length(unit: tuple[Row, ...]) -> int:
    return max(len(row.ids) for row in unit)


def _cut(units: Sequence[tuple[Row, ...]]) -> Iterator[list[tuple[Row, ...]]]:
    """Cut units that are sorted by length into batches."""
    batch: list[tuple[Row, ...]] = []
    for unit in units:
        rows = sum(map(len, batch)) + len(unit)
        if batch and _length(unit) * rows > TOKENS:
            yield batch
            batch = []
        batch.append(unit)
    if batch:
        yield batch


def loss_of(model: ReaderModel, units: Sequence[tuple[Row, ...]], *, questions: bool) -> Tensor:
    """Return the loss of a batch, with dropout."""
    import torch
    from torch.nn import functional

    from benchmarks.reader_model import DROPOUT, collate

    batch = collate([row for unit in units for row in unit], model.device)
    logits, spans = model.run(batch, DROPOUT)
    if questions:
        return functional.binary_cross_entropy_with_logits(logits[:, 3], batch.labels.float())
    classes = logits[:, :3]
    loss = functional.cross_entropy(classes, batch.labels, label_smoothing=SMOOTHING)
    first = np.cumsum([0, *map(len, units)])[:-1]
    true = [int(place) for place, unit in zip(first, units, strict=True) if len(unit) == 2]
    if true:
        odds = classes[:, SUPPORTED] - torch.logsumexp(classes[:, 1:], dim=-1)
        ahead = odds[true] - odds[[place + 1 for place in true]]
        loss = loss + PAIR_LOSS * functional.softplus(MARGIN - ahead).mean()
    known = batch.unsupported >= 0
    if known.any():
        weight = torch.tensor(WORD_WEIGHT, device=model.device)
        words = functional.binary_cross_entropy_with_logits(
            spans[known], batch.unsupported[known], pos_weight=weight
        )
        loss = loss + WORD_LOSS * words
    return loss


@dataclass
class Fit:
    """A fit under way.

    Attributes:
        plan: How it goes.
        data: What is fitted.
        model: What is fitted to it.
        optimizer: Moves the weights.
        streams: Of each task.
        step: Steps done.
        seconds: Time they took.
    """

    plan: Plan
    data: Data
    model: ReaderModel
    optimizer: Any
    streams: dict[str, Stream]
    step: int = 0
    seconds: float = 0.0
    losses: list[float] = field(default_factory=list)

    @classmethod
    def start(cls, plan: Plan, data: Data, tokens: Tokens, device: str) -> Fit:
        """Begin with the published encoder and heads drawn at random."""
        import torch

        from benchmarks.reader_model import ReaderModel, load_body

        model = ReaderModel(*load_body(), seed=plan.seed, device=device)
        body = [value for name, value in model.weights.items() if _is_body(name)]
        heads = [value for name, value in model.weights.items() if not _is_body(name)]
        optimizer = torch.optim.AdamW(
            [
                {"params": body, "lr": BODY_RATE, "rate": BODY_RATE},
                {"params": heads, "lr": HEAD_RATE, "rate": HEAD_RATE},
            ],
            weight_decay=0.01,
            betas=(0.9, 0.98),
        )
        for task in data.train.keys() - SHARES.keys():
            tell_left_out(f"nothing says how much {task} counts")
        streams = {
            task: Stream(task, encode_units(tokens, data.train[task]), plan.seed)
            for task in plan.shares(0.0)
            if data.train.get(task)
        }
        return cls(plan, data, model, optimizer, streams)

    @property
    def progress(self) -> float:
        """How much of it is done, from 0 to 1."""
        return self.plan.progress(self.step, self.seconds)

    def advance(self) -> None:
        """Do one step."""
        import torch
        from torch.nn.utils import clip_grad_norm_

        began = time.perf_counter()
        progress = self.progress
        shares = {t: s for t, s in self.plan.shares(progress).items() if t in self.streams}
        draw = random.Random(f"{self.plan.seed}-{self.step}")
        task = draw.choices(list(shares), list(shares.values()))[0]
        torch.manual_seed(draw.getrandbits(48))
        rate = max(LEAST_RATE, min(1.0, self.step / WARM_UP) * (1 - progress))
        for group in self.optimizer.param_groups:
            group["lr"] = group["rate"] * rate
        questions = task.endswith(" questions")
        loss = loss_of(self.model, self.streams[task].draw(), questions=questions)
        loss.backward()
        clip_grad_norm_(list(self.model.weights.values()), 1.0)
        self.optimizer.step()
        self.optimizer.zero_grad(set_to_none=True)
        self.losses.append(float(loss.detach()))
        self.step += 1
        self.seconds += time.perf_counter() - began

    def save(self, path: Path) -> None:
        """Write all that is needed to go on."""
        import torch

        path.parent.mkdir(parents=True, exist_ok=True)
        state = {
            "plan": json.dumps(asdict(self.plan)),
            "data": self.data.checksum,
            "step": self.step,
            "seconds": self.seconds,
            "weights": {name: value.detach() for name, value in self.model.weights.items()},
            "optimizer": self.optimizer.state_dict(),
            "streams": {task: (one.round, one.place) for task, one in self.streams.items()},
        }
        beside = path.with_suffix(".new")
        torch.save(state, beside)
        beside.replace(path)

    def resume(self, path: Path) -> None:
        """Go on where a checkpoint stands.

        Raises:
            ValueError: it is of another plan, or of other data.
        """
        import torch

        state = torch.load(path, map_location=self.model.device, weights_only=True)
        if state["plan"] != json.dumps(asdict(self.plan)):
            raise ValueError(f"{path} is of a fit with other options: {state['plan']}")
        if state["data"] != self.data.checksum:
            raise ValueError(f"{path} is of a fit to other data")
        self.model.load(state["weights"])
        self.optimizer.load_state_dict(state["optimizer"])
        self.step, self.seconds = state["step"], state["seconds"]
        for task, (round_, place) in state["streams"].items():
            self.streams[task].go_to(round_, place)


def _is_body(name: str) -> bool:
    return name.startswith(("encoder.", "embeddings."))


def encode_units(tokens: Tokens, units: Sequence[Unit]) -> list[tuple[Row, ...]]:
    """Turn units into word pieces."""
    rows = iter(tokens.rows([one for unit in units for one in unit]))
    return [tuple(next(rows) for _ in unit) for unit in units]


class Judge(Protocol):
    """What is measured: the reader of the package, or one that is being fitted."""

    def judge(self, pairs: Sequence[tuple[str, str]]) -> list[Judgement]:
        """Judge pairs of a sentence and evidence."""

    def answers(self, pairs: Sequence[tuple[str, str]]) -> NDArray[np.float64]:
        """Tell how likely evidence answers a question."""


def evaluate(judge: Judge, dev: Mapping[str, Sequence[Unit]]) -> dict[str, dict[str, float]]:
    """Return the figures of each task of the dev part.

    `true/false` and `true/contradicted` are AUROCs of the support; the same goes for each kind of
    false sentences beside the true ones of that kind, or all where it has none. `F1` is the macro
    mean over the three classes, `twins` the share of pairs whose true one is ahead, `words` the
    AUROC of changed words among those of a sentence, `answered` that of questions.
    """
    found = {}
    for task, units in sorted(dev.items()):
        examples = [one for unit in units for one in unit]
        pairs = [(one.text, one.evidence) for one in examples]
        if examples and examples[0].question:
            answered = judge.answers(pairs).tolist()
            figures = {"answered": auroc(answered, [one.label == 1 for one in examples])}
        else:
            figures = _claim_figures(units, examples, judge.judge(pairs))
        found[task] = {
            name: round(value, 4) for name, value in figures.items() if not np.isnan(value)
        }
    return found


def _claim_figures(
    units: Sequence[Unit], examples: Sequence[Example], judged: Sequence[Judgement]
) -> dict[str, float]:
    from sklearn.metrics import f1_score

    labels, classes = [one.label for one in examples], [_class_of(one) for one in judged]
    f1 = f1_score(labels, classes, average="macro", labels=[0, 1, 2], zero_division=0.0)
    supports = [one.supports for one in judged]
    first = np.cumsum([0, *map(len, units)])[:-1]
    twins = [int(n) for n, unit in zip(first, units, strict=True) if len(unit) == 2]
    ahead = [supports[n] > supports[n + 1] for n in twins]
    figures = {
        "true/false": _beside_true(examples, supports),
        "true/contradicted": _beside_true(examples, supports, label=CONTRADICTED),
        "F1": float(f1),
        "twins": float(np.mean(ahead)) if ahead else np.nan,
        "words": _words_told(examples, judged),
    }
    for kind in sorted({one.kind for one in examples if one.label != SUPPORTED}):
        figures[f"kind {kind}"] = _beside_true(examples, supports, kind=kind)
    return figures


def _beside_true(
    examples: Sequence[Example],
    supports: Sequence[float],
    *,
    kind: str | None = None,
    label: int | None = None,
) -> float:
    """Return the AUROC of true sentences against false ones, or those of a kind or a label."""
    # Where true ones are of the kind too (fused ones are), these are what it compares with.
    alike = any(one.label == SUPPORTED and one.kind == kind for one in examples)
    kept = [
        (support, one.label == SUPPORTED)
        for one, support in zip(examples, supports, strict=True)
        if kind in {None, one.kind} or (one.label == SUPPORTED and not alike)
        if label in {None, one.label} or one.label == SUPPORTED
    ]
    return auroc([support for support, _ in kept], [true for _, true in kept])


def _class_of(judgement: Judgement) -> int:
    not_said = 1 - judgement.supports - judgement.contradicts
    return int(np.argmax([judgement.supports, not_said, judgement.contradicts]))


def _words_told(examples: Sequence[Example], judged: Sequence[Judgement]) -> float:
    chances, changed = [], []
    for example, judgement in zip(examples, judged, strict=True):
        spans = example.changed or ()
        for start, end, chance in judgement.doubts if spans else ():
            chances.append(chance)
            changed.append(any(start < to and begin < end for begin, to in spans))
    return auroc(chances, changed)


def run(fit: Fit, checkpoint: Path, tokens: Tokens) -> None:
    """Go through with a fit, and report on the way."""
    from benchmarks.reader_model import TorchReader

    sample = {
        task: random.Random(fit.plan.seed).sample(units, min(SAMPLE, len(units)))
        for task, units in fit.data.dev.items()
    }
    while fit.progress < 1:
        fit.advance()
        if fit.step % REPORT == 0:
            mean, pace = np.mean(fit.losses), fit.step / fit.seconds
            print(f"{fit.step} {fit.progress:.1%} loss {mean:.3f} {pace:.2f} steps/s", flush=True)
            fit.losses.clear()
        if fit.step % EVALUATE == 0:
            fit.save(checkpoint)
            print(json.dumps(evaluate(TorchReader(fit.model, tokens), sample)), flush=True)


def write(fit: Fit, out: Path, work: Path, tokens: Tokens) -> dict[str, dict[str, float]]:
    """Write the weights with the figures of the file itself, as the package runs it."""
    from benchmarks.reader_model import TorchReader, write_weights

    bare = work / "reader.safetensors"
    facts = {
        "fitted_by": "python -m benchmarks.reader_fit",
        "data_sha256": fit.data.checksum,
        "body_sha256": default_weights().sha256,
        **asdict(fit.plan),
        "steps": fit.step,
    }
    write_weights(fit.model, bare, facts)
    reader = BuiltInReader(work, weights=bare)
    pairs = [(one.text, one.evidence) for one in _claims(fit.data.dev)][:COMPARED]
    judged = zip(TorchReader(fit.model, tokens).judge(pairs), reader.judge(pairs), strict=True)
    gap = float(np.mean([abs(one.supports - other.supports) for one, other in judged]))
    print(f"The file and the model that was fitted differ by {gap:.4f} in the mean.", flush=True)
    if gap > MOST_GAP:
        sys.exit(f"That is too much: {bare} isn't what was fitted.")
    figures = evaluate(reader, fit.data.dev)
    write_weights(fit.model, out, {**facts, "figures": figures})
    return figures


def _claims(units: Mapping[str, Sequence[Unit]]) -> Iterator[Example]:
    for task in sorted(units):
        yield from (one for unit in units[task] for one in unit if not one.question)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--out", type=Path, required=True, help="the file of weights")
    parser.add_argument("--data", type=Path, default=Path("../shared"))
    parser.add_argument("--work", type=Path, default=Path("build/fit"))
    length = parser.add_mutually_exclusive_group()
    length.add_argument("--steps", type=int, default=4_000)
    length.add_argument("--minutes", type=float, help="end at a time instead")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--resume", action="store_true", help="go on from the checkpoint")
    sources = sorted({task.removesuffix(" questions") for task in SHARES})
    parser.add_argument("--without", action="append", default=[], choices=sources)
    options = parser.parse_args()
    if find_spec("torch") is None:
        parser.error("torch is missing: pip install 'abstract-rag[train]'")
    os.environ.setdefault("CUBLAS_WORKSPACE_CONFIG", ":4096:8")  # repeatable sums on a GPU
    import torch

    torch.use_deterministic_algorithms(mode=True)
    encoder = open_embedder(load_settings()).encoder
    data = build(options.data / "data", encoder.encode, encoder.count_tokens)
    print(describe(data), flush=True)
    plan = Plan(options.seed, options.steps, options.minutes, tuple(options.without))
    tokens = Tokens()
    fit = Fit.start(plan, data, tokens, "cuda" if torch.cuda.is_available() else "cpu")
    checkpoint = options.work / "reader.checkpoint"
    if options.resume:
        try:
            fit.resume(checkpoint)
        except (OSError, ValueError) as error:
            sys.exit(f"Can't resume: {error}")
    run(fit, checkpoint, tokens)
    fit.save(checkpoint)
    print(json.dumps(write(fit, options.out, options.work, tokens), indent=2))


if __name__ == "__main__":
    main()
