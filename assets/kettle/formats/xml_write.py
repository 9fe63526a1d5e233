"""XML text as Java's writers escape it."""

_TEXT = str.maketrans({"&": "&amp;", "<": "&lt;", ">": "&gt;", "\r": "&#13;"})
_ATTRIBUTE = str.maketrans(
    {"&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;", "\n": "&#10;", "\r": "&#13;", "\t": "&#9;"}
)


def xml_text(text: str) -> str:
    """Character data."""
    return text.translate(_TEXT)


def xml_attribute(text: str) -> str:
    """The value of an attribute, without its quotes."""
    return text.translate(_ATTRIBUTE)


def element(name: str, text: str, attributes: str = "") -> str:
    """An element with text; an empty one is `<name/>`."""
    return f"<{name}{attributes}>{xml_text(text)}</{name}>" if text else f"<{name}{attributes}/>"


def in_encoding(text: str, encoding: str) -> str:
    """Characters that the encoding lacks become references."""
    return text.encode(encoding, "xmlcharrefreplace").decode(encoding)
