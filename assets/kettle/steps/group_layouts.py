"""Reading the table of aggregates, and the fields they make.

Measured: rows that leave as groups carry other field descriptions than "include all rows" declares. Grouped, results
have the type's default mask, no origin, and length and precision of the subject; MIN, MAX, FIRST and LAST are copies of
the subject's description. With all rows they have no length, the subject's mask, and this step as origin.
"""

from typing import Any

import polars as pl

from assets.kettle.engine.step import Derivation, Ref, Step
from assets.kettle.errors import StepError
from assets.kettle.steps.group_functions import (
    ALL,
    COUNTS,
    CUMULATIVE,
    NUMBER_OF_TYPE,
    NUMBERS,
    SUMS,
    TEXTS,
    Aggregate,
)
from assets.kettle.values.defaults import BIGNUMBER_MASK, INTEGER_MASK, NUMBER_MASK
from assets.kettle.values.fields import Field, Layout, ValueType

MASKS = {
    ValueType.INTEGER: INTEGER_MASK,
    ValueType.NUMBER: NUMBER_MASK,
    ValueType.BIGNUMBER: BIGNUMBER_MASK,
}
WORDS = {
    "SUM": "sum",
    "AVERAGE": "average",
    "MEDIAN": "median",
    "PERCENTILE": "percentile",
    "PERCENTILE_NEAREST_RANK": "percentile (nearest rank)",
    "MIN": "smallest value",
    "MAX": "largest value",
    "COUNT_ALL": "number of values",
    "COUNT_ANY": "number of rows",
    "COUNT_DISTINCT": "number of distinct values",
    "CONCAT_COMMA": "joined with commas",
    "CONCAT_STRING": "joined",
    "FIRST": "first value",
    "LAST": "last value",
    "FIRST_INCL_NULL": "value of the first row",
    "LAST_INCL_NULL": "value of the last row",
    "CUM_SUM": "running sum",
    "CUM_AVG": "running average",
    "STD_DEV": "standard deviation",
    "STD_DEV_SAMPLE": "sample standard deviation",
}


def read_aggregates(step: Step, layout: Layout, *, memory: bool) -> list[Aggregate]:
    """The lines of the table, bound to the input. Raises StepError for unknown fields and functions."""
    found = []
    min_null = step.resolve("${KETTLE_AGGREGATION_MIN_NULL_IS_VALUED}").upper() in ("Y", "YES", "TRUE")
    for number, option in enumerate(step.options.rows("fields/field")):
        code = option.text("type").strip().upper()
        if code.isdigit() and int(code) < len(NUMBER_OF_TYPE):
            code = NUMBER_OF_TYPE[int(code)]
        if code not in ALL or (memory and code in CUMULATIVE):
            raise StepError(step.name, f"there is no aggregate function {code!r}", f"choose one of {', '.join(ALL)}")
        name, subject = option.text("aggregate"), layout.get(option.text("subject"))
        if subject is None and code != "COUNT_ANY":
            subject = step.field(layout, option.text("subject"), "the field to aggregate")
        value = step.resolve(option.text("valuefield"))
        if code.startswith("PERCENTILE") and not _is_number(value):
            raise StepError(step.name, f"the percentage of {name!r} is {value!r}", "give a number from 0 to 100")
        found.append(Aggregate(number, name, code, subject, value, memory, min_null))
    return found


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True


def gives_back_row(step: Step, aggregates: list[Aggregate]) -> bool:
    """Whether an empty input still gives one row; files without the option do so when something is counted."""
    return step.options.flag("give_back_row", default=any(a.code in COUNTS for a in aggregates))


def result_type(aggregate: Aggregate) -> ValueType:
    """The type of a result in a group."""
    if aggregate.code in COUNTS:
        return ValueType.INTEGER
    if aggregate.code in TEXTS:
        return ValueType.STRING
    assert aggregate.subject is not None
    if aggregate.code in NUMBERS or (aggregate.code in SUMS and not aggregate.subject.is_numeric):
        return ValueType.NUMBER
    return aggregate.subject.type


def grouped_field(aggregate: Aggregate) -> Field:
    """The field of a result when one row per group leaves."""
    kind, subject = result_type(aggregate), aggregate.subject
    if aggregate.code in COUNTS or subject is None:
        return Field(aggregate.name, ValueType.INTEGER, mask=INTEGER_MASK)
    copies = aggregate.code not in NUMBERS | TEXTS | SUMS
    if copies or (aggregate.memory and aggregate.code in SUMS and subject.is_numeric):
        return subject.but(name=aggregate.name)
    return Field(aggregate.name, kind, subject.length, subject.precision, MASKS.get(kind))


def all_rows_field(aggregate: Aggregate, origin: str) -> Field:
    """The field of a result when all rows leave."""
    kind, subject = result_type(aggregate), aggregate.subject
    if aggregate.code == "CUM_AVG" and kind is ValueType.INTEGER:
        kind = ValueType.NUMBER
    mask = MASKS[kind] if subject is None else subject.mask
    length = 10 if aggregate.code in COUNTS else -1
    return Field(aggregate.name, kind, length, mask=mask, origin=origin)


def derivations(aggregates: list[Aggregate], source: str, names: list[str]) -> dict[str, Derivation]:
    """Where the results come from; `names` are those of the fields that leave."""
    found = {}
    for aggregate, name in zip(aggregates, names, strict=True):
        sources = (Ref(aggregate.subject.name, source),) if aggregate.subject else ()
        found[name] = Derivation(sources, f"{WORDS[aggregate.code]} per group")
    return found


def zeros(step: Step, fields: list[Field]) -> list[pl.Expr]:
    """With KETTLE_AGGREGATION_ALL_NULLS_ARE_ZERO: results that are null become zero."""
    if step.resolve("${KETTLE_AGGREGATION_ALL_NULLS_ARE_ZERO}").upper() not in ("Y", "YES", "TRUE"):
        return []
    zero: dict[ValueType, Any] = {
        ValueType.INTEGER: 0,
        ValueType.NUMBER: 0.0,
        ValueType.BIGNUMBER: "0",
        ValueType.STRING: "",
    }
    return [pl.col(f.name).fill_null(zero[f.type]) for f in fields if f.type in zero]
