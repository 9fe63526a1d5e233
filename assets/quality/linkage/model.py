"""What is to be linked, as people declare it in YAML: sources, columns, rules of survivorship."""

from pathlib import Path
from typing import Annotated, Literal, Self

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, model_validator

from assets.documents import Name, loaded, shaped
from assets.quality.linkage.kinds import Kind
from core.naming import asset_name

Survivor = Literal["most_frequent", "longest", "newest", "source_priority", "most_complete"]


class _Value(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Source(_Value):
    """A table whose rows are linked. `rename` maps its columns to the common names; `id` names a row for good."""

    table: str = Field(description="asset key `layer/domain/noun`, or a CSV or Parquet file beside this one")
    id: Name
    rename: dict[Name, Name] = {}
    priority: int = Field(1, description="1 is believed first")
    newest: Name = Field("", description="column with the time of the last change")
    deduplicated: bool = Field(False, description="no two rows are the same thing")


class Golden(_Value):
    """Linkage of one or several sources and the golden table made of it."""

    kind: Literal["golden"]
    asset: Annotated[str, AfterValidator(asset_name)]
    sources: Annotated[tuple[Source, ...], Field(min_length=1)]
    compare: dict[Name, Kind | None] = Field(min_length=1, description="columns that tell things apart, with kinds")
    survivorship: dict[Name, Survivor] = {}
    otherwise: Survivor = "most_frequent"
    threshold: float = Field(0.5, gt=0, lt=1, description="probability from which pairs are the same thing")
    candidates: float = Field(30.0, gt=0, description="pairs compared for one record, on average")
    largest_block: int = Field(200, ge=2)
    description: str = ""

    @model_validator(mode="after")
    def _fits(self) -> Self:
        tables = [s.table for s in self.sources]
        if len(set(tables)) < len(tables):
            raise ValueError("a table is named twice among the sources; make a view of it under another name")
        rules = {self.otherwise, *self.survivorship.values()}
        if "newest" in rules and not any(s.newest for s in self.sources):
            raise ValueError("the newest value survives, but no source names the column `newest` that tells it")
        return self

    @property
    def one_to_one(self) -> bool:
        """Every source is free of duplicates: rows of one are never the same thing."""
        return len(self.sources) > 1 and all(s.deduplicated for s in self.sources)


def cells_of(golden: Golden) -> str:
    """Asset with the origin of each golden value."""
    return f"{golden.asset}_cells"


def links_of(golden: Golden) -> str:
    """Asset with the thing of each record."""
    return f"{golden.asset}_links"


def unsure_of(golden: Golden) -> str:
    """Asset with the pairs of records that a person's word helps most with."""
    return f"{golden.asset}_unsure"


def read_golden(path: Path) -> Golden:
    """The declaration of a file.

    Raises:
        SourceError: it cannot be read or is malformed; the message names the field.
    """
    return shaped(loaded(path), Golden, str(path), "see docs/fusion.md for the fields")
