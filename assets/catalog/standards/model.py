"""A standard and a code table, as their YAML files hold them."""

import re
from pathlib import Path
from typing import Literal, Self

import yaml
from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

from assets.catalog.attributes.model import Values
from core.atomic import write_text
from core.naming import Key

FOLDER, CODES = "standards", "codes"  # under HEDDLE_CATALOG_FILES


class Place(BaseModel):
    """A column that a standard is checked on: an asset's table and the column."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    asset: str
    column: str = Field(min_length=1)

    @field_validator("asset")
    @classmethod
    def _asset(cls, value: str) -> str:
        return str(Key.parse(value))


class Standard(BaseModel):
    """What the values of a kind of field must be like.

    Attributes:
        name: lower_snake_case; also the file's name.
        meaning: semantic type it is for, "" when only named columns follow it.
        pattern: regular expression that whole texts match; without look-around and back references, so that every
            engine runs it in linear time.
        lengths: least and most characters.
        range: least and greatest number or ISO date, both ends allowed; None for an open end.
        required: nulls violate it.
        codes: name of the code table whose codes are the only values.
        columns: where it is checked.
        by, at: who approved or refused it, and when; `owner` answers for it.
        evidence: what it was proposed from, in words.
        attributes: of the company's own, as attributes.yaml defines them.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str = Field(pattern=r"^[a-z][a-z0-9_]{0,62}$")
    label: dict[str, str] = Field(default_factory=dict)
    meaning: str = ""
    pattern: str = ""
    lengths: tuple[int, int] | None = None
    range: tuple[float | str | None, float | str | None] | None = None
    required: bool = False
    codes: str = ""
    columns: tuple[Place, ...] = ()
    status: Literal["proposed", "approved", "refused"] = "proposed"
    by: str = ""
    at: str = ""
    evidence: tuple[str, ...] = ()
    owner: str = ""
    attributes: Values = Field(default_factory=dict)

    @field_validator("pattern")
    @classmethod
    def _pattern(cls, value: str) -> str:
        if re.search(r"\(\?[=!<]|\\[1-9]", value):
            raise ValueError("has look-around or a back reference, which not every engine can run in linear time")
        try:
            re.compile(value)
        except re.error as error:
            raise ValueError(f"is no regular expression: {error}") from None
        return value

    @model_validator(mode="after")
    def _says_something(self) -> Self:
        if not (self.pattern or self.lengths or self.range or self.required or self.codes):
            raise ValueError("demands nothing: give pattern, lengths, range, required or codes")
        return self


class Code(BaseModel):
    """One code of a table, its meaning, and other ways in which data spells it."""

    model_config = ConfigDict(frozen=True, extra="forbid", coerce_numbers_to_str=True)

    code: str
    en: str = ""
    zh: str = ""
    aliases: tuple[str, ...] = ()


class CodeTable(BaseModel):
    """A standard code table, such as GB/T 2261.1, as supplied."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str = Field(pattern=r"^[a-z][a-z0-9_]{0,62}$")
    label: dict[str, str] = Field(default_factory=dict)
    source: str = ""
    meanings: tuple[str, ...] = ()
    codes: tuple[Code, ...] = Field(min_length=1)
    owner: str = ""
    attributes: Values = Field(default_factory=dict)

    @field_validator("codes")
    @classmethod
    def _once(cls, value: tuple[Code, ...]) -> tuple[Code, ...]:
        codes = [c.code for c in value]
        twice = sorted({c for c in codes if codes.count(c) > 1})
        if twice:
            raise ValueError(f"code {twice[0]!r} is there twice")
        return value


def write(folder: Path, standard: Standard) -> Path:
    """Writes a standard's file beside and renames it in place."""
    path = folder / f"{standard.name}.yaml"
    content = standard.model_dump(mode="json", exclude_defaults=True)
    write_text(path, yaml.safe_dump(content, allow_unicode=True, sort_keys=False))
    return path
