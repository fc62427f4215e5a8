"""What a model says before it says anything: "Sure! Here is the answer:", "Assistant:"."""

from __future__ import annotations

import re

__all__ = ["Preamble"]

_LONGEST = 240  # characters: what is longer says something
_MARKS = r"[#>*_ ]{0,8}"
_SIGN = r"[*_ ]{0,4}[:：][*_ ]{0,4}\s*"
_REPLY = r"(?:answer|response|reply|output)"
# The question once more, and then the answer under a name of its own.
_ASKED = r"(?:question|q|human|user)"
_ANSWERED = rf"{_MARKS}(?:assistant|ai|answer|response|a){_SIGN}"
_LONGEST_NAME = 32  # characters of that
_ROLE = (
    r"(?:assistant|ai|bot|chatbot|chatgpt|a|final"
    r"|(?:(?:the|my|your|final|short|brief|direct|concise) ){0,2}"
    rf"{_REPLY}(?: to (?:the|your) question)?)"
)
_COURTESY = (
    r"(?:sure(?: thing)?|certainly|of course|absolutely|definitely|yes|no problem|gladly|hello|hi"
    r"(?: there)?|(?:that's an? |what an? )?(?:great|good|excellent|interesting) question|okay|ok"
    r"|alright|[¡]?claro(?: que sí)?|por supuesto|bien sûr|bien sûr |natürlich|gerne?|klar|certo"
    r"|certamente|当然|当然可以|i have read the (?:papers|abstracts)[^\n.!:]{0,40}"
    r"|(?:sure, )?i can (?:help|answer)[^\n.!:]{0,60}|as an ai[^\n.!:]{0,80}"
    r"|(?:i'd be |i'm |i am )?(?:happy|glad) to (?:help|assist|answer)[^\n.!:]{0,60}"
    r"|thank(?:s| you)(?: for (?:the|your|asking)[^\n.!:]{0,60})?|here (?:you go|it is|we go))"
)
_PAPERS = r"(?:papers?|abstracts?|sources?|excerpts?|documents?|context|evidence|information|text)"
_GIVEN = r"(?:provided|given|above|supplied|retrieved|cited|research|relevant|available|following)"
_FROM_PAPERS = (
    rf"(?:based (?:solely |only )?(?:on|upon)|according to|from|using) (?:the|these|those|your)"
    rf" (?:{_GIVEN} ){{0,3}}{_PAPERS}(?: {_GIVEN}){{0,2}}"
)
# What is announced is the reply itself, not something that the papers say.
_SUBJECT = (
    r"(?:answers?|responses?|reply|summary|overview|explanation|question|query|rewrite|rewritten"
    r"|standalone|version|ranking|ranked|order|list|breakdown|information|what (?:the|these)"
    rf" (?:{_GIVEN} )?{_PAPERS} (?:say|state|report|show|tell)|what i (?:found|can say))"
)
_HERE = r"(?:here(?: is| are|['’]s)|below (?:is|are)|the following is)"
_BEHIND_SIGN = r"[*_]*(?:[ \t]*\n\s*|[ \t]+(?=(?-i:[^\sa-z])))"
_SPEAKS_OF_ITSELF = (
    r"(?:let me|i(?:['’]ll| will| can| am going to)|as an ai[^\n.:]{0,40}, i(?:['’]ll| will| can))"
    r" (?:try to |help |now )?(?:answer|explain|summari[sz]e|provide|walk|break|address|give)\b"
)
_PREAMBLES = tuple(
    re.compile(pattern, re.IGNORECASE)
    for pattern in (
        rf"{_MARKS}{_ROLE}{_SIGN}",
        rf"{_MARKS}{_ASKED}{_SIGN}[^\n]*\n\s*(?={_ANSWERED})",
        rf"(?:#{{1,6}} |\*\*|__){_ROLE}(?:\*\*|__)?[ \t]*\n\s*",
        r"(?-i:assistant|model)[ \t]*\n\s*",
        rf"{_COURTESY}(?:[ ]?[.!\uff01]+\s+|[。\uff01]\s*)",
        r"(?:great|good|excellent|interesting) question[ ]?[\u2013\u2014-]+\s+",
        rf"{_REPLY} (?:from|by|of) (?:the )?(?:assistant|model|ai){_SIGN}",
        rf"{_FROM_PAPERS},[ \t]*\n\s*",
        rf"{_COURTESY}:\s*\n\s*",
        rf"{_COURTESY}(?:[,:]|[ ]?[\u2013\u2014-])?\s+(?={_HERE}\b[^\n:]*:)",
        rf"(?:{_FROM_PAPERS},? )?(?=[^\n:]*\b{_SUBJECT}\b){_HERE}\b[^\n:\[\]]*:{_BEHIND_SIGN}",
        rf"{_FROM_PAPERS}:{_BEHIND_SIGN}",
        rf"{_ROLE} is(?: as follows)?:{_BEHIND_SIGN}",
        rf"{_ROLE} is\s+(?=[*_`\"]{{0,3}}(?-i:NOT[ _-]?IN))",
        rf"{_SPEAKS_OF_ITSELF}[^\n\[\]]*[.:]\s*\n\s*",
    )
)
# Whatever a preamble begins with. Only then is the first line held back until it is all there.
_TRIGGERS = (
    *("question", "q:", "q*", "human", "user", "final:", "final*"),
    *("assistant", "ai:", "ai*", "ai：", "a:", "a*", "a：", "bot", "chatbot", "chatgpt"),
    *("the answer", "the response"),
    *("the reply", "the output", "my answer", "my response", "your answer", "answer", "response"),
    *("reply", "output", "final answer", "final response", "the final", "my final", "short answer"),
    *("brief answer", "direct answer", "concise answer", "the short", "the brief", "the concise"),
    *("model\n", "sure", "certainly", "of course", "absolutely", "definitely", "yes"),
    *("no problem", "gladly", "hello", "hi", "great question", "good question", "that's a"),
    *("what a", "excellent question", "interesting question", "okay", "ok", "alright", "happy to"),
    *("glad to", "i'd be", "i'm ", "i am ", "thank", "here", "below", "the following", "based "),
    *("according to", "from the", "from these", "from your", "using the", "using these"),
    *("let me", "i'll", "i’ll", "i will", "i can", "as an ai", "i have read", "¡claro", "claro"),
    *("por supuesto", "bien sûr", "natürlich", "gern", "klar", "certo", "certamente", "当然"),
)
_ASKS = re.compile(rf"{_MARKS}{_ASKED}{_SIGN}", re.IGNORECASE)
_LEADS = re.compile(rf"{_MARKS}(.*)", re.DOTALL)


class Preamble:
    r"""Takes the beginning of an answer in any pieces and returns it without its preamble.

    Attributes:
        settled: Whether the answer has begun, so that nothing more has to be looked at.

    >>> preamble = Preamble()
    >>> preamble.feed("Sure! Here is the "), preamble.feed("answer:\n\nIt is fast.")
    ('', 'It is fast.')
    """

    def __init__(self) -> None:
        self._beginning = ""
        self.settled = False

    def feed(self, text: str) -> str:
        """Take the next characters and return those of the answer."""
        self._beginning += text
        return self._strip(final=False)

    def finish(self) -> str:
        """End the text and return the rest; what is nothing but a preamble is returned as it is."""
        return "" if self.settled else self._strip(final=True)

    def _strip(self, *, final: bool) -> str:
        rest = self._beginning.lstrip()
        while rest and (final or not _in_doubt(rest)):
            # Only so much is looked at as is always there, however the text was cut.
            head = rest[: _LONGEST - 1]
            ends = (match.end() for one in _PREAMBLES if (match := one.match(head)))
            end = next(ends, 0)
            if not end or (final and not rest[end:].strip()):
                self.settled = True
                return rest
            rest = rest[end:].lstrip()
        self._beginning = rest
        return ""


def _in_doubt(beginning: str) -> bool:
    """Tell whether a text begins as a preamble may, and its first line is not all there."""
    if len(beginning) >= _LONGEST or _is_whole(beginning):
        return False
    match = _LEADS.match(beginning)
    words = (match[1] if match else "").lower()
    return any(one.startswith(words) or _begins(words, one) for one in _TRIGGERS)


def _begins(text: str, words: str) -> bool:
    """Tell whether a text begins with words, the last of which is no part of a longer one."""
    return text.startswith(words) and not (words[-1:] + text[len(words) :][:1]).isalnum()


def _is_whole(beginning: str) -> bool:
    """Tell whether the first line has ended and another has begun."""
    head, _, rest = beginning.partition("\n")
    begun = rest.lstrip()
    if _ASKS.match(head):
        return "\n" in begun or len(begun) > _LONGEST_NAME
    return bool(head.strip() and begun)
