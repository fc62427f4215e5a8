"""Negation and direction: does a sentence say the opposite of its evidence?

Words that two sentences share say nothing of whether they agree: "A increases B" and "A does not
increase B" share all but one. Here the signs are read on their own. A *negation* is a word that
turns a statement round (not, no, fails to); a *softener* is one that states a missing effect
without negating (similar, unchanged, little, lack); a *direction* says which way something goes
(increase, lower, outperform). Each stands for what it is near, so that the signs of two sentences
are only compared where they are about the same words.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING

from rag.text.words import content_words, edits, normalise

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rag.text.words import Word

__all__ = ["FEATURES", "Cue", "Signs", "compare_signs", "edited_sign", "read_signs"]

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
_SOFTENER = re.compile(
    r"\b(?:similar\w*|unchanged|unaffected|unaltered|comparable|same|equal\w*|little|few|minimal"
    r"|negligible|lack(?:s|ed|ing)?|absen\w+|deficien\w+|independent\w*|insufficient\w*|ineffective"
    r"|inconclusive|unclear|limited|loss|lost|null|free of|devoid|despite|only|except|drops?"
    r"|dropp(?:ed|ing)|remov(?:e|es|ed|ing)|eliminat\w+|avoid\w*|omit\w*|discard\w*|replac\w+"
    r"|dispens\w+|unnecessary|needless|unlike|avoid|skip\w*|abolish\w*|block\w*|prevent\w*|stable"
    r"|inhibit\w*|abrogat\w*|non\w*|un(?:related|associated|correlated|supervised|able|necessary)"
    r"|in(?:sensitive|sensitivity|effectiveness|dispensable)|resist\w*|poor\w*|weak\w*|rare)\b",
    re.IGNORECASE,
)
_ASKED = re.compile(
    r"\b(?:whether|hypothesi[sz]ed?|objectives?|aim(?:s|ed)? (?:to|of|was)|purpose|unknown|unclear"
    r"|we (?:ask|examine|investigate|assess|evaluate|test)(?:ed)? (?:the|if|how))\b",
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
_ANY_WORD = re.compile(r"[A-Za-z][\w'-]*")
_SCOPE = 3
_REACH = 4  # content words on either side that a sign is about


@dataclass(frozen=True, slots=True)
class Cue:
    """A sign in a text.

    Attributes:
        text: The word or words.
        start: Where they begin.
        end: Where they end.
        sign: 1 upwards, -1 downwards, 0 a negation or a softener.
        near: Stems of the content words near it.
        scope: Stems of the content words that follow it, which it most likely turns.
    """

    text: str
    start: int
    end: int
    sign: int
    near: frozenset[str]
    scope: frozenset[str]


@dataclass(frozen=True, slots=True)
class Signs:
    """The signs of one sentence."""

    negations: tuple[Cue, ...]
    softeners: tuple[Cue, ...]
    directions: tuple[Cue, ...]
    asked: bool
    stems: frozenset[str]

    @property
    def parity(self) -> int:
        """The product of all signs: -1 or 1."""
        turns = len(self.negations) + sum(cue.sign < 0 for cue in self.directions)
        return -1 if turns % 2 else 1


@lru_cache(maxsize=4096)
def read_signs(text: str) -> Signs:
    """Read the signs of a sentence."""
    plain = normalise(text)
    words = content_words(plain)
    masked = [match.span() for match in _FALSE_NEGATION.finditer(plain)]
    negations = [
        match.span()
        for match in _NEGATION.finditer(plain)
        if not any(start <= match.start() < end for start, end in masked)
    ]
    softeners = [match.span() for match in _SOFTENER.finditer(plain)]
    return Signs(
        tuple(_cue(plain, span, 0, words) for span in negations),
        tuple(_cue(plain, span, 0, words) for span in softeners),
        tuple(_directions(plain, words)),
        bool(_ASKED.search(plain)),
        frozenset(word.stem for word in words),
    )


def _cue(text: str, span: tuple[int, int], sign: int, words: Sequence[Word]) -> Cue:
    start, end = span
    before = [word.stem for word in words if word.start < start]
    after = [word.stem for word in words if word.start >= end]
    near = frozenset((*before[-_REACH:], *after[:_REACH]))
    return Cue(text[start:end], start, end, sign, near, frozenset(after[:_SCOPE]))


def _directions(text: str, words: Sequence[Word]) -> list[Cue]:
    return [
        _cue(text, match.span(), sign, words)
        for match in _ANY_WORD.finditer(text)
        if (sign := _sign(match[0].lower()))
    ]


FEATURES = (
    "denied, evidence not",
    "denied, evidence softened",
    "denied, nothing denies",
    "denied, not met",
    "denied, not met softly",
    "denied, best plain",
    "denied, all plain",
    "evidence denies its scope",
    "added sign",
    "parity differs",
    "nearest direction conflicts",
    "nearest direction agrees",
    "strong conflict",
    "strong agreement",
    "aligned conflict",
    "aligned agreement",
)


def compare_signs(claim: Signs, evidence: Sequence[tuple[Signs, float]]) -> list[float]:
    """Compare the signs of a sentence with those of its evidence.

    Args:
        claim: The signs of the sentence.
        evidence: Those of the sentences that support it best, each with the share (0-1) of the
            sentence's words that it holds; the best first.

    Returns:
        One number per name in `FEATURES`.
    """
    if not evidence:
        return [0.0] * len(FEATURES)
    top, (best, held) = evidence[:3], evidence[0]
    denied = float(bool(claim.negations))
    plain = float(not claim.negations and not claim.softeners)
    denies = max(_nearness(claim, signs.negations) for signs, _ in top)
    softens = max(_nearness(claim, signs.softeners) for signs, _ in top)
    anywhere = max(
        _nearness(claim, signs.negations + signs.softeners) * share for signs, share in evidence
    )
    return [
        denied * (1 - denies),
        denied * (1 - max(denies, softens)),
        denied * (1 - anywhere),
        *_denial_met(claim, evidence),
        plain * max(_scope_share(claim, signs) for signs, _ in top),
        _added(claim, best) * held,
        float(claim.parity != best.parity),
        *_nearest_direction(claim, top),
        *_strong_directions(claim, top),
        *_aligned_directions(claim, evidence[:4]),
    ]


def _aligned_directions(
    claim: Signs, evidence: Sequence[tuple[Signs, float]]
) -> tuple[float, float]:
    """Compare each direction with the one of the evidence that turns the same words.

    What a study asked is no evidence of what it found, so sentences that state a question are
    left out where others are left.
    """
    found = [signs for signs, _ in evidence if not signs.asked] or [s for s, _ in evidence]
    conflict = agree = 0.0
    for mine in claim.directions:
        scores = {True: 0.0, False: 0.0}
        for signs in found:
            for theirs in signs.directions:
                alike = _effective(mine, claim) == _effective(theirs, signs)
                score = _likeness(mine, theirs)
                scores[alike] = max(scores[alike], score)
        conflict = max(conflict, scores[False] - scores[True])
        agree = max(agree, scores[True] - scores[False])
    return conflict, agree


def _likeness(mine: Cue, theirs: Cue) -> float:
    """Return how far two directions are about the same words; what follows them counts most."""
    if not mine.near:
        return 0.0
    scope = len(mine.scope & theirs.scope) / max(1, len(mine.scope))
    return scope + len(mine.near & theirs.near) / len(mine.near)


def _overlap(mine: Cue, theirs: Cue) -> int:
    return len(mine.near & theirs.near)


def _denial_met(claim: Signs, evidence: Sequence[tuple[Signs, float]]) -> list[float]:
    """Tell whether what a sentence denies is denied by its evidence too, about the same words."""
    if not claim.negations:
        return [0.0] * 4
    met = softly = 0
    for mine in claim.negations:
        for signs, _ in evidence:
            met = max([met, *(_overlap(mine, cue) for cue in signs.negations)])
            softly = max([softly, *(_overlap(mine, cue) for cue in signs.softeners)])
    best, top = evidence[0][0], [signs for signs, _ in evidence[:3]]
    return [
        1 - min(met, 3) / 3,
        1 - min(max(met, softly), 3) / 3,
        float(not best.negations and not best.softeners),
        float(not any(signs.negations for signs in top)),
    ]


def _strong_directions(
    claim: Signs, evidence: Sequence[tuple[Signs, float]]
) -> tuple[float, float]:
    """Return the most words that a direction shares with one against it, and with one like it."""
    conflict = agree = 0
    for mine in claim.directions:
        for signs, _ in evidence:
            for theirs in signs.directions:
                shared = _overlap(mine, theirs)
                if _effective(mine, claim) == _effective(theirs, signs):
                    agree = max(agree, shared)
                else:
                    conflict = max(conflict, shared)
    return float(max(0, conflict - agree)), float(max(0, agree - conflict))


def _scope_share(claim: Signs, evidence: Signs) -> float:
    shares = (len(cue.scope & claim.stems) / _SCOPE for cue in evidence.negations)
    return max(shares, default=0.0)


def _nearness(claim: Signs, cues: Sequence[Cue]) -> float:
    """Return how much of what the nearest cue is about the claim speaks of (0-1)."""
    shares = (len(cue.near & claim.stems) / max(1, min(len(cue.near), 4)) for cue in cues)
    return min(1.0, max(shares, default=0.0))


def _effective(cue: Cue, signs: Signs) -> int:
    """Return the sign of a direction, turned round by a negation shortly before it."""
    turned = any(0 <= cue.start - other.end <= 30 for other in signs.negations)
    return -cue.sign if turned else cue.sign


def _nearest_direction(
    claim: Signs, evidence: Sequence[tuple[Signs, float]]
) -> tuple[float, float]:
    """Let the direction of the evidence that is about the same words decide, for each one."""
    conflict = agree = 0.0
    for mine in claim.directions:
        best, same = 0.0, True
        for signs, held in evidence:
            for theirs in signs.directions:
                shared = len(mine.near & theirs.near) / max(
                    2, min(len(mine.near), len(theirs.near))
                )
                alike = _effective(mine, claim) == _effective(theirs, signs)
                best, same = max((best, same), (shared * held, alike))
        conflict = max(conflict, 0.0 if same else best)
        agree = max(agree, best if same else 0.0)
    return conflict, agree


def _added(claim: Signs, best: Signs) -> float:
    """Return the share of a sentence's signs that its best evidence has none of."""
    kinds = {cue.sign for cue in best.directions} | ({0} if best.negations else set())
    cues = claim.negations + claim.directions
    return sum(cue.sign not in kinds for cue in cues) / max(1, len(cues))


_TOKEN = re.compile(r"[^\W_]+(?:['’][^\W_]+)?")
_NEGATIVE_PREFIXES = ("un", "in", "im", "non", "dis", "ir")


def edited_sign(claim: str, sentence: str) -> str | None:
    """Find a sign that was changed in a sentence otherwise taken over nearly word for word.

    Returns:
        What the evidence says in its place (may be ""), or None where no sign was changed or
        the two sentences aren't alike.
    """
    ours, theirs = (_TOKEN.findall(normalise(text).lower()) for text in (claim, sentence))
    changes = edits(ours, theirs)
    moved = _moved(claim, sentence)
    for mine, other in changes:
        if _turned(mine, other[-6:], signs_only=moved):
            return " ".join(other[-6:])
    return None


def _moved(claim: str, sentence: str) -> bool:
    """Tell whether both deny the same thing in other places: "needs no X", "X isn't needed"."""
    mine, theirs = read_signs(claim), read_signs(sentence)
    return len(mine.negations) == len(theirs.negations) and any(
        one.scope & two.scope for one in mine.negations for two in theirs.negations
    )


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
