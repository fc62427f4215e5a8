"""Which sentences of an answer state something that would need a citation."""

from __future__ import annotations

import re
from functools import cache

from rag.text.citations import without_markers
from rag.text.terms import terms
from rag.text.words import GRAMMAR, tokens_of

__all__ = ["heading_makes_claim", "is_bare", "makes_claim", "row_makes_claim", "states"]

_INTERJECTION = re.compile(
    r"^(?:hi|hello|hey|sure|certainly|of course|absolutely|thanks|thank you|great question)"
    r"(?: there| you| for asking)?\s*[,.!:]\s*",
    re.IGNORECASE,
)
_LEAD_IN = re.compile(
    r"^(?:here (?:is|are)|here's|below (?:is|are)|let me know|i hope|feel free|please let"
    r"|(?:sources?|references?)\s*(?::|$))",
    re.IGNORECASE,
)
# What only announces a statement.
_ANNOUNCEMENT = re.compile(
    r"^(?:(?:in (?:summary|short)|summary|conclusion|note|caveat)\s*[:,\u2013\u2014-]"
    r"|(?:please )?note that\b|here(?:'s| is| are)\b[^:.]*:)\s*(?=\w)",
    re.IGNORECASE,
)
# Questions that tell.
_TOLD = re.compile(r"^(?:did you know|is(?:n't| not) it true|is it not true) that\b", re.IGNORECASE)
_HEADING = re.compile(r"^\s*(?:#{1,6}\s|\*\*[^*]+\*\*:?\s*$)")
_SAYS = r"(?:say|state|mention|report|discuss|address|cover|answer|contain|provide|specify)"
_ABOUT_THE_ANSWER = re.compile(
    r"\b(?:(?:(?:none of )?(?:the|these|those) (?:(?:provided|given|available|above) )*"
    r"(?:papers?|sources?|abstracts?|excerpts?|evidence|context|documents?|texts?)"
    rf"(?: given| provided| cited| above| here)?|they) (?:do|does|did)(?: not|n't) {_SAYS}"
    r"|i (?:can(?:not|'t)|could not|couldn't|do not|don't) (?:find|answer|know)|cannot be answered"
    r"|not enough information)\b",
    re.IGNORECASE,
)
_CLAUSE_END = re.compile(
    r"[;:]|,? (?:but|however|although|though|whereas|while|yet|nevertheless)\b|, and\b",
    re.IGNORECASE,
)
# What holds an answer together says how many papers there are, that they differ, what comes next:
# it speaks of papers and of what papers do, and of nothing of its own. These words it is made of.
_OF_PAPERS = """
    paper abstract study article work source author researcher scholar team line approach
    strategy method technique proposal answer finding result group camp direction idea theme
    route way angle strand family explanation evidence literature view side reason option effort
    perspective question lever point topic subject matter issue problem challenge aspect setting
    detail conclusion part picture debate trade off advantage disadvantage solution category
    kind type class sort factor benchmark dataset collection goal aim purpose area field opinion
    position response respect level case example list variety range number handful pair mix
    series set host piece body term sentence address tackle examine investigate look treat deal
    discuss describe consider explore take go come find found give follow differ vary agree
    disagree emphasise emphasize focus concentrate cover concern relate connect mention propose
    introduce develop present exist belong fall divide split put place complement share say
    state summarise summarize see appear emerge represent report offer turn move bear touch
    stand speak know suggest contribute build built play role try attempt pursue attack proceed
    begin start end different several various separate distinct similar related relevant close
    closest closely further remaining following direct directly indirectly consistent mixed
    single broad broader wide wider common own new worth complementary main key possible
    important central next last final finally overall together beyond less more most least only
    passing additional alternative diverse open divided clear unclear general particular
    specific detailed recent early earlier later well briefly first second third one two three
    four five six seven eight nine ten couple dozen half many few multiple numerous other
    another same opposite contrary contrast comparison hand addition short brief sum summary
    whole roughly largely mainly partly sometimes often respectively below above namely instead
    likewise similarly generally broadly specifically taken took given gave seen saw said known
    came gone went made make drawn shown held available useful helpful interesting noteworthy
    noting note depend depends measure compare thing people context light scope discussion
    overview consensus agreement disagreement controversy unresolved explicit explicitly
    classify organise organize distinguish choice attention progress advance exact exactly
    """
# An object that was named before.
_LIKE_THIS = re.compile(r"(?<=\w )(?:this|these|that|those|such(?: an?)?) (?!is|are|was|were)\w+")
# How several papers do one thing, where that thing is named once more.
_EACH_ITS_OWN = re.compile(
    r"\beach (?:in|with|from|on|by|has|have)\b.*\b(?:its|their) own\b"
    r"|\b(?:in|from|along|by|with|on|at) (?:very |quite )?(?:different|several|various|separate"
    r"|distinct|two|three|four|many|multiple|a (?:number|variety|range) of)"
    r"(?: (?:different|distinct|main))? (?:ways?|angles?|sides?|routes?|directions?|lines?"
    r"|perspectives?|means|levels?|viewpoints)\b",
    re.IGNORECASE,
)
_OWN_NAME = re.compile(r"(?<!^)\b[A-Za-z]*[A-Z0-9][\w-]*")
_LONGEST_LINK = 24  # words
_LEAST = 3  # words of a statement
# Words that answer a question and state nothing without it.
_ANSWERING = GRAMMAR | frozenset(
    "yes yeah yep nope indeed true false correct incorrect right wrong possibly maybe perhaps"
    " likely unlikely probably unclear unknown".split()
)
_ASKS = re.compile(
    r"^(?:how|what|when|where|whether|which|who|why|is|are|was|were|has|have|had|do|does|did|can|could"
    r"|will|would|should|must|may|might)\b",
    re.IGNORECASE,
)
_RELATIVE = re.compile(r"\b(?:that|which|who|whose|where|when|why|how|whether)\b.*", re.IGNORECASE)
# What tells a heading that states something from one that names its subject: a finite verb, or a
# measure. A verb in -s or -ed shows by its object, since nouns end in -s too.
_FINITE = re.compile(
    r"\b(?:is|are|was|were|has|have|had|does|do|did|can|cannot|could|will|would|should|must|may"
    r"|might|never)\b|(?<=\w )(?:beats|causes|cures|decreases|doubles|exceeds|fails|helps|hurts"
    r"|improves|increases|lowers|outperforms|prevents|reduces|requires)\b|(?<=\w )[a-z]+(?:[^su\W]s"
    r"|ed) (?:an?|all|any|both|each|every|fewer|its|less|more|most|no|not|only|the|their)\b",
)
# "GPT-3.5", "Llama 3.1", "Section 2.1" and "2 to 4 layers" are names and amounts.
_MEASURE = re.compile(
    r"\d ?(?:%|×|x\b|-?fold|percent|times\b)|\b[a-z]+ \d+\.\d|\b(?:by|than) \d(?!\d{3}\b)"  # noqa: RUF001
)
# Scripts without spaces between words: two letters count for a word.
_CLOSE_SCRIPT = re.compile(
    r"[\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u9fff]{2}"
)


def makes_claim(text: str) -> bool:
    """Tell whether a sentence without a citation states something that would need one.

    Greetings, headings, questions back, announcements that end in a colon, sentences about the
    answer itself ("the papers don't say") and those that hold it together ("Two lines of work
    address this.") state nothing about what the papers are about. What one of them announces, or
    joins to itself with "but", counts.

    >>> makes_claim("Dropout lowers the error."), makes_claim("Here is what the papers say:")
    (True, False)
    >>> makes_claim("Two papers address this from different angles.")
    False
    >>> makes_claim("It lowers the error by 40%:")
    True
    """
    plain = _INTERJECTION.sub("", without_markers(text).strip())
    plain = _ANNOUNCEMENT.sub("", plain)
    if _TOLD.match(plain):
        plain = plain.rstrip("?")
    if plain.endswith(":") and _MEASURE.search(plain):
        plain = plain.rstrip(": ")  # it announces something, and states something as well
    if _HEADING.match(plain) or plain.endswith(("?", ":")) or _LEAD_IN.match(plain):
        return False
    clauses = [plain]
    if _ABOUT_THE_ANSWER.search(plain):
        clauses = [one for one in _CLAUSE_END.split(plain) if not _ABOUT_THE_ANSWER.search(one)]
    return any(_words(one) >= _LEAST and not _is_link(one) for one in clauses)


def is_bare(text: str) -> bool:
    """Tell whether a sentence says nothing without the question that it answers.

    >>> is_bare("Yes, it does."), is_bare("Yes, it helps.")
    (True, False)
    """
    return all(word in _ANSWERING for word, _ in tokens_of(text))


def heading_makes_claim(text: str) -> bool:
    """Tell whether a heading, a line in bold or the head of a table states something.

    >>> heading_makes_claim("Dropout lowers the error"), heading_makes_claim("Effects of dropout")
    (True, False)
    """
    plain = text.strip()
    if not makes_claim(plain) or _ASKS.match(plain):
        return False
    return plain.endswith((".", "!")) or states(_RELATIVE.sub("", plain))


def states(text: str) -> bool:
    """Tell whether words that may name a thing say something of it: by a verb, or a measure."""
    return bool(_FINITE.search(text) or _MEASURE.search(text))


def row_makes_claim(text: str) -> bool:
    """Tell whether the row of a table states something: a sentence, or a figure of something.

    >>> row_makes_claim("ResNet 99.9%"), row_makes_claim("small large")
    (True, False)
    """
    return makes_claim(text) or bool(re.search(r"\d", text) and re.search(r"[^\W\d_]{2}", text))


def _words(text: str) -> int:
    close = _CLOSE_SCRIPT.findall(text)
    return len(close) + len(re.findall(r"[^\W\d_]{2,}", _CLOSE_SCRIPT.sub(" ", text)))


def _is_link(plain: str) -> bool:
    if _words(plain) > _LONGEST_LINK or _OWN_NAME.search(plain):
        return False
    named = set(terms(_LIKE_THIS.sub(" ", plain), grammar=False)) - _link_terms()
    return len(named) <= bool(_EACH_ITS_OWN.search(plain))


@cache
def _link_terms() -> frozenset[str]:
    return frozenset(terms(_OF_PAPERS))
