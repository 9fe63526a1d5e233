"""Which tables of the warehouse are imputed, as YAML files say."""

from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field, field_validator

from assets.documents import read_all, saved
from core.errors import HeddleError
from core.naming import Key

FOLDER = "imputations"  # under HEDDLE_QUALITY


class Spec(BaseModel):
    """One table.

    Attributes:
        name: the file's name.
        table: asset key of the table.
        columns: what to fill; empty means all that lack values and can be filled.
        keep: columns that are neither filled nor used, such as row keys.
        order: columns that the rows are put in order by; empty means that their order says nothing.
        by: who wrote it.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str = Field(pattern=r"^[a-z][a-z0-9_]{0,60}$")
    table: str
    columns: tuple[str, ...] = ()
    keep: tuple[str, ...] = ()
    order: tuple[str, ...] = ()
    by: str = ""

    @field_validator("table")
    @classmethod
    def _key(cls, value: str) -> str:
        try:
            Key.parse(value)
        except HeddleError as error:
            raise ValueError(str(error)) from None
        return value

    @property
    def model(self) -> str:
        """Asset key of the fitted imputation."""
        key = Key.parse(self.table)
        return f"model/{key.domain}/{key.noun}_imputation"

    @property
    def filled(self) -> str:
        """Asset key of the filled table."""
        key = Key.parse(self.table)
        return f"table/{key.domain}/{key.noun}_imputed"


def save(quality: Path, spec: Spec) -> Path:
    """Writes a spec's file beside and renames it in place."""
    path = quality / FOLDER / f"{spec.name}.yaml"
    saved(path, spec.model_dump(mode="json", exclude_defaults=True))
    return path


def specs(quality: Path) -> dict[str, Spec]:
    """All tables to impute, by name. Raises SourceError that names the file and the field."""
    return read_all(quality / FOLDER, Spec)
