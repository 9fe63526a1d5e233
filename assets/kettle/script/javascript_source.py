"""Scripts written for Rhino, made to run once per row in a modern engine.

Kettle runs the script text again for each row in one global scope: a `var` keeps its value from row to row, and the
start and end scripts see it too. Here the text is compiled once as a function, so declarations at its top level are
turned into assignments to globals. Also adapted: `for each (x in y)`, and `text.length()` of Java strings.
"""

import re
from dataclasses import dataclass

_TOKEN = re.compile(
    r"""(?P<space>[ \t\f\v\u00a0\ufeff]+) | (?P<line>\r\n|\r|\n) | (?P<comment>//[^\r\n]*|/\*.*?\*/)
    | (?P<text>"(?:\\.|[^"\\\r\n])*" | '(?:\\.|[^'\\\r\n])*' | `(?:\\.|[^`\\])*`)
    | (?P<number>0[xX][0-9a-fA-F]+|(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?) | (?P<word>[^\W\d][\w$]*|\$[\w$]*)
    | (?P<op>=>|\+\+|--|[-+*/%&|^!~<>=?:,.;(){}\[\]]|.)""",
    re.VERBOSE | re.DOTALL,
)
_REGEX = re.compile(r"/(?![*/])(?:\\.|\[(?:\\.|[^\]\\\r\n])*\]|[^/\\\[\r\n])+/[a-z]*")
_BEFORE_REGEX = frozenset(
    [
        "(",
        ",",
        "=",
        ":",
        "[",
        "!",
        "&",
        "|",
        "?",
        "{",
        "}",
        ";",
        "+",
        "-",
        "*",
        "%",
        "~",
        "^",
        "<",
        ">",
        "return",
        "typeof",
        "case",
        "in",
        "of",
        "do",
        "else",
        "=>",
    ]
)
_DECLARE = frozenset(("var", "let", "const"))
CONTINUES = frozenset(
    [",", "=", "+", "-", "*", "/", "%", "&", "|", "^", "?", ":", "<", ">", ".", "(", "[", "{", "=>", "!"]
)
SKIPPED = frozenset(("space", "line", "comment"))
RESERVED = frozenset(
    [
        "break",
        "case",
        "catch",
        "class",
        "const",
        "continue",
        "debugger",
        "default",
        "delete",
        "do",
        "else",
        "enum",
        "export",
        "extends",
        "false",
        "finally",
        "for",
        "function",
        "if",
        "import",
        "in",
        "instanceof",
        "new",
        "null",
        "return",
        "super",
        "switch",
        "this",
        "throw",
        "true",
        "try",
        "typeof",
        "var",
        "void",
        "while",
        "with",
        "yield",
        "let",
        "static",
        "await",
        "implements",
        "interface",
        "package",
        "private",
        "protected",
        "public",
    ]
)


@dataclass(slots=True)
class Token:
    """A piece of the text: its kind and the text itself."""

    kind: str
    text: str


@dataclass(frozen=True, slots=True)
class Adapted:
    """A script ready to be compiled: its text, the variables and functions that it declares at its top level."""

    text: str
    variables: tuple[str, ...]
    functions: tuple[str, ...]
    words: frozenset[str]

    def row_function(self) -> str:
        """An expression giving the function that runs the script once."""
        exposed = "".join(f"globalThis.{name}={name};" for name in self.functions)
        return f"(function __row() {{{exposed}\n{self.text}\n}})"


LINE_OFFSET = 1
"""Lines that `row_function` puts before the script's first one."""


def tokenize(source: str) -> list[Token]:
    """The tokens of a script; joined they are the script again. A slash is a division or opens a regular expression
    by what stands before it.
    """
    tokens: list[Token] = []
    at, before = 0, "("
    while at < len(source):
        match = _REGEX.match(source, at) if source[at] == "/" and before in _BEFORE_REGEX else None
        kind = "regex" if match else ""
        if match is None:
            match = _TOKEN.match(source, at)
            assert match is not None  # the last alternative takes any character
            kind = match.lastgroup or "op"
        tokens.append(Token(kind, match.group()))
        if kind not in SKIPPED:
            before = match.group()
        at = match.end()
    return tokens


def adapt(source: str) -> Adapted:
    """The script with what is only Rhino's replaced."""
    tokens = tokenize(source)
    variables: dict[str, None] = {}
    functions: dict[str, None] = {}
    _for_each(tokens)
    _length_calls(tokens)
    for index, top, braces in _places(tokens):
        token = tokens[index]
        following = _next(tokens, index)
        if token.text == "function" and top and braces == 0 and following and tokens[following].kind == "word":
            if _previous(tokens, index) in ("", ";", "}") or _newline_before(tokens, index):
                functions[tokens[following].text] = None
        elif _hoisted(token.text, top=top, braces=braces) and following and tokens[following].text not in "{[":
            variables.update(dict.fromkeys(_declared(tokens, index)))
            token.text = ""
    words = frozenset(t.text for t in tokens if t.kind == "word")
    return Adapted("".join(t.text for t in tokens), tuple(variables), tuple(functions), words)


def _hoisted(word: str, *, top: bool, braces: int) -> bool:
    """Whether a declaration here is one of the whole script: `var` outside of functions, `let` and `const` outside of
    blocks too.
    """
    return top and word in _DECLARE and (word == "var" or braces == 0)


def _next(tokens: list[Token], index: int) -> int:
    """Where the next token of weight is; 0 when there is none."""
    return next((i for i in range(index + 1, len(tokens)) if tokens[i].kind not in SKIPPED), 0)


def _previous(tokens: list[Token], index: int) -> str:
    return next((tokens[i].text for i in range(index - 1, -1, -1) if tokens[i].kind not in SKIPPED), "")


def _newline_before(tokens: list[Token], index: int) -> bool:
    return index > 0 and any(t.kind == "line" for t in tokens[max(0, index - 2) : index])


def _places(tokens: list[Token]) -> list[tuple[int, bool, int]]:
    """For each word: its index, whether it is outside of all functions, and how many braces are open."""
    found: list[tuple[int, bool, int]] = []
    stack: list[bool] = []  # per open brace: does it open a function's body
    pending = False
    before = ""
    for index, token in enumerate(tokens):
        if token.kind == "word":
            found.append((index, not any(stack), len(stack)))
            pending = pending or (token.text == "function" and before != ".")
        elif token.text == "{":
            stack.append(pending or before == "=>")
            pending = False
        elif token.text == "}" and stack:
            stack.pop()
        if token.kind not in SKIPPED:
            before = token.text
    return found


def _declared(tokens: list[Token], index: int) -> list[str]:
    """The names that the declaration at `index` declares. A few names too many would do no harm."""
    names: list[str] = []
    depth, expecting, newline, before = 0, True, False, ""
    for token in tokens[index + 1 :]:
        if token.kind in SKIPPED:
            newline = newline or token.kind == "line"
            continue
        if depth == 0:
            if token.text == ";" or (not expecting and token.text in ("in", "of")):
                break
            if newline and not expecting and before not in CONTINUES and token.text not in CONTINUES:
                break
            if expecting and token.kind == "word":
                names.append(token.text)
                expecting = False
            elif token.text == ",":
                expecting = True
        depth += (token.text in ("(", "[", "{")) - (token.text in (")", "]", "}"))
        if depth < 0:
            break
        newline, before = False, token.text
    return names


def _length_calls(tokens: list[Token]) -> None:
    """`.length()` of a Java string becomes `.length`."""
    weight = [i for i, t in enumerate(tokens) if t.kind not in SKIPPED]
    for a, b, c, d in zip(weight, weight[1:], weight[2:], weight[3:], strict=False):
        if [tokens[i].text for i in (a, b, c, d)] == [".", "length", "(", ")"]:
            tokens[c].text = tokens[d].text = ""


def _for_each(tokens: list[Token]) -> None:
    """`for each (x in y)` becomes `for (x of __values(y))`."""
    for index, token in enumerate(tokens):
        if token.text != "for" or token.kind != "word":
            continue
        each = _next(tokens, index)
        if not each or tokens[each].text != "each":
            continue
        tokens[each].text = ""
        depth, opened = 0, False
        for inner in tokens[each + 1 :]:
            depth += (inner.text == "(") - (inner.text == ")")
            if inner.kind == "word" and inner.text == "in" and depth == 1 and not opened:
                inner.text, opened = "of __values(", True
            elif inner.text == ")" and depth == 0:
                inner.text = "))" if opened else ")"
                break
