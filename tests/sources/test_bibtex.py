"""BibTeX in the forms in which programs write it: whatever can be read is, the rest is reported."""

from __future__ import annotations

import io

import bibtexparser
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rag import Paper
from rag.sources import Document, Rejection, read_document
from rag.sources.bibtex import BibEntry, BrokenEntry, bib_entries
from rag.sources.readers.bibtex import READER


def document(text: str) -> Document:
    return Document(io.BytesIO(text.encode()), source="a.bib", name="a.bib", suffix=".bib")


def entries(text: str) -> list[BibEntry]:
    found = list(bib_entries(document(text)))
    assert all(isinstance(entry, BibEntry) for entry in found), found
    return [entry for entry in found if isinstance(entry, BibEntry)]


def fields(text: str) -> dict[str, str]:
    (entry,) = entries(text)
    return entry.fields


def read(text: str) -> list[Paper | Rejection]:
    return list(read_document(document(text)))


def paper(text: str) -> Paper:
    (item,) = read(text)
    assert isinstance(item, Paper), item
    return item


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("@article{k, title={A}, year=2020}", {"title": "A", "year": "2020"}),
        ("@ARTICLE { k ,\n Title = {A} ,\n}", {"title": "A"}),
        ("@article(k, title={A (b)}, year=2020)", {"title": "A (b)", "year": "2020"}),
        ('@article(k, title="A ) b")', {"title": "A ) b"}),
        ("@article{k,\n title={A},,\n year={2020},\n}", {"title": "A", "year": "2020"}),
        ("@article{k,\n title={A}\n year=2020\n}", {"title": "A", "year": "2020"}),
        ("@article{a, b,\n title={A}}", {"title": "A"}),
        ("@article{, title={A}}", {"title": "A"}),
        ("@article{title={A}}", {"title": "A"}),
        ("@article{k, title={A {\\em b} {C}}}", {"title": "A {\\em b} {C}"}),
        ('@article{k, title="He {"}said{"} b"}', {"title": 'He {"}said{"} b'}),
        ('@article{k, title="He "said", then", year=1}', {"title": 'He "said", then', "year": "1"}),
        ("@article{k, title={}, title={A}, title={B}}", {"title": "A"}),
        ("@article{k, title={Six \\{ open}, year=1}\n", {"title": "Six \\{ open", "year": "1"}),
        ('@string{j="X"} @article{k, journal = j # " and " # {Y}}', {"journal": "X and Y"}),
        ("@article{k, month = may}", {"month": "may"}),
        ("@article{k, author+an = {1=me}, title={A}}", {"author+an": "1=me", "title": "A"}),
        ("@article{k}", {}),
    ],
)
def test_values_however_they_are_written(text: str, expected: dict[str, str]) -> None:
    assert fields(text) == expected


def test_text_comments_and_addresses_around_entries_are_passed_over() -> None:
    text = (
        "Dear me@home.org {x},\n@comment{ @article{no, title={No}} }\n@preamble{ {x} }\n"
        "% @misc{a, title={A}} and more\n@article{b, title={B}}@misc{c,title={C}} tail"
    )
    assert [entry.fields["title"] for entry in entries(text)] == ["A", "B", "C"]


def test_an_entry_that_never_ends_costs_no_other() -> None:
    text = "@article{a, title={A {b}, year=2020}\n\n@article{c, title={C}}\n@misc{d, title={D}\n"
    first, second, third = bib_entries(document(text))
    assert first == BrokenEntry(1, "the entry has no end: its braces don't balance")
    assert isinstance(second, BibEntry)
    assert second.line == 3
    assert isinstance(third, BrokenEntry)
    assert isinstance(read(text)[0], Rejection)
    assert str(read(text)[0]) == f"a.bib, line 1: {first.reason}"


def test_an_entry_within_a_field_is_part_of_it() -> None:
    assert fields("@article{b, title={B @article{c, title={D}} e}}")["title"] == (
        "B @article{c, title={D}} e"
    )


def test_an_entry_without_an_end_is_not_held_in_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("rag.sources.bibtex._MAX_ENTRY", 1000)
    text = "@misc{a, title={" + "word\n" * 1000 + "}}\n@misc{b, title={B}}"
    first, second = bib_entries(document(text))
    assert isinstance(first, BrokenEntry)
    assert "longer than" in first.reason
    assert isinstance(second, BibEntry)


def test_biblatex() -> None:
    found = paper(
        "@online{k,\n title={Main}, subtitle={Sub}, author={family=no, given=one},\n"
        " journaltitle={Journal}, date={2019-05/2019-06}, eprinttype={arxiv},\n"
        " eprint={2409.91001v2}, abstract={Text.}\n}"
    )
    assert (found.title, found.venue, found.date) == ("Main: Sub", "Journal", "2019-05")
    assert found.id == "arxiv:2409.91001"


@pytest.mark.parametrize(
    ("field", "attribute", "value"),
    [
        ("journal={arXiv preprint arXiv:2409.91001}", "arxiv_id", "2409.91001"),
        ("journal={CoRR}, volume={abs/2409.91001}", "arxiv_id", "2409.91001"),
        ("eprint={hal-01234567}, eprinttype={hal}", "arxiv_id", None),
        ("doi={https://doi.org/10.5555/a\\_b}", "doi", "10.5555/a_b"),
        ("url={\\url{https://example.org/a\\_b\\%20c\\~{}d}}", "url", "https://example.org/a_b%20c~d"),
        ("url={https://aclanthology.org/2020.x-main.1/}", "id", "acl:2020.x-main.1"),
        ("year={2018}, month={{AUG}}", "date", "2018-08"),
        ("year=2018, month=8, day=3", "date", "2018-08-03"),
        ("year={2018}, month=aug # {~3}", "date", "2018-08-03"),
        ("year={in press}", "year", None),
        ("author={Doe, Jane and {Bed and Breakfast Society} and others}", "authors",
         ("Jane Doe", "Bed and Breakfast Society")),
        ("author={M{\\\"u}ller, {\\'E}. AND {\\O}stby, K.}", "authors", ("É. Müller", "K. Østby")),
    ],
)  # fmt: skip
def test_what_fields_tell(field: str, attribute: str, value: object) -> None:
    assert getattr(paper(f"@article{{k, title={{A title}}, {field}}}"), attribute) == value


def test_an_entry_that_is_no_paper_is_reported() -> None:
    (item,) = read("\n@misc{k, howpublished={somewhere}}")
    assert str(item) == "a.bib, line 2: neither title nor abstract"


# --- against bibtexparser, and against anything ------------------------------------------------

VALUES = st.recursive(
    st.text(st.sampled_from("abc é,=#@\\&%\n"), max_size=8).filter(lambda s: not s.endswith("\\")),
    lambda inner: st.lists(inner, max_size=3).map(lambda parts: f"{{{'x'.join(parts)}}}"),
    max_leaves=6,
)
NAMES = st.sampled_from(["title", "author", "abstract", "Year", "note-x"])


@given(st.lists(st.tuples(NAMES, VALUES), min_size=1, max_size=4, unique_by=lambda f: f[0].lower()))
def test_well_formed_entries_are_read_as_bibtexparser_reads_them(
    values: list[tuple[str, str]],
) -> None:
    written = "".join(f"  {name} = {{{value}}},\n" for name, value in values)
    text = f"@article{{key,\n{written}}}\n"
    library = bibtexparser.parse_string(text, parse_stack=[])
    if not library.entries:  # it takes an "@" within a value for the next entry
        return
    expected = {field.key.lower(): field.value[1:-1] for field in library.entries[0].fields}
    assert {name: value.strip() for name, value in fields(text).items()} == {
        name: value.strip() for name, value in expected.items()
    }


@given(st.text('@{}()"=,#%\\ \n\rarticlestringk1é', max_size=120) | st.text(max_size=60))
def test_any_text_gives_papers_or_rejections(text: str) -> None:
    found = READER.read(document(f"@article{{a, title={{A}}, {text}"))
    assert all(isinstance(item, Paper | Rejection) for item in found)
    assert all(isinstance(item, Paper | Rejection) for item in READER.read(document(text)))
