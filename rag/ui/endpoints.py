"""What programs may call: ask, search and add, over HTTP and over the Model Context Protocol."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import gradio as gr
from gradio.events import api

from rag.errors import RagError
from rag.search.query import Filters
from rag.sources import all_readers
from rag.ui.uploads import MAX_PASTED, handed_in

if TYPE_CHECKING:
    from rag.ui.site import Site

__all__ = ["add_endpoints"]

_MOST_HITS = 100
_AT_ONCE = 8


def add_endpoints(site: Site) -> None:
    """Add the endpoints to the page that is being built; `add` only where changes are allowed."""
    library = site.library

    async def ask(question: str, year_from: int = 0, year_to: int = 0) -> dict[str, Any]:
        """Answer a question from the library's papers, with citations to the exact words.

        Args:
            question: Any text of at most 4,000 characters.
            year_from: Only papers of this year or later; 0 for any year.
            year_to: Only papers of this year or earlier; 0 for any year.

        Returns:
            The answer: its text with markers such as [1], its sentences with the outcome of
            checking each, the citations with quotes and offsets, and whether it abstained.
        """
        with _told():
            answer = await library.aask(question, filters=_years(year_from, year_to))
            return answer.as_dict()

    def search(question: str, k: int = 10, year_from: int = 0, year_to: int = 0) -> list[Any]:
        """Find the papers that fit a question best.

        Args:
            question: Any text of at most 4,000 characters.
            k: How many papers, at most 100.
            year_from: Only papers of this year or later; 0 for any year.
            year_to: Only papers of this year or earlier; 0 for any year.

        Returns:
            Papers with rank, score and the passage that was found, the best first.
        """
        with _told():
            count = max(1, min(int(k), _MOST_HITS))
            hits = library.search(question, count, filters=_years(year_from, year_to))
            return [hit.as_dict() for hit in hits]

    def add(text: str) -> dict[str, Any]:
        """Add papers to the library from text in one of these formats: {formats}.

        Args:
            text: The content of a file, at most 5,000,000 characters.

        Returns:
            How many papers were read, added, updated, unchanged and duplicates, and what was
            rejected with the reason.
        """
        with _told():
            if len(text) > MAX_PASTED:
                raise RagError(f"The text is longer than {MAX_PASTED:,} characters.")
            with handed_in([], text) as sources:
                report = library.add(*sources, remember=False).as_dict()
        for one in report["rejected"]:
            one["source"] = str(one["source"]).rsplit("/", 1)[-1]
        return report

    # Callers, programs and models alike, are told what the docstring says.
    formats = ", ".join(reader.label for reader in all_readers())
    add.__doc__ = str(add.__doc__).format(formats=formats)
    api(ask, api_name="ask", concurrency_limit=_AT_ONCE)
    api(search, api_name="search", concurrency_limit=_AT_ONCE)
    if not site.options.read_only:
        api(add, api_name="add", concurrency_limit=2)


def _years(year_from: int, year_to: int) -> Filters | None:
    return Filters(year_from=year_from or None, year_to=year_to or None) or None


class _told:  # noqa: N801 - reads as a function
    """Hand our errors to the caller in words, and nothing of any other."""

    def __enter__(self) -> None:
        pass

    def __exit__(self, kind: object, error: BaseException | None, trace: object) -> None:
        if isinstance(error, RagError):
            raise gr.Error(f"{error.message} {error.hint}".strip(), print_exception=False) from None
