"""The gate: check each sentence of an answer against the abstracts that it cites.

Deterministic and local; no language model is asked. Signals of different kinds are read apart
(docs/verification.md): what is taken over word for word is right; what states a number or a quote
that isn't there, denies what the abstract affirms, or is stitched from pieces, is not, however
many words it shares; and for the rest two small fitted models tell how well the cited papers
support the sentence, and whether another paper does better.
"""

from __future__ import annotations

import re
import threading
from collections import OrderedDict
from dataclasses import dataclass
from enum import StrEnum
from itertools import chain
from typing import TYPE_CHECKING

import numpy as np

from rag.retrieval.sentence_vectors import SentenceVectors
from rag.verification.claims import OWN, Parts
from rag.verification.gate_weights import GateWeights, default_weights
from rag.verification.paper_view import PaperView
from rag.verification.polarity import edited_sign
from rag.verification.quantities import (
    changed_quantity,
    find_quotes,
    holds_phrase,
    missing_quantities,
    without_markers,
)
from rag.verification.reading import Claim, Reading
from rag.verification.wording import broken_off, is_stitched, is_verbatim

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from numpy.typing import NDArray

    from rag.papers import Paper

__all__ = ["Claim", "Evidence", "SentenceVerdict", "Status", "Verifier", "makes_claim"]


class Status(StrEnum):
    """What checking a sentence gave."""

    SUPPORTED = "supported"
    WEAK = "weak"
    UNSUPPORTED = "unsupported"
    MISATTRIBUTED = "misattributed"
    UNCITED = "uncited"


@dataclass(frozen=True, slots=True, kw_only=True)
class Evidence:
    """The words that support a sentence: `papers[paper].abstract[start:end]`.

    Attributes:
        paper: Index into the papers given.
        start: Offset of the first character in the abstract.
        end: Offset behind the last one.
        score: How well they support it, 0 to 1.
    """

    paper: int
    start: int
    end: int
    score: float


@dataclass(frozen=True, slots=True, kw_only=True)
class SentenceVerdict:
    """What checking a sentence gave, and why.

    Attributes:
        status: The outcome.
        reasons: What a reader should know, in short sentences; empty when all is well.
        score: How sure the gate is that the sentence is supported, 0 to 1.
        evidence: The words that support it best, the best first.
        better: Index of the paper that supports it better, when it is misattributed.
    """

    status: Status
    reasons: tuple[str, ...] = ()
    score: float = 0.0
    evidence: tuple[Evidence, ...] = ()
    better: int | None = None


_INTERJECTION = re.compile(
    r"^(?:hi|hello|hey|sure|certainly|of course|absolutely|thanks|thank you|great question)"
    r"(?: there| you| for asking)?\s*[,.!:]\s*",
    re.IGNORECASE,
)
_LEAD_IN = re.compile(
    r"^(?:here (?:is|are)|here's|below (?:is|are)|let me know|i hope|feel free|please (?:note|let)"
    r"|(?:sources?|references?|note|summary|in summary|in short|conclusion)\s*(?::|$))",
    re.IGNORECASE,
)
_HEADING = re.compile(r"^\s*(?:#{1,6}\s|\*\*[^*]+\*\*:?\s*$)")
_ABOUT_THE_ANSWER = re.compile(
    r"\b(?:the (?:papers?|sources?|abstracts?|excerpts?|evidence|context)(?: given| provided| cited"
    r"| above| here)? (?:do|does|did)(?: not|n't) (?:say|state|mention|report|discuss|address|cover"
    r"|answer|contain|provide|specify)|i (?:can(?:not|'t)|could not|couldn't|do not|don't)"
    r" (?:find|answer|know)|cannot be answered|not enough information)\b",
    re.IGNORECASE,
)


def makes_claim(text: str) -> bool:
    """Tell whether a sentence states something that would need a citation.

    Greetings, headings, questions back, announcements that end in a colon, and sentences about
    the answer itself ("the papers don't say") state nothing about what the papers are about.

    >>> makes_claim("Dropout lowers the error."), makes_claim("Here is what the papers say:")
    (True, False)
    """
    plain = _INTERJECTION.sub("", without_markers(text).strip())
    words = re.findall(r"[^\W\d_]{2,}", plain)
    if len(words) < 3 or _HEADING.match(plain) or plain.endswith(("?", ":")):
        return False
    return not (_LEAD_IN.match(plain) or _ABOUT_THE_ANSWER.search(plain))


_MAX_EVIDENCE = 3
_WITNESS = 2.0  # how far the log odds of a paper that adds support may lie behind the others'
_CACHED_PAPERS = 512


class Verifier:
    """Checks the sentences of answers. Threads may share it.

    Args:
        encode: Turns texts into unit rows, shape (texts, dimension). The weights were fitted with
            all-MiniLM-L6-v2; another encoder works, less well calibrated.
        sentences: The same for the sentences of papers, whose vectors are worth remembering; one
            of its own when left out.
        weights: The fitted numbers; those of the package when left out.

    The last 512 papers are kept as they were taken apart, so that checking a second answer about
    the same papers only embeds its sentences.
    """

    def __init__(
        self,
        encode: Callable[[Sequence[str]], NDArray[np.float32]],
        *,
        sentences: SentenceVectors | None = None,
        weights: GateWeights | None = None,
    ) -> None:
        self._encode = encode
        self._sentences = sentences or SentenceVectors(encode)
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
        """
        return [self._judge(reading) for reading in self.read(claims, papers)]

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
        parts = [Parts.of(without_markers(claim.text).strip()) for claim in claims]
        # In one call, and only of those that are compared: this takes most of the time.
        pieces = [part.pieces for part, claim in zip(parts, claims, strict=True) if claim.cited]
        unique = list(dict.fromkeys(chain.from_iterable(pieces)))
        rows = dict(zip(unique, self._encode(unique), strict=True)) if unique else {}
        for part, claim in zip(parts, claims, strict=True):
            if claim.cited:
                part.vectors = np.stack([rows[piece] for piece in part.pieces])
        return [Reading.of(claim, one, views) for claim, one in zip(claims, parts, strict=True)]

    def _view(self, paper: Paper) -> PaperView:
        """Return a paper taken apart, remembered where it was met before."""
        key = paper.content_hash()
        with self._lock:
            if (known := self._views.get(key)) is not None:
                self._views.move_to_end(key)
                return known
        # Without the lock: two threads may read one paper, and none waits for another's.
        spans, texts = PaperView.texts(paper)
        view = PaperView(paper, spans, self._sentences(texts))
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
        firm, doubts = signals(reading)
        turned, denies = self._denial(reading)
        if turned is not None or denies >= self._odds_denied:
            firm.append(_says_otherwise(turned))
        elif denies > 0:
            doubts.append("what it cites may say the opposite: compare the direction")
        score, better = self._support(reading, denies)
        if firm:
            return SentenceVerdict(
                status=Status.UNSUPPORTED,
                reasons=(*unknown, *firm),
                score=min(score, self._weights.weak / 2),
                evidence=evidence,
            )
        return self._graded(reading, score, better, [*unknown, *doubts], evidence)

    def _graded(
        self,
        reading: Reading,
        score: float,
        better: int | None,
        reasons: Sequence[str],
        evidence: tuple[Evidence, ...],
    ) -> SentenceVerdict:
        """Turn the score into a status."""
        status, more = Status.WEAK, self._idle(reading)
        if score >= self._weights.supported and not reasons:
            status = Status.SUPPORTED
        elif score < self._weights.weak and better is not None:
            title = reading.views[better].paper.title
            status, more = (
                Status.MISATTRIBUTED,
                [f'"{title}" supports it better than what it cites'],
            )
        elif score < self._weights.weak:
            status, more = Status.UNSUPPORTED, [_short_reason(reading)]
        return SentenceVerdict(
            status=status,
            reasons=(*reasons, *more),
            score=score,
            evidence=evidence,
            better=better if status is Status.MISATTRIBUTED else None,
        )

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


def _short_reason(reading: Reading) -> str:
    """Say what is missing: the words that nothing cited holds, or that the whole isn't there."""
    held = np.logical_or.reduce([reading.beside[i].held.any(axis=0) for i in reading.cited])
    words = [word for word, found in zip(reading.parts.words, held, strict=True) if not found]
    missing = ", ".join(dict.fromkeys(word.text for word in words if word.weight >= 1))
    return "what it cites doesn't say this, or only in part" + (
        f" (missing: {missing})" if missing and len(words) <= 6 else ""
    )


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
    (0.5, 0.25)
    """
    return float(1 / (1 + np.exp(-holds) + np.exp(-belongs) + np.exp(denies)))


def quotes_verbatim(reading: Reading) -> bool:
    """Tell whether a claim stands word for word in an abstract that it cites."""
    words = reading.parts.plain
    return any(is_verbatim(words, reading.views[index].plain) for index in reading.cited)


def signals(reading: Reading) -> tuple[list[str], list[str]]:
    """Return what rules support out whatever the overlap, and what only casts doubt."""
    text = reading.parts.text
    papers = [reading.views[index].paper for index in reading.cited]
    sources = [f"{paper.title}\n{paper.abstract}" for paper in papers]
    years = [int(y) for p in papers for y in re.findall(r"\b\d{4}\b", f"{p.year} {p.date}")]
    missing, counted = missing_quantities(text, sources, years=years)
    firm = [f"the number {quantity.text} is not in what it cites" for quantity in missing]
    doubts = [f'what it cites doesn\'t state the number "{quantity.text}"' for quantity in counted]
    if not missing and len(reading.cited) == 1:
        number = changed_quantity(text, reading.best_sentence(reading.cited[0]))
        firm += [f"the cited abstract states another number than {number}"] if number else []
    firm += [
        f'the quoted words "{phrase}" are not in what it cites'
        for phrase in find_quotes(text)
        if not any(holds_phrase(source, phrase) for source in sources)
    ]
    if words := broken_off(text):
        firm.append(f'the sentence breaks off at "{words}"')
    elif is_stitched(text, [s for i in reading.cited for s in reading.views[i].runs_by_sentence]):
        firm.append("it joins pieces of different sentences of what it cites")
    return firm, doubts


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
