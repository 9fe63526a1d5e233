"""Values of GREL expressions: functions over cells, controls that bind names, errors as values."""

from collections.abc import Callable, Mapping
from typing import Any

from assets.quality.refine.grel.functions import FUNCTIONS
from assets.quality.refine.grel.tree import Call, Literal, Member, Node, Operation, Pattern, Variable
from assets.quality.refine.grel.values import Failure, GrelError, Regex, number, truth
from assets.quality.refine.grid import blank, said
from core.errors import SourceError

Names = Mapping[str, Any]
VARIABLES = ("value", "cell", "cells", "row", "rowIndex", "columnName")
_MOST = 100_000  # items of a list that a control makes


def check(node: Node, bound: frozenset[str] = frozenset(VARIABLES)) -> frozenset[str]:
    """The variables of the row that an expression reads.

    Raises:
        SourceError: a function or variable that is not known.
    """
    if isinstance(node, Literal):
        return frozenset()
    if isinstance(node, Pattern):
        _compiled(node)
        return frozenset()
    if isinstance(node, Variable):
        if node.name not in bound:
            raise SourceError(f"GREL's variable {node.name!r} is not known here", f"known: {', '.join(VARIABLES)}")
        return frozenset({node.name}) & frozenset(VARIABLES)
    if isinstance(node, Member):
        return check(node.of, bound)
    if isinstance(node, Operation):
        return check(node.left, bound) | check(node.right, bound)
    return _checked_call(node, bound)


def _compiled(node: Pattern) -> None:
    try:
        Regex.of(node.text, node.ignore_case)
    except GrelError as error:
        raise SourceError(f"/{node.text}/ is no regular expression: {error}", "correct it") from None


def _checked_call(node: Call, bound: frozenset[str]) -> frozenset[str]:
    if node.name not in FUNCTIONS and node.name not in CONTROLS:
        known = ", ".join(sorted([*FUNCTIONS, *CONTROLS]))
        raise SourceError(f"the GREL function {node.name!r} is not supported", f"there are: {known}")
    least, most, names = _SHAPES.get(node.name, (0, 99, ()))
    if not least <= len(node.arguments) <= most:
        raise SourceError(f"the GREL control {node.name!r} has {len(node.arguments)} arguments", f"give it {least}")
    found: frozenset[str] = frozenset()
    inner = bound
    for place, argument in enumerate(node.arguments):
        if place not in names:
            found |= check(argument, inner)
        elif isinstance(argument, Variable):
            inner = inner | {argument.name}
        else:
            raise SourceError(f"the GREL control {node.name!r} needs a name as argument {place + 1}", "name one")
    return found


def evaluate(node: Node, names: Names) -> Any:
    """The value; what goes wrong is a `Failure`, as in OpenRefine, and no exception."""
    try:
        return _value(node, names)
    except GrelError as error:
        return Failure(str(error))
    except (TypeError, ValueError, ArithmeticError, IndexError, TimeoutError, RecursionError) as error:
        return Failure(str(error)[:200] or type(error).__name__)


def _value(node: Node, names: Names) -> Any:
    if isinstance(node, Literal):
        return node.value
    if isinstance(node, Pattern):
        return Regex.of(node.text, node.ignore_case)
    if isinstance(node, Variable):
        return names[node.name]
    if isinstance(node, Member):
        return _member(_value(node.of, names), node.name)
    if isinstance(node, Operation):
        return _operation(node.sign, _value(node.left, names), _value(node.right, names))
    if node.name in CONTROLS:
        return CONTROLS[node.name](node.arguments, names)
    arguments = [_value(argument, names) for argument in node.arguments]
    failed = next((a for a in arguments if isinstance(a, Failure)), None)
    if failed is not None and node.name != "coalesce":
        raise GrelError(failed.why)
    return FUNCTIONS[node.name](*arguments)


def _member(of: Any, name: str) -> Any:
    if isinstance(of, Mapping):
        return of.get(name)
    if of is None:
        return None
    raise GrelError(f"a {type(of).__name__} has no member {name!r}")


def _operation(sign: str, left: Any, right: Any) -> Any:
    if sign in ("==", "!="):
        same = left == right and (isinstance(left, bool) == isinstance(right, bool))
        return same == (sign == "==")
    if sign in ("&&", "||"):
        return (truth(left) and truth(right)) if sign == "&&" else (truth(left) or truth(right))
    if sign == "+" and (isinstance(left, list) and isinstance(right, list)):
        return left + right
    numbers = all(isinstance(v, (int, float)) and not isinstance(v, bool) for v in (left, right))
    if sign == "+" and not numbers:
        return said(left) + said(right)
    if sign in ("<", ">", "<=", ">="):
        if not numbers and type(left) is not type(right):
            raise GrelError("values of different types are compared")
        order: dict[str, Callable[[Any, Any], bool]] = {
            "<": lambda a, b: a < b,
            ">": lambda a, b: a > b,
            "<=": lambda a, b: a <= b,
            ">=": lambda a, b: a >= b,
        }
        return order[sign](left, right)
    one, two = number(left), number(right)
    if sign == "/" and isinstance(one, int) and isinstance(two, int):
        if two == 0:
            raise GrelError("divided by zero")
        return int(one / two) if abs(one) < 2**53 else one // two
    return {"+": lambda: one + two, "-": lambda: one - two, "*": lambda: one * two,
            "/": lambda: one / two, "%": lambda: one % two}[sign]()  # fmt: skip


def _if(arguments: tuple[Node, ...], names: Names) -> Any:
    test = evaluate(arguments[0], names)
    if isinstance(test, Failure):
        return test
    return _value(arguments[1], names) if test is True else _value(arguments[2], names)


def _with(arguments: tuple[Node, ...], names: Names) -> Any:
    return _value(arguments[2], {**names, _name(arguments[1]): evaluate(arguments[0], names)})


def _name(node: Node) -> str:
    assert isinstance(node, Variable)
    return node.name


def _items(node: Node, names: Names) -> list[Any]:
    found = _value(node, names)
    if isinstance(found, Mapping):
        return list(found.values())
    if not isinstance(found, (list, tuple)):
        raise GrelError("a list is expected")
    return list(found)


def _for_each(arguments: tuple[Node, ...], names: Names) -> Any:
    name = _name(arguments[1])
    return [evaluate(arguments[2], {**names, name: item}) for item in _items(arguments[0], names)]


def _for_each_index(arguments: tuple[Node, ...], names: Names) -> Any:
    index, name = _name(arguments[1]), _name(arguments[2])
    items = _items(arguments[0], names)
    return [evaluate(arguments[3], {**names, index: n, name: item}) for n, item in enumerate(items)]


def _filter(arguments: tuple[Node, ...], names: Names) -> Any:
    name = _name(arguments[1])
    return [i for i in _items(arguments[0], names) if evaluate(arguments[2], {**names, name: i}) is True]


def _for_range(arguments: tuple[Node, ...], names: Names) -> Any:
    start, end, step = (number(_value(a, names)) for a in arguments[:3])
    if not step or abs((end - start) / step) > _MOST:
        raise GrelError("the range is endless or too long")
    found, name = [], _name(arguments[3])
    while (start < end) if step > 0 else (start > end):
        found.append(evaluate(arguments[4], {**names, name: start}))
        start += step
    return found


def _for_non_blank(arguments: tuple[Node, ...], names: Names) -> Any:
    found = _value(arguments[0], names)
    if blank(found):
        return _value(arguments[3], names)
    return _value(arguments[2], {**names, _name(arguments[1]): found})


def _test(test: Callable[[Any], bool]) -> Callable[[tuple[Node, ...], Names], Any]:
    return lambda arguments, names: test(evaluate(arguments[0], names))


def _numeric(value: Any) -> bool:
    try:
        number(value)
    except (GrelError, ValueError, TypeError):
        return False
    return not isinstance(value, Failure) and value is not None


CONTROLS: dict[str, Callable[[tuple[Node, ...], Names], Any]] = {
    "if": _if,
    "with": _with,
    "forEach": _for_each,
    "forEachIndex": _for_each_index,
    "filter": _filter,
    "forRange": _for_range,
    "forNonBlank": _for_non_blank,
    "isBlank": _test(blank),
    "isNonBlank": _test(lambda v: not blank(v) and not isinstance(v, Failure)),
    "isNull": _test(lambda v: v is None),
    "isNotNull": _test(lambda v: v is not None),
    "isEmptyString": _test(lambda v: isinstance(v, str) and not v),
    "isError": _test(lambda v: isinstance(v, Failure)),
    "isNumeric": _test(_numeric),
}
_SHAPES: dict[str, tuple[int, int, tuple[int, ...]]] = {
    "if": (3, 3, ()),
    "with": (3, 3, (1,)),
    "forEach": (3, 3, (1,)),
    "forEachIndex": (4, 4, (1, 2)),
    "filter": (3, 3, (1,)),
    "forRange": (5, 5, (3,)),
    "forNonBlank": (4, 4, (1,)),
    **{name: (1, 1, ()) for name in CONTROLS if name.startswith("is")},
}
