"""What a transform is: from one or several columns to one, in polars, in SQL and as Kettle steps."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, ClassVar

from pydantic import BaseModel, ConfigDict
from sqlglot import exp

from assets.documents import shaped
from assets.kettle.generate.part import Made
from assets.kettle.values.fields import ValueType

if TYPE_CHECKING:
    import polars as pl

    from assets.catalog.standards.model import CodeTable

BLANKS = " \t\n\r\f\v"
NUMBER = r"^[-+]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][-+]?[0-9]{1,3})?$"
Types = Mapping[str, ValueType]


class Params(BaseModel):
    """Parameters of a transform; most have some."""

    model_config = ConfigDict(frozen=True, extra="forbid")


@dataclass(frozen=True, slots=True)
class Column:
    """A source column: its name and polars type, as an expression of polars and of sqlglot (DuckDB)."""

    name: str
    dtype: "pl.DataType"

    @property
    def expr(self) -> "pl.Expr":
        """The column."""
        import polars as pl

        return pl.col(self.name)

    @property
    def text(self) -> "pl.Expr":
        """As text without blanks around; of a float or a moment without decimals, without `.0`."""
        import polars as pl

        text = self.expr.cast(pl.String)
        if self.is_text:
            return text.str.strip_chars(BLANKS)
        if self.dtype.is_temporal():  # written with six decimals of a second
            return text.str.replace(r"\.0+$", "").str.replace(r"(\.[0-9]*[1-9])0+$", "${1}")
        return text.str.replace(r"\.0$", "")

    @property
    def number(self) -> "pl.Expr":
        """As a number; null where a text is none."""
        import polars as pl

        return number_of(self.text) if self.is_text else self.expr.cast(pl.Float64, strict=False)

    @property
    def is_text(self) -> bool:
        """Whether it holds texts."""
        import polars as pl

        return self.dtype == pl.String or self.dtype == pl.Categorical

    @property
    def sql(self) -> exp.Expr:
        """The quoted column."""
        return exp.column(self.name, quoted=True)

    @property
    def sql_text(self) -> exp.Expr:
        """The same as `text`."""
        text = exp.cast(self.sql, "text")
        if self.is_text:
            return sql_func("trim", text, exp.Literal.string(BLANKS))
        return sql_func("regexp_replace", text, exp.Literal.string(r"\.0$"), exp.Literal.string(""))

    @property
    def sql_number(self) -> exp.Expr:
        """The same as `number`."""
        if self.is_text:
            return sql_number_of(self.sql_text)
        if str(self.dtype) == "Boolean":  # PostgreSQL casts none to a double
            return exp.Case().when(self.sql, exp.Literal.number(1)).when(exp.not_(self.sql), exp.Literal.number(0))
        return exp.cast(self.sql, "double")


@dataclass(frozen=True, slots=True)
class Shown:
    """A column that candidates are guessed from, its values with nulls, and code tables of the project.

    Attributes:
        known: what was found out about the values, by what it is.
    """

    column: Column
    values: "pl.Series"
    codes: "tuple[CodeTable, ...]" = ()
    known: dict[str, Any] = field(default_factory=dict)


class Transform:
    """One kind of transform.

    Attributes:
        arity: least and greatest number of source columns.
        rank: of two that explain the same, the lower is taken.
    """

    params: ClassVar[type[BaseModel]] = Params
    arity: ClassVar[tuple[int, int]] = (1, 1)
    rank: ClassVar[int] = 5

    def read(self, params: Mapping[str, Any], where: str) -> Any:
        """The parameters, checked. Raises SourceError that names the place and the field."""
        known = ", ".join(self.params.model_fields) or "none"
        return shaped(
            dict(params), self.params, f"{where}: {type(self).__name__.lower()}", f"the parameters are {known}"
        )

    def check(self, columns: Sequence[Column], p: Any) -> None:
        """Raises SourceError where it cannot be of such columns whatever they hold."""

    def value(self, columns: Sequence[Column], p: Any) -> "pl.Expr":
        """The new value; null where it cannot be made."""
        raise NotImplementedError

    def sql(self, columns: Sequence[Column], p: Any) -> exp.Expr:
        """The same for DuckDB."""
        raise NotImplementedError

    def steps(self, fields: Sequence[str], types: Types, target: str, p: Any) -> list[Made] | None:
        """Kettle steps that add the field `target`; None where Kettle has none that give the same."""
        return None

    def guesses(self, source: Shown, target: Shown, aligned: bool) -> Iterator[dict[str, Any]]:
        """Parameters that might turn the source into the target; each is then measured."""
        return iter(())

    def words(self, p: Any) -> str:
        """What it does, in a few words."""
        return type(self).__name__.lower()

    def reason(self, p: Any) -> str:
        """Why a value cannot be made, to be read behind the value."""
        return f"has no {self.words(p)}"


def is_plain(dtype: "pl.DataType") -> bool:
    """Whether a column holds texts, numbers, truth values, dates or moments; others can only be copied."""
    import polars as pl

    return not dtype.is_nested() and dtype not in (pl.Binary, pl.Object, pl.Duration)


def number_of(text: "pl.Expr") -> "pl.Expr":
    """A text of digits as a number; null where it is none, or larger than a double holds."""
    import polars as pl

    found = pl.when(text.str.contains(NUMBER)).then(text.str.strip_prefix("+")).cast(pl.Float64, strict=False)
    return pl.when(found.is_finite()).then(found)


def sql_number_of(text: exp.Expr) -> exp.Expr:
    """The same."""
    found = exp.TryCast(this=text, to=exp.DataType.build("double"))
    return sql_if(sql_matches(text, NUMBER), sql_if(sql_func("isfinite", found), found.copy()))


def sql_func(name: str, *arguments: exp.Expr) -> exp.Expr:
    """A call of DuckDB's function, by its own name."""
    return exp.Anonymous(this=name, expressions=list(arguments))


def sql_if(condition: exp.Expr, then: exp.Expr, otherwise: exp.Expr | None = None) -> exp.Expr:
    """CASE WHEN."""
    return exp.Case().when(condition, then).else_(otherwise or exp.Null())


def sql_matches(text: exp.Expr, pattern: str) -> exp.Expr:
    """Whether the text holds the pattern."""
    return sql_func("regexp_matches", text, exp.Literal.string(pattern))


def sql_replaced(text: exp.Expr, pattern: str, by: str) -> exp.Expr:
    """All places of the pattern replaced."""
    return sql_func(
        "regexp_replace", text, exp.Literal.string(pattern), exp.Literal.string(by), exp.Literal.string("g")
    )
