"""Questions in parts: two things compared, or two questions in one sentence.

Each side is looked for by itself, so that an answer can give both and say which is missing.
"""

from __future__ import annotations

import re
from typing import NamedTuple

from rag.questions.opening import OPENING
from rag.text.terms import terms

__all__ = ["Side", "sides_of"]

_END = r"\s*[?.!]*\s*$"
_IN = r"(?P<rest>(?: (?:in|at|on|for|when|with respect to|regarding|as regards|in terms of)\b.*?)?)"
_COMPARED = tuple(
    re.compile(pattern, re.IGNORECASE)
    for pattern in (
        (
            rf"{OPENING}(?:how|in what (?:way|respect)s?) (?:do|does|is|are|did) (?P<a>.+?) "
            rf"(?:differ(?:ent)?|distinct|distinguished)(?: \w+)? (?:from|to|than) "
            rf"(?P<b>.+?){_IN}{_END}"
        ),
        (
            rf"{OPENING}(?:what|which) (?:is|are|was|were) (?:the )?(?:\w+ )?(?:differences?"
            rf"|distinctions?|similarit(?:y|ies)|trade-?offs?) between (?P<a>.+?) and "
            rf"(?P<b>.+?){_IN}{_END}"
        ),
        rf"{OPENING}(?:the )?differences? between (?P<a>.+?) and (?P<b>.+?){_IN}{_END}",
        (
            rf"{OPENING}how (?:do|does|did) (?P<a>.+?) compare (?:with|to|against) "
            rf"(?P<b>.+?){_IN}{_END}"
        ),
        rf"{OPENING}how (?:do|does|did) (?P<a>.+?) and (?P<b>.+?) (?:compare|differ){_IN}{_END}",
        (
            rf"{OPENING}(?:(?:can|could|would) you (?:please )?)?(?:compare|contrast) (?P<a>.+?)"
            rf" (?:and|with|to|against) (?P<b>.+?){_IN}{_END}"
        ),
        (
            rf"{OPENING}(?P<a>[\w.-]+(?: [\w.-]+){{0,3}}) (?:vs\.?|versus) (?P<b>[\w.-]+(?:"
            rf" [\w.-]+){{0,3}}?)"
            rf"{_IN}{_END}"
        ),
    )
)
_ASKING = r"(?:what|how|why|which|who|when|where|do|does|did|is|are|was|were|can|could|has|have)"
_TWO = re.compile(
    rf"^(?P<a>{_ASKING}\b.{{8,}}?)(?:\?|,)? (?:and|but)(?: also)? (?P<b>{_ASKING}\b"
    rf" .{{4,}}?){_END}",
    re.IGNORECASE,
)
_TWO_SENTENCES = re.compile(
    rf"^(?P<a>{_ASKING}\b[^?]{{8,}}\?) (?:and |but )?(?P<b>{_ASKING}\b[^?]{{4,}}?\?)$",
    re.IGNORECASE,
)
_VAGUE = frozenset(
    "it its they them this that these those other others another earlier previous prior existing"
    " baseline baselines rest competitors before".split()
)
_PRONOUN = re.compile(r"\b(?:it|its|they|them|their|these|those|this|that)\b", re.IGNORECASE)


class Side(NamedTuple):
    """One part of a question.

    Attributes:
        name: What the part is about, to be put above its answer.
        question: The part as a question of its own.
        thing: What a paper must mention to speak of it; empty for half of a double question.
    """

    name: str
    question: str
    thing: str = ""


def sides_of(question: str) -> tuple[Side, ...]:
    """Divide a question into its parts; nothing where it has but one.

    >>> [side.name for side in sides_of("How does KaSA differ from LoRA?")]
    ['KaSA', 'LoRA']
    >>> [side.question for side in sides_of("What is KaSA, and how many tasks was it tried on?")]
    ['What is KaSA?', 'What is KaSA? How many tasks was it tried on?']
    >>> sides_of("How do bees dance?")
    ()
    """
    text = " ".join(question.split())
    for pattern in _COMPARED:
        if match := pattern.match(text):
            things = [_thing(match[side]) for side in ("a", "b")]
            if all(map(_is_thing, things)):
                rest = match["rest"]
                return tuple(Side(one, f"What is {one}{rest}?", one) for one in things)
            return ()
    for pattern in (_TWO_SENTENCES, _TWO):
        if match := pattern.match(text):
            first, second = (match[side].strip(" ?,") for side in ("a", "b"))
            if len(terms(first, grammar=False)) and len(terms(second, grammar=False)):
                second = second[:1].upper() + second[1:]
                whole = f"{second}?"
                if _PRONOUN.search(second):
                    whole = f"{first}? {whole}"
                return Side(f"{first}?", f"{first}?"), Side(f"{second}?", whole)
    return ()


def _thing(text: str) -> str:
    return re.sub(r"^(?:the|an?|using|training with) ", "", text.strip(" ,?"), flags=re.IGNORECASE)


def _is_thing(text: str) -> bool:
    words = text.lower().split()
    return 0 < len(words) <= 8 and words[0] not in _VAGUE and bool(terms(text, grammar=False))
