"""JSON normalize input (Hop): each record of a document flattened into named values."""

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from assets.kettle.errors import StepError
from assets.kettle.formats.file_list import FileRule
from assets.kettle.formats.json_path import BadPath, compile_path, read_path
from assets.kettle.formats.json_text import plain_text
from assets.kettle.model import Options
from assets.kettle.steps.file_documents import BadDocument, Document, DocumentStep

ARRAYS = ("STRINGIFY", "SINGLE_ELEMENT", "ERROR")
BEYOND = ("STRINGIFY", "OMIT", "ERROR")


class JsonNormalizeInput(DocumentStep):
    """One row per record at `recordPath`; a field's path names the keys from the record's top, joined.

    Objects are taken apart down to `maxFlattenDepth` (-1: all), lists become JSON text unless a single element is
    taken out of them. A record that is no object has its value under "_".
    """

    types = ("JsonNormalizeInput",)
    content_tags = ("valueField", "sourceField")
    code = "JsonNormalizeInput001"

    def prepare(self) -> None:
        """Reads how records are taken apart."""
        self.record_path = self.text("recordPath", default="$[*]")
        try:
            compile_path(self.record_path)
        except BadPath as error:
            raise StepError(self.name, f"the path of the records: {error}", "correct the path") from error
        self.separator = self.text("fieldSeparator", default=".")
        self.max_depth = self.integer("maxFlattenDepth", default=-1)
        self.arrays = self._one_of("arrayHandling", ARRAYS)
        self.beyond = self._one_of("beyondDepthBehavior", BEYOND)
        self.ignore_missing = self.options.flag("ignoreMissingField")

    def _one_of(self, tag: str, known: Sequence[str]) -> str:
        found = self.options.text(tag, default=known[0]).upper()
        if found not in known:
            raise StepError(self.name, f"{tag} is {found!r}", f"choose one of {', '.join(known)}")
        return found

    def rules(self) -> list[FileRule]:
        """The files in Hop's layout, one element each."""
        return [self._rule(o) for o in self.options.rows("files/file") if o.text("name")] or super().rules()

    def _rule(self, option: Options) -> FileRule:
        name, mask, exclude = (self.resolve(option.text(tag)) for tag in ("name", "filemask", "exclude_filemask"))
        return FileRule(name, mask, exclude, option.flag("file_required"), option.flag("include_subfolders"))

    def table(self, document: Document, row: Mapping[str, object]) -> Sequence[Sequence[str | None]]:
        """The texts per field, one per record."""
        text = document.content.decode("utf-8-sig", "replace").strip()
        try:
            root = json.loads(text, strict=False) if text else []
        except ValueError as error:
            raise BadDocument(f"not valid JSON: {error}") from error
        records = read_path(root, self.record_path, null_leaves=True)
        if len(records) == 1 and isinstance(records[0], list):
            records = records[0]
        flat = [dict(self._flat(record)) for record in records]
        return [[self._value(values, c.path or c.field.name) for values in flat] for c in self.columns]

    def _value(self, values: Mapping[str, Any], path: str) -> str | None:
        if path not in values and not self.ignore_missing:
            raise BadDocument(f"a record has no {path!r}; it has {', '.join(values)}")
        value = values.get(path)
        if isinstance(value, dict | list):
            return json.dumps(value, ensure_ascii=False, separators=(",", ":"))
        return plain_text(value)

    def _flat(self, record: Any) -> Iterator[tuple[str, Any]]:
        if isinstance(record, dict):
            yield from self._object(record, "", 0)
        elif record is not None:
            yield "_", record

    def _object(self, value: Mapping[str, Any], prefix: str, depth: int) -> Iterator[tuple[str, Any]]:
        for key, inner in value.items():
            yield from self._inner(inner, f"{prefix}{self.separator}{key}" if prefix else key, depth)

    def _inner(self, value: Any, path: str, depth: int) -> Iterator[tuple[str, Any]]:
        if isinstance(value, list) and self.arrays != "STRINGIFY":
            if len(value) > (0 if self.arrays == "ERROR" else 1):
                raise BadDocument(f"{path} is a list of {len(value)}, which {self.arrays} does not take")
            yield from self._inner(value[0], path, depth) if value else iter([(path, None)])
        elif isinstance(value, dict) and (self.max_depth < 0 or depth < self.max_depth):
            yield from self._object(value, path, depth + 1)
        elif isinstance(value, dict) and self.beyond == "ERROR":
            raise BadDocument(f"the object at {path} is deeper than {self.max_depth}")
        elif not isinstance(value, dict) or self.beyond == "STRINGIFY":
            yield path, value
