"""Plug-ins: each is the one class of a module of a package, and is imported on first use."""

import pkgutil
from importlib import import_module
from types import ModuleType
from typing import Any

from core.errors import SourceError


def names(package: ModuleType) -> tuple[str, ...]:
    """The modules of a package, in order."""
    return tuple(sorted(module.name for module in pkgutil.iter_modules(package.__path__)))


def made(package: ModuleType, name: str, what: str) -> Any:
    """A plug-in: that of `not_null.py` is the class `NotNull`.

    Args:
        what: what the package holds, in words: `kind of rule`.

    Raises:
        SourceError: there is none of this name; names those that are there.
    """
    if name not in names(package):
        raise SourceError(f"there is no {what} {name!r}", f"there are {', '.join(names(package))}")
    module = import_module(f"{package.__name__}.{name}")
    return getattr(module, "".join(word.capitalize() for word in name.split("_")))()
