"""Finds the generators: every module beside this one with a table GENERATORS."""

import importlib
import pkgutil
from functools import cache

from assets.kettle.convert import generators
from assets.kettle.convert.plan import Generator


@cache
def all_generators() -> dict[str, Generator]:
    """Step type -> generator."""
    found: dict[str, Generator] = {}
    for module in pkgutil.iter_modules(generators.__path__, f"{generators.__name__}."):
        if not module.name.endswith(".registry"):
            found |= importlib.import_module(module.name).GENERATORS
    return found
