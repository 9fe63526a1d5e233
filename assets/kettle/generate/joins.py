"""Joins of two streams, and of a stream with a table, that give what SQL gives on unsorted input.

Merge join needs both sides sorted by its keys under the same rule of case, else it silently loses rows. Kettle's null
keys meet, SQL's do not: a marker field beside each key, different on the two sides where the key is null, keeps them
apart. An empty text counts as null.
"""

import itertools
from collections.abc import Sequence
from dataclasses import dataclass

from assets.kettle.errors import KettleError
from assets.kettle.files.new import Settings
from assets.kettle.generate.conditions import All, IsNull, Not, condition_settings
from assets.kettle.generate.filters import sort_settings
from assets.kettle.generate.mappings import mapper_settings
from assets.kettle.generate.part import Made, Part, Role, chain, flag
from assets.kettle.generate.structure import removal
from assets.kettle.values.fields import ValueType

KINDS = {"inner": "INNER", "left": "LEFT OUTER", "right": "RIGHT OUTER", "full": "FULL OUTER"}
KEYS = "heddle_key_{side}_{number}"


@dataclass(frozen=True, slots=True)
class Key:
    """A pair of fields that must be equal, with their types."""

    left: str
    right: str
    left_kind: ValueType
    right_kind: ValueType


@dataclass(frozen=True, slots=True)
class Found:
    """A field that a look-up adds: under the name `rename` ("" = its own), `default` where no row has the key."""

    name: str
    kind: ValueType
    rename: str = ""
    default: str = ""


def merge_join_part(
    part_id: str,
    right: str,
    keys: Sequence[Key],
    kind: str = "inner",
    *,
    case_sensitive: bool = True,
    nulls_meet: bool = False,
    name: str = "join",
) -> Part:
    """The stream on the hop is the left side, the rows of the step `right` are the right one; both are sorted.

    The fields are the left ones, then the right ones (a name that is taken gets `_1`). Right keys stay.

    Raises:
        KettleError: an unknown kind; no key; a key whose two sides are of different types.
    """
    if kind not in KINDS:
        raise KettleError(f"there is no join {kind!r}", f"choose one of {', '.join(KINDS)}")
    _check(keys)
    sides = {"left": [key.left for key in keys], "right": [key.right for key in keys]}
    steps: list[Made] = []
    hops: list[tuple[str, str]] = []
    joined: dict[str, list[str]] = {}
    first: dict[str, str] = {}
    for lane, (side, names) in enumerate(sides.items()):
        markers = [] if nulls_meet else [KEYS.format(side=side, number=n + 1) for n in range(len(names))]
        line = [
            Made(
                f"mark {side} {number}",
                f"{name}: null key {number} {side}",
                "ValueMapper",
                mapper_settings(names[number - 1], {None: side}, target=marker, default="="),
                lane,
            )
            for number, marker in enumerate(markers, 1)
        ]
        joined[side] = [*names, *markers]
        sort = sort_settings([(n, True, case_sensitive) for n in names] + [(m, True, True) for m in markers])
        line.append(Made(f"sort {side}", f"{name}: sort {side}", "SortRows", sort, lane))
        hops += [(a.role, b.role) for a, b in itertools.pairwise(line)] + [(f"sort {side}", "join")]
        steps += line
        first[side] = line[0].role
    settings: Settings = [
        ("join_type", KINDS[kind]),
        ("step1", Role("sort left")),
        ("step2", Role("sort right")),
        ("keys_1", [("key", text) for text in joined["left"]]),
        ("keys_2", [("key", text) for text in joined["right"]]),
    ]
    steps.append(Made("join", name, "MergeJoin", settings))
    last = "join"
    if not nulls_meet:
        added = joined["left"][len(keys) :] + joined["right"][len(keys) :]
        steps.append(Made("tidy", f"{name}: tidy", "SelectValues", removal(added)))
        hops.append(("join", "tidy"))
        last = "tidy"
    return Part(part_id, tuple(steps), tuple(hops), first["left"], last, sides=((right, first["right"]),))


def lookup_part(
    part_id: str, source: str, keys: Sequence[Key], found: Sequence[Found], *, name: str = "look up"
) -> Part:
    """Fields of the rows of step `source`, found by equal keys; the side's rows with a null key are left out.

    A left join in SQL as long as the keys are unique there (of several rows the last counts). Raises KettleError.
    """
    _check(keys)
    present = All(tuple(Not(IsNull(key.right)) for key in keys))
    condition = condition_settings(present, {key.right: key.right_kind for key in keys})
    keyed: Settings = [("send_true_to", ""), ("send_false_to", ""), ("compare", condition)]
    return Part(
        part_id,
        (
            Made("keyed", f"{name}: rows with a key", "FilterRows", keyed, 1),
            Made("look up", name, "StreamLookup", lookup_settings(Role("keyed"), keys, found)),
        ),
        (("keyed", "look up"),),
        "look up",
        "look up",
        sides=((source, "keyed"),),
    )


def lookup_settings(source: str, keys: Sequence[Key], found: Sequence[Found]) -> Settings:
    """Settings of Stream lookup."""
    pairs: list[tuple[str, Settings]] = [("key", [("name", key.left), ("field", key.right)]) for key in keys]
    values: list[tuple[str, Settings]] = [
        ("value", [("name", f.name), ("rename", f.rename or f.name), ("default", f.default), ("type", f.kind.value)])
        for f in found
    ]
    return [
        ("from", source),
        ("input_sorted", "N"),
        ("preserve_memory", "Y"),
        ("sorted_list", "N"),
        ("integer_pair", "N"),
        ("lookup", [*pairs, *values]),
    ]


def database_join_part(
    part_id: str,
    connection: str,
    sql: str,
    parameters: Sequence[tuple[str, ValueType]],
    *,
    outer: bool = False,
    name: str = "join with the database",
) -> Part:
    """Each row with every row of a query whose `?` its fields fill in order; `outer` keeps rows without any.

    Raises KettleError when the number of `?` is another one.
    """
    if sql.count("?") != len(parameters):
        raise KettleError(
            f"the query has {sql.count('?')} places for {len(parameters)} parameters", "name one for each"
        )
    settings: Settings = [
        ("connection", connection),
        ("rowlimit", "0"),
        ("sql", sql),
        ("outer_join", flag(outer)),
        ("replace_vars", "N"),
        ("parameter", [("field", [("name", field), ("type", kind.value)]) for field, kind in parameters]),
    ]
    return chain(part_id, Made("join", name, "DBJoin", settings))


def _check(keys: Sequence[Key]) -> None:
    if not keys:
        raise KettleError("a join without a key", "name the fields that must be equal")
    for key in keys:
        if key.left_kind is not key.right_kind:
            what = (
                f"the keys {key.left!r} ({key.left_kind}) and {key.right!r} ({key.right_kind}) are of different types"
            )
            raise KettleError(what, "convert one of them before the join")
