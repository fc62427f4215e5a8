"""Answers that a model writes: what it is asked, and what is made of what it sends."""

from __future__ import annotations

import asyncio
import json

import pytest
from servers.openai_server import OpenAIServer, Reply
from written_answers import GOOD, WHALES, sent

from rag import Library, Settings
from rag.errors import LLMError, SettingsError
from rag.llm.client import Endpoint
from rag.llm.guard import SENTINEL

ZEBRA = "Which vitamin cures the common cold in zebras?"


# --- the good case -----------------------------------------------------------------------------


def test_an_answer_is_written_checked_and_traced_to_the_words(server, written):
    server.reply(GOOD)
    answer = written.ask(WHALES)
    assert (answer.mode, answer.model, answer.abstained) == ("llm", "test-model", False)
    assert answer.text == GOOD
    assert [s.status for s in answer.sentences] == ["supported", "supported"]
    assert answer.summary == "2 of 2 sentences supported"
    assert {paper.id for paper in answer.papers.values()} == {"arxiv:9905.00005"}
    for citation in answer.citations:
        assert citation.quote
        assert citation.paper.abstract[citation.start : citation.end] == citation.quote
    for sentence in answer.sentences:
        assert sentence.text in answer.text[sentence.start : sentence.end].replace(" [1]", "")
        assert [answer.citations[i].n for i in sentence.quotes] == [1]


def test_the_request_holds_the_model_the_limits_and_the_numbered_papers(server, open_library):
    server.reply(GOOD)
    open_library(llm_temperature=0.5, llm_max_output_tokens=300).ask(WHALES)
    body = server.chats[0].body
    assert body["model"] == "test-model"
    assert (body["temperature"], body["max_tokens"], body["stream"]) == (0.5, 300, True)
    messages = sent(server)
    assert SENTINEL in messages["system"]
    assert SENTINEL in messages["user"]
    assert WHALES in messages["user"]
    assert messages["user"].index('<paper n="1">') < messages["user"].index("Counting Whales")
    assert messages["user"].count("<paper n=") == messages["user"].count("</paper>") >= 2


def test_without_a_model_answers_are_quotes_and_nothing_is_sent(server, stored, model_cache):
    with Library(settings=Settings(storage=stored, cache=model_cache)) as library:
        assert library.ask(WHALES).mode == "extractive"
        with pytest.raises(SettingsError, match="No language model is named"):
            library.ask(WHALES, mode="llm")
    assert not server.requests


def test_a_mode_can_be_chosen_and_a_wrong_one_is_refused(server, written):
    assert written.ask(WHALES, mode="extractive").mode == "extractive"
    assert not server.requests
    with pytest.raises(SettingsError, match="no mode"):
        written.ask(WHALES, mode="poetic")


def test_awaited_answers_are_the_same(server, written):
    server.reply(GOOD, GOOD)
    answer = written.ask(WHALES)
    awaited = asyncio.run(written.aask(WHALES))
    assert (awaited.text, awaited.sentences) == (answer.text, answer.sentences)


def test_awaited_answers_run_side_by_side(server, written):
    server.reply(*[Reply(text=GOOD)] * 3)

    async def ask_three():
        return await asyncio.gather(*[written.aask(WHALES) for _ in range(3)])

    assert [answer.text for answer in asyncio.run(ask_three())] == [GOOD] * 3


def test_the_query_engine_answers_with_the_model(server, written):
    server.reply(GOOD)
    response = written.as_query_engine().query(WHALES)
    assert response.response == GOOD
    assert response.source_nodes[0].node.text in response.metadata["answer"].papers[1].abstract


# --- numbers and citations ---------------------------------------------------------------------


@pytest.mark.parametrize(
    "marker",
    [
        *(
            "[2]",
            "【2】",
            "(Source 2)",
            "[Source 2]",
            "[2][2]",
            "[^2]",
            "\\[2\\]",
            "［2］",
            "[doc_2]",
        ),
        *("[citation:2]", "[ID:2]", "[2, p. 1]", "²", "\\cite{2}", "<sup>2</sup>"),
    ],
)
def test_papers_are_numbered_in_order_of_first_use(server, written, marker):
    server.reply(f"One paper says so {marker}. Another one agrees [1].")
    answer = written.ask(WHALES)
    blocks = sent(server)["user"].split("<paper ")
    assert answer.text.startswith("One paper says so [1]")
    assert "Another one agrees [2]." in answer.text
    assert answer.papers[1].title in blocks[2]
    assert answer.papers[2].title in blocks[1]


@pytest.mark.parametrize("marker", ["[1][77]", "[1, 77]", "[1] [77]", "[1][^77]"])
def test_an_invented_reference_beside_a_good_one_fails(server, written, marker):
    server.reply(f"Ship noise below 60 hertz doubles the error {marker}.")
    (sentence,) = written.ask(WHALES).sentences
    assert (sentence.status, sentence.unknown) == ("unsupported", (77,))


def test_papers_that_are_spoken_of_are_numbered_as_they_are_cited(server, written):
    server.reply("Paper 2 says so [2]. Unlike paper 2, paper 1 sees a[2] in [0, 1] [1].")
    answer = written.ask(WHALES)
    assert answer.text == (
        "Paper [1] says so [1]. Unlike paper [1], paper [2] sees a[2] in [0, 1] [2]."
    )


def test_a_number_that_no_paper_has_is_flagged_and_stays(server, written):
    server.reply("Ship noise doubles the error [1]. Whales like jazz [77].")
    answer = written.ask(WHALES)
    assert "[77?]" in answer.text
    assert answer.sentences[1].status == "unsupported"
    assert answer.sentences[1].unknown == (77,)
    assert "77" in answer.sentences[1].reasons[0]
    assert list(answer.papers) == [1]


def test_a_changed_number_a_missing_citation_and_a_wrong_paper_are_told_apart(server, written):
    server.reply(
        "The counter reaches a mean error of 0.9 animals per hour [1]. "
        "Contrastive encoders are loved by everyone. "
        "A camera that costs eight euros estimates the core temperature of loaves [1]."
    )
    answer = written.ask(WHALES + " Or the loaves of bread that a camera sees?")
    first, second, third = answer.sentences
    assert first.status == "unsupported"
    assert "0.9" in first.reasons[0]
    assert second.status == "uncited"
    assert third.status == "misattributed"
    assert third.better.id == "doi:10.5555/oven.2020.7"
    assert "1 uncited" in answer.summary


def test_an_answer_keeps_its_text_unless_strict(server, open_library):
    text = "Ship noise below 60 hertz doubles the error [1]. It costs 5 million euros [2]."
    server.reply(text, text)
    assert open_library().ask(WHALES).text == text
    stream = open_library(strict=True).stream(WHALES)
    pieces, strict = list(stream), stream.answer
    assert strict.text == "Ship noise below 60 hertz doubles the error [1]."
    assert pieces == [strict.text]
    assert [s.status for s in strict.sentences] == ["supported"]
    assert any("1 sentence that failed" in note for note in strict.notes)


def test_strict_leaves_no_gap_in_the_numbers(server, open_library):
    server.reply("Whales vote for 12 parties [2]. Ship noise below 60 hertz doubles the error [1].")
    answer = open_library(strict=True).ask(WHALES)
    assert answer.text == "Ship noise below 60 hertz doubles the error [1]."
    assert answer.papers[1].id == "arxiv:9905.00005"


def test_strict_abstains_when_nothing_passes(server, open_library):
    server.reply("Whales vote for 12 parties [1].")
    answer = open_library(strict=True).ask(WHALES)
    assert answer.abstained
    assert "12 parties" not in answer.text


# --- abstention --------------------------------------------------------------------------------


def test_where_quotes_would_be_declined_the_model_still_decides(server, open_library):
    library = open_library(abstain_below=1.0)
    question = "What doubles the error of counting whales from hydrophones?"
    assert library.ask(question, mode="extractive").abstained
    server.reply(text="Ship noise below 60 hertz doubles the error [1].")
    answer = library.ask(question, mode="llm")
    assert (answer.abstained, len(server.requests)) == (False, 1)
    assert answer.sentences[0].status == "supported"


def test_no_request_is_made_when_nothing_relevant_is_found(server, written):
    stream = written.stream(ZEBRA)
    pieces, answer = list(stream), stream.answer
    assert not server.requests
    assert answer.abstained
    assert "".join(pieces) == answer.text
    assert len(answer.closest) == len(answer.shortfalls) >= 1
    assert all("vitamin" in why or "mentions nothing" in why for why in answer.shortfalls)


@pytest.mark.parametrize(
    "text", [SENTINEL, f"{SENTINEL}\nThey are about sound.", f"**{SENTINEL}**"]
)
def test_the_sentinel_abstains_and_is_never_shown(server, open_library, text):
    server.reply(text=text, chunks=list(text))
    stream = open_library(abstain_below=0.0).stream(ZEBRA)
    pieces, answer = list(stream), stream.answer
    assert answer.abstained
    assert answer.closest
    assert answer.shortfalls
    assert answer.mode == "llm"
    assert SENTINEL not in "".join([*pieces, answer.text, *answer.notes])
    assert ("They are about sound." in " ".join(answer.notes)) == ("sound" in text)


def test_a_partial_answer_stands_and_loses_only_the_sentinel(server, written):
    server.reply(f"Ship noise below 60 hertz doubles the error [1]. {SENTINEL}")
    answer = written.ask(WHALES)
    assert not answer.abstained
    assert answer.text == "Ship noise below 60 hertz doubles the error [1]."


def test_a_refusal_is_shown_as_what_it_is(server, written):
    server.reply(refusal="I can't help with that.")
    answer = written.ask(WHALES)
    assert answer.text == "I can't help with that."
    assert not answer.citations


# --- limits, usage, provenance -----------------------------------------------------------------


def test_tokens_and_cost_are_counted(server, open_library):
    server.reply(
        text=GOOD, usage={"prompt_tokens": 2000, "completion_tokens": 100, "total_tokens": 2100}
    )
    answer = open_library(llm_price_input=1.5, llm_price_output=6.0).ask(WHALES)
    assert answer.usage == {
        "input_tokens": 2000,
        "output_tokens": 100,
        "requests": 1,
        "cost": pytest.approx(0.0036),
    }


def test_a_cap_on_tokens_shrinks_the_request(server, open_library):
    server.reply(GOOD)
    answer = open_library(llm_max_tokens_per_question=1500).ask(WHALES)
    body = server.chats[0].body
    assert body["max_tokens"] + len(server.chats[0].text) / 3.5 <= 1500
    assert any(note.startswith(("Left out", "Shortened")) for note in answer.notes)


def test_a_cap_that_leaves_no_room_is_an_error_before_anything_is_sent(server, open_library):
    library = open_library(
        llm_max_cost_per_question=0.0001, llm_price_input=10.0, llm_price_output=30.0
    )
    with pytest.raises(LLMError, match="limits on tokens and cost"):
        library.ask(WHALES)
    assert not server.chats


def test_a_cap_on_cost_bounds_the_worst_case(server, open_library):
    server.reply(GOOD)
    open_library(llm_max_cost_per_question=0.004, llm_price_input=1.0, llm_price_output=4.0).ask(
        WHALES
    )
    body = server.chats[0].body
    assert len(server.chats[0].text) / 3.5 + 4.0 * body["max_tokens"] <= 4000


def test_the_answer_says_how_it_was_made(server, written):
    server.reply(GOOD, GOOD)
    answer = written.ask(WHALES)
    assert answer.parameters["temperature"] == 0.0
    assert answer.parameters["endpoint"] == server.url
    assert len(answer.prompt_hash) == 64
    assert answer.prompt_hash == written.ask(WHALES).prompt_hash
    assert answer.retrieved[0].id == "arxiv:9905.00005"
    assert {"search", "evidence", "first_token", "generation", "verification"} <= set(
        answer.timings
    )
    json.dumps(answer.as_dict())


# --- the key and the host ----------------------------------------------------------------------


def test_the_key_is_sent_and_never_shown(server, written):
    key = Endpoint.from_environment().key
    server.reply(Reply(text=GOOD), Reply(status=400, error=f"Bad request by {key}."))
    answer = written.ask(WHALES)
    assert server.chats[0].headers["authorization"] == f"Bearer {key}"
    assert key not in repr(answer)
    assert key not in repr(Endpoint.from_environment())
    with pytest.raises(LLMError) as caught:
        written.ask(WHALES)
    assert key not in str(caught.value)
    assert "***" in str(caught.value)


def test_a_password_in_the_address_is_not_shown(monkeypatch):
    monkeypatch.setenv("OPENAI_BASE_URL", "http://me:secret@127.0.0.1:1/v1?token=hidden")
    shown = Endpoint.from_environment().shown
    assert shown == "http://127.0.0.1:1/v1"


def test_proxies_of_the_environment_are_not_used(server, written, monkeypatch):
    with OpenAIServer() as proxy:
        for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY", "HTTPS_PROXY"):
            monkeypatch.setenv(name, proxy.url)
        server.reply(GOOD)
        assert written.ask(WHALES).text == GOOD
        assert not proxy.requests


def test_an_address_that_is_none_is_refused(open_library, monkeypatch):
    monkeypatch.setenv("OPENAI_BASE_URL", "localhost:11434")
    with pytest.raises(SettingsError, match="not an address"):
        open_library().ask(WHALES)
