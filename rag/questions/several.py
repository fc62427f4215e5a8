"""Questions that several papers answer: "Which papers ...", "How do people ...", "List all ..."."""

from __future__ import annotations

import re
from typing import Literal, TypeAlias

from rag.questions.opening import OPENING

__all__ = ["Order", "asks_for_papers", "order_of"]

Order: TypeAlias = Literal["fit", "newest", "oldest"]

_PAPERS = r"(?:papers|studies|articles|publications|preprints|works|surveys)"
_WAYS = (
    r"(?:approaches|methods|techniques|ways|strategies|algorithms|schemes|frameworks|solutions"
    r"|remedies|attempts|lines of work)"
)
_THINGS = r"(?:benchmarks|data ?sets|corpora|systems|models|architectures|resources|tools)"
_KINDS = rf"(?:{_PAPERS}|{_WAYS}|{_THINGS})"
_VERBS = (
    r"what|which|who|how|why|when|where|is|are|was|were|do|does|did|can|could|will|would|should|has"
    r"|have|had|may|might|must|of|in|on|to|for|by|with|from|and|or|the|this|that|compare|explain"
    r"|only|just|those|these|ones|them|but|it|i|we|you"
)
# Behind "which methods": what was done once, in one paper.
_ONCE = r"(?! (?:best|well|out|in practice|was|were|did|had|has|is)\b)"
_ADJECTIVES = r"(?:(?!(?:is|are|was|were|do|does|did|can|of|in|to)\b)[\w-]+ ){0,2}"
_SEVERAL = tuple(
    re.compile(pattern, re.IGNORECASE)
    for pattern in (
        # Which methods prune networks?  In what ways ...?  But: Which drug works best?
        (
            rf"{OPENING}(?:(?:in|by|with|through) )?(?:what|which) (?:are (?:the|some)"
            rf" )?{_ADJECTIVES}"
            rf"(?:{_PAPERS}|{_WAYS})\b{_ONCE}(?!.*\b(?:it|they|the authors|the paper|the study"
            r"|this (?:work|paper|study))\b)"
        ),
        rf"{OPENING}(?:what|which) {_ADJECTIVES}{_THINGS} (?:are there|exist|are available)\b",
        (
            rf"{OPENING}(?:how|why) (?:do|can|have|did|might|should) (?:people|researchers|authors"
            rf"|scientists|practitioners|others|(?:other |different |recent )?(?:{_PAPERS}"
            rf"|{_WAYS}))\b"
        ),
        (
            rf"{OPENING}(?:(?:can|could|would) you (?:please )?)?(?:list|name|find|show|enumerate"
            rf"|give|summari[sz]e|survey|review|collect)"
            r"(?: (?:me|us|all|every|any|some|the|other|more|of|known))*"
            rf" (?:(?!(?:{_VERBS})\b)[\w-]+ ){{0,4}}"
            rf"(?:{_KINDS}|research|work|literature)\b"
        ),
        (
            rf"{OPENING}(?:(?:can|could|would) you (?:please )?)?(?:give|write|show|provide)"
            r"(?: me| us)? (?:an? )?(?:\w+ )?(?:overview|survey|review|summary) (?:of|on|about)\b"
        ),
        # Graph networks without message passing
        (
            rf"{OPENING}(?:(?!(?:{_VERBS})\b)[\w-]+ ){{1,5}}(?:without|excluding|but (?:not|no))\b"
            r"(?!.*\?)"
        ),
        (
            rf"{OPENING}(?:(?:all|any|every|other|more|recent|new|newest|latest|oldest|some"
            rf"|the) )*"
            rf"{_PAPERS} (?:on|about|that|which|using|with|for|of|dealing|concerning)\b"
        ),
        # Preference optimisation methods that need no reference model
        (
            rf"{OPENING}(?:(?!(?:{_VERBS})\b)[\w-]+ ){{0,4}}(?:{_PAPERS}|{_WAYS}|{_THINGS})"
            r" (?:that|which|for|without|in|with)\b(?!.*\?)"
        ),
        rf"{OPENING}what(?:'s|’s| is) new (?:in|on|about|with)\b",
        rf"{OPENING}how many {_ADJECTIVES}{_PAPERS}\b(?!.* (?:was|were)\b)",
        (
            rf"{OPENING}(?:what|which) (?:other |recent |more |previous |further )?"
            rf"(?:research|work"
            r"|literature)\b(?! (?:best|out))"
        ),
        (
            rf"{OPENING}(?:is|are|was|were) there (?:any |other |more )*{_ADJECTIVES}"
            rf"(?:{_KINDS}|work"
            r"|research|literature)\b"
        ),
        rf"{OPENING}(?:do you have|have you got) (?:any )?{_ADJECTIVES}(?:{_KINDS}|work)\b",
        r"\bhas (?:anyone|anybody|there been)\b",
        rf"{OPENING}(?:an? )?(?:survey|overview|review) (?:of|on|about)\b",
        rf"{OPENING}(?:what|how much) (?:is|do we|has been) (?:known|know|published|written)\b",
        (
            rf"{OPENING}who (?:else |also )?(?:studies|uses|works on|lets|proposes|compares"
            r"|applies)\b"
        ),
        (
            rf"\b(?:what|which)\b.*\b(?:{_KINDS}|attempts) .*\b(?:exist|have been (?:proposed|tried"
            r"|suggested|studied))\b"
        ),
    )
)
_NEW = re.compile(rf"{OPENING}what(?:'s|’s| is) new\b", re.IGNORECASE)
_NEWEST = re.compile(r"\b(?:newest|latest|most recent|last|recent)\b", re.IGNORECASE)
_OLDEST = re.compile(r"\b(?:oldest|earliest|first ever|very first)\b", re.IGNORECASE)
_PAPER = re.compile(rf"\b(?:paper|study|article|{_PAPERS})\b", re.IGNORECASE)


def asks_for_papers(question: str) -> bool:
    """Tell whether a question is answered by all papers that fit rather than by one fact.

    >>> asks_for_papers("Which methods count bees?"), asks_for_papers("Which method wins?")
    (True, False)
    >>> asks_for_papers("How do people count bees?"), asks_for_papers("How does HiveNet count?")
    (True, False)
    """
    return any(pattern.search(question.strip()) for pattern in _SEVERAL)


def order_of(question: str) -> Order:
    """Tell in which order papers are asked for.

    >>> order_of("What are the latest papers on bees?"), order_of("Which papers count bees?")
    ('newest', 'fit')
    """
    if _NEW.match(question.strip()):
        return "newest"
    if _PAPER.search(question):
        if _OLDEST.search(question):
            return "oldest"
        if _NEWEST.search(question):
            return "newest"
    return "fit"
