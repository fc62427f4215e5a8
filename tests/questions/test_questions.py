"""What is read out of a question before anything is searched."""

from __future__ import annotations

from datetime import date

import pytest

from rag import Filters, Paper
from rag.index.catalog import Catalog, Entry
from rag.questions.catalogue import answer_from_catalogue, no_paper_left
from rag.questions.more import among_them, asks_for_more
from rag.questions.narrowing import narrow
from rag.questions.negation import read_exclusions, ruled_out
from rag.questions.premise import contradicted_premise, false_premise
from rag.questions.reading import read_question
from rag.questions.several import asks_for_papers
from rag.questions.sides import sides_of
from rag.questions.small_talk import reply_to
from rag.text.language import language_of

BEES = Paper(
    id="a:1",
    title="Bee Dances at Night",
    abstract="Bees dance.",
    authors=("Ana Costa", "Bo Li"),
    date="2021-05-01",
    year=2021,
    venue="Journal of Hives",
)
WASPS = Paper(
    id="a:2", title="Wasp Roads", abstract="Wasps walk.", authors=("Cy Oliver",), year=2019
)
ANTS = Paper(id="a:3", title="Ant Paths", abstract="Ants carry.")


@pytest.fixture
def catalog(tmp_path):
    opened = Catalog(tmp_path / "catalogue.sqlite")
    opened.put(Entry(paper, 1) for paper in (BEES, WASPS, ANTS))
    yield opened
    opened.close()


@pytest.mark.parametrize(
    "text", ["thanks!", "Hello", "Good morning!", "ok, great", "What can you do?", "bye", "Sorry!"]
)
def test_small_talk_is_answered_as_such(text):
    assert reply_to(text)


@pytest.mark.parametrize(
    "text",
    ["Thanks, and how fast is it?", "Is it good?", "How do bees say hello?", "ok what about wasps"],
)
def test_a_question_is_no_small_talk(text):
    assert reply_to(text) is None


@pytest.mark.parametrize(
    ("question", "text", "filters"),
    [
        ("Which papers since 2020 study bees?", "Which papers study bees?", {"year_from": 2020}),
        ("How many papers before 2020?", "How many papers?", {"year_to": 2019}),
        ("Which papers after 2019 study bees?", "Which papers study bees?", {"year_from": 2020}),
        (
            "Papers between 2018 and 2020 on wasps",
            "Papers on wasps",
            {"year_from": 2018, "year_to": 2020},
        ),
        ("Papers from 2021 on bees", "Papers on bees", {"year_from": 2021, "year_to": 2021}),
        ("Which papers from the last two years?", "Which papers?", {"year_from": 2020}),
        (
            "Which papers by Ana Costa are there?",
            "Which papers are there?",
            {"author": "Ana Costa"},
        ),
        ("papers by costa and colleagues", "Papers", {"author": "costa"}),
        ("Studies by Nobody on bees", "Studies on bees", {"author": "Nobody"}),
        (
            "Papers in Journal of Hives about bees",
            "Papers about bees",
            {"venue": "Journal of Hives"},
        ),
    ],
)
def test_filters_are_read_out_of_words(catalog, question, text, filters):
    found = narrow(question, catalog, today=date(2022, 1, 1))
    assert (found.text, found.filters) == (text, Filters(**filters))


@pytest.mark.parametrize(
    "question",
    [
        "How has the ice changed since 1990?",
        "Can bees be counted by drones?",
        "What was measured by BERT?",
        "How large is the 2012 set of pictures?",
    ],
)
def test_what_belongs_to_the_matter_is_no_filter(catalog, question):
    found = narrow(question, catalog)
    assert (found.text, found.filters) == (question, None)


@pytest.mark.parametrize(
    ("question", "said"),
    [
        ("How many papers are there?", "This library holds 3 papers."),
        ("What is the newest paper?", "Bee Dances at Night"),
        ("What are the oldest papers?", "Wasp Roads"),
        ("Which years do the papers cover?", "from 2019 to 2021"),
        ("Which authors are there?", "3 authors"),
        ("Which venues are there?", "Journal of Hives (1)"),
        ("Who wrote Wasp Roads?", "written by Cy Oliver"),
        ("When was Bee Dances at Night published?", "dated 1 May 2021"),
        ("Who wrote Ant Paths?", "no source names its authors"),
        ("Do you have Ant Paths?", "is in this library"),
    ],
)
def test_the_catalogue_answers_questions_about_the_library(catalog, question, said):
    facts = answer_from_catalogue(question, question, Filters(), catalog)
    assert facts is not None
    assert said in facts.text


def test_what_the_catalogue_does_not_know_is_said(catalog):
    facts = answer_from_catalogue(
        "How many papers?", "How many papers by Li?", Filters(author="Li"), catalog
    )
    assert facts.text.startswith("2 of the 3 papers")  # a filter takes part of a name, as always
    assert facts.notes == ("Not counted: 1 paper whose authors no source names.",)
    newest = answer_from_catalogue("newest papers", "newest papers", Filters(), catalog)
    assert newest.notes[0] == "Left out: 1 paper whose year no source states."


@pytest.mark.parametrize(
    "question",
    [
        "Which papers study long documents?",
        "How many papers are on bees?",
        "What are they?",
        "Is it new?",
        "How do bees dance?",
    ],
)
def test_other_questions_are_not_for_the_catalogue(catalog, question):
    assert answer_from_catalogue(question, question, Filters(), catalog) is None


def test_filters_that_leave_no_paper_say_so(catalog):
    assert no_paper_left(Filters(year_from=2020), catalog) is None
    facts = no_paper_left(Filters(year_from=2030), catalog)
    assert facts.text == "No paper of this library matches the filters: year 2030 or later."
    assert facts.notes == ("Not counted: 1 paper whose year no source states.",)


def test_exclusions_are_read_and_taken_out():
    found = read_exclusions("Which methods count bees other than HiveNet?")
    assert found.things == ("HiveNet",)
    assert found.text == "Which methods count bees?"
    assert read_exclusions("Which methods don't need labels?").things == ("labels",)


def test_a_paper_that_has_the_thing_is_ruled_out_unless_it_does_without():
    uses = Paper(id="b:1", title="T", abstract="We train with reinforcement learning (RL).")
    shorter = Paper(id="b:2", title="RL for hives", abstract="It learns.")
    without = Paper(id="b:3", title="T", abstract="RL is costly. We count without RL.")
    free = Paper(id="b:4", title="T", abstract="An RL-free way of counting.")
    other = Paper(id="b:5", title="T", abstract="We count by ear.")
    papers = [uses, shorter, without, free, other]
    assert ruled_out(papers, ["RL"]) == {0, 1}
    assert ruled_out(papers, ["reinforcement learning"]) == {0, 1}


def test_comparisons_and_double_questions_have_sides():
    assert [one.thing for one in sides_of("How does HiveNet differ from AntNet?")] == [
        "HiveNet",
        "AntNet",
    ]
    assert [one.thing for one in sides_of("bees vs. wasps in speed")] == ["bees", "wasps"]
    double = sides_of("What is HiveNet, and how many bees does it count?")
    assert double[1].question == "What is HiveNet? How many bees does it count?"
    assert sides_of("How does it compare with earlier methods?") == ()


@pytest.mark.parametrize(
    ("question", "several"),
    [
        ("Which papers study bees?", True),
        ("In which ways can bees be counted?", True),
        ("How do people count bees?", True),
        ("List all papers on bees", True),
        ("Which method wins?", False),
        ("Which data sets did they use?", False),
        ("Which drug works best?", False),
        ("How does HiveNet count bees?", False),
    ],
)
def test_questions_for_several_papers_are_told(question, several):
    assert asks_for_papers(question) == several


def test_more_is_asked_for():
    assert all(map(asks_for_more, ["more", "Show me the rest", "What else?", "next ones please"]))
    assert not any(map(asks_for_more, ["more accurate?", "What else does it measure?"]))


@pytest.mark.parametrize(
    ("question", "language"),
    [
        ("Welche Methoden gibt es für Bienen?", "German"),
        ("Was ist Dropout?", "German"),
        ("Comment fonctionne la danse des abeilles ?", "French"),
        ("¿Cómo se cuentan las abejas?", "Spanish"),
        ("什么是知识蒸馏", "Chinese"),
        ("Was the die cast in vivo?", None),
        ("What does van der Berg say of la Cruz?", None),
        ("dropout", None),
    ],
)
def test_languages_are_told(question, language):
    assert language_of(question) == language


@pytest.mark.parametrize(
    ("question", "sentence"),
    [
        ("Why does A1 outperform B2?", "In all trials, B2 beats A1 by a wide margin."),
        ("Why does A1 perform better than B2 on tasks?", "A1 performs worse than B2."),
        ("Why is A1 faster than B2?", "B2 is twice faster than A1."),
        ("So tell me why A1 is slower than B2?", "A1 is much faster than B2."),
        ("Why does pruning reduce latency?", "Pruning increases latency on small chips."),
        ("Why does sleep improve recall?", "Long sleep impaired recall in adults."),
    ],
)
def test_a_sentence_that_says_the_opposite_is_found(question, sentence):
    told = contradicted_premise(question, [("T", "Bees dance."), ("Title", sentence)])
    assert told == f"“Title” says the opposite of what the question takes for granted: “{sentence}”"


@pytest.mark.parametrize(
    ("question", "sentence"),
    [
        ("Why does A1 outperform B2?", "A1 outperforms B2."),
        ("Why does A1 outperform B2?", "B2 does not outperform A1."),
        ("Why does A1 outperform B2?", "C3 outperforms both A1 and B2."),
        ("Why does A1 outperform B2?", "B2 outperforms C3."),
        ("Does A1 outperform B2?", "B2 outperforms A1."),
        ("Why is A1 faster than B2?", "B2 is smaller than A1."),
        ("Why does pruning reduce latency?", "Pruning reduces latency and increases throughput."),
        ("Why does pruning not reduce latency?", "Pruning increases latency."),
        ("Why do bees dance?", "Bees dance."),
    ],
)
def test_what_says_nothing_against_a_premise_is_left_alone(question, sentence):
    assert contradicted_premise(question, [("Title", sentence)]) is None


@pytest.mark.parametrize(
    ("question", "event"),
    [
        ("Why was the dance of bees never replicated?", "never replicated"),
        ("Who debunked the dance of bees?", "debunked"),
        ("When was the dance of bees banned?", "banned"),
    ],
)
def test_what_no_source_says_to_have_happened_is_told(question, event):
    assert f"“{event}”" in false_premise(question, [BEES])
    said = Paper(id="a:4", title="T", abstract=f"It was {event}, and we could not reproduce it.")
    assert false_premise(question, [said]) is None
    assert false_premise("Why do bees dance?", [BEES]) is None


@pytest.mark.parametrize(
    "opening", ["", "So ", "Ok, ", "Could you tell me ", "Please tell me ", "I wonder "]
)
def test_every_pattern_reads_the_same_openings(opening):
    assert asks_for_papers(f"{opening}which methods count bees?")
    assert len(sides_of(f"{opening}how do bees differ from wasps?")) == 2


@pytest.mark.parametrize(
    ("question", "said"),
    [
        ("Who wrote the paper on Bee Dances?", None),
        ("Do you have anything by Hinton?", "No paper in this library names an author “Hinton”."),
        ("Are there papers written by Ada Lovelace here?", "names an author “Ada Lovelace”"),
        ("What does arXiv 2409.00055 say?", "There is no paper arxiv:2409.00055 in this library."),
        ("How does 10.1000/xyz123 count bees?", "There is no paper doi:10.1000/xyz123"),
        ("Is anything by hand counted?", None),
        ("Which papers are written by hand?", None),
    ],
)
def test_what_is_asked_of_a_paper_that_is_not_here(catalog, question, said):
    facts = answer_from_catalogue(question, question, Filters(), catalog)
    assert (facts is None) if said is None else (said in facts.text)
    if said and "author" in said:
        assert facts.notes == ("Of 1 paper no source names the authors.",)


@pytest.mark.parametrize(
    "question",
    [
        "Who wrote the paper on BeeNet?",
        "Who wrote the BeeNet paper?",
        "In which journal was the BeeNet paper published?",
        "When was the paper about BeeNet published?",
    ],
)
def test_a_paper_may_be_called_by_the_name_that_its_title_begins_with(catalog, question):
    paper = Paper(id="a:9", title="BeeNet: Counting Bees", abstract="We count bees.")
    catalog.put([Entry(paper, 1)])
    facts = answer_from_catalogue(question, question, Filters(), catalog)
    assert facts.papers == (paper,)


@pytest.mark.parametrize(
    "question",
    [
        "Preference optimisation methods that need no reference model",
        "bee counting approaches without cameras",
        "What's new in bee counting?",
        "hive models without cameras",
        "Show me the latest social insect behaviour papers",
        "Give me a short overview of bee counting",
    ],
)
def test_subjects_without_a_verb_ask_for_papers(question):
    assert asks_for_papers(question)


@pytest.mark.parametrize(
    "question",
    [
        "The method that wins is fast?",
        "Compare methods with labels",
    ],
)
def test_sentences_about_methods_do_not(question):
    assert not asks_for_papers(question)


@pytest.mark.parametrize(
    ("text", "asked"),
    [
        ("which of them is the newest?", "which paper is the newest?"),
        ("Which one of these papers uses graphs?", "Which paper uses graphs?"),
        ("How many of those studies are from 2023?", "How many papers are from 2023?"),
        ("Which of the two is faster?", None),
        ("What of it?", None),
    ],
)
def test_some_of_the_papers_named_last(text, asked):
    assert among_them(text) == asked


def test_papers_without_a_year_can_be_listed(catalog):
    question = "Which papers are undated?"
    facts = answer_from_catalogue(question, question, Filters(), catalog)
    assert [paper.id for paper in facts.papers] == [ANTS.id]


def test_what_tells_to_list_is_not_looked_for(catalog):
    assert read_question("List all papers on listwise ranking", catalog).text.startswith(
        "papers on"
    )
