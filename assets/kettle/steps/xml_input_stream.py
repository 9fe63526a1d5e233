"""XML input stream: the events of an XML document as rows, read as a stream."""

from collections.abc import Iterator, Mapping
from typing import IO, Any
from xml.parsers import expat  # declarations of entities are refused below

import polars as pl

from assets.kettle.engine.result import ResultFile
from assets.kettle.engine.step import DataSet, Step
from assets.kettle.errors import KettleError, StepError
from assets.kettle.formats.columns import INTEGER_MASK
from assets.kettle.formats.encodings import codec
from assets.kettle.formats.file_list import plain_path
from assets.kettle.formats.sources import open_path
from assets.kettle.values.fields import Field, Layout, ValueType

CODES = {"START_ELEMENT": 1, "END_ELEMENT": 2, "CHARACTERS": 4, "START_DOCUMENT": 7, "END_DOCUMENT": 8}
CODES |= {"ATTRIBUTE": 10, "CDATA": 12, "NAMESPACE": 13}
TEXT, COUNT = ValueType.STRING, ValueType.INTEGER
# flag, option with the name, default name, type, length (None: the default string length), key of the event's value
FIELDS: tuple[tuple[str, str, str, ValueType, int | None, str], ...] = (
    ("includeFilenameField", "filenameField", "xml_filename", TEXT, 256, "file"),
    ("includeRowNumberField", "rowNumberField", "xml_row_number", COUNT, 10, "row"),
    ("includeDataTypeNumericField", "dataTypeNumericField", "xml_data_type_numeric", COUNT, 10, "code"),
    ("includeDataTypeDescriptionField", "dataTypeDescriptionField", "xml_data_type_description", TEXT, 25, "kind"),
    ("includeXmlLocationLineField", "xmlLocationLineField", "xml_location_line", COUNT, 10, "line"),
    ("includeXmlLocationColumnField", "xmlLocationColumnField", "xml_location_column", COUNT, 10, "column"),
    ("includeXmlElementIDField", "xmlElementIDField", "xml_element_id", COUNT, 10, "id"),
    ("includeXmlParentElementIDField", "xmlParentElementIDField", "xml_parent_element_id", COUNT, 10, "parent"),
    ("includeXmlElementLevelField", "xmlElementLevelField", "xml_element_level", COUNT, 10, "level"),
    ("includeXmlPathField", "xmlPathField", "xml_path", TEXT, None, "path"),
    ("includeXmlParentPathField", "xmlParentPathField", "xml_parent_path", TEXT, None, "parent_path"),
    ("includeXmlDataNameField", "xmlDataNameField", "xml_data_name", TEXT, None, "name"),
    ("includeXmlDataValueField", "xmlDataValueField", "xml_data_value", TEXT, None, "value"),
)


class Events:
    """Turns the parser's calls into events; `taken` counts them as Kettle's input counter does."""

    def __init__(self, *, namespaces: bool, trim: bool) -> None:
        self.namespaces, self.trim = namespaces, trim
        self.found: list[dict[str, Any]] = []
        self.taken = 0
        self.ids, self.names, self.paths = [0], [""], [""]
        self.number = 0
        self.kind = "CHARACTERS"
        self.text: list[str] = []
        self.place = (1, 1)
        self.parser = parser = expat.ParserCreate()
        parser.ordered_attributes = True
        parser.StartElementHandler = self._start
        parser.EndElementHandler = self._end
        parser.CharacterDataHandler = self._characters
        parser.StartCdataSectionHandler = lambda: self._section("CDATA")
        parser.EndCdataSectionHandler = lambda: self._section("CHARACTERS")
        parser.CommentHandler = lambda _: self._ignored()
        parser.ProcessingInstructionHandler = lambda *_: self._ignored()
        parser.EntityDeclHandler = self._entity

    def _entity(self, *_: object) -> None:
        raise KettleError("the document declares entities, which are refused", "remove the declarations")

    def _ignored(self) -> None:
        self._flush()
        self.taken += 1

    def _section(self, following: str) -> None:
        self._flush()
        self.kind = following

    def _characters(self, text: str) -> None:
        if not self.text:
            self.place = (self.parser.CurrentLineNumber, self.parser.CurrentColumnNumber + 1)
        self.text.append(text)

    def _flush(self) -> None:
        if self.text:
            whole, self.text = "".join(self.text), []
            self.taken += 1
            whole = whole.strip() if self.trim else whole
            if whole:
                self.add(self.kind, self.names[-1], whole, self.place)

    def shown(self, name: str) -> str:
        """The name with its prefix only where namespaces are looked at."""
        return name if self.namespaces else name.rpartition(":")[2]

    def add(self, kind: str, name: str | None, value: str | None, place: tuple[int, int] | None = None) -> None:
        """Notes an event at the present element."""
        line, column = place or (self.parser.CurrentLineNumber, self.parser.CurrentColumnNumber + 1)
        level = len(self.ids) - 1
        self.found.append(
            {
                "kind": kind,
                "code": CODES[kind],
                "line": line,
                "column": column,
                "id": self.ids[-1],
                "parent": self.ids[-2] if level else None,
                "level": level,
                "path": self.paths[-1],
                "parent_path": self.paths[-2] if level else None,
                "name": name,
                "value": value,
            }
        )

    def _start(self, name: str, attributes: list[str]) -> None:
        self._flush()
        self.taken += 1
        self.number += 1
        shown = self.shown(name)
        self.ids.append(self.number)
        self.names.append(shown)
        self.paths.append(f"{self.paths[-1]}/{shown}")
        self.add("START_ELEMENT", shown, None)
        pairs = list(zip(attributes[::2], attributes[1::2], strict=True))
        spaces = [(k, v) for k, v in pairs if k == "xmlns" or k.startswith("xmlns:")]
        for key, value in spaces if self.namespaces else ():
            self.add("NAMESPACE", key.partition(":")[2], value)
        for key, value in pairs:
            if (key, value) not in spaces:
                self.add("ATTRIBUTE", self.shown(key), value)

    def _end(self, name: str) -> None:
        self._flush()
        self.taken += 1
        self.add("END_ELEMENT", self.shown(name), None)
        for stack in (self.ids, self.names, self.paths):
            stack.pop()


class XmlInputStream(Step):
    """One row per event: document, element, attribute, characters. Blank texts are left out but count as input."""

    types = ("XMLInputStream",)

    def setup(self) -> None:
        """Reads the options."""
        o = self.options
        self.wanted = [f for f in FIELDS if o.flag(f[0])]
        self.skip, self.limit = self.integer("nrRowsToSkip"), max(0, self.integer("rowLimit"))
        self.files: list[str] = []

    def fields(self, inputs: Mapping[str, Layout]) -> Layout:
        """The chosen fields."""
        self.incoming = next(iter(inputs.values()), Layout())
        default = self.integer("defaultStringLen", default=1024)
        made = []
        for _, tag, name, kind, length, _key in self.wanted:
            called = self.options.text(tag, default=name)
            if kind == COUNT:
                made.append(Field(called, COUNT, 10, 0, INTEGER_MASK, origin=self.name))
            else:
                made.append(Field(called, TEXT, default if length is None else length, origin=self.name))
        return Layout(made)

    def rows(self, frame: pl.DataFrame, source: str) -> None:
        """Takes file names."""
        name = self.field(self.incoming, self.text("filename"), "the file name field").name
        self.files += [self.resolve(str(v)) for v in frame[name] if v]

    def produce(self) -> Iterator[pl.DataFrame]:
        """The events of all documents."""
        for path in self.files if len(self.incoming) else [self.text("filename")]:
            try:
                with open_path(self.run, path) as stream:
                    yield from self._file(plain_path(path), stream)
            except (KettleError, expat.ExpatError) as error:
                raise StepError(self.name, f"{path}: {error}", "check the document") from error
            if self.options.flag("addResultFile"):
                self.run.result.files.append(ResultFile(path, origin=self.name))

    def _file(self, path: str, stream: IO[bytes]) -> Iterator[pl.DataFrame]:
        events = Events(namespaces=self.options.flag("enableNamespaces"), trim=self.options.flag("enableTrim"))
        events.taken = 1
        events.add("START_DOCUMENT", None, None, (1, 1))
        codec(self.text("encoding"))
        number = counted = 0
        head = True
        while chunk := stream.read(1 << 20):
            events.parser.Parse(chunk, False)
            if head:
                declared = chunk.lstrip(b"\xef\xbb\xbf").startswith(b"<?xml")
                events.taken += declared and chunk.split(b"?>", 1)[-1][:1].isspace()
                head = False
            last = chunk
            frame = self._frame(events, path, number)
            number += len(events.found)
            events.found = []
            self.count(input=events.taken - counted)
            counted = events.taken
            yield frame
            if self.limit and number >= self.limit:
                return
        events.parser.Parse(b"", True)
        events.taken += 1 + last[-1:].isspace()
        events.add("END_DOCUMENT", None, None)
        self.count(input=events.taken - counted)
        yield self._frame(events, path, number)

    def _frame(self, events: Events, path: str, number: int) -> pl.DataFrame:
        found = events.found
        if self.limit:
            found = found[: max(0, self.limit - number)]
        for offset, event in enumerate(found):
            event["file"], event["row"] = path, number + offset + 1
        found = found[max(0, self.skip - number) :]
        keys = [key for *_, key in self.wanted]
        columns = {n: [event[key] for event in found] for n, key in zip(self.output.names, keys, strict=True)}
        return pl.DataFrame(columns, schema=self.output.schema)

    def reads(self) -> list[DataSet]:
        """The document."""
        return [] if len(self.incoming) else [DataSet("file", "", self.text("filename"), {})]
