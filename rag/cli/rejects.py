"""The command that lists what gave no paper: rejects."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING

from rag.cli.common import Debug, Json, Storage, command, errors, open_library, output, print_json

if TYPE_CHECKING:
    import typer

__all__ = ["register"]


def register(app: typer.Typer) -> None:
    """Add the command to the command line."""
    app.command()(rejects)


@command
def rejects(
    storage: Storage = None,
    json: Json = False,
    debug: Debug = False,
) -> None:
    """List what gave no paper when its source was last added, with place and reason.

    A source that is added again is listed anew. The last 10,000 are kept.
    """
    from rag.text.decoding import one_line

    with open_library(storage) as library:
        rejected = library.rejects()
    if json:
        print_json([asdict(one) for one in rejected])
        return
    if not rejected:
        errors().print("Nothing is rejected.")
    for one in rejected:
        output().print(one_line(str(one)), soft_wrap=True)
