"""Bytes of any editor become text that can be stored and shown."""

from __future__ import annotations

import codecs

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rag.text.decoding import (
    NotTextError,
    clean,
    decode,
    decode_blocks,
    detect_encoding,
    one_line,
)

WORDS = "Naïve “quotes” – 5 €\nsecond line\n"


@pytest.mark.parametrize(
    ("bom", "encoding"),
    [
        (b"", "utf-8"),
        (codecs.BOM_UTF8, "utf-8"),
        (codecs.BOM_UTF16_LE, "utf-16-le"),
        (codecs.BOM_UTF16_BE, "utf-16-be"),
        (codecs.BOM_UTF32_LE, "utf-32-le"),
        (codecs.BOM_UTF32_BE, "utf-32-be"),
        (b"", "cp1252"),
    ],
)
def test_every_encoding_gives_the_same_text(bom: bytes, encoding: str) -> None:
    assert decode(bom + WORDS.encode(encoding)) == WORDS


@pytest.mark.parametrize("encoding", ["utf-16-le", "utf-16-be", "utf-32-le", "utf-32-be"])
def test_wide_characters_are_told_without_a_mark(encoding: str) -> None:
    assert decode(WORDS.encode(encoding)) == WORDS
    assert detect_encoding(WORDS.encode(encoding)).name == encoding


@pytest.mark.parametrize(
    "text",
    [
        "La crème prend à 82 °C. Crème brûlée",
        "“quotes” – 5 €, don’t, it’s",
        "Größe, Übung, naïve, ÉCOLE, Ångström",
        "¿Qué niño? ¡Señor!",
        "Ærø, Øresund, SØRLI, ÅSE",
        "© 2020, 5 ± 2 µm, §4",
    ],
)
@pytest.mark.parametrize("encoding", ["mac-roman", "cp1252", "utf-8"])
def test_macroman_and_windows_1252_are_told_apart(text: str, encoding: str) -> None:
    assert decode(text.encode(encoding)) == text


@pytest.mark.parametrize(
    "data",
    [bytes(range(256)), b"\x01\x00\x02\x00" * 100, b"\x00" * 300, bytes(range(1, 32)) * 10],
)
def test_binary_is_not_taken_for_wide_characters(data: bytes) -> None:
    with pytest.raises(NotTextError):
        decode(data)


@given(st.text(st.characters(exclude_categories=["Cc", "Cs"]), max_size=200), st.integers(1, 9))
def test_blocks_give_what_the_whole_does(text: str, size: int) -> None:
    data = text.encode("utf-16")
    blocks = [data[at : at + size] for at in range(0, len(data), size)]
    assert "".join(decode_blocks(blocks, detect_encoding(data))) == decode(data)


def test_a_file_that_mixes_utf_8_and_windows_1252_loses_neither() -> None:
    assert decode("café — ".encode() + "“né”".encode("cp1252")) == "café — “né”"


def test_windows_1252_behind_a_bom_is_read() -> None:
    assert decode(codecs.BOM_UTF8 + b"caf\xe9") == "café"


def test_bytes_that_no_encoding_knows_become_a_replacement() -> None:
    assert decode(b"a\x81b") == "a\ufffdb"


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_line_ends_become_newlines(end: str) -> None:
    assert decode(f"one{end}two{end}{end}three".encode()) == "one\ntwo\n\nthree"


@pytest.mark.parametrize(
    "data",
    [
        b"text\x00text",
        b"\x7fELF\x02\x01\x01\x00\x00",
        b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR",
        bytes(range(1, 32)) * 10,
    ],
)
def test_binary_is_refused(data: bytes) -> None:
    with pytest.raises(NotTextError, match="binary"):
        decode(data)


def test_one_stray_control_character_does_not_make_a_text_binary() -> None:
    assert decode(b"word " * 100 + b"\x02") == "word " * 100 + "\x02"


def test_utf_16_cut_in_the_middle_of_a_character_is_read_to_the_cut() -> None:
    assert decode(codecs.BOM_UTF16_LE + "ab".encode("utf-16-le")[:-1]).startswith("a")


@given(st.binary(max_size=300))
def test_any_bytes_give_text_or_a_refusal(data: bytes) -> None:
    try:
        text = decode(data)
    except NotTextError:
        return
    assert "\r" not in text


@given(st.text(st.characters(exclude_categories=["Cc", "Cs"]), max_size=200))
def test_utf_8_round_trip(text: str) -> None:
    assert decode(text.lstrip("\ufeff").encode()) == text.lstrip("\ufeff")


def test_one_line_joins_all_white_space() -> None:
    assert one_line("\t a \r\n b\u00a0\u2003c \u2028 d\n") == "a b c d"


@pytest.mark.parametrize(
    "hidden",
    ["\x1b", "\x07", "\x00", "\x9b", "\u200b", "\u202e", "\u2066", "\ufeff", "\u2060", "\x7f"],
)
def test_what_misleads_readers_and_terminals_is_removed(hidden: str) -> None:
    assert clean(f"a{hidden}b") == "ab"


def test_lone_surrogates_can_be_written_afterwards() -> None:
    assert one_line("a\ud800b").encode() == "a\ufffdb".encode()


@given(st.text(max_size=200))
def test_one_line_twice_is_one_line_once(text: str) -> None:
    line = one_line(text)
    assert one_line(line) == line
    assert "\n" not in line
    line.encode()
