"""Commands that look after the library: status, doctor."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from rag.cli.common import Debug, Json, Storage, command, errors, open_library, output, print_json

__all__ = ["register"]


def register(app: typer.Typer) -> None:
    """Add the commands to the command line."""
    for run in (status, doctor):
        app.command()(run)


@command
def status(storage: Storage = None, json: Json = False, debug: Debug = False) -> None:
    """Say what the library holds and how it was built."""
    from rag.cli.render import facts_view

    with open_library(storage) as library:
        facts: dict[str, Any] = library.status()
    if json:
        print_json(facts)
        return
    rows = ((name.replace("_", " "), _show(value)) for name, value in facts.items())
    output().print(facts_view(rows))


def _show(value: Any) -> str:  # noqa: ANN401 - a fact
    return f"{value:,}" if isinstance(value, int) else str(value if value is not None else "-")


@command
def doctor(
    repair: Annotated[
        bool,
        typer.Option("--repair", help="Mend the library first: damaged caches, lost papers."),
    ] = False,
    storage: Storage = None,
    json: Json = False,
    debug: Debug = False,
) -> None:
    """Check that everything works here; exit code 1 when something doesn't."""
    from rag.cli.render import facts_view
    from rag.library import Library
    from rag.library.doctor import diagnose
    from rag.settings import load_settings

    settings = load_settings(storage=storage)
    done = Library.repair(settings=settings) if repair else []
    for line in done or ["There was nothing to mend."] * repair:
        errors().print(line)
    checks = diagnose(settings)
    if json:
        found = [check.as_dict() for check in checks]
        print_json({"repaired": done, "checks": found} if repair else found)
    else:
        marks = {True: "ok", False: "FAILED"}
        rows = []
        for check in checks:
            hint = f"\nHint: {check.hint}" if check.hint else ""
            rows.append((f"{marks[check.ok]:<7}{check.name}", check.found + hint))
        output().print(facts_view(rows))
    if not all(check.ok for check in checks):
        raise typer.Exit(1)
