"""A Chroma server: where it is, how one is let in, and how long it is waited for.

Chroma's own client loses the path of an address and whatever stands before an `@`, and waits for an
answer without end.
"""

from __future__ import annotations

import base64
import os
import ssl
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote, urlsplit

import chromadb
import httpx
from chromadb.config import Settings as ChromaSettings

from rag.errors import SettingsError

if TYPE_CHECKING:
    from chromadb.api import ClientAPI

    from rag.settings import Settings

__all__ = ["TOKEN_VARIABLE", "open_server", "shown_address"]

TOKEN_VARIABLE = "RAG_CHROMA_TOKEN"  # noqa: S105 - the name of the variable, not a token


def shown_address(url: str) -> str:
    """Return an address without the name and the password in it.

    >>> shown_address("https://ada:secret@example.org:8000/chroma")
    'https://example.org:8000/chroma'
    """
    parts = urlsplit(url)
    return parts._replace(netloc=parts.netloc.rpartition("@")[2]).geturl()


def open_server(settings: Settings) -> ClientAPI:
    """Open the server that the settings name, which asks it whether it is there.

    Raises:
        SettingsError: the file of certificates can't be read.
        ChromaError, ValueError, httpx.HTTPError: it isn't, or doesn't let us in.
    """
    url = settings.chroma_url or ""
    address, headers = shown_address(url).rstrip("/"), _headers(settings, url)
    values: dict[str, Any] = {}
    if settings.chroma_ca_file is not None:
        file = str(settings.chroma_ca_file)
        try:
            ssl.create_default_context(cafile=file)
        except (OSError, ssl.SSLError) as error:
            raise SettingsError(
                f"The certificates in {file} can't be read ({error}).",
                hint="RAG_CHROMA_CA_FILE names a file in PEM.",
            ) from error
        values["chroma_server_ssl_verify"] = file
    patience = httpx.Timeout(settings.chroma_timeout, connect=min(10.0, settings.chroma_timeout))
    # Chroma's client asks the server while it is made, and waits without end until then.
    httpx.get(f"{address}/api/v2/heartbeat", headers=headers, timeout=patience, **_trusting(values))
    client = chromadb.HttpClient(
        address,
        port=urlsplit(url).port or 8000,  # which counts for nothing: the address has its own
        ssl=url.startswith("https:"),
        headers=headers,
        settings=ChromaSettings(anonymized_telemetry=False, **values),
        tenant=settings.chroma_tenant,
        database=settings.chroma_database,
    )
    session = getattr(getattr(client, "_server", None), "_session", None)
    if isinstance(session, httpx.Client):
        session.timeout = patience
    return client


def _trusting(values: dict[str, Any]) -> dict[str, Any]:
    file = values.get("chroma_server_ssl_verify")
    return {"verify": ssl.create_default_context(cafile=file)} if file else {}


def _headers(settings: Settings, url: str) -> dict[str, str]:
    headers = dict(settings.chroma_headers)
    parts = urlsplit(url)
    if parts.username is not None:
        pair = f"{unquote(parts.username)}:{unquote(parts.password or '')}".encode()
        headers["Authorization"] = f"Basic {base64.b64encode(pair).decode()}"
    if token := os.environ.get(TOKEN_VARIABLE, "").strip():
        headers["X-Chroma-Token"] = token
        headers.setdefault("Authorization", f"Bearer {token}")
    return headers
