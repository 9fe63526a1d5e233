"""Tables written to files by their endings; the counterpart of `reading`."""

from pathlib import Path

import polars as pl

from assets.quality.rules.formulas import no_formulas


def sinking(table: pl.LazyFrame, path: Path, *, safe: bool = False) -> pl.LazyFrame:
    """A plan that writes the rows when it is collected: Parquet, or CSV with tabs where the name ends in `.tsv`.

    Args:
        safe: in CSV, texts that a spreadsheet takes for formulas are marked.
    """
    suffix = path.suffix.lower()
    if suffix == ".parquet":
        return table.sink_parquet(path, lazy=True)
    table = no_formulas(table) if safe else table
    return table.sink_csv(path, separator="\t" if suffix == ".tsv" else ",", lazy=True)
