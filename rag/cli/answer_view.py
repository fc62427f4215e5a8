"""How answers and checked texts look in a terminal: a mark behind each sentence, with words."""

from __future__ import annotations

from itertools import zip_longest
from typing import TYPE_CHECKING

from rich.console import Group
from rich.padding import Padding
from rich.text import Text

from rag.cli.render import numbered, paper_lines, sources_view
from rag.text.safety import for_terminal

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from rich.console import RenderableType

    from rag.answers.answer import Answer, Citation, Sentence, Verification

__all__ = ["answer_view", "verification_view"]

_MARKS = {
    "supported": ("[ok]", "green"),
    "weak": ("[in part]", "yellow"),
    "doubtful": ("[compare]", "yellow"),
    "unsupported": ("[!unsupported]", "bold red"),
    "misattributed": ("[other paper]", "magenta"),
    "uncited": ("[uncited]", "yellow"),
    "unchecked": ("[not checked]", "dim"),
}
_SHOWN = 100  # characters of a sentence that is named again


def answer_view(answer: Answer) -> RenderableType:
    """Lay out an answer: the quotes or the checked text, then the papers behind them."""
    parts: list[RenderableType] = []
    if answer.abstained:
        parts.append(Text(answer.text, style="bold yellow"))
        if answer.closest:
            parts += [Text("\nClosest papers\n", style="bold")]
            parts.append(numbered(("-", paper) for paper in _closest(answer)))
    elif answer.mode == "llm":
        parts += [_checked_text(answer.text, answer.sentences), Text(), *_findings(answer)]
        parts += [*sources_view(answer.papers), *_sure(answer)]
    else:
        parts += [_quoted(answer), *sources_view(answer.papers), *_sure(answer)]
    parts += [Text(f"\n{note}", style="dim") for note in answer.notes]
    return Group(*parts)


def verification_view(checked: Verification) -> RenderableType:
    """Lay out a checked text: each sentence with its mark, what is wrong, and the words."""
    parts: list[RenderableType] = []
    for sentence in checked.sentences:
        mark, style = _MARKS[sentence.status]
        parts.append(Text.assemble((mark, style), f" {for_terminal(sentence.text)}"))
        parts += [Padding(line, (0, 0, 0, 4)) for line in _behind(sentence, checked.citations)]
        parts.append(Text())
    parts.append(next(_findings(checked)))
    parts += sources_view(checked.papers)
    parts += [Text(for_terminal(f"\n{note}"), style="dim") for note in checked.notes]
    return Group(*parts)


def _sure(answer: Answer) -> Iterator[RenderableType]:
    if answer.certainty:
        sure = f"\nConfidence: {answer.certainty} ({answer.confidence:.2f})"
        yield Text(sure, style="dim")


def _closest(answer: Answer) -> Iterator[RenderableType]:
    for paper, why in zip_longest(answer.closest, answer.shortfalls, fillvalue=""):
        if isinstance(paper, str):
            return
        lines = paper_lines(paper, link=False)
        yield lines.append(f"\n{why[:1].upper()}{why[1:]}.", style="not bold") if why else lines


def _quoted(answer: Answer) -> Text:
    """Lay out quotes as the answer has them: their markers stand out, and titles step back."""
    text = Text(answer.text, style="dim" if answer.sentences else "")
    for sentence in answer.sentences:
        behind = answer.text.rindex("[", sentence.start, sentence.end)
        text.stylize("not dim", sentence.start, sentence.end)
        text.stylize("bold cyan", behind, sentence.end)
    return text


def _checked_text(text: str, sentences: Sequence[Sentence]) -> Text:
    """Return a text with a mark behind each sentence that was checked."""
    shown = Text()
    at = 0
    for sentence in sentences:
        shown.append(for_terminal(text[at : sentence.end]))
        mark, style = _MARKS[sentence.status]
        shown.append(f" {mark}", style=style)
        at = sentence.end
    return shown.append(for_terminal(text[at:]))


def _findings(checked: Answer | Verification) -> Iterator[RenderableType]:
    """Yield the outcome on one line, then what is wrong, sentence by sentence."""
    style = "green" if all(s.status == "supported" for s in checked.sentences) else "yellow"
    yield Text.assemble("Checked: ", (f"{checked.summary}.", style))
    for sentence in checked.sentences:
        if reasons := _reasons(sentence):
            mark, style = _MARKS[sentence.status]
            line = Text.assemble((mark, style), f" “{_clip(sentence.text)}”: {reasons}")
            yield Padding(line, (0, 0, 0, 2))
            for shown in _compared(sentence, checked):
                yield Padding(shown, (0, 0, 0, 6))


def _behind(sentence: Sentence, citations: Sequence[Citation]) -> Iterator[Text]:
    if reasons := _reasons(sentence):
        yield Text(reasons)
    for index in sentence.quotes:
        citation = citations[index]
        if citation.quote:
            words = for_terminal(citation.quote)
            yield Text.assemble((f"[{citation.n}] ", "bold cyan"), (f"“{words}”", "dim"))


def _compared(sentence: Sentence, checked: Answer | Verification) -> Iterator[Text]:
    """Yield what helps to compare: the words without support, and the closest words cited."""
    if sentence.status == "supported":
        return
    words = checked.unsupported_words(sentence)
    if words:
        listed = ", ".join(f"“{for_terminal(one)}”" for one in words)
        yield Text.assemble(("Without support: ", "dim"), listed)
    for one in (checked.citations[place] for place in sentence.quotes[:1]):
        if one.quote:
            quote = for_terminal(one.quote)
            yield Text.assemble((f"Closest in [{one.n}]: ", "dim"), (f"“{quote}”", "italic"))


def _reasons(sentence: Sentence) -> str:
    reasons = "; ".join(sentence.reasons)
    if sentence.better is not None:
        reasons += f" (“{sentence.better.heading}”)"
    return for_terminal(f"{reasons[:1].upper()}{reasons[1:]}." if reasons else "")


def _clip(text: str) -> str:
    plain = for_terminal(text)
    return plain if len(plain) <= _SHOWN else plain[:_SHOWN].rsplit(" ", 1)[0] + " …"
