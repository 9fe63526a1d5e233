"""What an entity of each kind may say: pydantic models, and JSON Schema with the company's attributes."""

from typing import Any

from pydantic import BaseModel, Field

from assets.catalog.attributes.model import KINDS, Known, Values, of_kind
from assets.catalog.changes.entry import TableEntry
from assets.catalog.facts import Structure
from assets.catalog.kinds import kinds
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


class AssetEntity(Structure):
    """An asset as its versions say it: a table that Heddle makes, model, endpoint, document and so on."""

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
    match kind:
        case "table":
            return TableEntry, AssetEntity
        case "column":
            return (ColumnEntity,)
        case "source":
            from assets.catalog.scan.sources import Source

            return (Source,)
        case "feature_view":
            from assets.features.registry.model import FeatureView

            return (FeatureView,)
    known = kinds().get(kind)
    return (known.shape,) if known else (AssetEntity,)


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
