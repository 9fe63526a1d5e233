"""Get data from XML: one row per node of the loop path, values by paths relative to it."""

import re
from collections.abc import Mapping, Sequence
from typing import Any

from lxml import etree

from assets.kettle.formats.xml_safe import BadXml, parse_xml, string_value
from assets.kettle.limits import xpath_work
from assets.kettle.steps.file_documents import BadDocument, Document, DocumentStep

TOKEN = re.compile(r"@_([^-]+)-")
STEP = re.compile(r"(^|/|::|\[|\(|\||,|\s)([A-Za-z_][\w.-]*)(?=$|[/\[\]|=\s,)!<>])")
AXES = {"and", "or", "div", "mod"}


class GetXmlData(DocumentStep):
    """XPath 1.0 on documents from files, fields or addresses.

    A field of element type attribute reads `@path`. Missing elements are '' (null after conversion to other types). A
    single-node result is the node's XML. With tokens, `@_field-` in a path stands for a field read before it.
    """

    types = ("getXMLData", "GetXMLData")
    content_tags = ("XmlField", "xmlfield", "xmlField")
    path_tags = ("xpath", "xPath", "XPath")
    code = "GetXMLData001"

    def prepare(self) -> None:
        """Reads the loop path and how each field is taken."""
        o = self.options
        self.loop = self.text("loopxpath")
        self.namespaces = o.flag("namespaceaware")
        self.tokens = o.flag("usetoken")
        self.comments = not o.flag("ignorecomments")
        self.single = [f.text("result_type").lower() == "singlenode" for f in o.rows("fields/field")]
        self.paths = []
        for option, column in zip(o.rows("fields/field"), self.columns, strict=True):
            attribute = option.text("element_type").lower().startswith("attribut")
            path = column.path
            head, slash, last = path.rpartition("/")
            self.paths.append(f"{head}{slash}@{last}" if attribute and not last.startswith("@") else path)

    def table(self, document: Document, row: Mapping[str, object]) -> Sequence[Sequence[str | None]]:
        """The texts per field, one row per node."""
        try:
            root = parse_xml(document.content, comments=self.comments)
        except BadXml as error:
            raise BadDocument(str(error)) from error
        names = self._prefixes(root)
        columns: list[list[str | None]] = [[] for _ in self.paths]
        try:
            for node in self._nodes(root, names):
                read: dict[str, str] = {}
                for column, path, single, known in zip(columns, self.paths, self.single, self.columns, strict=True):
                    text = self._value(node, self._with_tokens(path, read), names, single=single)
                    text = TRIM[known.field.trim](text) if known.field.trim in TRIM else text
                    read[known.field.name] = text
                    column.append(text)
        except etree.XPathError as error:
            raise BadDocument(f"the path is not valid: {error}") from error
        return columns

    def _prefixes(self, root: Any) -> dict[str, str]:
        if not self.namespaces:
            return {p: u for e in root.iter(etree.Element) for p, u in e.nsmap.items() if p}
        found: dict[str, str] = {}
        for element in root.iter(etree.Element):
            for prefix, uri in element.nsmap.items():
                found.setdefault(prefix or "pre0", uri)
        return found

    def _path(self, path: str, names: Mapping[str, str]) -> str:
        """The path with the default namespace's prefix, when namespaces are looked at and there is one."""
        if not (self.namespaces and "pre0" in names):
            return path
        return STEP.sub(lambda m: m[0] if m[2] in AXES else f"{m[1]}pre0:{m[2]}", path)

    def _nodes(self, root: Any, names: Mapping[str, str]) -> list[Any]:
        loop = self._path(self.loop, names)
        absolute = loop if loop.startswith(("/", "(")) else f"/{loop}"
        self.nodes = sum(1 for _ in root.iter())
        xpath_work(absolute, self.nodes)
        found = root.getroottree().xpath(absolute, namespaces=names or None)
        return [n for n in found if not isinstance(n, str)] if isinstance(found, list) else []

    def _value(self, node: Any, path: str, names: Mapping[str, str], *, single: bool) -> str:
        xpath_work(path, self.nodes)
        found = node.xpath(self._path(path, names), namespaces=names or None)
        if not single:
            return string_value(found)
        if isinstance(found, list):
            found = found[0] if found else ""
        if isinstance(found, str | float | bool):
            return string_value(found)
        return str(etree.tostring(found, encoding="unicode", with_tail=False))

    def _with_tokens(self, path: str, read: Mapping[str, str]) -> str:
        if not self.tokens:
            return path
        return TOKEN.sub(lambda m: read.get(m[1], m[0]), path)


TRIM = {"left": str.lstrip, "right": str.rstrip, "both": str.strip}
