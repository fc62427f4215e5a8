"""The prompts: one text file each, ours or those of a folder that the user names."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING

from rag.errors import SettingsError

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["Prompts"]

# What each prompt must hold, so that a folder of one's own can't lose the question by a slip.
_NEEDS: Mapping[str, frozenset[str]] = {
    "answer": frozenset({"sentinel"}),
    "question": frozenset({"evidence", "question"}),
    "rerank": frozenset({"papers", "question"}),
    "standalone": frozenset({"conversation", "question"}),
}
_MAY_HOLD: Mapping[str, frozenset[str]] = {
    "question": frozenset({"count", "sentinel"}),
    "rerank": frozenset({"count"}),
    "standalone": frozenset({"papers"}),
}
_PLACE = re.compile(r"\{([a-z]+)\}")


class Prompts:
    """Reads prompts by name and fills them in.

    Args:
        folder: A folder with prompts of the user's own; what it lacks is taken from the bundled.
    """

    def __init__(self, folder: Path | None = None) -> None:
        self._folder = folder
        self._texts: dict[str, str] = {}

    def fill(self, name: str, **values: str) -> str:
        """Return a prompt with its places filled in; what is filled in is not read again.

        Raises:
            SettingsError: the user's folder or prompt can't be used.
        """
        text = self._texts.get(name)
        if text is None:
            text = self._texts[name] = self._load(name)
        return _PLACE.sub(lambda match: values.get(match[1], match[0]), text)

    def _load(self, name: str) -> str:
        path = self._find(f"{name}.txt")
        try:
            text = path.read_text(encoding="utf-8-sig").strip()
        except (OSError, UnicodeDecodeError) as error:
            raise SettingsError(
                f"The prompt {path} can't be read: {error}.",
                hint="Prompts are text files in UTF-8.",
            ) from error
        missing = sorted(_NEEDS[name] - set(_PLACE.findall(text)))
        if missing:
            raise SettingsError(
                f"The prompt {path} lacks {', '.join(f'{{{place}}}' for place in missing)}.",
                hint=f"It may hold: {_places(name)}.",
            )
        return text

    def _find(self, name: str) -> Path:
        if self._folder is not None:
            if not self._folder.is_dir():
                raise SettingsError(
                    f"There is no folder {self._folder} with prompts.",
                    hint="Set prompts_dir (RAG_PROMPTS_DIR) to a folder, or leave it out.",
                )
            own = self._folder / name
            if own.exists():
                return own
        package = Path(__file__).resolve().parents[1]
        installed = package / "_prompts"
        return (installed if installed.is_dir() else package.parent / "prompts") / name


def _places(name: str) -> str:
    return ", ".join(f"{{{place}}}" for place in sorted(_NEEDS[name] | _MAY_HOLD.get(name, set())))
