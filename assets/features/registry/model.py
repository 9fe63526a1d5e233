"""A feature view as its YAML file holds it: which table, whose features, known since when."""

import re
from datetime import timedelta
from typing import Literal, Self

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

from assets.catalog.attributes.model import Values
from core.errors import HeddleError
from core.naming import Key

NAME = r"^[a-z][a-z0-9_]{0,62}$"
KIND, NODE = "feature_view", "feature_view:"  # kind in the catalogue, and what keys of the lineage graph begin with
Type = Literal["bigint", "double", "text", "boolean", "date", "timestamp"]
KeyType = Literal["bigint", "text"]
_DURATION = re.compile(r"(\d{1,6}) ?(s|m|h|d|w)")
_UNITS = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days", "w": "weeks"}


class _Value(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


def duration(text: str) -> timedelta | None:
    """`90d`, `12h`, `30m`; None for "". Raises ValueError."""
    if not text:
        return None
    found = _DURATION.fullmatch(text)
    if found is None or found[1].strip("0") == "":
        raise ValueError(f"{text!r} is no duration: write a number and s, m, h, d or w, such as 90d")
    return timedelta(**{_UNITS[found[2]]: int(found[1])})


class JoinKey(_Value):
    """A column by which an entity is known."""

    name: str = Field(min_length=1)
    type: KeyType = "bigint"


class Feature(_Value):
    """One feature; `column` is the table's column when it is called otherwise there."""

    name: str = Field(min_length=1)
    type: Type
    description: str = ""
    column: str = ""

    @property
    def source(self) -> str:
        """The column of the table."""
        return self.column or self.name


class Drift(_Value):
    """Which rows are compared: those of the last `window` with those of the `reference` before it, by event time.

    Attributes:
        psi: population stability index from which on a feature counts as drifted.
        features: those that are looked at; empty for all.
    """

    window: str = "7d"
    reference: str = "84d"
    psi: float = Field(0.2, gt=0)
    features: tuple[str, ...] = ()

    @field_validator("window", "reference")
    @classmethod
    def _duration(cls, value: str) -> str:
        if duration(value) is None:
            raise ValueError("is empty: write a duration, such as 7d")
        return value


class FeatureView(_Value):
    """Features of one entity that one table holds, with the moment from which on each row was known.

    Attributes:
        entity: what the features tell about, such as household.
        keys: join keys.
        source: key of the asset whose table it is.
        timestamp: column with the moment (or day) from which on a row was known; UTC where it has no zone.
        created: column that decides between rows of the same moment, the later one wins; "" where there is none.
        ttl: how long a row counts; "" for ever.
        online: whether the last values are kept in the online store.
        append_only: rows never change once they are written, so a push needs only those that are newer.
        attributes: of the company's own, as attributes.yaml of the catalogue defines them.
        fresh_within: an online view whose last push is older is stale; "" for never.
    """

    name: str = Field(pattern=NAME)
    entity: str = Field(pattern=NAME)
    keys: tuple[JoinKey, ...] = Field(min_length=1)
    source: str
    timestamp: str = Field(min_length=1)
    created: str = ""
    features: tuple[Feature, ...] = Field(min_length=1)
    description: str = ""
    owner: str = "team:data"
    tags: dict[str, str] = Field(default_factory=dict)
    ttl: str = ""
    online: bool = False
    append_only: bool = False
    fresh_within: str = ""
    drift: Drift | None = None
    attributes: Values = Field(default_factory=dict)

    @field_validator("source")
    @classmethod
    def _source(cls, value: str) -> str:
        try:
            key = Key.parse(value)
        except HeddleError as error:
            raise ValueError(error.what) from None
        if key.layer not in ("raw", "table", "feature"):
            raise ValueError(f"{value} is no table: features are read from raw/, table/ or feature/ assets")
        return str(key)

    @field_validator("ttl", "fresh_within")
    @classmethod
    def _duration(cls, value: str) -> str:
        duration(value)
        return value

    @model_validator(mode="after")
    def _names(self) -> Self:
        names = [k.name for k in self.keys] + [f.name for f in self.features]
        twice = sorted({n for n in names if names.count(n) > 1})
        if twice:
            raise ValueError(f"{twice[0]!r} names two of its keys and features")
        if self.timestamp in names:
            raise ValueError(f"timestamp {self.timestamp!r} is a key or feature too")
        if self.drift is not None and (unknown := set(self.drift.features) - set(names)):
            raise ValueError(f"drift.features: no feature {sorted(unknown)[0]!r}")
        return self

    def feature(self, name: str) -> Feature | None:
        """The feature of that name."""
        return next((f for f in self.features if f.name == name), None)
