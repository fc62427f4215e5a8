"""What a model wrote, kept on disk."""

from __future__ import annotations

import os

import pytest
from servers.openai_server import Reply

from rag.llm.cache import AnswerCache, CachedText

WHALES = "How are blue whales counted with few labels?"
GOOD = "Ship noise below 60 hertz doubles the error [1]."


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
    stored = "".join(path.read_text("utf-8") for path in folder.rglob("*.json"))
    assert "Ship noise" in stored
    assert server.api_key not in stored


def test_a_damaged_file_counts_as_none(folder):
    cache = AnswerCache(folder, limit=1_000)
    cache.put("k", CachedText("text", "stop"))
    assert cache.get("k") == CachedText("text", "stop")
    (folder / "k.json").write_text("{", encoding="utf-8")
    assert cache.get("k") is None
    assert cache.get("other") is None


def test_a_folder_that_cannot_be_written_is_no_failure(tmp_path):
    (tmp_path / "file").write_text("in the way", encoding="utf-8")
    cache = AnswerCache(tmp_path / "file", limit=1_000)
    cache.put("k", CachedText("text", "stop"))
    assert cache.get("k") is None
    assert (tmp_path / "file").read_text("utf-8") == "in the way"


def test_beyond_its_size_those_used_longest_ago_are_forgotten(folder):
    cache = AnswerCache(folder, limit=1_000)
    for age, key in enumerate(["new", "middle", "old"]):
        cache.put(key, CachedText(key * 50, "stop"))
        os.utime(folder / f"{key}.json", (1_000 - age, 1_000 - age))
    assert cache.get("old") is not None  # and so it is old no more
    cache.put("one more", CachedText("text" * 80, "stop"))
    assert cache.get("middle") is None
    assert {path.stem for path in folder.iterdir()} == {"new", "old", "one more"}


def test_what_is_larger_than_all_room_is_not_kept(folder):
    cache = AnswerCache(folder, limit=100)
    cache.put("k", CachedText("text" * 80, "stop"))
    assert cache.get("k") is None
    assert list(folder.iterdir()) == []
