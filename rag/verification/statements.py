"""Which sentences of an answer state something that would need a citation."""

from __future__ import annotations

import re

from rag.verification.quantities import without_markers

__all__ = ["makes_claim"]

_INTERJECTION = re.compile(
    r"^(?:hi|hello|hey|sure|certainly|of course|absolutely|thanks|thank you|great question)"
    r"(?: there| you| for asking)?\s*[,.!:]\s*",
    re.IGNORECASE,
)
_LEAD_IN = re.compile(
    r"^(?:here (?:is|are)|here's|below (?:is|are)|let me know|i hope|feel free|please (?:note|let)"
    r"|(?:sources?|references?|note|summary|in summary|in short|conclusion)\s*(?::|$))",
    re.IGNORECASE,
)
_HEADING = re.compile(r"^\s*(?:#{1,6}\s|\*\*[^*]+\*\*:?\s*$)")
_ABOUT_THE_ANSWER = re.compile(
    r"\b(?:the (?:papers?|sources?|abstracts?|excerpts?|evidence|context)(?: given| provided| cited"
    r"| above| here)? (?:do|does|did)(?: not|n't) (?:say|state|mention|report|discuss|address|cover"
    r"|answer|contain|provide|specify)|i (?:can(?:not|'t)|could not|couldn't|do not|don't)"
    r" (?:find|answer|know)|cannot be answered|not enough information)\b",
    re.IGNORECASE,
)


def makes_claim(text: str) -> bool:
    """Tell whether a sentence states something that would need a citation.

    Greetings, headings, questions back, announcements that end in a colon, and sentences about
    the answer itself ("the papers don't say") state nothing about what the papers are about.

    >>> makes_claim("Dropout lowers the error."), makes_claim("Here is what the papers say:")
    (True, False)
    """
    plain = _INTERJECTION.sub("", without_markers(text).strip())
    words = re.findall(r"[^\W\d_]{2,}", plain)
    if len(words) < 3 or _HEADING.match(plain) or plain.endswith(("?", ":")):
        return False
    return not (_LEAD_IN.match(plain) or _ABOUT_THE_ANSWER.search(plain))
