"""Join plans as people decide on them: `<noun>.yaml` under `fusion/` of the setting `quality`, kept in git."""

from typing import Annotated, Literal, Self

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, field_validator, model_validator

from assets.documents import Name
from assets.quality.fusion.fixes import known
from core.naming import LAYERS, asset_name

JoinKind = Literal["inner", "left", "right", "full"]
Cardinality = Literal["one-to-one", "many-to-one", "one-to-many", "many-to-many"]


def is_asset(table: str) -> bool:
    """Whether a table's name is an asset key rather than a file's."""
    parts = table.split("/")
    return len(parts) == 3 and parts[0] in LAYERS and "." not in parts[2]


class _Value(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class KeyPair(_Value):
    """Columns that must be equal after their fixes. `left` is `column`, or `table.column` of an earlier table."""

    left: Name
    right: Name
    fixes_left: tuple[str, ...] = ()
    fixes_right: tuple[str, ...] = ()

    @field_validator("fixes_left", "fixes_right")
    @classmethod
    def _known(cls, names: tuple[str, ...]) -> tuple[str, ...]:
        try:
            return known(names)
        except Exception as error:
            raise ValueError(str(error)) from None


class Prediction(_Value):
    """What a join will do, counted on the keys alone.

    Attributes:
        left_matched, right_matched: rows with a partner; duplicates: rows whose key an earlier row has.
        most: rows of the right table that one row of the left one meets, at most.
    """

    left_rows: int
    right_rows: int
    left_null: int
    right_null: int
    left_matched: int
    right_matched: int
    left_duplicates: int
    right_duplicates: int
    most: int
    inner: int

    @property
    def cardinality(self) -> Cardinality:
        """Rows of the left table to rows of the right one, by the keys of both."""
        if self.right_duplicates == 0:
            return "one-to-one" if self.left_duplicates == 0 else "many-to-one"
        return "one-to-many" if self.left_duplicates == 0 else "many-to-many"

    def rows(self, kind: JoinKind) -> int:
        """Rows of the result."""
        left_only, right_only = self.left_rows - self.left_matched, self.right_rows - self.right_matched
        return self.inner + left_only * (kind in ("left", "full")) + right_only * (kind in ("right", "full"))

    def lost(self, kind: JoinKind) -> int:
        """Rows of the left table that are not in the result."""
        return self.left_rows - self.left_matched if kind in ("inner", "right") else 0

    @property
    def added(self) -> int:
        """Rows by which the matched left rows grow: fan-out."""
        return self.inner - self.left_matched

    @property
    def left_rate(self) -> float:
        """Share of the left rows that find a partner."""
        return self.left_matched / self.left_rows if self.left_rows else 1.0

    @property
    def right_rate(self) -> float:
        """Share of the right rows that find a partner."""
        return self.right_matched / self.right_rows if self.right_rows else 1.0


class Join(_Value):
    """One more table. `fan_out: refuse` stops a run in which a row would meet several."""

    right: str
    how: JoinKind = "left"
    keys: Annotated[tuple[KeyPair, ...], Field(min_length=1)]
    fan_out: Literal["refuse", "allow"] = "refuse"
    predicted: Prediction | None = None
    evidence: str = ""


class Plan(_Value):
    """Tables joined one after the other. Tables are asset keys, or names of files on the command line."""

    kind: Literal["join"] = "join"
    asset: Annotated[str, AfterValidator(asset_name)]
    left: str
    joins: Annotated[tuple[Join, ...], Field(min_length=1)]
    status: Literal["proposed", "accepted", "refused"] = "proposed"
    by: str = ""
    at: str = ""
    note: str = ""
    description: str = ""

    @model_validator(mode="after")
    def _fits(self) -> Self:
        if len(set(self.tables)) < len(self.tables):
            raise ValueError("a table is named twice; make a view of it under another name")
        if self.status != "proposed" and not (self.by and self.at):
            raise ValueError(f"a plan that is {self.status} needs `by` and `at`")
        return self

    @property
    def tables(self) -> tuple[str, ...]:
        """All tables in the order of the joins."""
        return (self.left, *(j.right for j in self.joins))
