"""XML is read as a stream, mended where exports break its rules, and never expands or fetches."""

from __future__ import annotations

import io
import tracemalloc

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rag.sources import Document
from rag.sources.document import TooLargeError
from rag.sources.xml import XMLError, elements, markup, plain


def document(data: bytes | str) -> Document:
    return Document(
        io.BytesIO(data.encode() if isinstance(data, str) else data), source="x", name="x"
    )


def texts(data: bytes | str) -> list[str]:
    return [plain(element) for element in elements(document(data), {"r"})]


def test_elements_come_one_by_one_without_their_namespace() -> None:
    data = '<a xmlns="urn:a" xmlns:b="urn:b"><r>one</r><c><b:r>two</b:r></c><r><r>in</r>ner</r></a>'
    assert texts(data) == ["one", "two", "inner"]


def test_what_is_within_a_wanted_element_stays_in_it() -> None:
    (element,) = elements(document("<a>" + "<o>x</o>" * 3 + "<r>y</r></a>"), {"a"})
    assert [child.tag for child in element] == ["o", "o", "o", "r"]


def test_what_was_read_is_forgotten() -> None:
    tracemalloc.start()
    count = sum(1 for _ in elements(document(f"<a>{'<o>x</o><r>y</r>' * 30_000}</a>"), {"r"}))
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert count == 30_000
    assert peak < 3_000_000  # bytes; the elements would take 10 million


def test_markup_is_kept_as_it_is_written() -> None:
    (element,) = elements(document("<r>10<sup>3</sup> &lt; <i>x<b/></i>&amp;</r>"), {"r"})
    assert markup(element) == "10<sup>3</sup> &lt; <i>x<b></b></i>&amp;"
    assert plain(element) == "103 < x&"
    assert (markup(None), plain(None)) == ("", "")


@pytest.mark.parametrize(
    "data",
    [
        '<?xml version="1.0" encoding="iso-8859-1"?><r>é</r>'.encode("latin-1"),
        '<?xml version="1.0" encoding="windows-1252"?><r>é</r>'.encode("cp1252"),
        '<?xml version="1.0" encoding="UTF-8"?><r>é</r>'.encode("cp1252"),  # it says what is not so
        '<?xml version="1.0" encoding="UTF-16"?><r>é</r>'.encode("utf-16"),
        '<?xml version="1.0" encoding="UTF-16"?><r>é</r>'.encode("utf-16-be"),
        '<?xml version="1.0" encoding="rot13"?><r>é</r>'.encode(),
        '<?xml version="1.0" encoding="no-such-one"?><r>é</r>'.encode(),
        "\ufeff<r>é</r>".encode(),
        b"<r>&#233;</r>",
        b"<r>&eacute;</r>",
    ],
)
def test_encodings_and_names(data: bytes) -> None:
    assert texts(data) == ["é"]


@pytest.mark.parametrize("size", range(65_520, 65_545))
def test_what_is_illegal_is_left_out_wherever_a_block_ends(size: int) -> None:
    head = f"<a><!--{'-x' * 4000}-->".replace("--x", "-x")
    filler = " " * (size - len(head))
    assert texts(f"{head}{filler}<r>a&#x1F;b\x01c&#11;d&#xD;e</r></a>") == ["a b c d\re"]


@pytest.mark.parametrize(
    "data",
    [
        '<!DOCTYPE a [<!ENTITY l "lol"><!ENTITY m "&l;&l;&l;">]><a><r>&m;</r></a>',
        '<!DOCTYPE a [<!ENTITY x SYSTEM "file:///etc/hostname">]><a><r>&x;</r></a>',
        '<!DOCTYPE a [<!ENTITY % x SYSTEM "file:///etc/hostname"> %x;]><a><r>y</r></a>',
    ],
)
def test_entities_of_its_own_are_refused(data: str) -> None:
    with pytest.raises(XMLError, match="entities"):
        texts(data)


def test_what_a_doctype_refers_to_is_not_fetched() -> None:
    assert texts('<!DOCTYPE a SYSTEM "http://127.0.0.1:9/a.dtd"><a><r>y</r></a>') == ["y"]


def test_what_is_broken_ends_the_reading_with_its_line() -> None:
    found = elements(document("<a>\n<r>one</r>\n<r>two</a>"), {"r"})
    assert plain(next(found)) == "one"
    with pytest.raises(XMLError, match="mismatched tag") as caught:
        next(found)
    assert caught.value.place == "line 3"


def test_nesting_and_size_are_limited(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(XMLError, match="nested deeper"):
        texts("<a>" * 200)
    monkeypatch.setattr("rag.sources.xml._MAX_RECORD", 100_000)
    assert len(texts("<a>" + f"<r>{'x' * 1000}</r>" * 500 + "</a>")) == 500
    with pytest.raises(TooLargeError):
        texts(f"<a><r>{'x' * 300_000}</r></a>")


@given(st.binary(max_size=200) | st.text("<>/&;#=\"'![]-?rax1 ").map(str.encode))
def test_any_bytes_give_elements_or_an_error_of_ours(data: bytes) -> None:
    try:
        texts(b"<r>" + data)
        texts(data)
    except (XMLError, TooLargeError):
        return
