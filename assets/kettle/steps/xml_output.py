"""XML output and Add XML: rows as elements, in a file or in a field."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import IO

import polars as pl

from assets.kettle.engine.result import ResultFile
from assets.kettle.engine.step import DataSet, Derivation, Ref, RowStep, Step
from assets.kettle.errors import KettleError, StepError
from assets.kettle.formats.columns import number
from assets.kettle.formats.encodings import codec
from assets.kettle.formats.output_name import output_name
from assets.kettle.formats.text_writer import open_packed
from assets.kettle.formats.xml_write import in_encoding, xml_attribute, xml_text
from assets.kettle.model import Options
from assets.kettle.values.convert import to_text
from assets.kettle.values.fields import Field, Layout, ValueType

DEFAULT_MASK = "#,##0.###"


@dataclass(frozen=True, slots=True)
class Node:
    """One field as an element or attribute.

    Attributes:
        field: of the stream, with the mask and symbols of the output.
        parent: element that an attribute belongs to, "" for the row's element.
    """

    field: Field
    name: str
    null_if: str = ""
    attribute: bool = False
    parent: str = ""


def _styled(field: Field, option: Options, *, sized: bool) -> Field:
    changes: dict[str, object] = {
        "mask": option.text("format") or None,
        "decimal": option.text("decimal") or None,
        "grouping": option.text("group") or None,
        "currency": option.text("currency") or None,
    }
    if sized:
        changes |= {"length": number(option.text("length")), "precision": number(option.text("precision"))}
    return field.but(**changes)


class AddXml(RowStep):
    """Adds a field with the row as one XML element; attributes are sorted by name, as Java's serializer does.

    Numbers without a mask are printed with `#,##0.###`; null is the field's null text or an empty element, or left out.
    """

    types = ("AddXML",)

    def setup(self) -> None:
        """Reads the options."""
        o = self.options
        self.root = self.text("xml_repeat_element", default="Row")
        self.encoding = self.text("encoding", default="UTF-8")
        self.codec = codec(self.encoding)
        self.omit_header = o.flag("file/omitXMLheader")
        self.omit_null = o.flag("file/omitNullValues", "file/omitNull")

    def fields(self, inputs: Mapping[str, Layout]) -> Layout:
        """One String more."""
        layout = self.main(inputs)
        self.nodes = []
        for option in self.options.rows("fields/field"):
            found = self.field(layout, option.text("name"))
            styled = _styled(found.but(length=-1, precision=-1), option, sized=False)
            if styled.type == ValueType.STRING:
                styled = found
            elif styled.is_numeric and not styled.mask:
                styled = styled.but(mask=DEFAULT_MASK)
            elif styled.is_date and not styled.mask:
                styled = found
            self.nodes.append(
                Node(
                    styled,
                    option.text("element") or found.name,
                    option.text("nullif"),
                    option.flag("attribute"),
                    option.text("attributeParentName"),
                )
            )
        return layout.plus(Field(self.text("valueName", default="xmlvaluename"), origin=self.name))

    def transform(self, frame: pl.DataFrame) -> pl.DataFrame:
        """The same rows with their XML."""
        texts = [to_text(frame[n.field.name], n.field).to_list() for n in self.nodes]
        head = "" if self.omit_header else f'<?xml version="1.0" encoding="{self.encoding}" standalone="no"?>'
        made = [in_encoding(head + self._row(list(values)), self.codec) for values in zip(*texts, strict=True)]
        if not texts:
            made = [f"{head}<{self.root}/>"] * frame.height
        return frame.with_columns(pl.Series(self.output.names[-1], made, dtype=pl.String))

    def _row(self, values: list[str | None]) -> str:
        attributes: dict[str, dict[str, str]] = {}
        parts: list[tuple[str, str]] = []
        for node, value in zip(self.nodes, values, strict=True):
            if self.omit_null and not value:
                continue
            text = value or node.null_if
            if node.attribute:
                known = {name for name, _ in parts}
                attributes.setdefault(node.parent if node.parent in known else "", {})[node.name] = text
            else:
                parts.append(("" if node.name == self.root else node.name, text))
        inner, seen = "", set()
        for name, text in parts:
            own = "" if name in seen else _attributes(attributes.get(name, {}))
            seen.add(name)
            inner += self._part(name, text, own)
        own = _attributes(attributes.get("", {}))
        return f"<{self.root}{own}>{inner}</{self.root}>" if inner else f"<{self.root}{own}/>"

    def _part(self, name: str, text: str, own: str) -> str:
        if not name:
            return xml_text(text)
        return f"<{name}{own}>{xml_text(text)}</{name}>" if text else f"<{name}{own}/>"

    def derive(self) -> dict[str, Derivation]:
        """The new field comes from all that are written into it."""
        source = next(iter(self.inputs), "")
        refs = tuple(Ref(n.field.name, source) for n in self.nodes)
        return {self.output.names[-1]: Derivation(refs, f"the row as XML element {self.root}")}


def _attributes(values: Mapping[str, str]) -> str:
    return "".join(f' {name}="{xml_attribute(text)}"' for name, text in sorted(values.items()))


class XmlOutput(Step):
    """Writes each row as one line with an element, inside one main element; rows go on unchanged."""

    types = ("XMLOutput",)

    def setup(self) -> None:
        """Reads the options."""
        o = self.options
        element = o.element.find("file")
        self.file = Options(element if element is not None else o.element)
        self.encoding = self.text("encoding", default="UTF-8")
        self.codec = codec(self.encoding)
        self.top = self.text("xml_main_element", default="Rows")
        self.row = self.text("xml_repeat_element", default="Row")
        self.omit_null = self.file.flag("omit_null_values")
        self.split_every = number(self.resolve(self.file.text("splitevery")), 0)
        self.zipped = self.file.flag("zipped")

    def fields(self, inputs: Mapping[str, Layout]) -> Layout:
        """The layout stays."""
        layout = self.main(inputs)
        self.nodes = []
        for option in self.options.rows("fields/field"):
            found = layout.get(option.text("name"))
            if found is None:
                self.field(layout, option.text("name"))
                continue
            attribute = option.text("content_type").lower() == "attribute"
            styled = _styled(found, option, sized=True)
            self.nodes.append(Node(styled, option.text("element") or found.name, attribute=attribute))
        if not self.nodes:
            self.nodes = [Node(f, f.name) for f in layout]
        return layout

    def start(self) -> None:
        """Creates the file."""
        self.handle: IO[bytes] | None = None
        self.part = self.lines = 0
        if self.inputs and not self.file.flag("do_not_open_newfile_init"):
            self._open()

    def _open(self) -> None:
        moment, splitting = self.run.started, self.split_every > 0
        base = output_name(self.text("file/name"), self.file, moment, part=self.part, splitting=splitting)
        extension = self.resolve(self.file.text("extention", "extension"))
        inner = f"{base}.{extension}" if extension else base
        path = f"{base}.zip" if self.zipped else inner
        self.part += 1
        try:
            staged = self.run.outputs.stage(path)
            self.handle = open_packed(staged, "zip" if self.zipped else "none", inner.rsplit("/", 1)[-1])
        except (KettleError, OSError) as error:
            raise StepError(self.name, f"cannot write {path}: {error}") from error
        if self.file.flag("add_to_result_filenames"):
            self.run.result.files.append(ResultFile(path, origin=self.name))
        space = self.text("name_space")
        declared = f' xmlns="{xml_attribute(space)}"' if space else ""
        self._write(f'<?xml version="1.0" encoding="{self.encoding}"?>\n<{self.top}{declared}>\n')

    def _write(self, text: str) -> None:
        assert self.handle is not None
        self.handle.write(text.encode(self.codec, "xmlcharrefreplace"))

    def _finish(self) -> None:
        if self.handle is not None:
            self._write(f"</{self.top}>\n")
            self.handle.close()
            self.handle = None

    def rows(self, frame: pl.DataFrame, source: str) -> None:
        """Writes and passes on."""
        texts = [to_text(frame[n.field.name], n.field).to_list() for n in self.nodes]
        lines = [self._line(values) for values in zip(*texts, strict=True)]
        at = 0
        while at < len(lines):
            if self.split_every and self.lines and self.lines % self.split_every == 0:
                self._finish()
            if self.handle is None:
                self._open()
            room = self.split_every - self.lines % self.split_every if self.split_every else len(lines)
            batch = lines[at : at + room]
            self._write("".join(batch))
            self.lines += len(batch)
            at += len(batch)
        self.count(output=frame.height)
        self.emit(frame)

    def _line(self, values: tuple[str | None, ...]) -> str:
        attributes, parts = "", []
        for position, (node, value) in enumerate(zip(self.nodes, values, strict=True)):
            if node.attribute:
                attributes += "" if value is None else f' {node.name}="{xml_attribute(value)}"'
                continue
            gap = " " if position else ""
            if value is None or value == "":
                missing = (
                    "" if self.omit_null else f"<{node.name}/>" if value is None else f"<{node.name}></{node.name}>"
                )
                parts.append(gap + missing)
            else:
                parts.append(f"{gap}<{node.name}>{xml_text(value)}</{node.name}>")
        return f"<{self.row}{attributes}>{''.join(parts)}</{self.row}>\n"

    def produce(self) -> Iterator[pl.DataFrame]:
        """Ends the document."""
        self._finish()
        return iter(())

    def close(self) -> None:
        """Closes the file after a failure."""
        if getattr(self, "handle", None) is not None:
            assert self.handle is not None
            self.handle.close()

    def writes(self) -> list[DataSet]:
        """The file."""
        extension = self.resolve(self.file.text("extention", "extension"))
        path = self.text("file/name") + (f".{extension}" if extension else "")
        return [DataSet("file", "", path, {n.name: n.field.name for n in self.nodes})]
