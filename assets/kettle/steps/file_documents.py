"""The common part of steps that read whole documents (JSON, XML, YAML, plain files) from files, fields or addresses."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import ClassVar

import polars as pl

from assets.kettle.engine.result import ResultFile
from assets.kettle.engine.step import DataSet, Derivation, Ref, Step
from assets.kettle.errors import KettleError, StepError
from assets.kettle.formats.columns import Column, Repeater, declared, integer_field
from assets.kettle.formats.file_list import FileRule, expand, facts, file_rules, plain_path, wanted_facts
from assets.kettle.formats.http_client import fetch
from assets.kettle.formats.sources import open_path
from assets.kettle.model import Options
from assets.kettle.values.convert import convert
from assets.kettle.values.fields import Field, Layout, ValueType


class BadDocument(ValueError):  # says what is wrong with the document
    """A document that cannot be read."""


@dataclass(frozen=True, slots=True)
class Document:
    """The content of one document and the plain path it came from, "" for the content of a field."""

    content: bytes
    path: str = ""


@dataclass(slots=True)
class Gathered:
    """Raw rows of several documents: texts per column, the input row of each, the path of each."""

    texts: list[list[str | None]]
    rows: list[int] = field(default_factory=list)
    paths: list[str] = field(default_factory=list)

    def add(self, table: Sequence[Sequence[str | None]], row: int, path: str) -> None:
        """Adds a document's rows."""
        count = len(table[0]) if table else 0
        for column, values in zip(self.texts, table, strict=True):
            column.extend(values)
        self.rows += [row] * count
        self.paths += [path] * count


class DocumentStep(Step):
    """Reads documents and says one row per item in them. Subclasses say how a document becomes a table of texts.

    Class attributes:
        content_tags: the option that names the field with content, path or address.
        path_tags: the option of a field that says where its value stands.
        counter: the counter that rows add to.
        code: error code of rejected rows.
    """

    content_tags: ClassVar[tuple[str, ...]] = ("valueField",)
    path_tags: ClassVar[tuple[str, ...]] = ("path",)
    counter: ClassVar[str] = "input"
    code: ClassVar[str] = ""
    missing_ok: ClassVar[bool] = False
    name_length: ClassVar[int] = 100

    def setup(self) -> None:
        """Reads the options."""
        o = self.options
        self.from_field = o.flag("IsInFields")
        self.is_path = self.from_field and o.flag("IsAFile")
        self.is_address = self.from_field and o.flag("readurl")
        self.content_field = o.text(*self.content_tags)
        self.columns = [self._column(f) for f in o.rows("fields/field")]
        self.limit = max(0, self.integer("limit"))
        self.include = self.options.text("include_field") if o.flag("include") else ""
        self.rownum = self.options.text("rownum_field") if o.flag("rownum") else ""
        self.facts = wanted_facts(o)
        self.number = 0
        self.repeater = Repeater(self.columns)
        self.prepare()

    def prepare(self) -> None:
        """Reads the options of the subclass."""

    def _column(self, option: Options) -> Column:
        written = option.text(*self.path_tags)
        root = "$" if written.startswith("$[") else ""  # a JsonPath, no characters in hexadecimal
        path = root + self.resolve(written.removeprefix(root))
        return Column(declared(option, self.name), path=path, repeat=option.flag("repeat"))

    def table(self, document: Document, row: Mapping[str, object]) -> Sequence[Sequence[str | None]]:
        """The texts of each column. Raises BadDocument. `row` is the input row, when content comes from a field."""
        raise NotImplementedError

    def fields(self, inputs: Mapping[str, Layout]) -> Layout:
        """Input fields (when the content comes from one), the declared ones, file name, row number, file facts."""
        self.incoming = next(iter(inputs.values()), Layout()) if self.from_field else Layout()
        if self.from_field and inputs:
            self.content_field = self.field(self.incoming, self.content_field, "the source field").name
        kept = self.incoming
        if self.options.flag("removeSourceField") and self.from_field and inputs:
            kept = kept.without(self.content_field)
        self.kept = kept.names
        own = [c.field for c in self.columns]
        if self.include:
            own.append(Field(self.include, length=self.name_length, origin=self.name))
        if self.rownum:
            own.append(integer_field(self.rownum, self.name))
        own += [fact.named(name, self.name) for name, fact in self.facts]
        self.layout = Layout([*kept, *own])
        self.own_names = self.layout.names[len(kept) :]
        return self.layout

    def main(self, inputs: Mapping[str, Layout]) -> Layout:
        """Rejected rows have the layout of the output."""
        return self.layout

    def rows(self, frame: pl.DataFrame, source: str) -> None:
        """Reads the documents that the rows hold or name."""
        if not self.from_field:
            raise StepError(self.name, "rows come in, but the step reads files", "remove the hop")
        gathered = Gathered([[] for _ in self.columns])
        contents = frame[self.content_field]
        needs_row = frame.to_dicts() if self.uses_row() else None
        for position in range(frame.height):
            value = contents[position]
            try:
                document = self._from_value(value)
                if document is not None:
                    row = needs_row[position] if needs_row else {}
                    gathered.add(self.table(document, row), position, document.path)
            except (BadDocument, KettleError) as error:
                self._reject_document(frame[position], str(error))
        self._finish(frame, gathered)

    def uses_row(self) -> bool:
        """Whether `table` looks at the input row."""
        return False

    def _from_value(self, value: object) -> Document | None:
        if value is None or value == "":
            if self.is_path or self.is_address:
                raise BadDocument("the source field is empty")
            return self.empty_document()
        if self.is_address:
            return Document(fetch(str(value)), "")
        if self.is_path:
            return self._from_file(plain_path(self.resolve(str(value))))
        return Document(value if isinstance(value, bytes) else str(value).encode("utf-8"))

    def empty_document(self) -> Document | None:
        """What stands for a null content; None skips the row."""
        return None

    def _from_file(self, path: str) -> Document:
        with open_path(self.run, path) as stream:
            data = stream.read()
        if self.options.flag("addresultfile", "isaddresult"):
            self.run.result.files.append(ResultFile(path, origin=self.name))
        return Document(data, path)

    def _reject_document(self, row: pl.DataFrame, reason: str) -> None:
        empty = pl.DataFrame(
            {n: [None] for n in self.own_names}, schema={n: self.layout[n].dtype for n in self.own_names}
        )
        self.reject(pl.concat([row.select(self.kept), empty], how="horizontal"), reason, "", self.code)

    def produce(self) -> Iterator[pl.DataFrame]:
        """The rows of all files, where the step reads files."""
        if not self.from_field:
            self._read_files()
        return iter(())

    def _read_files(self) -> None:
        rules = self.rules()
        try:
            files = expand(rules)
        except KettleError as error:
            raise StepError(self.name, str(error)) from error
        if not files and not self.missing_ok and not self.options.flag("doNotFailIfNoFile", default=True):
            raise StepError(self.name, f"no file is there: {', '.join(r.path for r in rules)}", "correct the file name")
        for path in files:
            try:
                document = self._from_file(path)
            except KettleError as error:
                raise StepError(self.name, str(error)) from error
            if document.content or not self.options.flag("IsIgnoreEmptyFile"):
                self.read_document(document)
            if self.limit and self.number >= self.limit:
                return

    def read_document(self, document: Document) -> None:
        """Sends the rows of one document; without an error hop one that cannot be read ends the run."""
        gathered = Gathered([[] for _ in self.columns])
        nothing = pl.DataFrame({"": [None]}).drop("")
        try:
            gathered.add(self.table(document, {}), 0, document.path)
        except (BadDocument, KettleError) as error:
            if self.node.error is None:
                raise StepError(self.name, f"{document.path}: {error}") from error
            self._reject_document(nothing, f"{document.path}: {error}")
        self._finish(nothing, gathered)

    def rules(self) -> list[FileRule]:
        """The files to read."""
        return file_rules(self.options, self.resolve)

    def _finish(self, frame: pl.DataFrame, gathered: Gathered) -> None:
        """Converts and sends the rows; those that cannot be converted are rejected, null from the failing field on."""
        height = len(gathered.rows)
        if self.limit:
            height = min(height, max(0, self.limit - self.number))
        if not height:
            return
        columns: list[pl.Series] = []
        failures: dict[int, tuple[int, str]] = {}
        for position, (texts, column) in enumerate(zip(gathered.texts, self.columns, strict=True)):
            text = pl.Series(column.field.name, texts[:height], dtype=pl.String)
            source = column.field.but(type=ValueType.STRING)
            converted = convert(text, source, column.field)
            columns.append(converted.values)
            for row, reason in converted.reasons.items():
                failures.setdefault(row, (position, reason))
        own = [c.alias(name) for c, name in zip(columns, self.own_names, strict=False)]
        own += self._extra(gathered.paths[:height], height)
        left = frame.select(self.kept)[gathered.rows[:height]] if self.kept else None
        made = pl.DataFrame([*(left.get_columns() if left is not None else []), *own])
        made = self._repeated(made).select(self.layout.names)
        good = self._without(made, failures) if failures else made
        self.number += good.height
        self.count(**{self.counter: good.height})
        self.emit(good)

    def _repeated(self, frame: pl.DataFrame) -> pl.DataFrame:
        return self.repeater.fill(frame)

    def _extra(self, paths: list[str], height: int) -> list[pl.Series]:
        made = []
        if self.include:
            made.append(pl.Series(self.own_names[len(self.columns)], paths, dtype=pl.String))
        if self.rownum:
            made.append(
                pl.int_range(self.number + 1, self.number + 1 + height, dtype=pl.Int64, eager=True).alias(self.rownum)
            )
        known = {path: facts(path) for path in set(paths)} if self.facts else {}
        for name, fact in self.facts:
            values = [getattr(known[p], fact.fact) for p in paths]
            made.append(pl.Series(name, values, dtype=self.layout[name].dtype))
        return made

    def _without(self, frame: pl.DataFrame, failures: dict[int, tuple[int, str]]) -> pl.DataFrame:
        for row, (position, reason) in sorted(failures.items()):
            later = self.own_names[position:]
            bad = frame[row].with_columns(pl.lit(None, dtype=self.layout[n].dtype).alias(n) for n in later)
            self.reject(bad, reason, "", self.code)
        return frame.filter(pl.Series([True]).new_from_index(0, frame.height).scatter(sorted(failures), False))

    def reads(self) -> list[DataSet]:
        """The files as named."""
        if self.from_field:
            return []
        names = {c.path: c.field.name for c in self.columns}
        return [DataSet("file", "", rule.path, names) for rule in self.rules()]

    def derive(self) -> dict[str, Derivation]:
        """Each declared field comes from its place in the document."""
        rules = [] if self.from_field else self.rules()
        source = next(iter(self.inputs), "")
        found = {}
        for column in self.columns:
            ref = (
                Ref(self.content_field, source)
                if self.from_field
                else Ref(column.path, dataset=rules[0].path if rules else "")
            )
            found[column.field.name] = Derivation((ref,), f"the value at {column.path or column.field.name}")
        return found
