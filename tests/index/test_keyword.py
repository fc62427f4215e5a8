"""BM25 over papers: every word counts as often as it is said."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from rag import Paper
from rag.errors import StorageError
from rag.index.keyword import KeywordIndex
from rag.text.terms import terms

if TYPE_CHECKING:
    from pathlib import Path

TEXTS = {
    "bees": ("Bees and Flowers", "Bees visit flowers. Bees carry pollen."),
    "wasps": ("Wasps at Picnics", "Wasps visit picnics and steal sugar."),
    "silt": ("Silt in Rivers", "Rivers carry silt to the sea, where naïve models lose it."),
    "mixed": ("Flowers by Rivers", "Flowers grow by rivers."),
}


def paper(name: str, title: str, abstract: str) -> Paper:
    return Paper(id=f"x:{name}", title=title, abstract=abstract)


@pytest.fixture
def index(tmp_path: Path) -> KeywordIndex:
    made = KeywordIndex(tmp_path / "keyword")
    made.put(paper(name, *texts) for name, texts in TEXTS.items())
    made.commit()
    return made


def ids(found: list[tuple[str, float]]) -> list[str]:
    return [paper_id for paper_id, _ in found]


def test_papers_are_ranked_by_the_words_they_share(index: KeywordIndex) -> None:
    found = index.search("bees on flowers", 10)
    assert ids(found)[:2] == ["x:bees", "x:mixed"]
    assert found[0][1] > found[1][1] > 0
    assert "x:silt" not in ids(found)


def test_word_forms_case_and_accents_do_not_matter(index: KeywordIndex) -> None:
    assert ids(index.search("RIVER, flowering", 10))[0] == "x:mixed"
    assert ids(index.search("naive model", 10)) == ["x:silt"]


@pytest.mark.parametrize(
    ("question", "text"),
    [("TLR-4 signals", "The role of TLR4."), ("TLR4 signals", "The role of TLR-4."),
     ("word2vec", "Vectors by word 2 vec."), ("GPT-12b", "A GPT12B."), ("β3", "β 3 receptors")],
)  # fmt: skip
def test_letters_and_digits_are_found_however_they_are_joined(
    tmp_path: Path, question: str, text: str
) -> None:
    index = KeywordIndex(tmp_path / "keyword")
    index.put([paper("joined", "Title", text), paper("other", "Title", "Nothing at all.")])
    index.commit()
    assert ids(index.search(question, 10)) == ["x:joined"]


def test_a_name_as_it_is_written_beats_its_pieces(tmp_path: Path) -> None:
    index = KeywordIndex(tmp_path / "keyword")
    index.put([paper("parts", "P 53", "The p 53."), paper("whole", "P53", "The p53.")])
    index.commit()
    assert ids(index.search("p53", 10)) == ["x:whole", "x:parts"]


def test_a_word_said_twice_counts_twice(index: KeywordIndex) -> None:
    once = dict(index.search("wasps rivers", 10))
    twice = dict(index.search("wasps wasps rivers", 10))
    assert twice["x:wasps"] == pytest.approx(2 * once["x:wasps"])
    assert twice["x:silt"] == pytest.approx(once["x:silt"])


def test_titles_are_searched(index: KeywordIndex) -> None:
    index.put([paper("title", "Unmistakable", "")])
    index.commit()
    assert ids(index.search("unmistakable", 1)) == ["x:title"]


@pytest.mark.parametrize("question", ["", "  ", "?!", "zebra"])
def test_no_shared_word_finds_nothing(index: KeywordIndex, question: str) -> None:
    assert index.search(question, 10) == []


@pytest.mark.parametrize(
    "question", ['"bees" AND (flowers OR', "title:bees^2 -flowers", "bees*~ [a TO b]", "\\bees:"]
)
def test_operators_of_query_languages_are_only_words(index: KeywordIndex, question: str) -> None:
    assert "x:bees" in ids(index.search(question, 10))


def test_a_search_stays_within_the_given_papers(index: KeywordIndex) -> None:
    assert ids(index.search("rivers flowers", 10, among=["x:silt", "x:wasps"])) == ["x:silt"]
    assert index.search("rivers", 10, among=[]) == []
    everywhere = dict(index.search("rivers flowers", 10))
    assert dict(index.search("rivers flowers", 10, among=["x:silt"]))["x:silt"] == pytest.approx(
        everywhere["x:silt"]
    )


def test_k_limits_the_result(index: KeywordIndex) -> None:
    assert len(index.search("rivers flowers bees wasps", 2)) == 2
    assert index.search("rivers", 0) == []


def test_a_pasted_text_is_searched_too(index: KeywordIndex) -> None:
    assert ids(index.search("bees " + "unrelated words " * 3_000, 5)) == ["x:bees"]


def test_putting_a_paper_again_replaces_it(index: KeywordIndex) -> None:
    index.put([paper("bees", "Bees", "They sleep in winter.")])
    index.commit()
    assert len(index) == len(TEXTS)
    assert ids(index.search("pollen", 10)) == []
    assert ids(index.search("winter", 10)) == ["x:bees"]


def test_removing(index: KeywordIndex) -> None:
    index.remove(["x:bees", "x:unknown"])
    index.commit()
    assert ids(index.search("bees", 10)) == []
    assert len(index) == len(TEXTS) - 1
    assert "x:bees" not in index.ids()


def test_papers_that_are_gone_weigh_no_more_once_the_index_is_written_anew(
    index: KeywordIndex, tmp_path: Path
) -> None:
    clean = KeywordIndex(tmp_path / "clean")
    clean.put(paper(f"n{number}", f"Number {number}", "Rivers.") for number in range(5))
    clean.commit()
    assert clean.remnants == 0
    index.rewrite(
        paper(name, name, "Rivers.") for name in ("other", *(f"n{number}" for number in range(5)))
    )
    index.remove(["x:other"])
    index.commit()
    assert index.remnants > 0
    assert index.document_frequency(terms("rivers")) == ([6], 5)
    index.rewrite(paper(f"n{number}", f"Number {number}", "Rivers.") for number in range(5))
    assert index.remnants == 0
    assert index.document_frequency(terms("rivers")) == ([5], 5)
    assert index.search("rivers", 9) == clean.search("rivers", 9)


def test_another_reader_sees_what_was_committed_after_a_reload(
    index: KeywordIndex, tmp_path: Path
) -> None:
    reader = KeywordIndex(tmp_path / "keyword")
    index.put([paper("new", "Unmistakable", "")])
    assert reader.search("unmistakable", 1) == []
    index.commit()
    reader.reload()
    assert ids(reader.search("unmistakable", 1)) == ["x:new"]


def test_document_frequency_counts_papers(index: KeywordIndex) -> None:
    assert index.document_frequency(terms("Rivers bees zebra")) == ([2, 1, 0], len(TEXTS))


def test_what_the_index_holds_are_terms(index: KeywordIndex) -> None:
    for title, abstract in TEXTS.values():
        counts, _ = index.document_frequency(terms(f"{title} {abstract}"))
        assert min(counts) > 0


def test_a_folder_that_can_not_be_used(tmp_path: Path) -> None:
    blocked = tmp_path / "blocked"
    blocked.write_text("a file")
    with pytest.raises(StorageError) as caught:
        KeywordIndex(blocked)
    assert str(blocked) in caught.value.message
