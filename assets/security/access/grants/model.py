"""What a database shall grant, what it grants now, and the statements in between."""

import hashlib
from dataclasses import dataclass, field
from typing import NamedTuple, Protocol

from assets.catalog.remote.connection import Session

PREFIX = "heddle_"  # of roles that are ours
SCHEMA = "heddle_access"  # of views, where an engine has schemas
PUBLIC = "PUBLIC"
LONGEST = 63  # bytes of a name in PostgreSQL


class Place(NamedTuple):
    """A table or view."""

    schema: str
    name: str


class Grant(NamedTuple):
    """SELECT on a table or view for a role; `PUBLIC` is everybody."""

    role: str
    place: Place


@dataclass(frozen=True)
class Wanted:
    """What the policy says of one database.

    Attributes:
        tables: those that the policy covers; nobody else is to read them.
        views: view -> the SELECT of it.
        notes: what a database cannot do as the platform does.
    """

    tables: frozenset[Place]
    roles: frozenset[str]
    grants: frozenset[Grant]
    views: dict[Place, str]
    notes: tuple[str, ...] = ()


@dataclass(frozen=True)
class Present:
    """What a database has.

    Attributes:
        grants: of SELECT on covered tables and on our views, but the owner's.
        views: ours -> their mark.
    """

    roles: frozenset[str] = frozenset()
    grants: frozenset[Grant] = frozenset()
    views: dict[Place, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Plan:
    """Statements, in their order: what closes comes first.

    Attributes:
        foreign: grants of roles that are not ours and stay; `strict` plans have none.
    """

    statements: tuple[str, ...]
    foreign: tuple[Grant, ...]
    notes: tuple[str, ...]


class Engine(Protocol):
    """How one kind of database says it."""

    def place(self, table: Place, person: str) -> Place:
        """Where a person's view of a table is."""
        ...

    def present(self, session: Session, wanted: Wanted) -> Present:
        """What is there now."""
        ...

    def statements(self, missing: Wanted, surplus: Present) -> list[str]:
        """What takes the surplus away and makes what is missing."""
        ...


def named(*parts: str) -> str:
    """A name of several parts; a long one is cut, and told from others by a digest."""
    name = "__".join(p for p in parts if p)
    if len(name.encode()) <= LONGEST:
        return name
    mark = hashlib.sha256(name.encode()).hexdigest()[:10]
    return f"{name.encode()[: LONGEST - 11].decode(errors='ignore')}_{mark}"


def role_of(person: str) -> str:
    """The role of a person: nobody can log in with it, it is granted to the person's own user."""
    return named(f"{PREFIX}{person}")


def mark_of(select: str) -> str:
    """What a view says of the SELECT that it was made from."""
    return f"heddle:{hashlib.sha256(select.encode()).hexdigest()[:16]}"
