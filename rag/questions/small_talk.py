"""Small talk: a greeting, a thank-you, a farewell, or a question about the program itself.

A text is small talk when nothing is left of it but the words that such talk is made of, so that
"Thanks, and how fast is it?" is a question. The lists hold words, not sentences.
"""

from __future__ import annotations

import re

__all__ = ["reply_to"]

_LONGEST = 14  # words: who writes more has something to ask
_WORD = re.compile(r"[^\W\d_]+(?:['’][^\W\d_]+)*")
# What is said beside the words that carry such talk.
_BESIDE = frozenset(
    "a again ahead all alright already am and answer answers appreciate are as at back bot but day"
    " dear everyone explanation feedback folks for friend from got guys have help helpful i i'll"
    " i'm information info is it it's just kind lot lots made makes me much my nice now of oh"
    " one pretty quick really right same see sense so super team that that's the there this to"
    " today tomorrow too useful very was well what while will with you you're your yes yeah yep no"
    " answering helping helped time sir madam everything indeed were been being done enough"
    " problem worries soon later mate many million work job stuff".split()
)
# In order: what comes first decides what "Hello, thanks for the help, bye!" is.
_KINDS: tuple[tuple[str, frozenset[str]], ...] = (
    ("farewell", frozenset("bye goodbye farewell cheerio ciao tschüss adieu adios".split())),
    (
        "thanks",
        frozenset("thanks thank thx thankyou ty cheers merci danke gracias grateful".split()),
    ),
    (
        "greeting",
        frozenset(
            "hello hi hey howdy greetings welcome morning afternoon evening hallo bonjour hola"
            " moin ahoy yo".split()
        ),
    ),
    ("apology", frozenset("sorry apologies pardon".split())),
    (
        "praise",
        frozenset(
            "ok okay great good cool perfect excellent awesome amazing wonderful brilliant"
            " fantastic"
            " wow understood clear interesting lovely fine neat impressive nice noted".split()
        ),
    ),
)
_REPLIES = {
    "farewell": "Goodbye.",
    "thanks": "You're welcome. Ask on whenever you like.",
    "greeting": "Hello. Ask a question, and the papers of this library answer it.",
    "apology": "No harm done. Ask again, in other words if you like.",
    "praise": "Good. Ask on whenever you like.",
    "itself": (
        "This program answers questions from the abstracts of the papers in its library, and every"
        " sentence of an answer leads to the words that it rests on. Ask about what the papers"
        " found, which papers study something, how two things differ, or about the library itself:"
        " how many papers there are, the newest, those since a year or by an author."
    ),
}
_HOW_ARE_YOU = re.compile(
    r"\b(?:how (?:are|r) (?:you|u)|how(?:'s| is) it going|what'?s up|how do you do)\b[\s\w]{0,12}",
    re.IGNORECASE,
)
_ITSELF = re.compile(
    r"^(?:(?:so|and|please|but)\s+)?(?:(?:who|what) (?:exactly )?are you"
    r"|who (?:made|built|created|wrote|developed|programmed|trained) you|what(?:'s| is) your name"
    r"|what (?:else )?(?:can|could|do|should) (?:you|i) (?:do|ask|help)(?: (?:you|me|here|with|for"
    r"|about))*|how (?:can|do|should) (?:you|i) (?:help|work|use|start|begin)(?: (?:you|me|this"
    r"|here|it))*|(?:can|could|will) you (?:please )?help(?: me)?|help(?: me)?"
    r"|are you (?:an? )?(?:ai|bot|human|robot|chatbot|person|llm|real))(?:\s+(?:please|here))?$",
    re.IGNORECASE,
)


def reply_to(text: str) -> str | None:
    """Return what to say to small talk; None to what asks about the papers.

    >>> reply_to("Thank you, that was very helpful!")
    "You're welcome. Ask on whenever you like."
    >>> reply_to("Thanks, and how fast is it?") is reply_to("Is it good?") is None
    True
    """
    plain = text.replace("\u2019", "'").strip(" \t!?.,;:)(-")
    if _ITSELF.match(plain):
        return _REPLIES["itself"]
    courtesy = _HOW_ARE_YOU.search(plain)
    if courtesy:
        plain = f"{plain[: courtesy.start()]} {plain[courtesy.end() :]}"
    words = [word.lower() for word in _WORD.findall(plain)]
    if len(words) > _LONGEST or any(letter.isdigit() for letter in plain):
        return None
    kinds = [(name, listed) for name, listed in _KINDS if any(word in listed for word in words)]
    known = _BESIDE.union(*(listed for _, listed in _KINDS))
    if any(word not in known for word in words):
        return None
    if courtesy:
        return _REPLIES["greeting"]
    # "Is it good?" asks something; "Hello?" doesn't.
    asks = text.rstrip().endswith(("?", "\uff1f"))
    told = [name for name, _ in kinds if not asks or name in {"greeting", "thanks", "farewell"}]
    if not told or (asks and len(words) > 2 and told[0] == "greeting"):
        return None
    return _REPLIES[told[0]]
