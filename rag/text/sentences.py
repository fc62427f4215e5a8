"""Split text into sentences without changing a character of it.

Abstracts are hard on splitters that were made for news: "e.g.", "et al.", version numbers, URLs,
names such as "DALL.E 2", formulas, spaces lost after a full stop, or a space set before it. A
boundary is decided from what stands on both sides of the mark, and every sentence is returned as
offsets, so that `text[start:end]` is the sentence, verbatim.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Container

__all__ = ["Span", "sentence_spans"]


class Span(NamedTuple):
    """A half-open range of character offsets: `text[start:end]`."""

    start: int
    end: int


# Words that end in a full stop and go on in the same sentence whatever follows.
_ALWAYS_OPEN = frozenset(
    "e.g i.e cf v vs v.s viz resp approx ca fig figs eq eqs eqn sec sect tab ref refs ch vol pp"
    " no nos dr mr mrs ms prof st w.r.t a.k.a c.f incl esp i.i.d".split()
)
# Words that end in a full stop but may also end a sentence: what follows decides.
_MAY_END = frozenset(
    "al etc inc ltd corp co u.s u.k u.s.a e.u jr sr ph.d m.d b.sc m.sc a.m p.m dept univ".split()
)
# How sentences of abstracts begin. Only these may follow an initial or "et al." as a new
# sentence, or stand behind a full stop without a space.
_STARTERS = frozenset(
    "A Additionally After All Also Although An And Another As At Based Because Besides Both"
    " But By Compared Consequently Current Despite Due During Each Empirically Even Existing"
    " Experimental Experiments Extensive Finally First Following For From Furthermore Given"
    " Hence Here How However If Importantly In Indeed Instead Interestingly It Its Last Lastly"
    " Many More Moreover Most Motivated Moving Nevertheless Next No Nonetheless Not Notably Of"
    " On One Only Other Our Overall Particularly Previous Prior Recent Recently Results Second"
    " Secondly Several Similarly Since So Some Specifically Still Such Surprisingly That The"
    " Their Then There Therefore These They Third This Those Though Through Thus To Together"
    " Traditional Training Two Typically Under Unfortunately Unlike Using Via We What When"
    " Where Whereas Whether Which While With Within Without Yet You".split()
)
_MARK = re.compile(r"""(?:[.!?]+|。|！|？)["'”’»)\]}]*""")  # noqa: RUF001 - full-width marks
_FULL_WIDTH = "。！？"  # noqa: RUF001 - not the ASCII marks, on purpose
_OPENING = "\"'“‘«([{`$\\"
_WORD_BEFORE = re.compile(r"[\w.&/:@~%#=?+-]*$")
_WORD_AFTER = re.compile(r"[A-Za-z]+")


def sentence_spans(text: str, *, cited: Container[int] = ()) -> list[Span]:
    """Return the sentences of a text in order, as trimmed spans that leave out only white space.

    Args:
        text: Any text.
        cited: Offsets of full stops that a citation stands at. It closes a statement, so that what
            follows may be a name in lower case: "It helps [1]. k-FPF is cheaper."

    >>> [t[s:e] for t in ["See e.g. Li et al. (2020). It works.We show why."]
    ...  for s, e in sentence_spans(t)]
    ['See e.g. Li et al. (2020).', 'It works.', 'We show why.']
    """
    spans: list[Span] = []
    start = 0
    for match in _MARK.finditer(text):
        if match.end() > start and _is_boundary(text, start, match, cited):
            spans.append(Span(start, match.end()))
            start = match.end()
    spans.append(Span(start, len(text)))
    trimmed = (_trim(text, span) for span in spans)
    return [span for span in trimmed if span.end > span.start]


def _trim(text: str, span: Span) -> Span:
    piece = text[span.start : span.end]
    lead = len(piece) - len(piece.lstrip())
    return Span(span.start + lead, span.start + lead + len(piece.strip()))


def _is_boundary(text: str, start: int, match: re.Match[str], cited: Container[int] = ()) -> bool:
    """Tell whether the sentence that begins at `start` ends with this mark."""
    mark, after = match[0], text[match.end() : match.end() + 40]
    if not after.strip() or mark[0] in _FULL_WIDTH:
        return bool(after.strip())
    found = _WORD_BEFORE.search(text, max(0, match.start() - 60), match.start())
    word = found[0] if found else ""
    previous = text[match.start() - 1 : match.start()]
    if not after[0].isspace():
        return _is_boundary_without_space(mark, word, after, previous)
    follows = after.lstrip()
    if mark == "." and previous.isspace():
        # Tokenised text: "... of the wing . the results ...", but no rows of leader dots.
        return follows[0] != "." and text[: match.start()].rstrip()[-1:] not in {".", ""}
    begins = _can_begin(follows) or (match.start() in cited and not mark.startswith(".."))
    if mark[0] == "." and not mark.startswith("..") and begins:
        at_start = not text[start : match.start() - len(word)].strip()
        return _closes(word, mark, follows, at_start=at_start)
    return begins


def _can_begin(follows: str) -> bool:
    """Tell whether a sentence can begin with this text."""
    head = follows.lstrip(_OPENING) or follows
    return head[0].isupper() or head[0].isdigit() or follows[0] in "$\\" or _is_caseless(head[0])


def _is_caseless(letter: str) -> bool:
    return letter.isalpha() and not letter.islower() and not letter.isupper()


def _closes(word: str, mark: str, follows: str, *, at_start: bool) -> bool:
    """Tell whether a full stop behind `word` ends the sentence, given what follows."""
    plain = word.lstrip(".").lower()
    next_word = _WORD_AFTER.match(follows)
    starter = next_word is not None and next_word[0] in _STARTERS
    if plain in _ALWAYS_OPEN:
        # "No." before anything but a number is the word, not the abbreviation.
        return plain in {"no", "fig", "ref", "co"} and starter
    if plain in _MAY_END:
        return starter or (plain == "etc" and follows[0].isupper())
    if len(mark) == 1 and len(word) == 1 and word.isupper():
        return starter  # an initial: "J. Smith"
    # The number of a list item ("1. First ...") stands at the start of its sentence.
    return not (plain.isdigit() and len(plain) <= 2 and at_start)


def _is_boundary_without_space(mark: str, word: str, after: str, previous: str) -> bool:
    """Decide where the space behind the mark was lost: "works.We show"."""
    next_word = _WORD_AFTER.match(after)
    if not next_word or not next_word[0][0].isupper():
        return False
    if any(sign in word for sign in "/:@~#=_") or word.lower().startswith("www"):
        return False  # inside an address
    rest = after[next_word.end() : next_word.end() + 1]
    if rest and not (rest.isspace() or rest in ",'’"):
        return False
    if mark[0] in "!?":
        return True
    ends_like_prose = previous.islower() or previous.isdigit() or previous in ")]}%$\"'”"
    return ends_like_prose and next_word[0] in _STARTERS
