"""The prompts: one text file each, from the package or from a folder that the user names."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from rag.errors import SettingsError

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from llama_index.core.prompts import BasePromptTemplate

__all__ = ["Prompts"]

# What each prompt must hold, so that a user's own can't lose the question by a slip.
_REQUIRED: Mapping[str, frozenset[str]] = {
    "answer": frozenset({"sentinel"}),
    "judge": frozenset({"papers", "sentences"}),
    "question": frozenset({"evidence", "question"}),
    "repair": frozenset({"papers", "sentences"}),
    "rerank": frozenset({"papers", "question"}),
    "standalone": frozenset({"conversation", "question"}),
    "translate": frozenset({"question"}),
}
_OPTIONAL: Mapping[str, frozenset[str]] = {
    "judge": frozenset({"count"}),
    "repair": frozenset({"count"}),
    "question": frozenset({"count", "sentinel"}),
    "rerank": frozenset({"count"}),
    "standalone": frozenset({"papers"}),
}


class Prompts:
    """Holds the prompts by name, as LlamaIndex templates; each is read when it is first used.

    Args:
        folder: A folder with prompts of the user's own; what it lacks is taken from the package.
    """

    def __init__(self, folder: Path | None = None) -> None:
        self._folder = folder
        self._templates: dict[str, BasePromptTemplate] = {}

    def get(self, name: str) -> BasePromptTemplate:
        """Return a prompt.

        Raises:
            SettingsError: the user's folder or prompt can't be used.
        """
        if name not in self._templates:
            path = self._find(f"{name}.txt")
            self._templates[name] = _checked(name, _read(path), f"The prompt {path}")
        return self._templates[name]

    def set(self, name: str, template: BasePromptTemplate) -> None:
        """Replace a prompt.

        Raises:
            SettingsError: the template lacks a variable that the prompt needs.
        """
        self._templates[name] = _checked(name, template, f"The template of the prompt {name!r}")

    def fill(self, name: str, **values: str) -> str:
        """Return the text of a prompt; braces inside the values stay as they are.

        Raises:
            SettingsError: the user's folder or prompt can't be used.
        """
        return self.get(name).format(None, **values)

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


def _read(path: Path) -> BasePromptTemplate:
    from llama_index.core.prompts import PromptTemplate

    try:
        return PromptTemplate(path.read_text(encoding="utf-8-sig").strip())
    except (OSError, UnicodeDecodeError) as error:
        raise SettingsError(
            f"The prompt {path} can't be read: {error}.", hint="Prompts are text files in UTF-8."
        ) from error


def _checked(name: str, template: BasePromptTemplate, what: str) -> BasePromptTemplate:
    """Return a template that has every variable it needs, if need be under another name."""
    required = _REQUIRED[name]
    renamed = template.template_var_mappings or {}
    missing = {one for one in required if renamed.get(one, one) not in template.template_vars}
    if missing:
        allowed = required | _OPTIONAL.get(name, frozenset())
        raise SettingsError(
            f"{what} lacks {_braced(missing)}.", hint=f"It may hold: {_braced(allowed)}."
        )
    return template


def _braced(names: Iterable[str]) -> str:
    return ", ".join(f"{{{name}}}" for name in sorted(names))
