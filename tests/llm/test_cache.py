"""What a model wrote, kept on disk."""

from __future__ import annotations

import pickle
import random
import sqlite3
import subprocess
import sys
import zlib
from contextlib import closing
from pathlib import Path

import diskcache
import pytest
from servers.openai_server import Reply

from rag.llm.cache import AnswerCache, CachedText

WHALES = "How are blue whales counted with few labels?"
GOOD = "Ship noise below 60 hertz doubles the error [1]."
LIMIT = 150_000  # bytes: three of the texts below and diskcache's tables


@pytest.fixture
def folder(tmp_path):
    return tmp_path / "cache"


@pytest.fixture
def cached(open_library, folder):
    return lambda **values: open_library(answer_cache=True, cache=folder, **values)


def test_the_same_question_is_asked_once(server, cached):
    server.reply(GOOD)
    first, second = cached().ask(WHALES), cached().ask(WHALES)
    assert len(server.chats) == 1
    assert (second.text, second.sentences) == (first.text, first.sentences)
    assert second.usage == {}
    assert any("cache" in note for note in second.notes)
    assert not any("cache" in note for note in first.notes)


def test_another_request_is_another_answer(server, cached):
    server.reply(GOOD, GOOD, GOOD)
    cached().ask(WHALES)
    cached(llm_temperature=0.7).ask(WHALES)
    cached().ask("What doubles the error of counting whales?")
    assert len(server.chats) == 3


def test_it_is_off_by_default(server, written):
    server.reply(GOOD, GOOD)
    written.ask(WHALES)
    written.ask(WHALES)
    assert len(server.chats) == 2


@pytest.mark.parametrize("broken", [{"finish_reason": "length"}, {"cut_after": 4}])
def test_an_answer_that_is_not_whole_is_not_kept(server, cached, broken):
    server.reply(Reply(text=GOOD, **broken), Reply(text=GOOD))
    cached().ask(WHALES)
    cached().ask(WHALES)
    assert len(server.chats) == 2


def test_the_key_is_not_stored(server, cached, folder):
    server.reply(GOOD)
    cached().ask(WHALES)
    with diskcache.Cache(folder / "answers", disk=diskcache.JSONDisk) as opened:
        stored = repr([(key, opened[key]) for key in opened])
    assert "Ship noise" in stored
    assert server.api_key not in stored


def test_what_is_kept_is_found_again(folder):
    AnswerCache(folder, limit=LIMIT).put("k", CachedText("text", "stop"))
    cache = AnswerCache(folder, limit=LIMIT)
    assert cache.get("k") == CachedText("text", "stop")
    assert cache.get("other") is None


def test_a_damaged_file_counts_as_none_and_is_replaced(folder):
    cache = AnswerCache(folder, limit=LIMIT)
    cache.put("k", CachedText("text", "stop"))
    (folder / "cache.db").write_bytes(b"no database" * 1000)
    assert cache.get("k") is None
    cache.put("k", CachedText("again", "stop"))
    assert cache.get("k") == CachedText("again", "stop")


@pytest.mark.parametrize("value", [b"no zlib", zlib.compress(b"{"), zlib.compress(b'["text"]')])
def test_a_damaged_reply_counts_as_none(folder, value):
    cache = AnswerCache(folder, limit=LIMIT)
    cache.put("k", CachedText("text", "stop"))
    overwrite(folder, "value = ?", value)
    assert cache.get("k") is None


def test_a_pickle_is_never_loaded(folder, tmp_path):
    class Trap:
        def __reduce__(self):
            return Path.touch, (tmp_path / "sprung",)

    cache = AnswerCache(folder, limit=LIMIT)
    cache.put("k", CachedText("text", "stop"))
    overwrite(folder, f"mode = {diskcache.core.MODE_PICKLE}, value = ?", pickle.dumps(Trap()))
    assert cache.get("k") is None
    assert not (tmp_path / "sprung").exists()


def overwrite(folder, change, value):
    with closing(sqlite3.connect(folder / "cache.db")) as database, database:
        assert database.execute(f"UPDATE Cache SET {change}", (value,)).rowcount  # noqa: S608


def test_a_folder_that_cannot_be_written_is_no_failure(tmp_path):
    (tmp_path / "file").write_text("in the way", encoding="utf-8")
    cache = AnswerCache(tmp_path / "file", limit=LIMIT)
    cache.put("k", CachedText("text", "stop"))
    assert cache.get("k") is None
    assert (tmp_path / "file").read_text("utf-8") == "in the way"


def test_a_full_disk_is_no_failure(folder):
    code = """
import resource, sys
from pathlib import Path
from rag.llm.cache import AnswerCache, CachedText

cache = AnswerCache(Path(sys.argv[1]), limit=10_000_000)
cache.put("small", CachedText("text", "stop"))
resource.setrlimit(resource.RLIMIT_FSIZE, (40_000, 40_000))  # no file may grow beyond
for n in range(50):
    cache.put(f"large {n}", CachedText(Path(sys.argv[2]).read_text(), "stop"))
assert cache.get("large 49") is None
"""
    large = folder.with_name("large.txt")
    large.write_text(filler(0), "utf-8")
    subprocess.run([sys.executable, "-c", code, folder, large], check=True, timeout=60)


def test_beyond_its_size_what_was_used_least_recently_is_forgotten(folder):
    cache = AnswerCache(folder, limit=LIMIT)
    for seed, key in enumerate(["used again", "second", "third"]):
        cache.put(key, CachedText(filler(seed), "stop"))
    assert cache.get("used again") is not None
    cache.put("fourth", CachedText(filler(4), "stop"))
    assert cache.get("second") is None
    assert cache.get("used again") is not None
    assert cache.get("fourth") is not None
    assert sum(path.stat().st_size for path in folder.rglob("*") if path.is_file()) <= LIMIT


def test_what_is_larger_than_all_room_is_not_kept(folder):
    cache = AnswerCache(folder, limit=50_000)
    cache.put("k", CachedText(filler(0), "stop"))
    assert cache.get("k") is None


def filler(seed):
    """Return 60,000 characters that compress to about 34,000 bytes."""
    return random.Random(seed).randbytes(30_000).hex()
