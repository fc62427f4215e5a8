"""What becomes of a question when the model that is asked finds no answer."""

from __future__ import annotations

import json

import pytest
from written_answers import GOOD, WHALES, sent

from rag import Library, Paper
from rag.answers.abstention import NO_ANSWER, STRONG
from rag.answers.shortfalls import shortfalls
from rag.llm.guard import SENTINEL
from rag.ui.answer_view import answer_html

ZEBRA = "Which vitamin cures the common cold in zebras?"


def test_strong_evidence_is_quoted_when_the_model_declines(server, written):
    server.reply(text=f"{SENTINEL}\nThey are about sound.", chunks=list(SENTINEL))
    stream = written.stream(WHALES)
    pieces, answer = list(stream), stream.answer
    assert answer.confidence >= STRONG
    assert (answer.abstained, answer.mode, answer.model) == (False, "extractive", None)
    assert answer.declined_by == "test-model"
    assert "".join(pieces) == answer.text == written.ask(WHALES, mode="extractive").text
    for one in answer.citations:
        assert one.quote == one.paper.abstract[one.start : one.end] != ""
    assert answer.notes[0].startswith("test-model declined: it found no answer in the papers found")
    assert "quoted instead" in answer.notes[0]
    assert "library" not in " ".join(answer.notes)
    assert answer.usage["requests"] == 1
    assert answer.prompt_hash


@pytest.mark.parametrize(
    "words",
    [
        "None of the papers answer this question.",
        "The provided abstracts do not contain information about this.",
        "I don't know.",
        "N/A",
    ],
)
def test_a_model_may_decline_in_its_own_words(server, written, words):
    server.reply(words)
    answer = written.ask(WHALES)
    assert (answer.declined_by, answer.mode) == ("test-model", "extractive")
    assert f"test-model adds: {words}" in answer.notes


@pytest.mark.parametrize(
    "words",
    [
        "The papers don't mention hydrophones, but whales eat plastic daily.",
        f"{GOOD} The papers do not say how long it takes.",
    ],
)
def test_who_says_something_too_has_not_declined(server, written, words):
    server.reply(words)
    answer = written.ask(WHALES)
    assert (answer.declined_by, answer.mode, answer.text) == (None, "llm", words)


def test_weak_evidence_is_not_quoted_and_the_reader_is_told_who_declined(server, open_library):
    server.reply(f"{SENTINEL}\nThey are about sound.")
    answer = open_library(abstain_below=0.0).ask(ZEBRA)
    assert answer.confidence < STRONG
    assert answer.abstained
    assert answer.declined_by == "test-model"
    assert answer.text == NO_ANSWER
    assert "library" not in answer.text
    assert answer.notes[0].startswith("test-model declined")
    assert answer.notes[1] == "test-model adds: They are about sound."
    assert answer.closest


def test_a_model_that_was_given_less_declines_for_a_reason_that_is_told(server, open_library):
    server.reply(SENTINEL)
    answer = open_library(llm_max_tokens_per_question=1900).ask(WHALES)
    assert answer.declined_by == "test-model"
    assert any(note.startswith(("Left out", "Shortened")) for note in answer.notes)


def test_nobody_declines_where_nobody_was_asked(server, written):
    assert written.ask(ZEBRA).declined_by is None
    assert not server.chats


@pytest.mark.parametrize("options", [{"strict": True}, {"repair": True}, {"check": "model"}])
def test_quotes_are_neither_checked_nor_repaired_by_the_model(server, open_library, options):
    server.reply(SENTINEL)
    stream = open_library(**options).stream(WHALES)
    assert "".join(stream) == stream.answer.text
    assert {one.status for one in stream.answer.sentences} == {"supported"}
    assert len(server.chats) == 1


def test_a_declined_question_is_kept_in_the_cache(server, open_library, tmp_path):
    settings = {"answer_cache": True, "cache": tmp_path}
    server.reply(SENTINEL)
    first, again = (open_library(**settings).ask(WHALES) for _ in range(2))
    assert first.text == again.text
    assert again.declined_by == "test-model"
    assert len(server.chats) == 1


def test_faces_say_that_the_model_declined(server, written):
    server.reply(SENTINEL)
    answer = written.ask(WHALES)
    record = json.loads(answer.export("provenance"))
    assert "test-model" in json.dumps(record)
    assert "declined" in answer.export("markdown")
    assert answer.as_dict()["declined_by"] == "test-model"
    shown = answer_html(answer, 0)
    assert "Quotes from the papers; test-model declined" in shown
    assert "found no answer in the papers found" in shown


# --- reasons -----------------------------------------------------------------------------------

TUNED = Paper(
    id="x:1",
    title="Principal Tuning",
    abstract="We initialize both matrices with singular vectors. Fine-tuning analyses the colors.",
)


@pytest.mark.parametrize(
    "question",
    [
        "How does principal tuning initialise its matrices, and how does that differ?",
        "How are the matrices initialised?",
        "What is the initialisation of the matrix?",
        "Which colours does finetuning analyze?",
        "Why does principal tuning change and improve the matrices better?",
    ],
)
def test_a_spelling_a_form_or_a_relating_word_is_no_reason(question):
    assert shortfalls(question, [TUNED]) == (
        "is on the subject, but no sentence of it answers this",
    )


def test_what_a_paper_really_lacks_is_named():
    (why,) = shortfalls("How does principal tuning differ from LoRA on Swahili?", [TUNED])
    assert why == "doesn't mention “LoRA” or “Swahili”"
    assert shortfalls("Do zebras eat vitamins?", [TUNED]) == (
        "mentions nothing that the question names",
    )


# --- how much the model is given ---------------------------------------------------------------


HUES = "amber azure black blue brown coral cream green lilac olive ruby white".split()
FLASHES = "How do glow worms synchronise their flashes?"


@pytest.fixture
def glowing(open_library, tmp_path):
    """A library of twelve papers that answer a question, and of one that doesn't."""
    rows = [
        {
            "id": f"x:{n}",
            "title": f"The {hue} glow worm",
            "abstract": f"The {hue} glow worm lives by rivers. Glow worms of {hue} kind "
            f"synchronise their flashes by watching {n + 2} neighbours.",
        }
        for n, hue in enumerate(HUES)
    ]
    rows.append({"id": "x:99", "title": "Tides", "abstract": "Tides rise twice a day."})
    path = tmp_path / "papers.jsonl"
    path.write_text("\n".join(map(json.dumps, rows)), encoding="utf-8")
    opened = open_library()
    settings = opened.settings.model_copy(update={"storage": tmp_path / "s"})
    with Library(settings=settings) as library:
        library._parts._embedder = opened._parts.embedder()
        library._parts._verifier = opened._parts.verifier()
        library.add(path)
        yield library


def test_ten_abstracts_are_sent_where_they_bear_on_the_question_and_fit(server, glowing):
    server.reply("Glow worms synchronise their flashes by watching 2 neighbours [10].")
    answer = glowing.ask(FLASHES)
    user = sent(server)["user"]
    assert user.count("<paper n=") == 10
    assert "Tides" not in user
    assert answer.sentences[0].unknown == ()
    assert not any(note.startswith(("Left out", "Shortened")) for note in answer.notes)


def test_papers_that_do_not_bear_on_it_are_left_out_beyond_five(server, written):
    server.reply(GOOD)
    answer = written.ask(WHALES)
    assert sent(server)["user"].count("<paper n=") == 5
    assert len(answer.retrieved) == 10


def test_fewer_are_sent_where_that_is_set(server, open_library):
    server.reply(GOOD)
    open_library(llm_max_papers=2).ask(WHALES)
    assert sent(server)["user"].count("<paper n=") == 2


def test_how_many_the_model_reads_changes_nothing_of_the_quotes(written, open_library):
    answers = [
        library.ask(WHALES, mode="extractive")
        for library in (written, open_library(llm_max_papers=1))
    ]
    assert answers[0].text == answers[1].text
    assert answers[0].confidence == answers[1].confidence


def test_papers_cited_before_are_read_beyond_the_most(server, open_library):
    library: Library = open_library(llm_max_papers=1)
    chat = library.chat()
    server.reply(GOOD)
    chat.ask("How are blue whales counted with few labels?")
    server.reply("How does ship noise change the count of honeybees in data centres?")
    server.reply("Ship noise below 60 hertz doubles the error [1].")
    chat.ask("And how does it compare with honeybee routing in data centres?")
    assert "Counting Whales" in sent(server)["user"]
