"""The table has these columns, of these types, and not those."""

from collections.abc import Mapping

import polars as pl
from pydantic import Field
from sqlglot import exp

from assets.quality.rules.expressions import Tables
from assets.quality.rules.kind import Kind, Params
from assets.quality.rules.model import Rule

_FAMILIES: dict[str, tuple[str, ...]] = {
    "integer": ("int", "integer", "bigint", "smallint", "long", "int64", "int32"),
    "number": ("float", "double", "double precision", "real", "numeric", "decimal", "number", "float64"),
    "text": ("varchar", "text", "string", "character varying", "char", "str", "object"),
    "date": ("date",),
    "moment": ("timestamp", "datetime", "timestamp without time zone", "datetime64"),
    "boolean": ("bool", "boolean"),
}


class Given(Params):
    """`required` and `forbidden` columns; `types`: column -> type as SQL or pandas name it, compared by family."""

    required: tuple[str, ...] = ()
    forbidden: tuple[str, ...] = ()
    types: dict[str, str] = Field(default_factory=dict)


class Structure(Kind):
    """Fails as a whole: `misfits` says in which columns."""

    params = Given
    least, most = 0, 0
    nulls = True

    def failing(self, rule: Rule, tables: Tables | None = None) -> pl.Expr:
        """See Kind: no row is to blame."""
        return pl.repeat(False, pl.len(), dtype=pl.Boolean)

    def sql(self, rule: Rule, dialect: str) -> exp.Expr | None:
        """See Kind."""
        return exp.false()

    def misfits(self, rule: Rule, schema: Mapping[str, pl.DataType]) -> list[str]:
        """See Kind."""
        given: Given = self.read(rule)
        found = [f"column {name!r} is missing" for name in (*given.required, *given.types) if name not in schema]
        found += [f"column {name!r} is there" for name in given.forbidden if name in schema]
        for name, wanted in given.types.items():
            if name in schema and family(wanted) not in (None, _family(schema[name])):
                found.append(f"column {name!r} is {schema[name]}, not {wanted}")
        return list(dict.fromkeys(found))


def family(name: str) -> str | None:
    """The family of a type's name, its size left out; None for one that is not known."""
    plain = name.lower().partition("(")[0].strip()
    return next((family for family, names in _FAMILIES.items() if plain in names), None)


def _family(type_: pl.DataType) -> str | None:
    if type_.is_integer():
        return "integer"
    if type_.is_numeric():
        return "number"
    known = {pl.String: "text", pl.Date: "date", pl.Datetime: "moment", pl.Boolean: "boolean"}
    return known.get(type_.base_type())
