"""The tree that describes an XML file row by row: its nodes, what a row makes of them, and its schema."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from assets.kettle.errors import FileFormatError
from assets.kettle.files.document import parse
from assets.kettle.formats.xml_write import xml_attribute, xml_text
from assets.kettle.model import Options
from assets.kettle.values.fields import Layout, ValueType

Row = Mapping[int, str | None]  # id of a node -> its value as text

SCHEMA_TYPES = {
    ValueType.INTEGER: "long",
    ValueType.NUMBER: "decimal",
    ValueType.BIGNUMBER: "decimal",
    ValueType.DATE: "dateTime",
    ValueType.TIMESTAMP: "dateTime",
    ValueType.BOOLEAN: "boolean",
    ValueType.BINARY: "base64Binary",
}


@dataclass(slots=True)
class Rules:
    """Which nodes without a value are written, and whether values are trimmed."""

    attribute_if_null: bool = False
    attribute_if_unmapped: bool = False
    empty_element: bool = False
    trim: bool = False


@dataclass(slots=True)
class TreeNode:
    """One element, attribute or fragment.

    Attributes:
        kind: Element, Attribute or DocumentFragment (a field whose text is XML).
        mapped: the field with the value; of a group node the group's key, which is not written.
        loop: occurs once per row.
        strip: of a fragment, its outer element is left out.
        options: the node's own element, for format and symbols.
    """

    name: str
    kind: str
    mapped: str
    default: str
    namespace: str
    force: bool
    loop: bool
    group: bool
    strip: bool
    options: Options
    children: list["TreeNode"] = field(default_factory=list)

    @classmethod
    def read(cls, options: Options) -> "TreeNode":
        """The node that an element describes, with all below it."""
        text, flag = options.text, options.flag
        return cls(
            text("name"),
            text("kind", default="Element"),
            text("mapped_field"),
            text("default_value"),
            text("namespace"),
            flag("force_create"),
            flag("loop"),
            flag("group_by"),
            flag("strip_outer_fragment_element"),
            options,
            [cls.read(child) for child in options.rows("children/node")],
        )

    def walk(self) -> Iterator["TreeNode"]:
        """This node and all below it."""
        yield self
        for child in self.children:
            yield from child.walk()

    def of(self, kind: str) -> list["TreeNode"]:
        """The direct children of a kind."""
        return [child for child in self.children if child.kind == kind]

    def path_to_loop(self) -> list["TreeNode"]:
        """From this node to the loop; empty when there is none below."""
        if self.loop:
            return [self]
        below = next((path for child in self.children if (path := child.path_to_loop())), [])
        return [self, *below] if below else []


def start_tag(node: TreeNode, row: Row, rules: Rules) -> str:
    """The opening tag without its end, with the attributes that the row gives."""
    space = f' xmlns="{xml_attribute(node.namespace)}"' if node.namespace else ""
    written = f"<{node.name}{space}"
    for child in node.of("Attribute"):
        value = row.get(id(child))
        if value is not None:
            written += f' {child.name}="{xml_attribute(value.strip() if rules.trim else value)}"'
        elif child.force or (rules.attribute_if_null if child.mapped else rules.attribute_if_unmapped):
            written += f' {child.name}="{xml_attribute(child.default)}"'
    return written


def own_text(node: TreeNode, row: Row, rules: Rules) -> str:
    """The text of an element: its field's, else its default. A group's key is not its text."""
    value = None if node.group else row.get(id(node))
    value = node.default if value is None else value
    return xml_text(value.strip() if rules.trim else value)


def subtree(node: TreeNode, row: Row, rules: Rules) -> str:
    """A node with all below it."""
    if node.kind == "DocumentFragment":
        return fragment(row.get(id(node)) or "", node.strip)
    if node.kind == "Attribute":
        return ""
    value = row.get(id(node))
    wanted = bool(node.children) or value is not None or bool(node.default) or node.force or rules.empty_element
    if not wanted:
        return ""
    text = value if value is not None else node.default
    inside = xml_text(text.strip() if rules.trim else text) + "".join(subtree(c, row, rules) for c in node.children)
    begin = start_tag(node, row, rules)
    return f"{begin}>{inside}</{node.name}>" if inside else f"{begin}/>"


def fragment(text: str, strip: bool) -> str:
    """The elements of a text that is XML, without declaration and comments.

    Raises FileFormatError when it is no XML; a declaration of entities is refused.
    """
    text = text.lstrip("\ufeff \t\r\n")
    if text.startswith("<?xml"):
        text = text.partition("?>")[2]
    if not text.strip():
        return ""
    root = parse(f"<root>{text}</root>".encode(), "the XML of a field").root
    elements = [e for e in root if isinstance(e.tag, str)]
    if strip and elements:
        first = elements.pop(0)
        inner = xml_text(first.text or "") + "".join(_element(e) for e in first if isinstance(e.tag, str))
        return inner + "".join(_element(e) for e in elements)
    return "".join(_element(e) for e in elements)


def _element(element: Any) -> str:
    """An element by its local names; what follows it inside its parent too."""
    name = str(element.tag).rpartition("}")[2]
    attributes = "".join(f' {k.rpartition("}")[2]}="{xml_attribute(v)}"' for k, v in element.attrib.items())
    inside = xml_text(element.text or "") + "".join(_element(e) for e in element if isinstance(e.tag, str))
    written = f"<{name}{attributes}>{inside}</{name}>" if inside else f"<{name}{attributes}/>"
    inner = element.getparent() is not None and element.getparent().getparent() is not None
    return written + (xml_text(element.tail or "") if inner else "")


def checked(root: TreeNode) -> list[TreeNode]:
    """The path to the one loop. Raises FileFormatError when there is none, or several."""
    loops = [node for node in root.walk() if node.loop]
    if len(loops) != 1:
        raise FileFormatError(f"the tree has {len(loops)} loop elements", "mark exactly one element as loop")
    return root.path_to_loop()


def schema(root: TreeNode, layout: Layout, encoding: str) -> str:
    """The XML schema of the tree."""
    space = xml_attribute(root.namespace)
    target = f' targetNamespace="{space}" elementFormDefault="qualified" xmlns="{space}"' if root.namespace else ""
    head = f'<?xml version="1.0" encoding="{encoding}"?>\n<xs:schema xmlns:xs="http://www.w3.org/2001/XMLSchema"'
    return f"{head}{target}>{_described(root, layout, top=True)}</xs:schema>"


def _described(node: TreeNode, layout: Layout, *, top: bool = False) -> str:
    many = ' minOccurs="0" maxOccurs="unbounded"' if not top and (node.loop or node.group) else ""
    begin = f'<xs:element name="{xml_attribute(node.name or "_")}"{many}'
    elements, attributes, parts = node.of("Element"), node.of("Attribute"), node.of("DocumentFragment")
    if not elements and not attributes:
        return f'{begin} type="xs:{_simple(node, layout)}"/>'
    mixed = ' mixed="true"' if (node.mapped or node.default) and not node.group else ""
    inside = "".join(_described(e, layout) for e in elements)
    for part in parts:
        several = ' maxOccurs="unbounded"' if part.loop or part.group else ""
        inside += f'<xs:any processContents="skip" minOccurs="0"{several}/>'
    body = f"<xs:sequence>{inside}</xs:sequence>" if inside else ""
    for one in attributes:
        use = "required" if one.force else "optional"
        name = xml_attribute(one.name or "_")
        body += f'<xs:attribute name="{name}" type="xs:{_simple(one, layout)}" use="{use}"/>'
    return f"{begin}><xs:complexType{mixed}>{body}</xs:complexType></xs:element>"


def _simple(node: TreeNode, layout: Layout) -> str:
    found = layout.get(node.mapped) if node.mapped else None
    return "string" if found is None else SCHEMA_TYPES.get(found.type, "string")
