"""All step classes by type id."""

import pkgutil
from functools import cache
from importlib import import_module

from assets.kettle.engine.step import Step
from assets.kettle.errors import UnsupportedStepError


@cache
def step_classes() -> dict[str, type[Step]]:
    """Type id (of Kettle or Hop, as in the file) -> class, over all modules of `assets.kettle.steps`."""
    found: dict[str, type[Step]] = {}
    package = import_module("assets.kettle.steps")
    for module in pkgutil.iter_modules(package.__path__, "assets.kettle.steps."):
        for value in vars(import_module(module.name)).values():
            if isinstance(value, type) and issubclass(value, Step) and value.__module__ == module.name:
                for name in value.types:
                    if name in found:
                        raise RuntimeError(f"{found[name].__name__} and {value.__name__} both claim the type {name}")
                    found[name] = value
    return found


def step_class(type_id: str, step: str = "", file: str = "") -> type[Step]:
    """The class for a type id.

    Raises:
        UnsupportedStepError: there is none; the message names file and step.
    """
    found = step_classes().get(type_id)
    if found is None:
        raise UnsupportedStepError(
            f"{file or 'transformation'}: step {step!r} is of type {type_id}, which the native engine does not have",
            "run this file with a real PDI or Hop (HEDDLE_KETTLE), or replace the step",
        )
    return found
