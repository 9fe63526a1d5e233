"""All step classes by type id.

Which module holds a type is read from the sources' text, so that a run imports only the modules of its own steps.
"""

import re
from functools import cache
from importlib import import_module
from pathlib import Path

from assets.kettle.engine.step import Step
from assets.kettle.errors import UnsupportedStepError

_TYPES = re.compile(r"^    types(?:: [^=\n]+)? = \(([^)]*)\)", re.MULTILINE)
# steps that are refused for good, and why
JVM_ONLY = {"UserDefinedJavaClass": "its Java source is compiled and run in a JVM"}
_NAME = re.compile(r"\"([^\"]+)\"")


@cache
def step_modules() -> dict[str, str]:
    """Type id (of Kettle or Hop, as in the file) -> name of the module in this package that holds its class."""
    found: dict[str, str] = {}
    for path in sorted(Path(__file__).parent.glob("*.py")):
        for names in _TYPES.findall(path.read_text(encoding="utf-8")):
            for name in _NAME.findall(names):
                if name in found:
                    raise RuntimeError(f"{found[name]}.py and {path.name} both claim the type {name}")
                found[name] = path.stem
    return found


def step_class(type_id: str, step: str = "", file: str = "") -> type[Step]:
    """The class for a type id.

    Raises:
        UnsupportedStepError: there is none; the message names file and step.
    """
    module = step_modules().get(type_id)
    if type_id in JVM_ONLY:
        raise UnsupportedStepError(
            f"{file or 'transformation'}: step {step!r} is of type {type_id}: {JVM_ONLY[type_id]}, so only a real PDI "
            "or Hop runs this file, whole (HEDDLE_KETTLE=pan:///path/to/pdi)",
            "set HEDDLE_KETTLE, or replace the step by a script, formula or Java expression",
        )
    if module is None:
        raise UnsupportedStepError(
            f"{file or 'transformation'}: step {step!r} is of type {type_id}, which the native engine does not have",
            "run this file with a real PDI or Hop (HEDDLE_KETTLE), or replace the step",
        )
    name = f"assets.kettle.steps.{module}"
    return next(
        value
        for value in vars(import_module(name)).values()
        if isinstance(value, type) and issubclass(value, Step) and value.__module__ == name and type_id in value.types
    )
