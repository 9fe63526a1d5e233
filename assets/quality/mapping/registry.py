"""Transforms by name: each is the class `<Name>` of the module `transforms/<name>.py`."""

from functools import lru_cache

from assets.quality.mapping import transforms
from assets.quality.mapping.transform import Transform
from core import plugins


def names() -> tuple[str, ...]:
    """All transforms."""
    return plugins.names(transforms)


@lru_cache
def transform(name: str) -> Transform:
    """A transform by its name. Raises SourceError for one that is not there."""
    made: Transform = plugins.made(transforms, name, "transform")
    return made
