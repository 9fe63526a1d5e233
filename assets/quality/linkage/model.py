"""What is to be linked, as people declare it in YAML: sources, columns, rules of survivorship."""

from pathlib import Path
from typing import Annotated, Literal

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from assets.quality.linkage.kinds import Kind
from core.errors import HeddleError, SourceError
from core.naming import Key

Survivor = Literal["most_frequent", "longest", "newest", "source_priority", "most_complete"]


class _Value(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Source(_Value):
    """A table whose rows are linked. `rename` maps its columns to the common names; `id` names a row for good."""

    table: str = Field(description="asset key `layer/domain/noun`, or a CSV or Parquet file beside this one")
    id: str
    rename: dict[str, str] = {}
    priority: int = Field(1, description="1 is believed first")
    newest: str = Field("", description="column with the time of the last change")
    deduplicated: bool = Field(False, description="no two rows are the same thing")


class Golden(_Value):
    """Linkage of one or several sources and the golden table made of it."""

    kind: Literal["golden"]
    asset: str
    sources: Annotated[tuple[Source, ...], Field(min_length=1)]
    compare: dict[str, Kind | None] = Field(min_length=1, description="columns that tell things apart, with kinds")
    survivorship: dict[str, Survivor] = {}
    otherwise: Survivor = "most_frequent"
    threshold: float = Field(0.5, gt=0, lt=1, description="probability from which pairs are the same thing")
    candidates: float = Field(30.0, gt=0, description="pairs compared for one record, on average")
    largest_block: int = Field(200, ge=2)
    description: str = ""

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


def read_golden(path: Path) -> Golden:
    """The declaration of a file.

    Raises:
        SourceError: it cannot be read or is malformed; the message names the field.
    """
    try:
        found = yaml.safe_load(path.read_text(encoding="utf-8"))
        golden = Golden.model_validate(found)
        Key.parse(golden.asset)
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(map(str, first["loc"])) or "the file"
        raise SourceError(f"{path}: {where}: {first['msg']}", "see docs/fusion.md for the fields") from None
    except (OSError, UnicodeDecodeError, yaml.YAMLError, RecursionError) as error:
        raise SourceError(f"{path} cannot be read: {error}", "correct the file, or restore it from git") from None
    except HeddleError as error:
        raise SourceError(f"{path}: asset: {error.what}", error.fix) from None
    return golden
