"""Write the tables that come from the code into these pages: `python docs/tables.py`."""
# ruff: noqa: INP001 - a script beside the pages, not a package

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING

from typer.core import TyperArgument
from typer.main import get_command

from rag.cli.app import app
from rag.export import (
    PaperFormat,
    answer_formats,
    conversation_formats,
    paper_formats,
    survey_formats,
)
from rag.sources import all_readers
from rag.sources.web import all_services

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from typer.core import TyperCommand

PAGES = ("sources.md", "export.md", "commands.md")
_PLACE = re.compile(r"(<!-- table: (\w+) -->\n).*?(<!-- end -->)", re.DOTALL)
_TYPE = re.compile(r" <[^>]+>")  # what kind of value an option takes, where its name says it too


def filled(page: str) -> str:
    """Return a page with each of its tables as the code has it now."""
    tables = {
        "readers": _readers,
        "services": _services,
        "exports": _exports,
        "commands": _commands,
    }
    return _PLACE.sub(lambda place: f"{place[1]}\n{tables[place[2]]()}\n{place[3]}", page)


def _readers() -> str:
    rows = ((f"`{one.name}`", one.label, _endings(one.suffixes)) for one in all_readers())
    return _table(("format", "what it is", "usual endings"), rows)


def _services() -> str:
    rows = (
        (
            one.label,
            "<br>".join(f"`{form}`" for form in one.forms),
            one.order or "no searches",
            one.about_rate,
            f"`{one.key_variable}`" if one.key_variable else "",
            ", ".join(f"`{name}`" for name in one.addresses),
        )
        for one in all_services()
    )
    head = ("service", "what to write", "order of a search", "rate", "key", "in `web_addresses`")
    return _table(head, rows)


def _exports() -> str:
    offered = {
        "papers": paper_formats(),
        "an answer": answer_formats(),
        "a conversation": conversation_formats(),
        "a survey": survey_formats(),
    }
    rows: dict[str, tuple[str, str, list[str]]] = {}
    for what, formats in offered.items():
        for one in formats:
            if isinstance(one, PaperFormat) and what != "papers":
                continue  # an answer, a conversation or a survey lends it the papers that it cites
            row = rows.setdefault(one.name, (one.label, _endings(one.suffixes), []))
            row[2].append(what)
    cells = ((f"`{name}`", label, ", ".join(of), ends) for name, (label, ends, of) in rows.items())
    return _table(("format", "what it is", "holds", "endings"), cells)


def _commands() -> str:
    return "\n".join(_command(name, one) for name, one in sorted(get_command(app).commands.items()))


def _command(name: str, command: TyperCommand) -> str:
    """Return a section with what `rag NAME --help` says."""
    context = command.make_context(name, [], resilient_parsing=True)
    usage, rows = [f"rag {name} [OPTIONS]"], []
    for parameter in command.params:
        syntax, meaning = parameter.get_help_record(context)
        syntax = _TYPE.sub("", syntax).replace("|", r"\|")
        if isinstance(parameter, TyperArgument):
            syntax = syntax.upper()
            usage.append(syntax if parameter.required else f"[{syntax}]")
        rows.append((f"`{syntax}`", meaning.removesuffix("[required]").strip()))
    about = "\n\n".join(" ".join(part.split()) for part in command.help.split("\n\n"))
    return f"## {name}\n\n`{' '.join(usage)}`\n\n{about}\n\n{_table(('', 'meaning'), rows)}"


def _endings(suffixes: Iterable[str]) -> str:
    return ", ".join(f"`{suffix}`" for suffix in suffixes)


def _table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = [head, ["---"] * len(head), *rows]
    return "".join(f"| {' | '.join(line)} |\n" for line in lines)


if __name__ == "__main__":
    for name in PAGES:
        path = Path(__file__).with_name(name)
        path.write_text(filled(path.read_text("utf-8")), "utf-8")
