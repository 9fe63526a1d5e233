"""Filled values as steps of a transformation: looked up by key in a file, put where a field is null, flagged."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from assets.kettle.engine.run import EngineSettings
from assets.kettle.errors import KettleError
from assets.kettle.generate.imputed import imputed_part
from assets.kettle.generate.joins import Key
from assets.kettle.generate.line import put_line, withdrawn
from assets.kettle.generate.marks import parts
from assets.kettle.generate.part import Made, chain
from assets.kettle.generate.place import put
from assets.kettle.model import Transformation
from assets.kettle.values.fields import ValueType
from assets.quality.impute.model import Imputation
from assets.quality.impute.warehouse import FLAG, flagged
from assets.quality.rules.new_kettle import csv_input
from assets.quality.rules.to_kettle import fields

if TYPE_CHECKING:
    import polars as pl

PART = "impute "
VALUES = f"{PART}values"
_KINDS = (ValueType.INTEGER, ValueType.NUMBER, ValueType.STRING)


def values(frame: "pl.DataFrame", imputation: Imputation, keys: Sequence[str]) -> "pl.DataFrame":
    """Keys and filled values [rows with a filled cell, keys + filled columns]; null where the cell was there.

    Raises:
        KettleError: the keys are not one row each, or one of them is filled itself.
    """
    import polars as pl

    names = imputation.filled
    if not keys or set(keys) & set(names) or set(keys) - set(frame.columns):
        raise KettleError(
            f"{', '.join(keys) or 'nothing'} is no key of the table", "name columns that are never filled"
        )
    if frame.select(pl.struct(keys).is_duplicated().any() | pl.any_horizontal(pl.col(keys).is_null()).any()).item():
        raise KettleError(f"{', '.join(keys)} is null or the same in several rows", "name columns that tell every row")
    done = flagged(frame, imputation)
    filled = [pl.when(pl.col(f"{name}{FLAG}")).then(pl.col(name)).alias(name) for name in names]
    return done.select(*keys, *filled).filter(pl.any_horizontal(pl.col(names).is_not_null()))


def merged(
    model: Transformation,
    after: str,
    file: Path,
    found: "pl.DataFrame",
    keys: Sequence[str],
    *,
    overwrite: bool = False,
    settings: EngineSettings | None = None,
) -> Transformation:
    """Puts the look-ups behind step `after`; those of columns that are no longer filled go.

    Args:
        file: the CSV file that will hold `found`.
        found: of `values`.

    Raises:
        KettleError: the step is not there, lacks a field, or a field is of a type that a CSV file does not give back.
    """
    types = fields(model, after, settings)
    names = [name for name in found.columns if name not in keys]
    for name in [*keys, *names]:
        if types.get(name) not in _KINDS:
            what = f"has no field {name!r}" if name not in types else f"has {name!r} as {types[name]}"
            raise KettleError(f"step {after!r} {what}", f"it must be one of {', '.join(k.value for k in _KINDS)}")
    model = withdrawn(model, PART, {VALUES, *(PART + name for name in names)})
    read = Made("read", "imputed values", "CsvInput", csv_input(file, dict(found.schema)), 1)
    model = put(model, chain(VALUES, read), overwrite=overwrite)
    source = parts(model)[VALUES]["read"]
    pairs = [Key(name, name, types[name], types[name]) for name in keys]
    made = [imputed_part(PART + name, source, pairs, name, types[name]) for name in names]
    return put_line(model, made, after, overwrite=overwrite)
