"""Dates and moments from texts and counted seconds, and texts of dates in another format."""

import re
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any, ClassVar

from pydantic import field_validator
from sqlglot import exp

from assets.kettle.generate.part import Made
from assets.kettle.values.fields import ValueType
from assets.quality.mapping.steps import converted, copied, only, operation
from assets.quality.mapping.transform import Column, Params, Shown, Transform, Types, sql_func, sql_if, sql_matches
from core.errors import SourceError

if TYPE_CHECKING:
    import polars as pl

_TOKENS = {
    "%Y": ("(?:[1-9][0-9]{3}|0[1-9][0-9]{2}|00[1-9][0-9]|000[1-9])", "yyyy"),  # there is no year 0
    "%m": ("(?:0?[1-9]|1[0-2])", "MM"),
    "%d": ("(?:0?[1-9]|[12][0-9]|3[01])", "dd"),
    "%b": ("(?:[Jj]an|[Ff]eb|[Mm]ar|[Aa]pr|[Mm]ay|[Jj]un|[Jj]ul|[Aa]ug|[Ss]ep|[Oo]ct|[Nn]ov|[Dd]ec)", "MMM"),
    "%H": ("(?:[01]?[0-9]|2[0-3])", "HH"),
    "%M": ("[0-5]?[0-9]", "mm"),
    "%S": ("[0-5]?[0-9]", "ss"),
}
_PACKED = {"%m": "(?:0[1-9]|1[0-2])", "%d": "(?:0[1-9]|[12][0-9]|3[01])", "%H": "(?:[01][0-9]|2[0-3])"}
DATES: tuple[str, ...] = (
    "%Y-%m-%d",
    "%Y/%m/%d",
    "%Y.%m.%d",
    "%d/%m/%Y",
    "%m/%d/%Y",
    "%d.%m.%Y",
    "%d-%m-%Y",
    "%Y%m%d",
    "%Y年%m月%d日",
    "%d-%b-%Y",
    "%d %b %Y",
    "%b %d, %Y",
)
TIMES = (" %H:%M:%S", " %H:%M", "T%H:%M:%S")
SECONDS, MILLIS = "seconds", "milliseconds"


class DateParams(Params):
    """`source`: format of the text, `seconds` or `milliseconds` since 1970, or empty where it is a date already.

    `target`: `date`, `datetime`, or a format for a text. Formats are of %Y %m %d %b %H %M %S and signs between.
    """

    source: str = ""
    target: str = "date"

    @field_validator("source", "target")
    @classmethod
    def _known(cls, value: str) -> str:
        rest = value
        for token in _TOKENS:
            rest = rest.replace(token, "")
        if "%" in rest:
            raise ValueError(f"has more than {' '.join(_TOKENS)}")
        return value


def pattern(format_: str) -> str:
    """A regular expression of the whole text that Rust's, RE2's and Java's engines read alike."""
    return "".join(shape if token else re.escape(shape) for token, shape in _shapes(format_))


def grouped(format_: str) -> tuple[str, list[str]]:
    """The same with a group for each token, and the tokens in order."""
    shapes = _shapes(format_)
    text = "".join(f"({shape})" if token else re.escape(shape) for token, shape in shapes)
    return f"^{text}$", [token for token, _ in shapes if token]


def _shapes(format_: str) -> list[tuple[str, str]]:
    """Tokens with their regular expressions, and with "" as token the signs between."""
    packed = re.search(r"%.%", format_) is not None
    tokens = {t: (_PACKED.get(t, p) if packed else p) for t, (p, _) in _TOKENS.items()}
    return [(part, tokens[part]) if part in tokens else ("", part) for part in re.split(r"(%.)", format_)]


def mask(format_: str) -> str:
    """The format as a mask of Java."""
    parts = re.split(r"(%.)", format_)
    return "".join(_TOKENS[p][1] if p in _TOKENS else re.sub("[A-Za-z年月日]+", r"'\g<0>'", p) for p in parts)


class Date(Transform):
    """A date, moment or text of one."""

    params = DateParams
    rank: ClassVar[int] = 2

    def check(self, columns: Sequence[Column], p: DateParams) -> None:
        """What is no date needs a format, and times of a day are no moments."""
        dtype = columns[0].dtype
        if str(dtype) == "Time":
            raise SourceError(f"{columns[0].name} is a {dtype}, which has no day", "choose another transform")
        if not p.source and not dtype.is_temporal():
            raise SourceError(f"{columns[0].name} is a {dtype} and no date", "name its format in the parameter source")

    def value(self, columns: Sequence[Column], p: DateParams) -> "pl.Expr":
        """Null where the text has not the format, or there is no such day."""
        import polars as pl

        moment = self._moment(columns[0], p)
        if p.target == "datetime":
            return moment
        return moment.cast(pl.Date) if p.target == "date" else moment.dt.strftime(p.target)

    def _moment(self, column: Column, p: DateParams) -> "pl.Expr":
        import polars as pl

        if p.source in (SECONDS, MILLIS):
            factor = 1_000_000 if p.source == SECONDS else 1_000
            return (column.number * factor).round().cast(pl.Int64, strict=False).cast(pl.Datetime("us"))
        if not p.source or column.dtype.is_temporal():
            return column.expr.cast(pl.Datetime("us"), strict=False)
        fits = pl.when(column.text.str.contains(f"^(?:{pattern(p.source)})$")).then(column.text)
        if "%H" in p.source:
            return fits.str.to_datetime(p.source, time_unit="us", strict=False)
        return fits.str.to_date(p.source, strict=False).cast(pl.Datetime("us"))

    def sql(self, columns: Sequence[Column], p: DateParams) -> exp.Expr:
        """The same."""
        moment = self._sql_moment(columns[0], p)
        if p.target == "datetime":
            return moment
        if p.target == "date":
            return exp.cast(moment, "date")
        return sql_func("strftime", moment, exp.Literal.string(p.target))

    def _sql_moment(self, column: Column, p: DateParams) -> exp.Expr:
        if p.source in (SECONDS, MILLIS):
            factor = exp.Literal.number(1_000_000 if p.source == SECONDS else 1_000)
            whole = sql_func("round", exp.Mul(this=column.sql_number, expression=factor))
            return sql_func("make_timestamp", exp.TryCast(this=whole, to=exp.DataType.build("bigint")))
        if not p.source or column.dtype.is_temporal():
            return exp.cast(column.sql, "timestamp")
        parsed = sql_func("try_strptime", column.sql_text, exp.Literal.string(p.source))
        return sql_if(sql_matches(column.sql_text, f"^(?:{pattern(p.source)})$"), parsed)

    def steps(self, fields: Sequence[str], types: Types, target: str, p: DateParams) -> list[Made] | None:
        """Texts that do not fit made null, then read by a mask; and written by another."""
        kind = types[fields[0]]
        made = [copied(fields[0], target, kind)]
        if p.source in (SECONDS, MILLIS) or (p.target == "date" and "%H" in p.source):
            return None
        if kind is ValueType.INTEGER:
            made.append(converted(target, ValueType.STRING, "#"))
        if kind in (ValueType.STRING, ValueType.INTEGER):
            made += [operation(target, trim="both"), only(target, f"(?:{pattern(p.source)})$")]
            made.append(converted(target, ValueType.DATE, mask(p.source)))
        elif kind not in (ValueType.DATE, ValueType.TIMESTAMP) or p.target == "date":
            return None
        if p.target not in ("date", "datetime"):
            again = converted(target, ValueType.STRING, mask(p.target))
            made.append(Made(f"{again.role} text", again.name, again.type, again.settings))
        return made

    def guesses(self, source: Shown, target: Shown, aligned: bool) -> Iterator[dict[str, Any]]:
        """Formats of the source's texts that fit; formats of the target's texts, or its type."""
        goals = list(_goals(target))
        if not goals:
            return
        for start in _starts(source):
            for goal in goals:
                if start != goal:
                    yield {"source": start, "target": goal}

    def words(self, p: DateParams) -> str:
        """`date from %d/%m/%Y`."""
        return f"{p.target} from {p.source}" if p.source else p.target

    def reason(self, p: DateParams) -> str:
        """`is no date in the format`."""
        return f"is no date in the format {p.source}" if p.source else "is no date"


def formats(values: "pl.Series", least: float = 0.9) -> list[str]:
    """Formats that at least this share of the texts have."""
    texts = values.drop_nulls().head(1_000).str.strip_chars()
    if not len(texts) or not texts.head(50).str.contains("^[0-9A-Za-z]").any():
        return []
    known = [*DATES, *(d + t for d in DATES for t in TIMES)]
    shares = {f: float(texts.str.contains(f"^(?:{pattern(f)})$").cast(float).to_numpy().mean()) for f in known}
    best = max(shares.values())
    return [f for f, share in shares.items() if share >= max(least, best - 0.005)]


def _formats(shown: Shown) -> list[str]:
    if "dates" not in shown.known:
        shown.known["dates"] = formats(shown.values)
    found: list[str] = shown.known["dates"]
    return found


def _goals(target: Shown) -> Iterator[str]:
    import polars as pl

    dtype = target.values.dtype
    if dtype == pl.Date:
        yield "date"
    elif dtype.is_temporal() and dtype != pl.Time:
        yield "datetime"
    elif target.column.is_text:
        yield from _formats(target)
    elif dtype.is_integer() and _packed(target.values):
        yield "%Y%m%d"


def _packed(values: "pl.Series") -> bool:
    """Whether integers look like 20240131."""
    import polars as pl

    texts = values.drop_nulls().head(1_000).cast(pl.String)
    return len(texts) > 0 and bool(texts.str.contains(f"^{pattern('%Y%m%d')}$").all())


def _starts(source: Shown) -> Iterator[str]:
    dtype = source.values.dtype
    if dtype.is_temporal():
        yield ""
    elif source.column.is_text:
        yield from _formats(source)
    elif dtype.is_integer():
        known = source.values.drop_nulls()
        middle = float(known.median() or 0) if len(known) else 0.0  # type: ignore[arg-type]
        if _packed(known):
            yield "%Y%m%d"
        if 1e8 < middle < 5e9:
            yield SECONDS
        if 1e11 < middle < 5e12:
            yield MILLIS
