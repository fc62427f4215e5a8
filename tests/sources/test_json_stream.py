"""JSON values are read in any layout, whatever is wrong between them, in little memory."""

from __future__ import annotations

import json
import tracemalloc
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rag.sources import json_stream
from rag.sources.json_stream import Envelope, JsonError, Located, json_values
from rag.text.decoding import NotTextError

if TYPE_CHECKING:
    from collections.abc import Iterator


def read(text: str, size: int | None = None, **keys: Any) -> list[Any]:
    """Read a text that comes in blocks of a size; errors become their first word."""
    step = size or len(text) or 1
    blocks = [text[at : at + step] for at in range(0, len(text), step)]
    found: list[Any] = []
    for one in json_values(blocks, **keys):
        if isinstance(one, Envelope):
            found.append((one.line, one.rest, one.listed))
        else:
            error = isinstance(one.value, JsonError)
            found.append((one.line, str(one.value) if error else one.value))
    return found


A, B = {"a": 1}, {"b": "}]"}


@pytest.mark.parametrize("size", [1, 2, 7, None])
@pytest.mark.parametrize(
    ("text", "lines"),
    [
        ('{"a": 1}\n{"b": "}]"}\n', [1, 2]),
        ('[{"a": 1}, {"b": "}]"}]', [1, 1]),
        ('[\n{"a": 1},\n{"b": "}]"}\n]', [2, 3]),
        ('{"a": 1},\n{"b": "}]"},\n', [1, 2]),
        ('# by a script\n// or two\n{"a": 1}\n\n# and on\n{"b": "}]"}', [3, 6]),
        ('{\n  "a": 1\n}\n{\n  "b": "}]"\n}', [1, 4]),
        ('\ufeff [\n  {\n    "a": 1\n  },\n  {\n    "b": "}]"\n  }\n]\n', [2, 5]),
        ('{"a": 1}{"b": "}]"}', [1, 1]),
        ('[{"a": 1}]\n[{"b": "}]"}]', [1, 2]),
    ],
)
def test_layouts(text: str, lines: list[int], size: int | None) -> None:
    assert read(text, size) == list(zip(lines, [A, B], strict=True))


@pytest.mark.parametrize("size", [1, 3, None])
@pytest.mark.parametrize(
    ("text", "values"),
    [
        ("[]", [[]]),
        ("[1, 2]\n[\"x\"]\n[[{}]]", [[1, 2], ["x"], [[{}]]]),
        ("[null, {\"a\": 1}]", [None, A]),
        ("12345\n\"x\"\nnull", [12345, "x", None]),
        ("", []),
        (" \n,\n", []),
    ],
)  # fmt: skip
def test_values_that_are_no_records(text: str, values: list[Any], size: int | None) -> None:
    assert [value for _, value in read(text, size)] == values


@pytest.mark.parametrize("size", [1, 5, None])
@pytest.mark.parametrize(
    ("bad", "line"),
    [
        ("{not json", 2),
        ('{"a": 1', 2),
        ('{"a": "no end', 2),
        ("plain text", 2),
        ('{"a": tru}', 2),
        ("{'a': 1}", 2),
        ('{"a": 1' + "0" * 5000 + "}", 2),
    ],
)
def test_reading_goes_on_behind_a_bad_line(bad: str, line: int, size: int | None) -> None:
    first, second, third = read(f'{{"a": 1}}\n{bad}\n{{"b": "}}]"}}\n', size)
    assert (first, third) == ((1, A), (3, B))
    assert second[0] == line
    assert second[1].startswith("not JSON")


@pytest.mark.parametrize("size", [1, 5, None])
def test_reading_goes_on_behind_a_bad_record_of_many_lines(size: int | None) -> None:
    bad = '  {\n    "x": bad,\n    "y": {\n      "z": [\n        {}\n      ]\n    }\n  },\n'
    text = f'[\n{bad}  {{\n    "a": 1\n  }}\n]\n'
    first, second = read(text, size)
    assert (first[0], first[1][:8]) == (2, "not JSON")
    assert second == (10, A)


def test_what_is_not_read_is_told() -> None:
    (_, bad) = read('[{"a": 1}, {"b": bad}, {"c": 3}]')
    assert bad[1].endswith("; nothing behind it on its line is read")
    assert read('[{"a": 1},')[1][1] == "the array has no end: the file was cut short"
    assert read('{"a": 1}\n{"b": "cut')[1][0] == 2


def test_binary_is_no_json() -> None:
    values = json_values(['{"a": 1}\n', "\x00\x01\x02"])
    assert next(values) == Located(1, A)
    with pytest.raises(NotTextError):
        next(values)


@pytest.mark.parametrize("text", ["[" * 100_000, '{"a":' * 100_000])
def test_depth_has_an_end(text: str) -> None:
    ((_, value),) = read(text)
    assert value == "not JSON (nested too deeply)"


# --- long values ----------------------------------------------------------------------------

KEYS = {"lists": ["results"], "objects": ["message"]}


@pytest.fixture
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    """Take more than some dozen characters for long."""
    monkeypatch.setattr(json_stream, "_MAX_HELD", 30)
    monkeypatch.setattr(json_stream, "_MAX_VALUE", 100)


@pytest.mark.usefixtures("small")
@pytest.mark.parametrize("size", [1, 4, 9])
@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ('{"n": 2, "results": [{"a": 1},\n{"b": "}]"}, null], "x": []}',
         [(1, A), (2, B), (2, None), (1, {"n": 2, "x": []}, 3)]),
        ('{"status": "ok", "message": {"n": 2, "results": [{"a": 1}, {"b": "}]"}]}}',
         [(1, A), (1, B), (1, {"status": "ok", "message": {"n": 2}}, 2)]),
        ('{"title": "A long record with a list", "authors": [{"n": 1}]}\n{"a": 1}',
         [(1, {"title": "A long record with a list", "authors": [{"n": 1}]}), (2, A)]),
        ('{"n": 2, "message": "is a text that is long", "results": []}',
         [(1, {"n": 2, "message": "is a text that is long"}, 0)]),
    ],
)  # fmt: skip
def test_a_long_envelope_is_gone_through(text: str, expected: list[Any], size: int) -> None:
    assert read(text, size, **KEYS) == expected


@pytest.mark.usefixtures("small")
@pytest.mark.parametrize("size", [1, 9])
@pytest.mark.parametrize(
    "bad",
    [
        '{"title": "' + "x" * 300 + '"}',
        '{"a": "' + "x" * 60 + '", "b": "' + "x" * 60 + '"}',
        '{"results": [{"a": "' + "x" * 300 + '"}]}',
        '{"n": 2, "results": [{"a": bad}], "xxxxxxxxxxx": 3}',
        '{"n": 2, "results": [{"title": "and then it is cut',
        '{"n": 2, {"title": "and then there is more"}}',
    ],
)
def test_what_is_too_long_or_broken_within_is_told(bad: str, size: int) -> None:
    *_, error, last = read(f'{bad}\n{{"a": 1}}', size, **KEYS)
    assert isinstance(error[1], str)
    assert last == (2, A)


def test_memory_is_bounded() -> None:
    def blocks() -> Iterator[str]:
        yield '{"a": 1}\n{"title": "'
        for _ in range(400):
            yield "x" * 2**18  # 100 MB on one line
        yield '"}\n{"results": ['
        for number in range(2_000):
            yield json.dumps({"n": number, "abstract": "x" * 20_000}) + ","  # 40 MB in one list
        yield "{}]}"

    tracemalloc.start()
    count = errors = 0
    for one in json_values(blocks(), **KEYS):
        count += isinstance(one, Located)
        errors += isinstance(one, Located) and isinstance(one.value, JsonError)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert (count, errors) == (2_003, 1)
    assert peak < 60 * 2**20


# --- properties -----------------------------------------------------------------------------

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=6),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner),
    max_leaves=5,
)
RECORDS = st.lists(st.dictionaries(st.text(max_size=4), JSON, max_size=3), max_size=5)


@given(RECORDS, st.sampled_from([None, 0, 2]), st.booleans(), st.integers(1, 40))
def test_any_records_are_read_in_any_layout(
    records: list[dict[str, Any]], indent: int | None, array: bool, size: int
) -> None:
    between = "," if array else "\n"
    text = between.join(json.dumps(one, indent=indent) for one in records)
    found = read(f"[{text}]" if array else text, size)
    assert [value for _, value in found] == (records or ([[]] if array else []))


@given(st.text('{}[]",:#\\/ \n1ax', max_size=60), st.integers(1, 20))
def test_any_text_is_read_alike_wherever_it_is_cut(text: str, size: int) -> None:
    assert read(text, size) == read(text)
