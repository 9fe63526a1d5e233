"""Which fields a variable of a script is computed from: its assignments, taken together whatever their order.

Conditions choose values and are no sources, as in SQL's WHERE. A script with functions of its own is not looked into:
there every result comes from all words of the script.
"""

from collections.abc import Iterable, Iterator, Mapping

from assets.kettle.script.javascript_source import CONTINUES, RESERVED, SKIPPED, Token, tokenize

_OPAQUE = frozenset(("function", "=>", "eval", "with", "row", "getInputRowMeta"))
_HEADS = frozenset(("if", "while", "for", "switch", "catch"))
_OPEN, _CLOSE = frozenset("([{"), frozenset(")]}")


def sources(script: str, variables: Iterable[str]) -> dict[str, frozenset[str]]:
    """Variable -> the words that its values are computed from, over all other variables between.

    One that the script assigns nowhere has all words of it.
    """
    tokens = tokenize(script)
    words = frozenset(t.text for t in tokens if t.kind == "word")
    direct = {} if words & _OPAQUE or any(t.text == "=>" for t in tokens) else _assigned(tokens)
    return {name: _closure(name, direct) if name in direct else words for name in variables}


def _closure(name: str, direct: Mapping[str, set[str]]) -> frozenset[str]:
    found: set[str] = set()
    waiting = {name}
    while waiting:
        new = set().union(*(direct.get(word, set()) for word in waiting)) - found
        found |= new
        waiting = new
    return frozenset(found)


def _assigned(tokens: list[Token]) -> dict[str, set[str]]:
    """Variable -> words on the right of its assignments, and in the calls of its own methods."""
    direct: dict[str, set[str]] = {}
    for statement in _statements(tokens):
        for part in _parts(_without_heads(statement)):
            target, words = _one(part)
            if target:
                direct.setdefault(target, set()).update(words)
    return direct


def _statements(tokens: list[Token]) -> Iterator[list[Token]]:
    """Pieces between semicolons, braces of blocks, and ends of lines where nothing continues."""
    found: list[Token] = []
    depth, newline = 0, False
    for token in tokens:
        if token.kind in SKIPPED:
            newline = newline or token.kind == "line"
            continue
        ended = newline and found and found[-1].text not in CONTINUES and token.text not in CONTINUES
        block = (
            token.text in ("{", "}") and depth == 0 and not (token.text == "{" and found and _opens_value(found[-1]))
        )
        if depth == 0 and (token.text == ";" or block or ended):
            yield found
            found = []
        if not (depth == 0 and (token.text == ";" or block)):
            found.append(token)
            depth = max(0, depth + (token.text in _OPEN) - (token.text in _CLOSE))
        newline = False
    yield found


def _opens_value(before: Token) -> bool:
    """Whether a brace after this token opens an object and no block."""
    return before.text in ("=", ",", ":", "?", "return") or before.text in _OPEN


def _without_heads(statement: list[Token]) -> list[Token]:
    """The statement behind `if (...)`, `else`, `case x:`; of `for (a of b)` an assignment of what it runs over."""
    while statement:
        first = statement[0].text
        if first in _HEADS and len(statement) > 1 and statement[1].text == "(":
            end = _closing(statement, 1)
            inside = statement[2:end]
            loop = next((i for i, t in enumerate(inside) if t.text in ("of", "in")), 0)
            if first == "for" and loop:
                rest = _without_heads(statement[end + 1 :])
                return [inside[loop - 1], Token("op", "="), *inside[loop + 1 :], Token("op", ";"), *rest]
            statement = inside if first == "for" and end == len(statement) - 1 else statement[end + 1 :]
        elif first in ("else", "do", "try", "finally", "default", ":", "var", "let", "const"):
            if first in ("var", "let", "const"):
                return statement[1:]
            statement = statement[1:]
        elif first == "case":
            colon = next((i for i, t in enumerate(statement) if t.text == ":"), len(statement))
            statement = statement[colon + 1 :]
        else:
            break
    return statement


def _closing(tokens: list[Token], at: int) -> int:
    depth = 0
    for index in range(at, len(tokens)):
        depth += (tokens[index].text in _OPEN) - (tokens[index].text in _CLOSE)
        if depth == 0:
            return index
    return len(tokens)


def _parts(statement: list[Token]) -> Iterator[list[Token]]:
    """What commas and semicolons outside of brackets part: `a = 1, b = 2`."""
    part: list[Token] = []
    depth = 0
    for token in statement:
        if depth == 0 and token.text in (",", ";"):
            yield part
            part = []
            continue
        depth += (token.text in _OPEN) - (token.text in _CLOSE)
        part.append(token)
    yield part


def _one(part: list[Token]) -> tuple[str, set[str]]:
    """The variable that a piece changes, and the words that go in; "" for none."""
    if len(part) > 1 and part[0].text in ("++", "--"):
        part = part[1:]
    if not part or part[0].kind != "word" or part[0].text in RESERVED:
        return "", set()
    equals = next((i for i in range(1, len(part)) if _assigns(part, i)), 0)
    if equals:
        return part[0].text, _words(part[1:])
    called = len(part) > 2 and part[1].text == "."
    return (part[0].text, _words(part[1:])) if called else ("", set())


def _assigns(part: list[Token], at: int) -> bool:
    after = part[at + 1].text if at + 1 < len(part) else ""
    return part[at].text == "=" and after != "=" and part[at - 1].text not in ("=", "!", "<", ">")


def _words(tokens: list[Token]) -> set[str]:
    """Names that stand for values: no members (`a.b`) and no keys of objects (`{b: 1}`)."""
    found = set()
    for index, token in enumerate(tokens):
        before = tokens[index - 1].text if index else ""
        after = tokens[index + 1].text if index + 1 < len(tokens) else ""
        key = before in ("{", ",") and after == ":"
        if token.kind == "word" and token.text not in RESERVED and before != "." and not key:
            found.add(token.text)
    return found
