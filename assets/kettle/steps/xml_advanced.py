"""XML output by a tree of nodes: groups, attributes, fragments; Hop's "XML Output (Advanced)"."""

from collections.abc import Iterator, Mapping
from typing import IO

import polars as pl

from assets.kettle.engine.result import ResultFile
from assets.kettle.engine.step import DataSet, Derivation, Ref, Step
from assets.kettle.errors import FileFormatError, KettleError, StepError
from assets.kettle.formats.columns import number
from assets.kettle.formats.encodings import codec
from assets.kettle.formats.output_name import output_name
from assets.kettle.formats.text_writer import open_packed
from assets.kettle.formats.xml_tree import Row, Rules, TreeNode, checked, own_text, schema, start_tag, subtree
from assets.kettle.model import Options
from assets.kettle.values.convert import to_text
from assets.kettle.values.fields import Field, Layout

# operation -> whether a file is written, whether a field gets the document
OPERATIONS = {"writetofile": (True, False), "outputvalue": (False, True), "both": (True, True)}


class AdvancedXmlOutput(Step):
    """Writes one occurrence of the loop element per row, within groups that begin anew when their key changes.

    With a file the rows go on; with an output field one row per document goes on: the last input row with the text.
    A document is opened by its first row, so no rows make no file.
    """

    types = ("AdvancedXMLOutput",)

    def setup(self) -> None:
        """Reads tree and rules."""
        flag = self.options.flag
        trees = self.options.rows("tree")
        if not trees:
            raise StepError(self.name, "it has no tree", "describe the document")
        self.tree = TreeNode.read(trees[0])
        try:
            *self.above, self.loop = checked(self.tree)
        except FileFormatError as error:
            raise StepError(self.name, error.what, error.fix) from error
        self.groups = [node for node in self.above if node.group]
        self.rules = Rules(
            flag("create_attr_if_null"),
            flag("create_attr_if_unmapped"),
            flag("create_empty_element"),
            flag("trim_values"),
        )
        self.encoding = self.text("encoding", default="UTF-8")
        self.codec = codec(self.encoding)
        self.end = "" if flag("compact_file") else "\n"
        operation = self.options.text("operation_type", default="writetofile").lower()
        if operation not in OPERATIONS:
            raise StepError(self.name, f"there is no operation {operation!r}", f"choose one of {', '.join(OPERATIONS)}")
        self.to_file, self.to_field = OPERATIONS[operation]
        found = self.options.rows("file")
        self.file = found[0] if found else Options(self.options.element)
        self.split_every = number(self.resolve(self.file.text("splitevery")), 0)
        self.zipped = self.file.flag("zipped")

    def fields(self, inputs: Mapping[str, Layout]) -> Layout:
        """The input's fields, or the document, with them where that is wanted."""
        layout = self.main(inputs)
        self.mapped = [(node, self._styled(node, layout)) for node in self.tree.walk() if node.mapped]
        if not self.to_field:
            return layout
        document = Field(self.text("output_xml_field"))
        if not document.name:
            raise StepError(self.name, "the output field has no name", "name it")
        return layout.plus(document) if self.options.flag("include_input_fields_in_output") else Layout([document])

    def _styled(self, node: TreeNode, layout: Layout) -> Field:
        item, text = self.field(layout, node.mapped, f"the field of {node.name!r}"), node.options.text
        length, precision = number(text("length"), 0), number(text("precision"), 0)
        if length > 0 or precision > 0:
            item = item.but(length=length, precision=precision)
        return item.but(
            mask=text("format") or item.mask,
            currency=text("currency") or item.currency,
            decimal=text("decimal") or self.text("default_decimal_separator") or item.decimal,
            grouping=text("group") or self.text("default_grouping_separator") or item.grouping,
        )

    def start(self) -> None:
        """No document is open."""
        self.handle: IO[bytes] | None = None
        self.parts: list[str] = []
        self.part = self.lines = 0
        self.depth = 0
        self.key: list[str | None] | None = None
        self.last: pl.DataFrame | None = None
        self.documents: list[pl.DataFrame] = []

    def rows(self, frame: pl.DataFrame, source: str) -> None:
        """Writes the rows; with a file alone they go on."""
        texts = [(id(node), to_text(frame[item.name], item).to_list()) for node, item in self.mapped]
        for position in range(frame.height):
            if self.lines and self.split_every and self.lines % self.split_every == 0:
                self._finish()
            self.last = frame[position]
            self._row({node: column[position] for node, column in texts})
            self.lines += 1
        self.count(output=frame.height)
        if not self.to_field:
            self.emit(frame)

    def _row(self, row: Row) -> None:
        if self.key is None:
            self._begin()
        key = [row.get(id(group)) for group in self.groups]
        changed = 0 if self.key is None else next((i for i, v in enumerate(key) if v != self.key[i]), None)
        if changed is not None:
            level = self.above.index(self.groups[changed]) if self.key is not None else 0
            self._close_to(level)
            self._open_from(level, row)
        self.key = key
        try:
            self._write(subtree(self.loop, row, self.rules) + self.end)
        except FileFormatError as error:
            raise StepError(self.name, error.what, "give well-formed XML in the field") from error

    def _open_from(self, level: int, row: Row) -> None:
        """The elements above the loop from a level on, with what else they hold."""
        on_path = {id(node) for node in (*self.above, self.loop)}
        for node in self.above[level:]:
            beside = (c for c in node.children if id(c) not in on_path)
            inside = own_text(node, row, self.rules) + "".join(subtree(c, row, self.rules) for c in beside)
            self._write(f"{start_tag(node, row, self.rules)}>{inside}{self.end}")
            self.depth += 1

    def _close_to(self, level: int) -> None:
        while self.depth > level:
            self.depth -= 1
            self._write(f"</{self.above[self.depth].name}>{self.end}")

    # -- documents

    def _begin(self) -> None:
        self.part += 1
        if self.to_file:
            inner, path = self._names(self.part - 1)
            try:
                self.handle = open_packed(
                    self.run.outputs.stage(path), "zip" if self.zipped else "none", inner.rsplit("/", 1)[-1]
                )
            except (KettleError, OSError) as error:
                raise StepError(self.name, f"cannot write {path}: {error}") from error
            if self.file.flag("add_to_result_filenames"):
                self.run.result.files.append(ResultFile(path, origin=self.name))
        self._write(f'<?xml version="1.0" encoding="{self.encoding}"?>')
        if self.end and self.options.flag("blank_line_after_xml_decl"):
            self._write(self.end)
        self._write(self._doctype() + self._stylesheet())

    def _doctype(self) -> str:
        root, system, public = (self.text(f"doctype_{tag}") for tag in ("root", "system", "public"))
        if not root:
            return ""
        ids = f' PUBLIC "{public}"' + (f' "{system}"' if system else "") if public else ""
        ids = ids or (f' SYSTEM "{system}"' if system else "")
        return f"<!DOCTYPE {root}{ids}>{self.end}"

    def _stylesheet(self) -> str:
        href = self.text("xsl_stylesheet_href")
        kind = self.text("xsl_stylesheet_type", default="text/xsl")
        return f'<?xml-stylesheet type="{kind}" href="{href}"?>{self.end}' if href else ""

    def _base(self, part: int) -> str:
        """The name without ending; parts count from 1 with five digits."""
        base = output_name(self.text("file/name"), self.file, self.run.started)
        return f"{base}_{part + 1:05}" if self.split_every > 0 else base

    def _names(self, part: int) -> tuple[str, str]:
        """The file's name, and the archive's where it is packed."""
        base = self._base(part)
        extension = self.resolve(self.file.text("extension", "extention"))
        inner = f"{base}.{extension}" if extension else base
        return inner, f"{base}.zip" if self.zipped else inner

    def _write(self, text: str) -> None:
        if self.handle is not None:
            self.handle.write(text.encode(self.codec, "xmlcharrefreplace"))
        if self.to_field:
            self.parts.append(text)

    def _finish(self) -> None:
        """Ends the open document."""
        if self.key is None:
            return
        self._close_to(0)
        self.key = None
        if self.handle is not None:
            self.handle.close()
            self.handle = None
            if self.options.flag("generate_xsd"):
                text = schema(self.tree, self.main(self.inputs), self.encoding)
                self.run.outputs.stage(f"{self._base(self.part - 1)}.xsd").write_bytes(
                    text.encode(self.codec, "xmlcharrefreplace")
                )
        if self.to_field and self.last is not None:
            text_column = pl.Series(self.output.names[-1], ["".join(self.parts)])
            self.documents.append(self.last.with_columns(text_column).select(self.output.names))
            self.parts = []

    def produce(self) -> Iterator[pl.DataFrame]:
        """Ends the last document; the documents where they go on."""
        self._finish()
        yield from self.documents

    def close(self) -> None:
        """Closes a file that a failure left open."""
        if getattr(self, "handle", None) is not None:
            assert self.handle is not None
            self.handle.close()

    def derive(self) -> dict[str, Derivation]:
        """The document comes from all mapped fields."""
        if not self.to_field:
            return {}
        source = next(iter(self.inputs), "")
        refs = tuple(Ref(item.name, source) for _, item in self.mapped)
        return {self.output.names[-1]: Derivation(refs, f"the rows as XML document {self.tree.name}")}

    def writes(self) -> list[DataSet]:
        """The file, by the name of its first part."""
        if not self.to_file:
            return []
        return [DataSet("file", "", self._names(0)[1], {item.name: item.name for _, item in self.mapped})]
