"""XML without entities of its own and without the network."""

from typing import Any

from lxml import etree


class BadXml(ValueError):  # says what is wrong with the document
    """Text that is not well-formed, or that declares entities."""


def parser(*, comments: bool = True, huge: bool = True) -> "etree.XMLParser":
    """A parser that resolves nothing and loads nothing; `comments` False drops comments."""
    return etree.XMLParser(
        resolve_entities=False, no_network=True, load_dtd=False, huge_tree=huge, remove_comments=not comments
    )


def parse_xml(data: bytes, *, comments: bool = True) -> Any:
    """The root element. Raises BadXml."""
    try:
        root = etree.fromstring(data.lstrip(), parser(comments=comments))
    except (etree.XMLSyntaxError, ValueError) as error:
        raise BadXml(f"not well-formed XML: {error}") from error
    doctype = root.getroottree().docinfo.internalDTD
    if doctype is not None and list(doctype.iterentities()):
        raise BadXml("the document declares entities, which are refused")
    return root


def without_namespaces(root: Any) -> Any:
    """The same tree with plain local names, as a reader that knows no namespaces sees names without prefix."""
    for element in root.iter(etree.Element):
        element.tag = etree.QName(element).localname
    etree.cleanup_namespaces(root)
    return root


def string_value(found: Any) -> str:
    """XPath's string value of a result: text of a node with its descendants, first of a list, number or Boolean."""
    if isinstance(found, list):
        return string_value(found[0]) if found else ""
    if isinstance(found, bool):
        return "true" if found else "false"
    if isinstance(found, float):
        return str(int(found)) if found == int(found) else repr(found)
    if isinstance(found, str):
        return str(found)
    return "".join(found.itertext()) if isinstance(found.tag, str) else found.text or ""
