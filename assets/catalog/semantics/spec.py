"""What a semantic type is: one declarative entry, shipped with Heddle or written by a user in `semantics/*.yaml`.

A value belongs to a type when it fits `pattern` in whole, does not fit `reject`, has a length within `length`, passes
`validator` and is in the dictionaries of `words`. The share of distinct values that belong, where it reaches `least`,
times `weight` is the confidence that the content alone gives. Header and neighbours then raise it.
"""

from enum import StrEnum
from pathlib import Path
from typing import Any, Literal

from pydantic import Field, model_validator

from assets.catalog.model import Base, Value
from assets.documents import loaded, shaped
from core.errors import HeddleError


class SemanticsError(HeddleError):
    """A file of semantic types, words or corrections is not what it should be."""


class Sensitivity(StrEnum):
    """How carefully values are to be handled, from open to secret."""

    NONE = "none"
    INTERNAL = "internal"
    PERSONAL = "personal"
    SENSITIVE = "sensitive"
    SECRET = "secret"  # noqa: S105 - a class of data, not a secret


class Kind(StrEnum):
    """Which characters a text is made of: with Chinese, with other letters, or with neither."""

    HAN = "han"
    LATIN = "latin"
    DIGITS = "digits"


class Label(Value):
    """Name for people, in both languages."""

    en: str
    zh: str = ""


class Words(Value):
    """A test against word lists.

    Attributes:
        of: names of dictionaries; a word of any of them counts.
        how: `equals` the value; `prefix` of one or two characters, `prefix2`, `prefix6` of so many; `word` any word of
            the value; `characters` all characters after the first are single-character entries.
        least: where given, lists are known to be incomplete: this share of values must be in them, and then they
            count no further; otherwise each value must be.
    """

    of: tuple[str, ...]
    how: Literal["equals", "prefix", "prefix2", "prefix6", "word", "characters"] = "equals"
    least: float | None = Field(default=None, ge=0, le=1)


class Variant(Value):
    """Another pattern of the same type that convinces more or less."""

    pattern: str
    weight: float = Field(ge=0, le=1)


class Hints(Value):
    """Headers that speak for the type: words in English, in Chinese and as pinyin (initials or whole)."""

    en: tuple[str, ...] = ()
    zh: tuple[str, ...] = ()
    pinyin: tuple[str, ...] = ()


class SemanticType(Value):
    """One semantic type; see the module for how the tests work together.

    Attributes:
        of: characters its values are made of; others are not looked at.
        bases: physical kinds it may have.
        weight: confidence when all values belong and neither header nor neighbours say anything.
        least: smallest share of distinct values that must belong.
        variants: further patterns with their own weight; the best one counts.
        strip: characters taken out before `validator` sees the value.
        validator: names of validators (see validators.py), or `stdnum:<module>` such as `stdnum:cn.ric`.
        column: name of a test of the column as a whole (see column_tests.py).
        length: shortest and longest text.
        named: confidence with a fitting header, where that should stay below the usual.
        beside: types of other columns in the table that speak for this one, with how much.
        is_a: the wider type of which it is a case.
        generic: says little; any other type that is found goes before it.
    """

    name: str = Field(pattern=r"^[a-z][a-z0-9_]*$")
    label: Label
    of: tuple[Kind, ...] = (Kind.HAN, Kind.LATIN, Kind.DIGITS)
    bases: tuple[Base, ...] = (Base.TEXT,)
    pattern: str = ""
    reject: str = ""
    length: tuple[int, int] = (1, 1_000_000)
    strip: str = ""
    validator: tuple[str, ...] = ()
    words: tuple[Words, ...] = ()
    column: str = ""
    least: float = Field(default=0.8, ge=0, le=1)
    weight: float = Field(default=0.8, ge=0, le=1)
    variants: tuple[Variant, ...] = ()
    named: float | None = Field(default=None, ge=0, le=1)
    sensitivity: Sensitivity = Sensitivity.NONE
    hints: Hints = Hints()
    beside: dict[str, float] = Field(default_factory=dict)
    is_a: str = ""
    generic: bool = False

    @model_validator(mode="after")
    def _tests_something(self) -> "SemanticType":
        if not (self.pattern or self.words or self.column):
            raise ValueError("give at least one of pattern, words, column")
        return self


def read_types(path: Path) -> tuple[SemanticType, ...]:
    """The types in one YAML file, a list of entries.

    Raises:
        SemanticsError: naming file, entry and field, when the file is not a list of valid entries.
    """
    document = read_yaml(path)
    if not isinstance(document, list):
        raise SemanticsError(f"{path} is not a list of semantic types", "start each entry with `- name:`")
    return tuple(_entry(path, place, item) for place, item in enumerate(document, 1))


def read_yaml(path: Path) -> Any:
    """The document in a YAML file, read safely; None when the file is empty."""
    return loaded(path, SemanticsError, fast=True)


def _entry(path: Path, place: int, item: object) -> SemanticType:
    name = item.get("name", place) if isinstance(item, dict) else place
    found = shaped(item, SemanticType, f"{path}, type {name}", refusal=SemanticsError)
    for pattern in (found.pattern, found.reject, *(v.pattern for v in found.variants)):
        _check_pattern(path, found.name, pattern)
    return found


def _check_pattern(path: Path, name: str, pattern: str) -> None:
    """Patterns run in a linear-time engine, which has neither look-around nor back-references."""
    import polars as pl

    if not pattern:
        return
    try:
        pl.Series(["x"]).str.contains(pattern)
    except pl.exceptions.ComputeError as error:
        raise SemanticsError(
            f"{path}, type {name}: the pattern is not valid: {error}",
            "use the syntax of Rust's regex crate, without look-around and back-references",
        ) from error
