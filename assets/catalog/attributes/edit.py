"""Values of attributes, taken from what people type and tested against the definitions."""

from collections.abc import Mapping

from assets.catalog.attributes.model import FILE, Known, Value, of_kind
from core.errors import HeddleError


def merged(
    known: Known, kind: str, former: Mapping[str, Value], typed: Mapping[str, str], place: str
) -> dict[str, Value]:
    """The values after an edit; "" takes one away. What was there and is no longer defined stays until it is taken.

    Args:
        kind: of the entity, see model.kind_of.
        place: what is edited, as messages name it.

    Raises:
        HeddleError: an attribute is not defined for this kind, a value does not fit, or a required one is missing.
    """
    mine = of_kind(known, kind)
    values = dict(former)
    for name, text in typed.items():
        if not text.strip():
            values.pop(name, None)
        elif name not in mine:
            raise HeddleError(f"{place}: no attribute {name[:80]!r} for {kind}", _defined(mine))
        else:
            try:
                values[name] = mine[name].parse(text)
            except ValueError as error:
                raise HeddleError(f"{place}: attribute {name}: {error}", _wanted(mine[name].type)) from None
    missing = [name for name, a in mine.items() if a.required and name not in values]
    if missing:
        raise HeddleError(f"{place}: attribute {missing[0]} is missing", f"{FILE} says that {kind} needs it")
    return values


def check(known: Known, kind: str, values: Mapping[str, Value], place: str) -> None:
    """Tests the attributes of a record that was written as a whole. Raises HeddleError; see `problems`."""
    for name, said in problems(known, kind, values).items():
        raise HeddleError(f"{place}: attribute {name} {said}", f"{FILE} defines attributes")


def problems(known: Known, kind: str, values: Mapping[str, Value]) -> dict[str, str]:
    """Attribute -> what is wrong with it: not defined for this kind, a value that does not fit, or missing."""
    mine = of_kind(known, kind)
    found = {name: "is missing" for name, a in mine.items() if a.required and name not in values}
    for name, value in values.items():
        try:
            if name not in mine:
                raise ValueError(f"is not defined for {kind}")
            mine[name].check(value)
        except ValueError as error:
            found[name] = str(error)
    return found


def _defined(mine: Known) -> str:
    return f"there are: {', '.join(mine)}" if mine else f"define it in {FILE} of HEDDLE_CATALOG_FILES"


def _wanted(kind: str) -> str:
    wanted = {"number": "a number such as 12.5", "date": "a day such as 2024-05-01", "bool": "true or false"}
    return f"write {wanted.get(kind, 'one that fits')}"
