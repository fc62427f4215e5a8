"""Read the names of authors, however a source writes them, as people say them: "Ana Costa"."""

from __future__ import annotations

import ast
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from rag.text.cleaning import clean_text
from rag.text.decoding import one_line

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

__all__ = ["Name", "divide_names", "join_names", "read_names", "split_name", "turn_name"]

# An organisation has no family name.
_ORGANISATION = re.compile(
    r"[\d&]|\b(?:and|association|collaboration|committee|company|consortium|corporation|foundation"
    r"|group|inc|institute|lab|labs|laboratory|ltd|organi[sz]ation|project|research|team"
    r"|university)\b",
    re.IGNORECASE,
)
_COMPANY = re.compile(r"(?:inc|ltd|llc|corp|co|gmbh|plc|s\.?a|b\.?v|n\.?v|a\.?g)\.?", re.IGNORECASE)
_LAST = re.compile(r"([^,]+?)\s+([JS]r\.?|II|III|IV)")  # a name with a suffix and no comma
_SUFFIX = re.compile(r"(?:[JS]r\.?|II|III|IV|V|M\.?D\.?|Ph\.?D\.?|2nd|3rd|4th)", re.IGNORECASE)
# "A.", "A. B.", "A.-B.", "AB", "A B": nothing but first letters.
_INITIALS = re.compile(r"(?:[^\W\d_a-z]\.?[ -]?){1,4}")
# "Costa A", "van der Berg LJ", "O'Brien S Jr": a family name, then first letters without a point.
_FAMILY_FIRST = re.compile(
    r"((?:[^\W\d_]['\u2019\w-]*[^\W\d_A-Z]|[^\W\d_]{2,})(?: [^\W\d_]['\u2019\w-]+)*)"
    r" (?!I{2,3}$|IV$)([A-Z]{1,3}|[A-Z]-[A-Z])(?: (Jr|Sr|II|III|IV|2nd|3rd))?"
)
_PARTICLES = frozenset(
    "van von der den de del della di da do dos das du la le ter ten zu zur af av al el ibn bin"
    " y san st ste 't".split()
)
_AND = re.compile(r",?\s+(?:and|&)\s+(?:the\s+(?=[A-Z])|)", re.IGNORECASE)
_OTHERS = re.compile(r"[,;]?\s*(?:\b(?:et\s+al\b\.?|and others\b)|\.\.\.|…)\s*$", re.IGNORECASE)
_PARENTHESES = re.compile(r"\([^()]*\)")
_FOOTNOTES = re.compile(r"(?<![*†‡§¶])[*†‡§¶]+$")
# Chinese, Japanese and Korean names have the family name first when they are said, too.
_EAST_ASIAN = re.compile("[\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af]")
_LITERAL = re.compile(r"\{([^{}]*)\}")
# Keys under which sources keep a name that is whole, or a person within a record of authorship.
_WHOLE = (
    "name", "display_name", "full_name", "fullname", "author_name", "literal", "raw_author_name",
    "raw", "author",
)  # fmt: skip
_FAMILY = ("family", "last", "lastName", "last_name", "keyname", "surname", "family_name")
_GIVEN = ("given", "first", "firstName", "first_name", "forenames", "given_name", "given_names")
_PARTICLE = ("non-dropping-particle", "dropping-particle", "particle", "prefix")


@dataclass(frozen=True, slots=True, kw_only=True)
class Name:
    """An author's name in its parts; that of an organisation is all `family`."""

    family: str
    given: str = ""
    particle: str = ""
    suffix: str = ""

    @property
    def is_literal(self) -> bool:
        """Whether it stays whole: that of an organisation, or of one word."""
        return not self.given

    @property
    def full_family(self) -> str:
        """The family name with its particle: `van Beethoven`."""
        return f"{self.particle} {self.family}".strip()

    @property
    def turned(self) -> str:
        """The parts with the family name in front: `King, Martin Luther, Jr.`."""
        return ", ".join(part for part in (self.full_family, self.given, self.suffix) if part)


def read_names(value: Any) -> tuple[str, ...]:  # noqa: ANN401 - what a source holds
    """Return the names in a value of any usual form, in its order.

    Args:
        value: A list of texts or of mappings with the parts of a name; one such mapping; or one
            text, with names between semicolons, commas, or "and", or a list as Python prints it.

    >>> read_names("Costa, Ana and Berg, Ludwig van der")
    ('Ana Costa', 'Ludwig van der Berg')
    >>> read_names("Gatica, G.N., Sequeira, F.A."), read_names("Ana Costa, Bo Ek and Cy Fu")
    (('G.N. Gatica', 'F.A. Sequeira'), ('Ana Costa', 'Bo Ek', 'Cy Fu'))
    >>> read_names([{"family": "King", "given": "Martin Luther", "suffix": "Jr."}])
    ('Martin Luther King Jr.',)
    """
    if isinstance(value, str):
        return _turned(_split(value))
    if isinstance(value, Mapping):
        value = [value]
    if not isinstance(value, list | tuple):
        return ()
    names: list[str] = []
    for item in value:
        if isinstance(item, str):
            names += _parts(item)
        elif isinstance(item, Mapping):
            names += _from_mapping(item)
    return _turned(names)


def turn_name(text: str) -> str:
    """Return a name that may have its family name in front, and a comma, as people say it.

    >>> turn_name("King, Martin Luther, Jr."), turn_name("Group, Anna")
    ('Martin Luther King Jr.', 'Anna Group')
    """
    family, *rest = [part.strip() for part in text.split(",")]
    rest = [part for part in rest if part]
    if not family or not rest or len(rest) > 2:
        return ", ".join([family, *rest]) if family else ", ".join(rest)
    if any(" " in part and _ORGANISATION.search(part) for part in (family, *rest)):
        return text
    if _COMPANY.fullmatch(rest[-1]):
        return text
    suffixes = [part for part in rest if _SUFFIX.fullmatch(part)]
    given = [part for part in rest if part not in suffixes]
    if len(given) > 1:
        return text
    said = [family, *given] if _EAST_ASIAN.search(text) else [*given, family]
    return " ".join([*said, *suffixes])


def split_name(text: str) -> Name:
    """Split a name into its parts as BibTeX does; one that parts would change stays whole."""
    from bibtexparser.middlewares.names import parse_single_name_into_parts

    text = turn_name(one_line(re.sub(r"[{}\\~]", " ", text)))
    whole = Name(family=text)
    if _ORGANISATION.search(text) or "," in text:
        return whole
    if _EAST_ASIAN.search(text):  # the family name comes first when it is said, too
        family, _, given = text.partition(" ")
        return Name(family=family, given=given)
    last = _LAST.fullmatch(text)
    parts = parse_single_name_into_parts(last[1] if last else text, strict=False)
    if not parts.first or not parts.last:
        return whole
    name = Name(
        family=" ".join(parts.last),
        given=" ".join(parts.first),
        particle=" ".join(parts.von),
        suffix=last[2] if last else "",
    )
    return name if turn_name(name.turned) == text else whole


def join_names(names: Iterable[str]) -> str:
    """Write names between semicolons, so that `divide_names` finds the same, whatever they hold."""
    return "; ".join(re.sub(r"([;\\])", r"\\\1", name) for name in names)


def divide_names(text: str) -> list[str]:
    r"""Return the names that `join_names` wrote.

    >>> divide_names(join_names(["Ana Costa", "Ek; Fu \\"]))
    ['Ana Costa', 'Ek; Fu \\']
    """
    parts = re.findall(r"(?:[^;\\]|\\.)+", text)
    return [re.sub(r"\\(.)", r"\1", part).strip() for part in parts if part.strip()]


def _turned(names: Iterable[str]) -> tuple[str, ...]:
    """Return names as people say them, without those that are none."""
    plain = (clean_text(_FOOTNOTES.sub("", name.strip())).strip(" ,;") for name in names)
    said = [words for name in plain if name and (words := _say(name))]
    # "Costa A" has its family name in front where every name of the paper is written so.
    people = [name for name in said if not (" " in name and _ORGANISATION.search(name))]
    matches = [_FAMILY_FIRST.fullmatch(name) for name in people]
    if people and all(matches):
        turned = {
            match[0]: " ".join(part for part in (match[2], match[1], match[3]) if part)
            for match in matches
            if match
        }
        said = [turned.get(name, name) for name in said]
    return tuple(said)


def _say(name: str) -> str:
    if literal := _LITERAL.fullmatch(name):  # BibTeX's braces keep a name whole
        return literal[1].strip()
    name = one_line(name.replace("{", "").replace("}", ""))
    return turn_name(name) if "," in name else name


def _from_mapping(value: Mapping[str, Any]) -> list[str]:
    family = _first(value, _FAMILY)
    if family:
        middle = value.get("middle")
        middles = [str(part) for part in middle] if isinstance(middle, list) else [middle or ""]
        before = [_first(value, _GIVEN), *middles]
        last = [_first(value, _PARTICLE), family]
        parts = [*last, *before] if _EAST_ASIAN.search(family) else [*before, *last]
        suffix = _first(value, ("suffix",))
        return [" ".join(part.strip() for part in (*parts, suffix) if part and part.strip())]
    for key in _WHOLE:
        inner = value.get(key)
        if isinstance(inner, Mapping):
            return _from_mapping(inner)
        if isinstance(inner, str) and inner.strip():
            return _parts(inner)
    given = _first(value, _GIVEN)
    return [given] if given else []


def _first(value: Mapping[str, Any], keys: Sequence[str]) -> str:
    return next((value[key] for key in keys if isinstance(value.get(key), str) and value[key]), "")


def _parts(text: str) -> list[str]:
    """Return the name that an item of a list holds; two, where it holds two people."""
    names = [name for name in text.split(";") if name.strip()]
    return [person for name in names for person in _people(name)]


def _people(text: str) -> list[str]:
    both = _AND.split(text)
    named = len(both) == 2 and all(" " in part.strip() or "," in part for part in both)
    return both if named and not any(_ORGANISATION.search(part) for part in both) else [text]


def _split(text: str) -> list[str]:
    """Divide one text into names."""
    text = text.strip()
    if text.startswith("[") and text.endswith("]"):
        listed = _printed_list(text)
        if listed:
            return listed
    while (shorter := _PARENTHESES.sub("", text)) != text:  # affiliations, in arXiv's way
        text = shorter
    text = _OTHERS.sub("", text)
    if ";" in text or "\n" in text:
        return [name for part in re.split(r"[;\n]", text) for name in _people(part)]
    parts = [part for part in _AND.split(text) if part.strip(" ,")]
    if len(parts) > 1 and (
        all(part.count(",") == 1 for part in parts) or all(map(_is_turned, parts))
    ):
        return parts
    return [name for part in parts for name in _split_at_commas(part)]


def _is_turned(text: str) -> bool:
    """Tell whether a text is one name with its family name in front, or one without a comma."""
    family, *rest = [part.strip() for part in text.split(",") if part.strip()] or [""]
    rest = [part for part in rest if not _SUFFIX.fullmatch(part)]
    if not rest:
        return True
    return len(rest) == 1 and (_is_family(family) or _INITIALS.fullmatch(rest[0]) is not None)


def _is_family(text: str) -> bool:
    """Tell whether a text is a family name by itself: one word, or particles before one."""
    *before, _ = text.split() or [""]
    return all(word.lower() in _PARTICLES for word in before)


def _split_at_commas(text: str) -> list[str]:
    if _is_turned(text):
        return [text]
    pieces = [piece.strip() for piece in text.split(",") if piece.strip()]
    names: list[str] = []
    for piece in pieces:
        if names and _SUFFIX.fullmatch(piece):
            names[-1] += f", {piece}" if "," in names[-1] else f" {piece}"
        else:
            names.append(piece)
    if len(names) % 2 == 0 and _alternate(names):
        pairs = zip(names[::2], names[1::2], strict=True)
        return [f"{family}, {given}" for family, given in pairs]
    return names


def _alternate(names: Sequence[str]) -> bool:
    """Tell whether names are family names and what goes before them, by turns."""
    if all(_INITIALS.fullmatch(given) for given in names[1::2]):
        return True
    one_word = all(" " not in given for given in names[1::2])
    return one_word and all(_is_family(family) for family in names[::2])


def _printed_list(text: str) -> list[str]:
    try:
        listed = ast.literal_eval(text)
    except (ValueError, SyntaxError, MemoryError, RecursionError):
        return []
    return [str(name) for name in listed if isinstance(name, str)]
