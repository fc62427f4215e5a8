"""Words that turn a statement round: negations, and directions with their opposites.

Used only where two sentences are nearly the same word for word, so that what was changed between
them can be told; of freely worded sentences words like these say next to nothing.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from rag.text.words import content_words, edits, normalise, stem

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["turned_words"]

_NEGATION = re.compile(
    r"\b(?:not|no|never|neither|nor|none|nothing|nobody|nowhere|cannot|without|hardly|barely"
    r"|scarcely|rarely|seldom|untrue|false|incorrect|wrong|contrary to|\w+n't"
    r"|fail(?:s|ed|ing|ure)?(?: to)?|unable to|inability to|refus(?:es|ed) to|far from"
    r"|no longer|anything but|in no way|by no means|den(?:y|ies|ied)|disprov\w+|refut\w+"
    r"|rul(?:e|es|ed) out|unlikely|impossible|instead of|rather than)\b",
    re.IGNORECASE,
)
# "Not only" and the like state what they seem to deny; "no. 5" is a number.
_FALSE_NEGATION = re.compile(
    r"\b(?:not (?:only|just|merely|simply|solely)|no\.? \d|whether or not|no doubt|not to mention"
    r"|no (?:less|fewer|sooner) than|nothing but|without doubt)\b",
    re.IGNORECASE,
)
# Direction words; a star stands for any ending.
_UP = (
    "increas* rais* rise rises rising rose risen elevat* higher highest greater greatest more most"
    " enhanc* improv* promot* stimulat* upregulat* augment* accelerat* faster fastest quicker"
    " longer longest larger largest bigger better best superior* gain gains gained outperform*"
    " exceed* surpass* strengthen* amplif* grow* grew induc* activat* expand* expans* boost*"
    " positive* above potentiat* aggravat* exacerbat* stronger strongest accumulat* facilitat*"
    " prolong* heighten* beat beats intensif* escalat* stabili* enrich* overexpress*"
    " maxim* frequent* deeper wider richer easier advantage* benefi* succe*"
    " effective effectively efficient efficiently high double* triple* enabl* foster* elicit*"
    " trigger* gain-of-function overestimat* presence"
)
_DOWN = (
    "decreas* reduc* lower lowest lowers lowered lowering less least fewer fewest smaller smallest"
    " worse worst worsen* inhibit* suppress* impair* downregulat* attenuat* diminish* declin*"
    " slower slowest slow* shorter shortest inferior* loss lose loses lost underperform* weaken*"
    " weaker weak drop drops dropped fall falls fell fallen prevent* block* shrink* shrank negativ*"
    " below inactivat* abolish* abrogat* minim* cut cuts halv* repress* degrad* deteriorat*"
    " hamper* hinder* limit* restrict* curb* mitigat* alleviat* lessen* antagoni* silenc* deplet*"
    " disrupt* destabili* rare* scarce* low poor poorer poorly fail* disadvantage* hurt*"
    " ineffective* inefficien* shallower narrower harder undermin* ameliorat* reliev*"
    " underestimat* lack* absen* deficien* delay* obstruct* impede* dampen*"
    " blunt* compromis* eliminat* remov* seldom retard* knockdown knockout delet* resist*"
)


def _pattern(words: str) -> re.Pattern[str]:
    return re.compile("|".join(word.replace("*", r"[\w'-]*") for word in words.split()))


_UPWARD, _DOWNWARD = _pattern(_UP), _pattern(_DOWN)
_LONGEST_CHANGE = 6  # words: what is put in other words at length is no turn of a word
_SCOPE = 3  # content words behind a negation that it most likely denies

_TOKEN = re.compile(r"[^\W_]+(?:['’][^\W_]+)?")
_NEGATIVE_PREFIXES = ("un", "in", "im", "non", "dis", "ir")


def turned_words(claim: str, sentence: str) -> str | None:
    """Find a word that turns the sense round in a sentence otherwise taken over word for word.

    Returns:
        What the evidence says in its place (may be ""), or None where the sense is the same or
        the two sentences aren't alike.
    """
    ours, theirs = (_TOKEN.findall(normalise(text).lower()) for text in (claim, sentence))
    changes = edits(ours, theirs)
    moved = _moved(claim, sentence)
    for mine, other in changes:
        told = other[-_LONGEST_CHANGE:]
        if len(mine) <= _LONGEST_CHANGE and _turned(*_apart(mine, told), signs_only=moved):
            return " ".join(told)
    return None


def _apart(ours: Sequence[str], theirs: Sequence[str]) -> tuple[list[str], list[str]]:
    """Leave out what both have, in whatever form: "improves" for "to improve" turns nothing."""
    mine, other = {stem(word) for word in ours}, {stem(word) for word in theirs}
    return (
        [word for word in ours if stem(word) not in other],
        [word for word in theirs if stem(word) not in mine],
    )


def _moved(claim: str, sentence: str) -> bool:
    """Tell whether both deny the same thing in other places: "needs no X", "X isn't needed"."""
    mine, theirs = _denied(claim), _denied(sentence)
    return len(mine) == len(theirs) and any(one & two for one in mine for two in theirs)


def _denied(text: str) -> list[set[str]]:
    """Return, for each negation, the stems of the content words that follow it."""
    plain = normalise(text)
    words = content_words(plain)
    masked = _FALSE_NEGATION.sub(lambda match: " " * len(match[0]), plain)
    return [
        {word.stem for word in [w for w in words if w.start >= found.end()][:_SCOPE]}
        for found in _NEGATION.finditer(masked)
    ]


def _turned(ours: Sequence[str], theirs: Sequence[str], *, signs_only: bool) -> bool:
    """Tell whether replacing these words by those turns the sense round."""
    mine, other = " ".join(ours), " ".join(theirs)
    if not signs_only and _negations(mine) % 2 != _negations(other) % 2:
        return True
    if _direction(ours) * _direction(theirs) < 0:
        return True
    return any(_opposed(one, two) or _opposed(two, one) for one in ours for two in theirs)


def _negations(text: str) -> int:
    return len(_NEGATION.findall(_FALSE_NEGATION.sub(" ", text)))


def _direction(words: Sequence[str]) -> int:
    signs = [_sign(word) for word in words]
    return next((sign for sign in signs if sign), 0)


def _sign(word: str) -> int:
    return 1 if _UPWARD.fullmatch(word) else -1 if _DOWNWARD.fullmatch(word) else 0


def _opposed(one: str, two: str) -> bool:
    return len(one) >= 4 and any(two == prefix + one for prefix in _NEGATIVE_PREFIXES)
