"""A rule about the data of a table, as it stands in a file that people read and decide on."""

import hashlib
import json
from collections.abc import Mapping, Sequence
from typing import Any, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator

from core.errors import SourceError

Action = Literal["report", "reject", "repair"]
Status = Literal["proposed", "accepted", "refused"]
EXAMPLES = 3


class Example(BaseModel):
    """One cell before and after; `after` is None where the row is only reported or rejected.

    Attributes:
        row: number of the row in the table, from 0.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", coerce_numbers_to_str=True)

    row: int
    column: str
    before: str | None = None
    after: str | None = None


class Effect(BaseModel):
    """What the rule would do to the rows it was proposed from: failing rows, changed cells, a few examples."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    rows: int = 0
    cells: int = 0
    examples: tuple[Example, ...] = Field(default=(), max_length=EXAMPLES)


class Rule(BaseModel):
    """One rule. Make new ones by `Rule.make`, which gives the id.

    Attributes:
        kind: name of a module in `kinds/`; `params` are checked by it (`registry.params_of`).
        table: asset key `layer/domain/noun`, or the name of a file.
        action: what happens to rows that break it: `report` counts them, `reject` takes them to the reject table,
            `repair` changes cells (and reports what it cannot repair).
        confidence: from 0 to 1, that rows which break the rule are wrong.
        evidence: what it was proposed from, in words.
        by, at: who decided and when (ISO 8601, UTC).
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    id: str = Field(pattern=r"^[a-z0-9][a-z0-9_.-]{0,120}$")
    kind: str = Field(pattern=r"^[a-z][a-z0-9_]{0,40}$")
    table: str = Field(min_length=1, max_length=500)
    columns: tuple[str, ...] = ()
    params: dict[str, Any] = Field(default_factory=dict)
    action: Action = "report"
    confidence: float = Field(1.0, ge=0, le=1)
    evidence: str = ""
    effect: Effect = Effect()
    status: Status = "proposed"
    by: str = ""
    at: str = ""
    note: str = ""

    @field_validator("columns")
    @classmethod
    def _once(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        if len(set(value)) < len(value):
            raise ValueError("names a column twice")
        return value

    @classmethod
    def make(
        cls, kind: str, table: str, columns: Sequence[str], params: Mapping[str, Any] | None = None, **others: Any
    ) -> Self:
        """A rule with its id; the same kind, columns and parameters give the same id.

        Args:
            others: further fields, such as action, confidence and evidence.

        Raises:
            SourceError: a field is wrong.
        """
        kept = dict(params or {})
        content = {"id": rule_id(kind, columns, kept), "kind": kind, "table": table, "columns": tuple(columns)}
        return cls.read(content | {"params": kept} | others, f"rule {content['id']} of {table}")

    @classmethod
    def read(cls, content: Any, where: str) -> Self:
        """A rule from its fields. Raises SourceError that names `where` and the field."""
        try:
            return cls.model_validate(content)
        except ValidationError as error:
            raise refused(error, where, cls) from None


def rule_id(kind: str, columns: Sequence[str], params: Mapping[str, Any]) -> str:
    """Kind, columns in ASCII and a hash of what the rule demands: readable, and stable."""
    content = json.dumps([kind, list(columns), params], sort_keys=True, ensure_ascii=False, default=str)
    words = "-".join("".join(c if c.isascii() and c.isalnum() else "_" for c in name.lower()) for name in columns)
    digest = hashlib.sha256(content.encode()).hexdigest()[:8]
    return f"{kind}-{words[:60].strip('_-')}-{digest}".replace("--", "-")


def refused(error: ValidationError, where: str, shape: type[BaseModel]) -> SourceError:
    """pydantic's refusal as an error that names the place, the field and what would be right."""
    first = error.errors()[0]
    field = ".".join(map(str, first["loc"])) or "(the whole)"
    message = first["msg"].removeprefix("Value error, ")
    known = ", ".join(shape.model_fields) or "none"
    return SourceError(f"{where}: field {field}: {message}", f"the fields are {known}")
