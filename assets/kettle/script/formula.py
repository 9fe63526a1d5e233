"""Formulas of the Formula step: an OpenFormula dialect, turned into Python functions of a row.

Arguments are separated by `;` (or `,`, as Hop writes them), fields stand in brackets, `&` joins. Null is "not
available": operators and functions over it give null, but ISBLANK, ISNA and the like (measured on 9.3).
"""

import re
from collections.abc import Callable, Collection, Mapping
from decimal import ROUND_HALF_UP, Context, Decimal, DecimalException, localcontext
from typing import Any

from assets.kettle.script.formula_functions import EAGER, HOP_ONLY, LAZY, Thunk
from assets.kettle.script.formula_values import NOT_AVAILABLE, Fault, compare, equal, known, number, text
from assets.kettle.script.java_parse import ExpressionError

Row = Mapping[str, Any]
Function = Callable[[Row], Any]

_TOKEN = re.compile(
    r"""\s+ | (?P<text>"(?:""|[^"])*") | (?P<field>\[[^\]]*\])
    | (?P<number>(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?) | (?P<name>[^\W\d][\w.]*)
    | (?P<op><>|<=|>=|[-+*/^&=<>%();,])""",
    re.VERBOSE,
)
_POWERS = {
    "^": 50,
    "*": 40,
    "/": 40,
    "+": 30,
    "-": 30,
    "&": 20,
    "=": 10,
    "<>": 10,
    "<": 10,
    ">": 10,
    "<=": 10,
    ">=": 10,
}
_SEPARATORS = (";", ",")
_EXACT = Context(prec=200)
_VOLATILE = frozenset(("RAND",))


def divide(left: Any, right: Any) -> Decimal:
    """The quotient to 40 decimals, without closing zeros. Raises Fault #DIV/0!."""
    a, b = number(left), number(right)
    if b == 0:
        raise Fault("#DIV/0!")
    quotient = (a / b).quantize(Decimal(1).scaleb(-40), ROUND_HALF_UP)
    return quotient.normalize() if quotient else Decimal(0)


def power(left: Any, right: Any) -> Decimal:
    """The power: exact for small whole exponents, else a double's."""
    a, b = number(left), number(right)
    if b == int(b) and abs(b) <= 64:
        return a ** int(b)
    try:
        return Decimal(repr(float(a) ** float(b)))
    except (TypeError, OverflowError, ZeroDivisionError, DecimalException):
        raise Fault("#NUM!", f"{a}^{b}") from None


_OPERATORS: dict[str, Callable[[Any, Any], Any]] = {
    "+": lambda a, b: number(a) + number(b),
    "-": lambda a, b: number(a) - number(b),
    "*": lambda a, b: number(a) * number(b),
    "/": divide,
    "^": power,
    "&": lambda a, b: text(a) + text(b),
    "=": equal,
    "<>": lambda a, b: not equal(a, b),
    "<": lambda a, b: compare(a, b) < 0,
    ">": lambda a, b: compare(a, b) > 0,
    "<=": lambda a, b: compare(a, b) <= 0,
    ">=": lambda a, b: compare(a, b) >= 0,
}


class Formula:
    """A compiled formula.

    Attributes:
        fields: the fields it reads, under their names in the row.
        volatile: it may give another value for the same row.

    Args:
        source: the text; an opening `=` is allowed.
        names: fields of the row, found in any case.
        aliases: other names of fields: Hop finds a replaced field under the name of the result too.
        hop: functions of Hop's formula too (ROUND, IFERROR, ...), which Kettle's does not know.

    Raises:
        ExpressionError: the formula cannot be read, or names an unknown field or function.
    """

    def __init__(
        self, source: str, names: Collection[str], *, aliases: Mapping[str, str] | None = None, hop: bool = False
    ) -> None:
        self.source = source
        self.fields: set[str] = set()
        self.volatile = False
        self._hop = hop
        self._names = {alias.lower(): name for alias, name in (aliases or {}).items()}
        self._names.update({name.lower(): name for name in names})
        self._tokens = [*self._split(source.strip().removeprefix("=")), ("", "")]
        self._at = 0
        self._function = self._expression(0)
        if self._tokens[self._at][0]:
            raise self._wrong("the end of the formula")

    def __call__(self, row: Row) -> Any:
        """The value for one row; null for "not available". Raises Fault for any other error value."""
        try:
            with localcontext(_EXACT):
                return self._function(row)
        except Fault as fault:
            if fault.kind == NOT_AVAILABLE:
                return None
            raise
        except (DecimalException, OverflowError, ValueError) as error:
            raise Fault("#NUM!", str(error)) from None

    def _split(self, source: str) -> list[tuple[str, str]]:
        found: list[tuple[str, str]] = []
        at = 0
        while at < len(source):
            match = _TOKEN.match(source, at)
            if match is None:
                raise self._error(f"{source[at]!r} at {at + 1} is not understood")
            if match.lastgroup:
                found.append((match.lastgroup, match.group()))
            at = match.end()
        return found

    def _error(self, what: str) -> ExpressionError:
        return ExpressionError(f"the formula {self.source!r}: {what}", "correct the formula")

    def _wrong(self, expected: str) -> ExpressionError:
        return self._error(f"{expected} expected, {self._tokens[self._at][1] or 'the end'!r} found")

    def _take(self) -> tuple[str, str]:
        piece = self._tokens[self._at]
        self._at += 1
        return piece

    def _expression(self, lowest: int) -> Function:
        left = self._operand()
        while True:
            kind, op = self._tokens[self._at]
            if kind == "op" and op == "%":
                self._take()
                left = _percent(left)
            elif kind == "op" and _POWERS.get(op, 0) > lowest:
                self._take()
                left = _binary(_OPERATORS[op], left, self._expression(_POWERS[op]))
            else:
                return left

    def _operand(self) -> Function:
        kind, piece = self._take()
        if kind == "number":
            constant = Decimal(piece)
            return lambda row: constant
        if kind == "text":
            words = piece[1:-1].replace('""', '"')
            return lambda row: words
        if kind == "field":
            return self._field(piece[1:-1])
        if kind == "name":
            return self._call(piece)
        if piece == "(":
            inner = self._expression(0)
            if self._take()[1] != ")":
                self._at -= 1
                raise self._wrong("')'")
            return inner
        if piece in ("-", "+"):
            operand = self._expression(45)  # binds tighter than * and looser than ^
            return (lambda row: -number(operand(row))) if piece == "-" else (lambda row: number(operand(row)))
        self._at -= 1
        raise self._wrong("a value")

    def _field(self, name: str) -> Function:
        found = self._names.get(name.lower())
        if found is None:
            raise self._error(f"there is no field {name!r}; there are: {', '.join(self._names.values())}")
        self.fields.add(found)
        return lambda row: row[found]

    def _call(self, piece: str) -> Function:
        name = piece.upper()
        self.volatile = self.volatile or name in _VOLATILE
        if self._tokens[self._at][1] != "(":
            if name in ("TRUE", "FALSE"):
                return lambda row: name == "TRUE"
            raise self._error(f"{piece!r} is neither a field in brackets nor a function")
        self._take()
        arguments = self._arguments()
        if name in HOP_ONLY and not self._hop:
            raise self._error(f"Kettle's formulas have no function {name}")
        lazy, eager = LAZY.get(name), EAGER.get(name)
        if lazy is not None:
            return lambda row: lazy([_thunk(a, row) for a in arguments])
        if eager is None:
            raise self._error(f"there is no function {name}")
        fewest, most, function = eager
        if not fewest <= len(arguments) <= (most if most >= 0 else len(arguments)):
            raise self._error(f"{name} takes {fewest} to {most} arguments, it is given {len(arguments)}")
        return lambda row: function(*[known(a(row)) for a in arguments])

    def _arguments(self) -> list[Function]:
        found: list[Function] = []
        if self._tokens[self._at][1] == ")":
            self._take()
            return found
        while True:
            if self._tokens[self._at][1] in (*_SEPARATORS, ")"):
                found.append(lambda row: None)  # an argument left out
            else:
                found.append(self._expression(0))
            piece = self._take()[1]
            if piece == ")":
                return found
            if piece not in _SEPARATORS:
                self._at -= 1
                raise self._wrong("';' or ')'")


def _binary(operator: Callable[[Any, Any], Any], left: Function, right: Function) -> Function:
    return lambda row: operator(left(row), right(row))


def _percent(operand: Function) -> Function:
    return lambda row: number(operand(row)) / 100


def _thunk(argument: Function, row: Row) -> Thunk:
    return lambda: argument(row)
