"""Records of services and programs come in as papers, with all that they say of one."""

from __future__ import annotations

import gzip
import json
from typing import TYPE_CHECKING, Any

import pytest

from rag import Library, Paper
from rag.sources import Rejection, all_readers, read_sources
from rag.sources.base import Confidence
from rag.sources.document import Head

if TYPE_CHECKING:
    from pathlib import Path

    from rag.sources import Item


@pytest.fixture(scope="session")
def cases(data: Path) -> Path:
    """The folder of files as people bring them."""
    return data / "cases"


def papers(*sources: Path) -> list[Paper]:
    items = list(read_sources(sources))
    assert all(isinstance(item, Paper) for item in items), items
    return [item for item in items if isinstance(item, Paper)]


@pytest.fixture
def read(tmp_path: Path) -> Any:
    """Return a function that reads values as a file would hold them."""

    def write(value: Any) -> list[Item]:
        file = tmp_path / "response.json"
        file.write_text(value if isinstance(value, str) else json.dumps(value))
        return list(read_sources([file]))

    return write


@pytest.fixture
def one(read: Any) -> Any:
    """Return a function that reads one paper."""

    def of(value: Any) -> Paper:
        (item,) = read(value)
        assert isinstance(item, Paper), item
        return item

    return of


# --- files as people bring them -------------------------------------------------------------


@pytest.mark.parametrize("name", ["items.json", "items-pretty.json", "items.jsonl"])
def test_csl(cases: Path, name: str) -> None:
    (paper,) = papers(cases / "18-csl-json" / name)
    assert (paper.id, paper.title) == ("doi:10.5555/tides.att", "Tides by attention")
    assert paper.abstract == "We predict tides with attention and need 3 days of data."
    assert paper.authors == ("Ana Costa", "The TIDE Consortium")
    assert (paper.date, paper.year, paper.venue) == ("2024-01", 2024, "Small Tides")


@pytest.mark.parametrize("name", ["work.json", "message.jsonl", "flat.jsonl"])
def test_crossref(cases: Path, name: str) -> None:
    (paper,) = papers(cases / "19-crossref" / name)
    assert (paper.id, paper.title) == ("doi:10.5555/cr.1", "Ripples in small nets")
    assert paper.abstract == "Objective. Ripples at 150 Hz mark in vitro recall; p < 0.01."
    assert (paper.date, paper.year) == (None, None)
    if name != "flat.jsonl":
        assert (paper.authors, paper.venue) == (("Rob Keen",), "Small Nets")


@pytest.mark.parametrize(
    "name",
    ["daily_papers.json", "daily_papers-pretty.json", "daily_papers.jsonl", "paper-only.jsonl"],
)
def test_hugging_face(cases: Path, name: str) -> None:
    (paper,) = papers(cases / "30-hf-api" / name)
    assert (paper.id, paper.arxiv_id) == ("arxiv:2409.91074", "2409.91074")
    assert paper.title == "RoSums: a benchmark of sums in Romanian"
    assert paper.abstract.endswith("find that models solve 41% of them.")
    assert paper.authors == ("Adrian Cosmin", "Ana Bucura")
    assert (paper.date, paper.year) == ("2024-09-17", 2024)
    assert paper.url == "https://arxiv.org/abs/2409.91074"


def test_the_snapshot_of_arxiv(cases: Path) -> None:
    first, second = papers(cases / "34-arxiv-snapshot")
    assert (first.id, first.doi) == ("arxiv:0704.0001", "10.5555/smallrevd.76.013009")
    assert first.title == "Prompt pairs of photons at small colliders"
    assert first.authors == (
        "C. Balázs", "E. L. Berger", "P. M. Nadolsky", "C.-P. Yuan", "STAR Collaboration",
    )  # fmt: skip
    assert (first.date, first.year) == ("2007-04-02", 2007)
    assert first.venue == "Small.Rev.D76:013009,2007"
    assert first.abstract == (
        r"A calculation of photon pairs is given at NLO. The cross section at $\sqrt{s}=14$ TeV is"
        " 46 pb, and the Gödel-like bound of Poincaré holds."
    )
    assert (second.id, second.date) == ("arxiv:math/0702001", "2007-03-31")
    assert second.authors == ("Ileana Streinu", "Louis Theran")


@pytest.mark.parametrize("name", ["works.jsonl", "page.json", "page-pretty.json"])
def test_openalex(cases: Path, name: str) -> None:
    first, second = papers(cases / "36-openalex" / name)
    assert (first.id, first.other_ids) == ("doi:10.5555/oa.1", ("openalex:W999000001",))
    assert first.abstract == (
        "Mapping science is slow and it is costly; and science towns R&D rose 38%."
    )
    assert (first.authors, first.venue) == (("Massimo Ariani",), "Journal of Small Metrics")
    assert (first.date, first.year, first.retracted) == ("2017-11-01", 2017, True)
    assert (second.title, second.abstract, second.year) == ("A work whose title is null", "", 2018)
    assert second.other_ids == ("openalex:W999000002",)


@pytest.mark.parametrize("name", ["api-lines.jsonl", "api.json"])
def test_semantic_scholar(cases: Path, name: str) -> None:
    (paper,) = papers(cases / "38-s2-bulk" / name)
    assert (paper.id, paper.doi) == ("arxiv:2003.99999", "10.5555/aaai.v34i05.6269")
    assert paper.abstract == "We find asks in scams with an F1 of 0.77."
    assert (paper.date, paper.year, paper.authors) == ("2020-04-03", 2020, ("B. Dorrit",))
    assert paper.venue in {"AAAI", "Proc. of small AAAI"}
    assert paper.other_ids == ("s2:77e61c39ee59a03be8813f961cb1b327926dcce2",)


def test_the_bulk_files_of_semantic_scholar(cases: Path) -> None:
    titled, abstract = papers(cases / "38-s2-bulk" / "papers.jsonl")
    assert (titled.title, titled.abstract) == ("Finding asks in small scams", "")
    assert (titled.id, titled.other_ids) == ("arxiv:2003.99999", ("corpusid:211530585",))
    assert titled.authors == ("B. Dorrit", "A. Bhati")
    assert (abstract.id, abstract.other_ids) == ("arxiv:2003.99998", ("corpusid:211530586",))
    assert abstract.abstract == "Asks come early: 71% of scams ask within two turns."


def test_s2orc(cases: Path) -> None:
    ducts, cats, masks = papers(cases / "39-s2orc")
    assert (ducts.id, ducts.authors) == ("doi:10.5555/dog.1", ("Martin K. Olafson",))
    assert (ducts.year, ducts.venue) == (2009, "Small Dogs")
    assert ducts.other_ids == ("acl:P96-1044", "corpusid:77497072", "pmcid:PMC123")
    assert cats.abstract == "Ducts narrowed in 7 of 9 cats."
    assert (masks.title, masks.abstract) == ("CORD-style nested title", "Masks cut spread by half.")
    assert masks.authors == ("A B",)


@pytest.mark.parametrize("name", ["items.jsonl", "bbt.json"])
def test_zotero(cases: Path, name: str) -> None:
    (paper,) = papers(cases / "41-zotero-json" / name)
    assert (paper.id, paper.title) == ("doi:10.5555/snow.1", "Snow loads on green roofs")
    assert paper.abstract == "We measured 2.4 kPa on 19 roofs."
    assert (paper.authors, paper.venue) == (("Åse Sørli",), "Small Structures")
    assert (paper.date, paper.year) == ("2021-03", 2021)


def test_every_layout_of_json(cases: Path) -> None:
    for file in sorted((cases / "43-pretty").iterdir()):
        found = papers(file)
        expected = ["Pretty printed first", "Pretty printed second"]
        assert [paper.title for paper in found] == expected[: 1 if "single" in file.name else 2]
        assert all(paper.id.startswith("title:") for paper in found)


def test_entities_tags_and_latex(cases: Path) -> None:
    assert [(paper.title, paper.abstract) for paper in papers(cases / "44-entities")] == [
        (
            "Towns & R&D: H2O in <small> nets",
            "Spending on R&D rose by 38 % (p < 0.01) in 12 towns.",
        ),
        ("JATS left in", "Objective: Ripples at 150 Hz mark recall."),
        (
            "LaTeX left in by Schrödinger",
            (
                r"Poincaré and Gödel show that 5% of maps fold; see \cite{x} and all of"
                " http://example.org."
            ),
        ),
        (
            "Inequalities are no tags",
            "We find a<b and c>d in 9 cases; n<30 holds, if x > y then <0.05 applies.",
        ),
    ]


def test_mojibake_is_repaired(cases: Path) -> None:
    (double,) = papers(cases / "45-mojibake" / "double.jsonl")
    assert double.title == "Denkmäler der Musik – Pöhlmann’s Nürnberg"
    assert double.abstract == "Die Sammlung umfasst 19 Denkmäler; “naïve” Übertragung genügt."
    assert double.authors == ("Jürgen Müller",)
    (latin,) = papers(cases / "45-mojibake" / "latin1.jsonl")
    assert latin.abstract == "Die Sammlung umfasst 20 Denkmäler – “naïve” genügt."
    assert latin.authors == ("Jürgen Müller",)


def test_authors_in_every_shape(cases: Path) -> None:
    assert [paper.authors for paper in papers(cases / "46-authors")] == [
        ("Ana Costa", "TIDE Consortium"),
        ("G.N. Gatica", "F.A. Sequeira"),
        ("Ana Costa", "Ludwig van der Berg"),
        ("Ana Costa",),
        ("Ana Costa", "Bo Ek"),
        ("Ana Costa", "Bo Ek", "Cy Fu"),
        ("Ana Costa",),
        ("Ana Costa",),
    ]


def test_dates_in_every_form(cases: Path) -> None:
    dates = {
        paper.title.split()[-1]: (paper.date, paper.year) for paper in papers(cases / "47-dates")
    }
    day, month, year, none = ("2019-05-03", 2019), ("2019-05", 2019), ("2019", 2019), (None, None)
    assert dates == {
        "0": ("2023-11-14", 2023), "1": ("2023-11-14", 2023), "2": day, "3": day, "4": year,
        "5": year, "6": none, "7": (None, 2019), "8": (None, 2019), "9": (None, 2019), "10": year,
        "11": month, "12": day, "13": ("2007-04-02", 2007), "14": day, "15": day,
        "16": none,  # when a record was changed says nothing of when its paper appeared
        "17": day, "18": none, "19": none, "20": month, "21": (None, 2019),
    }  # fmt: skip


def test_retractions_are_known(cases: Path) -> None:
    assert [paper.retracted for paper in papers(cases / "49-retracted")] == [True, True, False]


def test_papers_in_any_language(cases: Path) -> None:
    found = papers(cases / "50-languages")
    assert [paper.title for paper in found] == [
        "[Asthme chez les jeunes plongeurs].", "関東平野の小さな湿地", "Малые плотины Карелии",
        "דגים קטנים",
    ]  # fmt: skip
    assert len({paper.id for paper in found}) == 4


def test_numbers_of_records_are_no_identity(cases: Path) -> None:
    found = papers(cases / "53-ids")
    assert len({paper.id for paper in found}) == len(found) == 5


def test_shapes_of_ids(cases: Path) -> None:
    found = [paper.id.partition(":")[0] for paper in papers(cases / "54-id-shapes")]
    assert found == ["title", "doi", "pmid", "pmid", "title", *["arxiv"] * 3, "doi", "arxiv", "doi"]


def test_openreview(cases: Path) -> None:
    (paper,) = papers(cases / "57-openreview")
    assert (paper.title, paper.abstract) == ("Small steps in diffusion", "Four steps suffice.")
    assert (paper.authors, paper.venue) == (("Ana Costa",), "ICLR 2024 poster")
    assert paper.other_ids == ("openreview:aBcD12",)
    assert paper.url == "https://openreview.net/forum?id=aBcD12"


def test_biorxiv_and_other_names_of_fields(cases: Path) -> None:
    masks, capitals, prefixed = papers(cases / "58-biorxiv")
    assert (masks.id, masks.title) == ("doi:10.1101/2021.01.01.000001", "Masks in small rooms")
    assert (masks.abstract, masks.date) == ("Masks cut spread by half.", "2021-01-01")
    assert masks.authors == ("A. Costa",)
    assert (capitals.authors, capitals.year) == (("A. Costa", "B. Ek"), 2020)
    assert capitals.abstract == "Tables have capitals in 2 of 3 files."
    assert (prefixed.title, prefixed.abstract) == ("Fields with a prefix", "Prefixes are common.")


def test_a_paper_may_lack_title_or_abstract(cases: Path) -> None:
    titled, untitled = papers(cases / "61-title-only")
    assert (titled.title, titled.abstract) == ("Buoys that drift 30 km a day", "")
    assert (untitled.title, untitled.abstract[:11]) == ("", "An abstract")


def test_one_paper_of_three_services_has_one_id(cases: Path) -> None:
    found = papers(cases / "62-cross-source")
    assert [paper.id for paper in found] == [*["arxiv:2003.99999"] * 3, "arxiv:2003.99990"]
    assert [paper.venue for paper in found] == [None, None, "AAAI", "ArXiv"]


def test_results_of_arxiv_py(cases: Path) -> None:
    tides, loaded = papers(cases / "63-arxiv-py")
    assert (tides.id, tides.date, tides.authors) == (
        "arxiv:2401.99999",
        "2024-01-05",
        ("Ana Costa",),
    )
    assert tides.abstract == "We predict tides with attention and need 3 days of data."
    assert (loaded.id, loaded.authors) == ("arxiv:2401.99998", ("Ana Costa", "Bo Ek"))


@pytest.mark.parametrize("name", ["papers-with-abstracts.json.gz", "lines.jsonl"])
def test_papers_with_code(cases: Path, name: str) -> None:
    (paper,) = papers(cases / "64-pwc" / name)
    assert (paper.id, paper.date) == ("arxiv:1805.99999", "2018-05-01")
    assert paper.abstract == "Small nets suffice for 9 of 12 small sets."
    assert (paper.authors, paper.url) == (("Ana Costa",), "http://arxiv.org/abs/1805.99999v1")


def test_offsets_count_in_the_abstract_that_is_stored(cases: Path, tiny_library: Library) -> None:
    folders = ("19-crossref", "34-arxiv-snapshot", "36-openalex", "44-entities", "45-mojibake")
    report = tiny_library.add(*(cases / folder for folder in folders))
    assert report.rejected == []
    for paper in tiny_library.papers():
        for hit in tiny_library.search(paper.title, k=3):
            passage = hit.passage
            assert hit.paper.abstract[passage.start : passage.end] == passage.text
        assert tiny_library.paper(paper.id) == paper


# --- further forms of each ------------------------------------------------------------------

DOIS = [{"DOI": f"10.5555/{n}", "title": [f"Title {n}"], "type": "journal-article"} for n in "ab"]


def test_a_search_of_crossref(read: Any) -> None:
    response = {
        "status": "ok",
        "message-type": "work-list",
        "message": {"total-results": 2, "items": DOIS, "items-per-page": 20},
    }
    assert [paper.id for paper in read(response)] == ["doi:10.5555/a", "doi:10.5555/b"]


def test_what_crossref_keeps_apart(one: Any) -> None:
    paper = one(
        {
            **DOIS[0],
            "subtitle": ["A Study"],
            "issued": {"date-parts": [[None]]},
            "published-print": {"date-parts": [[2019, 5]]},
            "created": {"date-parts": [[2011, 1, 1]]},
            "updated-by": [{"type": "retraction", "DOI": "10.5555/r"}],
        }
    )
    assert (paper.title, paper.date, paper.retracted) == ("Title a: A Study", "2019-05", True)
    notice = one({**DOIS[0], "update-to": [{"type": "retraction", "DOI": "10.5555/x"}]})
    assert notice.retracted is False


def test_notes_of_csl_name_identifiers(one: Any) -> None:
    item = {
        "id": "costa", "type": "article", "title": "A", "container-title": "arXiv",
        "number": "arXiv:2401.00001", "PMID": "12", "note": "PMCID: PMC34\n3 of 10 authors listed",
        "author": [{"family": "Fontaine", "given": "Jean", "non-dropping-particle": "de La"}],
    }  # fmt: skip
    paper = one(item)
    assert (paper.id, paper.other_ids) == ("arxiv:2401.00001", ("pmcid:PMC34", "pmid:12"))
    assert (paper.authors, paper.author_count) == (("Jean de La Fontaine",), 10)


def test_the_web_api_of_zotero(read: Any) -> None:
    items = [
        {"key": "A", "data": {"itemType": "preprint", "title": "A", "repository": "arXiv",
                              "archiveID": "arXiv:2401.00001", "extra": "PMID: 12\nrank: 3",
                              "creators": [{"name": "TIDE", "creatorType": "author"},
                                           {"lastName": "Ek", "creatorType": "editor"}]}},
        {"key": "B", "data": {"itemType": "attachment", "title": "Full Text PDF"}},
        {"key": "C", "data": {"itemType": "journalArticle", "title": "Trash", "deleted": 1}},
    ]  # fmt: skip
    (paper,) = read(items)
    assert (paper.id, paper.authors, paper.venue) == ("arxiv:2401.00001", ("TIDE",), "arXiv")
    assert paper.other_ids == ("pmid:12",)
    (rejected,) = read(items[1:])
    assert rejected.reason == "it holds no paper of its own among 2 attachments and notes"


def test_places_and_ids_of_openalex(one: Any) -> None:
    work = {
        "id": "https://openalex.org/W1",
        "display_name": "A",
        "authorships": [{"author": {"display_name": None}, "raw_author_name": "Ana Costa"}, None],
        "ids": {"pmid": "https://pubmed.ncbi.nlm.nih.gov/12", "mag": "1"},
        "locations": [{"landing_page_url": "https://example.org"},
                      {"landing_page_url": "http://arxiv.org/abs/2401.00001"}],
    }  # fmt: skip
    paper = one(work)
    assert (paper.id, paper.authors) == ("arxiv:2401.00001", ("Ana Costa",))
    assert paper.other_ids == ("openalex:W1", "pmid:12")


def test_an_inverted_index_may_be_wild(one: Any) -> None:
    index = {"far": [10**12], "We": [0], "are": [1], "odd": "x", "too": None}
    assert one({"title": "A", "abstract_inverted_index": index}).abstract == "We are far"


@pytest.mark.parametrize("key", ["citingPaper", "citedPaper"])
def test_citations_of_semantic_scholar(read: Any, key: str) -> None:
    found = read({"offset": 0, "data": [{key: {"paperId": "0" * 40, "title": "A"}}]})
    assert [(paper.title, paper.other_ids) for paper in found] == [("A", ("s2:" + "0" * 40,))]


def test_a_snippet_is_no_abstract(one: Any) -> None:
    snippet = {"snippet": {"text": "A piece."}, "paper": {"corpusId": "7", "title": "A"}}
    paper = one({"data": [snippet]})
    assert (paper.title, paper.abstract, paper.other_ids) == ("A", "", ("corpusid:7",))


def test_s2orc_as_one_text_with_annotations(one: Any) -> None:
    text = "Bees dance\nThey dance in the dark.\nWe do not."
    annotations = {
        "title": json.dumps([{"start": 0, "end": 10}]),
        "abstract": json.dumps([{"start": 11, "end": 34}, {"start": "35", "end": "45"}]),
    }
    paper = one({"corpusid": 7, "content": {"text": text, "annotations": annotations}})
    assert (paper.title, paper.abstract) == ("Bees dance", "They dance in the dark. We do not.")
    (rejected,) = read_broken(text)
    assert "no title" in rejected.reason


def read_broken(text: str) -> list[Item]:
    from io import BytesIO

    from rag.sources import Document, read_document

    broken = {"corpusid": 7, "content": {"text": text, "annotations": {"abstract": "[{]"}}}
    data = BytesIO(json.dumps(broken).encode())
    return list(read_document(Document(data, source="x", name="x")))


def test_both_versions_of_openreview(read: Any) -> None:
    content = {"title": "A", "abstract": "B", "_bibtex": "@inproceedings{\nyear={2024}\n}"}
    wrapped = {key: {"value": value} for key, value in content.items()}
    notes = [
        {"id": "n1", "forum": "n1", "content": content},
        {"id": "n2", "forum": "n2", "content": wrapped, "pdate": 1700000000000},
        {"id": "r1", "forum": "n1", "content": {"review": "Fine."}},
    ]
    first, second = read({"notes": notes, "count": 3})
    assert (first.title, first.year, first.date) == ("A", 2024, None)
    assert (second.abstract, second.date) == ("B", "2023-11-14")


def test_the_api_of_biorxiv(read: Any) -> None:
    preprint = {
        "doi": "10.1101/1", "title": "A", "abstract": "B", "authors": "Costa, A.; Ek, B.",
        "author_corresponding": "Ana Costa", "date": "2021-01-01", "server": "bioRxiv",
        "published": "10.5555/j", "jatsxml": "https://example.org", "type": "new results",
    }  # fmt: skip
    same = {**preprint, "doi": "10.1101/2", "published": "NA", "type": "WITHDRAWN"}
    first, second = read({"messages": [{"status": "ok"}], "collection": [preprint, same]})
    assert (first.id, first.other_ids) == ("doi:10.1101/1", ("doi:10.5555/j",))
    assert (first.authors, first.venue) == (("A. Costa", "B. Ek"), "bioRxiv")
    assert (second.other_ids, first.retracted, second.retracted) == ((), False, True)


@pytest.mark.parametrize(
    ("own", "expected"),
    [
        (704.0001, "0704.0001"),
        (704.001, "0704.0010"),
        (1501.0001, "1501.00010"),
        ("2401.00001v2", "2401.00001"),
    ],
)
def test_ids_of_arxiv_that_became_numbers(one: Any, own: Any, expected: str) -> None:
    paper = one({"id": own, "title": "A", "categories": "hep-ph", "submitter": "x"})
    assert (paper.id, paper.url) == (f"arxiv:{expected}", f"https://arxiv.org/abs/{expected}")


def test_what_arxiv_says_was_withdrawn(one: Any) -> None:
    values = {"id": "2401.00001", "title": "A", "categories": "hep-ph", "submitter": "x"}
    assert one({**values, "comments": "This paper has been withdrawn by the author"}).retracted
    assert not one({**values, "comments": "Replaces the withdrawn version"}).retracted


def test_the_id_of_a_paper_of_hugging_face_may_be_another(one: Any) -> None:
    paper = one({"paper": {"id": "internal-7", "title": "A", "summary": "B", "upvotes": 3}})
    assert (paper.arxiv_id, paper.title) == (None, "A")


# --- what is no paper -----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("response", "reason"),
    [
        ({"error": "Paper not found"}, 'an error, not papers: "Paper not found"'),
        ({"message": "Too Many Requests", "code": "429"}, '"Too Many Requests"'),
        ({"status": "failed", "message-type": "validation-failure",
          "message": [{"type": "x", "message": "Bad filter"}]}, '"Bad filter"'),
        ({"errors": [{"detail": "No key"}]}, '"No key"'),
        ({"data": []}, "an empty result"),
        ({"total": 0, "offset": 0}, "an empty result"),
        ({"meta": {"count": 0}, "results": []}, "an empty result"),
        ({"status": "ok", "message": {"total-results": 0, "items": []}}, "an empty result"),
        ([], "an empty result"),
        ([None], "null"),
        ({"authorId": "7", "name": "A. Costa"}, "its keys are authorId, name; expected are title"),
        ({"data": [{"paperId": "0" * 40, "citationCount": 3}]}, "paperId, citationCount"),
        ({f"key{n}": n for n in range(20)}, "and 12 more"),
        ({"DOI": "10.5555/x", "reference-count": 3}, "its keys are DOI, reference-count"),
        ({"itemType": "book", "creators": []}, "its keys are itemType, creators"),
        ({"id": "W1", "authorships": []}, "its keys are id, authorships"),
        ({"upvotes": 3, "id": "x"}, "its keys are upvotes, id"),
        ({"submitter": "x", "categories": "y"}, "its keys are submitter, categories"),
        ({"id": "n", "forum": "n", "content": {"venue": "x"}}, "its keys are venue"),
        ({"rel_doi": "x", "rel_abs": ""}, "its keys are rel_doi, rel_abs"),
        ({"issued": {}, "id": "x"}, "its keys are issued, id"),
        ({"paper": 3, "title": 1}, ""),
    ],
)  # fmt: skip
def test_empty_results_errors_and_other_things_are_told_apart(
    read: Any, response: Any, reason: str
) -> None:
    items = read(response)
    if reason:
        (rejected,) = items
        assert isinstance(rejected, Rejection)
        assert reason in rejected.reason
        assert len(rejected.reason) < 250
    else:
        assert [item.title for item in items] == ["1"]


def test_a_bad_record_in_an_envelope_has_a_number(read: Any) -> None:
    first, bad = read({"data": [{"title": "A"}, {"x": 1}]})
    assert isinstance(first, Paper)
    assert bad.place == "line 1, record 2"


def test_a_long_envelope_is_read_as_a_short_one(tmp_path: Path) -> None:
    works = [{"title": f"Title {n}", "abstract": "x" * 2_000} for n in range(1_500)]
    file = tmp_path / "page.json.gz"
    file.write_bytes(gzip.compress(json.dumps({"meta": {}, "results": works}).encode()))
    assert [paper.title for paper in papers(file)] == [work["title"] for work in works]


# --- which reader reads ---------------------------------------------------------------------


@pytest.mark.parametrize(
    ("folder", "name"),
    [
        ("18-csl-json", "csl"),
        ("30-hf-api", "hugging-face"),
        ("34-arxiv-snapshot", "arxiv-snapshot"),
        ("36-openalex", "openalex"),
        ("38-s2-bulk", "semantic-scholar"),
        ("41-zotero-json", "zotero"),
        ("43-pretty", "jsonl"),
        ("57-openreview", "openreview"),
    ],
)
def test_a_format_is_known_by_its_content(cases: Path, folder: str, name: str) -> None:
    for file in (cases / folder).iterdir():
        head = Head(file.read_bytes())
        sure = {reader.name: reader.sniff(head) for reader in all_readers()}
        assert max(sure, key=lambda one: sure[one]) == name
        assert sure["daily-papers"] is Confidence.NO


def test_a_person_can_name_any_of_them(cases: Path) -> None:
    file = cases / "36-openalex" / "page.json"
    for name in ("openalex", "jsonl", "crossref"):
        first, _ = read_sources([file], format=name)
        assert isinstance(first, Paper)
        assert first.id == "doi:10.5555/oa.1"
