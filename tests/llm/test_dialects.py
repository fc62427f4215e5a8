"""What endpoints refuse, in whatever words, and how they are asked instead."""

from __future__ import annotations

import pytest
from servers.openai_server import Reply
from written_answers import GOOD, WHALES, sent

from rag import LLMError, Settings
from rag.llm.budget import Usage, cut_note
from rag.llm.client import Endpoint, Message, OpenAIClient
from rag.llm.complaints import is_too_long, shrink_ratio
from rag.llm.dialects import Dialect

RULES = "RULES"
ASKED = [Message("system", RULES), Message("user", "Well?")]


class Refusal(Exception):  # noqa: N818 - as the openai package has it
    """An error as the openai package raises it."""

    def __init__(self, message, status=400, **fields):
        super().__init__(message)
        self.status_code, self.body = status, {"message": message, **fields}
        self.code, self.type, self.param = (fields.get(n) for n in ("code", "type", "param"))


TOO_LONG = [
    "maximum context length is 4096 tokens. However, your messages resulted in 6000 tokens.",
    "the request exceeds the available context size. try increasing the context size",
    "request (5131 tokens) exceeds the available context size (4096 tokens), try increasing it",
    "input length 6000 exceeds context length 4096",
    "prompt is too long: 208310 tokens > 200000 maximum",
    "The input token count (1200000) exceeds the maximum number of tokens allowed (1048576).",
    "Input validation error: `inputs` must have less than 4096 tokens. Given: 6000",
    "Requested tokens (5000) exceed context window of 4096",
    "The number of tokens to keep from the initial prompt is greater than the context length.",
    "Input is too long for requested model.",
    "too many tokens: total number of tokens in the prompt cannot exceed 4081",
    "The decoder prompt (length 6000) is longer than the maximum model length of 4096.",
    "Range of input length should be [1, 30720]",
    "Your prompt has 6000 tokens but the limit is 4096",
    "This model only supports 4096 tokens of context",
    "the prompt does not fit in the context",
    "Prompt exceeds max length",
    "Unable to fit the prompt in the KV cache",
    "input_tokens: 6000 > 4096",
    "model_max_prompt_tokens_exceeded",
    "The message you submitted was too long, please submit something shorter.",
    "Invalid 'messages[1].content': string too long.",
    "Please shorten your prompt",
]
NOT_TOO_LONG = [
    "Unknown parameter: stream_options",
    "temperature must be less than 2",
    "Rate limit reached for tokens per minute",
    "max_tokens is too large: 1000. This model supports at most 512 completion tokens",
    "Unsupported parameter: 'max_tokens' is not supported with this model.",
    "System role not supported",
    "The content of your prompt was filtered",
    "Invalid API token",
]
NO_SYSTEM = [
    "System role not supported",
    "Conversation roles must alternate user/assistant/user/assistant/...",
    "Unsupported value: 'messages[0].role' does not support 'system' with this model.",
    'messages: Unexpected role "system". The Messages API accepts a top-level `system` parameter',
    "Please use a valid role: user, model.",
    "Developer instruction is not enabled for models/gemma-3-27b-it",
    "Only user and assistant roles are supported!",
    "unknown role: system",
    "role 'system' is not allowed",
    "This model does not support system prompts",
    "system_instruction is not supported",
    "Input should be 'user' or 'assistant'",
    "'system' is not one of ['user', 'assistant']",
    "Value 'system' for role is invalid",
    "No system message allowed",
    "Expected 'user' or 'assistant' role",
    "Role `system` unsupported",
    "Messages must start with a user message",
    "Roles other than user and assistant are not supported",
    "Cannot use system messages with this model",
]
OTHER = [
    "Bad roles.",
    "The system is overloaded",
    "system error: out of memory",
    "An unexpected system error occurred",
    "the operating system is not supported",
    "The model does not exist",
]


@pytest.mark.parametrize("words", TOO_LONG)
def test_every_wording_of_too_long_is_understood(words):
    assert is_too_long(Refusal(words))
    assert 0.2 <= shrink_ratio(Refusal(words)) < 1


@pytest.mark.parametrize("words", NOT_TOO_LONG)
def test_other_complaints_are_not_taken_for_it(words):
    assert not is_too_long(Refusal(words))


def test_how_far_to_shrink_is_read_from_the_words():
    assert shrink_ratio(Refusal(TOO_LONG[0])) == pytest.approx(0.9 * 4096 / 6000)
    assert shrink_ratio(Refusal(TOO_LONG[5])) == pytest.approx(0.9 * 1048576 / 1200000)
    assert shrink_ratio(Refusal(TOO_LONG[1])) == 0.5


@pytest.mark.parametrize("words", NO_SYSTEM)
def test_every_refusal_of_a_system_message_is_understood(words):
    for status in (400, 422, 500):
        adapted = Dialect().adapted(Refusal(words, status))
        assert adapted is not None
        assert not adapted.has_system
    (message,) = adapted.body(ASKED, max_tokens=9, temperature=0.0)["messages"]
    assert message == {"role": "user", "content": f"{RULES}\n\nWell?"}


@pytest.mark.parametrize("words", OTHER)
def test_other_refusals_change_no_roles(words):
    assert Dialect().adapted(Refusal(words)) is None


@pytest.mark.parametrize(
    ("words", "gone", "kept"),
    [
        ("Unrecognized request argument supplied: stream_options", "stream_options", "stream"),
        (
            '[{"loc": ["body", "stream_options"], "msg": "Extra inputs"}]',
            "stream_options",
            "stream",
        ),
        ("Unsupported value: 'temperature' does not support 0", "temperature", "max_tokens"),
        ("This model does not support streaming", "stream", "max_tokens"),
        ("Your organization must be verified to stream this model.", "stream", "temperature"),
        ("stream must be false", "stream", "temperature"),
        ("Use 'max_completion_tokens' instead.", "max_tokens", "max_completion_tokens"),
        ("unknown field max_tokens", "max_tokens", "max_completion_tokens"),
    ],
)
def test_what_is_refused_is_left_out_or_renamed(words, gone, kept):
    body = Dialect().adapted(Refusal(words)).body(ASKED, max_tokens=9, temperature=0.0)
    assert gone not in body
    assert kept in body


@pytest.mark.parametrize(
    "words",
    [
        "max_tokens is too large: 1000. This model supports at most 512 completion tokens",
        "max_tokens (1000) must be less than or equal to 512",
        "Invalid max_tokens value, the valid range of max_tokens is [1, 512]",
    ],
)
def test_fewer_tokens_are_asked_for_where_a_model_writes_no_more(words):
    adapted = Dialect().adapted(Refusal(words))
    assert adapted.body(ASKED, max_tokens=1000, temperature=0.0)["max_tokens"] == 512
    assert adapted.body(ASKED, max_tokens=100, temperature=0.0)["max_tokens"] == 100


def test_what_was_found_is_remembered_for_the_next_question(server, written):
    server.reply(
        Reply(status=400, error="System role not supported"),
        Reply(status=400, error="Unknown: stream_options"),
        Reply(text=GOOD),
        Reply(text=GOOD),
    )
    assert written.ask(WHALES).text == written.ask(WHALES).text == GOOD
    assert len(server.chats) == 4
    last = sent(server, 3)
    assert list(last) == ["user"]
    assert "You answer questions from abstracts" in last["user"]
    assert "stream_options" not in server.chats[3].body


def test_how_much_a_model_takes_is_remembered_too(server, written):
    server.reply(text=GOOD, context_limit=650)
    assert written.ask(WHALES).text == GOOD
    tries = len(server.chats)
    server.reply(text=GOOD, context_limit=650)
    assert written.ask(WHALES).text == GOOD
    assert (tries > 1, len(server.chats)) == (True, tries + 1)


def test_a_failure_is_not_remembered(server):
    client = OpenAIClient(Settings(llm_model="test-model", llm_retries=0))
    server.reply(
        Reply(status=400, error="System role not supported"), Reply(status=401), Reply(text="Yes.")
    )
    with pytest.raises(LLMError, match="refused the key"):
        list(client.stream(ASKED, max_tokens=9))
    list(client.stream(ASKED, max_tokens=9))
    assert [one["role"] for one in server.chats[2].body["messages"]] == ["system", "user"]


def test_a_query_in_the_address_goes_with_every_request(server):
    endpoint = Endpoint(f"{server.url}?api-version=2024-10-21&tenant=ab", server.api_key)
    client = OpenAIClient(Settings(llm_model="test-model"), endpoint=endpoint)
    server.reply("Yes.")
    assert "".join(one.text for one in client.stream(ASKED, max_tokens=9)) == "Yes."
    assert client.list_models() == ["test-model"]
    assert {one.query for one in server.requests} == {"api-version=2024-10-21&tenant=ab"}
    assert server.chats[0].path == "/v1/chat/completions"
    assert server.chats[0].headers["api-key"] == server.api_key
    assert "api-version" not in client.endpoint


def test_an_address_may_end_as_the_requests_do(server):
    endpoint = Endpoint(f"{server.url}/chat/completions", server.api_key)
    client = OpenAIClient(Settings(llm_model="test-model"), endpoint=endpoint)
    server.reply("Yes.")
    assert "".join(one.text for one in client.stream(ASKED, max_tokens=9)) == "Yes."


def test_a_prompt_that_the_server_cut_is_noted_with_the_setting(server, written):
    server.reply(text=GOOD, usage={"prompt_tokens": 64, "completion_tokens": 9})
    (note,) = [one for one in written.ask(WHALES).notes if "cut off a part" in one]
    assert "read 64 tokens" in note
    assert "llm_context_window" in note


def test_a_prompt_that_was_read_whole_is_not():
    text = "word " * 1000
    assert not cut_note([text], Usage(1000, 5))
    assert not cut_note([text], Usage(10, 5, estimated=True))
    assert cut_note([text], Usage(500, 5))
