"""What all commands share: their common options, and how errors and results are printed."""

from __future__ import annotations

import functools
import json
import os
import sys
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, ParamSpec, TypeVar

import typer
from typer.core import TyperCommand

from rag.errors import RagError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from rich.console import Console

    from rag.library import Library

__all__ = [
    "Debug",
    "Json",
    "Rerank",
    "Storage",
    "command",
    "errors",
    "listing",
    "one_of",
    "open_library",
    "output",
    "print_json",
    "working",
]

P = ParamSpec("P")
R = TypeVar("R")

Storage = Annotated[
    Path | None,
    typer.Option(
        "--storage", "-s", metavar="FOLDER", help="Folder of the library. (default: storage)"
    ),
]
Json = Annotated[bool, typer.Option("--json", help="Print the result as JSON.")]
Rerank = Annotated[
    str | None,
    typer.Option(
        "--rerank",
        metavar="MODEL|llm|off",
        help="Read the first papers again with a cross-encoder or the language model.",
    ),
]
Debug = Annotated[bool, typer.Option("--debug", help="Show the traceback of an error.")]


@functools.cache
def output() -> Console:
    """The console for answers."""
    return _console(stderr=False)


@functools.cache
def errors() -> Console:
    """The console for progress, warnings and errors."""
    return _console(stderr=True)


def _console(*, stderr: bool) -> Console:
    from rich.console import Console

    class Plain(Console):
        """Takes no text for markup, and leaves a reader who has gone to `command`."""

        def on_broken_pipe(self) -> None:
            raise BrokenPipeError

    return Plain(stderr=stderr, highlight=False, markup=False, emoji=False)


def command(run: Callable[P, R]) -> Callable[P, R]:
    """Turn every error of a command into one line and a hint, and exit with 1."""

    @functools.wraps(run)
    def wrapped(*args: P.args, **kwargs: P.kwargs) -> R:
        try:
            result = run(*args, **kwargs)
            sys.stdout.flush()  # here, where a reader that has gone is understood
            return result
        except (typer.Exit, typer.Abort, typer.BadParameter):
            raise
        except RagError as error:
            if kwargs.get("debug"):
                raise
            complain(error.message, error.hint)
            raise typer.Exit(1) from error
        except KeyboardInterrupt as error:
            raise _stopped("") from error
        except BrokenPipeError as error:
            # The reader of the pipe (head, less) has seen enough; what is left goes nowhere, or
            # Python would stumble over it when it ends.
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
            raise typer.Exit(0) from error
        except Exception as error:
            if kwargs.get("debug"):
                raise
            complain(
                f"Something unexpected went wrong: {type(error).__name__}: {error}",
                "Run the command again with --debug to see where, and report it.",
            )
            raise typer.Exit(1) from error

    return wrapped


def _stopped(hint: str) -> typer.Exit:
    """Say that Ctrl-C ended the command; return what ends it with 130, as shells have it."""
    complain("Stopped.", hint)
    return typer.Exit(130)


def one_of(names: Callable[[], Iterable[str]]) -> Callable[[str | None], str | None]:
    """Return an option's callback that refuses a value which is none of the names.

    Args:
        names: Called when the option is used, and not before.
    """

    def check(value: str | None) -> str | None:
        if value is not None and value not in (known := list(names())):
            raise typer.BadParameter(f"{value!r} is none of {', '.join(known)}.")
        return value

    return check


def listing(describe: Callable[[], str]) -> type[TyperCommand]:
    """Return a class of commands whose help ends with a text that is made when it is shown."""

    class Listing(TyperCommand):
        def get_help(self, ctx: Any) -> str:  # noqa: ANN401 - typer's own context
            self.epilog = describe()
            return super().get_help(ctx)

    return Listing


def complain(message: str, hint: str = "") -> None:
    """Print an error on one line, and a hint on the next."""
    from rich.text import Text

    from rag.text.decoding import one_line

    console = errors()
    line = Text.assemble(("Error: ", "bold red"), one_line(message))
    console.print(line, soft_wrap=True)
    if hint:
        console.print(Text.assemble(("Hint: ", "bold"), one_line(hint)), soft_wrap=True)


def open_library(storage: Path | None, **values: Any) -> Library:  # noqa: ANN401 - settings
    """Open the library that the flags and settings name."""
    from rag.library import Library
    from rag.settings import load_settings

    return Library(settings=load_settings(storage=storage, **values))


def print_json(value: Any) -> None:  # noqa: ANN401 - whatever JSON can hold
    """Print a value as JSON, also where the terminal can't show all characters."""
    text = json.dumps(value, ensure_ascii=False, indent=2)
    sys.stdout.buffer.write(text.encode("utf-8") + b"\n")
    sys.stdout.buffer.flush()


@contextmanager
def working(what: str, *, if_stopped: str) -> Iterator[Callable[[int], None]]:
    """Show progress on the terminal while something takes long; yield how to count papers.

    Args:
        what: What is done.
        if_stopped: What has become of the work, for a person who ends it with Ctrl-C.
    """
    try:
        with _progress(what) as count:
            yield count
    except KeyboardInterrupt as error:
        raise _stopped(if_stopped) from error


@contextmanager
def _progress(what: str) -> Iterator[Callable[[int], None]]:
    console = errors()
    if not console.is_terminal:
        yield lambda _: None
        return
    from rich.progress import BarColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

    columns = (
        SpinnerColumn(),
        TextColumn("{task.description}"),
        BarColumn(bar_width=20),
        TextColumn("{task.completed:,} papers", justify="right"),
        TimeElapsedColumn(),
    )
    with Progress(*columns, console=console, transient=True) as progress:
        task = progress.add_task(what, total=None)
        yield lambda count: progress.update(task, completed=count)
