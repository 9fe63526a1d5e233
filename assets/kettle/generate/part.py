"""A part of a transformation as values, before it has names and places: steps by role, hops, error hops."""

import itertools
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from assets.kettle.errors import KettleError
from assets.kettle.files.new import Settings

Row = list[tuple[str, str | Settings]]


class Role(str):
    """A text in a step's settings that stands for the name of another step of the part, by its role."""

    __slots__ = ()


@dataclass(frozen=True, slots=True)
class Made:
    """One step to be made.

    Attributes:
        role: what the step is in its part; it stays the same when the part is made again.
        name: the wished name; a number is added when it is taken.
        lane: rows below the main line on the canvas.
    """

    role: str
    name: str
    type: str
    settings: Settings = ()
    lane: int = 0


@dataclass(frozen=True, slots=True)
class Errors:
    """Rows that fail in `source` go to `target` (roles), with these fields that describe the error ("" = without)."""

    source: str
    target: str
    count: str = ""
    description: str = ""
    fields: str = ""
    codes: str = ""

    def settings(self, names: Mapping[str, str]) -> Settings:
        """The tags of Kettle's `<error>`."""
        return [
            ("source_step", names[self.source]),
            ("target_step", names[self.target]),
            ("is_enabled", "Y"),
            ("nr_valuename", self.count),
            ("descriptions_valuename", self.description),
            ("fields_valuename", self.fields),
            ("codes_valuename", self.codes),
            ("max_errors", ""),
            ("max_pct_errors", ""),
            ("min_pct_rows", ""),
        ]


@dataclass(frozen=True, slots=True)
class Part:
    """Steps that are made together and made again together.

    Attributes:
        id: tells the part from others in the file; the same rule keeps its id.
        hops: (role, role), error hops included.
        entry, exit: roles of the steps that the stream comes in by and goes on from.
        sides: (name of a step outside, role): streams that are read on the side.
    """

    id: str
    steps: tuple[Made, ...]
    hops: tuple[tuple[str, str], ...]
    entry: str
    exit: str
    errors: tuple[Errors, ...] = ()
    sides: tuple[tuple[str, str], ...] = ()

    def __post_init__(self) -> None:
        """Raises KettleError for roles that are unknown or there twice."""
        roles = [made.role for made in self.steps]
        named = {self.entry, self.exit, *(end for hop in self.hops for end in hop), *(role for _, role in self.sides)}
        named |= {role for error in self.errors for role in (error.source, error.target)}
        if len(set(roles)) < len(roles) or not named <= set(roles):
            raise KettleError(f"part {self.id!r}: roles {roles} do not fit {sorted(named)}", "name each role once")

    def __iter__(self) -> Iterator[Made]:
        return iter(self.steps)


def chain(part_id: str, *steps: Made) -> Part:
    """A part of steps in a line."""
    roles = [made.role for made in steps]
    return Part(part_id, steps, tuple(itertools.pairwise(roles)), roles[0], roles[-1])


def resolved(settings: Settings, names: Mapping[str, str]) -> Row:
    """The settings with roles replaced by the names of their steps."""
    return [
        (
            tag,
            (names[inner] if isinstance(inner, Role) else inner) if isinstance(inner, str) else resolved(inner, names),
        )
        for tag, inner in settings
    ]


def flag(value: bool) -> str:
    """Y or N."""
    return "Y" if value else "N"
