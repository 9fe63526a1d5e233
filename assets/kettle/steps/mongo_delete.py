"""MongoDB delete (Hop): removes the documents that a query or the rows' values match."""

from collections.abc import Mapping
from typing import Any

import polars as pl

from assets.kettle.engine.step import Step
from assets.kettle.errors import StepError
from assets.kettle.formats.mongo import library, open_database, stored
from assets.kettle.values.convert import text_of
from assets.kettle.values.fields import Field, Layout

OPERATORS = {"=": "$eq", "<>": "$ne", "<": "$lt", "<=": "$lte", ">": "$gt", ">=": "$gte", "BETWEEN": "$gt"}
EXISTENCE = {"IS NULL": False, "IS NOT NULL": True}


class MongoDelete(Step):
    """The rows go on. A row without any value to match by deletes nothing.

    A JSON query runs once, or for each row with `?{field}` in it.
    """

    types = ("MongoDbDelete",)

    def setup(self) -> None:
        """Reads the way of matching."""
        self.by_query = self.options.flag("use_json_query")
        self.per_row = self.options.flag("execute_for_each_row")

    def fields(self, inputs: Mapping[str, Layout]) -> Layout:
        """The layout stays."""
        layout = self.main(inputs)
        self.conditions: list[tuple[str, str, list[Field]]] = []
        for option in () if self.by_query else self.options.rows("fields/field"):
            comparator = option.text("comparator", default="=").upper()
            if comparator not in (*OPERATORS, *EXISTENCE):
                raise StepError(self.name, f"there is no comparator {comparator!r}", "choose one that there is")
            path = self.resolve(option.text("doc_path")).replace("[", ".").replace("]", "")
            if not path:
                raise StepError(self.name, "a condition has no path in the document", "give one")
            count = 0 if comparator in EXISTENCE else 2 if comparator == "BETWEEN" else 1
            names = [self.resolve(option.text(f"incoming_field_{n}")) for n in (1, 2)][:count]
            self.conditions.append((path, comparator, [self.field(layout, name) for name in names]))
        if not self.by_query and not self.conditions:
            raise StepError(self.name, "nothing says which documents to delete", "give fields or a query")
        return layout

    def start(self) -> None:
        """Connects; a query that does not depend on rows runs when they begin."""
        self.json = library(self, "bson.json_util")
        self.long = library(self, "bson.int64").Int64
        self.client, database = open_database(self)
        self.collection = database[self.text("collection")]
        self.asked = False

    def close(self) -> None:
        """Disconnects."""
        client = getattr(self, "client", None)
        if client is not None:
            client.close()

    def rows(self, frame: pl.DataFrame, source: str) -> None:
        """Deletes, and passes the rows on."""
        if not self.by_query:
            for row in frame.iter_rows(named=True):
                query = self._query(row)
                if query:
                    self._delete(query)
        elif self.per_row or not self.asked:
            for row in frame.iter_rows(named=True) if self.per_row else [{}]:
                layout = self.main(self.inputs)
                self._delete(self._parsed({f.name: text_of(row[f.name], f) for f in layout if f.name in row}))
            self.asked = True
        self.emit(frame)

    def ended(self, source: str) -> None:
        """A query runs also where no row came."""
        if self.by_query and not self.per_row and not self.asked:
            self._delete(self._parsed({}))
            self.asked = True

    def _parsed(self, values: Mapping[str, str | None]) -> dict[str, Any]:
        text = self.run.variables.resolve_fields(self.text("json_query"), values).strip()
        try:
            return dict(self.json.loads(text or "{}"))
        except ValueError as error:
            raise StepError(self.name, f"the query is no JSON: {error}", "put names in double quotes") from error

    def _query(self, row: Mapping[str, Any]) -> dict[str, Any]:
        query: dict[str, Any] = {}
        for path, comparator, items in self.conditions:
            if comparator in EXISTENCE:
                query[path] = {"$exists": EXISTENCE[comparator]}
                continue
            values = [stored(row[item.name], item, self.long) for item in items]
            if all(value is None for value in values):
                continue
            query[path] = values[0] if comparator == "=" else {OPERATORS[comparator]: values[0]}
            if comparator == "BETWEEN":
                query[path] |= {"$lt": values[1]}
        return query

    def _delete(self, query: dict[str, Any]) -> None:
        try:
            self.collection.delete_many(query)
        except library(self, "pymongo.errors").PyMongoError as error:
            raise StepError(self.name, f"MongoDB refused it: {error}", "correct the query or the connection") from error
