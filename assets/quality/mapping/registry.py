"""Transforms by name: each is the class of the module `transforms/<name>.py`, imported on first use."""

import pkgutil
from functools import lru_cache
from importlib import import_module

from assets.quality.mapping import transforms
from assets.quality.mapping.transform import Transform
from core.errors import SourceError


def names() -> tuple[str, ...]:
    """All transforms."""
    return tuple(sorted(module.name for module in pkgutil.iter_modules(transforms.__path__)))


@lru_cache
def transform(name: str) -> Transform:
    """A transform by its name. Raises SourceError for one that is not there."""
    if name not in names():
        raise SourceError(f"there is no transform {name!r}", f"the transforms are {', '.join(names())}")
    module = import_module(f"{transforms.__name__}.{name}")
    made: Transform = getattr(module, name.capitalize())()
    return made
