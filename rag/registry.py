"""What is added often, such as a format: one object in one module of a package.

The package is searched when its objects are first asked for. So a new one takes one new file, and
costs nothing before it is needed; its module keeps heavy imports inside functions.
"""

from __future__ import annotations

import importlib
import pkgutil
from functools import cache
from typing import TYPE_CHECKING, Protocol, TypeVar

from rag.errors import LibraryError

if TYPE_CHECKING:
    from collections.abc import Iterable
    from types import ModuleType

__all__ = ["Named", "choose", "discover"]


class Named(Protocol):
    """Something that people choose by its name."""

    @property
    def name(self) -> str:
        """What they type."""
        ...


T = TypeVar("T", bound=Named)


def discover(package: str, kind: type[T]) -> tuple[T, ...]:
    """Return the objects of a class that the modules of a package define, in order of name.

    Args:
        package: The package, by its dotted name.
        kind: The class.

    Raises:
        ValueError: two objects have the same name.
    """
    found: dict[str, T] = {}
    for module in _modules(package):
        for value in vars(module).values():
            if isinstance(value, kind) and found.setdefault(value.name, value) is not value:
                raise ValueError(f"{module.__name__}: the name {value.name!r} is taken")
    return tuple(found[name] for name in sorted(found))


@cache
def _modules(package: str) -> tuple[ModuleType, ...]:
    path = importlib.import_module(package).__path__
    names = sorted(module.name for module in pkgutil.iter_modules(path))
    return tuple(importlib.import_module(f"{package}.{name}") for name in names)


def choose(name: str, known: Iterable[T]) -> T:
    """Return the format of a name.

    Raises:
        LibraryError: there is none; the hint lists those that there are.
    """
    formats = {one.name: one for one in known}
    if name not in formats:
        message = f"There is no format {name!r}."
        raise LibraryError(message, hint=f"Formats are: {', '.join(formats)}.")
    return formats[name]
