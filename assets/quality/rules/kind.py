"""What a kind of rule is: a condition in polars and SQL, a repair, steps of Kettle."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, ClassVar

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from assets.quality.rules.model import Rule, refused
from core.errors import SourceError

if TYPE_CHECKING:
    import polars as pl
    from sqlglot import exp

    from assets.kettle.generate.part import Part
    from assets.kettle.generate.sinks import Sink
    from assets.quality.rules.expressions import Tables, Types


ROW = "heddle_row"  # column with the row's number from 0 while rules run


class Params(BaseModel):
    """Base of the parameters of a kind; `mostly`: the part of the rows that has to keep it for its check to pass."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    mostly: float = Field(1.0, ge=0, le=1)


class Kind:
    """Base of all kinds; that of `kinds/not_null.py` is called `NotNull`.

    Attributes:
        params: what `rule.params` has to look like.
        least, most: number of columns; None for no limit.
        repairs: whether `repaired` may give something.
        at_once: bytes a row where all rows have to be judged at once, because `scope` is (); measured.
        nulls: whether rows with a null in one of the columns count in its compliance.
    """

    params: ClassVar[type[Params]] = Params
    least: ClassVar[int] = 1
    most: ClassVar[int | None] = 1
    repairs: ClassVar[bool] = False
    at_once: ClassVar[int] = 60
    nulls: ClassVar[bool] = False

    def read(self, rule: Rule) -> Any:
        """The rule's parameters in the kind's own shape.

        Raises:
            SourceError: a parameter or the number of columns is wrong; names table, rule and field.
        """
        where = f"{rule.table}: rule {rule.id}"
        few, many = len(rule.columns) < self.least, self.most is not None and len(rule.columns) > self.most
        if few or many:
            wanted = f"{self.least}" if self.least == self.most else f"{self.least} to {self.most or 'any'}"
            raise SourceError(f"{where}: field columns: there are {len(rule.columns)}", f"{rule.kind} takes {wanted}")
        try:
            return self.params.model_validate(rule.params)
        except ValidationError as error:
            raise refused(error, f"{where}: params", self.params) from None

    def reads(self, rule: Rule) -> tuple[str, ...]:
        """All columns that the condition looks at."""
        return rule.columns

    def writes(self, rule: Rule) -> tuple[str, ...]:
        """The columns that a repair may change."""
        return rule.columns

    def scope(self, rule: Rule) -> tuple[str, ...] | None:
        """None when a row is judged by itself; else the columns that rows judged together agree in (() = all rows)."""
        return None

    def failing(self, rule: Rule, tables: "Tables | None" = None) -> "pl.Expr":
        """Boolean, true = the row breaks the rule; never null. Windows go over `scope`.

        Args:
            tables: gives another table by its name, for kinds that look into one.
        """
        raise NotImplementedError

    def misfits(self, rule: Rule, schema: "Mapping[str, pl.DataType]") -> list[str]:
        """What is wrong with the table's columns themselves, in words."""
        return []

    def repaired(self, rule: Rule, column: str) -> "pl.Expr | None":
        """The column with failing cells corrected and others as they are; None where the kind has no repair of it."""
        return None

    def sql(self, rule: Rule, dialect: str) -> "exp.Expr | None":
        """`failing` as a condition in SQL (true, false or null, which counts as false); None where there is no form.

        Windows may order by the column ROW.
        """
        return None

    def sql_repaired(self, rule: Rule, column: str, dialect: str) -> "exp.Expr | None":
        """`repaired` in SQL."""
        return None

    def steps(self, rule: Rule, types: "Types", rejects: "Sink | None" = None) -> "Sequence[Part] | None":
        """The rule as parts of a transformation; None where Kettle has no step that gives the same.

        Args:
            types: field -> its type where the parts come in.
            rejects: where rows go that break a rule whose action is `reject`.
        """
        return None
