"""Questions about nothing but a name: "What is SCoRe?"."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from rag.evidence.names import held_in, names_in, subjects

if TYPE_CHECKING:
    from collections.abc import Callable

    from rag.answers.prepare import Prepared
    from rag.papers import Paper

__all__ = ["OF_A_NAME", "among", "holds", "only_names", "sure_of_names"]

_MENTIONS = frozenset("mention mentions mentioned mentioning discuss discusses".split())
OF_A_NAME = 0.6  # confidence where a name is all that is asked about, and is found


def sure_of_names(prepared: Prepared) -> Prepared:
    """Keep to the papers that have the name, where a question is about nothing else.

    How near such a question comes to the papers in meaning says nothing: the encoder has never seen
    an invented name, and what it takes the name for may be an everyday word.
    """
    names = only_names(prepared.question)
    if not names:
        return prepared
    kept = among(prepared, lambda paper: holds(paper, names))
    if not kept.evidence:
        return prepared
    return replace(kept, confidence=max(prepared.confidence, OF_A_NAME))


def only_names(question: str) -> set[str]:
    """Return the names in a question that is about nothing else; none where it is."""
    names = set(names_in(question))
    return names if names == set(subjects(question)) - _MENTIONS else set()


def holds(paper: Paper, names: set[str]) -> bool:
    """Tell whether a paper has all of some names."""
    return held_in(f"{paper.title}\n{paper.abstract}", names) == names


def among(prepared: Prepared, wanted: Callable[[Paper], bool]) -> Prepared:
    """Keep the papers of a kind, and their sentences."""
    kept = [place for place, hit in enumerate(prepared.hits) if wanted(hit.paper)]
    places = {old: new for new, old in enumerate(kept)}
    return replace(
        prepared,
        hits=tuple(prepared.hits[place] for place in kept),
        evidence=tuple(
            replace(one, paper=places[one.paper])
            for one in prepared.evidence
            if one.paper in places
        ),
    )
