"""The command that checks a text that someone else wrote: verify."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

from rag.cli.ask import Check  # noqa: TC001 - typer reads the annotations
from rag.cli.common import Debug, Json, Storage, command, open_library, output, print_json
from rag.errors import LibraryError
from rag.text.decoding import NotTextError, decode

__all__ = ["register"]

_STATUSES = ("weak", "doubtful", "unsupported", "misattributed", "uncited", "unchecked")


def register(app: typer.Typer) -> None:
    """Add the command to the command line."""
    app.command()(verify)


@command
def verify(
    file: Annotated[str, typer.Argument(metavar="FILE", help="A text file; - reads from a pipe.")],
    paper: Annotated[
        list[str] | None,
        typer.Option("--paper", "-p", metavar="ID", help="The paper of [1], then of [2], ..."),
    ] = None,
    papers: Annotated[
        Path | None,
        typer.Option(
            "--papers",
            metavar="FILE",
            help="A file for rag add; its n-th paper is the one that the text cites as n.",
        ),
    ] = None,
    fail_on: Annotated[
        list[str] | None,
        typer.Option(
            "--fail-on",
            metavar="|".join(_STATUSES),
            help="Exit with 1 when a sentence is this; may be repeated.",
        ),
    ] = None,
    nli: Annotated[
        str | None,
        typer.Option(
            "--nli",
            metavar="MODEL",
            help="Judge by another model: a cross-encoder in ONNX, by its folder or hub name.",
        ),
    ] = None,
    check: Check = None,
    storage: Storage = None,
    json: Json = False,
    debug: Debug = False,
) -> None:
    """Check each sentence of a text with markers such as [1] against the papers it cites.

    The papers are named by --paper or --papers, or by a list of references at the end of the text
    that holds ids or titles of papers of the library. No language model is asked unless
    --check model says so.
    """
    if wrong := [status for status in fail_on or [] if status not in _STATUSES]:
        raise typer.BadParameter(f"{wrong[0]!r} is none of {', '.join(_STATUSES)}.")
    if paper and papers:
        raise typer.BadParameter("Name the papers by --paper or by --papers, not by both.")
    text = _read(file)
    with open_library(storage, nli_model=nli, check=check) as library:
        checked = library.verify(text, papers or paper or None)
    if json:
        print_json(checked.as_dict())
    else:
        from rag.cli.answer_view import verification_view

        output().print(verification_view(checked))
    if any(sentence.status in (fail_on or []) for sentence in checked.sentences):
        raise typer.Exit(1)


def _read(file: str) -> str:
    try:
        data = sys.stdin.buffer.read() if file == "-" else Path(file).read_bytes()
        return decode(data)
    except (OSError, NotTextError) as error:
        reason = error.strerror if isinstance(error, OSError) else str(error)
        raise LibraryError(
            f"{file} can't be read: {reason}.", hint="Name a text file, or - for standard input."
        ) from error
