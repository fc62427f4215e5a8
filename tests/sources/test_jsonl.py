"""JSON lines of every usual kind become papers; what can't is reported with its line."""

from __future__ import annotations

import gzip
import io
import json
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rag import Paper
from rag.papers import title_id
from rag.sources import Document, Rejection, read_document, read_sources
from rag.sources.base import Confidence, Unread
from rag.sources.document import Head
from rag.sources.readers.jsonl import READER

if TYPE_CHECKING:
    from pathlib import Path

    from rag.sources import Item


def read(*values: Any) -> list[Item]:
    lines = [
        value
        if isinstance(value, bytes)
        else (value if isinstance(value, str) else json.dumps(value)).encode()
        for value in values
    ]
    data = b"".join(line.rstrip(b"\n") + b"\n" for line in lines)
    document = Document(io.BytesIO(data), source="papers.jsonl", name="folder/papers.jsonl")
    return list(read_document(document, READER))


def one(**values: Any) -> Paper:
    (item,) = read(values)
    assert isinstance(item, Paper), item
    return item


def test_a_record_with_all_fields() -> None:
    record = {
        "id": "arxiv:9912.00012",
        "title": "A Title",
        "abstract": "An abstract.",
        "authors": ["Ann Lee", "Bo Ek"],
        "author_count": 4,
        "date": "2023-12-01",
        "year": 2023,
        "venue": "A Venue",
        "url": "https://example.org/1",
        "doi": "10.5555/x",
        "arxiv_id": "9912.00012",
        "sources": ["elsewhere.jsonl"],
    }
    assert one(**record) == Paper(
        **{  # type: ignore[arg-type]
            **record,
            "authors": ("Ann Lee", "Bo Ek"),
            "sources": ("elsewhere.jsonl", "folder/papers.jsonl"),
        }
    )


def test_the_least_a_record_can_hold() -> None:
    assert one(title="A Title", abstract="An abstract.") == Paper(
        id=title_id("A Title", "An abstract."),
        title="A Title",
        abstract="An abstract.",
        sources=("folder/papers.jsonl",),
    )


def test_the_beir_layout() -> None:
    paper = one(
        _id="4983",
        title="A Title",
        text="A text.",
        metadata={"authors": ["Ann Lee"], "year": 2001, "url": "https://example.org/4983"},
    )
    assert (paper.title, paper.abstract) == ("A Title", "A text.")
    assert (paper.authors, paper.year, paper.url) == (
        ("Ann Lee",),
        2001,
        "https://example.org/4983",
    )


def test_the_record_wins_over_its_metadata() -> None:
    assert one(_id="1", title="Outer", text="T.", metadata={"title": "Inner"}).title == "Outer"


@pytest.mark.parametrize(
    ("name", "value", "field", "expected"),
    [
        ("_id", "x:1", "id", "x:1"),
        ("paper_id", "x:1", "id", "x:1"),
        ("paperId", "0" * 40, "other_ids", ("s2:" + "0" * 40,)),
        ("id", "https://arxiv.org/abs/9912.00012v3", "id", "arxiv:9912.00012"),
        ("id", "9912.00012v3", "id", "arxiv:9912.00012"),
        ("id", "9912.00012v3", "arxiv_id", "9912.00012"),
        ("id", "10.5555/ABC", "id", "doi:10.5555/abc"),
        ("id", "10.5555/ABC", "doi", "10.5555/abc"),
        ("arxiv_id", "9912.00012v3", "id", "arxiv:9912.00012"),
        ("arxivId", "9912.00012", "arxiv_id", "9912.00012"),
        ("arxiv", "arXiv:9912.00012", "url", "https://arxiv.org/abs/9912.00012"),
        ("doi", "https://doi.org/10.5555/ABC", "id", "doi:10.5555/abc"),
        ("DOI", "10.5555/abc", "doi", "10.5555/abc"),
        ("url", "https://aclanthology.org/X24-99.8/", "id", "acl:X24-99.8"),
        ("url", "https://example.org/1", "url", "https://example.org/1"),
        ("text", "Other.", "abstract", "An abstract."),
        ("authors", "Ann Lee; Bo Ek", "authors", ("Ann Lee", "Bo Ek")),
        ("authors", [{"name": "Ann Lee", "id": 3}, {"x": 1}], "authors", ("Ann Lee",)),
        ("authors", ["Ann Lee", "", None, 7], "authors", ("Ann Lee",)),
        ("authors", ["Ann Lee", "Bo Ek"], "author_count", 2),
        ("authors", None, "authors", ()),
        ("author_count", "31", "author_count", 31),
        ("author_count", -3, "author_count", None),
        ("author_count", True, "author_count", None),
        ("date", "2023-12-01T08:00:00Z", "date", "2023-12-01"),
        ("date", "2023-12-01T08:00:00Z", "year", 2023),
        ("date", "Dec 1", "date", "--12-01"),
        ("date", "Dec 1", "year", None),
        ("date", "lately", "date", None),
        ("published", "2023-12-01", "date", "2023-12-01"),
        ("publicationDate", "2023-12-01", "date", "2023-12-01"),
        ("publication_date", "2023-12", "date", "2023-12"),
        ("year", "2021", "year", 2021),
        ("year", 2021, "date", None),
        ("year", "unknown", "year", None),
        ("publication_year", 2021, "year", 2021),
        ("journal", "A Journal", "venue", "A Journal"),
        ("unheard_of", {"a": [1]}, "venue", None),
        ("title", "A\n  Title\x1b[1m", "title", "A Title[1m"),
    ],
)
def test_field_names_and_values(name: str, value: Any, field: str, expected: Any) -> None:
    record = {"title": "A Title", "abstract": "An abstract.", name: value}
    assert getattr(one(**record), field) == expected


@pytest.mark.parametrize("name", ["abstract", "text", "summary"])
def test_names_of_the_abstract(name: str) -> None:
    assert one(title="A Title", **{name: "Words."}).abstract == "Words."


def test_a_paper_may_lack_an_abstract_or_a_title() -> None:
    assert one(id="1", title="A Title").abstract == ""
    assert one(id="1", title="", abstract="Words.").title == ""


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        ("{not json", "not JSON"),
        ('{"title": "A", "abstract": "B"', "not JSON"),
        ("plain text", "not JSON"),
        ("[" * 100_000, "not JSON"),
        ("[1, 2]", "not a JSON object"),
        ('"text"', "not a JSON object"),
        ("null", "not a JSON object"),
        ("{}", "no title"),
        ('{"abstract": "B"}', "no title"),
        ('{"title": "", "abstract": " "}', "neither title nor abstract"),
        ('{"title": {"a": 1}, "abstract": "B"}', "title is not text"),
        ('{"title": [["A"]], "abstract": "B"}', "title is not text"),
        ('{"title": "A", "abstract": true}', "abstract is not text"),
        ('{"title": "A", "id": 1' + "0" * 5000 + "}", ""),
    ],
)
def test_bad_lines_are_reported_with_place_and_reason(line: str, reason: str) -> None:
    first, bad, last = read({"title": "Before"}, line, {"title": "After"})
    assert isinstance(first, Paper)
    assert isinstance(last, Paper)
    assert isinstance(bad, Rejection)
    assert (bad.source, bad.place) == ("papers.jsonl", "line 2")
    assert reason in bad.reason
    assert len(bad.reason) < 200


@pytest.mark.parametrize(
    "own", [17, 17.0, "17", "0704", 704.0001, "costa2024", "two words", "x" * 400, 10**400, ["x:1"]]
)
def test_a_number_or_a_key_is_the_id_of_a_record_not_of_a_paper(own: Any) -> None:
    first, second = (one(id=own, title=title, abstract="Words.") for title in ("Bees", "Whales"))
    assert [paper.id for paper in (first, second)] == [
        title_id("Bees", "Words."),
        title_id("Whales", "Words."),
    ]
    assert first.arxiv_id is None
    assert first.url is None


def test_two_papers_of_one_title_have_two_ids() -> None:
    bees, whales = (one(title="Editorial", abstract=f"On {of}.") for of in ("bees", "whales"))
    assert bees.id != whales.id
    assert one(title="EDITORIAL.", abstract="On Bees").id == bees.id


def test_blank_lines_count_as_lines_and_as_nothing_else() -> None:
    items = read(b"\n", b"  \r\n", {"title": "A"}, b"\n", "{")
    assert [type(item) for item in items] == [Paper, Rejection]
    assert isinstance(items[1], Rejection)
    assert items[1].place == "line 5"


def test_windows_1252_in_a_line_is_read() -> None:
    (item,) = read(b'{"title": "caf\xe9", "abstract": "B"}\r\n')
    assert isinstance(item, Paper)
    assert item.title == "café"


def test_a_binary_line_ends_the_file() -> None:
    items = read({"title": "A"}, b"\x00\x01\x02" * 50, {"title": "B"})
    assert [type(item) for item in items] == [Paper, Unread]


@given(st.lists(st.one_of(st.binary(max_size=60), st.text(max_size=60)), max_size=6))
def test_any_lines_are_read_or_reported(lines: list[Any]) -> None:
    for item in read(*lines):
        assert isinstance(item, Rejection) or item.title or item.abstract


JSON = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), st.text(max_size=8)),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner),
    max_leaves=6,
)
FIELDS = st.sampled_from(
    "id _id title abstract text authors author_count date year venue url doi arxiv_id sources"
    " metadata".split()
)


@given(st.dictionaries(FIELDS, JSON))
def test_any_values_of_known_fields_are_read_or_reported(record: dict[str, Any]) -> None:
    (item,) = read(record)
    assert isinstance(item, Paper | Rejection)
    if isinstance(item, Paper):
        assert item.id
        assert Paper.from_dict(json.loads(json.dumps(item.as_dict()))) == item


TEXT = st.text(st.characters(exclude_categories=["C", "Z"]), min_size=1, max_size=20)
PAPERS = st.builds(
    Paper,
    id=st.from_regex(r"[a-z]{3}-[0-9]{1,5}", fullmatch=True),
    title=TEXT,
    abstract=TEXT,
    authors=st.lists(TEXT.filter(lambda name: ";" not in name), max_size=3).map(tuple),
    author_count=st.integers(1, 4000),
    date=st.sampled_from([None, "2020", "2020-02", "2020-02-03", "--02-03"]),
    venue=st.none() | TEXT,
    url=st.none() | st.just("https://example.org/1"),
    doi=st.none() | st.just("10.5555/x"),
    arxiv_id=st.none() | st.just("9912.00012"),
    sources=st.just(("folder/papers.jsonl",)),
)


@given(PAPERS)
def test_what_is_exported_is_read_back(paper: Paper) -> None:
    (back,) = read(paper.as_dict())
    assert isinstance(back, Paper)
    expected = paper.as_dict() | {"year": back.year, "url": back.url}
    assert back.as_dict() == expected
    assert back.year == (2020 if (paper.date or "").startswith("2020") else None)
    assert back.url == paper.url or paper.url is None


@pytest.mark.parametrize(
    ("text", "suffix", "expected"),
    [
        ('\n  {"title": "A"}', "", Confidence.SHAPE),
        ("{}", ".txt", Confidence.SHAPE),
        ("# made by a script", ".jsonl", Confidence.NAME),
        ("# made by a script", "", Confidence.NO),
        ('{\n  "title": "A"\n}', ".json", Confidence.SHAPE),
        ('# by a script\n[\n  {"title": "A"}', "", Confidence.SHAPE),
        ("[null, {}]", "", Confidence.SHAPE),
        ("[]\n", "", Confidence.SHAPE),
        ("[](https://example.org) is a link", "", Confidence.NO),
        ("[1] Lee, A. Title.", "", Confidence.NO),
        ("{\\rtf1 A letter}", "", Confidence.NO),
        ("Daily Papers", "", Confidence.NO),
    ],
)
def test_the_beginning_of_a_file_tells_its_format(
    text: str, suffix: str, expected: Confidence
) -> None:
    assert READER.sniff(Head(text.encode(), suffix)) is expected


# --- gzip -----------------------------------------------------------------------------------


def write_gzip(file: Path, count: int) -> Path:
    records = ({"title": f"Title {n}", "abstract": f"Text {n * 7919}."} for n in range(count))
    file.write_bytes(gzip.compress("\n".join(map(json.dumps, records)).encode()))
    return file


def test_gzip_is_read_as_it_stands(tmp_path: Path) -> None:
    file = write_gzip(tmp_path / "papers.jsonl.gz", 500)
    titles = [item.title for item in read_sources([file]) if isinstance(item, Paper)]
    assert titles == [f"Title {n}" for n in range(500)]


def test_gzip_needs_no_ending_in_its_name(tmp_path: Path) -> None:
    assert len(list(read_sources([write_gzip(tmp_path / "papers", 3)]))) == 3


def test_a_gzip_that_is_cut_off_gives_what_it_holds_and_a_report(tmp_path: Path) -> None:
    file = write_gzip(tmp_path / "papers.jsonl.gz", 8_000)
    whole = file.read_bytes()
    file.write_bytes(whole[: len(whole) // 2])
    *found, last = read_sources([file])
    assert len(found) > 100
    assert isinstance(last, Rejection)
    assert last.source == str(file)
    assert "can't be unpacked" in last.reason


def test_a_gzip_with_damaged_bytes_is_reported(tmp_path: Path) -> None:
    file = write_gzip(tmp_path / "papers.jsonl.gz", 2_000)
    whole = bytearray(file.read_bytes())
    whole[len(whole) // 2 : len(whole) // 2 + 64] = b"\xff" * 64
    file.write_bytes(bytes(whole))
    assert any(isinstance(item, Rejection) for item in read_sources([file]))


@pytest.mark.parametrize("data", [b"\x1f\x8b", b"\x1f\x8b\x08\x00 no gzip at all"])
def test_what_only_begins_like_gzip_is_reported(tmp_path: Path, data: bytes) -> None:
    file = tmp_path / "papers.gz"
    file.write_bytes(data)
    (item,) = read_sources([file])
    assert isinstance(item, Rejection)
