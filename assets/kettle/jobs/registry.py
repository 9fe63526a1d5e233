"""All entry classes by type id."""

import pkgutil
from functools import cache
from importlib import import_module

from assets.kettle.errors import UnsupportedStepError
from assets.kettle.jobs.entry import JobEntry


@cache
def entry_classes() -> dict[str, type[JobEntry]]:
    """Type id -> class, over all modules of `assets.kettle.jobs.entries`."""
    found: dict[str, type[JobEntry]] = {}
    package = import_module("assets.kettle.jobs.entries")
    for module in pkgutil.iter_modules(package.__path__, "assets.kettle.jobs.entries."):
        for value in vars(import_module(module.name)).values():
            if isinstance(value, type) and issubclass(value, JobEntry) and value.__module__ == module.name:
                for name in value.types:
                    if name in found:
                        raise RuntimeError(f"{found[name].__name__} and {value.__name__} both claim the type {name}")
                    found[name] = value
    return found


def entry_class(type_id: str, entry: str, file: str) -> type[JobEntry]:
    """The class for a type id. Raises UnsupportedStepError naming file and entry when there is none."""
    found = entry_classes().get(type_id)
    if found is None:
        raise UnsupportedStepError(
            f"{file}: entry {entry!r} is of type {type_id}, which the native engine does not have",
            "run this job with a real PDI or Hop (HEDDLE_KETTLE), or replace the entry",
        )
    return found
