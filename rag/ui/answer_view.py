"""How an answer looks in the chat: its sentences, what checking them gave, and what to do next."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from rag.export import PaperFormat, answer_formats
from rag.search.query import LITERAL, MORE
from rag.text.citations import find_markers
from rag.ui.markup import action, hidden, in_text, plain, rich, tag

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from rag.answers.answer import Answer, Sentence
    from rag.papers import Paper
    from rag.text.citations import CitationPiece
    from rag.ui.markup import Insert

__all__ = ["answer_html", "failure_html", "writing_html"]

_NOBODY: Mapping[int, str] = {}
# A sign, a word and an explanation: none of the outcomes is told by colour alone.
_VERDICTS = {
    "supported": ("✓", "supported", "What it cites says so."),
    "weak": ("≈", "in part", "What it cites says it in other words, or in part."),
    "doubtful": ("?", "compare", "No support was found for it in what it cites."),
    "unsupported": ("✗", "unsupported", "What it cites doesn't say this."),
    "misattributed": ("⇄", "other paper", "Another paper supports it better."),
    "uncited": ("○", "uncited", "It claims something and cites nothing."),
    "unchecked": ("–", "not checked", "It can't be checked here."),
}


def writing_html(text: str, *, understood: str = "", numbers: Mapping[int, str] = _NOBODY) -> str:
    """Show an answer that is being written: the words, not checked yet.

    Args:
        text: What has come so far.
        understood: The question, made whole.
        numbers: The id of each paper by its number, as far as they are given out.
    """
    shown = _unfinished(text, numbers) if text.strip() else ""
    waiting = tag("span", class_="caret") + hidden("The answer is being written.")
    return _box(_understood(understood), tag("div", shown, waiting, class_="body"))


def failure_html(
    message: str,
    hint: str = "",
    *,
    text: str = "",
    stopped: bool = False,
    understood: str = "",
    numbers: Mapping[int, str] = _NOBODY,
) -> str:
    """Show why there is no answer, under the words that had come by then."""
    body = tag("div", _unfinished(text, numbers), class_="body unchecked") if text.strip() else ""
    lines = [tag("strong", plain(message))]
    if text.strip():
        lines.append(plain("What stands above was not checked."))
    if hint:
        lines.append(plain(hint))
    kind = "banner stopped" if stopped else "banner failed"
    banner = tag("div", "".join(f"<div>{line}</div>" for line in lines), class_=kind, role="status")
    return _box(_understood(understood), body, banner)


def _unfinished(text: str, numbers: Mapping[int, str]) -> str:
    """Show words whose markers open the papers that they stand for, since nothing is checked."""
    link = partial(_open_link, numbers)
    inserts = [(one.start, one.end, _badges(one.piece, link)) for one in find_markers(text)]
    return rich(text, inserts, markdown=True)


def answer_html(answer: Answer, turn: int) -> str:
    """Show a finished answer.

    Args:
        answer: The answer.
        turn: Its place in the conversation, which its links name.
    """
    parts = [_understood(answer.standalone_question, answer.question)]
    if answer.abstained:
        parts.append(_abstention(answer))
    else:
        written = answer.mode == "llm"
        quoted = bool(answer.sentences) and not written
        inserts = list((_quote_inserts if quoted else _inserts)(answer, turn))
        body = rich(answer.text, inserts, markdown=written)
        parts += [tag("div", body, class_="body"), _summary(answer)]
    if answer.notes:
        parts.append(
            tag("ul", *(tag("li", in_text(note)) for note in answer.notes), class_="notes")
        )
    parts += [_what_next(answer), _foot(answer, turn)]
    return _box(*parts)


def _what_next(answer: Answer) -> str:
    """Offer what changes the list: more of it, or the question without the filters it states."""
    links = []
    if answer.fitting is not None and answer.listed < answer.fitting:
        words = f"Show more ({answer.fitting - answer.listed} left)"
        links.append(action(words, "try", f"{MORE}{answer.standalone_question}"))
    if answer.filters_read is not None:
        words = f"Ask without the filter ({plain(answer.filters_read.describe())})"
        links.append(action(words, "try", f"{LITERAL}{answer.standalone_question}"))
    return tag("div", *links, class_="acts") if links else ""


def _box(*parts: str) -> str:
    return tag("div", *parts, class_="rag-answer")


def _understood(standalone: str, question: str = "") -> str:
    if not standalone or standalone == question:
        return ""
    return tag("div", "Understood as: ", tag("q", in_text(standalone)), class_="understood")


def _quote_inserts(answer: Answer, turn: int) -> Iterator[Insert]:
    """Yield what replaces the titles and markers of an answer by quoting."""
    text, at = answer.text, 0
    for index, sentence in enumerate(answer.sentences):
        if text[at : sentence.start].strip():
            heading = text[at : sentence.start]
            yield at + _blank(heading), sentence.start, _heading(heading)
        # Brackets within a quote are the paper's own.
        behind = text.rindex("[", sentence.start, sentence.end)
        link = partial(_cite_link, turn, index, sentence)
        for one in find_markers(text[behind : sentence.end]):
            yield behind + one.start, behind + one.end, _badges(one.piece, link)
        at = sentence.end


def _inserts(answer: Answer, turn: int) -> Iterator[Insert]:
    """Yield what replaces the markers of a written answer, and the verdict on each sentence."""
    markers = list(find_markers(answer.text))
    at = 0
    for index, sentence in enumerate(answer.sentences):
        end = max(sentence.end, at)
        link = partial(_cite_link, turn, index, sentence)
        for one in markers:
            if at <= one.start < end:
                yield one.start, one.end, _badges(one.piece, link)
        yield end, end, _verdict(sentence, answer)
        at = end
    papers = {n: paper.id for n, paper in answer.papers.items()}
    for one in markers:
        if one.start >= at:
            yield one.start, one.end, _badges(one.piece, partial(_open_link, papers))


def _blank(text: str) -> int:
    return len(text) - len(text.lstrip())


def _heading(text: str) -> str:
    """Show the paper's title that stands before its quotes."""
    *before, title = text.strip().split("\n\n")
    lines = [tag("div", in_text(line.rstrip(":")), class_="group") for line in before]
    return "".join([*lines, tag("span", in_text(title.rstrip(":")), class_="from")])


def _badges(piece: CitationPiece, link: Callable[[int], str]) -> str:
    """Show a marker: a badge for each number."""
    title = "The answer cites a paper that it was never given."
    strange = (
        tag("span", f"{number}?", class_="cite unknown", title=title) for number in piece.unknown
    )
    return tag("span", *map(link, piece.numbers), *strange, class_="cites")


def _open_link(papers: Mapping[int, str], number: int) -> str:
    """Show a number that opens its paper, given the ids of papers by their numbers."""
    words = f"{hidden('Source')} {number}"
    if number not in papers:
        return tag("span", words, class_="cite")
    return action(words, "open", papers[number], class_="cite", title=f"Show paper {number}")


def _cite_link(turn: int, index: int, sentence: Sentence, number: int) -> str:
    """Show a number that opens its paper at the words that a sentence rests on."""
    title = f"Show the words of paper {number} that this rests on"
    if number not in sentence.citations:
        title = f"Show paper {number}"
    words = f"{hidden('Source')} {number}"
    return action(words, "cite", turn, number, index, class_="cite", title=title)


def _verdict(sentence: Sentence, answer: Answer) -> str:
    sign, word, meaning = _VERDICTS[sentence.status]
    reasons = list(sentence.reasons)
    if sentence.better is not None and not any(sentence.better.title in one for one in reasons):
        reasons.append(f"“{sentence.better.heading}” supports it better")
    if sentence.status == "supported" and not reasons:
        shown = f'<span class="sign">{sign}</span>{hidden(word)}'
        return tag("span", shown, class_="verdict supported", title=f"Supported. {meaning}")
    explained = "; ".join(reasons) or meaning
    explained = f"{explained[:1].upper()}{explained[1:].rstrip('.')}."
    label = tag("span", sign, class_="sign") + f" {word}"
    return tag(
        "details",
        tag("summary", label, title=explained),
        tag("span", in_text(explained), *_compared(sentence, answer), class_="why"),
        class_=f"verdict {sentence.status}",
    )


def _compared(sentence: Sentence, answer: Answer) -> Iterator[str]:
    """Yield what helps to compare: the words without support, and the closest words cited."""
    if sentence.status == "supported":
        return
    for words in answer.unsupported_words(sentence):
        yield tag("span", "Without support: ", tag("q", in_text(words)), class_="unsure")
    for one in (answer.citations[place] for place in sentence.quotes[:1]):
        if one.quote:
            closest = f"Closest in [{one.n}]: "
            yield tag("span", plain(closest), tag("q", in_text(one.quote)), class_="closest-words")


def _summary(answer: Answer) -> str:
    if not answer.sentences:
        return ""
    if answer.mode == "extractive":
        count = len({one.n for one in answer.citations})
        papers = "1 paper" if count == 1 else f"{count} papers"
        return tag("div", f"Quoted word for word from {papers}.", class_="summary")
    fine = all(sentence.status == "supported" for sentence in answer.sentences)
    sign = tag("span", "✓" if fine else "!", class_="sign")
    kind = "summary fine" if fine else "summary mixed"
    return tag(
        "div", sign, f" Checked against the abstracts: {plain(answer.summary)}.", class_=kind
    )


def _abstention(answer: Answer) -> str:
    parts = [tag("div", tag("strong", in_text(answer.text)), class_="banner abstained")]
    if answer.closest:
        reasons = [*answer.shortfalls, *[""] * len(answer.closest)]
        rows = [_closest(paper, why) for paper, why in zip(answer.closest, reasons, strict=False)]
        parts.append(tag("div", "The closest papers", class_="label"))
        parts.append(tag("ul", *rows, class_="closest"))
    return "".join(parts)


def _closest(paper: Paper, why: str) -> str:
    year = f"({paper.year})" if paper.year else ""
    link = action(in_text(paper.heading or "(untitled)"), "open", paper.id, class_="title")
    reason = tag("div", in_text(f"{why[:1].upper()}{why[1:]}."), class_="reason") if why else ""
    return tag("li", link, f" {plain(year)}", reason)


def _whence(answer: Answer) -> str:
    """Say what an answer was made from, and by whom."""
    if answer.kind == "library":
        return "From the catalogue"
    if answer.kind == "talk":
        return "No paper was asked"
    if answer.declined_by:
        declined = f"{answer.declined_by} declined"
        return declined if answer.abstained else f"Quotes from the papers; {declined}"
    if answer.mode == "llm":
        return f"Written by {answer.model or 'a model'}"
    return "Quotes from the papers, no model"


def _foot(answer: Answer, turn: int) -> str:
    seconds = answer.timings.get("total") or sum(answer.timings.values())
    facts = [plain(_whence(answer)), plain(f"{seconds:.1f} s")]
    if answer.certainty:
        facts.insert(1, plain(answer.certainty))
    if tokens := answer.usage.get("input_tokens", 0) + answer.usage.get("output_tokens", 0):
        facts.append(plain(f"{tokens:,.0f} tokens"))
    if cost := answer.usage.get("cost"):
        facts.append(plain(f"cost {cost:.4f}"))
    acts = [action("Copy as Markdown", "copy", turn)]
    for one in answer_formats():
        of_papers = isinstance(one, PaperFormat)
        if answer.citations or not of_papers:
            title = f"Download the {'cited papers' if of_papers else 'answer'} as {one.label}"
            acts.append(action(one.label, "save", turn, one.name, title=title))
    return tag(
        "div",
        tag("span", " · ".join(facts), class_="facts"),
        tag("span", *acts, class_="acts"),
        class_="foot",
    )
