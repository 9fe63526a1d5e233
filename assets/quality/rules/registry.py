"""Kinds of rules by name: each is the class `<Name>` of the module `kinds/<name>.py`."""

from functools import lru_cache

from assets.quality.rules import kinds
from assets.quality.rules.kind import Kind, Params
from assets.quality.rules.model import Rule
from core import plugins


def names() -> tuple[str, ...]:
    """All kinds."""
    return plugins.names(kinds)


@lru_cache
def kind(name: str) -> Kind:
    """A kind by its name. Raises SourceError for one that is not there."""
    made: Kind = plugins.made(kinds, name, "kind of rule")
    return made


def params_of(rule: Rule) -> Params:
    """The rule's parameters, checked. Raises SourceError that names table, rule and field."""
    found: Params = kind(rule.kind).read(rule)
    return found
