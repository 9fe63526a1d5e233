"""Java expressions as Janino steps use them, turned into Python functions of a row.

The tree is turned into closures once; nothing of the text is executed as Python. Fields are boxed values: null in
arithmetic throws, `+` joins with text, int and long overflow, `equals` tells types apart. `==` between a String field
and any other String compares references in Java and is false there, also for equal texts; so it is here.
"""

from collections.abc import Callable, Collection, Mapping
from datetime import datetime
from decimal import Decimal
from typing import Any

from assets.kettle.script.java_methods import CASTS, COMMON, CONSTANTS, CONSTRUCTORS, METHODS, STATICS
from assets.kettle.script.java_parse import (
    PRIMITIVES,
    Binary,
    Call,
    Cast,
    Choice,
    ExpressionError,
    Index,
    InstanceOf,
    Literal,
    Member,
    Name,
    New,
    Node,
    Unary,
    parse,
)
from assets.kettle.script.java_values import (
    OPERATORS,
    Char,
    Int,
    JavaThrow,
    Single,
    integer,
    long,
    number,
    same,
    text,
    truth,
    type_name,
)

Row = Mapping[str, Any]
Function = Callable[[Row], Any]
_LITERALS: dict[str, Callable[[Any], Any]] = {"int": integer, "long": long, "float": Single, "char": Char}
_LAZY = ("&&", "||")


class JavaExpression:
    """A compiled expression.

    Attributes:
        fields: the fields it reads.

    Args:
        source: the Java text.
        names: fields of the row; any other name must be a known class.
    """

    def __init__(self, source: str, names: Collection[str]) -> None:
        self.source = source
        self._names = frozenset(names)
        self.fields: set[str] = set()
        self._function = self._compile(parse(source))

    def __call__(self, row: Row) -> Any:
        """The value for one row. Raises JavaThrow where Java would throw."""
        try:
            return self._function(row)
        except RecursionError:
            raise JavaThrow("java.lang.StackOverflowError") from None

    def _compile(self, node: Node) -> Function:
        compiler: Callable[[Any], Function] = _COMPILERS[type(node)].__get__(self)
        return compiler(node)

    def _literal(self, node: Literal) -> Function:
        value = _LITERALS.get(node.kind, lambda v: v)(node.value)
        return lambda row: value

    def _name(self, node: Name) -> Function:
        if node.name not in self._names:
            raise self._unknown(node.name, "is neither a field nor a known class")
        self.fields.add(node.name)
        name = node.name
        return lambda row: row[name]

    def _class_name(self, node: Node) -> str:
        """The simple class name where the node is one (`Math`, `java.lang.Math`), else ""."""
        parts: list[str] = []
        while isinstance(node, Member):
            parts.append(node.name)
            node = node.target
        if not isinstance(node, Name) or node.name in self._names:
            return ""
        parts.append(node.name)
        packages = parts[1:]
        plain = all(part[:1].islower() for part in packages)
        return parts[0] if plain and parts[0][:1].isupper() else ""

    def _member(self, node: Member) -> Function:
        name = self._class_name(node.target)
        if name:
            found = f"{name}.{node.name}"
            if found not in CONSTANTS:
                raise self._unknown(found, "is not known")
            value = CONSTANTS[found]
            return lambda row: value
        target, member = self._compile(node.target), node.name
        if member != "length":
            raise self._unknown(f".{member}", "is not known")
        return lambda row: Int(len(target(row)))

    def _call(self, node: Call) -> Function:
        arguments = [self._compile(a) for a in node.args]
        owner = self._class_name(node.target)
        if owner:
            function = STATICS.get(owner, {}).get(node.name)
            if function is None:
                raise self._unknown(f"{owner}.{node.name}()", "is not known")
            return lambda row: _invoke(function, [a(row) for a in arguments], node.name)
        target, name = self._compile(node.target), node.name
        if name not in COMMON and not any(name in methods for methods in METHODS.values()):
            raise self._unknown(f".{name}()", "is not known")
        return lambda row: _method(target(row), name, [a(row) for a in arguments])

    def _new(self, node: New) -> Function:
        make = CONSTRUCTORS.get(node.type.rpartition(".")[2])
        if make is None:
            raise self._unknown(f"new {node.type}()", "is not known")
        arguments = [self._compile(a) for a in node.args]
        return lambda row: _invoke(make, [a(row) for a in arguments], f"new {node.type}")

    def _unary(self, node: Unary) -> Function:
        operand = self._compile(node.operand)
        if node.op == "!":
            return lambda row: not truth(operand(row))
        if node.op == "~":
            return lambda row: OPERATORS["^"](operand(row), Int(-1))
        if node.op == "+":
            return lambda row: number(operand(row))
        return lambda row: _negated(operand(row))

    def _binary(self, node: Binary) -> Function:
        left, right = self._compile(node.left), self._compile(node.right)
        if node.op in _LAZY:
            stops = node.op == "||"
            return lambda row: stops if truth(left(row)) is stops else truth(right(row))
        if node.op in ("==", "!="):
            literals = isinstance(node.left, Literal) and isinstance(node.right, Literal)
            negated = node.op == "!="
            return lambda row: _identical(left(row), right(row), literals=literals) is not negated
        operator = OPERATORS[node.op]
        return lambda row: operator(left(row), right(row))

    def _choice(self, node: Choice) -> Function:
        test, yes, no = self._compile(node.test), self._compile(node.yes), self._compile(node.no)
        return lambda row: yes(row) if truth(test(row)) else no(row)

    def _cast(self, node: Cast) -> Function:
        operand = self._compile(node.operand)
        name = node.type.rpartition(".")[2]
        if name in PRIMITIVES and name in CASTS:
            cast = CASTS[name]
            return lambda row: cast(number(operand(row)))
        return lambda row: _checked(operand(row), name)

    def _instance(self, node: InstanceOf) -> Function:
        operand, name = self._compile(node.operand), node.type.rpartition(".")[2]
        return lambda row: _is_a(operand(row), name)

    def _index(self, node: Index) -> Function:
        target, index = self._compile(node.target), self._compile(node.index)
        return lambda row: _element(target(row), index(row))

    def _unknown(self, what: str, why: str) -> ExpressionError:
        return ExpressionError(
            f"the Java expression {self.source!r}: {what} {why}",
            "rewrite the expression, or run this file with a real PDI",
        )


_COMPILERS: dict[type, Callable[..., Function]] = {
    Literal: JavaExpression._literal,
    Name: JavaExpression._name,
    Member: JavaExpression._member,
    Call: JavaExpression._call,
    New: JavaExpression._new,
    Unary: JavaExpression._unary,
    Binary: JavaExpression._binary,
    Choice: JavaExpression._choice,
    Cast: JavaExpression._cast,
    InstanceOf: JavaExpression._instance,
    Index: JavaExpression._index,
}


def _identical(left: Any, right: Any, *, literals: bool) -> bool:
    """==. Two strings are the same object only where both are constants of the expression."""
    if isinstance(left, str) and isinstance(right, str) and not (isinstance(left, Char) and isinstance(right, Char)):
        return literals and left == right
    return same(left, right)


def _negated(value: Any) -> Any:
    operand = number(value)
    return OPERATORS["-"](Int(0), operand) if isinstance(operand, int) else type(operand)(-operand)


def _method(target: Any, name: str, arguments: list[Any]) -> Any:
    if target is None:
        raise JavaThrow(f"java.lang.NullPointerException: {name}() of null")
    for kind, methods in METHODS.items():
        if isinstance(target, kind) and name in methods:
            return _invoke(methods[name], [target, *arguments], name)
    if name in COMMON:
        return _invoke(COMMON[name], [target, *arguments], name)
    raise JavaThrow(f"{type_name(target)} has no method {name}")


def _invoke(function: Callable[..., Any], arguments: list[Any], name: str) -> Any:
    """Calls a method; an argument of the wrong kind is the row's error."""
    try:
        return function(*arguments)
    except (TypeError, AttributeError, ValueError, IndexError, OverflowError, ArithmeticError) as error:
        given = ", ".join(type_name(a) for a in arguments)
        raise JavaThrow(f"{name}({given}) failed: {error}") from None


def _is_a(value: Any, name: str) -> bool:
    if value is None:
        return False
    numeric = isinstance(value, int | float | Decimal) and not isinstance(value, bool)
    return name == "Object" or type_name(value) == name or (name == "Number" and numeric)


def _checked(value: Any, name: str) -> Any:
    """A cast to a class: null passes, another class throws."""
    if value is None or _is_a(value, name) or (name == "Date" and isinstance(value, datetime)):
        return value
    raise JavaThrow(f"java.lang.ClassCastException: {text(value)} ({type_name(value)}) is no {name}")


def _element(target: Any, index: Any) -> Any:
    position = int(number(index))
    if target is None:
        raise JavaThrow("java.lang.NullPointerException: an element of null")
    if not 0 <= position < len(target):
        raise JavaThrow(f"java.lang.ArrayIndexOutOfBoundsException: {position}")
    return target[position]
