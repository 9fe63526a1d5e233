"""Named columns to the float32 matrix a model takes, by the rules of its signature."""

from collections.abc import Sequence
from difflib import get_close_matches
from itertools import chain
from operator import itemgetter
from typing import Any

import numpy as np
from numpy.typing import NDArray

from core.signature import Input, Kind
from serving.errors import Refused

Matrix = NDArray[np.float32]
_NUMERIC = frozenset((int, float, type(None)))
_TEXT = frozenset((str, type(None)))


class Encoder:
    """Encodes rows or columns of JSON values.

    A number stays as it is and null becomes NaN; a category becomes its position in the signature's list, null and
    unknown values -1. `encode` returns the matrix [rows, inputs] and how many values of each category input were
    unknown, by name, leaving out those with none.
    """

    def __init__(self, inputs: Sequence[Input]) -> None:
        self.inputs = inputs
        self.names = [i.name for i in inputs]
        self._expected = frozenset(self.names)
        self._pick = itemgetter(*self.names) if len(inputs) > 1 else lambda row: (row[self.names[0]],)
        self._positions = [
            {c: float(n) for n, c in enumerate(i.categories)} if i.kind is Kind.CATEGORY else None for i in inputs
        ]
        self._numbers = [n for n, p in enumerate(self._positions) if p is None]

    def body(self, body: Any) -> tuple[Matrix, dict[str, int]]:
        """Encode a request body: {"rows": [{name: value}…]} or {"columns": {name: [value…]}}.

        Raises:
            Refused: 422 naming the row and column.
        """
        if not isinstance(body, dict) or len(body.keys() & {"rows", "columns"}) != 1:
            raise Refused(
                422, "the body has to hold either `rows` or `columns`", 'send {"rows": [{"column": value, …}, …]}'
            )
        unknown = body.keys() - {"rows", "columns"}
        if unknown:
            raise Refused(422, f"unknown field {sorted(unknown)[0]!r}", "send only `rows` or `columns`")
        return self.rows(body["rows"]) if "rows" in body else self.columns(body["columns"])

    def rows(self, rows: Any) -> tuple[Matrix, dict[str, int]]:
        """Encode a list of objects, each with all columns."""
        if not isinstance(rows, list) or not rows:
            raise Refused(422, "`rows` is not a list of at least one object", 'send {"rows": [{"column": value, …}]}')
        for n, row in enumerate(rows):
            if not isinstance(row, dict) or row.keys() != self._expected:
                raise self._wrong_names(row, f"row {n}")
        return self._encode([list(column) for column in zip(*map(self._pick, rows), strict=True)])

    def columns(self, columns: Any) -> tuple[Matrix, dict[str, int]]:
        """Encode an object of lists, all of the same length."""
        if not isinstance(columns, dict) or columns.keys() != self._expected:
            raise self._wrong_names(columns, "`columns`")
        values = [columns[name] for name in self.names]
        for name, column in zip(self.names, values, strict=True):
            if not isinstance(column, list) or not column:
                raise Refused(422, f"column {name!r} is not a list of at least one value", "send a list per column")
            if len(column) != len(values[0]):
                raise Refused(
                    422,
                    f"column {name!r} has {len(column)} values, {self.names[0]!r} has {len(values[0])}",
                    "send columns of the same length",
                )
        return self._encode(values)

    def _encode(self, columns: list[list[Any]]) -> tuple[Matrix, dict[str, int]]:
        if not _NUMERIC.issuperset(map(type, chain.from_iterable(columns[n] for n in self._numbers))):
            raise self._wrong_type(columns)
        unknown: dict[str, int] = {}
        encoded = list(columns)
        for n, positions in enumerate(self._positions):
            if positions is None:
                continue
            column = columns[n]
            if not _TEXT.issuperset(map(type, column)):
                raise self._wrong_type(columns)
            encoded[n] = [positions.get(value, -1.0) for value in column]
            if -1.0 in encoded[n]:
                missed = encoded[n].count(-1.0) - column.count(None)
                if missed:
                    unknown[self.names[n]] = missed
        with np.errstate(over="ignore"):
            try:
                matrix = np.ascontiguousarray(np.array(encoded, dtype=np.float32).T)
            except OverflowError:  # a Python int beyond float64
                raise self._out_of_range(columns) from None
        if np.isinf(matrix).any():
            raise self._out_of_range(columns)
        return matrix, unknown

    def _wrong_names(self, found: Any, where: str) -> Refused:
        if not isinstance(found, dict):
            return Refused(422, f"{where} is not an object of named columns", 'send {"column": value, …}')
        for name in found.keys() - self._expected:
            close = get_close_matches(name, self.names, n=1)
            hint = f"did you mean {close[0]!r}? " if close else ""
            return Refused(422, f"{where} has an unknown column {name!r}", f"{hint}the model takes {self.names}")
        missing = next(name for name in self.names if name not in found)
        return Refused(422, f"{where} lacks the column {missing!r}", "send it, as null where it is not known")

    def _wrong_type(self, columns: list[list[Any]]) -> Refused:
        for item, column in zip(self.inputs, columns, strict=True):
            allowed, wanted = (_NUMERIC, "a number") if item.kind is Kind.NUMBER else (_TEXT, "a string")
            for n, value in enumerate(column):
                if type(value) not in allowed:
                    where = f"row {n}, column {item.name!r}: {_short(value)}"
                    return Refused(422, f"{where} is not {wanted}", f"send {wanted} or null")
        raise AssertionError("every column has the right type")

    def _out_of_range(self, columns: list[list[Any]]) -> Refused:
        limit = float(np.finfo(np.float32).max)
        for n in self._numbers:
            for row, value in enumerate(columns[n]):
                if value is not None and abs(value) > limit:
                    where = f"row {row}, column {self.names[n]!r}: {_short(value)}"
                    return Refused(422, f"{where} is beyond float32", f"send at most {limit:.3g}, or null")
        return Refused(422, "a value is beyond float32", "send smaller numbers")


def _short(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= 40 else text[:37] + "…"
