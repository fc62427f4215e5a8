"""An endpoint behind a certificate that an authority of one's own has signed."""

from __future__ import annotations

import asyncio
import ssl
from datetime import UTC, datetime, timedelta

import pytest
import trustme
from servers.openai_server import OpenAIServer

from rag import LLMError, Settings
from rag.errors import SettingsError
from rag.llm.client import Message, OpenAIClient

ASKED = [Message("user", "Well?")]


@pytest.fixture(scope="module")
def authority():
    return trustme.CA()


@pytest.fixture
def serve(authority, monkeypatch):
    """Return a function that starts a server with a certificate for some name."""
    running = []

    def start(name="127.0.0.1", **options):
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        authority.issue_cert(name, **options).configure_cert(context)
        running.append(OpenAIServer(tls=context, default="Yes.").__enter__())
        monkeypatch.setenv("OPENAI_BASE_URL", running[-1].url)
        monkeypatch.setenv("OPENAI_API_KEY", "any-key")
        return running[-1]

    yield start
    for one in running:
        one.__exit__()


@pytest.fixture
def ca_file(authority, tmp_path):
    path = tmp_path / "authority.pem"
    authority.cert_pem.write_to_path(path)
    return path


def ask(*, awaited=False, **settings):
    client = OpenAIClient(Settings(llm_model="test-model", llm_retries=2, **settings))

    async def aask():
        return "".join([one.text async for one in client.astream(ASKED, max_tokens=9)])

    if awaited:
        return asyncio.run(aask())
    return "".join(one.text for one in client.stream(ASKED, max_tokens=9))


@pytest.mark.parametrize("awaited", [False, True], ids=["blocking", "awaited"])
def test_an_authority_of_ones_own_is_trusted_where_its_file_is_set(serve, ca_file, awaited):
    server = serve()
    assert server.url.startswith("https://")
    assert ask(llm_ca_file=ca_file, awaited=awaited) == "Yes."


def test_the_environment_can_name_the_file(serve, ca_file, monkeypatch):
    serve()
    monkeypatch.setenv("RAG_LLM_CA_FILE", str(ca_file))
    assert ask() == "Yes."


@pytest.mark.parametrize("awaited", [False, True], ids=["blocking", "awaited"])
def test_without_it_the_cause_is_named_and_nothing_is_sent(serve, awaited):
    server = serve()
    with pytest.raises(LLMError, match=r"certificate of .* isn't trusted: unable to get") as caught:
        ask(awaited=awaited)
    assert "llm_ca_file" in caught.value.hint
    assert not server.requests


def test_a_certificate_for_another_name_is_refused(serve, ca_file):
    serve("models.example")
    with pytest.raises(LLMError, match=r"isn't trusted: .*127\.0\.0\.1") as caught:
        ask(llm_ca_file=ca_file)
    assert "name that the certificate was made for" in caught.value.hint


def test_a_certificate_that_has_run_out_is_refused(serve, ca_file):
    serve(not_after=datetime.now(UTC) - timedelta(days=1))
    with pytest.raises(LLMError, match="expired") as caught:
        ask(llm_ca_file=ca_file)
    assert "Renew" in caught.value.hint


def test_a_file_that_holds_no_certificate_is_named(serve, tmp_path):
    serve()
    path = tmp_path / "authority.pem"
    with pytest.raises(SettingsError, match="No such file"):
        ask(llm_ca_file=path)
    path.write_text("none", "utf-8")
    with pytest.raises(SettingsError, match=r"authority\.pem can't be read"):
        ask(llm_ca_file=path)


def test_a_server_without_tls_is_told_from_one_that_is_not_trusted(server, monkeypatch):
    monkeypatch.setenv("OPENAI_BASE_URL", server.url.replace("http:", "https:"))
    with pytest.raises(LLMError, match="doesn't speak TLS") as caught:
        ask()
    assert "http://" in caught.value.hint
