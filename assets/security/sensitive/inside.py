"""What columns hold inside: texts in bytes, elements of lists, fields of structs and of JSON texts.

Each becomes a column of its own, which is decided like any other (columns.py).
"""

import codecs
import json
from collections import defaultdict
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import polars as pl

ROWS = 400  # values of a column that are opened
LOOKED = 16  # values that say whether texts are JSON
LONGEST = 4_000  # bytes of a value that are read as text
LARGEST = 1 << 22  # characters of JSON that are read of a column
ELEMENTS = 50  # of a list
DEPTH = 8
PATHS = 64  # places within a column
Parts = dict[str, dict[str, str]]  # column -> place within it ("" for elements) -> name of the column made of it


def opened(columns: "Mapping[str, pl.Series]") -> "tuple[dict[str, pl.Series], Parts]":
    """The columns that can be decided as they are, and with them what is inside of others; JSON texts are both.

    Bytes that are no text in UTF-8 are left out.
    """
    import polars as pl

    plain = {name: values for name, values in columns.items() if not _closed(values)}
    parts: Parts = {}
    inner: dict[str, pl.Series] = {}
    for name, values in columns.items():
        if name in plain and not _looks_json(values):
            continue
        parts[name] = {}
        for place, texts in _texts(values).items():
            made = f"{name}.{place}" if place else name
            while made in plain or made in inner:
                made += "'"  # says no more as a header
            parts[name][place] = made
            inner[made] = pl.Series(made, texts, pl.String)
    return plain | inner, parts


def _closed(values: "pl.Series") -> bool:
    import polars as pl

    return values.dtype == pl.Binary or values.dtype.is_nested()


def _looks_json(values: "pl.Series") -> bool:
    import polars as pl

    if values.dtype != pl.String:
        return False
    some = values.head(50 * LOOKED).drop_nulls().head(LOOKED).to_list()
    return bool(some) and all(v.lstrip().startswith(("{", "[")) for v in some)


def _texts(values: "pl.Series") -> dict[str, list[str]]:
    """Place -> the texts there, of values spread over the column."""
    import polars as pl

    held = values.gather_every(max(1, -(-len(values) // ROWS))).drop_nulls()
    if isinstance(held.dtype, pl.List):
        held = held.list.head(ELEMENTS)
    found: dict[str, list[str]] = defaultdict(list)
    left = LARGEST
    for value in held:
        if isinstance(value, str):
            left -= len(value)
            value = _json(value) if left >= 0 else None
        elif isinstance(value, pl.Series):
            value = value.to_list()
        for place, text in _walk(value, "", DEPTH):
            if place in found or len(found) < PATHS:
                found[place].append(text)
    return found


def _json(text: str) -> object:
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return None


def _walk(value: Any, place: str, depth: int) -> Iterator[tuple[str, str]]:
    """The single values within a value as texts, with where they stand."""
    if isinstance(value, Mapping) and depth:
        for name, inner in value.items():
            yield from _walk(inner, f"{place}.{name}" if place else str(name), depth - 1)
    elif isinstance(value, list) and depth:
        for inner in value[:ELEMENTS]:
            yield from _walk(inner, place, depth - 1)
    elif isinstance(value, bytes):
        try:
            # a character that is cut in two at the end is no mistake
            yield place, codecs.getincrementaldecoder("utf-8")().decode(value[:LONGEST], len(value) <= LONGEST)
        except UnicodeDecodeError:
            return
    elif isinstance(value, str) or (value is not None and not isinstance(value, Mapping | list)):
        yield place, str(value)
