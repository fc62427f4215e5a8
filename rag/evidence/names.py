"""What a question is about: its subjects, those that are names, and whether a paper has them.

A question about a thing with a name (a model, a data set, a place) can be answered only by a text
that has the name. Names are told by how they are written: a capital or a digit behind the first
letter, a capital at the beginning of a word that doesn't begin the question, or digits.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Sequence

__all__ = ["holds_name", "initials", "names_in", "subjects"]

_WORD = re.compile(r"[^\W_](?:[\w'’.-]*\w)?")
_ACRONYM = re.compile(r"[A-Z]{2,6}s?")
_POSSESSIVE = re.compile(r"['’]s?$")
_JOINED = re.compile(r"[-–/]")
_LETTERS = re.compile(r"[^\W\d_]+")
# What a question is made with, not what it is about.
_ASKING = frozenset(
    "a about above according across actually after all already also am among an and any anyone"
    " are as at be been before being best between both but by can could did do does done each else"
    " ever every exist find for from gave get give given gives go good had happen happens has have"
    " having help how if in instead into is it its kind know let like made main make makes many"
    " may me might more most much must my need new no not of off often on one only or other our"
    " out over paper papers per please possible published really recent recently reported reports"
    " result results same say says set should show shown shows since so some someone something"
    " still studies study such take takes tell than that the their them then there these they"
    " thing things this those through to two under up us use used uses using very was way ways we"
    " well were what when where whether which while who whom whose why will with within without"
    " work works would you your".split()
)
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
    return tuple(word for word in words if word.casefold() not in _ASKING and len(word) > 1)


def initials(text: str) -> str:
    """Return the first letters of the words of a text, in lower case: "of trees" gives "ot"."""
    return "".join(word[0] for word in _LETTERS.findall(text)).lower()


def holds_name(
    name: str, held: Collection[str], first_letters: str, terms: Callable[[str], Sequence[str]]
) -> bool:
    """Tell whether a text has a name: its words, or the words that it abbreviates.

    Args:
        name: As the question has it.
        held: The terms of the text.
        first_letters: The initials of the text.
        terms: Reduces a text to the terms by which words are compared.
    """
    plain = _POSSESSIVE.sub("", name)
    # Of "GPT-powered" the name is GPT.
    parts = [part for part in _JOINED.split(plain) if any(map(_marked, part))]
    wanted = [term for part in parts or [plain] for term in terms(part)]
    if all(term in held for term in wanted):
        return True
    return bool(_ACRONYM.fullmatch(plain)) and plain.rstrip("s").lower() in first_letters


def _marked(letter: str) -> bool:
    return letter.isupper() or letter.isdigit()
