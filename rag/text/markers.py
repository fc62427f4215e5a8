r"""The grammar of citation markers, shared by what reads them and what keeps them out of evidence.

A marker is `[1]`, `[1, 2]`, `[1; 3]`, `[1-3]`, `[^1]`, `[S1]`, `[Source 1]`, `[citation:1]`,
`[ID:1]`, `[doc_1]`, `[paper n="1"]`, `[see 1]`, `[1, p. 3]`, `[1, Smith et al. 2020]`,
`[1: Its title]`, `(Source 1)`, `(Sources 1 and 2)`, `【1】`, `【1†source】`, `［1］`, an escaped
`\[1\]`, `\cite{1}`, `<cite id="1"/>`, or a superscript: `¹`, `<sup>1</sup>`, `^{1}`, `^[1]`, `^1^`,
`$^{1}$`, `\textsuperscript{1}`. Its numbers run from 1 to 999, so that neither a year nor the
interval [0, 1] is one. `[4?]` is how a reference to a paper that was never given is written.

Two more forms, here called mentions, cite only where their numbers are those of sources and their
place leaves no other meaning: `(1)` at the end of a sentence, and "paper 3" where a paper is
spoken of.
"""

from __future__ import annotations

import re

__all__ = [
    "LONGEST_MARKER",
    "MARKER_OPENERS",
    "MENTION_LETTERS",
    "MENTION_OPENERS",
    "RAISED_DIGITS",
    "could_become_marker",
    "could_become_mention",
    "marker_at",
    "marker_numbers",
    "mention_at",
    "raises",
    "superscript_cites",
]

LONGEST_MARKER = 64  # characters: what is longer is text, so that little is ever held back
MARKER_OPENERS = "[(【［〔〖⟦（\\<^$"
RAISED_DIGITS = "¹²³⁴⁵⁶⁷⁸⁹"
_WIDEST = 50  # sources in one range: what is wider is an interval

_S = r"[ \t\xa0\u3000]*"
_N = "[1-9１-９][0-9０-９]{0,2}"
_DASH = rf"{_S}(?:[-\u2010-\u2015\u2212~…]|\.{{2,3}}|to){_S}"
_AND = f"(?:and|et|und|y|e){_S}"
_COMMA = f"{_S}(?:[,;&，、；]{_S}(?:{_AND})?|{_AND})"
_RANGE = f"{_N}(?:{_DASH}{_N})?"
_KINDS = ("paper", "source", "abstract", "document", "reference")
_SIGN = rf"{_S}(?:[:：=#_-]|(?:id|n)[:=]?|№)?{_S}[\"']?"
_NAMES = (*_KINDS, "citation", "cite", "doc", "ref", "id")
_NAME = rf"(?:{'|'.join(_NAMES)})s?\.?{_SIGN}"
# In brackets nothing else is meant by these either.
_MORE_NAMES = (
    *("passage", "excerpt", "context", "chunk", "article", "study", "evidence", "no", "nr", "n"),
    *("block", "entry", "record", "index", "idx", "quelle", "artikel", "aufsatz", "studie"),
    *("fuente", "artículo", "estudio", "papier", "étude", "来源", "文献", "论文", "論文", "资料"),
    *("資料", "出典"),
)
# "S1" is how a source is often called; a letter stands there alone, and is a capital.
_LETTER = r"(?-i:[SPDR])(?=\d)"
_ANY_NAME = rf"(?:{'|'.join((*_NAMES, *_MORE_NAMES))})s?\.?{_SIGN}"
_ITEM = rf"[\^#@]?(?:{_ANY_NAME}|{_LETTER})?{_N}[\"']?(?:{_DASH}{_N}|\?|\^)?"
_PLAIN_LIST = f"{_S}{_ITEM}(?:{_COMMA}{_ITEM})*{_S}"
# Where in the paper it is said, or what the paper is called.
_PLACE = (
    r"(?:pp?|pages?|sec|sect|sections?|figs?|figures?|tables?|lines?|paragraphs?|chapters?|abstract"
    r"|title)\b"
)
_AUTHORS = r"(?-i:[A-Z])[^\W\d_]{1,20}(?: et al\.?| (?:and|&) (?-i:[A-Z])[^\W\d_]{1,20})?"
_YEAR = r"(?:1[89]|20)\d\d"
_LOCATOR = (
    rf"(?:[,;:]{_S}{_PLACE}[^\[\]［］【】{{}}\n]{{0,30}}"
    rf"|{_S}[:：]{_S}(?=[A-Z“\"])[^\[\]［］【】{{}}\n]{{4,50}}"
    rf"|[,;:]{_S}(?:{_AUTHORS},?{_S})?\(?{_YEAR}[a-z]?\)?|[,;:]{_S}{_AUTHORS})?"
)
_SEE = rf"(?:(?:see(?:{_S}also)?|cf\.?|e\.g\.,?|from){_S})?"
_LIST = f"{_S}{_SEE}{_PLAIN_LIST}{_LOCATOR}"
# In parentheses only the word tells a citation from the number of an equation or a list item.
_NAMED = f"{_S}(?:see{_S})?(?={_NAME}{_N}){_PLAIN_LIST}"


def _between(opener: str, inside: str, closer: str) -> tuple[re.Pattern[str], str]:
    return re.compile(re.escape(opener) + inside + re.escape(closer), re.IGNORECASE), closer


_GRAMMAR = {
    "[": _between("[", rf"{_LIST}(?:†[^\]\n]*)?", "]"),
    "\\": _between("\\[", _LIST, "\\]"),
    "<": (
        re.compile(
            rf"<(sup|cite|ref|citation|source)>[\[(]?{_PLAIN_LIST}[\])]?</\1>"
            rf"|<(cite|ref|citation|source|paper)[ ](?:n|id|name|source|number|ref)=(?P<q>[\"']?)"
            rf"{_PLAIN_LIST}(?P=q)[ ]?(?:/>|></\2>)",
            re.IGNORECASE,
        ),
        "",
    ),
    "【": _between("【", rf"{_LIST}(?:†[^】\n]*)?", "】"),
    "⟦": _between("⟦", _LIST, "⟧"),
    "［": _between("［", _LIST, "］"),
    "〔": _between("〔", _LIST, "〕"),
    "〖": _between("〖", _LIST, "〗"),
    "(": _between("(", _NAMED, ")"),
    "（": _between("（", _NAMED, "）"),
}
_BRACED = re.compile(rf"\\cite[pt]?\{{(?:paper|source|doc)?{_LIST}\}}", re.IGNORECASE)
_BRACED_NAMES = ("cite", "citep", "citet", "textsuperscript")
_BRACED_START = re.compile(
    rf"\\(?:{'|'.join(name[:i] for name in _BRACED_NAMES for i in range(1, len(name)))}"
    rf"|(?:{'|'.join(_BRACED_NAMES)})(?:\{{[^{{}}\n]*)?)",
    re.IGNORECASE,
)
# Numbers above the line, as LaTeX and Markdown write them.
_INSIDE = rf"\[?{_PLAIN_LIST}\]?(?:{_S}[,;]?{_S}\[{_PLAIN_LIST}\])*"
_RAISED = re.compile(
    rf"\$\^(?:\{{{_INSIDE}\}}|\[?{_N}\]?)\$|\^\{{{_INSIDE}\}}|\^\[{_LIST}\]|\^{_N}\^"
    rf"|\\textsuperscript\{{{_INSIDE}\}}",
    re.IGNORECASE,
)
_RAISED_START = re.compile(r"\$?(?:\^(?:[{\[][^{}$\n]*\}?|\d{0,3}\]?)?)?")
# The start of a marker is one when some ending completes it, and these are all the endings that
# the grammar knows, up to the choice of a number.
_WORDS = (
    "see source 1",
    "see also source 1",
    *(f"{name} 1" for name in (*_NAMES, *_MORE_NAMES)),
    "cf. 1",
)
_MORE_WORDS = (
    *("e.g., 1", "from 1", "and 1", "to 1", "[1", ": Title", "pages", "sections", "figures"),
    *("tables", "lines", "paragraphs", "chapters", "abstract", "title", "Ab et al., 2001a"),
    *("and Ab (2001)", '"', "'", "n=1", "№1"),
)
_ENDINGS = sorted({w[i:] for w in (*_WORDS, *_MORE_WORDS) for i in range(len(w) + 1)}, key=len)
_TAG_START = re.compile(
    r"<(?:[a-z]{0,8}|(?:sup|cite|ref|citation|source)>[^<>\n]*(?:<(?:/[a-z]{0,8})?)?"
    r"|(?:cite|ref|citation|source|paper) [a-z]{0,6}(?:=[^<>\n]*(?:>(?:<(?:/[a-z]{0,8})?)?)?)?)",
    re.IGNORECASE,
)
_BEHIND_LIST = re.compile(
    rf"(?<=[\d?^])(?:[,;:]{_S}(?={_PLACE}|\(?{_YEAR}|{_AUTHORS}(?:,?{_S}\(?{_YEAR}|{_S}\W\Z))"
    rf"|{_S}[:：]{_S}(?=[A-Z“\"]))",
    re.IGNORECASE,
)
_NUMBERS = re.compile(rf"({_N})(?:{_DASH}({_N})|(\?))?", re.IGNORECASE)

_LOWERED = str.maketrans("⁰¹²³⁴⁵⁶⁷⁸⁹⁻０１２３４５６７８９", "0123456789-0123456789")  # noqa: RUF001
_R = "[¹²³⁴-⁹][⁰¹²³⁴-⁹]{0,2}"
# A letter or sign behind the digits makes them part of a formula, an ion or an isotope.
_SUPERSCRIPT = re.compile(rf"{_R}(?:⁻{_R})?(?![\w⁺⁻⁼⁽⁾])")
_SUPERSCRIPT_START = re.compile(rf"{_R}(?:⁻(?:{_R})?)?")

# A superscript cites behind a word, a space or a mark of punctuation, and is an exponent behind
# a variable, a unit or a digit. A NUL stands for a marker that was taken out.
_BEFORE_NOTE = re.compile(r"(?:^|[\s\0.,;:!?%*\"'”\u2019»]|(?<![^\W_])[^\W\d_⁰¹²³⁴-⁹]{3,})\Z")
_BEFORE_EXPONENT = re.compile(
    r"\b(?:alpha|beta|chi|cos|delta|epsilon|eta|exp|feet|foot|gamma|inch|kappa|lambda|log|max"
    r"|meters?|metres?|miles?|min|omega|phi|psi|rho|sec|sigma|sin|tan|tau|theta|zeta)\Z"
    r"|\\[A-Za-z]+\Z",
    re.IGNORECASE,
)

_PARENTHESIS = re.compile(f"[(（]{_S}{_RANGE}(?:{_COMMA}{_RANGE})*{_S}[)）]")
_PARENTHESIS_START = re.compile(
    rf"[(（]{_S}(?:{_RANGE}{_COMMA})*(?:{_N}{_DASH}|{_RANGE}{_S}(?:an?|t)?)?"
)
# It closes a sentence or clause, or stands beside another; any comma will do once one was read.
_BEFORE_PARENTHESIS = re.compile(
    r"(?:[^\W\d_]{3}|[$%]|[A-Za-z]-?\d{1,3})[\"'”\u2019»*_)]*[ \t\xa0]*\Z|\0[ \t,;]*\Z"
)
_BEHIND_PARENTHESIS = re.compile(
    rf"{_S}(?:[.!?;:。]|\n|\Z|[(（]{_S}{_N}|, (?:although|and|but|though|whereas|while|yet) )"
)
_BEHIND_IN_DOUBT = re.compile(rf"{_S}(?:[(（]{_S}|,(?: [a-z]{{0,8}})?)?")
# A number behind these words counts something, or names what is no paper.
_COUNTED = re.compile(
    r"\b(?:and|are|both|cases?|chapter|class|conditions?|either|eqs?|equations?|example"
    r"|experiments?|figs?|figures?|for|from|groups?|hypothesis|into|items?|lemma|levels?|lines?|nor"
    r"|coordinates?|intervals?|numbers?|options?|parts?|phases?|questions?|rules?|sections?|see|stages?|steps?|tables?"
    r"|tasks?|than|that|the|theorem|times|types?|via|was|were|with)[\"'”\u2019»*_)]*[ \t\xa0]*\Z",
    re.IGNORECASE,
)

MENTION_LETTERS = "".join(kind[0] + kind[0].upper() for kind in _KINDS)
MENTION_OPENERS = f"(（{MENTION_LETTERS}"
_MENTION = re.compile(
    rf"(?:(?P<one>(?:{'|'.join(_KINDS)})[ \xa0]){_N}"
    rf"|(?P<many>(?:{'|'.join(_KINDS)})s[ \xa0]){_RANGE}(?:{_COMMA}{_RANGE})*)"
    r"(?![\w%]|[.,]\d|-\w)",
    re.IGNORECASE,
)
_MENTION_START = re.compile(
    rf"(?:{'|'.join(kind[:i] for kind in _KINDS for i in range(len(kind), 0, -1))})"
    rf"|(?:{'|'.join(_KINDS)})s?(?:[ \xa0](?:{_RANGE}{_COMMA})*"
    rf"(?:{_N}{_DASH}|{_RANGE}{_S}[.,;&-]?{_S}(?:an?|and|t)?{_S})?)?",
    re.IGNORECASE,
)
# A paper is spoken of at the start of a sentence and behind a preposition or conjunction; "the
# paper 12 times" and "a source 3 km away" are something else.
_BEFORE_MENTION = re.compile(
    r"(?:(?:^|[.!?:;\n(“\"‘>|]|-[ \t])[ \t\xa0]*(?:(?<!\w)[*_]{1,3})?|\0[ \t,;]*"
    r"|\b(?:against|also|although|and|as|because|between|both|but|by|for|from|if|in|like|of|on|only|or|see|than|that|though|to|unlike|via"
    r"|when|where|whereas|while|with)[ \t\xa0])\Z",
    re.IGNORECASE,
)


def marker_at(text: str, at: int) -> str:
    """Return the marker that begins at an offset, judged by its own characters; else nothing.

    >>> marker_at("as shown [1, 3-5].", 9), marker_at("in [0, 1]", 3)
    ('[1, 3-5]', '')
    """
    if text[at] in RAISED_DIGITS:
        match = _SUPERSCRIPT.match(text, at)
    else:
        letter = text[at + 1 : at + 2] if text[at] == "\\" else ""
        if text[at] in "^$" or letter == "t":
            pattern = _RAISED
        else:
            pattern = _BRACED if letter == "c" else _GRAMMAR[text[at]][0]
        match = pattern.match(text, at, at + LONGEST_MARKER)
    return match[0] if match and marker_numbers(match[0]) else ""


def could_become_marker(text: str) -> bool:
    """Tell whether a text that begins with an opener may yet grow into a marker, or be another.

    >>> could_become_marker("[1, "), could_become_marker("[si"), could_become_marker("word")
    (True, False, False)
    """
    if text[0] in RAISED_DIGITS:
        return _SUPERSCRIPT_START.fullmatch(text) is not None
    if text[0] not in MARKER_OPENERS or len(text) >= LONGEST_MARKER:
        return False
    if text[0] in "<^$" or (text[1:2].isalpha() and text[0] == "\\"):
        return any(start.fullmatch(text) for start in (_RAISED_START, _TAG_START, _BRACED_START))
    pattern, closer = _GRAMMAR[text[0]]
    if text[0] == "\\" and text[1:].endswith("\\"):
        return pattern.fullmatch(text + "]") is not None
    return any(pattern.fullmatch(text + ending + closer) for ending in _ENDINGS)


def raises(text: str, at: int) -> bool:
    """Tell whether a number would stand above the line in what begins at an offset."""
    return text[at] in "<^$" + RAISED_DIGITS or text.startswith("\\t", at)


def superscript_cites(before: str) -> bool:
    """Tell whether a superscript behind this text is a citation, not an exponent.

    >>> superscript_cites("as they found"), superscript_cites("12 km"), superscript_cites("chi")
    (True, False, False)
    """
    return bool(_BEFORE_NOTE.search(before)) and not _BEFORE_EXPONENT.search(before)


def mention_at(text: str, at: int, before: str, *, settled: bool = False) -> tuple[str, str]:
    """Return the mention that begins at an offset, as the words that lead it and the numbers.

    Args:
        text: Ends where the text ends, or beyond the mention and what decides about it.
        at: Where one of `MENTION_OPENERS` stands.
        before: The text before it.
        settled: Whether the text is known to cite in parentheses.

    >>> mention_at("as paper 3 shows", 3, "as "), mention_at("It helps (2).", 9, "It helps ")
    (('paper ', '3'), ('', '(2)'))
    >>> mention_at("in equation (2).", 12, "in equation ")
    ('', '')
    """
    if text[at] in MENTION_LETTERS:
        match = _MENTION.match(text, at)
        if not match or not _BEFORE_MENTION.search(before):
            return "", ""
        lead = match["one"] or match["many"]
        raw = match[0][len(lead) :]
    else:
        match = _PARENTHESIS.match(text, at, at + LONGEST_MARKER)
        if not match or not _may_close(before):
            return "", ""
        lead, raw = "", match[0]
        comma = settled and text.startswith(",", match.end())
        if not comma and not _BEHIND_PARENTHESIS.match(text, match.end()):
            return "", ""
    return (lead, raw) if marker_numbers(raw) else ("", "")


def could_become_mention(text: str, before: str) -> bool:
    """Tell whether a text may yet grow into a mention, or what follows decide that it is one."""
    if text[0] in MENTION_LETTERS:
        fits = _BEFORE_MENTION.search(before) is not None
        return fits and _MENTION_START.fullmatch(text) is not None
    if text[0] not in "(（" or not _may_close(before):
        return False
    match = _PARENTHESIS.match(text)
    if match:
        return _BEHIND_IN_DOUBT.fullmatch(text, match.end()) is not None
    return _PARENTHESIS_START.fullmatch(text) is not None


def _may_close(before: str) -> bool:
    """Tell whether a number in parentheses behind this text may be a citation."""
    return bool(_BEFORE_PARENTHESIS.search(before)) and not _COUNTED.search(before)


def marker_numbers(raw: str) -> tuple[tuple[int, ...], tuple[int, ...]] | None:
    """Return the numbers that a marker cites, each once, and those it says stand for no source.

    None when a range runs backwards or is too wide to be meant.

    >>> marker_numbers("[2, 4-6]"), marker_numbers("[1, 9?]"), marker_numbers("[5-95]")
    (((2, 4, 5, 6), ()), ((1,), (9,)), None)
    """
    known: dict[int, None] = {}
    unknown: dict[int, None] = {}
    listed = _BEHIND_LIST.split(raw.translate(_LOWERED).partition("†")[0], maxsplit=1)[0]
    for first, last, doubted in _NUMBERS.findall(listed):
        low, high = int(first), int(last or first)
        if not low <= high < low + _WIDEST:
            return None
        (unknown if doubted else known).update(dict.fromkeys(range(low, high + 1)))
    return tuple(known), tuple(unknown)
