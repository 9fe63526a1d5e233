"""Puts injected values into the element of a template's step."""

from collections.abc import Sequence
from typing import Any

from lxml import etree

from assets.kettle.errors import FileFormatError, StepError
from assets.kettle.files.document import parse
from assets.kettle.files.edit import insert, remove
from assets.kettle.steps.meta_keys import REPLACED, path_of

CONDITIONS = ("compare",)  # paths whose value is XML: a <condition>
# Hop takes the name of a constant too where files hold its code: type -> beginning of the names -> codes that differ
CONSTANTS = {"Denormaliser": ("TYPE_AGGR_", {"NONE": "-"}), "MemoryGroupBy": ("TYPE_GROUP_", {"NONE": "-"})}


class Target:
    """The element of one step of a template, while values are put into it.

    Rows of a list are laid over the elements that are there, by position, as PDI does; older step types replace their
    list. An empty value leaves what is there, but makes the element of its row.
    """

    def __init__(self, element: Any, kind: str) -> None:
        self.element = element
        self.kind = kind
        self.type = element.findtext("type") or ""
        self._emptied: set[str] = set()

    def path(self, key: str) -> str | None:
        """Where a key's value goes; None when the type has no such key."""
        return path_of(self.type, key, self.kind)

    def put_rows(self, key: str, values: Sequence[str | None]) -> None:
        """One value per row; a key outside of a list takes the first."""
        path = self.path(key)
        if path is None or not values:
            return
        repeated = _repeated(path)
        if repeated is None:
            self._put(self._made(path), values[0], path)
            return
        if self.type in REPLACED and repeated not in self._emptied:
            self._emptied.add(repeated)
            for old in self.element.findall(repeated):
                remove(old)
        rest = path.replace("[]", "")[len(repeated) :].lstrip("/")
        for position, value in enumerate(values):
            item = self._item(repeated, position)
            self._put(_child(item, rest) if rest else item, value, path)

    def put_constant(self, key: str, value: str) -> None:
        """The same value in every element that is there."""
        path = self.path(key)
        if path is None:
            return
        repeated = _repeated(path)
        if repeated is None:
            self._put(self._made(path), value, path)
            return
        rest = path.replace("[]", "")[len(repeated) :].lstrip("/")
        for item in self.element.findall(repeated):
            self._put(_child(item, rest) if rest else item, value, path)

    def _made(self, path: str) -> Any:
        return _child(self.element, path)

    def _item(self, repeated: str, position: int) -> Any:
        """The element of a row, with those before it."""
        holder, _, tag = repeated.rpartition("/")
        parent = _child(self.element, holder) if holder else self.element
        there = parent.findall(tag)
        while len(there) <= position:
            added = etree.Element(tag)
            insert(parent, parent.index(there[-1]) + 1 if there else len(parent), added)
            there.append(added)
        return there[position]

    def _put(self, element: Any, value: str | None, path: str) -> None:
        if not value:
            return
        del element[:]
        if path in CONDITIONS:
            element.text = None
            insert(element, 0, self._parsed(value))
        else:
            element.text = self._code(value)

    def _code(self, value: str) -> str:
        beginning, codes = CONSTANTS.get(self.type, ("", {}))
        if not beginning or not value.startswith(beginning):
            return value
        name = value.removeprefix(beginning)
        return codes.get(name, name)

    def _parsed(self, text: str) -> Any:
        name = self.element.findtext("name") or ""
        try:
            found = parse(text.strip().encode("utf-8"), f"the condition injected into {name!r}").root
        except FileFormatError as error:
            raise StepError(name, error.what, "inject the XML of a <condition>") from error
        return found if found.tag == "condition" else found.find("condition")


def _repeated(path: str) -> str | None:
    """The path of the repeated element, or None."""
    position = path.find("[]")
    return None if position < 0 else path[:position]


def _child(element: Any, path: str) -> Any:
    """The element at a path, made where it is absent."""
    for tag in path.split("/"):
        found = element.find(tag)
        if found is None:
            found = etree.Element(tag)
            insert(element, len(element), found)
        element = found
    return element


def as_option(value: Any) -> str | None:
    """A value as an option's text: Booleans are Y and N, whole numbers have no decimals."""
    if value is None:
        return None
    if isinstance(value, bool):
        return "Y" if value else "N"
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return str(value)
