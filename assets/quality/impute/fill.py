"""Filling a table by a fitted imputation: the cells, what they were, and how sure each is."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from assets.quality.impute import missing, table
from assets.quality.impute.model import Filler, Imputation
from assets.quality.impute.table import Column, Floats, Mask
from core.errors import HeddleError

if TYPE_CHECKING:
    import polars as pl


@dataclass(frozen=True, slots=True)
class Filled:
    """A filled table.

    Attributes:
        frame: the table; refused columns are as they were.
        cells: row, column, before, after (texts), confidence, error (root mean squared error in the column's unit, null
            for categories), method: one row for each filled cell.
    """

    frame: "pl.DataFrame"
    cells: "pl.DataFrame"


def fill(frame: "pl.DataFrame", imputation: Imputation, *, refused: str = "leave") -> Filled:
    """Fills what is missing.

    Args:
        frame: a table with the columns that were learned from, in any order; others pass through.
        imputation: of `model.fit`.
        refused: what to do with columns whose models are no better than a constant: `leave`, or `baseline` for that
            constant.

    Raises:
        HeddleError: a column is absent.
    """
    import polars as pl

    absent = [c.name for c in imputation.columns if c.name not in frame.columns]
    if absent:
        raise HeddleError(f"the table lacks {', '.join(absent)}, which the imputation was learned with")
    clean = missing.without(frame.select([c.name for c in imputation.columns]), dict(imputation.stand_ins))
    encoded = table.encode(clean, imputation.columns)
    out, cells = [], []
    for column in imputation.columns:
        filler = imputation.fillers.get(column.name)
        gone = clean[column.name].is_null().to_numpy()
        if filler is None or not gone.any() or (filler.choice.refused and refused == "leave"):
            continue
        said, names = _said(encoded, gone, filler)
        if said is None:
            continue
        values = table.decode(_values(said, column), column)
        out.append(_put(frame[column.name], gone, values))
        cells.append(_cells(frame[column.name], gone, values, _confidence(said, filler, column), filler, names))
    empty = {"row": pl.UInt32, "column": pl.String, "before": pl.String, "after": pl.String}
    shape = pl.DataFrame(schema={**empty, "confidence": pl.Float64, "error": pl.Float64, "method": pl.String})
    return Filled(frame.with_columns(out), pl.concat([shape, *cells]))


def _said(encoded: Floats, gone: Mask, filler: Filler) -> tuple[Floats | None, str]:
    weights: Mapping[str, float] = filler.choice.weights or (
        {filler.choice.baseline: 1.0} if filler.choice.baseline else {}
    )
    if not weights:
        return None, ""
    said = sum(filler.models[name].predict(encoded, gone) * weight for name, weight in weights.items())
    return np.asarray(said, dtype=np.float64), " + ".join(weights)


def _values(said: Floats, column: Column) -> Floats:
    if column.classes:
        return np.asarray(said.argmax(axis=1), dtype=np.float64)
    return np.rint(said[:, 0]) if column.kind == "integer" else said[:, 0]


def _confidence(said: Floats, filler: Filler, column: Column) -> Floats:
    """Of categories the probability of the label; of numbers the share of variance that the models explain."""
    if column.classes:
        return np.asarray(said.max(axis=1), dtype=np.float64)
    gain = max(0.0, filler.choice.gain)
    return np.full(len(said), 1 - (1 - gain) ** 2)


def _put(column: "pl.Series", gone: Mask, values: "pl.Series") -> "pl.Series":
    import polars as pl

    places = np.nonzero(gone)[0]
    whole: Any = column.clone()
    return pl.Series(column.name, whole.scatter(places, values.cast(column.dtype, strict=False)))


def _cells(
    column: "pl.Series", gone: Mask, values: "pl.Series", confidence: Floats, filler: Filler, names: str
) -> "pl.DataFrame":
    import polars as pl

    places = np.nonzero(gone)[0]
    error = filler.choice.errors.get(names, filler.choice.errors.get("blend")) if filler.choice.tolerances else None
    return pl.DataFrame(
        {
            "row": pl.Series(places, dtype=pl.UInt32),
            "column": pl.Series([column.name] * len(places), dtype=pl.String),
            "before": column.gather(places).cast(pl.String),
            "after": values.cast(column.dtype, strict=False).cast(pl.String),
            "confidence": confidence,
            "error": pl.Series([error] * len(places), dtype=pl.Float64),
            "method": pl.Series([names] * len(places), dtype=pl.String),
        }
    )
