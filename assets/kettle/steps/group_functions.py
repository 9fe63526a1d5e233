"""The aggregate functions of Group by and Memory group by as polars expressions inside a group.

Measured on PDI 9.3: AVERAGE of Integer is cut to an Integer; PERCENTILE interpolates at p(n+1); median and percentile
of nothing are NaN; concatenations skip null and give '' for nothing; counting distinct values of nothing gives null in
Group by and 0 in Memory group by; '' counts as null except where Java's null itself is tested (first, last, concat).
"""

from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal
from functools import reduce

import polars as pl

from assets.kettle.values.convert import convert, to_text
from assets.kettle.values.fields import Field, ValueType
from assets.kettle.values.java_numbers import add, big_decimal, divide, plain
from assets.kettle.values.ordering import order_key

NUMBER_OF_TYPE = (
    "-", "SUM", "AVERAGE", "MEDIAN", "PERCENTILE", "MIN", "MAX", "COUNT_ALL", "CONCAT_COMMA", "FIRST", "LAST",
    "FIRST_INCL_NULL", "LAST_INCL_NULL", "CUM_SUM", "CUM_AVG", "STD_DEV", "CONCAT_STRING", "COUNT_DISTINCT",
    "COUNT_ANY", "STD_DEV_SAMPLE", "PERCENTILE_NEAREST_RANK",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Aggregate:
    """One line of the aggregates table.

    Attributes:
        number: position in the table; names the helper columns.
        subject: None only for COUNT_ANY.
        value: separator of CONCAT_STRING, percentage of percentiles.
        memory: by the rules of Memory group by.
        min_null: KETTLE_AGGREGATION_MIN_NULL_IS_VALUED: null is the smallest value of MIN.
    """

    number: int
    name: str
    code: str
    subject: Field | None
    value: str = ""
    memory: bool = False
    min_null: bool = False

    @property
    def column(self) -> pl.Expr:
        """The subject as it is."""
        assert self.subject is not None
        return pl.col(self.subject.name)

    @property
    def real(self) -> pl.Expr:
        """The subject with '' as null."""
        assert self.subject is not None
        return self.column.replace("", None) if self.subject.type is ValueType.STRING else self.column

    @property
    def helper(self) -> str:
        """Name of the prepared column of this aggregate."""
        return f"\x00value{self.number}"

    @property
    def is_big(self) -> bool:
        """The subject is a BigNumber."""
        return self.subject is not None and self.subject.type is ValueType.BIGNUMBER


def prepared(frame: pl.DataFrame, aggregate: Aggregate) -> pl.Series | None:
    """The column that the function works on, where the subject itself will not do. Raises ValueError; see `numbers`."""
    subject = aggregate.subject
    kind = PREPARED.get(aggregate.code)
    if kind is None or subject is None:
        return None
    column = frame[subject.name]
    if kind == "text":
        return to_text(column, subject).alias(aggregate.helper)
    if kind == "order":
        if subject.type in (ValueType.STRING, ValueType.BIGNUMBER):
            return order_key(column, subject, case_sensitive=True).alias(aggregate.helper)
        return None
    if (kind == "sum" and subject.is_numeric) or subject.type is ValueType.NUMBER:
        return None
    return numbers(column, subject).alias(aggregate.helper)


def numbers(column: pl.Series, field: Field) -> pl.Series:
    """The column as Numbers. Raises ValueError naming field and value when one is none."""
    converted = convert(column, field, Field(field.name, ValueType.NUMBER))
    if converted.reasons:
        raise ValueError(f"field {field.name!r}: {next(iter(converted.reasons.values()))}")
    return converted.values


PREPARED = {
    "SUM": "sum", "AVERAGE": "sum", "CUM_SUM": "sum", "CUM_AVG": "sum", "MEDIAN": "number",
    "PERCENTILE": "number", "PERCENTILE_NEAREST_RANK": "number", "STD_DEV": "number", "STD_DEV_SAMPLE": "number",
    "MIN": "order", "MAX": "order", "CONCAT_COMMA": "text", "CONCAT_STRING": "text",
}  # fmt: skip


def expression(aggregate: Aggregate, helpers: set[str]) -> pl.Expr:
    """The function inside a group; `helpers` are the prepared columns that are there."""
    value = pl.col(aggregate.helper) if aggregate.helper in helpers else None
    function = FUNCTIONS.get(aggregate.code) or INNER[aggregate.code]
    return function(aggregate, value).alias(aggregate.name)


Function = Callable[[Aggregate, pl.Expr | None], pl.Expr]


def _given(aggregate: Aggregate, value: pl.Expr | None) -> pl.Expr:
    return aggregate.column if value is None else value


def _big_sum(values: pl.Series) -> Decimal | None:
    texts = values.drop_nulls().to_list()
    return reduce(add, map(big_decimal, texts)) if texts else None


def _sum(a: Aggregate, value: pl.Expr | None) -> pl.Expr:
    if a.is_big:
        return _per_list(a.column, lambda s: None if (t := _big_sum(s)) is None else plain(t))
    column = _given(a, value)
    return pl.when(column.count() > 0).then(_total(a, column))


def _total(a: Aggregate, column: pl.Expr) -> pl.Expr:
    """The sum; of Numbers one after the other as Kettle adds them, because `sum` rounds better than that."""
    if a.subject is not None and a.subject.type is ValueType.INTEGER:
        return column.sum()
    return column.drop_nulls().cum_sum().last()


def _average(a: Aggregate, value: pl.Expr | None) -> pl.Expr:
    if a.is_big:
        return _per_list(a.column, _big_average)
    column = _given(a, value)
    return quotient(a, _total(a, column), column.count().cast(pl.Int64))


def quotient(a: Aggregate, total: pl.Expr, count: pl.Expr) -> pl.Expr:
    """The average from sum and number of values; null of none. Not for BigNumbers."""
    if a.subject is not None and a.subject.type is ValueType.INTEGER:
        # Java's division truncates towards zero
        return pl.when(count > 0).then((total - total.sign() * (total.abs() % count)) // count)
    return pl.when(count > 0).then(total / count)


def big_quotient(total: str | None, count: int) -> str | None:
    """The average of BigNumbers from their sum and number."""
    return None if total is None else plain(divide(big_decimal(total), Decimal(count)))


def _big_average(values: pl.Series) -> str | None:
    total = _big_sum(values)
    return None if total is None else plain(divide(total, Decimal(values.drop_nulls().len())))


def _per_list(column: pl.Expr, function: Callable[[pl.Series], str | None]) -> pl.Expr:
    return column.implode().map_elements(lambda s: function(s), return_dtype=pl.String)


def _percentile(a: Aggregate, value: pl.Expr | None) -> pl.Expr:
    share = 50.0 if a.code == "MEDIAN" else float(a.value)
    ordered = _given(a, value).drop_nulls().sort()
    count = ordered.len().cast(pl.Int64)
    position = (count + 1).cast(pl.Float64) * share / 100
    low = position.floor().cast(pl.Int64).clip(1, pl.max_horizontal(count, pl.lit(1)))
    below = ordered.get(low - 1, null_on_oob=True)
    above = ordered.get(pl.min_horizontal(low, pl.max_horizontal(count - 1, pl.lit(0))), null_on_oob=True)
    inside = below + (position - low) * (above - below)
    edge = (position < 1) | (position >= count)
    return pl.when(edge).then(below).otherwise(inside).fill_null(float("nan"))


def _nearest_rank(a: Aggregate, value: pl.Expr | None) -> pl.Expr:
    ordered = _given(a, value).drop_nulls().sort()
    place = (ordered.len() * (float(a.value) / 100)).ceil().cast(pl.Int64) - 1
    return ordered.get(place.clip(0, None), null_on_oob=True)


def _deviation(a: Aggregate, value: pl.Expr | None) -> pl.Expr:
    column = _given(a, value)
    if a.code == "STD_DEV":
        return column.std(ddof=0)
    return pl.when(column.count() == 1).then(float("nan")).otherwise(column.std(ddof=1))


def _extreme(a: Aggregate, value: pl.Expr | None) -> pl.Expr:
    lowest = a.code == "MIN"
    if value is None:
        found = a.column.min() if lowest else a.column.max()
    else:
        place = value.arg_min() if lowest else value.arg_max()
        found = pl.when(value.count() > 0).then(a.column.get(place, null_on_oob=True)).otherwise(a.column.first())
    if not lowest:
        return found
    if a.min_null:
        return pl.when(a.column.null_count() == 0).then(found)
    if value is not None and not a.memory and a.subject is not None and a.subject.type is ValueType.STRING:
        # Group by skips null but not '', which is smaller than any text
        return pl.when((a.column == "").any()).then(pl.lit("")).otherwise(found)
    return found


def _first(a: Aggregate, _: pl.Expr | None) -> pl.Expr:
    return pl.coalesce(a.column.first(), (a.real if a.memory else a.column).drop_nulls().first())


def _last(a: Aggregate, _: pl.Expr | None) -> pl.Expr:
    if a.memory:
        return pl.coalesce(a.real.drop_nulls().last(), a.column.first())
    return a.column.drop_nulls().last()


def _joined(a: Aggregate, value: pl.Expr | None) -> pl.Expr:
    text = _given(a, value).drop_nulls()
    # a separator is only put behind something: empty texts at the beginning leave no trace
    return text.filter((text != "").cum_max()).str.join(", " if a.code == "CONCAT_COMMA" else a.value)


def _distinct(a: Aggregate, _: pl.Expr | None) -> pl.Expr:
    count = a.real.drop_nulls().n_unique().cast(pl.Int64)
    return count if a.memory else pl.when(count > 0).then(count)


FUNCTIONS: dict[str, Function] = {
    "SUM": _sum,
    "AVERAGE": _average,
    "MEDIAN": _percentile,
    "PERCENTILE": _percentile,
    "PERCENTILE_NEAREST_RANK": _nearest_rank,
    "MIN": _extreme,
    "MAX": _extreme,
    "COUNT_ALL": lambda a, _: a.real.count().cast(pl.Int64),
    "COUNT_ANY": lambda a, _: pl.len().cast(pl.Int64),
    "COUNT_DISTINCT": _distinct,
    "CONCAT_COMMA": _joined,
    "CONCAT_STRING": _joined,
    "FIRST": _first,
    "LAST": _last,
    "FIRST_INCL_NULL": lambda a, _: a.column.first(),
    "LAST_INCL_NULL": lambda a, _: a.column.last(),
    "STD_DEV": _deviation,
    "STD_DEV_SAMPLE": _deviation,
}
# what only states are joined by
INNER: dict[str, Function] = {
    "FIRST_REAL": lambda a, _: a.real.drop_nulls().first(),
    "LAST_REAL": lambda a, _: a.real.drop_nulls().last(),
}
COUNTS = {"COUNT_ALL", "COUNT_ANY", "COUNT_DISTINCT"}
NUMBERS = {"MEDIAN", "PERCENTILE", "PERCENTILE_NEAREST_RANK", "STD_DEV", "STD_DEV_SAMPLE"}
TEXTS = {"CONCAT_COMMA", "CONCAT_STRING"}
SUMS = {"SUM", "AVERAGE", "CUM_SUM", "CUM_AVG"}
CUMULATIVE = {"CUM_SUM", "CUM_AVG"}
ALL = FUNCTIONS.keys() | CUMULATIVE
