"""Asking for the rest of a list: "more", "show me the others", "what else?"."""

from __future__ import annotations

import re

__all__ = ["asks_for_more"]

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
