"""Kinds of rules by name: each is the class `<Name>` of the module `kinds/<name>.py`, imported on first use."""

import pkgutil
from functools import lru_cache
from importlib import import_module

from assets.quality.rules import kinds
from assets.quality.rules.kind import Kind, Params
from assets.quality.rules.model import Rule
from core.errors import SourceError


def names() -> tuple[str, ...]:
    """All kinds."""
    return tuple(sorted(module.name for module in pkgutil.iter_modules(kinds.__path__)))


@lru_cache
def kind(name: str) -> Kind:
    """A kind by its name. Raises SourceError for one that is not there."""
    if name not in names():
        raise SourceError(f"there is no kind of rule {name!r}", f"the kinds are {', '.join(names())}")
    module = import_module(f"{kinds.__name__}.{name}")
    made: Kind = getattr(module, "".join(word.capitalize() for word in name.split("_")))()
    return made


def params_of(rule: Rule) -> Params:
    """The rule's parameters, checked. Raises SourceError that names table, rule and field."""
    found: Params = kind(rule.kind).read(rule)
    return found
