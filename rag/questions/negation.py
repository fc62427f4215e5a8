"""What a question rules out: "without RL", "but not fairness", "which don't need labels".

Words of exclusion take papers away ("but not", "other than", "except"); words of lack name a
property that a paper should have ("without labels"), which such a paper mentions too. Both rule
out a paper that has the thing and says nowhere that it does without. A thing may be abbreviated:
what "RL" stands for is read from the papers themselves, where they spell it out.
"""

from __future__ import annotations

import itertools
import re
from typing import TYPE_CHECKING, NamedTuple

from rag.text.abbreviations import abbreviations_in
from rag.text.sentences import sentence_spans
from rag.text.terms import terms

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rag.papers import Paper

__all__ = ["Exclusions", "read_exclusions", "ruled_out"]

_STOP = (
    r"(?=[,;:?.!()]|$|\s(?:and|or|but|that|which|who|when|where|while|if|in|on|at|for|to|from|with"
    r"|by|during|as|because|since|is|are|was|were|can|could|do|does|has|have|study|improve)\b)"
)
_THING = rf"(?P<thing>[\w][\w'\u2019-]*(?: [\w'\u2019-]+){{0,3}}?){_STOP}"
_ARTICLE = r"(?:(?:any|the|an?|all|much|many|more|extra|additional|explicit|using|use of|ones) )*"
_AWAY = re.compile(
    rf"[\s,(]*\b(?:but (?:do(?:es)?n[o'\u2019]?t (?:use|involve|study|concern) |not )(?:those"
    rf" |ones )?"
    r"(?:(?:about|on|for|in|by|using|with|dealing with) )?"
    r"|(?:other|different|apart|aside) (?:than|from) |except(?:ing)?(?: for)? |excluding |besides "
    r"|leaving out |not (?:about|on|based on|using|involving|counting|including) )"
    rf"{_ARTICLE}{_THING}\)?",
    re.IGNORECASE,
)
_LACK = re.compile(
    r"\b(?:without (?:(?:needing|using|requiring|relying on|resorting to|access to|recourse to"
    r"|the (?:use|need|help) (?:of|for)|help from|training on|knowledge of) )?"
    r"|(?:do(?:es)?n['\u2019]?t|do(?:es)? not|don t|need(?:s)? not|never) (?:need|use|require"
    r"|rely on|depend on|involve|employ|assume|want|make use of) "
    r"|(?:needs?|uses?|requires?|with) no )"
    rf"{_ARTICLE}{_THING}",
    re.IGNORECASE,
)
_DENIAL = re.compile(
    r"\b(?:without|no|not|non|never|neither|nor|free of|free from|avoid\w*|instead of|rather than"
    r"|eliminat\w+|obviat\w+|remov\w+|bypass\w*|circumvent\w*|dispens\w+|forgo\w*|unlike|lack\w*"
    r"|absence of|independent of|sparing|replac\w+|beyond|\w+n['\u2019]t|cannot)\b[^.;:]{0,60}$",
    re.IGNORECASE,
)
_FREE = re.compile(r"^[\s-]*(?:free|less|independent|agnostic)\b", re.IGNORECASE)
_NOT_THINGS = frozenset(
    "it this that them these those so much all one ones only just sure yes no more less any other"
    " doing loss losing fail failing changing harming hurting knowing".split()
)


class Exclusions(NamedTuple):
    """What a question rules out.

    Attributes:
        things: What papers should be without.
        text: The question to search with: what is to be taken away is not in it.
    """

    things: tuple[str, ...]
    text: str


def read_exclusions(question: str) -> Exclusions:
    """Read what a question rules out.

    >>> read_exclusions("Which papers improve reasoning but not with RL?")
    Exclusions(things=('RL',), text='Which papers improve reasoning?')
    >>> read_exclusions("Which methods need no labels?").things
    ('labels',)
    """
    things: list[str] = []
    text = question
    for match in _AWAY.finditer(question):
        thing = _name_in(match["thing"])
        if _is_thing(thing):
            things.append(thing)
            said = match[0][: match.start("thing") - match.start() + len(thing)]
            text = text.replace(said + ")" if match[0].endswith(")") else said, " ", 1)
    text = re.sub(r"\s+([?.!,;:])", r"\1", " ".join(text.split())) if things else text
    things += [match["thing"] for match in _LACK.finditer(text) if _is_thing(match["thing"])]
    return Exclusions(tuple(dict.fromkeys(things)), text)


def _name_in(words: str) -> str:
    """Return the name that words begin with, all of them where they begin with none."""
    own = words.split()
    named = list(itertools.takewhile(lambda word: any(map(str.isupper, word)), own))
    return " ".join(named or own)


def _is_thing(words: str) -> bool:
    own = words.lower().split()
    return bool(terms(words, grammar=False)) and own[0] not in _NOT_THINGS


def ruled_out(papers: Sequence[Paper], things: Sequence[str]) -> set[int]:
    """Return the places of the papers that have what a question rules out.

    Args:
        papers: Those that were found.
        things: What they should be without.
    """
    if not things:
        return set()
    known: dict[str, set[str]] = {}
    for paper in papers:
        for short, full in abbreviations_in(f"{paper.title}. {paper.abstract}"):
            known.setdefault(short.lower(), set()).add(full.lower())
    wanted = [_names_of(thing, known) for thing in things]
    return {
        place for place, paper in enumerate(papers) if any(_has(paper, names) for names in wanted)
    }


def _names_of(thing: str, known: dict[str, set[str]]) -> list[list[str]]:
    """Return the terms of each name of a thing."""
    plain = thing.lower()
    singular = plain.removesuffix("s")
    names = {plain, *known.get(plain, ()), *known.get(singular, ())}
    names |= {short for short, full in known.items() if plain in full or singular in full}
    return [own for name in sorted(names) if (own := terms(name, grammar=False))]


def _has(paper: Paper, names: list[list[str]]) -> bool:
    """Tell whether a paper has a thing, and doesn't say that it does without."""
    if any(not _denied(paper.title, span) for span in _mentions(paper.title, names)):
        return True
    mentions = [
        _denied(text, span)
        for text in _sentences(paper.abstract)
        for span in _mentions(text, names)
    ]
    return bool(mentions) and not any(mentions)


def _denied(text: str, span: tuple[int, int]) -> bool:
    return bool(_DENIAL.search(text[: span[0]]) or _FREE.search(text[span[1] :]))


def _sentences(abstract: str) -> list[str]:
    return [abstract[span.start : span.end] for span in sentence_spans(abstract)]


_WORD = re.compile(r"[^\W_]+")


def _mentions(text: str, names: list[list[str]]) -> list[tuple[int, int]]:
    """Return where a text has one of the names, its words in a row."""
    words = [(match.start(), match.end(), terms(match[0])) for match in _WORD.finditer(text)]
    stems = [found[0] if found else "" for _, _, found in words]
    found: list[tuple[int, int]] = []
    for name in names:
        size = len(name)
        found += [
            (words[place][0], words[place + size - 1][1])
            for place in range(len(stems) - size + 1)
            if stems[place : place + size] == name
        ]
    return found
