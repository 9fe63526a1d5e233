"""Aggregates as states that grow row by row, so that rows need not be kept until their group is complete.

Each aggregate has one or two states: what a row adds to it, and the aggregate that joins what rows, or states of
earlier rows, have added. States join in the order of the rows, so that sums of Numbers round as Kettle's do. Functions
that need all values at once (percentiles, deviations, joined texts, distinct values) have no states.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import polars as pl

from assets.kettle.errors import StepError
from assets.kettle.steps.group_functions import Aggregate, big_quotient, expression, numbers, prepared, quotient
from assets.kettle.values.fields import Field, ValueType

ONE, REAL, NUMBER, PRESENT, VALUE = "one", "real", "number", "present", "value"
SAME = ("MIN", "MAX", "FIRST", "LAST", "FIRST_INCL_NULL", "LAST_INCL_NULL")
# code -> (what a row adds, how it is joined)
STATES: dict[str, tuple[tuple[str, str], ...]] = {
    **{code: ((VALUE, code),) for code in SAME},
    "SUM": ((NUMBER, "SUM"),),
    "AVERAGE": ((NUMBER, "SUM"), (PRESENT, "SUM")),
    "COUNT_ALL": ((REAL, "SUM"),),
    "COUNT_ANY": ((ONE, "SUM"),),
}
# Memory group by: the first row counts when it is '' but not when it is null, later ones only when they are neither
MEMORY_STATES = STATES | {
    "FIRST": ((VALUE, "FIRST_INCL_NULL"), (VALUE, "FIRST_REAL")),
    "LAST": ((VALUE, "LAST_REAL"), (VALUE, "FIRST_INCL_NULL")),
}


def key_name(number: int) -> str:
    """Column of a key among the states."""
    return f"\x03{number}"


def result_name(number: int) -> str:
    """Column of an aggregate or a state."""
    return f"\x01{number}"


@dataclass(frozen=True, slots=True)
class State:
    """One column of states.

    Attributes:
        kind: what a row adds: 1, whether it is a value, the value as a number, the value.
        whole: joins the column.
    """

    kind: str
    aggregate: Aggregate
    whole: Aggregate

    @property
    def field(self) -> Field:
        """The column."""
        assert self.whole.subject is not None
        return self.whole.subject

    def of_rows(self, frame: pl.DataFrame) -> pl.Series:
        """What each row adds. Raises ValueError for a text that is no number."""
        subject = self.aggregate.subject
        if self.kind == ONE or subject is None:
            return pl.repeat(1, frame.height, dtype=pl.Int64, eager=True)
        column = frame[subject.name]
        if self.kind == REAL:
            real = column.is_not_null()
            return real & (column != "") if subject.type is ValueType.STRING else real
        if self.kind != VALUE and not subject.is_numeric:
            column = numbers(column, subject)
        return column.is_not_null() if self.kind == PRESENT else column


@dataclass(frozen=True, slots=True)
class Partial:
    """An aggregate with its states."""

    aggregate: Aggregate
    states: tuple[State, ...]

    def result(self) -> pl.Expr:
        """The aggregate from its states."""
        columns = [pl.col(state.field.name) for state in self.states]
        if len(columns) == 1:
            return columns[0]
        if self.aggregate.code != "AVERAGE":
            return pl.coalesce(columns)
        if not self.aggregate.is_big:
            return quotient(self.aggregate, *columns)
        pair = pl.struct(total=columns[0], count=columns[1])
        return pair.map_elements(lambda s: big_quotient(s["total"], s["count"]), return_dtype=pl.String)


def partials(aggregates: Sequence[Aggregate]) -> list[Partial] | None:
    """The aggregates with their states; None when one has none."""
    found: list[Partial] = []
    number = 0
    for aggregate in aggregates:
        table = (MEMORY_STATES if aggregate.memory else STATES).get(aggregate.code)
        if table is None:
            return None
        states = []
        for kind, code in table:
            field = _state_field(aggregate, kind, result_name(number))
            states.append(State(kind, aggregate, replace(aggregate, number=number, code=code, subject=field)))
            number += 1
        found.append(Partial(aggregate, tuple(states)))
    return found


def _state_field(aggregate: Aggregate, kind: str, name: str) -> Field:
    subject = aggregate.subject
    if subject is None or kind in (ONE, REAL, PRESENT):
        return Field(name, ValueType.INTEGER)
    if kind == NUMBER and not subject.is_numeric:
        return Field(name, ValueType.NUMBER)
    return subject.but(name=name)


def states_of(step: str, frame: pl.DataFrame, keys: Sequence[str], states: Sequence[State]) -> pl.DataFrame:
    """What each row adds, with its keys. Raises StepError for a text to sum up that is no number."""
    columns = [frame[name].alias(key_name(n)) for n, name in enumerate(keys)]
    try:
        columns += [state.of_rows(frame).cast(state.field.dtype).alias(state.field.name) for state in states]
    except ValueError as error:
        raise _not_a_number(step, error) from error
    return pl.DataFrame(columns)


def _not_a_number(step: str, error: ValueError) -> StepError:
    return StepError(step, str(error), "aggregate numbers, or convert the field before")


def aggregate_rows(
    step: str,
    frame: pl.DataFrame,
    by: list[pl.Series],
    keys: Sequence[str],
    aggregates: Sequence[Aggregate],
    *,
    memory: bool,
) -> pl.DataFrame:
    """One row per group of the columns `by`: `key_name` and `result_name` columns.

    Memory group by: groups in any order, keys of the first row; else in order, keys of the last row. Raises StepError
    for a text to sum up that is no number.
    """
    try:
        columns = [c for c in (prepared(frame, a) for a in aggregates) if c is not None]
    except ValueError as error:
        raise _not_a_number(step, error) from error
    helpers = {c.name for c in columns}
    picked = [(pl.first if memory else pl.last)(name).alias(key_name(n)) for n, name in enumerate(keys)]
    picked += [expression(a, helpers).alias(result_name(a.number)) for a in aggregates]
    table = frame.with_columns([*columns, *by])
    return table.group_by([c.name for c in by], maintain_order=not memory).agg(picked).drop([c.name for c in by])
