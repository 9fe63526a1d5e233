"""A metric record as its YAML file holds it."""

from pathlib import Path
from typing import Literal, Self

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

from assets.catalog.attributes.model import Values
from assets.catalog.records import Records
from assets.catalog.store.versions import Versions
from core.settings import Settings

FOLDER, KIND = "metrics", "metric"
NAME = r"^[a-z][a-z0-9_]{0,62}$"
STATUSES = ("draft", "active", "retired")
Aggregation = Literal["sum", "count", "count_distinct", "average", "min", "max", "median"]


class Label(BaseModel):
    """What it is called in English and Chinese."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    en: str = ""
    zh: str = ""


class Measure(BaseModel):
    """A measure of its own: an aggregate of an expression over the columns of a semantic model."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    model: str = Field(min_length=1)
    agg: Aggregation
    expr: str = Field(min_length=1)


class MetricRecord(BaseModel):
    """A metric.

    Attributes:
        calibre: how it is counted, in words (口径).
        kind: atomic ones aggregate a measure, derived ones are an expression over other metrics.
        measure: of an atomic metric: the name of a measure of the semantic layer, or a measure of its own. An atomic
            metric without one, and a derived one without expression, describe the metric that dbt has by this name.
        filter: SQL condition over the dimensions of the measure's model, such as `brand = 'Private'`.
        expression: SQL over names of metrics, such as `sales / nullif(baskets, 0)`.
        attributes: of the company's own, as attributes.yaml defines them.
        dimensions: what it may be cut by, as `heddle metrics list` names them; empty for everything.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str = Field(pattern=NAME)
    label: Label = Label()
    calibre: str = Field(min_length=1)
    kind: Literal["atomic", "derived"] = "atomic"
    measure: Measure | str = ""
    filter: str = ""
    expression: str = ""
    dimensions: tuple[str, ...] = ()
    owner: str = ""
    status: Literal["draft", "active", "retired"] = "draft"
    attributes: Values = Field(default_factory=dict)

    @field_validator("calibre")
    @classmethod
    def _says(cls, value: str) -> str:
        if not value.strip():
            raise ValueError("is empty: say how it is counted")
        return value

    @model_validator(mode="after")
    def _fits(self) -> Self:
        if self.kind == "atomic" and self.expression:
            raise ValueError("expression: an atomic metric has a measure; write kind: derived")
        if self.kind == "derived" and (self.measure or self.filter):
            raise ValueError("measure, filter: a derived metric has an expression over metrics; write kind: atomic")
        if self.filter and not self.measure:
            raise ValueError("filter: needs a measure")
        return self

    @property
    def described_only(self) -> bool:
        """It describes a metric that dbt defines."""
        return not (self.measure or self.expression)


def metric_records(settings: Settings, versions: Versions) -> Records[MetricRecord]:
    """The records of the folder HEDDLE_CATALOG_FILES."""
    return Records(folder(settings), KIND, MetricRecord, versions)


def folder(settings: Settings) -> Path:
    """Where the files are."""
    return settings.catalog_files / FOLDER
