"""Tables written to files by their endings; the counterpart of `reading`."""

from pathlib import Path

import polars as pl

from assets.quality.rules.formulas import no_formulas
from core.errors import SourceError


def sinking(table: pl.LazyFrame, path: Path, *, safe: bool = False) -> pl.LazyFrame:
    """A plan that writes the rows when it is collected: Parquet, or CSV with tabs where the name ends in `.tsv`.

    Args:
        safe: in CSV, texts that a spreadsheet takes for formulas are marked.

    Raises:
        SourceError: CSV has no form for a column.
    """
    suffix = path.suffix.lower()
    if suffix == ".parquet":
        return table.sink_parquet(path, lazy=True)
    wrong = next((n for n, t in table.collect_schema().items() if t.is_nested() or t in (pl.Binary, pl.Object)), None)
    if wrong is not None:
        raise SourceError(f"{wrong!r} has values that CSV has no form for", "write Parquet, or leave the column out")
    table = no_formulas(table) if safe else table
    return table.sink_csv(path, separator="\t" if suffix == ".tsv" else ",", lazy=True)
