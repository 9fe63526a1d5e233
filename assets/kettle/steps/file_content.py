"""Load file content, properties files, YAML files and dBase tables."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import polars as pl

from assets.kettle.engine.result import ResultFile
from assets.kettle.engine.step import DataSet, Derivation, Ref, RowStep, Step
from assets.kettle.errors import KettleError, StepError
from assets.kettle.files.variables import read_properties
from assets.kettle.formats.columns import NUMBER_MASK, Column, integer_field
from assets.kettle.formats.encodings import codec
from assets.kettle.formats.file_list import plain_path
from assets.kettle.formats.output_name import output_name
from assets.kettle.model import Options
from assets.kettle.steps.file_documents import BadDocument, Document, DocumentStep
from assets.kettle.values.convert import text_of, to_text
from assets.kettle.values.fields import Field, Layout, ValueType
from assets.kettle.values.java_numbers import double_text


class LoadFileInput(DocumentStep):
    """One row per file with its content as text or bytes, and its size."""

    types = ("LoadFileInput",)
    content_tags = ("DynamicFilenameField",)
    code = "LoadFileInput001"

    def prepare(self) -> None:
        """File names, not content, come from the field."""
        self.is_path = self.from_field
        self.kinds = [f.text("element_type", default="content").lower() for f in self.options.rows("fields/field")]
        if any(c.field.type == ValueType.BINARY for c in self.columns):
            raise StepError(self.name, "content as Binary is not supported", "load it as String")

    def table(self, document: Document, row: Mapping[str, object]) -> Sequence[Sequence[str | None]]:
        """One row."""
        text = document.content.decode(codec(self.text("encoding")), "replace")
        text = text.removeprefix("\ufeff")
        made = {"content": text, "size": str(len(document.content))}
        return [[made.get(kind, text)] for kind in self.kinds]


class PropertyInput(DocumentStep):
    """Key and value of each entry of .properties and .ini files; in the order of Java's hash table."""

    types = ("PropertyInput",)
    content_tags = ("filename_Field",)
    path_tags = ("column",)
    code = "PropertyInput001"
    name_length = 500

    def prepare(self) -> None:
        """Reads the kind of file."""
        o = self.options
        self.from_field = self.is_path = o.flag("filefield")
        self.content_field = o.text("filename_Field")
        self.ini = o.text("file_type", default="property").lower() == "ini"
        self.section = self.text("section")
        self.section_field = o.text("ini_section_field") if o.flag("ini_section") else ""
        self.resolving = o.flag("resolvevaluevariable")
        if self.section_field:
            self.columns = [*self.columns, Column(Field(self.section_field, origin=self.name), path="section")]

    def table(self, document: Document, row: Mapping[str, object]) -> Sequence[Sequence[str | None]]:
        """Entries in the order of the file."""
        entries = self._ini(document) if self.ini else [("", k, v) for k, v in self._properties(document)]
        if self.resolving:
            entries = [(s, k, self.resolve(v)) for s, k, v in entries]
        picked = {"key": 1, "value": 2, "section": 0}
        return [[e[picked.get(c.path.lower(), 1)] for e in entries] for c in self.columns]

    def _properties(self, document: Document) -> list[tuple[str, str]]:
        import tempfile

        with tempfile.NamedTemporaryFile(suffix=".properties") as copy:
            copy.write(document.content)
            copy.flush()
            return _hash_order(read_properties(Path(copy.name)))

    def _ini(self, document: Document) -> list[tuple[str, str, str]]:
        import configparser

        reader = configparser.RawConfigParser(strict=False, allow_no_value=True)
        reader.optionxform = str  # type: ignore[assignment,method-assign]
        try:
            reader.read_string(document.content.decode(codec(self.text("encoding")), "replace"))
        except configparser.Error as error:
            raise BadDocument(str(error)) from error
        wanted = [self.section] if self.section else reader.sections()
        if self.section and not reader.has_section(self.section):
            raise BadDocument(f"there is no section {self.section!r}")
        return [(name, key, value or "") for name in wanted for key, value in reader.items(name)]


def _hash_order(pairs: Mapping[str, str]) -> list[tuple[str, str]]:
    """The pairs in the order of Java's hash table, which is how the step goes through them."""
    size = 16
    while len(pairs) >= size * 3 // 4:
        size *= 2

    def place(key: str) -> int:
        code = 0
        for char in key:
            code = (31 * code + ord(char)) & 0xFFFFFFFF
        return (code ^ (code >> 16)) % size

    return sorted(pairs.items(), key=lambda pair: place(pair[0]))


class YamlInput(DocumentStep):
    """Values of YAML documents: of a map by name, of a list one row per item. Rows count as output, as measured.

    An item of a list that is a map with none of the names goes whole into the first field. Maps are printed as
    `{a:  1,b:  2}`, lists as YAML.
    """

    types = ("YamlInput",)
    content_tags = ("YamlField",)
    counter = "output"
    code = "YamlInput001"

    def table(self, document: Document, row: Mapping[str, object]) -> Sequence[Sequence[str | None]]:
        """One row per map, or per item of a list."""
        import yaml

        try:
            loaded = list(yaml.load_all(document.content, Loader=yaml.CSafeLoader))
        except yaml.YAMLError as error:
            raise BadDocument(f"not valid YAML: {error}") from error
        items = [item for data in loaded for item in (data if isinstance(data, list) else [data])]
        made = [self._values(item) for item in items if item is not None]
        return [[values[i] for values in made] for i in range(len(self.columns))]

    def _values(self, item: Any) -> list[str | None]:
        if isinstance(item, dict) and any(c.path in item for c in self.columns):
            return [self._text(item.get(c.path), c) for c in self.columns]
        return [self._text(item, c) if i == 0 else None for i, c in enumerate(self.columns)]

    def _text(self, value: Any, column: Column) -> str | None:
        if value is None:
            return None
        if isinstance(value, date) and column.field.is_date:
            moment = value if isinstance(value, datetime) else datetime(value.year, value.month, value.day)
            if moment.tzinfo:
                moment = moment.astimezone(UTC).replace(tzinfo=None)
            return text_of(moment, column.field)
        return yaml_text(value)


def yaml_text(value: Any) -> str:
    """A value as the step prints it."""
    import yaml

    if isinstance(value, dict):
        return "{" + ",".join(f"{k}:  {yaml_text(v)}" for k, v in value.items()) + "}" if value else "{}"
    if isinstance(value, list):
        return str(yaml.safe_dump(value, default_flow_style=None, sort_keys=False, allow_unicode=True))
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float):
        return double_text(value)
    if isinstance(value, date):
        moment = value if isinstance(value, datetime) else datetime(value.year, value.month, value.day)
        return (
            text_of(moment.replace(tzinfo=None), Field("", ValueType.DATE, mask="EEE MMM dd HH:mm:ss zzz yyyy")) or ""
        )
    return "null" if value is None else str(value)


DBF_TYPES = {
    "N": ValueType.NUMBER,
    "F": ValueType.NUMBER,
    "B": ValueType.NUMBER,
    "I": ValueType.NUMBER,
    "D": ValueType.DATE,
    "L": ValueType.BOOLEAN,
}


class XBaseInput(Step):
    """Reads dBase tables; the layout comes from the file. Texts without a charset are Latin-1, as measured."""

    types = ("XBaseInput",)

    def fields(self, inputs: Mapping[str, Layout]) -> Layout:
        """The table's fields, file name, row number."""
        o = self.options
        self.incoming = next(iter(inputs.values()), Layout())
        self.files: list[str] = []
        self.fed = o.flag("accept_filenames")
        path = self.text("file_dbf")
        made = []
        if path and not self.fed:
            for column in self._open(path).fields:
                kind = DBF_TYPES.get(column.type, ValueType.STRING)
                numeric = kind == ValueType.NUMBER
                made.append(
                    Field(
                        column.name,
                        kind,
                        column.length if kind != ValueType.DATE else -1,
                        column.decimal_count if numeric else -1,
                        NUMBER_MASK if numeric else None,
                        origin=self.name,
                    )
                )
        if o.flag("include") and o.text("include_field"):
            made.append(Field(o.text("include_field"), length=100, origin=self.name))
        if o.flag("add_rownr") and o.text("field_rownr"):
            made.append(integer_field(o.text("field_rownr"), self.name))
        return Layout(made)

    def _open(self, path: str) -> Any:
        import dbfread

        encoding = codec(self.text("charset_name")) if self.text("charset_name") else "latin-1"
        try:
            return dbfread.DBF(
                plain_path(path), encoding=encoding, char_decode_errors="replace", ignore_missing_memofile=True
            )
        except (OSError, dbfread.DBFNotFound, ValueError) as error:
            raise StepError(self.name, f"cannot read {path}: {error}", "check the file") from error

    def rows(self, frame: pl.DataFrame, source: str) -> None:
        """Takes file names."""
        name = self.field(self.incoming, self.options.text("accept_field")).name
        self.files += [str(v) for v in frame[name] if v]

    def produce(self) -> Iterator[pl.DataFrame]:
        """The rows of all files."""
        if self.fed and self.files:
            raise StepError(self.name, "the layout of a file named by a row is not known before", "name the file here")
        path = self.text("file_dbf")
        table = self._open(path)
        limit = self.integer("limit")
        batch: list[list[Any]] = []
        number = 0
        for record in self._records(table, path):
            number += 1
            batch.append([_dbf_value(v) for v in record.values()])
            if len(batch) >= self.run.settings.batch_rows:
                yield self._frame(batch, path, number)
                batch = []
            if limit and number >= limit:
                break
        if batch:
            yield self._frame(batch, path, number)

    def _records(self, table: Any, path: str) -> Iterator[Mapping[str, Any]]:
        try:
            yield from table
        except (ValueError, OSError) as error:
            raise StepError(self.name, f"{path} holds a broken record: {error}", "check the file") from error

    def _frame(self, batch: list[list[Any]], path: str, number: int) -> pl.DataFrame:
        o = self.options
        self.count(input=len(batch))
        first = number - len(batch) + 1
        for offset, values in enumerate(batch):
            if o.flag("include") and o.text("include_field"):
                values.append(plain_path(path))
            if o.flag("add_rownr") and o.text("field_rownr"):
                values.append(first + offset)
        return pl.DataFrame(batch, schema=self.output.schema, orient="row")

    def reads(self) -> list[DataSet]:
        """The table."""
        return [DataSet("file", "", self.text("file_dbf"), {f.name: f.name for f in self.output})]

    def derive(self) -> dict[str, Derivation]:
        """Fields come from the columns of the table."""
        return {f.name: Derivation((Ref(f.name, dataset=self.text("file_dbf")),), "read") for f in self.output}


def _dbf_value(value: Any) -> Any:
    if isinstance(value, datetime):
        return value
    if isinstance(value, date):
        return datetime(value.year, value.month, value.day)
    if isinstance(value, int) and not isinstance(value, bool):
        return float(value)
    if isinstance(value, str):
        return value.rstrip()
    return value


class PropertyOutput(RowStep):
    """Writes each row as a `key=value` line with Java's escapes; one file, or one per name in a field."""

    types = ("PropertyOutput",)

    def setup(self) -> None:
        """Reads the options."""
        element = self.options.element.find("file")
        self.file = Options(element if element is not None else self.options.element)
        self.texts: dict[str, list[str]] = {}

    def fields(self, inputs: Mapping[str, Layout]) -> Layout:
        """The layout stays."""
        layout = self.main(inputs)
        self.key = self.field(layout, self.text("keyfield"), "the key field")
        self.value = self.field(layout, self.text("valuefield"), "the value field")
        self.dynamic = self.options.flag("fileNameInField", default=self.options.flag("filenameinfield"))
        self.name_field = self.options.text("fileNameField", "filenamefield") if self.dynamic else ""
        return layout

    def transform(self, frame: pl.DataFrame) -> pl.DataFrame:
        """Collects the lines; a later value of a key replaces an earlier one."""
        keys, values = to_text(frame[self.key.name], self.key), to_text(frame[self.value.name], self.value)
        paths = frame[self.field(self.output, self.name_field).name] if self.dynamic else [self._path()] * frame.height
        for path, key, value in zip(paths, keys, values, strict=True):
            if key is None or path is None:
                raise StepError(self.name, "a key or file name is empty", "fill it in every row")
            line = f"{_property_escape(key, key=True)}={_property_escape(value or '', key=False)}"
            self.texts.setdefault(str(path), []).append(line)
        self.count(output=frame.height)
        return frame

    def _path(self) -> str:
        name = output_name(self.text("file/name"), self.file, self.run.started)
        extension = self.resolve(self.file.text("extention"))
        return f"{name}.{extension}" if extension else name

    def produce(self) -> Iterator[pl.DataFrame]:
        """Writes the files."""
        comment = self.text("comment")
        for path, lines in self.texts.items():
            last = {line.split("=", 1)[0]: line for line in lines}
            head = [f"#{comment}"] if comment else []
            append = self.file.flag("append", default=self.options.flag("append"))
            try:
                staged = self.run.outputs.stage(self.resolve(path), append=append)
            except KettleError as error:
                raise StepError(self.name, str(error)) from error
            with staged.open("ab") as handle:
                handle.write("".join(f"{line}\n" for line in [*head, *last.values()]).encode("latin-1"))
            if self.file.flag("add_to_result_filenames", default=self.options.flag("AddToResult")):
                self.run.result.files.append(ResultFile(path, origin=self.name))
        return iter(())

    def writes(self) -> list[DataSet]:
        """The file."""
        return [] if self.dynamic else [DataSet("file", "", self._path(), {"value": self.value.name})]


PROPERTY_ESCAPES = {
    "\\": "\\\\",
    "\n": "\\n",
    "\r": "\\r",
    "\t": "\\t",
    "\f": "\\f",
    "=": "\\=",
    ":": "\\:",
    "#": "\\#",
    "!": "\\!",
}


def _property_escape(text: str, *, key: bool) -> str:
    made = []
    for position, char in enumerate(text):
        if char == " ":
            made.append("\\ " if key or position == 0 else " ")
        elif char in PROPERTY_ESCAPES:
            made.append(PROPERTY_ESCAPES[char])
        else:
            made.append(char if " " <= char <= "~" else f"\\u{ord(char):04X}")
    return "".join(made)
