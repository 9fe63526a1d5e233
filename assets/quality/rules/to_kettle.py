"""Accepted rules of a table as steps of a transformation: added, brought up to date, or taken out again."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from assets.kettle.describe import describe_transformation
from assets.kettle.engine.run import EngineSettings
from assets.kettle.errors import KettleError
from assets.kettle.generate.line import put_line, withdrawn
from assets.kettle.generate.part import Part
from assets.kettle.generate.sinks import Sink
from assets.kettle.model import Transformation
from assets.kettle.values.fields import ValueType
from assets.quality.rules.expressions import Types
from assets.quality.rules.model import Rule
from assets.quality.rules.registry import kind

PART = "clean "
_ORDER = {"repair": 0, "reject": 1, "report": 3}


@dataclass(frozen=True, slots=True)
class Merged:
    """The transformation with the rules' steps.

    Attributes:
        left_out: rules that are no steps, and why, in words.
    """

    model: Transformation
    left_out: tuple[tuple[Rule, str], ...]


def merged(
    model: Transformation,
    rules: Sequence[Rule],
    after: str,
    *,
    rejects: Sink | None = None,
    overwrite: bool = False,
    settings: EngineSettings | None = None,
) -> Merged:
    """Puts the rules behind step `after`, one part each; parts of rules that are no longer there go.

    Repairs come first, in their order, then Unique rows, then filters, so that the rows that stay are those of the
    native plan; a row that breaks several rules is rejected by the first of them.

    Raises:
        KettleError: the step is not there, its fields are not known, or generated steps were changed by hand.
    """
    types = fields(model, after, settings)
    made: list[Part] = []
    left: list[tuple[Rule, str]] = []
    for rule in sorted(rules, key=lambda r: (_ORDER[r.action], r.kind != "unique")):
        why, found = _parts(rule, types, rules, rejects)
        if why:
            left.append((rule, why))
        made += [replace(part, id=PART + part.id) for part in found]
    model = put_line(withdrawn(model, PART, {p.id for p in made}), made, after, overwrite=overwrite)
    return Merged(model, tuple(left))


def fields(model: Transformation, step: str, settings: EngineSettings | None = None) -> dict[str, ValueType]:
    """The fields that leave a step, with their types. Raises KettleError."""
    found = next(
        (s for s in describe_transformation(model, model.name, settings=settings).steps if s.name == step), None
    )
    if found is None:
        raise KettleError(f"{model.name}: there is no step {step!r}", f"there are: {', '.join(model.steps)}")
    if found.fields is None:
        raise KettleError(f"the fields of step {step!r} are not known", found.problem or "name another step")
    return {field.name: ValueType.parse(field.type) for field in found.fields}


def _parts(rule: Rule, types: Types, rules: Sequence[Rule], rejects: Sink | None) -> tuple[str, Sequence[Part]]:
    """Why there are none, or the parts."""
    how = kind(rule.kind)
    if rule.action == "report":
        return "it only reports", ()
    missing = [name for name in how.reads(rule) if name not in types]
    if missing:
        return f"the stream has no field {missing[0]!r}", ()
    if rule.kind == "unique" and not _never_null(rule, rules):
        return "rows with a null key are one key to Unique rows: accept a not_null rule that rejects them", ()
    found = how.steps(rule, types, rejects)
    if found is None:
        names = ", ".join(f"{name} {types[name]}" for name in how.reads(rule))
        return f"Kettle has no steps that do the same ({names})", ()
    return "", found


def _never_null(rule: Rule, rules: Sequence[Rule]) -> bool:
    """Whether rows with a null in the key leave the table anyway."""
    kept = {c for r in rules if r.kind == "not_null" and r.action == "reject" for c in r.columns}
    return set(rule.columns) <= kept
