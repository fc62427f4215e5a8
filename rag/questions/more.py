"""What is asked of a list of papers: the rest of it, or which of them are what."""

from __future__ import annotations

import re

__all__ = ["about_the_paper", "among_them", "asks_for_more", "narrows_the_list"]

_MORE = re.compile(
    r"(?:(?:ok|okay|yes|and|please|now|so)[ ,]+)*"
    r"(?:(?:can|could) you )?(?:(?:show|give|list|tell|see|i want|continue with|go on with)"
    r"(?: me)? )?"
    r"(?:(?:some|any|the|all|all the|all of the|a few) )?"
    r"(?:more|rest|others?|remaining|next|remainder|all of them|them all|go on|continue"
    r"|further|else"
    r"|what else|what about the rest|what are the others)"
    r"(?: (?:ones?|papers|results|of them|studies|methods|please|few|\d+|are there|is there))*",
    re.IGNORECASE,
)


def asks_for_more(text: str) -> bool:
    """Tell whether a text asks for nothing but the rest of a list.

    >>> asks_for_more("Show me more, please"), asks_for_more("What else?"), asks_for_more("Next")
    (True, True, True)
    >>> asks_for_more("Which are more accurate?"), asks_for_more("How much more memory?")
    (False, False)
    """
    return bool(_MORE.fullmatch(re.sub(r"[\s,]+", " ", text).strip(" ?.!")))


_OF_THEM = re.compile(
    r"\b(?P<which>which|what|how many|any|some|all|none)(?P<one> one)? (?:of|among|from) "
    r"(?:them|these|those)(?: (?:papers|studies|works|articles|results))?\b",
    re.IGNORECASE,
)
_ONE = re.compile(r" (?:is|was|has|does) ", re.IGNORECASE)


def among_them(text: str) -> str | None:
    """Return a question about some of the papers that were named last as one about papers.

    >>> among_them("Which of them is the newest?"), among_them("And how many of these use graphs?")
    ('Which paper is the newest?', 'And how many papers use graphs?')
    >>> among_them("Which of the two is faster?") is None
    True
    """
    match = _OF_THEM.search(text)
    if match is None:
        return None
    rest = text[match.end() :]
    paper = "paper" if match["one"] or _ONE.match(rest) else "papers"
    return f"{text[: match.start()]}{match['which']} {paper}{rest}"


_OF_IT = re.compile(
    r"^(?:(?:and|so|but) )?(?P<asked>who (?:wrote|authored|published|(?:are|is) the authors? of)"
    r"|(?:when|where|in (?:what|which) (?:year|journal|venue)) (?:was|did))"
    r" (?:it|this|that|(?:the|this|that) (?:paper|study|article|work))"
    r"(?P<rest>(?: been)?(?: published| written| released| appear| come out)?)\W*$",
    re.IGNORECASE,
)


def about_the_paper(text: str, title: str) -> str | None:
    """Return a question of who wrote "it", when and where, as one about a paper of this title.

    >>> about_the_paper("And when was it published?", "Bee Dances")
    'when was “Bee Dances” published?'
    >>> about_the_paper("Who wrote it down first?", "Bee Dances") is None
    True
    """
    match = _OF_IT.match(text.strip())
    return f"{match['asked']} “{title}”{match['rest']}?" if match else None


_NARROWER = re.compile(
    r"^(?:(?:and|but|ok|okay|please|now)[ ,]+)*(?:only|just|but not|not|without|except)"
    r"(?: (?:the|those|these|ones|papers|any|of|which|that))*\b",
    re.IGNORECASE,
)


def narrows_the_list(text: str) -> bool:
    """Tell whether a text says which papers of a list are wanted.

    >>> narrows_the_list("Only those without drones"), narrows_the_list("but not on birds")
    (True, True)
    >>> narrows_the_list("Which birds are counted?")
    False
    """
    return bool(_NARROWER.match(text.strip())) and not text.rstrip().endswith("?")
