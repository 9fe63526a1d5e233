"""A recursive descent parser of GREL; expressions that it does not know are refused with the place."""

import re
from functools import lru_cache
from typing import NoReturn

from assets.quality.refine.grel.tree import Call, Literal, Member, Node, Operation, Pattern, Variable
from core.errors import SourceError

LONGEST = 20_000
_DEEPEST = 200  # of the tree: what walks it calls itself two or three times a level
_TOKEN = re.compile(
    r"""\s+|(?P<number>(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][-+]?[0-9]+)?)|(?P<name>[A-Za-z_][A-Za-z0-9_]*)"""
    r"""|(?P<text>"(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*')|(?P<sign><=|>=|==|!=|&&|\|\||[-+*/%<>()\[\].,!])""",
    re.DOTALL,
)
_REGEX = re.compile(r"/((?:[^/\\\n]|\\.)+)/(i?)", re.DOTALL)
_ESCAPES = {"n": "\n", "t": "\t", "r": "\r", "b": "\b", "f": "\f"}
_LEVELS = (("||",), ("&&",), ("<=", ">=", "==", "!=", "<", ">"), ("+", "-"), ("*", "/", "%"))
_CONSTANTS = {"true": True, "false": False, "null": None, "PI": 3.141592653589793}


@lru_cache(maxsize=1_000)
def parse(text: str) -> Node:
    """The tree of an expression; a `grel:` before it is skipped.

    Raises:
        SourceError: it is in another language, or no GREL; says where.
    """
    language, colon, rest = text.partition(":")
    if colon and language in ("jython", "clojure", "python"):
        raise SourceError(f"the expression is in {language}", "write it in GREL")
    source = rest if colon and language == "grel" else text
    if len(source) > LONGEST:
        raise SourceError(f"the expression has {len(source):,} characters", f"at most {LONGEST:,} are read")
    parser = _Parser(source)
    try:
        found = parser.level(0)
    except RecursionError:
        parser.refuse("it is nested too deep")
    if parser.kind != "end":
        parser.refuse(f"{parser.word!r} is not expected")
    if _depth(found) > _DEEPEST:
        parser.refuse("it is nested too deep")
    return found


def _depth(node: Node) -> int:
    """Levels of a tree; without recursion, since it may be too deep for that."""
    level, depth = [node], 0
    while level:
        depth += 1
        level = [below for one in level for below in _below(one)]
    return depth


def _below(node: Node) -> tuple[Node, ...]:
    match node:
        case Member():
            return (node.of,)
        case Call():
            return node.arguments
        case Operation():
            return node.left, node.right
        case _:
            return ()


class _Parser:
    """Reads tokens from left to right; `kind` and `token` are what comes next."""

    def __init__(self, text: str) -> None:
        self.text, self.place = text, 0
        self.kind, self.word, self.start = "", "", 0
        self.next(operand=True)

    def refuse(self, why: str) -> NoReturn:
        raise SourceError(f"the expression {self.text[:200]!r}: {why} at character {self.start}", "correct it")

    def next(self, *, operand: bool = False) -> None:
        """Goes on; where an operand may follow, a slash begins a regular expression."""
        while True:
            self.start = self.place
            if self.place >= len(self.text):
                self.kind, self.word = "end", "the end"
                return
            if operand and self.text[self.place] == "/" and (found := _REGEX.match(self.text, self.place)):
                self.kind, self.word, self.place = "regex", found[0], found.end()
                return
            match = _TOKEN.match(self.text, self.place)
            if match is None:
                self.refuse(f"{self.text[self.place]!r} is no part of GREL")
            self.place = match.end()
            if match.lastgroup:
                self.kind, self.word = match.lastgroup, match[0]
                return

    def expect(self, sign: str) -> None:
        if self.kind != "sign" or self.word != sign:
            self.refuse(f"{sign!r} is expected and not {self.word!r}")

    def level(self, number: int) -> Node:
        """Operators of this strength and stronger ones."""
        if number == len(_LEVELS):
            return self.postfix()
        left = self.level(number + 1)
        while self.kind == "sign" and self.word in _LEVELS[number]:
            sign = self.word
            self.next(operand=True)
            left = Operation(sign, left, self.level(number + 1))
        return left

    def postfix(self) -> Node:
        """An operand with members, calls and places behind it."""
        found = self.operand()
        while self.kind == "sign" and self.word in (".", "["):
            if self.word == "[":
                self.next(operand=True)
                found = Call("get", (found, *self.list("]")), self.start)
                continue
            self.next()
            if self.kind != "name":
                self.refuse(f"a name is expected and not {self.word!r}")
            name, at = self.word, self.start
            self.next()
            if self.kind == "sign" and self.word == "(":
                self.next(operand=True)
                found = Call(name, (found, *self.list(")")), at)
            else:
                found = Member(found, name)
        return found

    def list(self, end: str) -> tuple[Node, ...]:
        """Expressions between commas, up to the closing sign."""
        found: list[Node] = []
        while not (self.kind == "sign" and self.word == end):
            found.append(self.level(0))
            if not (self.kind == "sign" and self.word == end):
                self.expect(",")
                self.next(operand=True)
        self.next()
        return tuple(found)

    def operand(self) -> Node:
        """A constant, variable, call, list or bracket."""
        kind, token, at = self.kind, self.word, self.start
        if kind == "number":
            self.next()
            return Literal(int(token) if token.isdigit() else float(token))
        if kind == "text":
            self.next()
            return Literal(re.sub(r"(?s)\\(u[0-9a-fA-F]{4}|.)", _unescaped, token[1:-1]))
        if kind == "regex":
            self.next()
            body, flag = _REGEX.fullmatch(token).groups()  # type: ignore[union-attr]
            return Pattern(body.replace("\\/", "/"), bool(flag))
        if kind == "name":
            self.next()
            if self.kind == "sign" and self.word == "(":
                self.next(operand=True)
                return Call(token, self.list(")"), at)
            return Literal(_CONSTANTS[token]) if token in _CONSTANTS else Variable(token)
        return self.signed(token)

    def signed(self, sign: str) -> Node:
        """A bracket, a list, a minus or a not."""
        if self.kind == "sign" and sign == "(":
            self.next(operand=True)
            inner = self.level(0)
            self.expect(")")
            self.next()
            return inner
        if self.kind == "sign" and sign == "[":
            self.next(operand=True)
            return Call("[]", self.list("]"), self.start)
        if self.kind == "sign" and sign in ("-", "+", "!"):
            self.next(operand=True)
            inner = self.postfix()
            return Call("not", (inner,)) if sign == "!" else Operation(sign, Literal(0), inner)
        self.refuse(f"{sign!r} is not expected")


def _unescaped(match: re.Match[str]) -> str:
    text = match[1]
    return chr(int(text[1:], 16)) if len(text) == 5 else _ESCAPES.get(text, text)
