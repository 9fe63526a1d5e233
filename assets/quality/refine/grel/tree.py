"""What a GREL expression is made of."""

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Literal:
    """A constant."""

    value: Any


@dataclass(frozen=True, slots=True)
class Pattern:
    """A regular expression between slashes."""

    text: str
    ignore_case: bool = False


@dataclass(frozen=True, slots=True)
class Variable:
    """`value`, `cells` and others, or one that a control binds."""

    name: str


@dataclass(frozen=True, slots=True)
class Member:
    """`of.name`."""

    of: "Node"
    name: str


@dataclass(frozen=True, slots=True)
class Call:
    """A function or control; of `a.f(b)` the arguments are a and b."""

    name: str
    arguments: "tuple[Node, ...]"
    at: int = 0


@dataclass(frozen=True, slots=True)
class Operation:
    """Two sides and a sign; a minus alone has a zero at its left."""

    sign: str
    left: "Node"
    right: "Node"


Node = Literal | Pattern | Variable | Member | Call | Operation
