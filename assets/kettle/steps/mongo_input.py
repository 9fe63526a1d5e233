"""MongoDB input: documents of a query or pipeline, whole as JSON or by fields."""

from collections.abc import Iterator, Mapping
from typing import Any

import polars as pl

from assets.kettle.engine.step import DataSet, Derivation, Ref, Step
from assets.kettle.errors import StepError
from assets.kettle.formats.mongo import ALL, library, open_database, split_path, unwound, value_for
from assets.kettle.values.convert import text_of
from assets.kettle.values.fields import Field, Layout, ValueType


class MongoInput(Step):
    """Reads a collection.

    A path with `[*]` gives one row per element of that array; only one array may be unwound. With "execute for each
    row" `?{field}` in query and fields takes the row's value; the input's fields do not go on.
    """

    types = ("MongoDbInput",)

    def setup(self) -> None:
        """Reads query and fields."""
        self.as_json = self.options.flag("output_json", default=True)
        self.pipeline = self.options.flag("query_is_pipeline")
        self.per_row = self.options.flag("execute_for_each_row")
        rows = self.options.rows("mongo_fields/mongo_field")
        self.wanted = [] if self.as_json else [o for o in rows if o.text("field_name")]
        self.paths = [split_path(self.resolve(o.text("field_path", "field_name"))) for o in self.wanted]
        arrays = {tuple(path[: path.index(ALL)]) for path in self.paths if ALL in path}
        if len(arrays) > 1 or any(path.count(ALL) > 1 for path in self.paths):
            raise StepError(self.name, "its paths unwind several arrays", "unwind one, or use a $unwind pipeline")

    def fields(self, inputs: Mapping[str, Layout]) -> Layout:
        """The JSON, or the fields."""
        self.fed = self.main(inputs)
        if not self.wanted:
            return Layout([Field(self.text("json_field_name", default="json"), origin=self.name)])
        kinds = [ValueType.parse(o.text("field_type")) for o in self.wanted]
        return Layout(
            Field(o.text("field_name"), kind, origin=self.name) for o, kind in zip(self.wanted, kinds, strict=True)
        )

    def start(self) -> None:
        """Connects."""
        self.json = library(self, "bson.json_util")
        self.client, database = open_database(self)
        self.collection = database[self.text("collection")]

    def close(self) -> None:
        """Disconnects."""
        client = getattr(self, "client", None)
        if client is not None:
            client.close()

    def rows(self, frame: pl.DataFrame, source: str) -> None:
        """One query per row; without "execute for each row" the input says nothing."""
        if not self.per_row:
            return
        for row in frame.rows():
            values = {f.name: text_of(value, f) for f, value in zip(self.fed, row, strict=True)}
            for batch in self._batches(values):
                self.emit(batch)

    def produce(self) -> Iterator[pl.DataFrame]:
        """The documents of the one query."""
        if not self.per_row:
            yield from self._batches({})

    def _batches(self, values: Mapping[str, str | None]) -> Iterator[pl.DataFrame]:
        rows: list[list[Any]] = []
        for document in self._found(values):
            rows += self._rows_of(document)
            if len(rows) >= self.run.settings.batch_rows:
                yield pl.DataFrame(rows, schema=self.output.schema, orient="row")
                rows = []
        if rows:
            yield pl.DataFrame(rows, schema=self.output.schema, orient="row")

    def _found(self, values: Mapping[str, str | None]) -> Any:
        query, fields = (self._parsed(tag, values) for tag in ("json_query", "fields_name"))
        try:
            if not self.pipeline:
                return self.collection.find(query or {}, fields or None)
            if not query:
                raise StepError(self.name, "the pipeline is empty", "write its stages as a JSON list")
            stages = query if isinstance(query, list) else [query]
            return self.collection.aggregate(stages, allowDiskUse=self.options.flag("allow_disk_use"))
        except library(self, "pymongo.errors").PyMongoError as error:
            raise StepError(self.name, f"the query failed: {error}", "correct it, or the connection") from error

    def _parsed(self, tag: str, values: Mapping[str, str | None]) -> Any:
        text = self.run.variables.resolve_fields(self.text(tag), values).strip()
        if self.pipeline and tag == "json_query" and text.startswith("{"):
            text = f"[{text}]"  # stages without the brackets of the list
        try:
            return self.json.loads(text) if text else None
        except ValueError as error:
            raise StepError(self.name, f"{tag} is no JSON: {error}", "put names and texts in double quotes") from error

    def _rows_of(self, document: dict[str, Any]) -> list[list[Any]]:
        if not self.wanted:
            return [[self._dumped(document)]]
        try:
            return [
                [value_for(value, item, self._dumped) for value, item in zip(values, self.output, strict=True)]
                for values in unwound(document, self.paths)
            ]
        except (ValueError, ArithmeticError) as error:
            raise StepError(
                self.name, f"{document.get('_id')}: {error}", "choose another type for the field"
            ) from error

    def _dumped(self, value: Any) -> str:
        return str(self.json.dumps(value, json_options=self.json.RELAXED_JSON_OPTIONS))

    def derive(self) -> dict[str, Derivation]:
        """Each field from its path."""
        dataset = self.text("collection")
        if not self.wanted:
            return {self.output.names[0]: Derivation((), f"documents of {dataset} as JSON")}
        named = zip(self.output.names, self.wanted, strict=True)
        return {n: Derivation((Ref(o.text("field_path"), dataset=dataset),), "read") for n, o in named}

    def reads(self) -> list[DataSet]:
        """The collection."""
        columns = {o.text("field_path"): name for o, name in zip(self.wanted, self.output.names, strict=False)}
        return [DataSet("table", self.text("connection"), self.text("collection"), columns)]
