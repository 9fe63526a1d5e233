"""Parses Java expressions, as far as filters and user defined expressions use them, into a tree."""

import re
from dataclasses import dataclass

from assets.kettle.errors import KettleError


class ExpressionError(KettleError):
    """An expression cannot be read, or does what the native engine does not know."""


@dataclass(frozen=True, slots=True)
class Literal:
    """A constant. `kind` is int, long, double, float, char, String, boolean or null."""

    value: object
    kind: str


@dataclass(frozen=True, slots=True)
class Name:
    """A bare name: a field, or the first part of a class name."""

    name: str


@dataclass(frozen=True, slots=True)
class Member:
    """`target.name` without a call."""

    target: "Node"
    name: str


@dataclass(frozen=True, slots=True)
class Call:
    """`target.name(args)`."""

    target: "Node"
    name: str
    args: "tuple[Node, ...]"


@dataclass(frozen=True, slots=True)
class New:
    """`new type(args)`; `type` is the full or the simple class name."""

    type: str
    args: "tuple[Node, ...]"


@dataclass(frozen=True, slots=True)
class Unary:
    """-, +, ! or ~."""

    op: str
    operand: "Node"


@dataclass(frozen=True, slots=True)
class Binary:
    """Two operands; && and || only look at the second where needed."""

    op: str
    left: "Node"
    right: "Node"


@dataclass(frozen=True, slots=True)
class Choice:
    """`test ? yes : no`."""

    test: "Node"
    yes: "Node"
    no: "Node"


@dataclass(frozen=True, slots=True)
class Cast:
    """`(type) operand`."""

    type: str
    operand: "Node"


@dataclass(frozen=True, slots=True)
class InstanceOf:
    """`operand instanceof type`."""

    operand: "Node"
    type: str


@dataclass(frozen=True, slots=True)
class Index:
    """`target[index]`."""

    target: "Node"
    index: "Node"


Node = Literal | Name | Member | Call | New | Unary | Binary | Choice | Cast | InstanceOf | Index

_TOKEN = re.compile(
    r"""\s+ | //[^\n]* | /\*.*?\*/
    | (?P<text>"(?:\\.|[^"\\])*") | (?P<char>'(?:\\u[0-9a-fA-F]{4}|\\.|[^'\\])')
    | (?P<number>0[xX][0-9a-fA-F]+[lL]?|(?:\d+\.\d*|\.\d+|\d+)(?:[eE][+-]?\d+)?[lLdDfF]?)
    | (?P<word>[^\W\d][\w$]*) | (?P<op>>>>|<<|>>|<=|>=|==|!=|&&|\|\||[-+*/%&|^!~<>=?:,.;()\[\]])""",
    re.VERBOSE | re.DOTALL,
)
_LEVELS = (("||",), ("&&",), ("|",), ("^",), ("&",), ("==", "!="), ("<", ">", "<=", ">=", "instanceof"),
           ("<<", ">>", ">>>"), ("+", "-"), ("*", "/", "%"))  # fmt: skip
_POWER = {op: level for level, ops in enumerate(_LEVELS, start=1) for op in ops}
PRIMITIVES = frozenset(("int", "long", "double", "float", "short", "byte", "char", "boolean"))
_CASTS = PRIMITIVES | frozenset(
    ("String", "Integer", "Long", "Double", "Float", "Boolean", "Object", "Number", "BigDecimal", "Date", "Character")
)
_ESCAPE = re.compile(r"\\(?:u+([0-9a-fA-F]{4})|([0-7]{1,3})|(.))", re.DOTALL)
_ESCAPED = {"n": "\n", "t": "\t", "r": "\r", "b": "\b", "f": "\f"}
_CONSTANTS = {"true": Literal(True, "boolean"), "false": Literal(False, "boolean"), "null": Literal(None, "null")}


def parse(text: str) -> Node:
    """The tree of an expression. A leading `return` and a closing semicolon are allowed. Raises ExpressionError."""
    parser = _Parser(text)
    if parser.at("return"):
        parser.take()
    node = parser.expression()
    while parser.at(";"):
        parser.take()
    if parser.kind:
        raise parser.wrong("the end of the expression")
    return node


class _Parser:
    """Recursive descent with operator precedence."""

    def __init__(self, text: str) -> None:
        self.source = text
        self.tokens = [*_tokens(text), ("", "")]
        self.position = 0

    @property
    def kind(self) -> str:
        return self.tokens[self.position][0]

    @property
    def text(self) -> str:
        return self.tokens[self.position][1]

    def at(self, *texts: str) -> bool:
        return self.kind in ("op", "word") and self.text in texts

    def take(self) -> str:
        text = self.text
        self.position += 1
        return text

    def expect(self, text: str) -> None:
        if not self.at(text):
            raise self.wrong(repr(text))
        self.take()

    def wrong(self, expected: str) -> ExpressionError:
        found = repr(self.text) if self.kind else "the end"
        return ExpressionError(
            f"the Java expression {self.source!r}: {expected} expected, {found} found", "correct the expression"
        )

    def expression(self) -> Node:
        test = self.binary(1)
        if not self.at("?"):
            return test
        self.take()
        yes = self.expression()
        self.expect(":")
        return Choice(test, yes, self.expression())

    def binary(self, lowest: int) -> Node:
        left = self.unary()
        while self.kind in ("op", "word") and _POWER.get(self.text, 0) >= lowest:
            op = self.take()
            if op == "instanceof":
                left = InstanceOf(left, self.dotted())
            else:
                left = Binary(op, left, self.binary(_POWER[op] + 1))
        return left

    def unary(self) -> Node:
        if self.at("-", "+", "!", "~"):
            return Unary(self.take(), self.unary())
        cast = self._cast()
        return cast if cast is not None else self.postfix(self.primary())

    def _cast(self) -> Node | None:
        """A cast, where parentheses hold nothing but a known type and an operand follows."""
        if not self.at("("):
            return None
        start = self.position
        self.take()
        if self.kind == "word":
            name = self.dotted()
            known = name in _CASTS or name.startswith(("java.lang.", "java.util.", "java.math."))
            if known and self.at(")"):
                self.take()
                if self.kind in ("word", "text", "char", "number") or self.at("(", "!") or name in PRIMITIVES:
                    return Cast(name, self.unary())
        self.position = start
        return None

    def dotted(self) -> str:
        if self.kind != "word":
            raise self.wrong("a type")
        parts = [self.take()]
        while self.at(".") and self.tokens[self.position + 1][0] == "word":
            self.take()
            parts.append(self.take())
        return ".".join(parts)

    def primary(self) -> Node:
        kind, text = self.kind, self.text
        if kind == "op" and text == "(":
            self.take()
            inner = self.expression()
            self.expect(")")
            return inner
        if not kind or kind == "op":
            raise self.wrong("a value")
        self.take()
        if kind == "text":
            return Literal(_unescaped(text[1:-1]), "String")
        if kind == "char":
            return Literal(_unescaped(text[1:-1]), "char")
        if kind == "number":
            return _number(text)
        if text == "new":
            name = self.dotted()
            if self.at("<"):  # the types between the angles say nothing here
                while not self.at("("):
                    self.take()
            return New(name, self.arguments())
        return _CONSTANTS.get(text) or Name(text)

    def postfix(self, node: Node) -> Node:
        while True:
            if self.at("."):
                self.take()
                if self.kind != "word":
                    raise self.wrong("a name")
                name = self.take()
                node = Call(node, name, self.arguments()) if self.at("(") else Member(node, name)
            elif self.at("["):
                self.take()
                node = Index(node, self.expression())
                self.expect("]")
            else:
                return node

    def arguments(self) -> tuple[Node, ...]:
        self.expect("(")
        found: list[Node] = []
        while not self.at(")"):
            found.append(self.expression())
            if not self.at(")"):
                self.expect(",")
        self.take()
        return tuple(found)


def _tokens(text: str) -> list[tuple[str, str]]:
    found: list[tuple[str, str]] = []
    at = 0
    while at < len(text):
        match = _TOKEN.match(text, at)
        if match is None:
            raise ExpressionError(
                f"the Java expression {text!r}: {text[at]!r} at {at + 1} is not understood", "correct the expression"
            )
        if match.lastgroup:
            found.append((match.lastgroup, match.group()))
        at = match.end()
    return found


def _number(text: str) -> Literal:
    lower = text.lower()
    if lower.startswith("0x"):
        return Literal(int(lower.rstrip("l"), 16), "long" if lower.endswith("l") else "int")
    if lower.endswith("l"):
        return Literal(int(lower[:-1]), "long")
    if any(mark in lower for mark in ".edf"):
        return Literal(float(lower.rstrip("df")), "float" if lower.endswith("f") else "double")
    return Literal(int(text, 8) if len(text) > 1 and text[0] == "0" else int(text), "int")


def _unescaped(text: str) -> str:
    def one(match: "re.Match[str]") -> str:
        if match[1]:
            return chr(int(match[1], 16))
        return chr(int(match[2], 8)) if match[2] else _ESCAPED.get(match[3], match[3])

    return _ESCAPE.sub(one, text)
