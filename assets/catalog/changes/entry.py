"""The catalogue's document of a table: what is versioned of it. Measurements are kept beside, not in it."""

from typing import Any

from pydantic import Field

from assets.catalog.attributes.model import Values
from assets.catalog.model import Meaning, ScannedTable, TableInfo, Value
from assets.catalog.scan.templates.drain import unlike

TABLE = "table"  # kind of these entries
MEASURED = {"rows", "rows_exact", "size", "changed", "error"}  # fields of a TableInfo that are no structure
TEMPLATES = 1_000  # of a log that are remembered
SURE = 0.05  # steps in which a confidence is versioned: a sample that falls out otherwise is no change


class TableEntry(Value):
    """A table as it is versioned.

    Attributes:
        table: its structure; the measured fields have their defaults.
        meanings: column -> semantic type.
        description: written by a person, or from evidence (`described_by` says which).
        columns: column -> description by a person, which wins over the engine's comment.
        attributes: of the company's own; see attributes/model.py. `column_attributes` has them by column.
        column_owners: column -> who answers for it, where it is not the table's owner.
        templates: of a log's messages, all that were ever seen; those that no longer occur stay.
    """

    table: TableInfo
    meanings: dict[str, Meaning] = Field(default_factory=dict)
    description: str = ""
    described_by: str = ""
    columns: dict[str, str] = Field(default_factory=dict)
    tags: tuple[str, ...] = ()
    owner: str = ""
    attributes: Values = Field(default_factory=dict)
    column_attributes: dict[str, Values] = Field(default_factory=dict)
    column_owners: dict[str, str] = Field(default_factory=dict)
    templates: tuple[str, ...] = ()


def structure(table: TableInfo) -> TableInfo:
    """The table without what is measured anew by each scan."""
    defaults = {name: TableInfo.model_fields[name].default for name in MEASURED}
    return table.model_copy(update=defaults)


def entry(scanned: ScannedTable, former: TableEntry | None = None) -> TableEntry:
    """The entry of a scanned table; what people wrote into the former one stays, and so does a meaning they gave."""
    base = former or TableEntry(table=scanned.table)
    names = {c.name for c in scanned.table.columns}
    given = {c: m for c, m in base.meanings.items() if m.by == "user" and c in names}
    found = {c: _steady(m, base.meanings.get(c)) for c, m in scanned.meanings.items()}
    return base.model_copy(
        update={
            "table": structure(scanned.table),
            "meanings": found | given,
            "columns": {c: text for c, text in base.columns.items() if c in names},
            "column_attributes": {c: said for c, said in base.column_attributes.items() if c in names},
            "column_owners": {c: who for c, who in base.column_owners.items() if c in names},
            "templates": _templates(base.templates, [t.text for t in scanned.templates]),
        }
    )


def _templates(former: tuple[str, ...], found: list[str]) -> tuple[str, ...]:
    """The former ones and what is new; a log that is full of new ones keeps the latest."""
    return (*former, *unlike(found, former))[-TEMPLATES:]


def _steady(meaning: Meaning, former: Meaning | None) -> Meaning:
    """The former meaning where only its confidence moved a little."""
    if former is None or former.type != meaning.type or abs(former.confidence - meaning.confidence) >= SURE:
        return meaning
    return former


def document(made: TableEntry) -> dict[str, Any]:
    """The entry as JSON values, without what has its default, so that a new field of ours is not a change of yours."""
    return made.model_dump(mode="json", exclude_defaults=True)
