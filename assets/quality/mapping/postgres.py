"""What transforms say in DuckDB's functions, said in PostgreSQL's: the same values, or an error where it has no way."""

import re
from collections.abc import Callable, Sequence

from sqlglot import exp

from core.errors import SourceError

_PLACES = {"%Y": "YYYY", "%m": "MM", "%d": "DD", "%b": "Mon", "%H": "HH24", "%M": "MI", "%S": "SS"}
_MONTHS = "janfebmaraprmayjunjulaugsepoctnovdec"
_LARGEST = "1.797693134862315e308"  # of a double
_SMALLEST = "1e-320"
_WHOLE = "9.2e18"  # what a bigint holds
_LONGEST = 400  # characters of a number
_LEADING = re.compile(r"\(\?([is]+)\)")
_TOKEN = re.compile(r"\\x[0-9A-Fa-f]{2}|\\.|\[(?:\\.|[^\]\\])*\]|\(\?.|\.", re.DOTALL)
_SAID = {r"\b": r"\y", r"\B": r"\Y", r"\A": "^", r"\z": "$"}
_FOREIGN = re.compile(r"\\[pPQECx]|\(\?[^:]|\[(?:[^\\\]]|\\.)*?(?:\[|&&|--|~~)", re.DOTALL)


def rewritten(query: exp.Select) -> exp.Select:
    """A query of transforms for PostgreSQL.

    Raises:
        SourceError: a regular expression has something that PostgreSQL reads otherwise.
    """
    made = query.copy()  # also parts that stand in two places become two
    for node in reversed(list(made.walk())):
        if isinstance(node, exp.TryCast):
            node.replace((_double if node.to.is_type("double") else _bigint)(node.this))
        elif isinstance(node, exp.Anonymous) and (rule := _RULES.get(node.name.lower())):
            node.replace(rule(node.expressions))
    return made


def pattern(text: str) -> str:
    r"""A regular expression of RE2 and Rust for PostgreSQL, whose `.` finds line ends and whose `\b` is a backspace.

    Which of several matches counts is another matter, see `prefers_otherwise`.

    Raises:
        SourceError: it has classes of Unicode, flags within, or other things that PostgreSQL does not know.
    """
    flags = _LEADING.match(text)
    rest = text[flags.end() :] if flags else text
    said = _SAID if flags and "s" in flags[1] else _SAID | {".": r"[^\n]"}

    def token(match: re.Match[str]) -> str:
        found = re.sub(r"\\x([0-9A-Fa-f]{2})", r"\\u00\1", match[0])
        if _FOREIGN.match(found):
            raise SourceError(f"PostgreSQL cannot read {found!r} in the regular expression {text!r}", "write it out")
        return said.get(found, found)

    found = _TOKEN.sub(token, rest)
    return f"(?i){found}" if flags and "i" in flags[1] else found


def prefers_otherwise(text: str) -> bool:
    """Whether PostgreSQL may find another part: of choices it takes the longest, and others the first that fits.

    Lazy repetitions count as choices, for PostgreSQL reads a whole branch as lazy or not; repeated groups do too.
    """
    bare = re.sub(r"\\.|\[(?:\\.|[^\]\\])*\]", "x", text, flags=re.DOTALL)
    return re.search(r"\||[*+?}]\?|\)[*+?{]", bare) is not None


def _func(name: str, *arguments: exp.Expr) -> exp.Expr:
    return exp.Anonymous(this=name, expressions=list(arguments))


def _number(text: str) -> exp.Expr:
    return exp.Literal.number(text)


def _case(condition: exp.Expr, then: exp.Expr) -> exp.Case:
    return exp.Case().when(condition, then)


def _double(text: exp.Expr) -> exp.Expr:
    """A text of digits as a double; null where it has too many, for PostgreSQL would end the query with an error."""
    size = _func("abs", exp.cast(text, "numeric"))
    long = exp.GT(this=_func("length", text.copy()), expression=_number(str(_LONGEST)))
    found = _case(long, exp.null()).when(exp.GT(this=size, expression=_number(_LARGEST)), exp.null())
    found = found.when(exp.LT(this=size.copy(), expression=_number(_SMALLEST)), _number("0"))
    return exp.paren(found.else_(exp.cast(text.copy(), "double")))


def _bigint(value: exp.Expr) -> exp.Expr:
    fits = exp.LT(this=_func("abs", exp.cast(value, "double")), expression=_number(_WHOLE))
    return exp.paren(_case(fits, exp.cast(value.copy(), "bigint")))


def _matches(given: Sequence[exp.Expr]) -> exp.Expr:
    return exp.paren(exp.RegexpLike(this=given[0], expression=exp.Literal.string(pattern(given[1].name))))


def _replace(given: Sequence[exp.Expr]) -> exp.Expr:
    return _func("regexp_replace", given[0], exp.Literal.string(pattern(given[1].name)), *given[2:])


def _extract(given: Sequence[exp.Expr]) -> exp.Expr:
    return _func("substring", given[0], exp.Literal.string(pattern(given[1].name)))


def _moment(given: Sequence[exp.Expr]) -> exp.Expr:
    """Microseconds since 1970 as a moment."""
    unit = exp.Interval(this=exp.Literal.string("1"), unit=exp.var("microsecond"))
    start = exp.cast(exp.Literal.string("1970-01-01"), "timestamp")
    return exp.paren(exp.Add(this=start, expression=exp.Mul(this=given[0], expression=unit)))


def _written(given: Sequence[exp.Expr]) -> exp.Expr:
    parts = re.split(r"(%.)", given[1].name)
    quoted = (part.replace("\\", "\\\\").replace('"', '\\"') for part in parts)
    mask = "".join(_PLACES.get(p, f'"{q}"' if q else "") for p, q in zip(parts, quoted, strict=True))
    return _func("to_char", given[0], exp.Literal.string(mask))


def _parsed(given: Sequence[exp.Expr]) -> exp.Expr:
    """A text that has the format as a moment; null for the 31st of February, which ends a query otherwise."""
    from assets.quality.mapping.transforms.date import grouped

    shape, tokens = grouped(given[1].name)
    found = {t: _part(given[0], shape, n) for n, t in enumerate(tokens, 1)}
    if "%b" in found:
        at = _func("strpos", exp.Literal.string(_MONTHS), _func("lower", found["%b"]))
        found["%m"] = exp.Div(this=exp.paren(exp.Add(this=at, expression=_number("2"))), expression=_number("3"))
    whole = {t: exp.cast(part, "int") for t, part in found.items() if t != "%b"}
    year, month, day, hour, minute, second = (whole.get(t, _number("0")) for t in ("%Y", "%m", "%d", "%H", "%M", "%S"))
    first = _func("make_date", year, month, _number("1"))
    interval = exp.Interval(this=exp.Literal.string("1"), unit=exp.var("month"))
    after = exp.cast(exp.Add(this=first, expression=interval), "date")
    there = exp.LT(this=exp.Add(this=first.copy(), expression=exp.paren(day - 1)), expression=after)
    moment = _func("make_timestamp", year.copy(), month.copy(), day.copy(), hour, minute, exp.cast(second, "double"))
    return exp.paren(_case(there, moment))


def _part(text: exp.Expr, shape: str, number: int) -> exp.Expr:
    groups = exp.paren(_func("regexp_match", text.copy(), exp.Literal.string(pattern(shape))))
    return exp.Bracket(this=groups, expressions=[_number(str(number))], offset=1)


_RULES: dict[str, Callable[[Sequence[exp.Expr]], exp.Expr]] = {
    "isfinite": lambda given: exp.not_(exp.Is(this=given[0], expression=exp.null())),
    "trim": lambda given: _func("btrim", *given),
    "regexp_matches": _matches,
    "regexp_replace": _replace,
    "regexp_extract": _extract,
    "string_split": lambda given: exp.paren(_func("string_to_array", *given)),
    "make_timestamp": _moment,
    "strftime": _written,
    "try_strptime": _parsed,
}
