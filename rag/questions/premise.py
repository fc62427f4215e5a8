"""Questions that take for granted what no source says, or what a source says the other way round.

"Why was it retracted?" supposes a retraction, and "Why does A outperform B?" that A does. What is
told here can be read off the words: that no source speaks of such a thing, or a sentence in which
the two change places, or the opposite happens. Whatever takes more than that is left to the reader.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple

from rag.questions.opening import OPENING
from rag.text.decoding import one_line
from rag.text.terms import terms

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from rag.papers import Paper

__all__ = ["contradicted_premise", "false_premise"]

# What may befall a finding or a paper, as questions suppose it, and how sources would say it.
_EVENTS = (
    (
        r"retract\w*|withdrawn|withdrew|withdrawal of (?:the|this) (?:paper|article|study)",
        "retract|withdr",
    ),
    (
        r"(?:never|not|n[’']t|fail\w* to) (?:been )?(?:replicat|reproduc)(?:ed?)",
        "replic|reprod",
    ),
    (
        r"debunk\w*|refut\w*|disprov\w*|discredit\w*",
        "debunk|refut|disprov|discredit|contradict|wrong",
    ),
    (r"banned|outlawed|prohibited", "bann|ban|outlaw|prohibit|forbid|forbad"),
    (r"(?:was|were|is|been|get) (?:abandoned|discontinued)", "abandon|discontinu"),
)
_SUPPOSES = tuple(
    (
        re.compile(rf"^(?:why|when|who|how|what)\b.*\b(?P<event>{asked})\b", re.IGNORECASE),
        re.compile(rf"\b(?:{said})", re.IGNORECASE),
    )
    for asked, said in _EVENTS
)
_RETRACTION = re.compile(r"retract|withdr", re.IGNORECASE)


def false_premise(question: str, papers: Sequence[Paper]) -> str | None:
    """Say what a question takes for granted and no source states; None where there is nothing.

    Args:
        question: As it was asked.
        papers: Those that were read for it, best first.
    """
    supposed = ((asked.search(question), said) for asked, said in _SUPPOSES)
    match, said = next(((match, said) for match, said in supposed if match), (None, None))
    if match is None or said is None or not papers:
        return None
    if any(said.search(f"{paper.title} {paper.abstract}") for paper in papers[:3]):
        return None
    first = papers[0]
    title = one_line(first.title) or first.id
    if not _RETRACTION.search(match["event"]):
        event = match["event"].lower()
        return f"No source here says that this is so (“{event}”); the closest is “{title}”."
    if first.retracted:
        return f"“{title}” was retracted; no source here says more of it."
    return f"No source here says that a paper on this was retracted; the closest is “{title}”."


class _Relation(NamedTuple):
    """What a question supposes of two things: `first` stands in a relation to `second`."""

    first: frozenset[str]
    second: frozenset[str]
    kind: tuple[str, str]  # how sources say it, and its opposite
    swaps: bool  # whether the opposite is also said by the two in each other's place


_BETTER = (
    r"outperform\w*|beat(?:s|ing|en)?|surpass\w*|exceed\w*|(?:perform\w*|work\w*|do(?:es)?|is|are)"
    r" (?:much |far |significantly |consistently )?better than|better than|superior to"
)
_WORSE = (
    r"underperform\w*|(?:perform\w*|work\w*|do(?:es)?|is|are) (?:much |far |significantly )?"
    r"worse than|worse than|inferior to|lags? behind|falls? short of"
)
_MORE = r"increas\w+|rais(?:e[sd]?|ing)|improv\w+|enhanc\w+|boost\w*|strengthen\w*|accelerat\w+"
_LESS = r"decreas\w+|reduc\w+|lower(?:s|ed|ing)?|impair\w*|degrad\w+|weaken\w*|harm\w*|hurts?"
_PAIRS = (
    ("faster", "slower"),
    ("larger", "smaller"),
    ("bigger", "smaller"),
    ("higher", "lower"),
    ("more", "less"),
    ("cheaper", "costlier"),
    ("longer", "shorter"),
)
_ADJECTIVES = {one: other for pair in _PAIRS for one, other in (pair, pair[::-1])}
_ADVERB = r"(?:much |far |significantly |consistently |so much |always |often |usually )?"
_ASKED = re.compile(
    rf"{OPENING}(?:why|how come|what makes)(?: is it that)? (?:do |does |did |is |are |was |were )?"
    rf"(?P<a>.+?) {_ADVERB}(?P<verb>{_BETTER}|{_WORSE}|{_MORE}|{_LESS}"
    rf"|(?:{'|'.join(_ADJECTIVES)})(?: \w+)? than) (?P<b>.+?)"
    r"(?: (?:in|on|at|for|when|under)\b.*)?\s*\?*$",
    re.IGNORECASE,
)
_DENIES = re.compile(r"\b(?:not|no|never|cannot|without|unlike|neither|fails?|failed)\b|n[’']t\b")
_FEW = 7  # words between a thing and what is said of it: what stands further off may be of another


def contradicted_premise(question: str, sentences: Iterable[tuple[str, str]]) -> str | None:
    """Say which sentence says the opposite of what a question takes for granted; None for none.

    Args:
        question: As it was asked.
        sentences: The best evidence: the title of a paper, and a sentence of it.
    """
    relation = _supposed(question)
    if relation is None:
        return None
    told = [(title, text) for title, text in sentences if _speaks_of(text, relation)]
    if any(_says(text, relation, opposite=False) for _, text in told):
        return None
    against = next(((t, text) for t, text in told if _says(text, relation, opposite=True)), None)
    if against is None:
        return None
    title, text = against
    return (
        f"“{one_line(title)}” says the opposite of what the question takes for granted:"
        f" “{one_line(text)}”"
    )


def _supposed(question: str) -> _Relation | None:
    match = _ASKED.match(one_line(question))
    if not match or _DENIES.search(question):
        return None
    first, second = (frozenset(terms(match[side], grammar=False)) for side in ("a", "b"))
    if not first or not second or first & second == first | second:
        return None
    verb = match["verb"].lower()
    for kind in ((_BETTER, _WORSE), (_WORSE, _BETTER)):
        if re.fullmatch(kind[0], verb):
            return _Relation(first, second, kind, swaps=True)
    for kind in ((_MORE, _LESS), (_LESS, _MORE)):
        if re.fullmatch(kind[0], verb):
            return _Relation(first, second, kind, swaps=False)
    adjective, _, rest = verb.removesuffix(" than").partition(" ")
    kinds = tuple(
        rf"{one}{' ' + re.escape(rest) if rest else ''}(?: \w+){{0,3}} than"
        for one in (adjective, _ADJECTIVES[adjective])
    )
    return _Relation(first, second, (kinds[0], kinds[1]), swaps=True)


def _speaks_of(text: str, relation: _Relation) -> bool:
    said = set(terms(text, grammar=False))
    return relation.first <= said and relation.second <= said


def _says(text: str, relation: _Relation, *, opposite: bool) -> bool:
    """Tell whether a sentence says what is supposed, or its opposite, in so many words."""
    if _DENIES.search(text):
        return False
    first, second = relation.first, relation.second
    readings = [(first, second, relation.kind[opposite])]
    if relation.swaps:
        readings.append((second, first, relation.kind[not opposite]))
    return any(
        _near(text[: verb.start()], one, at_end=True) and _near(text[verb.end() :], other)
        for one, other, pattern in readings
        for verb in re.finditer(rf"\b(?:{pattern})\b", text, re.IGNORECASE)
    )


def _near(text: str, thing: frozenset[str], *, at_end: bool = False) -> bool:
    words = text.split()
    near = " ".join(words[-_FEW:] if at_end else words[:_FEW])
    return thing <= set(terms(near, grammar=False))
