"""JsonPath as Kettle's JSON input evaluates it (Jayway's rules): always a list, missing leaves as null if wanted."""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cache
from typing import Any

TOKEN = re.compile(
    r"""\.\.(?P<deep>[^.\[\]()?*']+) | \.\.(?P<deepall>\*) | \.\.(?=\[)(?P<scan>)
      | \.(?P<call>length|size|min|max|avg|sum|keys)\(\) | \.(?P<all>\*) | \.(?P<name>[^.\[\]]+)
      | \[\s*(?P<quoted>(?:'(?:[^'\\]|\\.)*'|"(?:[^"\\]|\\.)*")(?:\s*,\s*(?:'(?:[^'\\]|\\.)*'|"(?:[^"\\]|\\.)*"))*)\s*\]
      | \[\s*(?P<wild>\*)\s*\] | \[\s*(?P<slice>-?\d*\s*:\s*-?\d*(?:\s*:\s*-?\d+)?)\s*\]
      | \[\s*(?P<index>-?\d+(?:\s*,\s*-?\d+)*)\s*\] | \[\?\((?P<filter>.*?)\)\](?=[.\[]|$)""",
    re.VERBOSE,
)
STRING = re.compile(r"'((?:[^'\\]|\\.)*)'|\"((?:[^\"\\]|\\.)*)\"")
MISSING = object()


class BadPath(ValueError):  # says what is wrong with the path
    """A path that is not valid JsonPath."""


@dataclass(frozen=True, slots=True)
class Part:
    """One step of a path: its kind (a group name of TOKEN) and its text."""

    kind: str
    text: str


@cache
def compile_path(path: str) -> tuple[Part, ...]:
    """The steps of a path; `$.` in front may be missing. Raises BadPath."""
    text = path.strip()
    if not text.startswith(("$", "@")):
        text = f"$.{text}"
    at, parts = 1, []
    while at < len(text):
        found = TOKEN.match(text, at)
        if found is None or found.end() == at:
            raise BadPath(f"{path!r} is not a valid JsonPath at {text[at:]!r}")
        kind = found.lastgroup or ""
        parts.append(Part(kind, found[kind]))
        at = found.end()
    return tuple(parts)


def read_path(root: Any, path: str, *, null_leaves: bool) -> list[Any]:
    """All values at a path; a missing last name counts as null if `null_leaves`, else as nothing."""
    values = [root]
    parts = compile_path(path)
    for position, part in enumerate(parts):
        last = position == len(parts) - 1 and null_leaves
        step = STEPS[part.kind]
        values = [found for value in values for found in step(value, part.text, last)]
    return values


def _name(value: Any, name: str, leaf: bool) -> Iterator[Any]:
    if isinstance(value, dict):
        if name in value:
            yield value[name]
        elif leaf:
            yield None


def _names(value: Any, text: str, leaf: bool) -> Iterator[Any]:
    names = [re.sub(r"\\(.)", r"\1", a or b) for a, b in STRING.findall(text)]
    if len(names) == 1:
        yield from _name(value, names[0], leaf)
    elif isinstance(value, dict):
        yield {n: value[n] for n in names if n in value}


def _children(value: Any, _: str, __: bool) -> Iterator[Any]:
    if isinstance(value, dict):
        yield from value.values()
    elif isinstance(value, list):
        yield from value


def _index(value: Any, text: str, _: bool) -> Iterator[Any]:
    if isinstance(value, list):
        for part in text.split(","):
            number = int(part)
            if -len(value) <= number < len(value):
                yield value[number]


def _slice(value: Any, text: str, _: bool) -> Iterator[Any]:
    if isinstance(value, list):
        bounds = [int(p) if p.strip() else None for p in text.split(":")]
        yield from value[slice(*bounds)]


def _walk(value: Any) -> Iterator[Any]:
    yield value
    for child in _children(value, "", False):
        yield from _walk(child)


def _deep(value: Any, name: str, _: bool) -> Iterator[Any]:
    for node in _walk(value):
        yield from _name(node, name, False)


def _deep_all(value: Any, _: str, __: bool) -> Iterator[Any]:
    for node in _walk(value):
        yield from _children(node, "", False)


def _scan(value: Any, _: str, __: bool) -> Iterator[Any]:
    yield from _walk(value)


CALLS: dict[str, Callable[[list[Any]], Any]] = {
    "length": len,
    "size": len,
    "min": min,
    "max": max,
    "sum": sum,
    "avg": lambda values: sum(values) / len(values),
    "keys": list,
}


def _call(value: Any, name: str, _: bool) -> Iterator[Any]:
    if isinstance(value, list | dict):
        yield CALLS[name](value)  # type: ignore[arg-type]


CLAUSE = re.compile(r"^\s*(!?)\s*(@[^\s=<>!~&|]*)\s*(?:(==|!=|<=|>=|<|>|=~|\bin\b)\s*(.+?))?\s*$")


def _filter(value: Any, text: str, _: bool) -> Iterator[Any]:
    items = value if isinstance(value, list) else [value] if isinstance(value, dict) else []
    for item in items:
        if any(all(_holds(item, clause) for clause in part.split("&&")) for part in text.split("||")):
            yield item


def _holds(item: Any, clause: str) -> bool:
    found = CLAUSE.match(clause.strip().strip("()"))
    if found is None:
        raise BadPath(f"the filter {clause!r} is not understood")
    negated, path, operator, right = found.groups()
    values = read_path(item, "$" + path[1:], null_leaves=False)
    if operator is None:
        return bool(values) != bool(negated)
    if operator == "=~":
        pattern = re.match(r"/(.*)/([a-z]*)$", right)
        if pattern is None:
            raise BadPath(f"{right!r} is no regular expression")
        return bool(values) and re.fullmatch(pattern[1], str(values[0]), re.I if "i" in pattern[2] else 0) is not None
    left = values[0] if values else MISSING
    return bool(COMPARE[operator](left, _literal(right, item)))


def _literal(text: str, item: Any) -> Any:
    import json

    quoted = STRING.fullmatch(text)
    if quoted:
        return quoted[1] if quoted[1] is not None else quoted[2]
    if text.startswith("@"):
        found = read_path(item, "$" + text[1:], null_leaves=False)
        return found[0] if found else MISSING
    try:
        return json.loads(text.replace("'", '"'))
    except ValueError as error:
        raise BadPath(f"{text!r} is no value") from error


def _ordered(test: Callable[[Any, Any], bool]) -> Callable[[Any, Any], bool]:
    def compare(left: Any, right: Any) -> bool:
        numbers = isinstance(left, int | float) and isinstance(right, int | float)
        return (numbers or (isinstance(left, str) and isinstance(right, str))) and test(left, right)

    return compare


COMPARE: dict[str, Callable[[Any, Any], bool]] = {
    "==": lambda a, b: a is not MISSING and a == b,
    "!=": lambda a, b: a is MISSING or a != b,
    "<": _ordered(lambda a, b: a < b),
    "<=": _ordered(lambda a, b: a <= b),
    ">": _ordered(lambda a, b: a > b),
    ">=": _ordered(lambda a, b: a >= b),
    "in": lambda a, b: isinstance(b, list) and a in b,
}
STEPS: dict[str, Callable[[Any, str, bool], Iterator[Any]]] = {
    "name": _name,
    "quoted": _names,
    "all": _children,
    "wild": _children,
    "index": _index,
    "slice": _slice,
    "deep": _deep,
    "deepall": _deep_all,
    "scan": _scan,
    "call": _call,
    "filter": _filter,
}
