"""Check a text that someone else wrote, against papers or against its own list of references."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from rag.answers.answer import Verification
from rag.answers.checking import bare, check_text
from rag.errors import LibraryError, PaperNotFoundError
from rag.papers import Paper, find_identifier
from rag.sources import read_sources
from rag.verification.claims import states

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from rag.verification.verifier import Verifier

__all__ = ["Lookup", "split_references", "verify_text"]

_LIST = re.compile(
    r"^[ \t>]*(?:#{1,6}[ \t]*|\*\*|__)?(?:references|sources|bibliography|works cited|literature"
    r"|cited papers)(?:\*\*|__)?[ \t]*:?(?:\*\*|__)?[ \t]*$",
    re.IGNORECASE | re.MULTILINE,
)
_ENTRY = re.compile(r"^[ \t>]*(?:[-*+][ \t]+)?(?:\[\^?(\d{1,3})\]:?|(\d{1,3})[.):])[ \t]*")
_DEFINITION = re.compile(r"^\[\^\d{1,3}\]:", re.MULTILINE)
# What a reference without a number has and a sentence hasn't: a year in brackets, an identifier,
# an address, a list of names.
_REFERENCE = re.compile(
    r"\((?:19|20)\d\d[a-z]?\)|https?://|\b(?:arxiv:|doi:|10\.\d{4,}/|et al\.)|\b[A-Z]\., ",
    re.IGNORECASE,
)
_QUOTED = re.compile(r"[“\"*_]{1,2}([^“”\"*_]{8,300}?)[.,]?[”\"*_]{1,2}")


class Lookup(NamedTuple):
    """Finds papers of a library.

    Attributes:
        by_id: Returns the paper of an id; raises `PaperNotFoundError` where there is none.
        by_title: Returns the papers of a title.
    """

    by_id: Callable[[str], Paper]
    by_title: Callable[[str], Sequence[Paper]]


def verify_text(
    text: str,
    papers: Sequence[Paper | str] | str | Path | None,
    lookup: Lookup,
    verifier: Verifier,
) -> Verification:
    """Check each sentence of a text against the papers that it cites.

    Args:
        text: With markers such as `[1]` or footnotes such as `[^1]`.
        papers: The n-th is what `[n]` stands for: papers, ids to look up, or a file of papers; a
            string that is the path of no file is one id. None for the list of references at the
            end of the text.
        lookup: Finds papers of the library.
        verifier: Judges the sentences.

    Raises:
        PaperNotFoundError: the library has no paper of a given id.
        LibraryError: there are no papers to check against.
    """
    notes: list[str] = []
    body, entries = split_references(text)
    if isinstance(papers, str):
        papers = Path(papers) if _is_file(papers) else [papers]
    if isinstance(papers, Path):
        papers = _read(papers)
    if papers is not None:
        given = [one if isinstance(one, Paper) else lookup.by_id(one) for one in papers]
        numbered = dict(enumerate(given, start=1))
        titles = [bare(paper.title) for paper in given]
        if any(_says_something(one) and bare(one) not in titles for one in entries.values()):
            body = text  # no list of references, since its entries would name papers
    elif entries:
        found = {n: _find(entry, lookup) for n, entry in entries.items()}
        numbered = {n: paper for n, paper in found.items() if paper is not None}
        notes = [
            f"Reference [{n}] names no paper of the library: {entries[n][:80]}"
            for n, paper in found.items()
            if paper is None
        ]
    else:
        raise LibraryError(
            "There are no papers to check the text against.",
            hint="Name them, first to last, or end the text with a list of references that holds "
            "their ids or titles.",
        )
    checked = check_text(body, numbered, list(numbered.values()), verifier)
    return Verification(
        text=text,
        sentences=checked.sentences,
        citations=checked.citations,
        notes=(*notes, *checked.notes),
    )


def split_references(text: str) -> tuple[str, dict[int, str]]:
    r"""Part a text from its list of references.

    Returns:
        The text with spaces in place of the list, so that offsets stay, and the entries by their
        numbers. What stands behind the list is part of the text again.

    >>> body, entries = split_references("It works [1].\n\nReferences\n[1] A. Diver.\n\nIt ends.")
    >>> body.split(), entries
    (['It', 'works', '[1].', 'It', 'ends.'], {1: 'A. Diver.'})
    """
    headings = list(_LIST.finditer(text))
    start = _DEFINITION.search(text)
    if headings and (not start or headings[-1].start() < start.start()):
        end, begin = headings[-1].start(), headings[-1].end()
    elif start:
        end = begin = start.start()
    else:
        return text, {}
    entries, first, behind = _read_entries(text, begin)
    if not entries:
        return text, {}

    def blank(start: int, stop: int) -> str:
        return re.sub(r"[^\n]", " ", text[start:stop])

    # What stands between the heading and the list is no part of it.
    shown = text[:end] + blank(end, begin) + text[begin:first] + blank(first, behind)
    return shown + text[behind:], entries


def _says_something(entry: str) -> bool:
    """Tell whether an entry of a list of references is a sentence, and names no paper."""
    return states(entry) and not _names_paper(entry)


def _names_paper(entry: str) -> bool:
    return bool(_REFERENCE.search(entry) or _QUOTED.search(entry) or _identifiers(entry))


def _read_entries(text: str, at: int) -> tuple[dict[int, str], int, int]:
    """Read references from an offset on, and return them, where they begin and where they end."""
    entries: dict[int, str] = {}
    current, first = 0, at
    apart = False  # whether an empty line stands before
    for line in text[at:].splitlines(keepends=True):
        match = _ENTRY.match(line)
        number = int(match[1] or match[2]) if match else 0
        if match and apart and number in entries:
            break  # a sentence that begins with what it cites
        whole = current and _names_paper(entries[current])
        if not match and whole and line[:1].isupper() and _says_something(line):
            break
        if match:
            first = first if entries else at
            current = number
            entries[current] = line[match.end() :].strip()
        elif line.strip() and entries and (apart or line.startswith("#")):
            if line.startswith("#") or not _REFERENCE.search(line):
                break
            current = 0  # a reference without a number
        elif current and line.strip():
            entries[current] += " " + line.strip()
        apart = not line.strip()
        at += len(line)
    return entries, first, at


def _is_file(text: str) -> bool:
    try:
        return Path(text).expanduser().is_file()
    except (OSError, RuntimeError):  # no name of a file: too long, or the home of nobody
        return False


def _read(path: Path) -> list[Paper]:
    papers: list[Paper] = []
    for item in read_sources([path]):
        if not isinstance(item, Paper):
            # A paper left out would move the numbers of all that follow.
            raise LibraryError(f"Not all papers can be read: {item}.", hint="Mend the file first.")
        papers.append(item)
    if not papers:
        raise LibraryError(f"{path} holds no papers.", hint="It is a file as `rag add` reads it.")
    return papers


def _identifiers(entry: str) -> list[str]:
    words = re.sub(r"(?i)arxiv:\s+", "arxiv:", entry).split()
    found = (find_identifier(word.strip(".,;()<>[]\"'“”*_")) for word in words)
    return [one for one in found if one is not None]


def _find(entry: str, lookup: Lookup) -> Paper | None:
    """Find the paper that a reference names by an identifier, else by its title."""
    for identifier in _identifiers(entry):
        try:
            return lookup.by_id(identifier)
        except PaperNotFoundError:
            continue
    titles = [
        *_QUOTED.findall(entry),
        entry,
        *re.split(r"\.\s+|\s+[·|]\s+|\s+\(|\)\s*\.?\s*", entry),
    ]
    for title in titles:
        if len(title) > 7 and (papers := lookup.by_title(title)):
            return papers[0]
    return None
