"""XML join, XSL transformation and XSD validation, without entities and network."""

import re
from collections.abc import Iterator, Mapping
from typing import Any

import polars as pl
from lxml import etree

from assets.kettle.engine.step import Derivation, Ref, RowStep, Step
from assets.kettle.errors import KettleError, StepError
from assets.kettle.formats.sources import open_path
from assets.kettle.formats.xml_safe import BadXml, parse_xml
from assets.kettle.values.convert import to_text
from assets.kettle.values.fields import Field, Layout, ValueType


class XmlJoin(Step):
    """Puts the XML of all rows of the source step into the one document of the target step.

    A simple join appends to the node of the target path; a complex one replaces `?` in it by each row's value.
    """

    types = ("XMLJoin",)
    joins = True

    def setup(self) -> None:
        """Reads the options."""
        self.target, self.source = self.options.text("targetXMLstep"), self.options.text("sourceXMLstep")
        self.path = self.text("targetXPath")
        self.complex = self.options.flag("complexJoin")
        self.held: list[tuple[str, str]] = []
        self.row: pl.DataFrame | None = None

    def named_inputs(self) -> list[str]:
        """The source is read on the side."""
        return [self.source]

    def fields(self, inputs: Mapping[str, Layout]) -> Layout:
        """The target's fields and the result."""
        if self.target not in inputs or self.source not in inputs:
            raise StepError(self.name, f"needs the steps {self.target!r} and {self.source!r}", "draw both hops")
        layout = inputs[self.target]
        self.document = self.field(layout, self.options.text("targetXMLfield")).name
        self.piece = self.field(inputs[self.source], self.options.text("sourceXMLfield")).name
        if self.complex:
            self.compare = self.field(inputs[self.source], self.options.text("joinCompareField"))
        return layout.plus(Field(self.text("valueXMLfield", default="valueXMLfield"), origin=self.name))

    def rows(self, frame: pl.DataFrame, source: str) -> None:
        """Keeps the pieces, and the first target row."""
        if source == self.source:
            keys = to_text(frame[self.compare.name], self.compare) if self.complex else [""] * frame.height
            self.held += [(str(p or ""), str(k or "")) for p, k in zip(frame[self.piece], keys, strict=True)]
        elif self.row is None:
            self.row = frame.head(1)

    def produce(self) -> Iterator[pl.DataFrame]:
        """The joined document."""
        if self.row is None:
            return
        try:
            root = parse_xml(str(self.row[self.document][0] or "").encode("utf-8"))
            for piece, key in self.held:
                if piece:
                    self._append(root, parse_xml(piece.encode("utf-8")), key)
        except (BadXml, etree.XPathError) as error:
            raise StepError(self.name, str(error), "correct the documents or the path") from error
        text = self._printed(root)
        yield self.row.with_columns(pl.lit(text).alias(self.output.names[-1]))

    def _append(self, root: Any, piece: Any, key: str) -> None:
        path = self.path.replace("?", key) if self.complex else self.path
        found = root.getroottree().xpath(path)
        nodes = found if isinstance(found, list) else []
        if not nodes:
            raise StepError(self.name, f"the target path {path} finds no node", "correct the path")
        nodes[0].append(piece)

    def _printed(self, root: Any) -> str:
        if self.options.flag("omitNullValues"):
            for node in reversed(list(root.iter(etree.Element))):
                if not len(node) and not (node.text or "").strip() and not node.attrib and node.getparent() is not None:
                    node.getparent().remove(node)
        body = str(etree.tostring(root, encoding="unicode"))
        encoding = self.text("encoding", default="UTF-8")
        head = f'<?xml version="1.0" encoding="{encoding}" standalone="no"?>'
        return body if self.options.flag("omitXMLHeader") else head + body

    def derive(self) -> dict[str, Derivation]:
        """The result comes from both sides."""
        refs = (Ref(self.document, self.target), Ref(self.piece, self.source))
        return {self.output.names[-1]: Derivation(refs, f"joined at {self.path}")}


class _Refuse(etree.Resolver):  # type: ignore[misc]  # lxml has no types
    """Answers every request for another document with an error."""

    def resolve(self, system_url: str, public_id: str, context: Any) -> Any:
        """Refuses."""
        raise OSError(f"the document asks for {system_url}, which is refused")


def _closed(data: bytes) -> Any:
    parser = etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False)
    parser.resolvers.add(_Refuse())
    return etree.fromstring(data, parser)


class Xslt(RowStep):
    """Transforms the XML of each row; parameters may come from fields."""

    types = ("XSLT",)

    def fields(self, inputs: Mapping[str, Layout]) -> Layout:
        """One String more."""
        layout = self.main(inputs)
        self.source = self.field(layout, self.text("fieldname")).name
        in_field = self.options.flag("xslfilefielduse") or self.options.flag("xslfieldisafile")
        self.sheet_field = self.field(layout, self.text("xslfilefield")).name if in_field else ""
        self.is_file = self.options.flag("xslfieldisafile", default=True)
        self.parameters = [
            (self.field(layout, p.text("field")), p.text("name")) for p in self.options.rows("parameters/parameter")
        ]
        self._sheets: dict[str, Any] = {}
        return layout.plus(Field(self.text("resultfieldname", default="result"), origin=self.name))

    def transform(self, frame: pl.DataFrame) -> pl.DataFrame:
        """Row by row; a row that cannot be transformed is rejected."""
        failed: dict[int, str] = {}
        made: list[str | None] = []
        names = {f.name: to_text(frame[f.name], f) for f, _ in self.parameters}
        for position in range(frame.height):
            sheet = frame[self.sheet_field][position] if self.sheet_field else self.text("xslfilename")
            values = {n: etree.XSLT.strparam(names[f.name][position] or "") for f, n in self.parameters}
            try:
                document = parse_xml(str(frame[self.source][position] or "").encode("utf-8"))
                made.append(str(self._sheet(str(sheet))(document, **values)))
            except (BadXml, etree.XSLTError, etree.XMLSyntaxError, KettleError, OSError) as error:
                made.append(None)
                failed[position] = f"XSLT: {error}"
        result = frame.with_columns(pl.Series(self.output.names[-1], made, dtype=pl.String))
        return result.filter(self.split(frame, failed, self.source, "XSLT01")) if failed else result

    def _sheet(self, text: str) -> Any:
        if text not in self._sheets:
            data = text.encode("utf-8")
            if not self.sheet_field or self.is_file:
                with open_path(self.run, self.resolve(text)) as stream:
                    data = stream.read()
            self._sheets[text] = etree.XSLT(_closed(data), access_control=etree.XSLTAccessControl.DENY_ALL)
        return self._sheets[text]


class XsdValidator(RowStep):
    """Whether the XML of each row fits a schema, with the message if wanted."""

    types = ("XSDValidator",)

    def fields(self, inputs: Mapping[str, Layout]) -> Layout:
        """The outcome (Boolean, or a text per outcome) and the message."""
        o = self.options
        layout = self.main(inputs)
        self.source = self.field(layout, o.text("xmlstream")).name
        self.as_text = o.flag("outputstringfield")
        kind = ValueType.STRING if self.as_text else ValueType.BOOLEAN
        added = [Field(self.text("resultfieldname", default="result"), kind, origin=self.name)]
        if o.flag("addvalidationmsg"):
            added.append(Field(self.text("validationmsgfield", default="ValidationMsgField"), origin=self.name))
        where = o.text("xsdsource", default="filename")
        self.schema_field = self.field(layout, o.text("xsddefinedfield")).name if where == "fieldname" else ""
        self._schemas: dict[str, Any] = {}
        return layout.plus(*added)

    def transform(self, frame: pl.DataFrame) -> pl.DataFrame:
        """Row by row."""
        outcomes: list[bool] = []
        messages: list[str | None] = []
        for position in range(frame.height):
            message = self._problem(frame, position)
            outcomes.append(message is None)
            messages.append(message)
        names = self.output.names[frame.width :]
        first = pl.Series(names[0], outcomes, dtype=pl.Boolean)
        if self.as_text:
            words = (self.text("ifxmlvalid", default="Y"), self.text("ifxmlunvalid", default="N"))
            first = pl.Series(names[0], [words[0] if ok else words[1] for ok in outcomes], dtype=pl.String)
        columns = [first, *[pl.Series(n, messages, dtype=pl.String) for n in names[1:]]]
        return frame.with_columns(columns)

    def _problem(self, frame: pl.DataFrame, position: int) -> str | None:
        named = (
            str(frame[self.schema_field][position]) if self.schema_field else self.text("xdsfilename", "xsdfilename")
        )
        text = str(frame[self.source][position] or "")
        try:
            if self.options.flag("xmlsourcefile"):
                with open_path(self.run, self.resolve(text)) as stream:
                    data = stream.read()
            else:
                data = text.encode("utf-8")
            document = parse_xml(data)
            schema = self._schema(named)
        except (BadXml, KettleError) as error:
            return str(error)
        if schema.validate(document):
            return None
        return re.sub(r"^<string>:", "line ", str(schema.error_log.last_error))

    def _schema(self, path: str) -> Any:
        if path not in self._schemas:
            with open_path(self.run, self.resolve(path)) as stream:
                data = stream.read()
            try:
                self._schemas[path] = etree.XMLSchema(_closed(data))
            except (etree.XMLSchemaParseError, etree.XMLSyntaxError) as error:
                raise StepError(self.name, f"the schema {path} is not valid: {error}", "correct it") from error
        return self._schemas[path]
