"""The evidence that a model is given: numbered papers, fitted to a budget of tokens.

Every paper stands in a block of its own, with what is known of it apart from its abstract. Nothing
that a paper says can end its block, begin another, pass for one of our citations, for the sign
that the papers don't answer, or for the markup by which models tell who is speaking.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from rag.llm.budget import estimate_tokens
from rag.llm.guard import quarantine
from rag.text.sentences import Span, sentence_spans

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rag.evidence.ranker import Evidence
    from rag.papers import Paper

__all__ = ["Context", "build_context"]

_PER_PAPER = 1_500  # tokens: several times an abstract, so that no paper crowds out the others
_LEAST = 60  # tokens: less than this says nothing of a paper
_GAP = " […] "


@dataclass(frozen=True, slots=True, kw_only=True)
class Context:
    """The evidence of one request.

    Attributes:
        text: The numbered blocks.
        papers: The papers in them; block `n` is `papers[n - 1]`.
        shortened: Those of them of which only the most relevant sentences fitted.
        left_out: Papers that didn't fit at all.
        tokens: How long the text is, about.
    """

    text: str
    papers: tuple[Paper, ...]
    shortened: tuple[Paper, ...]
    left_out: tuple[Paper, ...]
    tokens: int

    def notes(self) -> tuple[str, ...]:
        """Say what a reader should know of what didn't fit."""
        notes = []
        if self.shortened:
            notes.append(f"Shortened to fit the model: {_titles(self.shortened)}.")
        if self.left_out:
            notes.append(f"Left out, no room for the model to read: {_titles(self.left_out)}.")
        return tuple(notes)


def build_context(papers: Sequence[Paper], evidence: Sequence[Evidence], *, budget: int) -> Context:
    """Lay out papers for a model, most relevant first, as many as fit.

    Args:
        papers: Most relevant first.
        evidence: Their sentences, best first; they decide what is kept of a paper that must be
            shortened. `paper` indexes `papers`.
        budget: How many tokens there is room for.
    """
    blocks: list[str] = []
    kept: list[Paper] = []
    shortened: list[Paper] = []
    left_out: list[Paper] = []
    room = budget
    for index, paper in enumerate(papers):
        ranked = [Span(one.start, one.end) for one in evidence if one.paper == index]
        head, tail = _frame(paper, len(kept) + 1)
        space = min(room, _PER_PAPER) - estimate_tokens(head + tail)
        whole = quarantine(paper.abstract)
        body = whole if estimate_tokens(whole) <= space else _shorten(paper, ranked, space)
        if not body:
            left_out.append(paper)
            continue
        if body is not whole:
            shortened.append(paper)
        kept.append(paper)
        blocks.append(head + body + tail)
        room -= estimate_tokens(blocks[-1])
    text = "\n\n".join(blocks)
    return Context(
        text=text,
        papers=tuple(kept),
        shortened=tuple(shortened),
        left_out=tuple(left_out),
        tokens=estimate_tokens(text),
    )


def _frame(paper: Paper, number: int) -> tuple[str, str]:
    facts = {
        "title": paper.heading,
        "authors": paper.credits if paper.authors else "",
        "date": paper.when,
        "venue": paper.venue or "",
    }
    lines = [f"{name}: {quarantine(value)[:400]}" for name, value in facts.items() if value]
    head = "\n".join([f'<paper n="{number}">', "<facts>", *lines, "</facts>", "<abstract>", ""])
    return head, "\n</abstract>\n</paper>"


def _shorten(paper: Paper, ranked: Sequence[Span], space: int) -> str:
    """Keep the most relevant sentences that fit, in the order of the abstract."""
    if space < _LEAST:
        return ""
    chosen: dict[Span, str] = {}
    room = space
    for span in [*ranked, *sentence_spans(paper.abstract)]:
        if span in chosen:
            continue
        sentence = quarantine(paper.abstract[span.start : span.end])
        cost = estimate_tokens(sentence + _GAP)
        if cost <= room:
            chosen[span] = sentence
            room -= cost
    if chosen:
        return _GAP.join(chosen[span] for span in sorted(chosen))
    # One endless sentence: its beginning is better than nothing.
    best = ranked[0] if ranked else Span(0, len(paper.abstract))
    start = quarantine(paper.abstract[best.start : best.start + 4 * space])
    while start and estimate_tokens(start + _GAP) > space:
        start = start[: len(start) * 3 // 4]
    return start + _GAP.rstrip()


def _titles(papers: Sequence[Paper]) -> str:
    return "; ".join(f"“{paper.heading or paper.id}”" for paper in papers)
