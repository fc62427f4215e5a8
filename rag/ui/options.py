"""How the page is served: where, to whom, and what it lets them do."""

from __future__ import annotations

import hashlib
import hmac
import ipaddress
import os
import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from rag.errors import SettingsError

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

__all__ = [
    "PASSWORD_VARIABLE",
    "TOKENS_VARIABLE",
    "Login",
    "ServeOptions",
    "digest",
    "is_loopback",
    "known_digest",
    "read_login",
    "read_tokens",
]

PASSWORD_VARIABLE = "RAG_UI_PASSWORD"  # noqa: S105 - the name of the variable, not a password
TOKENS_VARIABLE = "RAG_UI_TOKENS"
_SHORTEST_PASSWORD = 8
_SHORTEST_TOKEN = 20
_HASHED = "sha256:"
_HASH = re.compile(rf"{_HASHED}[0-9a-fA-F]{{64}}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Login:
    """The one account that may use the page.

    Attributes:
        user: Its name.
        password: Never printed, never stored.
    """

    user: str
    password: str

    def __repr__(self) -> str:
        return f"Login(user={self.user!r})"

    def check(self) -> Callable[[str, str], bool]:
        """Return what tells whether a name and a password are right, in constant time."""
        expected = digest(self.user), digest(self.password)

        def fits(user: str, password: str) -> bool:
            given = digest(user), digest(password)
            fine = [hmac.compare_digest(a, b) for a, b in zip(expected, given, strict=True)]
            return all(fine)

        return fits


def digest(text: str) -> bytes:
    """Return what a secret is compared by."""
    # Of one length whatever was typed, so that comparing tells nothing about the length either.
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).digest()


def known_digest(token: str) -> bytes:
    """Return the digest of a token, or the one that stands in its place."""
    return bytes.fromhex(token[len(_HASHED) :]) if _HASH.fullmatch(token) else digest(token)


@dataclass(frozen=True, slots=True, kw_only=True)
class ServeOptions:
    """How the page is served.

    Attributes:
        host: Name or address to listen at.
        port: None takes the first free one from 7860 on.
        login: Who may use it; None for anyone who reaches it.
        open_to_all: Said in so many words: no login although other machines reach it.
        read_only: Whether changes to the library are refused.
        share: Whether Gradio's public tunnel is opened.
        mcp: Whether tools are offered to programs over the Model Context Protocol.
        models: Names of language models to choose among, beside quoting.
        open_browser: Whether to show the page at once.
        hosts: Names beside this machine's own under which the page may be asked for, as behind a
            proxy; in lower case.
        origins: Pages of other sites that may use this one: scheme, host and port, in lower case.
        tokens: Secrets by which programs are let in where there is a login, or `sha256:` and the
            digest of one. Never printed.
    """

    host: str = "127.0.0.1"
    port: int | None = None
    login: Login | None = None
    open_to_all: bool = False
    read_only: bool = False
    share: bool = False
    mcp: bool = False
    models: tuple[str, ...] = ()
    open_browser: bool = False
    hosts: tuple[str, ...] = ()
    origins: tuple[str, ...] = ()
    tokens: tuple[str, ...] = field(default=(), repr=False)

    def check(self) -> None:
        """Refuse to open the library to strangers by accident.

        Raises:
            SettingsError: other machines could use the page without a login, or a token stands
                for a login that there isn't.
        """
        if self.tokens and not self.login:
            raise SettingsError(
                "A token lets programs past a login, and there is no login.",
                hint="Ask for one with --auth USER.",
            )
        if (is_loopback(self.host) and not self.share) or self.login or self.open_to_all:
            return
        where = "A share link" if self.share else f"The host {self.host}"
        raise SettingsError(
            f"{where} lets other machines in, and there is no login.",
            hint="Ask for one with --auth USER, or say --no-auth if everyone may come in.",
        )


def is_loopback(host: str) -> bool:
    """Tell whether only this machine reaches a host."""
    if host.casefold() == "localhost":
        return True
    try:
        return ipaddress.ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return False  # a name: it may stand for any address


def read_login(user: str, password_file: Path | None = None) -> Login:
    """Read the password of an account, from a file or else from the environment.

    Args:
        user: The account's name.
        password_file: Its first line is the password; None for `RAG_UI_PASSWORD`.

    Raises:
        SettingsError: there is no password, or a very short one.
    """
    if not user.strip() or ":" in user:
        raise SettingsError(
            "A login needs a name without a colon.",
            hint=f"Put the password into {PASSWORD_VARIABLE} or a file, not on the command line.",
        )
    if password_file is None:
        password = os.environ.get(PASSWORD_VARIABLE, "")
        where = f"the variable {PASSWORD_VARIABLE}"
    else:
        where = f"the file {password_file}"
        try:
            lines = password_file.read_text("utf-8").splitlines()
        except (OSError, UnicodeDecodeError) as error:
            raise SettingsError(
                f"The password can't be read from {where}.", hint="Check its name and rights."
            ) from error
        password = lines[0].strip() if lines else ""
    if len(password) < _SHORTEST_PASSWORD:
        problem = "is empty" if not password else f"is shorter than {_SHORTEST_PASSWORD} characters"
        raise SettingsError(
            f"The password in {where} {problem}.",
            hint=f"Set {PASSWORD_VARIABLE}, or name a file with --password-file.",
        )
    return Login(user=user.strip(), password=password)


def read_tokens(file: Path | None = None) -> tuple[str, ...]:
    """Read the tokens of programs: one a line of a file, or else from the environment.

    In the place of a token may stand `sha256:` and its digest in hex, with which nobody gets in.

    Args:
        file: Blank lines and lines that begin with # say nothing; None for `RAG_UI_TOKENS`, where
            commas or blanks stand between them.

    Raises:
        SettingsError: the file can't be read, a token is so short that it can be guessed, or a
            digest is none.
    """
    if file is None:
        where = f"the variable {TOKENS_VARIABLE}"
        found = os.environ.get(TOKENS_VARIABLE, "").replace(",", " ").split()
    else:
        where = f"the file {file}"
        try:
            lines = [line.strip() for line in file.read_text("utf-8").splitlines()]
        except (OSError, UnicodeDecodeError) as error:
            raise SettingsError(
                f"The tokens can't be read from {where}.", hint="Check its name and rights."
            ) from error
        found = [line for line in lines if line and not line.startswith("#")]
    if any(len(token) < _SHORTEST_TOKEN for token in found):
        raise SettingsError(
            f"A token in {where} is shorter than {_SHORTEST_TOKEN} characters.",
            hint="Make one with: python -c 'import secrets; print(secrets.token_urlsafe())'",
        )
    if any(token.startswith(_HASHED) and not _HASH.fullmatch(token) for token in found):
        raise SettingsError(
            f"A digest in {where} is none: {_HASHED} and 64 hex digits are.",
            hint="Make one with: printf %s TOKEN | sha256sum",
        )
    return tuple(found)
