"""What an entity of each kind may say: pydantic models, and JSON Schema with the company's attributes."""

from collections.abc import Callable
from typing import Any

from pydantic import BaseModel, Field

from assets.catalog.attributes.model import KINDS, Known, Values, of_kind
from assets.catalog.changes.entry import TableEntry
from assets.catalog.model import ColumnInfo, Meaning, Profile, Value
from core.errors import HeddleError

DRAFT = "https://json-schema.org/draft/2020-12/schema"


class ColumnEntity(ColumnInfo):
    """A column as `heddle catalog show --json` tells it; `owner` is "" where it is the table's."""

    description: str = ""
    owner: str = ""
    attributes: Values = Field(default_factory=dict)
    meaning: Meaning | None = None
    profile: Profile | None = None


class Sentence(Value):
    """A sentence that was made from evidence, in both languages."""

    en: str
    zh: str
    evidence: str
    by: str


class Written(Value):
    """What people say of an asset; it wins over what its definition says."""

    description: str = ""
    owners: tuple[str, ...] = ()
    tags: tuple[str, ...] = ()
    columns: dict[str, str] = Field(default_factory=dict)
    meanings: dict[str, str] = Field(default_factory=dict)
    attributes: Values = Field(default_factory=dict)
    column_attributes: dict[str, Values] = Field(default_factory=dict)
    column_owners: dict[str, str] = Field(default_factory=dict)


class AssetEntity(Value):
    """An asset as its versions say it: a table that Heddle makes, model, endpoint, document and so on."""

    group: str = ""
    kinds: tuple[str, ...] = ()
    tags: dict[str, str] = Field(default_factory=dict)
    owners: tuple[str, ...] = ()
    code_version: str = ""
    upstream: tuple[str, ...] = ()
    columns: tuple[ColumnInfo, ...] = ()
    table: str = ""
    file: str = ""
    external: bool = False
    description: str = ""
    described: tuple[Sentence, ...] = ()
    written: Written = Written()


def shapes(kind: str) -> tuple[type[BaseModel], ...]:
    """The models of a kind's documents: of its YAML file, or of what the catalogue keeps.

    A table is described by its scan (TableEntry), by its definition (AssetEntity), or by both.

    Raises:
        HeddleError: there is no such kind.
    """
    if kind not in KINDS:
        raise HeddleError(f"no kind of entity {kind!r}", f"there are: {', '.join(KINDS)}")
    return _OTHER[kind]() if kind in _OTHER else (AssetEntity,)


def schema(kind: str, known: Known) -> dict[str, Any]:
    """JSON Schema (draft 2020-12) of a kind's documents, in which the attributes of `known` are the only ones.

    Raises:
        HeddleError: there is no such kind.
    """
    made = [_with_attributes(shape.model_json_schema(), kind, known) for shape in shapes(kind)]
    head = {"$schema": DRAFT, "title": kind}
    if len(made) == 1:
        return head | {k: v for k, v in made[0].items() if k != "title"}
    definitions = {name: d for one in made for name, d in one.pop("$defs", {}).items()}
    return head | {"anyOf": made, "$defs": definitions}


def schemas(known: Known) -> dict[str, Any]:
    """The schemas of all kinds by their names."""
    return {kind: schema(kind, known) for kind in KINDS}


def _with_attributes(document: dict[str, Any], kind: str, known: Known) -> dict[str, Any]:
    own, columns = _attributes(kind, known), _attributes("column", known)
    for holder in (document, *document.get("$defs", {}).values()):
        properties = holder.get("properties", {})
        if "column_attributes" in properties:
            properties["column_attributes"] = {"type": "object", "additionalProperties": columns}
        if "attributes" in properties:
            properties["attributes"] = own
            needed = ["attributes"] if own["required"] else []
            holder["required"] = [*holder.get("required", []), *needed]
    return document


def _attributes(kind: str, known: Known) -> dict[str, Any]:
    mine = of_kind(known, kind)
    return {
        "type": "object",
        "properties": {name: a.shape() for name, a in mine.items()},
        "required": [name for name, a in mine.items() if a.required],
        "additionalProperties": False,
    }


def _source() -> tuple[type[BaseModel], ...]:
    from assets.catalog.scan.sources import Source

    return (Source,)


def _metric() -> tuple[type[BaseModel], ...]:
    from assets.catalog.metrics.model import MetricRecord

    return (MetricRecord,)


def _dimension() -> tuple[type[BaseModel], ...]:
    from assets.catalog.dimensions.model import Dimension

    return (Dimension,)


def _standard() -> tuple[type[BaseModel], ...]:
    from assets.catalog.standards.model import Standard

    return (Standard,)


def _codes() -> tuple[type[BaseModel], ...]:
    from assets.catalog.standards.model import CodeTable

    return (CodeTable,)


def _feature_view() -> tuple[type[BaseModel], ...]:
    from assets.features.registry.model import FeatureView

    return (FeatureView,)


_OTHER: dict[str, Callable[[], tuple[type[BaseModel], ...]]] = {
    "source": _source,
    "table": lambda: (TableEntry, AssetEntity),
    "column": lambda: (ColumnEntity,),
    "metric": _metric,
    "dimension": _dimension,
    "standard": _standard,
    "codes": _codes,
    "feature_view": _feature_view,
}
