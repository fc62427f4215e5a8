"""What a killed process loses is under 64 encoded texts, and the next one goes on from there."""

from __future__ import annotations

import os
import random
import sqlite3
from contextlib import closing
from typing import TYPE_CHECKING

import pytest
from faults.conftest import many

from rag import Library
from rag.library.doctor import diagnose

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from conftest import Texts

    from rag import Settings

STORE = ("rag.index.chroma_store", "ChromaChunkStore")
ADD = "from rag import Library; Library().add({!r})"
REMOVE = """
from rag import Library
library = Library()
there = {{paper.id for paper in library.papers()}}
library.remove(*(one for one in {} if one in there))
"""
MOST_LOST = 64
KILLS = 100 if os.environ.get("RAG_FAULTS") == "long" else 4
PLACES = [
    (*STORE, "add"),
    (*STORE, "delete"),
    (*STORE, "set_facts"),
    (*STORE, "update_metadata"),
    (*STORE, "replace_with"),
    ("rag.index.catalog", "Catalog", "put"),
    ("rag.index.catalog", "Catalog", "set_facts"),
    ("rag.index.keyword", "KeywordIndex", "commit"),
    ("rag.index.keyword", "KeywordIndex", "rewrite"),
    ("rag.index.token_store", "TokenStore", "put"),
    ("rag.models.encoder", "SentenceEncoder", "encode"),
]


def check_whole(settings: Settings) -> None:
    (check,) = (one for one in diagnose(settings) if one.name == "library")
    assert check.ok, check


def token_rows(settings: Settings) -> int:
    with closing(sqlite3.connect(settings.storage / "cache" / "tokens.sqlite")) as db:
        return int(db.execute("SELECT count(*) FROM tokens").fetchone()[0])


@pytest.mark.slow
@pytest.mark.parametrize("call", [1, 2, 5])
def test_a_killed_add_loses_little(
    tiny_settings: Settings,
    write: Callable[..., Path],
    die: Callable[..., int],
    embedded: Texts,
    call: int,
) -> None:
    file = write("many.jsonl", many(200))
    encoded = die(ADD.format(str(file)), (*STORE, "add"), call)
    assert encoded >= 16
    with Library(settings=tiny_settings) as library:
        assert encoded - library.status()["chunks"] < MOST_LOST
        report = library.add(file)
        assert report.added + report.unchanged == len(library) == 200
        assert encoded + len(embedded.seen) - library.status()["chunks"] < MOST_LOST
        assert token_rows(tiny_settings) == 200
    check_whole(tiny_settings)


@pytest.mark.slow
def test_a_killed_rebuild_goes_on_where_it_was(
    tiny_settings: Settings,
    write: Callable[..., Path],
    die: Callable[..., int],
    embedded: Texts,
) -> None:
    file = write("many.jsonl", many(200))
    with Library(settings=tiny_settings) as library:
        library.add(file)
        before = [(hit.paper.id, hit.score) for hit in library.search("kites and tides", 20)]
        chunks = library.status()["chunks"]
    encoded = die("from rag import Library; Library().rebuild()", (*STORE, "add"), 5)
    embedded.forget()
    with Library(settings=tiny_settings) as library:
        assert len(library.search("kites and tides", 20)) == 20
        embedded.forget()
        assert library.rebuild() == 200
        assert encoded + len(embedded.seen) - chunks < MOST_LOST
        after = [(hit.paper.id, hit.score) for hit in library.search("kites and tides", 20)]
        assert after == before
    check_whole(tiny_settings)


@pytest.mark.slow
@pytest.mark.parametrize(
    "where",
    [
        (*STORE, "delete"),
        ("rag.index.catalog", "Catalog", "remove"),
        ("rag.index.token_store", "TokenStore", "remove"),
    ],
)
def test_a_killed_removal_is_finished(
    tiny_settings: Settings,
    write: Callable[..., Path],
    die: Callable[..., int],
    where: tuple[str, str, str],
) -> None:
    gone = [f"x:{number}" for number in range(25)]
    with Library(settings=tiny_settings) as library:
        library.add(write("many.jsonl", many(40)))
    die(f"from rag import Library; Library().remove(*{gone})", where, 1)
    with Library(settings=tiny_settings) as library:
        assert len(library.search("kites", 40)) == len(library) == 15
        assert token_rows(tiny_settings) == 15
        assert library.add(write("again.jsonl", many(1))).added == 1
        assert library.paper("x:0")
        assert len(library) == 16
    check_whole(tiny_settings)


def contents(settings: Settings) -> list[object]:
    """What a library holds and says, part by part."""
    with Library(settings=settings) as library:
        index = library._parts.index()
        return [
            list(library.papers()),
            sorted(index.store.ids()),
            sorted(index.keyword.ids()),
            index.keyword.remnants,
            token_rows(settings),
            [(hit.paper.id, hit.score) for hit in library.search("kites and tides", 20)],
            library.ask("Which paper compares kites with glaciers?").text,
        ]


@pytest.mark.slow
def test_after_many_kills_a_library_is_as_if_none_had_been(
    tiny_settings: Settings, tmp_path: Path, write: Callable[..., Path], die: Callable[..., int]
) -> None:
    chance = random.Random(7)
    old = many(120)
    new = [{**one, "abstract": one["abstract"].replace("compares", "weighs")} for one in old[:40]]
    dated = [{**one, "year": 2020} for one in old[40:80]]
    files = [write("old.jsonl", old), write("new.jsonl", [*new, *dated])]
    more = write("more.jsonl", many(30, first=120))
    gone = [f"x:{number}" for number in range(120, 150)]
    changes = [
        ADD.format(str(files[0])),
        ADD.format(str(files[1])),
        ADD.format(str(more)),
        REMOVE.format(gone),
        "from rag import Library; Library().rebuild()",
    ]
    for kill in range(KILLS):
        code = changes[kill % len(changes)]
        die(code, chance.choice(PLACES), chance.randint(1, 6), must=False)
    undisturbed = tiny_settings.model_copy(update={"storage": tmp_path / "undisturbed"})
    for settings in (tiny_settings, undisturbed):
        with Library(settings=settings) as library:
            library.add(files[0])
            library.add(files[1])
            library.add(more)
            library.remove(*gone)
        check_whole(settings)
    assert contents(tiny_settings) == contents(undisturbed)
