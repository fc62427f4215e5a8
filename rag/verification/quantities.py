"""Numbers, units and quoted phrases: whether those of a sentence occur in what it cites.

Two texts rarely write a number the same way: 1,000 and 1000 and 1k, 50% and 0.5 and half, "six
months" and 6 months, 1·75 and 1.75. Every number is read into a value and a unit, and values are
compared. A number that belongs to a name (GPT-3, IL-18, ResNet-50) is not a quantity.
"""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING

from rag.text.citations import without_markers
from rag.text.sentences import sentence_spans
from rag.text.words import edits, normalise

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

__all__ = [
    "Quantity",
    "changed_quantity",
    "find_quantities",
    "find_quotes",
    "holds_phrase",
    "missing_quantities",
    "same_quantity",
]


@dataclass(frozen=True, slots=True)
class Quantity:
    """A number as a text states it.

    Attributes:
        text: The characters it was read from.
        value: In the unit `unit`; a percentage keeps its number (50% is 50).
        unit: Canonical unit, `%` for percentages, or "" where none was recognised.
        noun: The word behind the number, in the singular; "" where there is none.
        decimals: Digits after the decimal point, negative where trailing zeros are not exact.
        spelled: Written in words.
        rough: Announced as approximate ("about", "nearly", "more than").
        start: Where it begins in the text.
    """

    text: str
    value: float
    unit: str
    noun: str
    decimals: int
    spelled: bool
    rough: bool
    start: int


# Canonical unit -> (base unit, size in it). Units of one base are converted before comparing.
_UNITS: dict[str, tuple[str, float]] = {
    "%": ("%", 1),
    "x": ("x", 1),
    "ms": ("s", 1e-3), "us": ("s", 1e-6), "s": ("s", 1), "min": ("s", 60), "h": ("s", 3600),
    "day": ("s", 86400), "week": ("s", 7 * 86400), "month": ("s", 30.4375 * 86400),
    "year": ("s", 365.25 * 86400), "kyr": ("s", 365.25e3 * 86400),
    "myr": ("s", 365.25e6 * 86400), "gyr": ("s", 365.25e9 * 86400),
    "ng": ("g", 1e-9), "ug": ("g", 1e-6), "mg": ("g", 1e-3), "g": ("g", 1), "kg": ("g", 1e3),
    "nm": ("m", 1e-9), "um": ("m", 1e-6), "mm": ("m", 1e-3), "cm": ("m", 1e-2), "m": ("m", 1),
    "km": ("m", 1e3),
    "ul": ("l", 1e-6), "ml": ("l", 1e-3), "l": ("l", 1),
    "kb": ("B", 1e3), "mb": ("B", 1e6), "gb": ("B", 1e9), "tb": ("B", 1e12),
    "hz": ("Hz", 1), "khz": ("Hz", 1e3), "mhz": ("Hz", 1e6), "ghz": ("Hz", 1e9),
    "kda": ("Da", 1e3), "nM": ("M", 1e-9), "uM": ("M", 1e-6), "mM": ("M", 1e-3),
    "fps": ("fps", 1), "db": ("dB", 1), "ppm": ("ppm", 1), "°c": ("°C", 1), "usd": ("usd", 1),
    "bleu": ("BLEU", 1), "flops": ("flops", 1), "mmhg": ("mmHg", 1),
}  # fmt: skip
_ALIASES: dict[str, str] = {
    "percent": "%", "percentage": "%", "pct": "%", "pp": "%",
    "fold": "x", "times": "x", "×": "x",  # noqa: RUF001 - the multiplication sign
    "millisecond": "ms", "msec": "ms", "microsecond": "us", "μs": "us", "second": "s", "sec": "s",
    "minute": "min", "mins": "min", "hour": "h", "hr": "h", "hrs": "h", "d": "day", "wk": "week",
    "mo": "month", "yr": "year", "yrs": "year", "y": "year",
    "μg": "ug", "mcg": "ug", "microgram": "ug", "milligram": "mg", "gram": "g", "kilogram": "kg",
    "μm": "um", "micrometer": "um", "micrometre": "um", "millimeter": "mm", "millimetre": "mm",
    "centimeter": "cm", "centimetre": "cm", "meter": "m", "metre": "m", "kilometer": "km",
    "kilometre": "km", "nanometer": "nm", "nanometre": "nm",
    "μl": "ul", "milliliter": "ml", "millilitre": "ml", "liter": "l", "litre": "l",
    "hertz": "hz", "kilohertz": "khz", "megahertz": "mhz", "gigahertz": "ghz",
    "kilobyte": "kb", "megabyte": "mb", "gigabyte": "gb", "terabyte": "tb", "gib": "gb",
    "mib": "mb", "kilodalton": "kda", "μm/l": "uM", "micromolar": "uM", "nanomolar": "nM",
    "frames/s": "fps", "decibel": "db", "dollar": "usd", "$": "usd", "us$": "usd", "flop": "flops",
}  # fmt: skip
_CASED = {"nM", "uM", "mM"}  # where case alone tells molar from metre

_ONES = (
    "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen"
    " sixteen seventeen eighteen nineteen"
).split()
_TENS = "twenty thirty forty fifty sixty seventy eighty ninety".split()
_WORDS = {word: float(n) for n, word in enumerate(_ONES)}
_WORDS |= {word: 10.0 * (n + 2) for n, word in enumerate(_TENS)}
_MULTIPLES = {"hundred": 1e2, "thousand": 1e3, "million": 1e6, "billion": 1e9, "trillion": 1e12}
# As papers and saved pages write numbers: 2{,}000, 92\\%, sim10%, 1.5\\times10^6, 10^{-4}.
_GROUPED = re.compile(r"(?<=\d)\{,\}(?=\d)|(?<=\d)\\,(?=\d)")
_ESCAPED = re.compile(r"\\(?=[%$#])|\\(?:sim|approx|leq?|geq?|pm)\b|(?<=\d)\$(?=\\?%)")
_GLUED = re.compile(r"(?:sim|approx|leq|geq|pm)(?=\d)")
_POWER = re.compile(
    r"(?:(?P<factor>\d+(?:\.\d+)?)\s*(?:\\times|\\cdot|times|[×x*·])\s*)?"  # noqa: RUF001
    r"(?<![\d.,])10\s*(?:\^\s*\{?\s*(?P<power>[-−+]?\d{1,2})(?:\s*\})?|(?P<raised>⁻?[⁰¹²³⁴-⁹]{1,2}))"  # noqa: RUF001
)
_RAISED = str.maketrans("⁰¹²³⁴⁵⁶⁷⁸⁹⁻−", "0123456789--")  # noqa: RUF001 - a minus sign
_SUFFIXES = {"k": 1e3, "m": 1e6, "b": 1e9, "bn": 1e9, "t": 1e12}
# Words that state a value and no more; a text that holds the value may be put in these words,
# but these words are too loose to be looked up themselves ("a third experiment").
_LOOSE = {
    "half": 0.5, "halve": 0.5, "halved": 0.5, "halves": 0.5, "halving": 0.5, "third": 1 / 3,
    "thirds": 2 / 3, "quarter": 0.25, "quarters": 0.75, "fifth": 0.2, "tenth": 0.1,
    "double": 2.0, "doubled": 2.0, "doubles": 2.0, "doubling": 2.0, "twice": 2.0, "twofold": 2.0,
    "both": 2.0, "pair": 2.0, "dual": 2.0, "single": 1.0, "once": 1.0, "triple": 3.0,
    "tripled": 3.0, "thrice": 3.0, "threefold": 3.0, "fourfold": 4.0, "fivefold": 5.0,
    "tenfold": 10.0, "dozen": 12.0, "dozens": 12.0,
}  # fmt: skip

_NUMBER = re.compile(
    r"(?<![\w.])(?P<sign>[-+~<>]?)(?P<digits>\d{1,3}(?:,\d{3})+(?:\.\d+)?|\d+(?:\.\d+)?|\.\d+)"
    r"(?:(?P<glued>[%×$]|[a-zA-Zμ°]+)(?!\w))?"  # noqa: RUF001 - the multiplication sign
    r"(?!\w)"
)
_WORD = re.compile(r"[A-Za-z]+")
_NEXT = re.compile(r"[\s-]*([%×$°]?[A-Za-zμ°/]*)")  # noqa: RUF001 - the multiplication sign
_MULTIPLE = re.compile(r"[\s-]*(hundred|thousand|million|billion|trillion)s?\b", re.IGNORECASE)
_ROUGH = re.compile(
    r"(?:about|around|approximately|approx\.?|nearly|almost|roughly|some|circa|~|up to"
    r"|close to)\s*$",
    re.IGNORECASE,
)
_MORE = re.compile(
    r"(?:over|more than|at least|exceed\w*|above|upwards? of|beyond|>=?)\s*$", re.IGNORECASE
)
_LESS = re.compile(
    r"(?:under|fewer than|less than|at most|up to|below|within|no more than|<=?)\s*$", re.IGNORECASE
)
_IN_FRONT = 40  # characters in which the words of a bound stand
_BOUND = 1.5  # "over 100" may be said of 127, not of 400
_NAME_BEFORE = re.compile(r"(?:^|[^\w])\w*[A-Za-z]\w*[-/_]$")
_QUOTED = re.compile(r"[\"“”]([^\"“”]{2,300})[\"“”]|‘([^‘’]{2,300})’|``(.{2,300}?)''")
_TOKEN = re.compile(r"\d[\d.,]*\d|\w+")
_SPACES = re.compile(r"\s+")


def find_quantities(text: str) -> list[Quantity]:
    """Return the numbers of a text in order, in digits and in words.

    Bracketed citation markers and the digits of names ("GPT-3") are left out.

    >>> [(q.value, q.unit) for q in find_quantities("50% of 1,200 users in six months, IL-18 [3]")]
    [(50.0, '%'), (1200.0, ''), (6.0, 'month')]
    """
    return list(_quantities(text))


@lru_cache(maxsize=1024)
def _quantities(text: str) -> tuple[Quantity, ...]:
    plain = normalise(without_markers(_written_plainly(text)))
    found = [_read_digits(plain, match) for match in _NUMBER.finditer(plain)]
    found += _spelled(plain)
    return tuple(sorted((q for q in found if q is not None), key=lambda q: q.start))


def _written_plainly(text: str) -> str:
    """Write the numbers of formulas as prose does: 1.5 x 10^6 becomes 1500000."""
    if "10" in text:
        text = _POWER.sub(_multiplied, text)
    if "\\" not in text and "{" not in text and not _GLUED.search(text):
        return text
    text = _ESCAPED.sub(lambda match: " " * len(match[0]), _GROUPED.sub(",", text))
    return re.sub(r"(?<=\d)\s+(?=%)", "", _GLUED.sub(lambda match: " " * len(match[0]), text))


def _multiplied(match: re.Match[str]) -> str:
    power = int((match["power"] or match["raised"]).translate(_RAISED))
    value = float(match["factor"] or 1) * 10.0**power
    return f"{value:.12f}".rstrip("0").rstrip(".") if abs(power) <= 12 else match[0]


def _read_digits(text: str, match: re.Match[str]) -> Quantity | None:
    before = text[: match.start()]
    if _NAME_BEFORE.search(before[-24:]):
        return None  # the tail of a name: IL-18, GPT-3, OCT3/4
    digits, glued = match["digits"], match["glued"] or ""
    value, decimals = float(digits.replace(",", "")), len(digits.partition(".")[2])
    end, unit = match.end(), ""
    if glued.lower() in _SUFFIXES and glued not in {"m", "t"}:
        size = _SUFFIXES[glued.lower()]
        value, decimals = value * size, decimals - round(math.log10(size))
    elif glued:
        unit = _unit(glued)
        if not unit:
            return None  # a name (3D, 2x2) or a place in an order (2nd)
    elif multiple := _MULTIPLE.match(text, end):
        size = _MULTIPLES[multiple[1].lower()]
        value, end = value * size, multiple.end()
        decimals -= round(math.log10(size))
    if "." not in digits and not glued:
        decimals -= len(digits) - len(digits.rstrip("0")) if value >= 100 else 0
    noun = ""
    if not unit:
        unit, noun = _behind(text, end)
    if not unit and before.rstrip().endswith("$"):
        unit = "usd"
    rough = bool(_ROUGH.search(before[-20:])) or match["sign"] in {"~", "<", ">"}
    shown = text[match.start("digits") : end]
    return Quantity(shown, value, unit, noun, decimals, False, rough, match.start("digits"))


def _behind(text: str, end: int) -> tuple[str, str]:
    """Return the unit behind a number, or the stem of the noun that is counted."""
    match = _NEXT.match(text, end)
    word = match[1] if match else ""
    if not word:
        return "", ""
    unit = _unit(word.split("/")[0] or word)
    return unit, "" if unit else word.lower().rstrip("s")


def _unit(word: str) -> str:
    if word in _CASED:
        return word
    if len(word) == 1 and word.isupper():
        return ""  # 5 D are not five days
    lowered = word.lower()
    for form in (lowered, lowered.rstrip("s")):
        name = _ALIASES.get(form, form)
        if name in _UNITS:
            return name
    return ""


def _spelled(text: str) -> list[Quantity]:
    found: list[Quantity] = []
    words = list(_WORD.finditer(text))
    position = 0
    while position < len(words):
        value, used = _read_words([w[0].lower() for w in words[position : position + 5]])
        if not used:
            position += 1
            continue
        first, last = words[position], words[position + used - 1]
        unit, noun = _behind(text, last.end())
        rough = bool(_ROUGH.search(text[: first.start()][-20:]))
        shown = text[first.start() : last.end()]
        found.append(Quantity(shown, value, unit, noun, 0, True, rough, first.start()))
        position += used
    return found


def _read_words(words: Sequence[str]) -> tuple[float, int]:
    """Read a number from the words that a text begins with; how many words it took, or 0."""
    if not words or words[0] not in _WORDS:
        return 0.0, 0
    value, used = _WORDS[words[0]], 1
    if value >= 20 and len(words) > 1 and 0 < _WORDS.get(words[1], 0) < 10:
        value, used = value + _WORDS[words[1]], 2
    while used < len(words) and words[used] in _MULTIPLES:
        value, used = value * _MULTIPLES[words[used]], used + 1
    return value, used


def find_quotes(text: str) -> list[str]:
    """Return the phrases that a text sets in quotation marks, without the marks.

    >>> find_quotes('They call it “attention is enough”.')
    ['attention is enough']
    """
    return [next(filter(None, match.groups())).strip() for match in _QUOTED.finditer(text)]


def holds_phrase(text: str, phrase: str) -> bool:
    """Tell whether a text holds a phrase, whatever the case, the quotes and the white space."""
    return _squeezed(phrase).strip(" .,;:!?\"'") in _squeezed(text)


def _squeezed(text: str) -> str:
    return _SPACES.sub(" ", normalise(text)).casefold()


def missing_quantities(
    claim: str, evidence: Sequence[str], *, years: Iterable[int] = ()
) -> tuple[list[Quantity], list[Quantity]]:
    """Return the numbers of a claim that its evidence does not state.

    Args:
        claim: The sentence to check.
        evidence: The texts that it cites, one each.
        years: Years known of the cited papers, which count as stated.

    Returns:
        Those that must be stated and are not; and those that may be the writer's own counting
        ("the two papers") and only cast doubt.
    """
    stated = [q for text in evidence for q in find_quantities(text)]
    loose = {
        value
        for text in evidence
        for word in _WORD.findall(text.lower())
        if (value := _LOOSE.get(word)) is not None
    }
    known_years = {float(year) for year in years}
    firm: list[Quantity] = []
    soft: list[Quantity] = []
    for quantity in find_quantities(claim):
        if quantity.value == 1 and quantity.spelled:
            continue  # "one" is more often a pronoun than a number
        if quantity.value in known_years and not quantity.unit:
            continue
        if any(same_quantity(quantity, other) for other in stated) or _loosely(quantity, loose):
            continue
        if _bounds(quantity, claim, evidence):
            continue
        worked_out = _may_be_counting(quantity, stated) or _follows(quantity, evidence)
        (soft if worked_out else firm).append(quantity)
    return firm, soft


def changed_quantity(claim: str, sentence: str) -> str | None:
    """Find a number that was changed in a sentence otherwise taken over nearly word for word.

    Returns:
        The number of the claim, or None where none was changed or the two aren't alike.
    """
    ours, theirs = (_TOKEN.findall(normalise(text).lower()) for text in (claim, sentence))
    for mine, other in edits(ours, theirs):
        if len(mine) != len(other):
            continue
        for one, two in zip(mine, other, strict=True):
            numbers = find_quantities(one), find_quantities(two)
            if all(numbers) and not same_quantity(numbers[0][0], numbers[1][0]):
                return one
    return None


def _bounds(quantity: Quantity, claim: str, evidence: Sequence[str]) -> bool:
    """Tell whether a claim gives a bound that a stated value keeps: "over 100" of 127.

    A stated bound ("below 60 hertz") is no value: another bound in its place is another statement.
    """
    before = claim[max(0, quantity.start - _IN_FRONT) : quantity.start]
    low, high = quantity.value, quantity.value * _BOUND
    if _LESS.search(before):
        low, high = quantity.value / _BOUND, quantity.value
    elif not _MORE.search(before):
        return False
    return any(
        low <= one.value <= high
        and (quantity.unit, quantity.noun) == (one.unit, one.noun)
        and not _MORE.search(text[max(0, one.start - _IN_FRONT) : one.start])
        and not _LESS.search(text[max(0, one.start - _IN_FRONT) : one.start])
        for text in evidence
        for one in find_quantities(text)
    )


def _follows(quantity: Quantity, evidence: Sequence[str]) -> bool:
    """Tell whether a number is the difference or the ratio of two that one sentence states.

    A difference is one of the same unit, a ratio is a number of times: any two of the numbers of an
    abstract make some other number.
    """
    return any(
        _comes_of(quantity, low.value, high.value)
        for text in evidence
        for span in sentence_spans(text)
        for low, high in _pairs(find_quantities(text[span.start : span.end]), quantity)
    )


def _pairs(stated: Sequence[Quantity], quantity: Quantity) -> Iterator[tuple[Quantity, Quantity]]:
    """Yield numbers of one unit, the smaller first, that a number may have been worked out from."""
    ordered = sorted(stated, key=lambda one: one.value)[:20]
    for place, low in enumerate(ordered):
        for high in ordered[place + 1 :]:
            if low.unit == high.unit and quantity.unit in {"x", low.unit}:
                yield low, high


def _comes_of(quantity: Quantity, low: float, high: float) -> bool:
    if quantity.unit == "x":
        return low > 0 and abs(high / low - quantity.value) <= 0.02 * quantity.value
    return abs(high - low - quantity.value) <= 0.005 * quantity.value


def _loosely(quantity: Quantity, loose: set[float]) -> bool:
    values = {quantity.value}
    if quantity.unit == "%":
        values = {quantity.value / 100, 1 + quantity.value / 100}
    elif quantity.value >= 2:
        values.add(1 / quantity.value)  # three times less: a third
    return any(abs(value - other) < 0.01 * other for value in values for other in loose)


def _may_be_counting(quantity: Quantity, stated: Sequence[Quantity]) -> bool:
    """Tell whether a number in words may count what the writer saw, not what the paper states."""
    if not quantity.spelled or quantity.unit or quantity.value > 10:
        return False
    return not any(other.noun and other.noun == quantity.noun for other in stated)


def same_quantity(claimed: Quantity, stated: Quantity) -> bool:
    """Tell whether two quantities are the same value, as far as the claim's precision goes."""
    if claimed.unit == stated.unit or not claimed.unit or not stated.unit:
        if _close(claimed, claimed.value, stated.value):
            return True
        return _as_fraction(claimed, stated)
    mine, theirs = _UNITS[claimed.unit], _UNITS[stated.unit]
    if mine[0] != theirs[0]:
        return False
    # 1.5 hours and 90 minutes: equal in the base unit, with room for months of unequal length.
    one, other = claimed.value * mine[1], stated.value * theirs[1]
    return abs(one - other) <= 0.03 * max(one, other)


def _as_fraction(claimed: Quantity, stated: Quantity) -> bool:
    """Compare a percentage with a fraction: 50% and 0.5."""
    if "%" not in (claimed.unit, stated.unit) or claimed.unit == stated.unit:
        return False
    percent, plain = (claimed, stated) if claimed.unit == "%" else (stated, claimed)
    return plain.value <= 1 and abs(percent.value - 100 * plain.value) < 0.051


def _close(claimed: Quantity, value: float, stated: float) -> bool:
    if value == stated:
        return True
    if claimed.rough and abs(value - stated) <= 0.05 * abs(stated):
        return True
    # 94.23 may be told as 94.2, but a single digit is too little to be called rounding.
    significant = re.sub(r"[^\d]", "", claimed.text).lstrip("0")
    if claimed.spelled or len(significant if claimed.decimals > 0 else significant.rstrip("0")) < 2:
        return False
    return math.isclose(value, _rounded(stated, claimed.decimals))


def _rounded(value: float, decimals: int) -> float:
    scale = 10.0**decimals
    return float(int(value * scale + 0.5) / scale)
