"""How papers look beside the chat: cards with the whole abstract and the quoted words in it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rag.papers import has_page, way_out, way_out_label
from rag.ui.markup import action, hidden, in_text, number, outward, plain, tag

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from rag.answers.answer import Answer, Citation
    from rag.papers import Paper

__all__ = ["card_html", "empty_html", "single_html", "sources_html"]


def empty_html(message: str = "Ask a question; the papers behind the answer appear here.") -> str:
    """Show that no paper is open."""
    return tag("div", plain(message), class_="sources empty")


def sources_html(answer: Answer, *, n: int | None = None, sentence: int | None = None) -> str:
    """Show the papers that an answer cites.

    Args:
        answer: The answer.
        n: The number of the paper that was asked for, which then comes open and first in sight.
        sentence: The sentence whose words are to stand out; all of the paper's when None.
    """
    if not answer.citations:
        if answer.closest:
            return _panel("The closest papers", [card_html(paper) for paper in answer.closest])
        return empty_html("This answer cites no paper.")
    wanted = answer.sentences[sentence].quotes if sentence is not None else ()
    cards = []
    for shown, paper in sorted(answer.papers.items()):
        quotes = [
            (one, index in wanted and shown == n)
            for index, one in enumerate(answer.citations)
            if one.n == shown and one.quote
        ]
        cards.append(card_html(paper, quotes, n=shown, focused=shown == n))
    return _panel(number(len(cards), "cited paper"), cards)


def card_html(
    paper: Paper,
    quotes: Sequence[tuple[Citation, bool]] = (),
    *,
    n: int | None = None,
    focused: bool = False,
    similar: Iterable[Paper] | None = None,
    origin: bool = False,
) -> str:
    """Show one paper.

    Args:
        paper: The paper.
        quotes: What is quoted from it, and whether those very words were asked for.
        n: Its number in the conversation, if it has one.
        focused: Whether the paper was asked for.
        similar: Papers like it, once they were asked for.
        origin: Whether to tell where it was read, and what it was merged from.
    """
    badge = tag("span", hidden("Source"), f" {n}", class_="n") if n is not None else ""
    out = way_out(paper)
    own = out if has_page(paper) else None  # a title leads to the paper itself, or nowhere
    title = outward(in_text(paper.heading or "(untitled)"), own)
    link = outward(plain(paper.id), own)
    acts = [
        action("More like this", "more", paper.id),
        action("Ask about this paper only", "only", paper.id),
    ]
    parts = [
        tag("h3", badge, tag("span", title)),
        tag("div", in_text(paper.byline), class_="byline"),
        tag("div", link, " · ", outward(way_out_label(paper), out), class_="id"),
        tag("div", _abstract(paper, quotes), class_="abstract"),
        *(_origin(paper) if origin else ()),
        tag("div", *acts, class_="acts"),
    ]
    if similar is not None:
        rows = [
            tag("li", action(in_text(one.heading or "(untitled)"), "open", one.id, class_="title"))
            for one in similar
        ]
        listed = tag("ul", *rows) if rows else tag("div", "There is none.", class_="byline")
        parts.append(tag("div", tag("div", "More like this", class_="label"), listed))
    return tag("article", *parts, class_="card focused" if focused else "card")


def _origin(paper: Paper) -> list[str]:
    """Tell where a paper was read, and what its records say of each other."""
    told = [f"Read from: {', '.join(paper.sources)}"] if paper.sources else []
    if paper.other_ids:
        told.append(f"Also known as: {', '.join(paper.other_ids)}")
    told += [
        f"Merged with the record of {', '.join(part.record.sources)}: {part.why}"
        for part in paper.history.parts[1:]
    ]
    return [tag("div", plain(line), class_="byline origin") for line in told]


def single_html(paper: Paper, *, similar: Iterable[Paper] | None = None) -> str:
    """Show one paper by itself."""
    return _panel("Paper", [card_html(paper, similar=similar, origin=True)])


def _panel(title: str, cards: Sequence[str]) -> str:
    close = action("Close", "close", class_="act close")
    head = tag("div", tag("h2", plain(title)), close, class_="head")
    return tag("section", head, *cards, class_="sources")


def _abstract(paper: Paper, quotes: Sequence[tuple[Citation, bool]]) -> str:
    """Mark the quoted words; where quotes overlap, the words that were asked for win."""
    if not paper.abstract:
        return tag("em", "No abstract is known.")
    levels = [0] * len(paper.abstract)
    for citation, asked in quotes:
        for at in range(citation.start, min(citation.end, len(levels))):
            levels[at] = max(levels[at], 2 if asked else 1)
    parts: list[str] = []
    at = 0
    while at < len(levels):
        end = at
        while end < len(levels) and levels[end] == levels[at]:
            end += 1
        shown = in_text(paper.abstract[at:end])
        if levels[at]:
            shown = tag("mark", shown, class_="asked" if levels[at] == 2 else "quoted")
        parts.append(shown)
        at = end
    return "".join(parts)
