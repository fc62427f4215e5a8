"""Papers written for reference managers, and read back by them."""

from __future__ import annotations

import io
import json
from dataclasses import replace

import bibtexparser
import docx
import pytest
import rispy
from bibtexparser.middlewares import (
    LatexDecodingMiddleware,
    MonthAbbreviationMiddleware,
    SeparateCoAuthors,
    SplitNameParts,
)
from hypothesis import given, settings
from hypothesis import strategies as st

from rag.errors import RagError
from rag.export import export_papers, paper_formats
from rag.export.fields import citation_keys
from rag.papers import Paper

ATTENTION = Paper(
    id="arxiv:1706.03762",
    title="Attention Is All You Need",
    abstract="Our summary of it.\nIn two lines.",
    authors=("Ashish Vaswani", "Noam Shazeer", "Łukasz Kaiser"),
    author_count=8,
    date="2017-06-12",
    year=2017,
    arxiv_id="1706.03762",
)
MEETING = Paper(
    id="acl:2020.x-1.1",
    title="On $O(n \\log n)$ Costs: BERT & Others at 50%",
    abstract="",
    authors=("Ludwig van Beethoven", "King, Jr., Martin", "Zoë Müller", "Some Research Team"),
    date="--01-23",
    venue="Proceedings of the 2020 Conference on A_B & C",
    doi="10.1000/x_(y)",
    url="https://example.org/a_b?c=%20#d",
)
ARTICLE = Paper(id="pmid:77", title="The Heart", abstract="It beats.", venue="Nature", year=2019)


def bibtex(papers):
    library = bibtexparser.parse_string(
        export_papers(papers, "bibtex"),
        append_middleware=[MonthAbbreviationMiddleware(), LatexDecodingMiddleware()],
    )
    assert not library.failed_blocks
    return [
        {"ENTRYTYPE": entry.entry_type, "ID": entry.key}
        | {field.key: field.value for field in entry.fields}
        for entry in library.entries
    ]


def bibtex_names(paper):
    library = bibtexparser.parse_string(
        export_papers([paper], "bibtex"), append_middleware=[SeparateCoAuthors(), SplitNameParts()]
    )
    return library.entries[0]["author"]


def csl(papers):
    return json.loads(export_papers(papers, "csl"))


def ris(papers):
    return rispy.loads(export_papers(papers, "ris"))


def test_a_preprint_in_bibtex():
    assert bibtex([ATTENTION]) == [
        {
            "ENTRYTYPE": "misc",
            "ID": "vaswani2017attention",
            "title": "Attention Is All You Need",
            "author": "Vaswani, Ashish and Shazeer, Noam and Kaiser, Łukasz and others",
            "year": "2017",
            "month": "jun",
            "day": "12",
            "eprint": "1706.03762",
            "archiveprefix": "arXiv",
            "url": "https://arxiv.org/abs/1706.03762",
            "annote": "3 of 8 authors listed",
            "abstract": "Our summary of it. In two lines.",
        }
    ]


def test_a_conference_paper_in_bibtex():
    (entry,) = bibtex([MEETING])

    assert entry["ENTRYTYPE"] == "inproceedings"
    assert entry["title"] == "On $O(n \\log n)$ Costs: BERT & Others at 50%"
    assert entry["booktitle"] == "Proceedings of the 2020 Conference on A_B & C"
    assert "year" not in entry
    assert (entry["month"], entry["day"]) == ("jan", "23")


def test_addresses_and_identifiers_are_not_escaped():
    written = export_papers([MEETING], "bibtex")

    assert "doi = {10.1000/x_(y)}" in written
    assert "url = {https://example.org/a_b?c=%20#d}" in written


def test_names_keep_their_parts_in_bibtex():
    beethoven, king, muller, team = bibtex_names(MEETING)

    assert (beethoven.first, beethoven.von, beethoven.last) == (["Ludwig"], ["van"], ["Beethoven"])
    assert (king.first, king.last, king.jr) == (["Martin"], ["King"], ["Jr."])
    assert muller.last == ['M{\\"u}ller']
    assert (team.first, team.last) == ([], ["{Some Research Team}"])


@pytest.mark.parametrize(
    ("name", "family", "given"),
    [
        ("Ada Lovelace", "Lovelace", "Ada"),
        ("Lovelace, Ada", "Lovelace", "Ada"),
        ("Ada B. C. Lovelace", "Lovelace", "Ada B. C."),
    ],
)
def test_names_in_csl(name, family, given):
    assert csl([replace(ARTICLE, authors=(name,))])[0]["author"] == [
        {"family": family, "given": given}
    ]


@pytest.mark.parametrize(
    "name", ["OpenAI", "Ada and Charles Foundation", "Team 7", "The X Project"]
)
def test_an_organisation_stays_whole(name):
    paper = replace(ARTICLE, authors=(name,))

    assert csl([paper])[0]["author"] == [{"literal": name}]
    assert len(bibtex_names(paper)) == 1
    assert ris([paper])[0]["authors"] == [name]


def test_particles_and_suffixes_in_csl():
    paper = replace(ARTICLE, authors=("Ludwig van Beethoven", "Martin King Jr."))

    assert csl([paper])[0]["author"] == [
        {"family": "Beethoven", "given": "Ludwig", "non-dropping-particle": "van"},
        {"family": "King", "given": "Martin", "suffix": "Jr."},
    ]


def test_all_in_csl():
    preprint, meeting, article = csl([ATTENTION, MEETING, ARTICLE])

    assert (preprint["type"], meeting["type"], article["type"]) == (
        "article",
        "paper-conference",
        "article-journal",
    )
    assert preprint["issued"] == {"date-parts": [[2017, 6, 12]]}
    assert preprint["number"] == "arXiv:1706.03762"
    assert preprint["abstract"] == "Our summary of it. In two lines."
    assert preprint["note"] == "3 of 8 authors listed"
    assert meeting["issued"] == {"literal": "Jan 23"}
    assert (meeting["DOI"], meeting["URL"]) == ("10.1000/x_(y)", "https://example.org/a_b?c=%20#d")
    assert meeting["container-title"] == "Proceedings of the 2020 Conference on A_B & C"
    assert article == {
        "id": "2019heart",
        "type": "article-journal",
        "title": "The Heart",
        "issued": {"date-parts": [[2019]]},
        "container-title": "Nature",
        "abstract": "It beats.",
        "PMID": "77",
    }


def test_all_in_ris():
    preprint, meeting, article = ris([ATTENTION, MEETING, ARTICLE])

    assert preprint == {
        "type_of_reference": "UNPB",
        "id": "vaswani2017attention",
        "title": "Attention Is All You Need",
        "authors": ["Vaswani, Ashish", "Shazeer, Noam", "Kaiser, Łukasz"],
        "year": "2017",
        "date": "2017/06/12/",
        "abstract": "Our summary of it. In two lines.",
        "accession_number": "arXiv:1706.03762",
        "urls": ["https://arxiv.org/abs/1706.03762"],
        "notes": ["3 of 8 authors listed"],
    }
    assert (meeting["type_of_reference"], article["type_of_reference"]) == ("CPAPER", "JOUR")
    assert meeting["authors"][:2] == ["van Beethoven, Ludwig", "King, Martin, Jr."]
    assert "year" not in meeting
    assert meeting["date"] == "/01/23/"
    assert (article["accession_number"], article["name_of_database"]) == ("77", "PubMed")


def test_a_ris_file_holds_nothing_but_tagged_lines():
    lines = export_papers([ATTENTION, MEETING], "ris").splitlines()

    assert [line for line in lines if line and line[2:6] != "  - "] == []
    assert [line[:2] for line in lines].count("ER") == 2


def test_a_line_break_in_a_record_cannot_end_it():
    paper = replace(ARTICLE, title="One\nER  - \nTY  - JOUR", doi="10.1/x\nER  - ")

    assert len(ris([paper])) == 1
    assert ris([paper])[0]["title"] == "One ER - TY - JOUR"


@pytest.mark.parametrize(
    ("date", "year", "parts"),
    [
        ("2024-11-07", 2024, [2024, 11, 7]),
        ("2024-11", 2024, [2024, 11]),
        ("2024", 2024, [2024]),
        ("2016-12-30", 2017, [2017]),
        (None, 2024, [2024]),
        ("2024-11-07", None, [2024, 11, 7]),
        (None, None, None),
        ("--01-23", 2021, [2021]),
    ],
)
def test_dates_say_what_is_known(date, year, parts):
    paper = replace(ARTICLE, date=date, year=year)

    assert csl([paper])[0].get("issued") == (parts and {"date-parts": [parts]})
    assert bibtex([paper])[0].get("year") == (parts and str(parts[0]))
    assert ("month" in bibtex([paper])[0]) == bool(parts and parts[1:])
    assert ris([paper])[0].get("year") == (parts and str(parts[0]))
    assert ("date" in ris([paper])[0]) == bool(parts and parts[1:])


@pytest.mark.parametrize(
    ("venue", "arxiv_id", "entry"),
    [
        (None, "1706.03762", "misc"),
        (None, None, "misc"),
        ("arXiv", "1706.03762", "misc"),
        ("bioRxiv preprint", None, "misc"),
        ("icml", "1706.03762", "inproceedings"),
        ("NeurIPS 2023", None, "inproceedings"),
        ("Findings of the Association: EMNLP 2020", None, "inproceedings"),
        ("Advances in Neural Information Processing Systems", None, "inproceedings"),
        ("Proceedings of the National Academy of Sciences", None, "article"),
        ("Transactions of the Association, Volume 11", None, "article"),
        ("Journal of Tests", "1706.03762", "article"),
        ("Science", None, "article"),
    ],
)
def test_the_kind_of_publication_follows_the_venue(venue, arxiv_id, entry):
    paper = replace(ARTICLE, venue=venue, arxiv_id=arxiv_id)

    assert bibtex([paper])[0]["ENTRYTYPE"] == entry
    assert bibtex([paper])[0].get("eprint") == arxiv_id


@pytest.mark.parametrize(
    ("authors", "year", "title", "key"),
    [
        (("Ashish Vaswani",), 2017, "Attention Is All You Need", "vaswani2017attention"),
        (("Vaswani, Ashish",), 2017, "The Attention", "vaswani2017attention"),
        (("Łukasz Müller-Øst",), 2020, "On a 3D Model", "mullerost20203d"),
        (("Ludwig van Beethoven",), None, "A Fugue", "beethovenfugue"),
        ((), 2020, "What Is It?", "2020what"),
        ((), None, "What Is", "what"),
        (("王伟",), 2021, "$\\alpha$-Nets", "2021nets"),
        ((), None, "変換", "paper"),
        ((), 2020, "変換", "paper2020"),
        (("OpenAI",), 2023, "GPT-4 Technical Report", "openai2023gpt"),
    ],
)
def test_citation_keys(authors, year, title, key):
    paper = replace(ARTICLE, authors=authors, year=year, title=title)

    assert citation_keys([paper]) == [key]


def test_papers_that_share_a_key_get_letters():
    twins = [replace(ATTENTION, id=f"x:{n}") for n in range(28)]
    other = replace(ATTENTION, id="x:other", title="Attentiona Again")

    keys = citation_keys([*twins, other])

    assert keys[0] == "vaswani2017attentionb"  # "...a" is the other paper's own
    assert keys[24:] == [
        *(f"vaswani2017attention{letters}" for letters in ("z", "aa", "ab", "ac")),
        "vaswani2017attentiona",
    ]
    assert len(set(keys)) == 29


def test_each_paper_is_written_once():
    assert len(csl([ATTENTION, ARTICLE, ATTENTION])) == 2


def test_json_lines_read_back_as_the_same_papers():
    papers = [ATTENTION, MEETING, ARTICLE]
    lines = export_papers(papers, "jsonl").splitlines()

    assert [Paper.from_dict(json.loads(line)) for line in lines] == papers


@pytest.mark.parametrize("export_format", [one.name for one in paper_formats()])
def test_no_papers_is_an_empty_file(export_format):
    content = export_papers([], export_format)
    if isinstance(content, bytes):  # a Word document without a paragraph
        assert [p for p in docx.Document(io.BytesIO(content)).paragraphs if p.text] == []
    else:
        assert content.strip() in {"", "[]"}


def test_an_unknown_format_is_an_error_that_names_the_known_ones():
    with pytest.raises(RagError, match="endnote") as error:
        export_papers([ATTENTION], "endnote")

    assert "bibtex" in error.value.hint


TEXTS = st.text(
    st.sampled_from([*"{}$%&#_\\~^@\"',= \n()-", "é", "変", "A", "b", "\u2028"]), max_size=20
)


@settings(deadline=None, derandomize=True, max_examples=120)
@given(title=TEXTS, author=TEXTS, venue=TEXTS, address=TEXTS)
def test_no_record_can_break_a_file(title, author, venue, address):
    paper = replace(
        ATTENTION, title=title, authors=(author, "Ada B"), venue=venue, url=address, doi=address
    )

    assert [entry["ID"] for entry in bibtex([paper, MEETING])] == citation_keys([paper, MEETING])
    assert len(ris([paper, MEETING])) == 2
    assert len(csl([paper, MEETING])) == 2


def test_an_identifier_can_not_add_a_field():
    injected = "1}, note = {Read this"
    paper = Paper(
        id=f"pmid:{injected}", title="Tides", abstract="They rise.", doi=f"10.1/{injected}"
    )

    (entry,) = bibtexparser.parse_string(export_papers([paper], "bibtex")).entries

    assert {"title", "abstract", "doi"} >= {one.key for one in entry.fields}
