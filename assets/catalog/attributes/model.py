"""Attributes of a company's own for the catalogue's entities, as `attributes.yaml` in HEDDLE_CATALOG_FILES has them."""

import math
import re
from collections.abc import Iterable, Mapping
from datetime import date, datetime
from pathlib import Path
from typing import Annotated, Any, Literal, Self

from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    StrictBool,
    StrictFloat,
    StrictInt,
    StrictStr,
    field_validator,
    model_validator,
)

from assets.documents import loaded, shaped
from core.errors import SourceError

FILE = "attributes.yaml"
KINDS = ("source", "table", "column", "metric", "dimension", "standard", "codes", "feature_view", "dataset", "model",
         "index", "endpoint", "report", "doc")  # fmt: skip
TABLES = ("raw", "table", "feature", "file", "view", "log")  # layers and kinds of entries that are tables
LONGEST = 2_000  # characters of a text
TRUE, FALSE = frozenset({"true", "yes", "1", "是"}), frozenset({"false", "no", "0", "否"})
Type = Literal["text", "number", "date", "bool", "choice"]


def _plain(values: Any) -> Any:
    """YAML reads 2024-05-01 as a date: it stays the text that a person wrote."""
    if not isinstance(values, Mapping):
        return values
    return {k: v.isoformat() if isinstance(v, date) and not isinstance(v, datetime) else v for k, v in values.items()}


Value = StrictBool | StrictInt | StrictFloat | StrictStr
Values = Annotated[dict[str, Value], BeforeValidator(_plain)]


class Words(BaseModel):
    """What something is called in English and Chinese."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    en: str = ""
    zh: str = ""


class Choice(BaseModel):
    """One of the values that an attribute may have."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    value: str = Field(min_length=1, max_length=200)
    label: Words = Words()


class Attribute(BaseModel):
    """An attribute.

    Attributes:
        kinds: of the entities that may have it, see KINDS. Raw, dbt and feature tables, files and views are `table`.
        choices: the values, of type choice alone; a text stands for a value without labels.
        required: entities of these kinds are not edited without it.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str = Field(pattern=r"^[a-z][a-z0-9_]{0,62}$")
    kinds: tuple[Literal[KINDS], ...] = Field(min_length=1)  # type: ignore[valid-type]
    type: Type = "text"
    label: Words = Words()
    required: bool = False
    choices: tuple[Choice, ...] = ()

    @field_validator("choices", mode="before")
    @classmethod
    def _texts(cls, value: Any) -> Any:
        return [{"value": c} if isinstance(c, str) else c for c in value] if isinstance(value, list) else value

    @model_validator(mode="after")
    def _fits(self) -> Self:
        if (self.type == "choice") != bool(self.choices):
            raise ValueError("choices: an attribute of type choice has some, others have none")
        values = [c.value for c in self.choices]
        twice = sorted({v for v in values if values.count(v) > 1})
        if twice:
            raise ValueError(f"choices: {twice[0]!r} is there twice")
        return self

    def parse(self, text: str) -> Value:
        """The value that a person typed. Raises ValueError that says what is wrong with it."""
        text = text.strip()
        if self.type == "number":
            return self.check(_number(text))
        if self.type == "bool":
            if text.lower() not in TRUE | FALSE:
                raise ValueError(f"{text!r} is neither true nor false")
            return text.lower() in TRUE
        return self.check(text)

    def check(self, value: Value) -> Value:
        """The value itself. Raises ValueError that says what is wrong with it."""
        if self.type == "bool" or self.type == "number":
            wanted: tuple[type, ...] = (bool,) if self.type == "bool" else (int, float)
            if not isinstance(value, wanted) or (self.type == "number" and isinstance(value, bool)):
                raise ValueError(f"{value!r} is no {self.type}")
            if isinstance(value, float) and not math.isfinite(value):
                raise ValueError(f"{value!r} is no number that can be stored")
            return value
        if not isinstance(value, str):
            raise ValueError(f"{value!r} is no text: put it in quotes")
        if len(value) > LONGEST:
            raise ValueError(f"has {len(value)} characters, at most {LONGEST} are stored")
        if self.type == "date":
            _date(value)
        if self.type == "choice" and value not in (allowed := [c.value for c in self.choices]):
            raise ValueError(f"{value!r} is none of {', '.join(allowed)}")
        return value

    def words(self, value: Value) -> tuple[str, ...]:
        """What a search finds a value by: the attribute's names, the value and its names."""
        chosen = next((c.label for c in self.choices if c.value == value), Words())
        shown = str(value).lower() if isinstance(value, bool) else str(value)
        found = (self.name.replace("_", " "), self.label.en, self.label.zh, shown, chosen.en, chosen.zh)
        return tuple(word for word in found if word)

    def shape(self) -> dict[str, Any]:
        """JSON Schema of its values."""
        of: dict[str, dict[str, Any]] = {
            "text": {"type": "string", "maxLength": LONGEST},
            "number": {"type": "number"},
            "date": {"type": "string", "format": "date", "pattern": r"^\d{4}-\d{2}-\d{2}$"},
            "bool": {"type": "boolean"},
            "choice": {"enum": [c.value for c in self.choices]},
        }
        title = " / ".join(filter(None, (self.label.en, self.label.zh)))
        return of[self.type] | ({"title": title} if title else {})


Known = Mapping[str, Attribute]


def read(folder: Path) -> dict[str, Attribute]:
    """The attributes by name, in the file's order; none where there is no file.

    Raises:
        SourceError: the file is no YAML, a field is wrong or two attributes have one name; names file and field.
    """
    path = folder / FILE
    if not path.exists():
        return {}
    content = loaded(path)
    entries = content.get("attributes") if isinstance(content, dict) else None
    if not isinstance(entries, list) or set(content) != {"attributes"}:
        raise SourceError(f"{path}: field attributes: a list is needed, and nothing beside it", "write `attributes:`")
    found: dict[str, Attribute] = {}
    for number, entry in enumerate(entries, 1):
        made = shaped(entry, Attribute, f"{path}: attribute {number}")
        if made.name in found:
            raise SourceError(f"{path}: attribute {number}: field name: {made.name!r} is there twice", "rename one")
        found[made.name] = made
    return found


def readable(folder: Path) -> dict[str, Attribute]:
    """As `read`, and none where the file is wrong: for those who show and search, and name no mistakes."""
    try:
        return read(folder)
    except SourceError:
        return {}


def kind_of(kind: str) -> str:
    """The kind among KINDS of an entry's kind or an asset's layer."""
    return "table" if kind in TABLES else kind


def of_kind(known: Known, kind: str) -> dict[str, Attribute]:
    """The attributes that an entity of a kind may have."""
    return {name: a for name, a in known.items() if kind_of(kind) in a.kinds}


def words(known: Known, values: Mapping[str, Value]) -> Iterable[str]:
    """What a search finds an entity by, for its attributes; those that are no longer defined by their value alone."""
    for name, value in values.items():
        yield from known[name].words(value) if name in known else (str(value),)


def _number(text: str) -> int | float:
    if not re.fullmatch(r"[+-]?(\d{1,300})?(\.\d{1,300})?([eE][+-]?\d{1,3})?", text, re.ASCII) or not text.strip("+-."):
        raise ValueError(f"{text[:80]!r} is no number")
    try:
        return int(text) if re.fullmatch(r"[+-]?\d{1,18}", text, re.ASCII) else float(text)
    except ValueError:
        raise ValueError(f"{text[:80]!r} is no number") from None


def _date(text: str) -> None:
    try:
        right = re.fullmatch(r"\d{4}-\d{2}-\d{2}", text, re.ASCII) and date.fromisoformat(text)
    except ValueError:
        right = None
    if not right:
        raise ValueError(f"{text[:80]!r} is no date, such as 2024-05-01")
