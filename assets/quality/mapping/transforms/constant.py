"""The same value in all rows, or none."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated, ClassVar

from pydantic import Field
from sqlglot import exp

from assets.kettle.generate.part import Made
from assets.kettle.values.fields import ValueType
from assets.quality.mapping.steps import field_of
from assets.quality.mapping.transform import Column, Params, Transform, Types

if TYPE_CHECKING:
    import polars as pl


class ConstantParams(Params):
    """`value`; null where the source has nothing that fills the target."""

    value: bool | int | Annotated[float, Field(allow_inf_nan=False)] | str | None = None


class Constant(Transform):
    """A constant."""

    params = ConstantParams
    arity: ClassVar[tuple[int, int]] = (0, 0)

    def value(self, columns: Sequence[Column], p: ConstantParams) -> "pl.Expr":
        """A literal."""
        import polars as pl

        return pl.lit(p.value, dtype=pl.String if p.value is None else None)

    def sql(self, columns: Sequence[Column], p: ConstantParams) -> exp.Expr:
        """A literal."""
        found: exp.Expr = exp.convert(p.value)
        return exp.cast(found, "text") if p.value is None else found

    def steps(self, fields: Sequence[str], types: Types, target: str, p: ConstantParams) -> list[Made] | None:
        """Add constants."""
        kinds = {bool: ValueType.BOOLEAN, int: ValueType.INTEGER, float: ValueType.NUMBER}
        kind = kinds.get(type(p.value), ValueType.STRING)
        text = "" if p.value is None else ("Y" if p.value else "N") if isinstance(p.value, bool) else str(p.value)
        line = [(tag, text if tag == "nullif" else content) for tag, content in field_of(target, kind)]
        settings = [("fields", [("field", [*line, ("set_empty_string", "N")])])]
        return [Made(f"{target} constant", f"{target}: {self.words(p)}", "Constant", settings)]

    def words(self, p: ConstantParams) -> str:
        """`always 1`."""
        text = repr(p.value)
        shown = text if len(text) <= 60 else f"{text[:60]}… ({len(text):,} characters)"
        return "nothing fills it" if p.value is None else f"always {shown}"
