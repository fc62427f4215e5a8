"""Which sentences of an answer state something that would need a citation."""

from __future__ import annotations

import re

from rag.text.markers import without_markers

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
# What holds an answer together says how many papers there are, that they differ, what comes next:
# it counts or points, speaks of papers and what they do, and names nothing of its own.
_POINTS = re.compile(
    r"\b(?:one|two|three|four|five|six|several|some|a few|many|most|both|all|each|these|those|this"
    r"|they|others?|another|different|separate|distinct|together|complementary|first|second|third"
    r"|finally|overall|here|below|above|a (?:range|variety|number|handful|pair|mix))\b",
    re.IGNORECASE,
)
_ABOUT_PAPERS = re.compile(
    r"\b(?:papers?|abstracts?|stud(?:y|ies)|works?|sources?|authors?|lines?|approach(?:es)?"
    r"|strateg(?:y|ies)|methods?|proposals?|answers?|findings?|results?|groups?|camps?|directions?"
    r"|ideas?|themes?|routes?|ways|angles?|strands?|families|explanations?|evidence|literature"
    r"|views?|sides?|reasons?|options?|techniques?|efforts?|perspectives?|questions?|levers?)\b",
    re.IGNORECASE,
)
_OWN_NAME = re.compile(r"(?<!^)\b[A-Za-z]*[A-Z0-9][\w-]*")
_LONGEST_LINK = 24  # words


def makes_claim(text: str) -> bool:
    """Tell whether a sentence without a citation states something that would need one.

    Greetings, headings, questions back, announcements that end in a colon, sentences about the
    answer itself ("the papers don't say") and those that hold it together ("Two lines of work
    address this.") state nothing about what the papers are about.

    >>> makes_claim("Dropout lowers the error."), makes_claim("Here is what the papers say:")
    (True, False)
    >>> makes_claim("Two papers address this from different angles.")
    False
    """
    plain = _INTERJECTION.sub("", without_markers(text).strip())
    words = re.findall(r"[^\W\d_]{2,}", plain)
    if len(words) < 3 or _HEADING.match(plain) or plain.endswith(("?", ":")):
        return False
    if _is_link(plain, len(words)):
        return False
    return not (_LEAD_IN.match(plain) or _ABOUT_THE_ANSWER.search(plain))


def _is_link(plain: str, words: int) -> bool:
    if words > _LONGEST_LINK or _OWN_NAME.search(plain):
        return False
    return bool(_POINTS.search(plain) and _ABOUT_PAPERS.search(plain))
