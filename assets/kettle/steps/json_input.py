"""JSON input: values by JsonPath from files, fields or addresses."""

import json
from collections.abc import Mapping, Sequence
from itertools import repeat
from typing import Any

from assets.kettle.errors import StepError
from assets.kettle.formats.columns import Column
from assets.kettle.formats.json_path import BadPath, compile_path, read_path
from assets.kettle.formats.json_text import plain_text
from assets.kettle.steps.file_documents import BadDocument, Document, DocumentStep


class JsonInput(DocumentStep):
    """Every field's path gives a list; the lists must be equally long, empty ones count as null throughout.

    A path that finds nothing (or nulls only) is an error unless missing paths are ignored. A missing last name counts
    as null if `defaultPathLeafToNull` (the default). Objects and lists come as JSON text.
    """

    types = ("JsonInput",)
    content_tags = ("valueField", "sourceField")
    code = "JsonInput001"

    def prepare(self) -> None:
        """Checks the paths."""
        self.ignore_missing = self.options.flag("ignoreMissingPath")
        self.null_leaves = self.options.flag("defaultPathLeafToNull", default=True)
        for column in self.columns:
            try:
                compile_path(column.path)
            except BadPath as error:
                raise StepError(self.name, f"field {column.field.name!r}: {error}", "correct the path") from error

    def empty_document(self) -> Document | None:
        """Null content is a row of nulls."""
        return Document(b"")

    def table(self, document: Document, row: Mapping[str, object]) -> Sequence[Sequence[str | None]]:
        """The texts per path."""
        text = document.content.decode("utf-8-sig", "replace").strip()
        if not text:
            return [[None] for _ in self.columns]
        try:
            return self.read(json.loads(text, strict=False))
        except RecursionError:
            raise BadDocument("the JSON is nested too deep (some hundred levels can be read)") from None
        except json.JSONDecodeError as error:
            raise BadDocument(f"not valid JSON: {error}") from error

    def read(self, root: Any) -> list[list[str | None]]:
        """The columns of a parsed document."""
        lists: list[list[Any]] = []
        previous: tuple[int, Column] | None = None
        for column in self.columns:
            values = read_path(root, column.path, null_leaves=self.null_leaves)
            if previous and values and previous[0] > 0 and len(values) != previous[0]:
                raise BadDocument(
                    f"{len(values)} values for the path {column.path}, but {previous[0]} for {previous[1].path}: "
                    "all paths must give the same number"
                )
            if not self.ignore_missing and all(v is None for v in values):
                raise BadDocument(f"nothing is at the path {column.path}")
            lists.append(values)
            previous = (len(values), column)
        size = max((len(values) for values in lists), default=0)
        return [[plain_text(v) for v in values] if values else list(repeat(None, size)) for values in lists]
