"""The gate: check each sentence of an answer against the abstracts that it cites.

Deterministic and local; no language model is asked. Signals of different kinds are read apart
(docs/verification.md): what is taken over word for word is right; what states a number or a quote
that isn't there, denies what the abstract affirms, or is stitched from pieces, is not, however
many words it shares; and for the rest two small fitted models tell how well the cited papers
support the sentence, and whether another paper does better.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from rag.models.token_vectors import encode_apart
from rag.verification.claim_parts import Parts
from rag.verification.comparison import OWN
from rag.verification.gate_weights import GateWeights, default_weights
from rag.verification.paper_view import PaperView
from rag.verification.polarity import edited_sign
from rag.verification.quantities import without_markers
from rag.verification.reading import Claim, Reading
from rag.verification.rules import quotes_verbatim, signals
from rag.verification.second_reading import read_again
from rag.verification.verdicts import MODELS, RULES, Evidence, SentenceVerdict, Status

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rag.models.encoder import EncodeTokens
    from rag.models.nli import Entailment
    from rag.papers import Paper

__all__ = ["Claim", "Evidence", "SentenceVerdict", "Status", "Verifier", "combined"]


_MAX_EVIDENCE = 3
_WITNESS = 2.0  # how far the log odds of a paper that adds support may lie behind the others'
_CACHED_PAPERS = 512
# That another paper does better is told so surely that at full weight it costs true sentences, and
# spliced ones.
_OTHERS_DO_BETTER = 0.2


class Verifier:
    """Checks the sentences of answers. Threads may share it.

    Args:
        encode_tokens: Embeds texts and each of their tokens; yields them with their places. The
            weights were fitted with all-MiniLM-L6-v2; another encoder works, less well calibrated.
        second: Reads again what only the fitted models have judged; nobody when None.
        weights: The fitted numbers; those of the package when left out.

    The last 512 papers are kept as they were taken apart, so that checking a second answer about
    the same papers only embeds its sentences.
    """

    def __init__(
        self,
        encode_tokens: EncodeTokens,
        *,
        second: Entailment | None = None,
        weights: GateWeights | None = None,
    ) -> None:
        self._encode_tokens = encode_tokens
        self.second = second
        self._weights = weights or default_weights()
        self._odds_denied = float(np.log(self._weights.denied / (1 - self._weights.denied)))
        self._views: OrderedDict[str, PaperView] = OrderedDict()
        self._lock = threading.Lock()

    def check(self, claims: Sequence[Claim], papers: Sequence[Paper]) -> list[SentenceVerdict]:
        """Check the sentences of one answer.

        Args:
            claims: Those that make a claim (see `makes_claim`), in any order.
            papers: The papers that the answer was given; `Claim.cited` counts into them.

        Returns:
            One verdict per claim, in their order.

        Raises:
            IndexError: a claim cites an index that no paper has (use `Claim.unknown`).
            SettingsError: there is a second reader, and it can't be used.
        """
        readings = self.read(claims, papers)
        verdicts = [self._judge(reading) for reading in readings]
        return read_again(readings, verdicts, self.second) if self.second else verdicts

    def learn(self, papers: Sequence[Paper]) -> None:
        """Take papers apart that will be cited, so that checking has less to do."""
        for paper in papers:
            self._view(paper).prepare()

    def read(self, claims: Sequence[Claim], papers: Sequence[Paper]) -> list[Reading]:
        """Set each claim beside the papers, without judging it."""
        for index in (index for claim in claims for index in claim.cited):
            if not 0 <= index < len(papers):
                raise IndexError(f"A claim cites paper {index} of {len(papers)}.")
        views = [self._view(paper) for paper in papers]
        texts = [without_markers(claim.text).strip() for claim in claims]
        # Only those that are compared: this takes most of the time.
        cited = [text for text, claim in zip(texts, claims, strict=True) if claim.cited]
        encoded = dict(zip(cited, encode_apart(self._encode_tokens, cited), strict=True))
        tokens = [view.tokens() for view in views] if cited else []
        return [
            Reading.of(claim, Parts.of(text, encoded.get(text)), views, tokens)
            for claim, text in zip(claims, texts, strict=True)
        ]

    def _view(self, paper: Paper) -> PaperView:
        """Return a paper taken apart, remembered where it was met before."""
        key = paper.content_hash()
        with self._lock:
            if (known := self._views.get(key)) is not None:
                self._views.move_to_end(key)
                return known
        # Without the lock: two threads may read one paper, and none waits for another's.
        view = PaperView.of(paper, self._encode_tokens)
        with self._lock:
            self._views[key] = view
            while len(self._views) > _CACHED_PAPERS:
                self._views.popitem(last=False)
        return view

    def _judge(self, reading: Reading) -> SentenceVerdict:
        claim = reading.claim
        unknown = [f"it cites [{n}], which is not among the papers" for n in claim.unknown]
        if not claim.cited:
            status = Status.UNSUPPORTED if unknown else Status.UNCITED
            return SentenceVerdict(status=status, reasons=tuple(unknown or ["it cites nothing"]))
        evidence = _evidence(reading)
        if quotes_verbatim(reading):
            reasons = (*unknown, *self._idle(reading))
            return SentenceVerdict(
                status=Status.SUPPORTED, reasons=reasons, score=1.0, evidence=evidence
            )
        found = signals(reading)
        turned, denies = self._denial(reading)
        wrong = [*found.wrong]
        if turned is not None or denies >= self._odds_denied:
            wrong.append(_says_otherwise(turned))
        score, better = self._support(reading, denies)
        if not found.absent and not wrong:
            doubts = (*unknown, *found.doubts)
            return self._graded(reading, score, better, doubts, denies, evidence)
        failed = [*unknown, *found.absent, *wrong]
        # Where all that is wrong is that something isn't there, it may stand in another paper.
        other = None if wrong else self._holder(reading)
        if other is not None:
            failed.append(_better(reading, other))
        return SentenceVerdict(
            status=Status.UNSUPPORTED if other is None else Status.MISATTRIBUTED,
            reasons=tuple(failed),
            score=min(score, self._weights.weak / 2),
            evidence=evidence,
            better=other,
        )

    def _graded(
        self,
        reading: Reading,
        score: float,
        better: int | None,
        doubts: Sequence[str],
        denies: float,
        evidence: tuple[Evidence, ...],
    ) -> SentenceVerdict:
        """Turn the score into a status, and say why it is no better one."""
        opposite = denies > 0
        reasons = [*doubts]
        if opposite:
            reasons.append("what it cites may say the opposite: compare the direction")
        if score >= self._weights.weak:
            weak = bool(reasons) or score < self._weights.supported
            status = Status.WEAK if weak else Status.SUPPORTED
            if weak and not reasons:
                reasons.append(
                    _missing(reading, "what it cites says it in other words, or in part")
                )
            reasons += self._idle(reading)
        elif better is not None:
            status = Status.MISATTRIBUTED
            reasons.append(_better(reading, better))
        else:
            status = Status.UNSUPPORTED
            reasons.append(_missing(reading, "what it cites doesn't say this, or only in part"))
        return SentenceVerdict(
            status=status,
            reasons=tuple(reasons),
            score=score,
            evidence=evidence,
            better=better if status is Status.MISATTRIBUTED else None,
            by=RULES if doubts else MODELS,
        )

    def _holder(self, reading: Reading) -> int | None:
        """Return another paper that supports a claim, with all of its numbers and quotations."""
        if not reading.others:
            return None
        odds = {i: self._weights.holds.odds(reading.own([i])) for i in reading.others}
        best = max(odds, key=lambda index: odds[index])
        moved = replace(reading, claim=replace(reading.claim, cited=(best,)))
        if quotes_verbatim(moved):
            return best
        turned, denies = self._denial(moved)
        if signals(moved).firm or turned is not None or denies >= self._odds_denied:
            return None
        score, better = self._support(moved, denies)
        return best if score >= self._weights.weak and better is None else None

    def _support(self, reading: Reading, denies: float) -> tuple[float, int | None]:
        """Return how well the cited papers support a claim, and the paper that does better."""
        own, lead = reading.support()
        holds = self._weights.holds.odds(own)
        belongs = self._weights.belongs.odds(lead) if lead is not None else np.inf
        score = combined(holds, belongs, denies)
        if belongs >= min(holds, -denies):
            return score, None
        alone = {i: self._weights.holds.odds(reading.own([i])) for i in reading.others}
        best = max(alone, key=lambda index: alone[index])
        return score, best if alone[best] > holds else None

    def _denial(self, reading: Reading) -> tuple[str | None, float]:
        """Tell how surely what is cited says the opposite: one paper that agrees is enough.

        Returns:
            What the papers say in the place of a sign that was changed, or None, and the least of
            the log odds that they deny the claim.
        """
        turned: list[str | None] = []
        odds = []
        for index in reading.cited:
            turned.append(edited_sign(reading.parts.text, reading.best_sentence(index)))
            odds.append(self._weights.denies.odds(reading.signs(index)))
        return None if None in turned else turned[0], min(odds)

    def _idle(self, reading: Reading) -> list[str]:
        """Name the cited papers that add nothing to what the others support."""
        cited = reading.cited
        if len(cited) < 2:
            return []
        together, found = reading.own(cited), []
        for index in cited:
            rest = reading.own([other for other in cited if other != index])
            adds = float((together - rest)[OWN.index("words")])
            alone = self._weights.holds.odds(reading.own([index]))
            # One that says it all over again does add: a second witness.
            if adds < 0.1 and alone < self._weights.holds.odds(rest) - _WITNESS:
                title = reading.views[index].paper.title
                found.append(f'"{title}" is cited, but adds nothing to it')
        return found


def _missing(reading: Reading, lack: str) -> str:
    """Say what a claim lacks; of a short one, also the words that nothing cited holds."""
    held = np.logical_or.reduce([reading.beside[i].held.any(axis=0) for i in reading.cited])
    words = [word for word, found in zip(reading.parts.words, held, strict=True) if not found]
    missing = ", ".join(dict.fromkeys(word.text for word in words if word.weight >= 1))
    return f"{lack} (missing: {missing})" if missing and len(words) <= 6 else lack


def _better(reading: Reading, index: int) -> str:
    return f'"{reading.views[index].paper.title}" supports it better than what it cites'


def _says_otherwise(words: str | None) -> str:
    if words:
        return f'the cited abstract says otherwise ("{words}")'
    return "the cited abstract doesn't bear this out, or says the opposite"


def combined(holds: float, belongs: float, denies: float) -> float:
    """Join log odds: a sentence may fail in one way or another, so the odds against it add.

    Args:
        holds: That what it cites supports all of it.
        belongs: That no other paper supports it better.
        denies: That what it cites says the opposite.

    >>> round(combined(0.0, float("inf"), -float("inf")), 2), round(combined(0.0, 0.0, 0.0), 2)
    (0.5, 0.31)
    """
    against = np.exp(-holds) + _OTHERS_DO_BETTER * np.exp(-belongs) + np.exp(denies)
    return float(1 / (1 + against))


def _evidence(reading: Reading) -> tuple[Evidence, ...]:
    found = [
        Evidence(paper=index, start=span.start, end=span.end, score=round(score, 4))
        for index in reading.cited
        if reading.views[index].spans
        for score, row in reading.ranked(index)[:_MAX_EVIDENCE]
        for span in [reading.views[index].spans[row]]
    ]
    found.sort(key=lambda one: -one.score)
    return tuple(found[:_MAX_EVIDENCE])
