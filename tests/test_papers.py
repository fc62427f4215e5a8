"""A paper has one stable id, and two records of it become one."""

from __future__ import annotations

import dataclasses
import json
import re
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rag import Paper
from rag.papers import (
    History,
    Part,
    find_identifier,
    merge,
    renew,
    title_id,
    title_key,
    way_out,
    way_out_label,
)


def paper(**values: object) -> Paper:
    return Paper(**{"id": "x:1", "title": "A Title", "abstract": "An abstract.", **values})  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("text", "identifier"),
    [
        ("1706.03762", "arxiv:1706.03762"),
        ("1706.03762v5", "arxiv:1706.03762"),
        ("arXiv:1706.03762", "arxiv:1706.03762"),
        ("arxiv: 1706.03762v2", "arxiv:1706.03762"),
        ("https://arxiv.org/abs/1706.03762v5", "arxiv:1706.03762"),
        ("http://www.arxiv.org/pdf/1706.03762.pdf", "arxiv:1706.03762"),
        ("https://arxiv.org/pdf/1706.03762v5.pdf", "arxiv:1706.03762"),
        ("export.arxiv.org/abs/0704.0001", "arxiv:0704.0001"),
        ("hep-th/9901001", "arxiv:hep-th/9901001"),
        ("math.GT/0309136v1", "arxiv:math.GT/0309136"),
        ("  1706.03762\n", "arxiv:1706.03762"),
        ("10.1000/XYZ.123", "doi:10.1000/xyz.123"),
        ("doi:10.1000/xyz", "doi:10.1000/xyz"),
        ("https://doi.org/10.1000/xyz(1)", "doi:10.1000/xyz(1)"),
        ("http://dx.doi.org/10.1000/xyz", "doi:10.1000/xyz"),
        ("pmid:31452104", "pmid:31452104"),
        ("PMID: 31452104", "pmid:31452104"),
        ("https://pubmed.ncbi.nlm.nih.gov/31452104/", "pmid:31452104"),
        ("https://aclanthology.org/P19-1001/", "acl:P19-1001"),
        ("acl:2020.acl-main.1", "acl:2020.acl-main.1"),
        ("title:a-b-123456", "title:a-b-123456"),
        ("https://huggingface.co/papers/2409.91074", "arxiv:2409.91074"),
        ("10.48550/arXiv.2409.91077", "arxiv:2409.91077"),
        ("https://doi.org/10.48550/arxiv.2003.99999", "arxiv:2003.99999"),
        ("oai:arXiv.org:2409.91075", "arxiv:2409.91075"),
        ("2401.00001v1 [cs.CL]", "arxiv:2401.00001"),
        ("1234.5678", None),
        ("DOI 10.5555/sp.1", "doi:10.5555/sp.1"),
        ("10.5555/a(b)<c>1::2;", "doi:10.5555/a(b)<c>1::2;"),
        ("https://doi.org/10.1000/A%3Cb%3E", "doi:10.1000/a<b>"),
        ("https://www.biorxiv.org/content/10.1101/2020.09.09.2v2", "doi:10.1101/2020.09.09.2"),
        ("acl:p19-1001", "acl:P19-1001"),
        ("PMC12008803", "pmcid:PMC12008803"),
        ("https://pmc.ncbi.nlm.nih.gov/articles/PMC12008803/", "pmcid:PMC12008803"),
        ("https://openreview.net/forum?id=aB-cD12", "openreview:aB-cD12"),
        ("https://api.openalex.org/works/W123", "openalex:W123"),
        ("https://www.semanticscholar.org/paper/A/" + "0a" * 20, "s2:" + "0a" * 20),
        ("WOS:000999000000009", "wos:000999000000009"),
        ("arxiv:anything", None),
        ("s2:short", None),
        ("https://example.org/paper", None),
        ("attention is all you need", None),
        ("42", None),
        ("", None),
    ],
)
def test_identifiers_as_people_paste_them(text: str, identifier: str | None) -> None:
    assert find_identifier(text) == identifier


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("BAM! Just Like That: Simple", "Bam - just like that (simple)"),
        ("Schrödinger’s   Cat", "SCHRO\u0308DINGER'S CAT"),
        ("A  Title\nOn Two Lines", "a title on two lines."),
        ("\uff26ull Width", "full width"),
    ],
)
def test_a_title_has_one_id_however_it_is_printed(one: str, other: str) -> None:
    assert title_key(one) == title_key(other)
    assert title_id(one) == title_id(other)


def test_titles_that_differ_beyond_the_slug_have_different_ids() -> None:
    start = "A very long title that goes on and on until the slug must be cut, volume "
    assert title_id(f"{start} one") != title_id(f"{start} two")
    assert title_id("研究") != title_id("論文")
    assert title_id("C++") == title_id("c++")


@given(st.text(min_size=1, max_size=80))
def test_title_ids_are_short_plain_words(title: str) -> None:
    made = title_id(title)
    assert made.startswith("title:")
    assert made.isascii()
    assert " " not in made
    assert len(made) < 64
    assert find_identifier(made) == made


def test_merging_keeps_what_is_stated_and_fills_what_is_missing() -> None:
    page = paper(sources=("pages/b.txt",), date="2021-02-03", year=2021, author_count=3)
    record = paper(sources=("a.jsonl",), authors=("Ann", "Bo"), venue="A Venue", doi="10.1/x")
    joined = merge(page, record)
    assert joined == dataclasses.replace(
        page,
        authors=("Ann", "Bo"),
        venue="A Venue",
        doi="10.1/x",
        sources=("a.jsonl", "pages/b.txt"),
    )


def test_merging_keeps_all_that_identifies_the_work() -> None:
    preprint = paper(id="arxiv:2401.00001", arxiv_id="2401.00001", other_ids=("s2:" + "0" * 40,))
    article = paper(id="doi:10.1/x", doi="10.1/x", other_ids=("pmid:12",), retracted=True)
    other = paper(id="doi:10.1/y", doi="10.1/y")
    joined = merge(merge(preprint, article), other)
    assert (joined.id, joined.doi) == ("arxiv:2401.00001", "10.1/x")
    assert joined.other_ids == ("doi:10.1/y", "pmid:12", "s2:" + "0" * 40)
    assert joined.identifiers == ("arxiv:2401.00001", "doi:10.1/x", *joined.other_ids)
    assert joined.retracted
    assert paper(id="title:a-123456").identifiers == ()
    assert paper(id="4983").identifiers == ()


def test_the_preferred_record_wins_where_both_state_something() -> None:
    ours = paper(title="Ours", abstract="Our text.", venue="Here", date="2020-01-01")
    theirs = paper(title="Theirs", abstract="Other.", venue="There", date="2021-01-01")
    assert merge(ours, theirs) == dataclasses.replace(ours, year=2020)


@pytest.mark.parametrize(
    ("ours", "theirs", "merged", "year"),
    [
        ("--05-20", "2024-05-20", "2024-05-20", 2024),
        ("2024", "2024-05-20", "2024-05-20", 2024),
        ("2024-05-20", "2024", "2024-05-20", 2024),
        (None, "--05-20", "--05-20", None),
        ("--05-20", "2024", "2024", 2024),
        ("--05-20", None, "--05-20", None),
    ],
)
def test_the_date_that_says_more_wins(
    ours: str | None, theirs: str | None, merged: str, year: int | None
) -> None:
    joined = merge(paper(date=ours), paper(date=theirs))
    assert (joined.date, joined.year) == (merged, year)


@pytest.mark.parametrize("cut", ["We show a thing that...", "We show a thing that …"])
def test_an_abstract_cut_short_loses_against_the_whole(cut: str) -> None:
    whole = "We show a thing that nobody has seen."
    assert merge(paper(abstract=cut), paper(abstract=whole)).abstract == whole
    assert merge(paper(abstract=whole), paper(abstract=cut)).abstract == whole


def test_another_abstract_does_not_replace_one_that_is_cut_short() -> None:
    cut = "We show a thing that..."
    assert merge(paper(abstract=cut), paper(abstract="Quite another text.")).abstract == cut


@pytest.mark.parametrize(
    ("field", "poor", "rich"),
    [
        ("title", "TIDES IN SMALL SEAS", "Tides in Small Seas"),
        ("title", "Tides in Small ...", "Tides in Small Seas"),
        ("title", "", "Tides in Small Seas"),
        ("abstract", "We find asks", "We find asks in scams."),
        ("authors", ("Ana Costa",), ("A. Costa", "B. Ek")),
        ("authors", ("A. Costa", "B. Ek"), ("Ana Costa", "Bo Ek")),
        ("author_count", 2, 3),
        ("venue", "arXiv (Cornell University)", "Journal of Small Seas"),
        ("venue", "bioRxiv", "Journal of Small Seas"),
        ("doi", "10.1101/2024.01.01.1", "10.5555/tides"),
        ("retracted", False, True),
    ],
)
def test_the_better_field_wins_whichever_record_is_preferred(
    field: str, poor: object, rich: object
) -> None:
    one, other = paper(**{field: poor}), paper(**{field: rich})
    assert getattr(merge(one, other), field) == rich
    assert getattr(merge(other, one), field) == rich


def test_what_a_source_says_now_replaces_what_it_said() -> None:
    known = paper(
        id="title:a-000000", authors=("Ann", "Bo"), venue="Here", doi="10.1/x", sources=("a",)
    )
    newer = paper(id="title:b-000000", title="B", abstract="B.", authors=("Ann",), sources=("a",))
    renewed = renew(known, newer)
    assert renewed == dataclasses.replace(known, title="B", abstract="B.", authors=("Ann",))
    assert renew(renewed, newer) == renewed
    identified = renew(known, paper(id="arxiv:2401.00001", arxiv_id="2401.00001"))
    assert (identified.id, identified.arxiv_id) == ("title:a-000000", "2401.00001")


def test_a_history_is_stored_but_compares_nothing() -> None:
    one, other = paper(abstract="One."), paper(abstract="Other.")
    merged = dataclasses.replace(
        one, history=History((Part(one), Part(other, "because")), ("x:1",))
    )
    assert merged == one
    assert "history" not in merged.as_dict()
    back = Paper.from_dict(json.loads(json.dumps(merged.as_record())))
    assert (back, back.history) == (merged, merged.history)
    assert (one.parts, merged.parts) == ((Part(one),), merged.history.parts)


def test_merging_a_paper_with_itself_changes_nothing() -> None:
    one = paper(date="2020", year=2020, sources=("a",), authors=("Ann",))
    assert merge(one, one) == one


def test_the_hash_is_of_the_content_alone() -> None:
    one = paper(date="2020-01-01")
    dated = paper(date="2021-01-01")
    worded = paper(date="2020-01-01", abstract="Another abstract.")
    assert one.content_hash() == dated.content_hash() != worded.content_hash()
    assert paper(title="Another").content_hash() != one.content_hash()


def test_a_paper_of_an_older_library_opens() -> None:
    old = {name: value for name, value in paper().as_dict().items() if name != "other_ids"}
    del old["retracted"]
    assert Paper.from_dict(old) == paper()


def test_a_paper_survives_json() -> None:
    one = paper(authors=("Ann", "Bo"), sources=("a", "b"), author_count=2, year=2020, url="u",
                other_ids=("pmid:1",), retracted=True)  # fmt: skip
    assert Paper.from_dict(json.loads(json.dumps(one.as_dict()))) == one
    assert list(one.as_dict()) == [
        "id", "title", "abstract", "authors", "author_count", "date", "year", "venue", "url",
        "doi", "arxiv_id", "sources", "other_ids", "retracted", "key",
    ]  # fmt: skip


def test_papers_cannot_be_changed() -> None:
    with pytest.raises(dataclasses.FrozenInstanceError):
        paper().title = "Another"  # type: ignore[misc]


@pytest.mark.parametrize(
    ("values", "byline"),
    [
        ({}, ""),
        ({"authors": ("Ann Li",), "year": 2020}, "Ann Li · 2020"),
        ({"authors": ("Ann Li", "Bo Ek", "Cy Oz", "Di Po")}, "Ann Li, Bo Ek, Cy Oz et al."),
        ({"authors": ("Ann Li", "Bo Ek"), "author_count": 9}, "Ann Li, Bo Ek et al."),
        (
            {"author_count": 1, "date": "--01-23", "venue": "ACL"},
            "1 author · 23 Jan (year not stated) · ACL",
        ),
        ({"author_count": 1204, "date": "2024-11-07"}, "1,204 authors · 7 Nov 2024"),
    ],
)
def test_byline(values: dict[str, object], byline: str) -> None:
    assert paper(**values).byline == byline


@pytest.mark.parametrize(
    ("known", "address"),
    [
        ({"url": "https://a.org/x?y=1&z=%20#f"}, "https://a.org/x?y=1&z=%20#f"),
        ({"url": "javascript:go()", "doi": "10.5555/a"}, "https://doi.org/10.5555/a"),
        ({"url": "//evil.example/x", "arxiv_id": "2409.91001"}, "https://arxiv.org/abs/2409.91001"),
        ({"url": "https://[", "id": "acl:P19-1"}, "https://aclanthology.org/P19-1"),
        ({"doi": "10.5555/a_(b)<c>"}, "https://doi.org/10.5555/a_%28b%29%3Cc%3E"),
        ({"other_ids": ("openalex:W1", "pmid:7")}, "https://pubmed.ncbi.nlm.nih.gov/7"),
        ({"other_ids": ("openalex:W1",)}, "https://openalex.org/W1"),
        ({"other_ids": ("wos:000123456789012",)}, "https://scholar.google.com/scholar?q=bees"),
        ({"title": 'A "b" <i>) [x](y)\ud800é'},
         "https://scholar.google.com/scholar?q=a+b+i+x+y+e"),
        ({"title": "", "abstract": "Words & more"},
         "https://scholar.google.com/scholar?q=words+more"),
        ({"url": 'https://a.org/"><b>(c)\n d\x1b[31m'}, None),
    ],
)  # fmt: skip
def test_every_paper_has_a_way_out(known: dict[str, Any], address: str | None) -> None:
    out = way_out(paper(**{"id": "title:bees-94379e", "title": "Bees", **known}))
    if address:
        assert out == address
    assert re.fullmatch(r"https://[!#$%&*+,./:;=?@\w~-]+", out, re.ASCII)
    looks_up = "scholar.google" in out
    assert looks_up == (way_out_label(paper(**{"id": "title:x", **known})) == "Look up the title")
