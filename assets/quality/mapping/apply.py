"""The accepted fields of a mapping as one polars plan: the target's rows, and the rows that cannot be converted."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import polars as pl

from assets.quality.mapping.model import FieldMap, Mapping_
from assets.quality.mapping.registry import transform
from assets.quality.mapping.transform import Column, Transform, is_plain
from assets.quality.rules.handed_over import together
from assets.quality.rules.reading import rows, scan_texts
from assets.quality.rules.writing import sinking
from core.errors import SourceError
from core.near import near

ROW, REASONS = "heddle_row", "heddle_reasons"  # columns of the reject table: number of the row from 0, and why
_VALUE = "heddle_value_"
SURE = ("copy", "constant", "merge")  # transforms that convert every value


@dataclass(frozen=True, slots=True)
class Applied:
    """Both results, lazily; every source row is in `rows` or, in mode `row`, in `rejects` only."""

    rows: pl.LazyFrame
    rejects: pl.LazyFrame


@dataclass(frozen=True, slots=True)
class Counts:
    """Rows that came, that were written to the target, and that are in the reject table."""

    source: int
    rows: int
    rejects: int


@dataclass(frozen=True, slots=True)
class Fitted:
    """A field's columns, transform and parameters, which fit each other."""

    columns: list[Column]
    how: Transform
    p: Any

    @property
    def value(self) -> pl.Expr:
        """What fills the target."""
        return self.how.value(self.columns, self.p)


def fitted(field: FieldMap, schema: Mapping[str, pl.DataType], where: str) -> Fitted:
    """What fills a target column.

    Raises:
        SourceError: the source lacks a column, or the transform does not fit a column's type.
    """
    place = f"{where}: target {field.target}"
    for name in field.sources:
        if name not in schema:
            raise SourceError(f"{place}: there is no column {name!r}", near(name, schema))
    how = transform(field.transform)
    made = Fitted([Column(name, schema[name]) for name in field.sources], how, how.read(field.params, place))
    try:
        if field.transform != "copy":
            _plain(made.columns)
        how.check(made.columns, made.p)
        pl.DataFrame(schema=dict(schema)).select(made.value)
    except SourceError as error:
        raise SourceError(f"{place}: {error.what}", error.fix) from None
    except pl.exceptions.PolarsError as error:
        types = ", ".join(f"{name} {schema[name]}" for name in field.sources)
        said = f"{place}: {field.transform} does not fit {types}: {str(error).splitlines()[0]}"
        raise SourceError(said, "choose another transform") from None
    return made


def _plain(columns: Iterable[Column]) -> None:
    """Raises SourceError for a column that is neither texts, numbers, truth values, dates nor moments."""
    for column in columns:
        if not is_plain(column.dtype):
            raise SourceError(f"{column.name} is a {column.dtype}, which only copy takes", "choose another column")


def apply(mapping: Mapping_, source: pl.LazyFrame) -> Applied:
    """The plan over a source.

    Raises:
        SourceError: nothing is accepted; a column is not there; a transform does not fit a column's type.
    """
    if not mapping.accepted:
        raise SourceError(f"{mapping.name}: no field is accepted", f"`heddle map accept {mapping.name} --least 0.9`")
    schema = dict(source.collect_schema())
    taken = next((n for n in schema if n in (ROW, REASONS) or n.startswith(_VALUE)), None)
    if taken:
        raise SourceError(f"{mapping.source} has a column {taken}", "rename it: the name is used here")
    values, reasons = [], []
    for n, field in enumerate(mapping.accepted):
        made = fitted(field, schema, mapping.name)
        values.append(made.value.alias(value_name(n)))
        if field.transform not in SURE:
            failing = pl.all_horizontal(*map(_there, made.columns)) & pl.col(value_name(n)).is_null()
            reasons.append(pl.when(failing).then(pl.lit(f"{field.target}: {made.how.reason(made.p)}")))
    valued = source.with_row_index(ROW).with_columns(values)
    why = pl.concat_str(reasons, separator="; ", ignore_nulls=True) if reasons else pl.lit("")
    valued = valued.with_columns(why.alias(REASONS))
    stays = valued.filter(pl.col(REASONS) == "") if mapping.failing == "row" else valued
    rows = stays.select(pl.col(value_name(n)).alias(f.target) for n, f in enumerate(mapping.accepted))
    return Applied(rows, valued.filter(pl.col(REASONS) != "").select(ROW, *schema, REASONS))


def write(mapping: Mapping_, source: pl.LazyFrame, into: Path, rejects: Path, *, safe: bool = False) -> Counts:
    """Writes both results in one streamed pass, CSV or Parquet by their endings; both files or none.

    Args:
        safe: texts that a spreadsheet takes for formulas are marked in the CSV file of the rows too; in that of the
            rejects, which people read, they always are.

    Raises:
        SourceError: as `apply`; rows would be lost.
    """
    found = apply(mapping, source)
    with together([into, rejects]) as (made, failed):
        sinks = [sinking(found.rows, made, safe=safe), sinking(found.rejects, failed, safe=True)]
        pl.collect_all(sinks, engine="streaming")
        counts = Counts(rows(source), *(rows(_scan(path)) for path in (made, failed)))
        kept = counts.rows + (counts.rejects if mapping.failing == "row" else 0)
        if kept != counts.source:
            raise SourceError(f"{counts.source} rows came, {kept} went", "the source changed meanwhile: try again")
    return counts


def value_name(n: int) -> str:
    """What the value of the n-th field is called until it gets its target's name, which a source column may have."""
    return f"{_VALUE}{n}"


def _there(column: Column) -> pl.Expr:
    return (column.expr.is_not_null() & (column.expr != "")) if column.is_text else column.expr.is_not_null()


def _scan(path: Path) -> pl.LazyFrame:
    return pl.scan_parquet(path) if path.suffix.lower() == ".parquet" else scan_texts(path)
