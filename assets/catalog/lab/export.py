"""An answer as a file. Texts that a spreadsheet would take for a formula are marked as text in CSV."""

import csv
import io
import json
from collections.abc import Sequence
from math import isfinite
from typing import Any

from assets.catalog.lab.model import Answer
from assets.catalog.scan.arrow import text

FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")
BOM = "\ufeff"  # by which Excel knows UTF-8


def as_csv(answer: Answer) -> bytes:
    """UTF-8 with a header. Numbers stay numbers; a text that begins like a formula gets a `'` before it."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\r\n")
    writer.writerow([_cell(name) for name in answer.columns])
    writer.writerows([_cell(value) for value in row] for row in answer.rows)
    return (BOM + out.getvalue()).encode("utf-8", "replace")


def as_json(answer: Answer) -> str:
    """One object with columns, rows and whether there are more."""
    content = {"columns": answer.columns, "rows": json_rows(answer.rows), "more": answer.more}
    return json.dumps(content, ensure_ascii=False, indent=1)


def json_rows(rows: Sequence[Sequence[Any]]) -> list[list[Any]]:
    """Rows as JSON has them: values of other kinds are texts as in CSV; what is no number (NaN, infinity) is null."""
    return [[_json(value) for value in row] for row in rows]


def _json(value: Any) -> Any:
    if value is None or isinstance(value, bool | int):
        return value
    if isinstance(value, float):
        return value if isfinite(value) else None
    if isinstance(value, dict):
        return {text(k): _json(v) for k, v in value.items()}
    return [_json(v) for v in value] if isinstance(value, list | tuple) else text(value)


def as_parquet(answer: Answer) -> bytes:
    """Parquet with the values' own types; a column of several kinds is text, a repeated name gets a number."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    columns = list(zip(*answer.rows, strict=True)) if answer.rows else [()] * len(answer.columns)
    made = pa.table([_array(values) for values in columns], names=_unique(answer.columns))
    out = io.BytesIO()
    pq.write_table(made, out)
    return out.getvalue()


def _cell(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, int | float) or type(value).__name__ == "Decimal":
        return str(value)
    shown = text(value)
    return f"'{shown}" if shown.startswith(FORMULA) else shown


def _array(values: Sequence[Any]) -> Any:
    import pyarrow as pa

    try:
        made = pa.array(values)
    except (pa.ArrowInvalid, pa.ArrowTypeError, pa.ArrowNotImplementedError, OverflowError):
        made = pa.array([None if v is None else text(v) for v in values], pa.string())
    return made.cast(pa.string()) if pa.types.is_null(made.type) else made


def _unique(names: Sequence[str]) -> list[str]:
    found: list[str] = []
    for name in names:
        made, number = name, 1
        while made in found:
            number += 1
            made = f"{name}_{number}"
        found.append(made)
    return found
