"""MongoDB output: inserts, replaces and updates documents."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import polars as pl

from assets.kettle.engine.step import DataSet, Step
from assets.kettle.errors import StepError, UnsupportedStepError
from assets.kettle.formats.mongo import ALL, library, open_database, split_path, stored
from assets.kettle.model import Options
from assets.kettle.values.fields import Field, Layout, ValueType

Row = Mapping[str, Any]
Update = dict[str, dict[str, Any]]


@dataclass(frozen=True, slots=True)
class Entry:
    """One field of the step.

    Attributes:
        path: into the document, the field's own name appended where it is the last part.
        whole: the value is the whole document, as JSON.
        operation: of a modifier update such as $set, "" for none; `policy` says when it applies.
    """

    field: Field
    path: tuple[str | int, ...]
    match: bool
    json: bool
    allow_null: bool
    operation: str
    policy: str

    @property
    def whole(self) -> bool:
        """Whether the value is a whole document."""
        return self.json and not self.path


class MongoOutput(Step):
    """Rows go on when they have been written.

    What is written stays even where a later step fails: MongoDB is not part of the run's commit. Integers are written
    as 64 bits, BigNumbers as text, null values only where that is allowed.
    """

    types = ("MongoDbOutput",)

    def setup(self) -> None:
        """Reads the way of writing."""
        flag = self.options.flag
        self.update, self.modifier = flag("update"), flag("modifier_update")
        self.upsert, self.multi = flag("upsert"), flag("multi")
        self.batch_size = self.integer("batch_insert_size", default=100)
        if self.options.rows("mongo_indexes/mongo_index"):
            raise UnsupportedStepError(f"step {self.name!r}: it makes indexes", "make them on the server once")

    def fields(self, inputs: Mapping[str, Layout]) -> Layout:
        """The layout stays."""
        layout = self.main(inputs)
        self.entries = [self._entry(o, layout) for o in self.options.rows("mongo_fields/mongo_field")]
        if not self.entries:
            raise StepError(self.name, "it has no fields", "name the fields to write")
        if self.update and not any(e.match for e in self.entries):
            raise StepError(self.name, "no field says which documents to update", "mark one as match field")
        return layout

    def _entry(self, option: Options, layout: Layout) -> Entry:
        item = self.field(layout, self.resolve(option.text("incoming_field_name")))
        own = option.flag("use_incoming_field_name_as_mongo_field_name")
        path = split_path(self.resolve(option.text("mongo_doc_path")))
        if ALL in path:
            raise StepError(self.name, f"{item.name!r}: a path to write to has no [*]", "give the index")
        operation = self.resolve(option.text("modifier_update_operation"))
        return Entry(
            item,
            (*path, item.name) if own else tuple(path),
            option.flag("update_match_field"),
            option.flag("json_field"),
            option.flag("allow_null"),
            operation if operation.startswith("$") else "",
            option.text("modifier_policy", default="Insert&Update"),
        )

    def start(self) -> None:
        """Connects."""
        self.json = library(self, "bson.json_util")
        self.long = library(self, "bson.int64").Int64
        self.client, database = open_database(self)
        self.collection = database[self.text("mongo_collection")]
        self.fresh = self.options.flag("truncate")

    def close(self) -> None:
        """Disconnects."""
        client = getattr(self, "client", None)
        if client is not None:
            client.close()

    def rows(self, frame: pl.DataFrame, source: str) -> None:
        """Writes the rows of a batch."""
        try:
            if self.fresh:
                self.collection.delete_many({})
                self.fresh = False
            if self.update:
                for row in frame.iter_rows(named=True):
                    self._update(row)
            else:
                for documents in self._documents(frame):
                    self.collection.insert_many(documents)
        except library(self, "pymongo.errors").PyMongoError as error:
            raise StepError(self.name, f"MongoDB refused it: {error}", "correct the data or the connection") from error
        self.emit(frame)

    def _documents(self, frame: pl.DataFrame) -> Iterator[list[dict[str, Any]]]:
        batch: list[dict[str, Any]] = []
        for row in frame.iter_rows(named=True):
            document = self._document(row)
            if document is not None:
                batch.append(document)
            if len(batch) >= max(1, self.batch_size):
                yield batch
                batch = []
        if batch:
            yield batch

    def _document(self, row: Row) -> dict[str, Any] | None:
        """The document of a row; None when it has no value at all."""
        whole = next((e for e in self.entries if e.whole), None)
        if whole is not None:
            found: dict[str, Any] | None = self._value(whole, row)
            return found
        return self._built(self.entries, row, {}) or None

    def _built(self, entries: list[Entry], row: Row, root: Any) -> Any:
        for entry in entries:
            value = self._value(entry, row)
            if value is not None or entry.allow_null:
                if not entry.path:
                    what = f"{entry.field.name!r} has no path in the document"
                    raise StepError(self.name, what, "give one, or use the field's name")
                _put(root, entry.path, value)
        return root

    def _value(self, entry: Entry, row: Row) -> Any:
        value, kind = row[entry.field.name], entry.field.type
        if value is None:
            return None
        if entry.json and kind is ValueType.STRING:
            try:
                return self.json.loads(value)
            except ValueError as error:
                what = f"{entry.field.name!r} is no JSON: {error}"
                raise StepError(self.name, what, "correct the value, or do not mark the field as JSON") from error
        return stored(value, entry.field, self.long)

    # -- updates

    def _update(self, row: Row) -> None:
        query = self._query(row)
        if not query:
            return
        if not self.modifier:
            document = self._document(row)
            if document is not None:
                self.collection.replace_one(query, document, upsert=self.upsert)
            return
        change = self._change(row, query)
        if change:
            write = self.collection.update_many if self.multi else self.collection.update_one
            write(query, change, upsert=self.upsert)

    def _query(self, row: Row) -> dict[str, Any]:
        """Which documents a row is about; empty when all its match values are null."""
        query: dict[str, Any] = {}
        for entry in self.entries:
            value = self._value(entry, row) if entry.match else None
            if not entry.match or (value is None and not entry.allow_null):
                continue
            if entry.whole:
                return dict(value or {})
            query[_dotted(entry.path)] = value
        return query

    def _change(self, row: Row, query: dict[str, Any]) -> Update:
        """The operators with their values; those for an insert or update only by what is there."""
        chosen = [e for e in self.entries if not e.match and e.operation]
        if not chosen:
            raise StepError(self.name, "no field has an operation for the update", "choose one such as $set")
        skip = ""
        if any(e.policy in ("Insert", "Update") for e in chosen):
            skip = "Insert" if self.collection.find_one(query) is not None else "Update"
        change: Update = {}
        grouped: dict[tuple[str, str], list[Entry]] = {}
        for entry in chosen:
            value = self._value(entry, row)
            if entry.policy == skip or (value is None and not entry.allow_null):
                continue
            indexed = next((n for n, part in enumerate(entry.path) if isinstance(part, int)), None)
            if indexed is None or entry.operation not in ("$set", "$push"):
                change.setdefault(entry.operation, {})[_dotted(entry.path)] = value
            elif entry.operation == "$push" and indexed == len(entry.path) - 1:
                change.setdefault("$push", {})[_dotted(entry.path[:-1])] = value
            else:
                grouped.setdefault((entry.operation, _dotted(entry.path[:indexed])), []).append(entry)
        for (operation, array), entries in grouped.items():
            depth = next(n for n, part in enumerate(entries[0].path) if isinstance(part, int))
            # $set makes the whole array, $push one element whose own place does not count
            begin = depth if operation == "$set" else depth + 1
            cut = [_shortened(entry, begin) for entry in entries]
            built = self._built(cut, row, [] if operation == "$set" else {})
            change.setdefault(operation, {})[array] = built
        return change

    def writes(self) -> list[DataSet]:
        """The collection."""
        columns = {_dotted(e.path): e.field.name for e in self.entries if e.path}
        return [DataSet("table", self.text("connection"), self.text("mongo_collection"), columns)]


def _shortened(entry: Entry, begin: int) -> Entry:
    path = entry.path[begin:]
    return Entry(entry.field, path, False, entry.json, entry.allow_null, entry.operation, entry.policy)


def _dotted(path: tuple[str | int, ...]) -> str:
    return ".".join(map(str, path))


def _put(root: Any, path: tuple[str | int, ...], value: Any) -> None:
    """Sets a value in nested objects and lists, which are made on the way."""
    for part, following in zip(path, (*path[1:], None), strict=True):
        if isinstance(part, int):
            root.extend([None] * (part + 1 - len(root)))
            present = root[part]
        else:
            present = root.get(part)
        if following is None:
            root[part] = value
            return
        if not isinstance(present, dict | list):
            present = root[part] = [] if isinstance(following, int) else {}
        root = present
