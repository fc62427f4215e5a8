"""Lists of words that say little, and the words of texts: one spelling, stems, edits."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from difflib import SequenceMatcher
from functools import lru_cache
from itertools import pairwise
from typing import TYPE_CHECKING

from rag.text.spelling import SINGULARS

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = [
    "ASKING",
    "GRAMMAR",
    "RELATING",
    "RUN",
    "Word",
    "content_words",
    "edits",
    "initials_of",
    "is_acronym",
    "joined_words",
    "normalise",
    "runs_of",
    "stem",
    "tokens_of",
]

RUN = 4  # words in a row that are taken for copied when another text holds them too

# Function words, as they stand in a text: what is left of a sentence without them is its content.
GRAMMAR = frozenset(
    "a an the and or but nor so yet of to in on at by for from with without into onto over under"
    " between among through during via per as is are was were be been being am do does did done"
    " has have had having can could may might must shall should will would this that these those"
    " it its they their them we our us you your he she his her i me my who whom whose which what"
    " when where why how if then than there here also such both each every any some all most more"
    " least less many much few other another same own only just even still very too not no none"
    " neither never s t d m ll re ve about against across along after before above below up down"
    " out off again further once because while although though however thus therefore hence"
    " whether either one ones upon within toward towards like unlike e g etc et al vs".split()
)

# What a question is made with, not what it is about.
ASKING = GRAMMAR | frozenset(
    "according actually already anyone best else ever exist find gave get give given gives go good"
    " happen happens help instead kind know let made main make makes need new often paper papers"
    " please possible published really recent recently reported reports result results say says"
    " set show shown shows since someone something studies study take takes tell thing things two"
    " use used uses using way ways well work works".split()
)

# The furniture of abstracts: every paper may say so.
_COMMON = frozenset(
    "paper papers work works study studies research authors author article abstract result results"
    " finding findings show shows showed shown showing find finds found report reports reported"
    " propose proposes proposed present presents presented introduce introduces introduced"
    " describe describes described demonstrate demonstrates demonstrated suggest suggests suggested"
    " indicate indicates indicated reveal reveals revealed conclude concluded argue argues observe"
    " observed examine examined investigate investigated evaluate evaluated assess assessed"
    " approach approaches method methods technique techniques use uses used using based new novel"
    " different various several important significant significantly high low large small well two"
    " three first second specific general common possible available able according associated"
    " association compared provide provides provided including include includes effect effects role"
    " lead leads play plays due make makes made known type types number level levels case cases"
    " data analysis system systems model models process processes evidence addition related time"
    " previously recent recently current often generally mainly likely potential potentially"
    " whereas thereby among achieve achieves achieved perform performs performance"
    " cause causes caused require requires required involve involves involved particular".split()
)
# What a question relates its subjects by: a text may say all of it without any of these words.
RELATING = _COMMON | frozenset(
    "account accounts adapt adapts address addresses advantage advantages affect affected affects"
    " allow allows answer answers apply applied applies avoid avoids become becomes behave behaves"
    " behind benefit benefits better big bigger bring brings change changed changes come comes"
    " compare compares comparison compute computes consider consists contain contains contribute"
    " cope copes count counts deal dealt deals decide decides decrease decreased decreases depend"
    " depends describe differ differed difference differences differently differs difficult drive"
    " drives drop drops easily easy enable enables exactly explain explained explains explanation"
    " far fast faster follow follows form good handle handles hard help helped helps hold holds"
    " idea ideas impact improve improved improves improvement increase increased increases"
    " influence keep keeps limit limits long look looks main manage manages matter mattered matters"
    " mean means measure measured measures mitigate name named number numbers occur occurs overcome"
    " people prevent prevents problem problems propose put question questions raise rate reason"
    " reasons reduce reduced reduces relate related relation rely relies remain remains replace"
    " scientists seem seems shape share similar solve solved solves speed start suffer suffers"
    " tackle tackles task tasks tell test tested tests think tried try trying turn typical unlike"
    " usual usually vary varies versus win worse worst worth yield yields".split()
)
_WORD = re.compile(r"[^\W_]+(?:['’][^\W_]+)?")
_ENDINGS = (
    "ization", "isation", "ational", "fulness", "iveness", "ations", "ation", "ators", "ator",
    "ments", "ment", "ities", "ity", "ively", "ingly", "edly", "ions", "ion", "ives", "ive",
    "izes", "ized", "izing", "ize", "ises", "ised", "ising", "ise", "ical", "ally", "ance",
    "ence", "ants", "ant", "ents", "ent", "ness", "ing", "ies", "ied", "ers", "er", "or", "ors",
    "ic", "al", "ly", "ed", "es", "s", "e", "y",
)  # fmt: skip


_IRREGULAR = SINGULARS | {
    "data": "datum", "viruses": "virus",
    "taught": "teach", "learnt": "learn", "built": "build", "chosen": "choose", "chose": "choose",
    "made": "make", "ran": "run", "shown": "show", "grew": "grow", "grown": "grow", "fell": "fall",
    "rose": "rise", "lost": "lose", "kept": "keep", "led": "lead", "drawn": "draw", "seen": "see",
    "died": "death", "dead": "death", "die": "death", "dies": "death", "dying": "death",
}  # fmt: skip
_SPELLINGS = (
    ("our", "or"),
    ("oe", "e"),
    ("ae", "e"),
    ("ys", "yz"),
    ("lled", "led"),
    ("tre", "ter"),
)


@lru_cache(maxsize=16_384)
def stem(word: str) -> str:
    """Reduce a lower-case word to what its forms share; crude on purpose, and quick.

    British and American spellings, and the parts of irregular words, fall together.

    >>> stem("regulates") == stem("regulated") == stem("regulating")
    True
    >>> stem("tumours") == stem("tumor")
    True
    """
    if any(c.isdigit() for c in word):
        return word
    word = _IRREGULAR.get(word, word)
    if len(word) <= 3:
        return word
    for british, american in _SPELLINGS:
        word = word.replace(british, american)
    for ending in _ENDINGS:
        if word.endswith(ending) and len(word) - len(ending) >= 4:
            return word[: -len(ending)]
    return word[:-1] if word.endswith("s") and not word.endswith("ss") else word


@dataclass(frozen=True, slots=True)
class Word:
    """A content word of a text."""

    text: str
    stem: str
    start: int
    end: int
    weight: float
    name: bool  # written like a name: capitals inside a sentence, or digits


def content_words(text: str) -> list[Word]:
    """Return the words of a text that carry its subject, in order, weighted."""
    found = []
    plain = normalise(text)
    for match in _WORD.finditer(plain):
        shown = match[0]
        lowered = shown.lower().removesuffix("'s")
        if lowered in GRAMMAR or (len(lowered) == 1 and not lowered.isdigit()):
            continue
        named = any(c.isdigit() for c in shown) or any(c.isupper() for c in shown[1:])
        named = named or (shown[0].isupper() and match.start() > 0)
        weight = 0.35 if lowered in _COMMON else 1.5 if named else 1.0
        found.append(Word(shown, stem(lowered), match.start(), match.end(), weight, named))
    return found


def is_acronym(text: str) -> bool:
    """Tell whether a word, as it is written, is an acronym."""
    single = text.removesuffix("s")
    return 3 <= len(single) <= 6 and single.isupper()


def initials_of(words: Sequence[Word]) -> str:
    """Return the initials of words, which their acronym is made of."""
    return "".join(word.text[0].lower() for word in words)


def joined_words(words: Sequence[Word]) -> list[tuple[int, int, str]]:
    """Return the adjacent pairs of words as one, with their places: "SHP-2" is also "shp2"."""
    return [
        (index, index + 2, (first.text + second.text).lower())
        for index, (first, second) in enumerate(pairwise(words))
        if second.start - first.end <= 1
    ]


_TOKEN = re.compile(r"[^\W_]+")


def tokens_of(text: str) -> list[tuple[str, int]]:
    """Return all words of a text in one spelling, each with where it begins.

    >>> tokens_of("The β-cells")
    [('the', 0), ('β', 4), ('cells', 6)]
    """
    return [(match[0].casefold(), match.start()) for match in _TOKEN.finditer(normalise(text))]


def runs_of(words: Sequence[str]) -> set[tuple[str, ...]]:
    """Return all runs of words of the length that is taken for copied."""
    return {tuple(words[at : at + RUN]) for at in range(len(words) - RUN + 1)}


_SAME = {
    "·": ".", "−": "-", "–": "-", "—": "-", "‐": "-", "‑": "-", "’": "'", "‘": "'",  # noqa: RUF001
    "“": '"', "”": '"', "µ": "μ", "∼": "~", "∗": "*",  # noqa: RUF001
}  # fmt: skip


class _Folds(dict[int, str]):
    """For each character the one that it is read as; found out at its first use."""

    def __missing__(self, code: int) -> str:
        folded = unicodedata.normalize("NFKC", chr(code))
        self[code] = folded if len(folded) == 1 else chr(code)
        return self[code]


_FOLDED = _Folds({ord(variant): plain for variant, plain in _SAME.items()})


def normalise(text: str) -> str:
    """Write variants of one character in one way; the length stays, so offsets do too.

    >>> normalise("1·75 “so”")
    '1.75 "so"'
    """
    return text if text.isascii() else text.translate(_FOLDED)


_ALIGNED = 0.75  # the share of our words that must stand in theirs in the same order
_SHORTEST = 5


def edits(ours: Sequence[str], theirs: Sequence[str]) -> list[tuple[list[str], list[str]]]:
    """Align two sentences and return what stands in our words' places in theirs.

    What is put in front of a sentence taken over doesn't make it another: the first words may
    differ without counting against their likeness.

    Returns:
        Pairs of our words and theirs, either of which may be empty; nothing at all where the
        sentences aren't alike. What theirs says beyond the end of ours is left out.
    """
    if len(ours) < _SHORTEST:
        return []
    matcher = SequenceMatcher(None, ours, theirs, autojunk=False)
    matched = sum(block.size for block in matcher.get_matching_blocks())
    changes = [op for op in matcher.get_opcodes() if op[0] != "equal"]
    opening = max((b for _, a, b, _, _ in changes if a == 0), default=0)
    if matched < _SHORTEST or matched < _ALIGNED * (len(ours) - min(opening, 6)):
        return []
    return [
        (list(ours[a:b]), list(theirs[c:d])) for _, a, b, c, d in changes if b < len(ours) or b > a
    ]
