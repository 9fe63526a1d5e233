"""The masks of a policy in the SQL of each engine. An engine that lacks what a mask needs gives NULL, not the value."""

import hashlib
from collections.abc import Callable

from sqlglot import exp

from assets.security.access.kinds import Kind
from assets.security.access.model import Mask

SECRET = "heddle_secret"  # noqa: S105 - a mark in the `meta` of a literal that nobody is to see
BLOCK = 64  # bytes of SHA-256's block
Made = exp.Expr
ENGINES = ("duckdb", "postgres", "mysql", "sqlite")


def pads(key: bytes) -> tuple[str, str]:
    """The inner and the outer block of HMAC-SHA256 under a key, as hexadecimal digits (RFC 2104)."""
    block = (key if len(key) <= BLOCK else hashlib.sha256(key).digest()).ljust(BLOCK, b"\0")
    return bytes(b ^ 0x36 for b in block).hex(), bytes(b ^ 0x5C for b in block).hex()


def masked(column: exp.Expr, mask: Mask, kind: Kind, dialect: str, key: bytes | None) -> Made:
    """What stands in place of a column.

    Args:
        key: of `hash`; without one, its columns are NULL.
    """
    if mask.method == "constant":  # a value that is not there stays so
        shown = exp.Literal.string(mask.value)
        return exp.case().when(column.copy().is_(exp.null()), exp.null()).else_(shown)
    made = _METHODS[mask.method](column, mask, kind, dialect, key) if dialect in ENGINES else None
    return made if made is not None else exp.null()


def as_text(value: exp.Expr, kind: Kind, dialect: str) -> exp.Expr:
    """A value as text."""
    if kind == "text":
        return value
    return exp.cast(value, "CHAR" if dialect == "mysql" else "TEXT", dialect=dialect or None)


def _none(*_: object) -> None:
    return None


def _partial(column: exp.Expr, mask: Mask, kind: Kind, dialect: str, _key: bytes | None) -> Made:
    text, length = as_text(column, kind, dialect), _f(_LENGTH.get(dialect, "LENGTH"), as_text(column, kind, dialect))
    kept = mask.first + mask.last
    stars: Callable[[exp.Expr], exp.Expr] = _zeros if dialect == "sqlite" else _repeated
    parts = [_f("SUBSTR", text.copy(), _n(1), _n(mask.first))] if mask.first else []
    parts.append(stars(exp.Sub(this=length.copy(), expression=_n(kept))))
    if mask.last:
        start = exp.Add(this=exp.Sub(this=length.copy(), expression=_n(mask.last)), expression=_n(1))
        parts.append(_f("SUBSTR", text.copy(), start, _n(mask.last)))
    long, gone = exp.GT(this=length.copy(), expression=_n(kept)), column.copy().is_(exp.null())
    return exp.case().when(gone, exp.null()).when(long, _joined(parts, dialect)).else_(stars(length))


def _repeated(count: exp.Expr) -> exp.Expr:
    return _f("REPEAT", exp.Literal.string("*"), _int(count))


def _zeros(count: exp.Expr) -> exp.Expr:
    """SQLite has no REPEAT."""
    return _f("REPLACE", _f("HEX", _f("ZEROBLOB", count)), exp.Literal.string("00"), exp.Literal.string("*"))


def _hash(column: exp.Expr, _mask: Mask, kind: Kind, dialect: str, key: bytes | None) -> Made | None:
    """HMAC-SHA256, written out with two plain digests."""
    if key is None or dialect not in _DIGESTS:
        return None
    inner, outer = (_secret(p) for p in pads(key))
    return _DIGESTS[dialect](as_text(column, kind, dialect), inner, outer)


def _duckdb(text: exp.Expr, inner: exp.Expr, outer: exp.Expr) -> Made:
    first = _f("SHA256", _joined([_f("UNHEX", inner), _f("ENCODE", text)], "duckdb"))
    return _f("SHA256", _joined([_f("UNHEX", outer), _f("UNHEX", first)], "duckdb"))


def _postgres(text: exp.Expr, inner: exp.Expr, outer: exp.Expr) -> Made:
    def bytes_(value: exp.Expr) -> exp.Expr:
        return _f("DECODE", value, exp.Literal.string("hex"))

    first = _f("SHA256", _joined([bytes_(inner), _f("CONVERT_TO", text, exp.Literal.string("UTF8"))], "postgres"))
    return _f("ENCODE", _f("SHA256", _joined([bytes_(outer), first], "postgres")), exp.Literal.string("hex"))


def _mysql(text: exp.Expr, inner: exp.Expr, outer: exp.Expr) -> Made:
    plain = mysql_bytes(text)
    first = _f("SHA2", _f("CONCAT", _f("UNHEX", inner), plain), _n(256))
    return _f("SHA2", _f("CONCAT", _f("UNHEX", outer), _f("UNHEX", first)), _n(256))


def mysql_bytes(text: exp.Expr) -> exp.Expr:
    """The UTF-8 bytes of a text, whatever the character set of its column."""
    utf8 = exp.DataType(this=exp.DType.CHARACTER_SET, kind=exp.var("utf8mb4"))
    return exp.Cast(this=exp.Cast(this=text, to=utf8), to=exp.DataType(this=exp.DType.BINARY))


def _year(column: exp.Expr, _mask: Mask, kind: Kind, dialect: str, _key: bytes | None) -> Made | None:
    if kind not in ("date", "timestamp"):
        return None
    if dialect == "sqlite":
        return _joined([_f("STRFTIME", exp.Literal.string("%Y"), column), exp.Literal.string("-01-01")], dialect)
    if dialect == "mysql":
        return _f("MAKEDATE", _f("YEAR", column), _n(1))
    year: exp.Expr = exp.Extract(this=exp.var("YEAR"), expression=column)
    made: exp.Expr = _f("MAKE_DATE", _int(year), _n(1), _n(1))
    return exp.cast(made, "TIMESTAMP") if kind == "timestamp" else made


def _round(column: exp.Expr, mask: Mask, kind: Kind, dialect: str, _key: bytes | None) -> Made | None:
    if kind not in ("integer", "number"):
        return None
    if dialect == "sqlite":
        ratio = exp.paren(exp.Mul(this=column, expression=exp.Literal.number("1.0")) / _n(mask.step))
        whole = exp.cast(ratio, "INTEGER")
        floor: exp.Expr = exp.paren(whole - exp.paren(exp.LT(this=ratio.copy(), expression=whole.copy())))
    else:
        number = column if dialect == "mysql" else exp.cast(column, "DOUBLE", dialect="duckdb")
        floor = _f("FLOOR", exp.Div(this=number, expression=_n(mask.step), typed=False, safe=False))
    made: exp.Expr = exp.Mul(this=floor, expression=_n(mask.step))
    if kind == "integer" and dialect in ("duckdb", "postgres"):
        made = exp.cast(exp.paren(made), "BIGINT")
    return exp.cast(exp.paren(made), "REAL") if kind == "number" and dialect == "sqlite" else made


def _joined(parts: list[exp.Expr], dialect: str) -> exp.Expr:
    if dialect == "mysql":
        return _f("CONCAT", *parts) if len(parts) > 1 else parts[0]
    made = parts[0]
    for part in parts[1:]:
        made = exp.DPipe(this=made, expression=part, safe=False)
    return exp.paren(made) if len(parts) > 1 else made


def _f(name: str, *arguments: exp.Expr) -> exp.Expr:
    """A function as it is called, which sqlglot does not write in other words."""
    return exp.Anonymous(this=name, expressions=list(arguments))


def _n(number: int) -> exp.Expr:
    return exp.Literal.number(number)


def _int(value: exp.Expr) -> exp.Expr:
    return exp.cast(value, "INT", dialect="duckdb")


def _secret(text: str) -> exp.Expr:
    made = exp.Literal.string(text)
    made.meta[SECRET] = True
    return made


_LENGTH = {"mysql": "CHAR_LENGTH"}
_DIGESTS = {"duckdb": _duckdb, "postgres": _postgres, "mysql": _mysql}
_METHODS: dict[str, Callable[[exp.Expr, Mask, Kind, str, bytes | None], Made | None]] = {
    "null": _none,
    "constant": _none,
    "partial": _partial,
    "hash": _hash,
    "year": _year,
    "round": _round,
}
