"""Text made to keep a machine busy: what reads it takes time in proportion to its length."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

import pytest

from rag.answers.cited_sentences import split_claims
from rag.evidence.names import either, held_in, names_in, subjects
from rag.llm.guard import quarantine
from rag.questions.sides import sides_of
from rag.text.abbreviations import abbreviations_in
from rag.text.citations import find_markers, without_markers
from rag.text.cleaning import clean_abstract, clean_text
from rag.text.fences import classify
from rag.text.language import language_of
from rag.text.latex import latex_to_text, prose_to_latex, title_to_latex
from rag.text.markdown import to_markdown
from rag.text.names import read_names
from rag.text.safety import for_markdown, for_terminal, neutralise_markers
from rag.text.sentences import sentence_spans
from rag.text.terms import terms
from rag.verification.bindings import exchanged_quantities
from rag.verification.claims import heading_makes_claim, makes_claim
from rag.verification.opposites import turned_words
from rag.verification.quantities import changed_quantity, find_quotes, missing_quantities

if TYPE_CHECKING:
    from collections.abc import Callable

    from rag import Library

READS: dict[str, Callable[[str], Any]] = {
    "abbreviations": abbreviations_in,
    "abstract": clean_abstract,
    "alternatives": lambda text: either(text, {"x"}),
    "authors": read_names,
    "changed numbers": lambda text: changed_quantity(text, text[:300]),
    "claims": makes_claim,
    "exchanged numbers": lambda text: exchanged_quantities(text, [text[:300]]),
    "fences": classify,
    "headings": heading_makes_claim,
    "language": language_of,
    "LaTeX": latex_to_text,
    "LaTeX of a title": title_to_latex,
    "LaTeX of prose": prose_to_latex,
    "Markdown": for_markdown,
    "Markdown as typed": to_markdown,
    "markers": lambda text: list(find_markers(text)),
    "markers of ours": neutralise_markers,
    "missing numbers": lambda text: missing_quantities(text, [text[:200]]),
    "names": lambda text: (names_in(text), subjects(text), held_in(text, ["ABC", "DeFi"])),
    "no markers": without_markers,
    "parts of a question": sides_of,
    "prompt": quarantine,
    "quotes": find_quotes,
    "sentences": sentence_spans,
    "sentences and what they cite": split_claims,
    "terminal": for_terminal,
    "terms": terms,
    "title": clean_text,
    "turned words": lambda text: turned_words(text, text[:300]),
}
SOLID = r"""
    1, [1[1 ![a][xxx \( ( ) [ ] $ $$ \[ { } < </ & &amp * ** _ ~~ ` ``` a aB 1 1. 1- – ' " “ . ? !
    [1] [1, [^1 【1】 (1 http://a @ \ \a \frac{ \rule{ % ^ ^{1} _{ 10^ 1e 1,000, é 中 中。 🙂
    <think> <!-- --> <? &#1; -- … ± a- | |a| [INST] doi:10.1/
"""
SPACED = """
    3%_ <a_ #_ >_ -_ 1)_ ._ e.g._ [1]_ two_and_ not_ no._ A._ A_B_ and_ a_or_ A,_ ABC_ (AB)_ a_(AB)_
    1_%_of_ 10_to_ ’s_ user:_
"""
LINES = ("\n", "\n\n", "\t", " ", "\x90", "a\u0301", "\x1b[", "\x1b]8;;", "---\n", "- a\n", "a\n\n")
UNITS = (*SOLID.split(), *SPACED.replace("_", "\0").split(), *LINES)
UNITS = tuple(unit.replace("\0", " ") for unit in UNITS)
SHORT, TIMES = 2_500, 4
SURE = 0.15  # seconds: what takes less is too quick for a ratio to say anything
MOST = 2.2 * TIMES  # times as long for four times the text; sixteen would be the square


def seconds(read: Callable[[str], Any], text: str) -> float:
    started = time.process_time()
    read(text)
    return time.process_time() - started


@pytest.mark.slow
@pytest.mark.parametrize("name", READS)
def test_four_times_the_text_takes_four_times_as_long(name: str) -> None:
    read = READS[name]
    for unit in UNITS:
        # The last letter keeps what is looked for from being found.
        short, long = (unit * (size // len(unit)) + "x" for size in (SHORT, TIMES * SHORT))
        if seconds(read, long) < SURE:
            continue
        # The best of some, so that another program's work doesn't count.
        ratio = min(seconds(read, long) for _ in range(3)) / max(
            1e-3, min(seconds(read, short) for _ in range(3))
        )
        assert ratio < MOST, f"{name}: {unit!r} takes {ratio:.0f} times as long"


@pytest.mark.parametrize("unit", ["1,", "[1[1", "3% ", "\x90", "\\("])
def test_a_sentence_made_of_one_thing_is_checked(library: Library, unit: str) -> None:
    started = time.process_time()
    checked = library.verify(f"{unit * (40_000 // len(unit))} [1].", ["9905.00005"])
    assert len(checked.sentences) < 100
    assert time.process_time() - started < 60
