"""The verifier: check each sentence of an answer against the abstracts that it cites.

Local; no language model is asked. Rules settle what can be proven: a sentence that is copied is
supported; one with a number, a quotation or a direction that what it cites doesn't have is not.
For the rest a small cross-encoder (`rag.models.reader`) reads the sentence beside the nearest
sentences of each cited paper, and beside those of all of them together, since one sentence may
join what two papers say. What it believes is shown as support or as a doubt, never as proof.
"""

from __future__ import annotations

import threading
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from cachetools import LRUCache

from rag.models.passages import JOINT_TOKENS
from rag.text.citations import without_markers
from rag.text.language import is_checkable
from rag.verification.claims import is_bare
from rag.verification.paper_view import PaperView
from rag.verification.rules import Findings, apply_rules, is_copied
from rag.verification.verdicts import RULES, Evidence, SentenceVerdict, Status

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    import numpy as np
    from numpy.typing import NDArray

    from rag.models.judging import Judgement, Reader
    from rag.papers import Paper

    Encode = Callable[[Sequence[str]], NDArray[np.float32]]
    CountTokens = Callable[[str], int]

__all__ = ["Claim", "Evidence", "SentenceVerdict", "Status", "Verifier"]

# Chosen on sentences held out of the fit (docs/verification.md): at the first, few false sentences
# are shown as supported; below the second, few true ones are doubted.
SUPPORTED = 0.75
DOUBTFUL = 0.25
_PROVEN = 0.1  # the most that a sentence scores which rules have shown to be wrong
_CONTRADICTED = 0.5  # from here on the doubt says that the abstract may say otherwise
_SPAN = 0.5  # from here on a word counts as not supported
_ELSEWHERE = 2  # other papers that are asked whether they support a doubtful sentence
_IDLE = (
    0.15  # a paper cited beside one that supports the sentence, with less than this, adds nothing
)
_MAX_EVIDENCE = 3
_LEAST_TOKENS = 60  # word pieces of each of several cited papers
_REMEMBERED = 512  # papers


@dataclass(frozen=True, slots=True, kw_only=True)
class Claim:
    """A sentence of an answer that states something.

    Attributes:
        text: The sentence; citation markers in it are ignored.
        cited: The papers that it cites, as indices into those given.
        unknown: The numbers it cites that no paper has.
    """

    text: str
    cited: tuple[int, ...] = ()
    unknown: tuple[int, ...] = ()


@dataclass
class _Case:
    """A claim on its way to a verdict."""

    claim: Claim
    text: str
    vector: NDArray[np.float32]
    evidence: tuple[Evidence, ...] = ()
    findings: Findings = field(default_factory=Findings)
    alone: dict[int, Judgement] = field(default_factory=dict)
    joint: Judgement | None = None
    elsewhere: dict[int, Judgement] = field(default_factory=dict)

    @property
    def best(self) -> Judgement:
        """What the evidence that supports it best says."""
        found = [*self.alone.values(), *([self.joint] if self.joint else [])]
        return max(found, key=lambda one: one.supports)


class Verifier:
    """Checks the sentences of answers. Threads may share it.

    Args:
        encode: Embeds texts as unit vectors, by which the nearest sentences are found.
        count_tokens: Counts the word pieces of a text.
        reader: Judges a sentence beside evidence.

    The last 512 papers are kept as they were taken apart, so that checking a second answer about
    the same papers only encodes its sentences.
    """

    def __init__(self, encode: Encode, count_tokens: CountTokens, reader: Reader) -> None:
        self._encode = encode
        self._count_tokens = count_tokens
        self.reader = reader
        self._views: LRUCache[str, PaperView] = LRUCache(_REMEMBERED)
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
            RagError: the reader can't be had or used.
        """
        for index in (index for claim in claims for index in claim.cited):
            if not 0 <= index < len(papers):
                raise IndexError(f"A claim cites paper {index} of {len(papers)}.")
        views = [self._view(paper) for paper in papers]
        verdicts: list[SentenceVerdict | None] = [
            self._without_reader(one, views) for one in claims
        ]
        open_places = [place for place, verdict in enumerate(verdicts) if verdict is None]
        cases = self._cases([claims[place] for place in open_places], views)
        self._judge(cases, views)
        for place, case in zip(open_places, cases, strict=True):
            verdicts[place] = self._verdict(case, views)
        return [verdict for verdict in verdicts if verdict is not None]

    def learn(self, papers: Sequence[Paper]) -> None:
        """Take papers apart that will be cited, so that checking has less to do."""
        for paper in papers:
            self._view(paper)

    def _view(self, paper: Paper) -> PaperView:
        """Return a paper taken apart, remembered where it was met before."""
        key = paper.content_hash()
        with self._lock:
            if (known := self._views.get(key)) is not None:
                return known
        # Without the lock: two threads may read one paper, and none waits for another's.
        view = PaperView.of(paper, self._encode, self._count_tokens)
        with self._lock:
            self._views[key] = view
        return view

    def _without_reader(self, claim: Claim, views: Sequence[PaperView]) -> SentenceVerdict | None:
        """Judge what needs no model: nothing cited, nothing that exists, copied, not English."""
        unknown = tuple(f"it cites [{n}], which is not among the papers" for n in claim.unknown)
        if unknown:
            return SentenceVerdict(status=Status.UNSUPPORTED, reasons=unknown)
        if not claim.cited:
            return _uncited(claim, views)
        cited = [views[index] for index in claim.cited]
        text = without_markers(claim.text).strip()
        if is_copied(text, cited):
            evidence = tuple(_copied_from(text, claim.cited, views))
            return SentenceVerdict(status=Status.SUPPORTED, score=1.0, evidence=evidence)
        if reason := _beyond_checking(text, cited):
            return SentenceVerdict(status=Status.UNCHECKED, reasons=(reason,), score=0.5)
        return None

    def _cases(self, claims: Sequence[Claim], views: Sequence[PaperView]) -> list[_Case]:
        if not claims:
            return []
        texts = [without_markers(claim.text).strip() for claim in claims]
        vectors = self._encode(texts)
        cases = []
        for claim, text, vector in zip(claims, texts, vectors, strict=True):
            evidence, nearest = _nearest(text, vector, claim.cited, views)
            findings = apply_rules(text, [views[index] for index in claim.cited], nearest)
            cases.append(_Case(claim, text, vector, evidence, findings))
        return cases

    def _judge(self, cases: Sequence[_Case], views: Sequence[PaperView]) -> None:
        """Have the reader judge each claim beside what it cites, then doubtful ones elsewhere."""
        jobs: list[tuple[_Case, int | None]] = []
        for case in cases:
            jobs += [(case, index) for index in case.claim.cited]
            jobs += [(case, None)] if len(case.claim.cited) > 1 else []
        pairs = [
            (case.text, _joint(case, views) if index is None else _alone(case, views[index]))
            for case, index in jobs
        ]
        for (case, index), judgement in zip(jobs, self.reader.judge(pairs), strict=True):
            if index is None:
                case.joint = judgement
            else:
                case.alone[index] = judgement
        others = [
            (case, index)
            for case in cases
            if (case.best.supports < SUPPORTED and not case.findings.changed)
            or case.findings.absent
            for index in _others(case, views)
        ]
        pairs = [(case.text, _alone(case, views[index])) for case, index in others]
        for (case, index), judgement in zip(others, self.reader.judge(pairs), strict=True):
            case.elsewhere[index] = judgement

    def _verdict(self, case: _Case, views: Sequence[PaperView]) -> SentenceVerdict:
        best, findings = case.best, case.findings
        better = self._holder(case, views)
        spans = tuple(sorted({*findings.spans, *_doubted(best)}))
        if findings.proven:
            moved = better is not None and not findings.changed
            reasons = [*findings.proven, *([_better(views, better)] if moved else [])]
            return SentenceVerdict(
                status=Status.MISATTRIBUTED if moved else Status.UNSUPPORTED,
                reasons=tuple(reasons),
                score=min(best.supports, _PROVEN),
                evidence=case.evidence,
                better=better if moved else None,
                by=RULES,
                spans=findings.spans or spans,
            )
        score, by = best.supports, self.reader.name
        reasons = list(findings.doubts)
        if score >= SUPPORTED:
            status = Status.WEAK if reasons else Status.SUPPORTED
            reasons += _idle(case, views)
        elif better is not None:
            status = Status.MISATTRIBUTED
            reasons.append(_better(views, better))
        elif score >= DOUBTFUL:
            status = Status.WEAK
            reasons.append("what it cites says it in other words, or in part: compare")
        else:
            status = Status.DOUBTFUL
            against = max(one.contradicts for one in case.alone.values()) >= _CONTRADICTED
            reasons.append(
                "what it cites may say otherwise: compare"
                if against
                else "no support was found for it in what it cites: compare"
            )
        return SentenceVerdict(
            status=status,
            reasons=tuple(reasons),
            score=score,
            evidence=case.evidence,
            better=better if status is Status.MISATTRIBUTED else None,
            by=by,
            spans=() if status is Status.SUPPORTED else spans,
        )

    def _holder(self, case: _Case, views: Sequence[PaperView]) -> int | None:
        """Return another paper that supports a claim, with all of its numbers and quotations."""
        ranked = sorted(case.elsewhere.items(), key=lambda one: -one[1].supports)
        for index, judgement in ranked:
            if judgement.supports < max(SUPPORTED, 2 * case.best.supports):
                return None
            _, nearest = _nearest(case.text, case.vector, [index], views)
            if not apply_rules(case.text, [views[index]], nearest).proven:
                return index
        return None


def _uncited(claim: Claim, views: Sequence[PaperView]) -> SentenceVerdict:
    """Judge a sentence without a citation; where one of the papers has its words, name that."""
    text = without_markers(claim.text).strip()
    holder = next((index for index, view in enumerate(views) if is_copied(text, [view])), None)
    reasons = ["it cites nothing"]
    if holder is not None:
        reasons.append(f'its words stand in "{views[holder].paper.title}"')
    return SentenceVerdict(status=Status.UNCITED, reasons=tuple(reasons))


def _beyond_checking(text: str, cited: Sequence[PaperView]) -> str:
    """Say why a sentence can't be compared with what it cites; empty where it can."""
    if not any(view.spans for view in cited):
        return "what it cites has no abstract that it could be checked against"
    if is_bare(text):
        return "it says too little by itself to be compared with an abstract"
    foreign = ""
    if not is_checkable(text):
        foreign = "the sentence"
    elif not all(is_checkable(view.paper.abstract) for view in cited):
        foreign = "the cited abstract"
    return f"{foreign} is not in English, which is all that can be checked here" if foreign else ""


def _alone(case: _Case, view: PaperView) -> str:
    return view.passages.choose(case.text, case.vector)[0]


def _joint(case: _Case, views: Sequence[PaperView]) -> str:
    """Return evidence from all cited papers, each with an equal share of the room."""
    share = max(_LEAST_TOKENS, JOINT_TOKENS // len(case.claim.cited))
    chosen = (
        views[index].passages.choose(case.text, case.vector, budget=share)[0]
        for index in case.claim.cited
    )
    return " ".join(chosen)


def _others(case: _Case, views: Sequence[PaperView]) -> list[int]:
    """Return the papers beyond those cited that come nearest to a claim."""
    near = {
        index: float(view.passages.nearness(case.text, case.vector).max(initial=-1.0))
        for index, view in enumerate(views)
        if index not in case.claim.cited
    }
    return sorted(near, key=lambda index: -near[index])[:_ELSEWHERE]


def _nearest(
    text: str, vector: NDArray[np.float32], cited: Sequence[int], views: Sequence[PaperView]
) -> tuple[tuple[Evidence, ...], str]:
    """Return the sentences of cited papers nearest to a claim, best first, and the first's text."""
    found = [
        (float(score), index, row)
        for index in cited
        for row, score in enumerate(views[index].passages.nearness(text, vector))
    ]
    found.sort(key=lambda one: (-one[0], one[1], one[2]))
    evidence = tuple(
        Evidence(
            paper=index,
            start=views[index].spans[row].start,
            end=views[index].spans[row].end,
            score=round(min(1.0, max(0.0, score / 1.5)), 4),
        )
        for score, index, row in found[:_MAX_EVIDENCE]
    )
    nearest = views[found[0][1]].passages.sentences[found[0][2]] if found else ""
    return evidence, nearest


def _copied_from(text: str, cited: Sequence[int], views: Sequence[PaperView]) -> list[Evidence]:
    """Return the sentences that hold a copied text, in the papers that have it."""
    found = []
    for index in cited:
        view = views[index]
        if not is_copied(text, [view]):
            continue
        wanted = set(text.casefold().split())
        best = max(
            view.spans,
            key=lambda span: len(
                wanted & set(view.paper.abstract[span.start : span.end].casefold().split())
            ),
        )
        found.append(Evidence(paper=index, start=best.start, end=best.end, score=1.0))
    return found


def _doubted(judgement: Judgement) -> list[tuple[int, int]]:
    """Join neighbouring words that the evidence leaves unsupported."""
    spans: list[tuple[int, int]] = []
    for start, end, chance in judgement.doubts:
        if chance < _SPAN:
            continue
        if spans and start - spans[-1][1] <= 1:
            spans[-1] = (spans[-1][0], end)
        else:
            spans.append((start, end))
    return spans


def _idle(case: _Case, views: Sequence[PaperView]) -> list[str]:
    """Name the cited papers that add nothing where another supports the claim alone."""
    if max(one.supports for one in case.alone.values()) < SUPPORTED:
        return []
    return [
        f'"{views[index].paper.title}" is cited, but adds nothing to it'
        for index, one in case.alone.items()
        if one.supports < _IDLE
    ]


def _better(views: Sequence[PaperView], index: int | None) -> str:
    title = views[index].paper.title if index is not None else ""
    return f'"{title}" supports it better than what it cites'
