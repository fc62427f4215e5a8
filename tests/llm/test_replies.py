"""What endpoints make of the protocol, and what is read of it."""

from __future__ import annotations

import asyncio
import json
import re

import pytest
from servers.openai_server import Reply

from rag import LLMError, Settings
from rag.llm.client import Message, OpenAIClient
from rag.llm.failures import BrokenStreamError
from rag.llm.replies import NoProtocolError, ReplyReader, ReportedError

JSON = "application/json"
ERROR = {"error": {"message": "GPU lost."}}


def events(*sent):
    """Write server-sent events; what is text stands as it is."""
    return "".join(f"data: {one if isinstance(one, str) else json.dumps(one)}\n\n" for one in sent)


def piece(text, finish=None, **more):
    return {"choices": [{"delta": {"content": text}, "finish_reason": finish}], **more}


def whole(content, finish="stop", **more):
    message = {"role": "assistant", "content": content, **more}
    return {"choices": [{"message": message, "finish_reason": finish}]}


STREAM = events(piece("It "), piece("is."), piece("", "stop"), "[DONE]")
# All of these say "It is." and that this is all of it.
READ = {
    "a stream": STREAM,
    "other line ends": STREAM.replace("\n", "\r\n"),
    "old line ends": STREAM.replace("\n", "\r"),
    "no empty lines": STREAM.replace("\n\n", "\n"),
    "no space": STREAM.replace("data: ", "data:"),
    "capitals": STREAM.replace("data", "DATA").replace("[DONE]", "[done]"),
    "a mark of order": "\ufeff" + STREAM,
    "no end": STREAM.replace("data: [DONE]\n\n", ""),
    "comments and events without data": ": ping\n\nevent: ping\n\ndata:\n\nid: 3\n" + STREAM,
    "data on several lines": 'data: {"choices": [{"delta":\ndata: {"content": "It is."},\n'
    'data: "finish_reason": "stop"}]}\n\n',
    "an object a line": json.dumps(piece("It ")) + "\n" + json.dumps(piece("is.", "stop")) + "\n",
    "plain JSON": json.dumps(whole("It is.")),
    "indented JSON": json.dumps(whole("It is."), indent=2),
    "a list": json.dumps([whole("It is.")]),
    "choices as an object": json.dumps({"choices": whole("It is.")["choices"][0]}),
    "parts": json.dumps(whole([{"type": "text", "text": "It "}, {"type": "text", "text": "is."}])),
    "parts of a stream": events(piece([{"type": "text", "text": "It is."}], "stop")),
    "parts that are texts": json.dumps(whole(["It ", "is."])),
    "parts within": json.dumps(whole({"parts": [{"text": "It is."}]})),
    "output_text": json.dumps(whole([{"type": "output_text", "text": "It is."}])),
    "a value": json.dumps(whole([{"type": "text", "text": {"value": "It is."}}])),
    "a thinking part": json.dumps(
        whole([{"type": "thinking", "thinking": [{"text": "Hm."}]}, {"text": "It is."}])
    ),
    "a completion": events({"choices": [{"text": "It is.", "finish_reason": "stop"}]}),
    "reasoning": events({"choices": [{"delta": {"reasoning": "Hm."}}]}, piece("It is.", "stop")),
    "reasoning_content": json.dumps(whole("It is.", reasoning_content="Hm.")),
    "reasoning_details": json.dumps(whole("It is.", reasoning_details=[{"text": "Hm."}])),
    "choices null": events({"choices": None}, piece("It is.", "stop"), {"choices": None}),
    "an empty delta": events({"choices": [{"delta": None}]}, piece("It is.", "stop")),
    "the whole once more": events(piece("It "), piece("is."), whole("It is.")),
    "another word for stop": events(piece("It is."), piece("", "end_turn")),
    "STOP": events(piece("It is.", "STOP")),
    "choices by number": json.dumps({"choices": {"0": whole("It is.")["choices"][0]}}),
    "around it a gateway": json.dumps({"code": 0, "data": whole("It is.")}),
    "framed twice": STREAM.replace("data: ", "data: data: "),
    "another choice beside it": events(
        {"choices": [{"index": 0, "delta": {"content": "It "}}]},
        {"choices": [{"index": 1, "delta": {"content": "Or is "}}]},
        {"choices": [{"index": 1, "delta": {}, "finish_reason": "length"}]},
        {"choices": [{"index": 0, "delta": {"content": "is."}, "finish_reason": "stop"}]},
    ),
    "a late error": events(piece("It is.", "stop"), "[DONE]", ERROR),
}


def read(data, size):
    reader = ReplyReader()
    deltas = []
    for at in range(0, len(data), size):
        deltas += reader.feed(data[at : at + size])
    return [*deltas, *reader.finish()]


@pytest.mark.parametrize("sent", READ.values(), ids=READ.keys())
@pytest.mark.parametrize("size", [1, 7, 100_000])
def test_every_form_of_reply_is_read_however_it_arrives(sent, size):
    deltas = read(sent.encode(), size)
    assert "".join(delta.text for delta in deltas) == "It is."
    assert next(delta.finish for delta in reversed(deltas) if delta.finish) == "stop"


BROKEN = {
    "an event": events(piece("It is"), ERROR),
    "one object": events(piece("It "), {**piece("is"), **ERROR}),
    "one choice": events({"choices": [{"delta": {"content": "It is"}, **ERROR}]}),
    "an event of that name": events(piece("It is"))
    + 'event: error\ndata: {"message": "GPU lost."}',
    "an event in plain words": events(piece("It is")) + "event: error\ndata: GPU lost.\n\n",
    "a field": events(piece("It is")) + 'error: {"message": "GPU lost."}\n\n',
    "bare JSON": events(piece("It is")) + json.dumps(ERROR),
    "indented JSON": events(piece("It is")) + json.dumps(ERROR, indent=2),
    "a page": events(piece("It is")) + "<html><title>GPU lost.</title></html>",
    "plain words": events(piece("It is")) + "GPU lost.\n",
    "no JSON": events(piece("It is"), "GPU lost."),
}


def stream(awaited, **settings):
    """Ask the endpoint of the environment; return the words that came, and what was raised."""
    client = OpenAIClient(Settings(llm_model="test-model", llm_retries=0, **settings))
    words = ""

    async def aread():
        nonlocal words
        async for delta in client.astream([Message("user", "Well?")], max_tokens=50):
            words += delta.text

    try:
        if awaited:
            asyncio.run(aread())
        else:
            for delta in client.stream([Message("user", "Well?")], max_tokens=50):
                words += delta.text
    except LLMError as error:
        return words, error
    return words, None


@pytest.mark.parametrize("awaited", [False, True], ids=["blocking", "awaited"])
@pytest.mark.parametrize("sent", BROKEN.values(), ids=BROKEN.keys())
def test_words_before_an_error_are_kept_and_the_reason_is_told(server, sent, awaited):
    server.reply(raw=sent)
    words, error = stream(awaited)
    assert words == "It is"
    assert isinstance(error, BrokenStreamError)
    assert "GPU lost" in error.message


def test_a_connection_that_is_dropped_is_the_reason(server):
    server.reply(text="It is fast.", cut_after=2)
    words, error = stream(awaited=False)
    assert words.startswith("It")
    assert "the connection was closed" in error.message


NOTHING = {
    "an error": (JSON, json.dumps(ERROR), "GPU lost"),
    "an error as a text": (JSON, '{"error": "GPU lost"}', "GPU lost"),
    "an error in a stream": ("text/event-stream", events(ERROR), "GPU lost"),
    "an error of an object": (JSON, '{"object": "error", "message": "GPU lost"}', "GPU lost"),
    "an error by its status": (JSON, '{"error": {"code": 503, "message": "Full."}}', "503.*Full"),
    "a detail": (JSON, '{"detail": "Not Found"}', "Not Found"),
    "msg": (JSON, '{"code": 1211, "msg": "No such model"}', "No such model"),
    "base_resp": (
        "text/event-stream",
        events({"choices": None, "base_resp": {"status_code": 1004, "status_msg": "No login"}}),
        "No login",
    ),
    "choices null": (JSON, '{"id": "x17", "choices": null}', "x17"),
    "no choices": (JSON, '{"id": "x17", "choices": []}', "x17"),
    "choices null, then the end": (
        "text/event-stream",
        events({"id": "x17", "choices": None}, "[DONE]"),
        "x17",
    ),
    "a page": ("text/html", "<!doctype html><title>Open WebUI</title>", "web page.*Open WebUI"),
    "another protocol": (JSON, '{"response": "It is."}', "It is"),
    "words": ("text/plain", "It is.", "It is"),
    "half an object": (JSON, '{"broken": ', "broken"),
    "nothing": ("text/event-stream", "", "empty reply"),
    "nothing but pings": ("text/event-stream", ": ping\n\nevent: ping\n\ndata:\n\n", "empty reply"),
}


@pytest.mark.parametrize(("kind", "sent", "said"), NOTHING.values(), ids=NOTHING.keys())
def test_what_came_in_place_of_words_is_told(server, kind, sent, said):
    server.reply(raw=sent, kind=kind)
    words, error = stream(awaited=False)
    assert words == ""
    assert error is not None
    assert "wrote nothing" not in error.message
    assert "\n" not in error.message
    assert re.search(said, error.message, re.IGNORECASE)


@pytest.mark.parametrize(
    ("sent", "said"),
    [
        (whole(None, tool_calls=[{"id": "1"}]), "asked for a tool"),
        (whole("", "content_filter"), "content filter"),
        (whole("", "length"), "used up its"),
        (whole("", reasoning_content="Hm."), "reasoning and no answer"),
        (whole("<think>Hm."), "reasoning and no answer"),
        (whole("<|im_end|>"), r"no words of an answer, only: <\|im_end\|>"),
        (whole(None, "abort"), "abort"),
    ],
)
def test_why_there_is_no_answer_is_told(server, written, sent, said):
    server.reply(raw=json.dumps(sent), kind=JSON)
    with pytest.raises(LLMError, match=said):
        written.ask("What doubles the error of counting whales from hydrophones?")


@pytest.mark.parametrize(
    ("counted", "expected"),
    [
        ({"prompt_tokens": 4, "completion_tokens": 2}, (4, 2)),
        ({"prompt_tokens": 4.0, "completion_tokens": 2.0}, (4, 2)),
        ({"input_tokens": 4, "output_tokens": 2}, (4, 2)),
        ({"prompt_tokens": 0, "completion_tokens": 0}, None),
        (None, None),
        ("many", None),
    ],
)
def test_tokens_are_read_where_they_are_counted(counted, expected):
    deltas = read(events(piece("It is.", "stop", usage=counted)).encode(), 1000)
    usage = next((delta.usage for delta in deltas if delta.usage), None)
    assert (usage and (usage.input_tokens, usage.output_tokens)) == expected


def test_what_comes_before_an_error_is_given_before_it_is_raised():
    reader = ReplyReader()
    deltas = reader.feed(events(piece("It is"), ERROR).encode())
    assert next(deltas).text == "It is"
    with pytest.raises(ReportedError):
        next(deltas)
    with pytest.raises(NoProtocolError):
        list(ReplyReader().finish())


@pytest.mark.parametrize("status", [404, 502])
def test_of_a_page_that_comes_with_an_error_the_title_is_told(server, status):
    server.reply(
        raw="<html><head><title>Nginx says no</title></head></html>",
        status=status,
        kind="text/html",
    )
    _, error = stream(awaited=False)
    assert "Nginx says no" in error.message


def test_an_error_keeps_the_key_to_itself(server):
    server.reply(raw=events(piece("It is"), {"error": f"Bad key {server.api_key}"}))
    _, error = stream(awaited=False)
    assert server.api_key not in error.message
    server.reply(Reply(status=403, error="The model is not for you."))
    _, error = stream(awaited=False)
    assert "not for you" in error.message
