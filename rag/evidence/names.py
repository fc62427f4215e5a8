"""What a question is about: its subjects, those that are names, and whether a paper has them.

A question about a thing with a name (a model, a data set, a place) can be answered only by a text
that has the name. Names are told by how they are written: a capital or a digit behind the first
letter, a capital at the beginning of a word that doesn't begin the question, or digits.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from rag.text.terms import as_name, terms
from rag.text.words import ASKING, GRAMMAR

if TYPE_CHECKING:
    from collections.abc import Iterable

__all__ = ["either", "held_in", "names_in", "subjects"]

_WORD = re.compile(r"[^\W_](?:[\w'’.-]*\w)?")
_ACRONYM = re.compile(r"[A-Z]{2,6}s?")
_POSSESSIVE = re.compile(r"['’]s?$")
_JOINED = re.compile(r"[-–/]")
_LETTERS = re.compile(r"[^\W\d_]+")
# "Chinese or Korean", "BLEU, ROUGE or METEOR": a text that has one of them has what is asked for.
_EITHER = re.compile(
    r"(?<![\w’'.-])[\w’'.-]++(?:, (?!or )[\w’'.-]++){0,8},? or [\w’'.-]++", re.IGNORECASE
)
_CLAUSE = re.compile(r"[^\w\s'’–-]+")
# Between letters and digits: who writes "TLR-4" and who writes "TLR4" mean the same.
_LOOSE = re.compile(r"(?<=[^\W\d_])[-–/ ](?=\d)")
_CAPITAL = re.compile(r"(?<=[^\W_A-Z.?!:] )[A-Z][^\W\dA-Z_]+")
# Written with a capital wherever they stand, and no names.
_NO_NAME = frozenset({"I", "I'm", "I'd", "I've", "I'll", "A"})


def names_in(question: str) -> tuple[str, ...]:
    """Return the names in a question, each once.

    >>> names_in("Does Wav2Small beat BERT in French?")
    ('Wav2Small', 'BERT', 'French')
    """
    names: dict[str, None] = {}
    for match in _WORD.finditer(question):
        word = match[0]
        starts = not question[: match.start()].strip(" \"'“‘([").strip()
        inside = any(map(_marked, word[1:]))
        if word[0].isdigit() or inside or (word[0].isupper() and not starts):
            names[word] = None
    return tuple(name for name in names if name not in _NO_NAME)


def subjects(question: str) -> tuple[str, ...]:
    """Return the words of a question that say what it is about, each once.

    >>> subjects("How many bees are there in a hive?")
    ('bees', 'hive')
    """
    words = dict.fromkeys(match[0] for match in _WORD.finditer(question))
    return tuple(word for word in words if word.casefold() not in ASKING and len(word) > 1)


def either(question: str, held: set[str]) -> set[str]:
    """Add to the words that a text has those that the question gives as alternatives to them.

    >>> sorted(either("Are there corpora in Chinese or Korean?", {"Korean"}))
    ['Chinese', 'Korean']
    """
    found = set(held)
    for match in _EITHER.finditer(question):
        words = [word for word in _WORD.findall(match[0]) if word != "or"]
        if not held.isdisjoint(words):
            found.update(words)
    return found


def held_in(text: str, words: Iterable[str]) -> set[str]:
    """Return those of a question's words that a text has: as they are, or abbreviated by them.

    An abbreviation stands for words in a row, function words aside and within a clause: across
    an abstract the initials of three words make almost any three letters.

    >>> sorted(held_in("TLR-4 and hidden Markov models", ["TLR4", "HMMs", "models", "mice"]))
    ['HMMs', 'TLR4', 'models']
    """
    held = {*terms(text), *terms(_LOOSE.sub("", text))}
    # A name that the question writes in capitals may stand with one here: "BERT" and "Bert".
    held.update(term for word in _CAPITAL.findall(text) for term in terms(as_name(word)))
    initials = " ".join(map(_initials, _CLAUSE.split(text)))
    return {word for word in words if _holds(held, initials, word)}


def _initials(clause: str) -> str:
    words = (word.lower() for word in _LETTERS.findall(clause))
    return "".join(word[0] for word in words if word not in GRAMMAR)


def _holds(held: set[str], initials: str, word: str) -> bool:
    plain = _LOOSE.sub("", _POSSESSIVE.sub("", word))
    # Of "GPT-powered" the name is GPT.
    parts = [part for part in _JOINED.split(plain) if any(map(_marked, part))]
    if held.issuperset(term for part in parts or [plain] for term in terms(part)):
        return True
    return bool(_ACRONYM.fullmatch(plain)) and plain.rstrip("s").lower() in initials


def _marked(letter: str) -> bool:
    return letter.isupper() or letter.isdigit()
