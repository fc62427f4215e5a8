"""`Library.verify`: texts by others, against papers or their own references."""

from __future__ import annotations

import json

import pytest

from rag import Library, Paper, Settings
from rag.errors import LibraryError, PaperNotFoundError

OWN = Paper(
    id="own:1",
    title="Tea and Sleep",
    abstract="We asked 240 adults about tea. Drinkers of black tea slept 22 minutes less a night.",
)
OTHER = Paper(
    id="own:2",
    title="Coffee and Waking",
    abstract="Coffee drinkers woke up earlier. In offices, coffee shortened meetings noticeably.",
)
TEXT = (
    "Drinkers of black tea slept 22 minutes less a night [1]. They slept 55 minutes less [1]. "
    "In offices, coffee shortened the meetings noticeably [1]. Sleep is golden [3]."
)


@pytest.fixture(scope="module")
def nothing(tmp_path_factory, model_cache, library):
    """A library that holds no papers and was never written."""
    settings = Settings(storage=tmp_path_factory.mktemp("none") / "storage", cache=model_cache)
    opened = Library(settings=settings)
    opened._parts._verifier = library._parts.verifier()
    return opened


def test_papers_need_not_be_in_the_library(nothing):
    checked = nothing.verify(TEXT, [OWN, OTHER])
    statuses = [sentence.status for sentence in checked.sentences]
    assert statuses[:2] == ["supported", "unsupported"]
    assert statuses[2] in {"misattributed", "doubtful"}
    assert statuses[3] == "unsupported"
    assert checked.sentences[3].unknown == (3,)
    assert checked.summary.startswith("1 of 4 sentences supported, ")
    assert "2 unsupported" in checked.summary
    for citation in checked.citations:
        assert citation.paper.abstract[citation.start : citation.end] == citation.quote
    quote = checked.citations[checked.sentences[0].quotes[0]]
    assert quote.quote == "Drinkers of black tea slept 22 minutes less a night."
    json.dumps(checked.as_dict())


@pytest.mark.parametrize("text", ["Yes [1].", "No, it does not [1]. [1]."])
def test_a_bare_yes_is_not_said_to_be_supported(library, text):
    [sentence] = library.verify(text, ["9905.00005"]).sentences
    assert sentence.status == "unchecked"
    assert "too little" in sentence.reasons[0]


def test_a_title_with_its_number_is_no_claim(library):
    title = library.paper("9905.00005").title
    text = f"Ship noise below 60 hertz doubles the error [1]. {title} [1]"
    checked = library.verify(text, ["9905.00005"])
    assert [one.status for one in checked.sentences] == ["supported"]


def test_words_that_stand_in_a_paper_and_cite_none_say_which(library):
    paper = library.paper("9905.00005")
    words = paper.abstract.split(". ")[0] + "."
    [sentence] = library.verify(f"{words}\n\n[1]: {paper.title}", ["9905.00005"]).sentences
    assert sentence.status == "uncited"
    assert any(paper.title in reason for reason in sentence.reasons)


def test_the_offsets_are_those_of_the_text(nothing):
    text = f"# Tea\n\nHello there!\n\n- {TEXT}"
    checked = nothing.verify(text, [OWN, OTHER])
    assert text[checked.sentences[0].start : checked.sentences[0].end] == TEXT[:56]
    assert checked.text == text


def test_papers_can_be_named_by_id(library):
    checked = library.verify("Ship noise below 60 hertz doubles the error [1].", ["9905.00005"])
    assert checked.sentences[0].status == "supported"
    with pytest.raises(PaperNotFoundError):
        library.verify("It is so [1].", ["arxiv:0000.00000"])


def test_a_text_that_names_no_file_is_one_id(library):
    checked = library.verify("Ship noise below 60 hertz doubles the error [1].", "9905.00005")
    assert [paper.id for paper in checked.papers.values()] == ["arxiv:9905.00005"]
    for name in ("papers.jsonl", "x" * 5000, "~nobody-of-this-name/papers.jsonl"):
        with pytest.raises(PaperNotFoundError) as caught:
            library.verify("It is so [1].", name)
        assert name in caught.value.message


@pytest.mark.parametrize(
    "references",
    [
        "References\n[1] A. Diver. https://arxiv.org/abs/9905.00005v2\n[2] doi:10.5555/oven.2020.7",
        """## Sources

1. Diver (2022). Counting Whales from Hydrophones with Few Labels. J.
2. “Crust Colour as a Sensor: Estimating Bread Doneness with a Cheap Camera”""",
        """[^1]: *Counting Whales from Hydrophones with Few Labels*. arxiv:9905.00005
[^2]: doi:10.5555/oven.2020.7""",
    ],
)
def test_a_list_of_references_names_papers_of_the_library(library, references):
    body = "Ship noise below 60 hertz doubles the error [1]. The camera costs eight euros [2]."
    if "[^1]" in references:
        body = body.replace(" [", "[^")
    checked = library.verify(f"{body}\n\n{references}\n")
    assert [s.citations for s in checked.sentences] == [(1,), (2,)]
    assert [p.id for p in checked.papers.values()] == [
        "arxiv:9905.00005",
        "doi:10.5555/oven.2020.7",
    ]
    assert checked.sentences[0].status == "supported"
    assert not checked.notes


def test_a_reference_to_no_paper_of_the_library_is_said(library):
    checked = library.verify("Ships are loud [1].\n\nReferences\n[1] Nobody. Nothing of the kind.")
    assert checked.sentences[0].unknown == (1,)
    assert "Nothing of the kind" in checked.notes[0]


def test_our_own_markdown_can_be_checked(library):
    answer = library.ask("What doubles the error of counting whales from hydrophones?")
    checked = library.verify(answer.export("markdown"))
    assert checked.sentences
    assert not checked.notes


def test_papers_of_a_file(nothing, tmp_path):
    path = tmp_path / "papers.jsonl"
    path.write_text("\n".join(json.dumps(p.as_dict()) for p in (OWN, OTHER)), encoding="utf-8")
    assert nothing.verify(TEXT, path).summary == nothing.verify(TEXT, [OWN, OTHER]).summary
    assert nothing.verify(TEXT, str(path)).summary == nothing.verify(TEXT, path).summary
    path.write_text('{"id": 3}\n', encoding="utf-8")
    with pytest.raises(LibraryError, match="Not all papers can be read"):
        nothing.verify(TEXT, path)


def test_without_papers_there_is_nothing_to_check_against(nothing):
    with pytest.raises(LibraryError, match="no papers to check"):
        nothing.verify("It is so [1].")


def test_a_text_without_claims_has_no_sentences(nothing):
    checked = nothing.verify("Hello! How are you?", [OWN])
    assert checked.sentences == ()
    assert checked.summary == "no sentence to check"
