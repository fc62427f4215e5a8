"""Embeddings from any endpoint that speaks OpenAI's protocol, and from no other host.

Redirects are not followed and proxies are not read from the environment, so that nothing is sent
to a host that nobody named.
"""

from __future__ import annotations

import asyncio
import os
from contextlib import contextmanager
from typing import TYPE_CHECKING

from llama_index.core.base.embeddings.base import BaseEmbedding
from pydantic import PrivateAttr

from rag.errors import EmbedderError
from rag.text.decoding import one_line

if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Self

    import openai

__all__ = ["OpenAIEmbedding"]

_OPENAI = "https://api.openai.com/v1"
_NO_KEY = "none"  # local servers ask for none, and the protocol has no way to send none
_BATCH = 32  # texts a request: what the most frugal of the usual servers takes
_TIMEOUT, _CONNECT = 60.0, 10.0  # seconds: for an answer, and for a host that is there
_RETRIES = 2  # where the endpoint is busy or fails; the client waits as long as it is asked to
_SAID = 200  # characters of the endpoint's own words that are shown


class OpenAIEmbedding(BaseEmbedding):
    """A LlamaIndex embedding model at an OpenAI-compatible endpoint.

    Args:
        model: Its name there.
        url: Base address, such as `http://127.0.0.1:11434/v1`.
        key: Opens the endpoint; never stored, and left out of every message.
    """

    _url: str = PrivateAttr()
    _key: str = PrivateAttr()

    def __init__(self, model: str, *, url: str, key: str) -> None:
        super().__init__(model_name=model, embed_batch_size=_BATCH)
        self._url = url
        self._key = key

    @classmethod
    def from_environment(cls, model: str, url: str | None) -> Self:
        """Find the endpoint: the one that is given, or the one of the language model.

        Each has a key of its own, so that none is sent to the other's host: `RAG_EMBEDDING_API_KEY`
        goes with `url`, `OPENAI_API_KEY` with `OPENAI_BASE_URL` and with OpenAI.

        Raises:
            EmbedderError: no model is named, or no endpoint is known.
        """
        if not model:
            raise EmbedderError(
                "The embedder `openai:` names no model.",
                hint="Write its name behind the colon: openai:text-embedding-3-small",
            )
        prefix = "RAG_EMBEDDING" if url else "OPENAI"
        url = url or os.environ.get("OPENAI_BASE_URL", "").strip()
        key = os.environ.get(f"{prefix}_API_KEY", "").strip()
        if not url and not key:
            raise EmbedderError(
                f"The embedder openai:{model} has no endpoint.",
                hint="Set OPENAI_API_KEY, or RAG_EMBEDDING_BASE_URL for a server of your own.",
            )
        return cls(model, url=(url or _OPENAI).rstrip("/"), key=key or _NO_KEY)

    @classmethod
    def class_name(cls) -> str:
        """Return the name under which LlamaIndex serialises the class."""
        return "OpenAIEndpointEmbedding"

    def _get_text_embeddings(self, texts: list[str]) -> list[list[float]]:
        import httpx
        import openai

        timeout = httpx.Timeout(_TIMEOUT, connect=_CONNECT)
        with (
            self._explained(),
            httpx.Client(timeout=timeout, trust_env=False, follow_redirects=False) as http,
        ):
            client = openai.OpenAI(
                api_key=self._key, base_url=self._url, http_client=http, max_retries=_RETRIES
            )
            # As numbers: not every server knows the client's default, base64.
            found = client.embeddings.create(
                model=self.model_name, input=texts, encoding_format="float"
            )
            rows = [one.embedding for one in sorted(found.data, key=lambda one: one.index)]
            if len(rows) != len(texts):
                raise ValueError(f"{len(rows)} vectors for {len(texts)} texts")
        return rows

    def _get_text_embedding(self, text: str) -> list[float]:
        return self._get_text_embeddings([text])[0]

    def _get_query_embedding(self, query: str) -> list[float]:
        return self._get_text_embeddings([query])[0]

    async def _aget_text_embedding(self, text: str) -> list[float]:
        return await asyncio.to_thread(self._get_text_embedding, text)

    async def _aget_query_embedding(self, query: str) -> list[float]:
        return await asyncio.to_thread(self._get_query_embedding, query)

    @contextmanager
    def _explained(self) -> Iterator[None]:
        """Turn what asking an endpoint may raise into words for a person.

        An endpoint that sends nonsense makes the client stumble in many ways, hence the plain
        errors.
        """
        import httpx
        import openai

        where = f"The embedding endpoint {_without_password(self._url)}"
        try:
            yield
        except openai.APITimeoutError as error:
            raise EmbedderError(
                f"{where} sent nothing for {_TIMEOUT:g} seconds.",
                hint="See whether it is running, and try again.",
            ) from error
        except openai.APIConnectionError as error:
            raise EmbedderError(
                f"{where} can't be reached.",
                hint="Check that it is running, and RAG_EMBEDDING_BASE_URL or OPENAI_BASE_URL.",
            ) from error
        except openai.APIStatusError as error:
            raise self._refused(where, error) from error
        except (openai.OpenAIError, httpx.HTTPError, ValueError, TypeError, AttributeError) as bad:
            raise EmbedderError(
                f"What {_without_password(self._url)} sent are no embeddings.",
                hint="The base address often ends in /v1. Check it with: rag doctor",
            ) from bad

    def _refused(self, where: str, error: openai.APIStatusError) -> EmbedderError:
        status = error.status_code
        if status in {401, 403}:
            return EmbedderError(
                f"{where} refused the key ({status}).",
                hint="Set OPENAI_API_KEY, or RAG_EMBEDDING_API_KEY beside RAG_EMBEDDING_BASE_URL.",
            )
        if status == 404:
            return EmbedderError(
                f"{where} knows no model {self.model_name!r}, or no embeddings (404).",
                hint="Check RAG_EMBEDDER, and that the address ends as it should, often in /v1.",
            )
        body = error.body if isinstance(error.body, dict) else {}
        said = one_line(str(body.get("message") or error.message))
        if self._key != _NO_KEY:
            said = said.replace(self._key, "***")
        return EmbedderError(
            f"{where} failed ({status}): {said[:_SAID]}",
            hint="Where a text is too long for it, lower embedding_max_tokens.",
        )


def _without_password(url: str) -> str:
    scheme, _, rest = url.partition("://")
    return f"{scheme}://{rest.rpartition('@')[2]}"
