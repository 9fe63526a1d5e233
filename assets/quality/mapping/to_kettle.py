"""Accepted fields of a mapping as Kettle steps: conversions, one filter for what fails, then Select values."""

import itertools
from dataclasses import dataclass

from assets.kettle.engine.run import EngineSettings
from assets.kettle.files.new import Settings
from assets.kettle.generate.conditions import All, Condition, Either, IsNull, Not, condition_settings
from assets.kettle.generate.marks import parts
from assets.kettle.generate.part import Errors, Made, Part, Role, Row
from assets.kettle.generate.place import After, put
from assets.kettle.generate.sinks import Sink, ToDummy, sink_step
from assets.kettle.model import Transformation
from assets.kettle.values.fields import ValueType
from assets.quality.mapping.apply import SURE
from assets.quality.mapping.model import FieldMap, Mapping_
from assets.quality.mapping.registry import transform
from assets.quality.mapping.steps import emptied, fallible
from assets.quality.mapping.transform import Types
from assets.quality.rules.to_kettle import fields


@dataclass(frozen=True, slots=True)
class Merged:
    """The transformation with the mapping's steps, and fields that are no steps, with why."""

    model: Transformation
    left_out: tuple[tuple[FieldMap, str], ...]


def merged(
    model: Transformation,
    mapping: Mapping_,
    after: str,
    *,
    rejects: Sink | None = None,
    overwrite: bool = False,
    settings: EngineSettings | None = None,
) -> Merged:
    """Puts the accepted fields behind step `after`, or brings the steps that are there up to date.

    Raises:
        KettleError: the step is not there, its fields are not known, or generated steps were changed by hand.
    """
    types = fields(model, after, settings)
    steps: list[Made] = []
    chosen: list[tuple[str, str]] = []
    tests: list[Condition] = []
    left: list[tuple[FieldMap, str]] = []
    for field in mapping.accepted:
        found = _steps(field, types)
        if isinstance(found, str):
            left.append((field, found))
            continue
        name, made = found
        steps += made
        chosen.append((name, field.target))
        if field.transform not in SURE:
            tests.append(Either((*map(IsNull, field.sources), Not(IsNull(name)))))
    kinds = dict(types) | {name: ValueType.STRING for name, _ in chosen if name not in types}
    part = _part(mapping, steps, chosen, _check(tests, kinds), rejects)
    old = parts(model).get(part.id)
    return Merged(put(model, part, None if old else After(after), overwrite=overwrite), tuple(left))


def _steps(field: FieldMap, types: Types) -> tuple[str, list[Made]] | str:
    """The name of the field with the value, and the steps that make it; or why there are none."""
    missing = next((s for s in field.sources if s not in types), None)
    if missing is not None:
        return f"the stream has no field {missing!r}"
    how = transform(field.transform)
    taken = field.target.lower() in {name.lower() for name in types}
    name = f"{field.target} mapped" if taken else field.target
    made = how.steps(field.sources, types, name, how.read(field.params, field.target))
    if made is None:
        kinds = ", ".join(f"{s} {types[s]}" for s in field.sources)
        return f"Kettle has no steps that do the same ({field.words}; {kinds})"
    return (name, made) if made else (field.sources[0], [])


def _check(tests: list[Condition], types: Types) -> Made | None:
    if not tests:
        return None
    settings: Settings = [
        ("send_true_to", Role("converted")),
        ("send_false_to", Role("failing")),
        ("compare", condition_settings(All(tuple(tests)), types)),
    ]
    return Made("check", "all values converted?", "FilterRows", settings)


def _part(
    mapping: Mapping_, steps: list[Made], chosen: list[tuple[str, str]], check: Made | None, rejects: Sink | None
) -> Part:
    lines: Row = []
    for name, goal in chosen:  # a length that a step gave would pad texts in files
        renamed = goal if goal != name else ""
        lines.append(("field", [("name", name), ("rename", renamed), ("length", "-1"), ("precision", "-2")]))
    lines.append(("select_unspecified", "N"))
    select = Made("select", f"{mapping.name}: fields", "SelectValues", [("fields", lines)])
    body = [*steps, check] if check else [*steps, select]
    hops = list(itertools.pairwise(made.role for made in body))
    extra, errors = _fallbacks(body, hops)
    if check is None:
        return Part(f"map {mapping.name}", (*body, *extra), tuple(hops), body[0].role, "select", tuple(errors))
    sink = sink_step(rejects or ToDummy(), "rejected", f"{mapping.name}: rejected")
    converted, failing = Made("converted", "converted", "Dummy"), Made("failing", "not converted", "Dummy", lane=1)
    hops += [("check", "converted"), ("check", "failing"), ("converted", "select"), ("failing", "rejected")]
    hops += [("failing", "select")] if mapping.failing == "cell" else []
    made = (*body, *extra, converted, failing, select, sink)
    return Part(f"map {mapping.name}", made, tuple(hops), body[0].role, "select", tuple(errors))


def _fallbacks(body: list[Made], hops: list[tuple[str, str]]) -> tuple[list[Made], list[Errors]]:
    """Steps that rows which fail in a conversion take, back to the step behind it; their hops are added."""
    extra: list[Made] = []
    errors: list[Errors] = []
    for made, following in itertools.pairwise(body):
        if fallible(made):
            first, again = emptied(made)
            extra += [first, again]
            errors.append(Errors(made.role, first.role))
            hops += [(made.role, first.role), (first.role, again.role), (again.role, following.role)]
    return extra, errors
