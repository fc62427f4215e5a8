"""The command for a conversation: chat."""

from __future__ import annotations

import shlex
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from rag.cli.ask import (
    Author,
    Check,
    Dated,
    Fallback,
    Mode,
    Model,
    Only,
    Repair,
    Source,
    Strict,
    Venue,
    Year,
    read_filters,
    read_mode,
)
from rag.cli.common import Debug, Storage, command, complain, open_library, output
from rag.errors import RagError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from rag.chat.conversation import Chat
    from rag.search.query import Filters

__all__ = ["register"]

_HELP = """\
/sources            the papers cited so far, by their numbers
/save FILE          keep the conversation or its papers; the ending of the name says how:
                    {suffixes}
/filters            which papers are used; set with year=2021-2024 author= venue= source= id=
                    dated=yes, all at once, or lift with: /filters off
/literal QUESTION   ask it as it stands: no word of it is a filter, and it follows on nothing
/clear              begin anew
/quit               end (or Ctrl-D); Ctrl-C stops an answer"""
_FILTERS = ("year", "author", "venue", "source", "id", "dated")
_DATED = {"yes": True, "no": False}


def register(app: typer.Typer) -> None:
    """Add the command to the command line."""
    app.command()(chat)


@command
def chat(
    year: Year = None,
    author: Author = None,
    venue: Venue = None,
    source: Source = None,
    id: Only = None,
    dated: Dated = None,
    mode: Mode = None,
    model: Model = None,
    strict: Strict = None,
    check: Check = None,
    repair: Repair = None,
    fallback: Fallback = None,
    storage: Storage = None,
    debug: Debug = False,
) -> None:
    """Talk with the library: follow-ups are understood, and papers keep their numbers.

    Type /help for what can be done besides asking. Without a terminal, each line of the input is
    a question; then the exit code is 1 when one of them could not be answered.
    """
    filters = read_filters(year, author, venue, source, id, dated)
    with open_library(
        storage, llm_model=model, strict=strict, check=check, repair=repair, fallback=fallback
    ) as library:
        if not len(library):
            library.search("papers", 1)  # says that there are none, and how to add some
        talk = _Talk(library.chat(filters=filters, mode=read_mode(mode)))
        at_terminal = sys.stdin.isatty()
        if at_terminal:
            output().print(f"{len(library):,} papers. Ask, or type /help.\n")
        for line in _typed() if at_terminal else _piped():
            if not talk.take(line):
                break
    if talk.failed and not at_terminal:
        raise typer.Exit(1)


def _piped() -> Iterator[str]:
    for line in sys.stdin:
        if line.strip():
            yield line.strip()


def _typed() -> Iterator[str]:
    """Read lines at a terminal, with history and line editing; nothing is kept on disk."""
    from prompt_toolkit import PromptSession
    from prompt_toolkit.completion import WordCompleter

    words = [f"/{name}" for name in _Talk.commands()]
    session: PromptSession[str] = PromptSession(
        completer=WordCompleter(words, sentence=True), complete_while_typing=False
    )
    while True:
        try:
            line = session.prompt("> ").strip()
        except KeyboardInterrupt:
            continue  # takes back the line that was begun
        except EOFError:
            return
        if line:
            yield line


class _Talk:
    """What is done with the lines that a person types."""

    def __init__(self, chat: Chat) -> None:
        self._chat = chat
        self.failed = False

    @classmethod
    def commands(cls) -> list[str]:
        """Return the names of what can be done besides asking."""
        return ["clear", "filters", "help", "literal", "quit", "save", "sources"]

    def take(self, line: str) -> bool:
        """Answer or obey one line; return whether to go on."""
        try:
            if line.startswith("/") and not line.startswith("/literal "):
                return self._obey(line)
            self._answer(line)
        except KeyboardInterrupt:
            output().print("\nStopped.")
        except RagError as error:
            self.failed = True
            complain(error.message, error.hint)
        return True

    def _answer(self, question: str) -> None:
        from rag.cli.streaming import show_answer

        stream = self._chat.stream(question)
        show_answer(stream, before=lambda: self._show_understood(question))
        output().print()

    def _show_understood(self, question: str) -> None:
        from rich.text import Text

        from rag.search.query import without_command
        from rag.text.decoding import one_line

        asked = without_command(one_line(question))
        if self._chat.understood != asked:
            output().print(Text(f"Understood as: {self._chat.understood}\n", style="dim"))

    def _obey(self, line: str) -> bool:
        name, _, rest = line[1:].partition(" ")
        if name in {"quit", "exit", "q"}:
            return False
        actions: dict[str, Callable[[str], None]] = {
            "help": self._help,
            "sources": self._sources,
            "save": self._save,
            "filters": self._filters,
            "clear": self._clear,
        }
        action = actions.get(name)
        if action is None:
            raise RagError(f"There is no /{name}.", hint="Type /help for what there is.")
        action(rest.strip())
        return True

    def _help(self, _: str) -> None:
        output().print(_HELP.format(suffixes=", ".join(_suffixes())) + "\n")

    def _sources(self, _: str) -> None:
        from rich.console import Group

        from rag.cli.render import sources_view

        view = sources_view(self._chat.sources)
        output().print(Group(*view) if view else "No paper has been cited yet.")
        output().print()

    def _clear(self, _: str) -> None:
        self._chat.clear()
        output().print("Cleared.\n")

    def _save(self, rest: str) -> None:
        path = Path(rest or "conversation.md").expanduser()
        endings = _suffixes()
        found = [one for one in endings if path.name.lower().endswith(one)]
        if not found:
            raise RagError(
                f"What {path.name} should hold is not known.",
                hint=f"End its name in one of: {', '.join(endings)}.",
            )
        try:
            content = self._chat.export(endings[max(found, key=len)])
            path.write_bytes(content if isinstance(content, bytes) else content.encode("utf-8"))
        except OSError as error:
            raise RagError(
                f"{path} can't be written ({error.strerror}).", hint="Name another file."
            ) from error
        output().print(f"Saved in {path}.\n", soft_wrap=True)

    def _filters(self, rest: str) -> None:
        if rest:
            self._chat.filters = None if rest == "off" else _read_filters(rest)
        filters = self._chat.filters
        output().print(f"Papers used: {filters.describe() if filters else 'all'}.\n")


def _suffixes() -> dict[str, str]:
    """Map the endings of files to the names of the formats that they stand for."""
    from rag.export import conversation_formats

    endings: dict[str, str] = {}
    for one in conversation_formats():
        for suffix in one.suffixes:
            endings.setdefault(suffix, one.name)  # the conversation's own formats come first
    return endings


def _read_filters(text: str) -> Filters:
    values: dict[str, str] = {}
    try:
        words = shlex.split(text)
    except ValueError as error:
        raise RagError(
            f"A quotation mark is left open: {text}", hint='Write it as in author="Ann Li".'
        ) from error
    for word in words:
        name, sign, value = word.partition("=")
        if not sign or name not in _FILTERS:
            raise RagError(
                f"{word} is not a filter.",
                hint=f"Filters are: {', '.join(_FILTERS)}, as name=value.",
            )
        values[name] = value
    ids = [one for one in values.get("id", "").split(",") if one]
    try:
        return read_filters(
            values.get("year"),
            values.get("author"),
            values.get("venue"),
            values.get("source"),
            ids,
            _DATED.get(values.get("dated", "").lower()),
        )
    except typer.BadParameter as error:
        raise RagError(str(error), hint="Write it as in year=2021-2024.") from error
