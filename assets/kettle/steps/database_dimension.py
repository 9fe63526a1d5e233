"""Dimension lookup/update: slowly changing dimensions of type 1 and 2."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

import polars as pl

from assets.kettle.engine.step import DataSet, Derivation, Ref
from assets.kettle.errors import StepError
from assets.kettle.steps.database_base import Condition, fitted
from assets.kettle.steps.database_combination import KeyMaker
from assets.kettle.steps.database_keyed import Key, same
from assets.kettle.values.convert import convert
from assets.kettle.values.defaults import INTEGER_MASK
from assets.kettle.values.fields import Field, Layout, ValueType

INSERT, UPDATE, PUNCH = "insert", "update", "punch"
INSUP, INSERTED, UPDATED, LAST = "insup", "inserted", "updated", "last"
_KINDS = {
    "insert": INSERT, "update": UPDATE, "punch through": PUNCH, "punch_through": PUNCH, "y": PUNCH,
    "dateinsertedorupdated": INSUP, "date_inserted_updated": INSUP, "dateinserted": INSERTED, "date_inserted": INSERTED,
    "dateupdated": UPDATED, "date_updated": UPDATED, "lastversion": LAST, "last_version": LAST,
}  # fmt: skip
_WITHOUT_FIELD = (INSUP, INSERTED, UPDATED, LAST)
_STARTS = {"trans_start": "start_of_trans"}
# places in a version's values; the mapped columns follow
_TK, _VERSION, _FROM, _TO, _FIELDS = 0, 1, 2, 3, 4


class Version:
    """One row of the dimension table in memory: its values in the table's types, and whether it must be written."""

    __slots__ = ("dirty", "keys", "new", "values")

    def __init__(self, values: list[Any], keys: tuple[Any, ...], *, new: bool = False) -> None:
        self.values = values
        self.keys = keys
        self.new = new
        self.dirty = False


class DimensionLookup(KeyMaker):
    """Finds the version valid at a date; when updating, makes the first one, a new one, or changes them in place.

    Measured: the row of technical key 0 is made when it is missing; the first version begins 1900-01-01 (min_year) and
    all end 2199-12-31 23:59:59.999; a field of kind Insert that differs makes a new version, Update changes the version
    found, Punch through all of them. Input counts questions to the database: versions come from a cache once found or
    updated (never right after the first insert), unless the cache size is -1.
    """

    types = ("DimensionLookup",)
    with_values = False
    prefix = ""

    def setup(self) -> None:
        """Reads the options."""
        super().setup()
        text = self.text
        self.updating = self.options.flag("update", default=True)
        self.technical = text("fields/return/name")
        self.version = text("fields/return/version") or "version"
        self.date_from, self.date_to = text("fields/date/from"), text("fields/date/to")
        self.caching = self.integer("cache_size") >= 0
        alternative = (
            text("start_date_alternative").lower() if self.options.flag("use_start_date_alternative") else "none"
        )
        self.start_choice = _STARTS.get(alternative, alternative or "none")
        self.earliest = datetime(self.integer("min_year", default=1900), 1, 1)
        self.latest = datetime(self.integer("max_year", default=2199), 12, 31, 23, 59, 59, 999000)
        self.preloading = self.options.flag("preload_cache") and not self.updating
        self.cache: dict[Key, list[Any]] = {}
        if not self.technical:
            raise StepError(self.name, "the technical key is not named", "name the technical key field")

    def fields(self, inputs: Mapping[str, Layout]) -> Layout:
        """The input, the technical key (Integer of length 9) and, when only looking up, the table's columns."""
        main = self.main(inputs)
        rows = self.options.rows("fields/key")
        self.keys = [Condition(r.text("lookup"), "=", self.field(main, r.text("name")).name) for r in rows]
        self.mapped, self.table, self.keyed = [], "", True
        self.date_field = self.field(main, self.text("fields/date/name")).name if self.text("fields/date/name") else ""
        self.columns_of: list[tuple[str, str, str]] = []  # stream field, column, kind
        for row in self.options.rows("fields/field"):
            kind = _KINDS.get(row.text("update").strip().lower(), INSERT) if self.updating else ""
            name = "" if kind in _WITHOUT_FIELD else row.text("name")
            if self.updating and name:
                name = self.field(main, name).name
            self.columns_of.append((name, row.text("lookup"), kind))
        key = Field(
            self.text("fields/return/rename") or self.technical, ValueType.INTEGER, 9, 0, INTEGER_MASK, origin=self.name
        )
        if self.updating:
            return main.plus(key)
        with self.failing():
            table = self.database.table_layout(self.target_table(""))
        found = [
            self.column(table, column).but(name=name or column, origin=self.name) for name, column, _ in self.columns_of
        ]
        return main.plus(key, *found)

    def rows(self, frame: pl.DataFrame, source: str) -> None:
        """Looks up, and writes what changed at the end of the batch."""
        if not self.table:
            self._first()
        values, keys, reasons = self.keys_of(frame)
        wanted = self._wanted(frame, reasons)
        dates = self._dates(frame)
        starts = self._starts(frame)
        present = self.loaded if self.preloading else self._versions(values, keys)
        out: list[list[Any]] = []
        for number, key in enumerate(keys):
            if number in reasons:
                out.append([None] * (1 + len(self.columns_of)))
                continue
            versions = present.setdefault(key, []) if self.matchable(key) else []
            row = self._row(key, versions, dates[number], wanted[number], starts[number], values.row(number), present)
            out.append(row)
        if self.updating:
            self._write(present)
        keep = self.split(frame, reasons)
        added = self.output.fields[len(self.main(self.inputs)) :]
        columns = [pl.Series(f.name, [r[i] for r in out], dtype=f.dtype, strict=False) for i, f in enumerate(added)]
        self.emit(frame.with_columns(columns).filter(keep))

    # -- preparation

    def _first(self) -> None:
        self.open()
        self.places = [
            self.column(self.columns, name) for name in (self.technical, self.version, self.date_from, self.date_to)
        ]
        self.mapped_columns = [self.column(self.columns, column) for _, column, _ in self.columns_of]
        self.orphans: list[Version] = []
        if self.updating:
            self._unknown_row()
        if self.preloading:
            self.loaded: dict[Key, list[Version]] = {}
            names = [self.database.quote(c.name) for c in [*self._all_columns(), *(c for _, c in self.key_pairs)]]
            with self.failing():
                for frame in self.database.query(f"SELECT {', '.join(names)} FROM {self.table}"):
                    self._take(frame, self.loaded)

    def _all_columns(self) -> list[Field]:
        return [*self.places, *self.mapped_columns]

    def _unknown_row(self) -> None:
        """The row that stands for "not found"."""
        start = self._not_found()
        quote = self.database.quote
        with self.failing():
            found = self.database.rows(f"SELECT COUNT(*) FROM {self.table} WHERE {quote(self.technical)} = {start}")
            if not int(found[0][0]):
                columns = f"{quote(self.technical)}, {quote(self.version)}"
                self.database.execute(f"INSERT INTO {self.table} ({columns}) VALUES ({start}, 1)")

    def _not_found(self) -> int:
        return 1 if self.how() == "autoinc" and self.database.dialect == "mysql" else 0

    def _wanted(self, frame: pl.DataFrame, reasons: dict[int, str]) -> list[list[Any]]:
        """Per row the stream's values for the mapped columns, in the table's types; None for those without a field."""
        if not self.updating:
            return [[]] * frame.height
        main = self.main(self.inputs)
        pairs = [(main[n], c) for (n, _, _), c in zip(self.columns_of, self.mapped_columns, strict=True) if n]
        values, bad = fitted(frame, pairs, "v")
        reasons.update({n: r for n, r in bad.items() if n not in reasons})
        taken = iter(range(values.width))
        picks = [next(taken) if name else None for name, _, _ in self.columns_of]
        rows = values.rows() if values.width else [()] * frame.height
        return [[None if p is None else row[p] for p in picks] for row in rows]

    def _dates(self, frame: pl.DataFrame) -> list[datetime]:
        if not self.date_field:
            return [self.run.started.replace(microsecond=self.run.started.microsecond // 1000 * 1000)] * frame.height
        dates = self._as_dates(frame, self.date_field)
        if None in dates:
            raise StepError(
                self.name, f"the date {self.date_field!r} is null in a row", "fill it or leave the date out"
            )
        return dates

    def _starts(self, frame: pl.DataFrame) -> list[Any]:
        if self.start_choice != "column_value":
            return [None] * frame.height
        return self._as_dates(frame, self.field(self.main(self.inputs), self.text("start_date_field_name")).name)

    def _as_dates(self, frame: pl.DataFrame, name: str) -> list[Any]:
        field = self.main(self.inputs)[name]
        return convert(frame[name], field, Field(name, ValueType.DATE)).values.to_list()

    def _versions(self, values: pl.DataFrame, keys: list[Key]) -> dict[Key, list[Version]]:
        """The versions of the keys that the cache may not answer."""
        columns = [c for _, c in self.key_pairs]
        quoted = [self.database.quote(c.name) for c in columns]
        picked = [self.database.quote(c.name) for c in self._all_columns()]
        layout = Layout(c.but(name=n) for c, n in zip(columns, values.columns, strict=True))
        distinct = values.drop_nulls().unique(maintain_order=True)
        found: dict[Key, list[Version]] = {}
        if distinct.height:
            with self.failing():
                for frame in self.database.matching(self.table, picked + quoted, quoted, distinct, layout):
                    self._take(frame, found)
        return found

    def _take(self, frame: pl.DataFrame, found: dict[Key, list[Version]]) -> None:
        width = len(self._all_columns())
        keys = frame[:, width:]
        for key, raw, row in zip(self._dictionary_keys(keys), keys.rows(), frame[:, :width].rows(), strict=True):
            found.setdefault(key, []).append(Version([*row], raw))

    # -- one row

    def _row(
        self, key: Key, versions: list[Version], date: datetime, wanted: list[Any], start: Any, raw: tuple[Any, ...],
        present: dict[Key, list[Version]],
    ) -> list[Any]:  # fmt: skip
        """The added values of one row."""
        values = self._cached(key, date) if self.caching and not self.preloading else None
        if values is None:
            version = next((v for v in versions if self._valid(v, date)), None)
            values = list(version.values) if version else None
            if not self.preloading:
                self.count(input=1)
            if values is not None and self.caching:
                self.cache[key] = values
        if not self.updating:
            return [values[_TK], *values[_FIELDS:]] if values else [self._not_found(), *([None] * len(self.columns_of))]
        if values is None:
            return [self._begin(versions, date, wanted, start, raw, present, key)]
        return [self._change(key, versions, values, date, wanted, start, raw)]

    def _valid(self, version: Version, date: datetime) -> bool:
        begin, end = version.values[_FROM], version.values[_TO]
        if begin is None:
            return self.start_choice in ("null", "column_value") and end is not None and date < end
        return bool(begin <= date and end is not None and date < end)

    def _cached(self, key: Key, date: datetime) -> list[Any] | None:
        values = self.cache.get(key)
        if values is None or values[_FROM] is None or values[_TO] is None:
            return None
        return values if values[_FROM] <= date < values[_TO] else None

    def _begin(
        self, versions: list[Version], date: datetime, wanted: list[Any], start: Any, raw: tuple[Any, ...],
        present: dict[Key, list[Version]], key: Key,
    ) -> Any:  # fmt: skip
        """The first version of a key."""
        begin = date if self.start_choice == "sysdate" else self.earliest
        version = self._new(1, self._begins(begin, start), wanted, raw)
        if self.matchable(key):
            versions.append(version)
        else:
            self.orphans.append(version)
        return version.values[_TK]

    def _begins(self, usual: datetime | None, start: Any) -> datetime | None:
        return {"start_of_trans": self.run.started, "null": None, "column_value": start}.get(self.start_choice, usual)

    def _new(self, number: int, begin: datetime | None, wanted: list[Any], raw: tuple[Any, ...]) -> Version:
        values = [None, number, begin, self.latest, *self._stamped(wanted, (INSUP, INSERTED), last=True)]
        version = Version(values, raw, new=True)
        if self.how() == "autoinc":
            layout, row = self._written(version)
            with self.failing():
                values[_TK] = self.database.insert_returning(self.table, layout.names[1:], row[1:], self.technical)
            version.new = False
        else:
            values[_TK] = self.next_key(self.technical)
        self.count(output=1)
        return version

    def _stamped(self, wanted: list[Any], stamps: tuple[str, ...], *, last: bool) -> list[Any]:
        now = datetime.now(UTC).replace(tzinfo=None)
        marks = {**dict.fromkeys(stamps, now), LAST: last}
        return [
            self._mark(marks[k], c) if k in marks else w
            for w, (_, _, k), c in zip(wanted, self.columns_of, self.mapped_columns, strict=True)
        ]

    @staticmethod
    def _mark(value: Any, column: Field) -> Any:
        """A date or flag in the column's type (a flag may be kept as number or text)."""
        if isinstance(value, bool) and column.type is not ValueType.BOOLEAN:
            return ("Y" if value else "N") if column.type is ValueType.STRING else int(value)
        return value

    def _change(
        self, key: Key, versions: list[Version], values: list[Any], date: datetime, wanted: list[Any], start: Any,
        raw: tuple[Any, ...],
    ) -> Any:  # fmt: skip
        """Compares the version found with the row and does what the kinds of the differing fields ask for."""
        differing = {
            kind
            for value, present, (name, _, kind), column in zip(
                wanted, values[_FIELDS:], self.columns_of, self.mapped_columns, strict=True
            )
            if name and not same(present, value, column.type)
        }
        technical = values[_TK]
        if INSERT in differing:
            technical = self._next_version(key, versions, values, date, wanted, start, raw)
        elif differing:
            found = next((v for v in versions if v.values[_TK] == technical), None)
            if found is not None:
                self._set(found, wanted, date)
            self.count(updated=1)
            if self.caching:
                self.cache[key] = [technical, values[_VERSION], self.earliest, self.latest, *wanted]
        if PUNCH in differing:
            now = datetime.now(UTC).replace(tzinfo=None)
            for version in versions:
                for i, (_, _, kind) in enumerate(self.columns_of):
                    if kind == PUNCH:
                        version.values[_FIELDS + i] = wanted[i]
                    elif kind in (INSUP, UPDATED):
                        version.values[_FIELDS + i] = now
                version.dirty = True
            self.count(updated=1)
        return technical

    def _set(self, version: Version, wanted: list[Any], date: datetime) -> None:
        """Changes a version in place; Kettle stamps it with the row's date."""
        for i, (name, _, kind) in enumerate(self.columns_of):
            if name:
                version.values[_FIELDS + i] = wanted[i]
            elif kind in (INSUP, UPDATED):
                version.values[_FIELDS + i] = date
        version.dirty = True

    def _next_version(
        self, key: Key, versions: list[Version], values: list[Any], date: datetime, wanted: list[Any], start: Any,
        raw: tuple[Any, ...],
    ) -> Any:  # fmt: skip
        number = int(values[_VERSION]) + 1
        begin = self._begins(date, start)
        version = self._new(number, begin, wanted, raw)
        now = datetime.now(UTC).replace(tzinfo=None)
        end = now if self.start_choice == "sysdate" else begin
        marks = {INSUP: now, UPDATED: now, LAST: False}
        for old in versions:
            if old.values[_VERSION] == number - 1:
                old.values[_TO] = end
                for i, (_, _, kind) in enumerate(self.columns_of):
                    if kind in marks:
                        old.values[_FIELDS + i] = self._mark(marks[kind], self.mapped_columns[i])
                old.dirty = True
        versions.append(version)
        if self.caching:
            self.cache[key] = [version.values[_TK], number, date, self.latest, *wanted]
        return version.values[_TK]

    # -- writing

    def _written(self, version: Version) -> tuple[Layout, list[Any]]:
        columns = [*self.places, *self.mapped_columns]
        keys = [c for _, c in self.key_pairs]
        pairs = dict(
            zip(
                (c.name for c in [*columns, *keys]),
                zip([*columns, *keys], [*version.values, *version.keys], strict=True),
                strict=True,
            )
        )
        return Layout(c for c, _ in pairs.values()), [v for _, v in pairs.values()]

    def _write(self, present: dict[Key, list[Version]]) -> None:
        """Inserts the new versions as they are now, and updates the changed ones by technical key."""
        everything = [*(v for versions in present.values() for v in versions), *self.orphans]
        self.orphans = []
        new = [v for v in everything if v.new]
        changed = [v for v in everything if v.dirty and not v.new]
        with self.failing():
            if new:
                layout = self._written(new[0])[0]
                rows = sorted((self._written(v)[1] for v in new), key=lambda row: row[0])
                frame = pl.DataFrame(
                    [pl.Series(f.name, [r[i] for r in rows], dtype=f.dtype, strict=False) for i, f in enumerate(layout)]
                )
                self.database.insert(self.table, frame, layout)
            if changed:
                key, sets = self.places[_TK], [self.places[_TO], *self.mapped_columns]
                picks = [_TO, *range(_FIELDS, _FIELDS + len(self.mapped_columns))]
                columns = [
                    pl.Series(c.name, [v.values[p] for v in changed], dtype=c.dtype, strict=False)
                    for c, p in zip(sets, picks, strict=True)
                ]
                columns.append(pl.Series(f"key {key.name}", [v.values[_TK] for v in changed], dtype=key.dtype))
                self.database.update(self.table, pl.DataFrame(columns), Layout(sets), Layout([key]))

    # -- lineage

    def derive(self) -> dict[str, Derivation]:
        """The technical key and the looked up fields."""
        names = self.output.names[len(self.main(self.inputs)) :]
        keys = [c.field for c in self.keys]
        columns = [self.technical, *(column for _, column, _ in self.columns_of)]
        found = self.looked_up(dict(zip(names, columns, strict=False)), keys)
        first = found[names[0]]
        found[names[0]] = Derivation((*first.sources, *(Ref(k) for k in keys)), first.words)
        return found

    def reads(self) -> list[DataSet]:
        """The dimension's columns that become fields."""
        names = self.output.names[len(self.main(self.inputs)) :]
        columns = [self.technical, *(column for _, column, _ in self.columns_of)]
        return [self.dataset(dict(zip(columns, names, strict=False)))]

    def writes(self) -> list[DataSet]:
        """The dimension, when updating."""
        if not self.updating:
            return []
        pairs = {c.column: c.field for c in self.keys} | {column: name for name, column, _ in self.columns_of if name}
        return [self.dataset(pairs)]
