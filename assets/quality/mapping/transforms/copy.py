"""The values as they are."""

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any, ClassVar

from sqlglot import exp

from assets.kettle.generate.part import Made
from assets.quality.mapping.transform import Column, Shown, Transform, Types

if TYPE_CHECKING:
    import polars as pl


class Copy(Transform):
    """The column under another name."""

    rank: ClassVar[int] = 0

    def value(self, columns: Sequence[Column], p: Any) -> "pl.Expr":
        """The column."""
        return columns[0].expr

    def sql(self, columns: Sequence[Column], p: Any) -> exp.Expr:
        """The column."""
        return columns[0].sql

    def steps(self, fields: Sequence[str], types: Types, target: str, p: Any) -> list[Made] | None:
        """None is needed: the last step renames."""
        return []

    def guesses(self, source: Shown, target: Shown, aligned: bool) -> Iterator[dict[str, Any]]:
        """Always."""
        yield {}
