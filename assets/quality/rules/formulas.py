"""Texts that a spreadsheet would take for formulas (CSV injection), marked with a `'` as spreadsheets do themselves."""

import polars as pl

_FORMULA = r"^[=+\-@\t\r\n＝＋－＠]"
_NUMBER = r"^[+-]?[0-9][0-9., ]*([eE][+-]?[0-9]+)?$"


def no_formulas(table: pl.LazyFrame) -> pl.LazyFrame:
    """The table with such texts and such names of columns marked; numbers stay as they are."""
    schema = table.collect_schema()
    texts = [name for name, type_ in schema.items() if type_ in (pl.String, pl.Categorical, pl.Enum)]
    marked = [_marked(name) for name in texts]
    heads = pl.Series(schema.names(), dtype=pl.String)
    names = dict(zip(heads, heads.to_frame("n").select(_marked("n")).to_series(), strict=True))
    return table.with_columns(marked).rename({old: new for old, new in names.items() if old != new})


def unmarked(text: str | None) -> str | None:
    """A text as it was before."""
    if text and text.startswith("'") and pl.Series([text[1:]]).str.contains(_FORMULA)[0]:
        return text[1:]
    return text


def _marked(name: str) -> pl.Expr:
    text = pl.col(name).cast(pl.String)
    formula = text.str.contains(_FORMULA) & ~text.str.contains(_NUMBER)
    return pl.when(formula).then(pl.concat_str(pl.lit("'"), text)).otherwise(text).alias(name)
