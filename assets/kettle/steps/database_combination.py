"""Combination lookup/update: the key of a junk dimension's row, made when the combination is new."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

import polars as pl

from assets.kettle.engine.step import DataSet, Derivation, Ref
from assets.kettle.errors import StepError
from assets.kettle.steps.database_base import NULL_SAFE, Condition
from assets.kettle.steps.database_keyed import Key, KeyedStep
from assets.kettle.values.defaults import INTEGER_MASK
from assets.kettle.values.fields import Field, Layout, ValueType

_BITS = 1 << 64
_INT = 1 << 32


class KeyMaker(KeyedStep):
    """Technical keys: the table's maximum + 1, a sequence, or the database's own counter."""

    def how(self) -> str:
        """tablemax, sequence or autoinc."""
        method = self.text("fields/return/creation_method")
        if method == "autoinc" or (not method and self.options.flag("fields/return/use_autoinc")):
            return "autoinc"
        if method == "sequence" or (not method and self.text("sequence")):
            return "sequence"
        return "tablemax"

    def next_key(self, column: str) -> int:
        """The next technical key. The maximum is read once."""
        with self.failing():
            if self.how() == "sequence":
                return self.database.next_value(self.text("sequence"))
            if getattr(self, "_last", None) is None:
                found = self.database.rows(f"SELECT MAX({self.database.quote(column)}) FROM {self.table}")
                self._last: int = int(float(found[0][0])) if found and found[0][0] is not None else 0
        self._last += 1
        return self._last


class CombinationLookup(KeyMaker):
    """Adds the technical key of the combination of key fields; null is equal to null.

    Counted: input per question to the database (a combination is asked once while it is cached), output per new row.
    """

    types = ("CombinationLookup",)
    with_values = False
    prefix = ""
    error_code = "CBL001"

    def fields(self, inputs: Mapping[str, Layout]) -> Layout:
        """The input (less the key fields, when they are replaced) and the technical key: Integer of length 10."""
        main = self.main(inputs)
        rows = self.options.rows("fields/key")
        self.keys = [Condition(r.text("lookup"), NULL_SAFE, self.field(main, r.text("name")).name) for r in rows]
        self.mapped, self.table, self.keyed = [], "", True
        self.technical = self.text("fields/return/name")
        if not self.keys or not self.technical:
            raise StepError(self.name, "key fields and the technical key must be named", "complete the options")
        self.known: dict[Key, int] = {}
        self.hashing = self.text("crcfield") if self.options.flag("crc") else ""
        self.replacing = self.options.flag("replace")
        kept = main.without(*(c.field for c in self.keys)) if self.replacing else main
        return kept.plus(Field(self.technical, ValueType.INTEGER, 10, 0, INTEGER_MASK, origin=self.name))

    def rows(self, frame: pl.DataFrame, source: str) -> None:
        """Looks up and adds."""
        first = not self.table
        self.open()
        if first and self.options.flag("preloadCache"):
            self._preload()
        caching = self.integer("cache_size") >= 0
        values, keys, reasons = self.keys_of(frame)
        known = self.known if caching else {}
        new = [n for n, k in enumerate(keys) if k not in known]
        found = self.present(values[new], [keys[n] for n in new], [self.technical])
        technical: list[int | None] = []
        inserts: dict[int, int] = {}
        for number, key in enumerate(keys):
            if number in reasons:
                technical.append(None)
                continue
            if caching and key in known:
                technical.append(known[key])
                continue
            self.count(input=1)
            if key not in found:
                made = self._make(frame, values, number)
                found[key] = [[made]]
                inserts[number] = made
                self.count(output=1)
            known[key] = int(found[key][0][0])
            technical.append(known[key])
        if self.how() != "autoinc":
            self._insert(frame, values, inserts)
        keep = self.split(frame, reasons, code=self.error_code)
        column = pl.Series(self.output.names[-1], technical, dtype=pl.Int64)
        self.emit(frame.with_columns(column).filter(keep).select(self.output.names))

    def _preload(self) -> None:
        names = [self.database.quote(self.technical), *(self.database.quote(c.name) for _, c in self.key_pairs)]
        found: dict[Key, list[list[Any]]] = {}
        with self.failing():
            for frame in self.database.query(f"SELECT {', '.join(names)} FROM {self.table}"):
                self._gather(frame, 1, found)
        self.known.update({key: int(rows[0][0]) for key, rows in found.items()})

    def _extras(self, frame: pl.DataFrame) -> list[tuple[Field, list[Any]]]:
        """The hash column and the time of the last update."""
        out: list[tuple[Field, list[Any]]] = []
        if self.hashing:
            main = self.main(self.inputs)
            fields = [main[c.field] for c in self.keys]
            out.append(
                (
                    Field(self.hashing, ValueType.INTEGER),
                    [hash_of(r, fields) for r in frame.select(f.name for f in fields).rows()],
                )
            )
        stamp = self.text("last_update_field", "fields/return/last_update_field")
        if stamp:
            now = datetime.now(UTC).replace(tzinfo=None)
            out.append((Field(stamp, ValueType.DATE), [now] * frame.height))
        return out

    def _rows_of(self, frame: pl.DataFrame, values: pl.DataFrame, numbers: list[int]) -> tuple[pl.DataFrame, Layout]:
        layout = [c for _, c in self.key_pairs]
        part = values[numbers].rename(dict(zip(values.columns, (c.name for c in layout), strict=True)))
        extras = self._extras(frame[numbers])
        part = part.with_columns(pl.Series(f.name, v, dtype=f.dtype) for f, v in extras)
        return part, Layout([*layout, *(f for f, _ in extras)])

    def _make(self, frame: pl.DataFrame, values: pl.DataFrame, number: int) -> int:
        if self.how() != "autoinc":
            return self.next_key(self.technical)
        part, layout = self._rows_of(frame, values, [number])
        with self.failing():
            return self.database.insert_returning(self.table, layout.names, part.row(0), self.technical)

    def _insert(self, frame: pl.DataFrame, values: pl.DataFrame, inserts: dict[int, int]) -> None:
        if not inserts:
            return
        part, layout = self._rows_of(frame, values, list(inserts))
        part = part.with_columns(pl.Series(self.technical, list(inserts.values()), dtype=pl.Int64))
        with self.failing():
            self.database.insert(self.table, part, layout.plus(Field(self.technical, ValueType.INTEGER)))

    def derive(self) -> dict[str, Derivation]:
        """The technical key."""
        sources = (self.ref(self.technical), *(Ref(c.field) for c in self.keys))
        return {self.output.names[-1]: Derivation(sources, f"key of the combination in {self.qualified_name()}")}

    def reads(self) -> list[DataSet]:
        """The table's keys."""
        return [self.dataset({self.technical: self.output.names[-1]})]

    def writes(self) -> list[DataSet]:
        """The table with the combination's columns."""
        return [self.dataset({c.column: c.field for c in self.keys})]


def hash_of(row: tuple[Any, ...], fields: list[Field]) -> int:
    """Kettle's hash of the key values: Java's hash codes of the values, XORed.

    Text by String.hashCode, Integer by Long.hashCode; a null counts 0. (Other types by their text.)
    """
    total = 0
    for value, field in zip(row, fields, strict=True):
        if value is None:
            continue
        if field.type is ValueType.INTEGER:
            bits = int(value) % _BITS
            code = (bits ^ (bits >> 32)) % _INT
        else:
            code = 0
            for character in str(value):
                code = (31 * code + ord(character)) % _INT
        total ^= code
    return total - _INT if total >= _INT // 2 else total
