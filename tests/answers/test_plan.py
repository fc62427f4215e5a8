"""What becomes of questions of many kinds: settled, listed, in parts, or quoted."""

from __future__ import annotations

import csv
import io
import json

import pytest

from rag import Filters, Library, LibraryError, Paper, Settings

MEMORY = {"arxiv:9906.00006", "arxiv:9907.00007"}  # two papers on recall in long documents


@pytest.mark.parametrize("text", ["hello", "Thank you very much!"])
def test_small_talk_quotes_nothing(library, text):
    answer = library.ask(text)
    assert (answer.kind, answer.citations, answer.abstained) == ("talk", (), False)


def test_questions_about_the_library_come_from_the_catalogue(library):
    answer = library.ask("How many papers are there?")
    assert answer.kind == "library"
    assert f"{len(library)} papers" in answer.text
    listed = library.ask("Which papers by Emil Novak are there?")
    assert all("Emil Novak" in paper.authors for paper in listed.papers.values())
    assert len(listed.papers) == library.count(Filters(author="Emil Novak"))
    for n, paper in listed.papers.items():
        assert f"[{n}] {paper.title}" in listed.text


def test_filters_in_words_narrow_the_search_and_are_shown(library):
    question = "Which papers since 2023 study recall in long documents?"
    answer = library.ask(question)
    assert answer.filters_read == answer.filters == Filters(year_from=2023)
    assert answer.question == question
    assert "Only papers that the question asks for: year 2023 or later." in answer.notes
    assert all(paper.year >= 2023 for paper in answer.papers.values())
    json.dumps(answer.as_dict())


def test_a_filter_in_words_and_one_that_was_set_hold_together(library):
    answer = library.ask("Which papers since 2020 study memory?", filters=Filters(year_to=2023))
    assert answer.filters == Filters(year_from=2020, year_to=2023)


def test_a_literal_question_has_no_filters(library):
    answer = library.ask("Which papers since 2023 study recall in long documents?", literal=True)
    assert answer.filters is None
    assert answer.filters_read is None
    assert library.ask("hello", literal=True).kind == "papers"


def test_filters_that_leave_no_paper_say_so(library):
    for answer in (
        library.ask("How do bees balance load?", filters=Filters(year_from=2090)),
        library.ask("Which papers since 2090 study bees?"),
    ):
        assert answer.abstained
        assert answer.text == "No paper of this library matches the filters: year 2090 or later."


def test_all_papers_that_fit_are_listed_each_with_its_sentence(library):
    answer = library.ask("Which papers study recall of facts in long documents?")
    assert answer.kind == "list"
    assert {paper.id for paper in answer.papers.values()} >= MEMORY
    assert answer.fitting == answer.listed == len(answer.papers) == len(answer.citations)
    assert answer.text.startswith(f"{answer.fitting} papers fit:")
    for sentence, citation in zip(answer.sentences, answer.citations, strict=True):
        assert citation.paper.abstract[citation.start : citation.end] == citation.quote
        assert answer.text[sentence.start : sentence.end] == f"“{citation.quote}” [{citation.n}]"
        assert citation.paper.title in answer.text


def test_a_list_says_what_it_leaves_out_and_goes_on(library):
    settings = library.settings.model_copy(update={"max_listed": 1})
    with Library(settings=settings) as opened:
        chat = opened.chat()
        first = chat.ask("Which papers study recall of facts in long documents?")
        assert (first.listed, len(first.papers)) == (1, 1)
        assert f"{first.fitting} papers fit; 1 of {first.fitting} shown" in first.text
        assert any("rag survey" in note for note in first.notes)
        chat.ask("thanks!")
        second = chat.ask("more")
        assert second.listed == 2
        assert {p.id for p in first.papers.values()}.isdisjoint(
            p.id for p in second.papers.values()
        )
        assert f"1 more of {first.fitting} papers that fit" in second.text


def test_what_is_ruled_out_is_left_out(library):
    answer = library.ask("Which papers study long documents but not sparse attention?")
    assert "arxiv:9906.00006" not in {paper.id for paper in answer.papers.values()}
    assert any("sparse attention" in note for note in answer.notes)


def test_a_comparison_has_both_sides(library):
    answer = library.ask("How does Honeybee Routing differ from Morphology First?")
    titles = [citation.paper.title for citation in answer.citations]
    assert any("Honeybee" in title for title in titles)
    assert any("Morphology" in title for title in titles)


def test_a_missing_side_is_named(library):
    answer = library.ask("How does Honeybee Routing differ from ZebraNet?")
    assert "The papers hold no answer to this part: “ZebraNet”." in answer.notes
    assert all("Honeybee" in citation.paper.title for citation in answer.citations)


def test_initials_alone_make_no_side_sure(library):
    # "Small Data" may be what SD stands for; nobody says so.
    answer = library.ask("What is the difference between SD and ZebraNet?")
    assert answer.abstained or answer.confidence < 0.6


def test_both_halves_are_answered_from_the_paper_of_the_whole_question(library):
    answer = library.ask(
        "How many labelled minutes does the whale counter need, and what doubles its error?"
    )
    assert {citation.paper.id for citation in answer.citations} == {"arxiv:9905.00005"}
    first, second = answer.text.split("What doubles its error?")
    assert "fifty labelled minutes" in first
    assert "Ship noise" in second


def test_a_half_that_another_paper_answers_keeps_that_paper(library):
    answer = library.ask(
        "How many labelled minutes does the whale counter need, and what does frost cost solar"
        " panels?"
    )
    assert {citation.paper.title.split()[0] for citation in answer.citations} >= {
        "Counting",
        "Frost",
    }


def test_a_question_in_another_language_is_told_that_english_is_searched(library):
    answer = library.ask("Wie viele Bienen gibt es in einem Rechenzentrum?")
    assert answer.abstained
    assert "searches in English" in answer.text
    assert "German" in answer.text


def test_what_was_never_retracted_has_no_reason(library):
    answer = library.ask("Why was the paper on counting whales from hydrophones retracted?")
    assert answer.abstained
    assert "No source here says" in answer.text


def test_a_survey_is_a_table_with_offsets(library):
    table = library.survey("recall of facts in long documents")
    assert {row.paper.id for row in table.rows} >= MEMORY
    for row in table.rows:
        for cell in filter(None, (row.says, row.number, row.direction)):
            assert row.paper.abstract[cell.start : cell.end] == cell.text
    assert any(row.number for row in table.rows)
    read = list(csv.DictReader(io.StringIO(table.export("csv"))))
    assert [one["id"] for one in read] == [row.paper.id for row in table.rows]
    assert json.loads(table.export("json"))["rows"][0]["says"]["start"] == table.rows[0].says.start
    assert table.export("markdown").count("\n| ") == len(table.rows) + 2
    assert table.export("bibtex").count("@") == len(table.rows)
    with pytest.raises(LibraryError, match="no format"):
        table.export("pages")


def _library_of(tmp_path, model_cache, **abstracts):
    library = Library(settings=Settings(storage=tmp_path / "papers", cache=model_cache))
    library.add_papers(
        Paper(id=f"test:{n}", title=title.replace("_", " "), abstract=abstract)
        for n, (title, abstract) in enumerate(abstracts.items())
    )
    return library


def test_a_survey_keeps_to_its_subject(tmp_path, model_cache):
    with _library_of(
        tmp_path,
        model_cache,
        Guided_Diffusion_Models="Diffusion models draw sharp images in 20 steps (Ito, 2021).",
        Diffusion_Models_for_Molecules="We train diffusion models that propose new molecules.",
        Video_Encryption_with_Keys="A video is encrypted frame by frame with two keys.",
        Compressing_Video_Streams="Video streams shrink when frames are predicted.",
        Baking_Bread="Crust colour tells when bread is done.",
    ) as library:
        table = library.survey("diffusion models for video")
        assert all("Diffusion" in row.paper.title for row in table.rows)
        assert len(table.rows) == 2
        assert "None of these papers mentions “video”." in table.notes
        numbers = {row.number.text for row in table.rows if row.number}
        assert numbers == {"20"}
        videos = library.survey("video")
        assert any("Video" in row.paper.title for row in videos.rows)
        assert not any("mentions" in note for note in videos.notes)


def test_a_name_lists_every_paper_that_has_it_and_no_other(tmp_path, model_cache):
    names = [f"Study_of_Dialogue_{n}" for n in range(6)]
    with _library_of(
        tmp_path,
        model_cache,
        **{
            name: f"We compare answers with those of GPT-4 on task {n}."
            for n, name in enumerate(names)
        },
        Earlier_Models="We study bias in GPT-2 and in GPT-4o.",
        Baking_Bread="Crust colour tells when bread is done.",
    ) as library:
        answer = library.ask("Which papers mention GPT-4?")
        assert (answer.kind, answer.fitting, answer.abstained) == ("list", 6, False)
        titles = {paper.title for paper in answer.papers.values()}
        assert titles == {name.replace("_", " ") for name in names}


def test_a_title_that_has_all_of_the_subject_fits(tmp_path, model_cache):
    with _library_of(
        tmp_path,
        model_cache,
        Federated_Learning="Federated learning trains models where federated learning keeps data.",
        Rank_Aggregation_in_Federated_Learning="Votes of clients are merged by a server.",
        **dict.fromkeys((f"Birds_of_Garden_{n}" for n in range(8)), "Birds sing at dawn."),
    ) as library:
        answer = library.ask("Which papers deal with federated learning?")
        assert answer.fitting == 2


def test_papers_are_grouped_by_words_of_a_title(tmp_path, model_cache):
    with _library_of(
        tmp_path,
        model_cache,
        **dict.fromkeys(
            (
                "Pruning_Networks_with_Graph_Theory",
                "Pruning_Networks_as_Graph_Theory_Asks",
                "Pruning_Networks_with_Learned_Masks",
                "Pruning_Networks_as_Learned_Masks_Ask",
                "Pruning_Networks_with_Coins",
            ),
            "Their cost becomes prohibitive. We prune networks.",
        ),
        **dict.fromkeys((f"Birds_of_Garden_{n}" for n in range(8)), "Birds sing at dawn."),
    ) as library:
        text = library.ask("Which papers prune networks?").text
        headings = [line for line in text.split("\n") if line and "“" not in line]
        assert any("raph theory" in line.lower() for line in headings)
        assert not any("prohibitive" in line or "range" in line for line in headings)


def test_a_premise_that_a_paper_says_the_other_way_round_is_told(tmp_path, model_cache):
    with _library_of(
        tmp_path,
        model_cache,
        Clover_and_Thyme="On dry soils, thyme outperforms clover in honey yield.",
        Baking_Bread="Crust colour tells when bread is done.",
    ) as library:
        answer = library.ask("Why does clover outperform thyme?")
        assert answer.notes[0].startswith("“Clover and Thyme” says the opposite")
        assert "thyme outperforms clover" in answer.notes[0]
        rightly = library.ask("Why does thyme outperform clover?")
        assert not any("opposite" in note for note in rightly.notes)
        refuted = library.ask("Who refuted that thyme outperforms clover?")
        assert refuted.abstained
        assert "“refuted”" in refuted.text


def test_a_survey_takes_filters_in_words(library):
    table = library.survey("long documents since 2024")
    assert table.filters == Filters(year_from=2024)
    assert all(row.paper.year >= 2024 for row in table.rows)
    assert "year 2024 or later" in table.notes[0]
