"""A mapping as it stands in its file: which columns of a source become which column of a target, and how."""

import re
from typing import Any, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, field_validator

from assets.documents import Name, shaped
from core.errors import SourceError
from core.near import near

Status = Literal["proposed", "accepted", "refused"]
NAME = re.compile(r"^[a-z][a-z0-9_]{0,62}$")


class Choice(BaseModel):
    """One way to fill a target column: the source columns, the transform and how sure it is."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    sources: tuple[Name, ...] = ()
    transform: str = "copy"
    params: dict[str, Any] = Field(default_factory=dict)
    confidence: float = Field(1.0, ge=0, le=1)
    evidence: str = ""

    @property
    def words(self) -> str:
        """`copy of a`, `cast to integer of a`."""
        from assets.quality.mapping.registry import transform

        how = transform(self.transform)
        return " of ".join(filter(None, (how.words(how.read(self.params, "")), ", ".join(self.sources))))


class FieldMap(Choice):
    """A target column with its choice, what else could be meant, and what people decided.

    Attributes:
        alternatives: other choices, the surer first.
        by, at: who decided and when (ISO 8601, UTC).
    """

    target: Name
    alternatives: tuple[Choice, ...] = ()
    status: Status = "proposed"
    by: str = ""
    at: str = ""
    note: str = ""


class Mapping_(BaseModel):
    """A mapping of a source to a target.

    Attributes:
        source, target: asset keys `layer/domain/noun`, or files.
        key: (source column, target column) by which rows were joined to learn from them.
        failing: what happens to a row with a value that cannot be converted: it leaves (`row`), or stays with a null
            in that column (`cell`); in both cases it is in the reject table with the reason.
        fields: in the order of the target's columns.
        spare: source columns that fill nothing.
        asset: key of the table that is made by the accepted fields; `table/<domain of the source>/<name>` by default.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str
    source: str
    target: str
    key: tuple[str, str] | None = None
    failing: Literal["row", "cell"] = "row"
    fields: tuple[FieldMap, ...] = ()
    spare: tuple[Name, ...] = ()
    asset: str = Field("", pattern=r"^(table/[a-z0-9_]+/[a-z0-9_]+)?$")

    @field_validator("name")
    @classmethod
    def _name(cls, value: str) -> str:
        if not NAME.match(value):
            raise ValueError("is no name: write lower-case letters, digits and _")
        return value

    @field_validator("fields")
    @classmethod
    def _once(cls, value: tuple[FieldMap, ...]) -> tuple[FieldMap, ...]:
        targets = [f.target for f in value]
        twice = next((t for t in targets if targets.count(t) > 1), None)
        if twice:
            raise ValueError(f"fills {twice!r} twice")
        return value

    @classmethod
    def read(cls, content: Any, where: str, *, transforms: bool = True) -> Self:
        """A mapping from its fields. Raises SourceError.

        Args:
            transforms: also checks the parameters of each, which loads them.
        """
        found = shaped(content, cls, where, "see docs/mapping.md for the fields")
        for field in found.fields if transforms else ():
            _checked(field, where)
        return found

    def field(self, target: str) -> FieldMap:
        """The field that fills a target column. Raises SourceError where there is none."""
        found = next((f for f in self.fields if f.target == target), None)
        if found is None:
            targets = [f.target for f in self.fields]
            raise SourceError(f"{self.name}: there is no target {target!r}", near(target, targets))
        return found

    @property
    def accepted(self) -> tuple[FieldMap, ...]:
        """The accepted fields."""
        return tuple(f for f in self.fields if f.status == "accepted")


def _checked(field: FieldMap, where: str) -> None:
    """Raises SourceError for an unknown transform, wrong parameters or a wrong number of columns."""
    from assets.quality.mapping.registry import transform

    for choice in (field, *field.alternatives):
        try:
            how = transform(choice.transform)
        except SourceError as error:
            raise SourceError(f"{where}: target {field.target}: {error.what}", error.fix) from None
        how.read(choice.params, f"{where}: target {field.target}")
        least, most = how.arity
        if not least <= len(choice.sources) <= most:
            said = f"{where}: target {field.target}: {choice.transform} reads {len(choice.sources)} columns"
            raise SourceError(said, f"name {least} to {most} of them" if least < most else f"name {least}")
