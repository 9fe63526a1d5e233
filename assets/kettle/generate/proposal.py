"""A source's ALTER as a proposal: what changed, which steps break, and the transformation with its input corrected."""

from collections.abc import Callable, Sequence
from copy import deepcopy
from dataclasses import dataclass

from sqlglot import exp, parse_one
from sqlglot.errors import SqlglotError

from assets.kettle.diff import diff, render
from assets.kettle.errors import KettleError
from assets.kettle.files.edit import insert, remove, set_text
from assets.kettle.files.new import element
from assets.kettle.files.read import refresh
from assets.kettle.files.write import copied
from assets.kettle.generate.columns import ColumnChange, SourceColumn, column_changes
from assets.kettle.generate.part import Made, chain
from assets.kettle.generate.place import After, put
from assets.kettle.generate.structure import changing, meta
from assets.kettle.generate.uses import Use, uses
from assets.kettle.model import Transformation


@dataclass(frozen=True, slots=True)
class Effect:
    """What one change does to a transformation.

    Attributes:
        users: the steps that use the column; of a new column none.
        breaking: a run with the file as it is fails or gives other values.
        note: what the proposal does about it, or why it does nothing.
    """

    change: ColumnChange
    users: tuple[Use, ...]
    breaking: bool
    note: str

    def __str__(self) -> str:
        """One line for people."""
        c = self.change
        now = f" -> {c.now.name}" if c.kind == "renamed" and c.now else ""
        types = f" {c.was.type_text} -> {c.now.type_text}" if c.kind == "retyped" and c.was and c.now else ""
        sure = f" (sure to {c.confidence:.0%})" if c.kind == "renamed" else ""
        steps = ", ".join(dict.fromkeys(use.step for use in self.users))
        used = f"; used in {steps}" if steps else ""
        return f"{'BREAKS: ' if self.breaking else ''}column {c.name!r} {c.kind}{now}{types}{sure}{used}; {self.note}"


@dataclass(frozen=True, slots=True)
class Proposal:
    """The effects on one input step, and the model as it would be; `model` is the old one when nothing is to do."""

    step: str
    effects: tuple[Effect, ...]
    before: Transformation
    model: Transformation

    @property
    def blocking(self) -> bool:
        """Whether the file as it is must not run: a check may fail by this."""
        return any(effect.breaking for effect in self.effects)

    def text(self) -> str:
        """The effects and the diff, for a person who decides."""
        return "\n".join([*map(str, self.effects), render(diff(self.before, self.model))]).strip()


def propose(
    model: Transformation,
    step: str,
    before: Sequence[SourceColumn],
    now: Sequence[SourceColumn],
    dialect: str = "",
    changes: list[ColumnChange] | None = None,
) -> Proposal:
    """What to do about a changed source of a Table input or CSV input.

    A new column is added to the input, so that it is not dropped silently; a renamed one keeps its old name in the
    stream; one of another type is converted back behind a Table input; a removed one leaves the query, and the steps
    that use it are named: those a person has to change.

    Args:
        before: the columns when the transformation was last in order, for instance from the catalogue.
        dialect: sqlglot's name of the database of a Table input.
        changes: between the two, where more is known of them than names, types and places tell.

    Raises:
        KettleError: an unknown step, or one of another type.
    """
    node = model.steps.get(step)
    if node is None or node.type not in _INPUTS:
        what = f"step {step!r} is {node.type if node else 'not there'}"
        raise KettleError(what, f"name an input: {', '.join(_INPUTS)}")
    found = column_changes(before, now) if changes is None else changes
    return _INPUTS[node.type](model, step, found, now, dialect)


def _users(model: Transformation, step: str, change: ColumnChange) -> tuple[Use, ...]:
    return tuple(uses(model, step, change.was.name)) if change.was is not None else ()


def _table_input(
    model: Transformation, step: str, changes: list[ColumnChange], now: Sequence[SourceColumn], dialect: str
) -> Proposal:
    sql = model.steps[step].options.text("sql")
    query = _plain_query(sql, dialect)
    result = copied(model)
    effects = []
    back: list[ColumnChange] = []
    starred = query is not None and any(isinstance(p, exp.Star) for p in query.expressions)
    if starred and query is not None and any(change.kind == "renamed" for change in changes):
        query.set("expressions", [exp.column(_quoted(column.name)) for column in now])
    for change in changes:
        users = _users(model, step, change)
        named = query is None or _names(query, change)
        note = _edit_query(query, change, starred) if query is not None else "the query cannot be edited by itself"
        if change.kind == "retyped" and not change.widened and (named or starred):
            back.append(change)
            note = "converted back to the old type behind the input"
        breaking = {
            "added": False,
            "removed": named or bool(users),
            "renamed": (named and not starred) or bool(users),
            "retyped": bool(users) and not change.widened,
        }[change.kind]
        effects.append(Effect(change, users, breaking, note))
    if query is not None and query != _plain_query(sql, dialect):
        set_text(result, step, "sql", query.sql(dialect=dialect or None, pretty="\n" in sql))
    if back:
        lines = [meta(c.name, c.was.kind, c.was.length, c.was.precision) for c in back if c.was is not None]
        made = Made("types", f"{step}: types as before", "SelectValues", changing(*lines))
        result = put(result, chain(f"source {step}", made), After(step))
    return Proposal(step, tuple(effects), model, result)


def _plain_query(sql: str, dialect: str) -> exp.Select | None:
    """The query where it is a SELECT from one table that can be written back; variables would not survive that."""
    if "${" in sql or "%%" in sql or "?" in sql:
        return None
    try:
        query = parse_one(sql, dialect=dialect or None)
    except SqlglotError:
        return None
    return query if isinstance(query, exp.Select) and len(list(query.find_all(exp.Table))) == 1 else None


def _names(query: exp.Select, change: ColumnChange) -> bool:
    return change.was is not None and bool(_columns(query, change.was.name))


def _columns(query: exp.Expression, name: str) -> list[exp.Column]:
    return [c for c in query.find_all(exp.Column) if c.name.lower() == name.lower()]


def _quoted(name: str) -> exp.Identifier:
    return exp.to_identifier(name, quoted=None if name.islower() and name.isidentifier() else True)


def _edit_query(query: exp.Select, change: ColumnChange, starred: bool) -> str:
    """Changes the query for one change; says what was done."""
    if change.kind == "added" and change.now is not None:
        if starred:
            return "it comes in with *"
        query.select(exp.column(_quoted(change.now.name)), copy=False)
        return "added to the query"
    if change.kind == "renamed" and change.was is not None and change.now is not None:
        return _rename(query, change.was.name, change.now.name)
    if change.kind == "removed" and change.was is not None:
        return _drop(query, change.was.name)
    return "nothing to do in the query"


def _rename(query: exp.Select, old: str, new: str) -> str:
    for projection in list(query.expressions):
        if isinstance(projection, exp.Column) and projection.name.lower() in (old.lower(), new.lower()):
            column = exp.column(_quoted(new), table=projection.args.get("table"))
            projection.replace(exp.alias_(column, _quoted(old)))
    for column in _columns(query, old):
        column.set("this", _quoted(new))
    return "read under its old name"


def _drop(query: exp.Select, name: str) -> str:
    kept = [p for p in query.expressions if not (isinstance(p, exp.Column) and p.name.lower() == name.lower())]
    if len(kept) < len(query.expressions) and kept:
        query.set("expressions", kept)
    return "still named in the query: change it" if _columns(query, name) else "taken out of the query"


def _csv_input(
    model: Transformation, step: str, changes: list[ColumnChange], now: Sequence[SourceColumn], dialect: str
) -> Proposal:
    """The step's fields in the order of the file; a renamed column keeps the field's name, which the place rules."""
    result = copied(model)
    fields = result.steps[step].options.element.find("fields")
    present = {(f.findtext("name") or "").lower(): f for f in fields} if fields is not None else {}
    effects = []
    places = [column.name.lower() for column in now]
    for change in changes:
        users = _users(model, step, change)
        field = present.get(change.was.name.lower()) if change.was is not None else None
        note = "the field keeps its name"
        if change.kind == "added" and change.now is not None:
            insert(fields, min(places.index(change.now.name.lower()), len(fields)), _csv_field(change.now, fields))
            note = "added to the fields"
        elif change.kind == "removed" and field is not None:
            remove(field)
            note = "taken out of the fields"
        elif change.kind == "retyped" and field is not None and change.now is not None:
            field.find("type").text = change.now.kind.value
            note = "read as its new type"
        # without a column those behind it move up
        breaking = change.kind == "removed" or (change.kind == "retyped" and bool(users) and not change.widened)
        effects.append(Effect(change, users, breaking, note))
    refresh(result)
    return Proposal(step, tuple(effects), model, result)


def _csv_field(column: SourceColumn, fields: Sequence[object]) -> object:
    """A field like the first one, with the new column's name and type, without a mask."""
    if len(fields):
        made = deepcopy(fields[0])
        texts = {"name": column.name, "type": column.kind.value, "format": "", "length": "-1", "precision": "-1"}
        for tag, text in texts.items():
            found = made.find(tag)  # type: ignore[attr-defined]  # an lxml element
            if found is not None:
                found.text = text or None
        return made
    return element("field", [("name", column.name), ("type", column.kind.value), ("trim_type", "none")])


_INPUTS: dict[str, Callable[..., Proposal]] = {"TableInput": _table_input, "CsvInput": _csv_input}
