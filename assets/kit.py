"""What every defs.py shares: the options of an asset and the metadata of a table. Imports Dagster, nothing heavy."""

import base64
from collections.abc import Mapping, Sequence
from typing import Any, Literal

import dagster as dg

from core.hashing import code_version
from core.naming import Key, table_name
from core.schema import ColumnLineage, TableInfo

OWNER = "team:data"
VERSION = "heddle/version"  # metadata: content version, per partition where there are partitions
SOURCE_VERSION = "heddle/source_version"  # metadata: fingerprint of the files an asset was made from
LINEAGE_SQL = "heddle/sql"  # metadata of a definition: the one SELECT that makes the asset
COLUMN_DETAILS = "heddle/column_details"  # metadata: column -> what happened to it on the way, in words, for lineage
OUTSIDE = "heddle/outside"  # metadata of a definition: what it makes is no table or folder of the project's stores
Place = Literal["light", "heavy", "gpu"]


def asset_key(key: str) -> dg.AssetKey:
    """`raw/retail/products` as a Dagster key, checked against the naming rules."""
    return dg.AssetKey(list(Key.parse(key)))


def spec_options(
    key: str,
    *,
    group: str,
    kinds: set[str],
    description: str,
    code: Sequence[str],
    place: Place = "light",
    pii: bool = False,
    tier: Literal["demo", "core"] = "core",
) -> dict[str, Any]:
    """The options that `dg.asset` and `dg.AssetSpec` share, in the project's conventions.

    Args:
        key: layer/domain/noun.
        group: the area; becomes `<domain>_<area>`, since Dagster's group names take no slash.
        code: modules whose source makes the code version.
    """
    parsed = Key.parse(key)
    return {
        "key": dg.AssetKey(list(parsed)),
        "group_name": f"{parsed.domain}_{group}",
        "kinds": kinds,
        "description": description,
        "owners": [OWNER],
        "tags": {"domain": parsed.domain, "tier": tier, "place": place, "pii": "yes" if pii else "no"},
        "code_version": code_version(*code),
    }


def specs_of(definitions: dg.Definitions) -> list[dg.AssetSpec]:
    """The specs of all assets of some definitions, without resolving them."""
    found = definitions.assets or ()
    return [
        s for a in found for s in ([a] if isinstance(a, dg.AssetSpec) else getattr(a, "specs", list[dg.AssetSpec]()))
    ]


def table_metadata(key: str, info: TableInfo, lineage: ColumnLineage | None = None) -> dict[str, Any]:
    """Dagster's well-known table metadata: schema, row count, table name, column lineage."""
    metadata: dict[str, Any] = {
        "dagster/table_name": str(table_name(Key.parse(key))),
        "dagster/row_count": info.rows,
        "dagster/column_schema": dg.TableSchema(
            columns=[
                dg.TableColumn(c.name, c.type, c.description, dg.TableColumnConstraints(nullable=c.nullable))
                for c in info.columns
            ]
        ),
    }
    return metadata | (lineage_metadata(lineage) if lineage is not None else {})


def lineage_metadata(lineage: ColumnLineage) -> dict[str, Any]:
    """Dagster's well-known column lineage; empty when no column has a source."""
    if not any(lineage.sources.values()):
        return {}
    deps = {
        column: [dg.TableColumnDep(dg.AssetKey(s.asset.split("/")), s.column) for s in sources]
        for column, sources in lineage.sources.items()
    }
    return {"dagster/column_lineage": dg.TableColumnLineage(deps)}


def pictures(images: Mapping[str, bytes]) -> dict[str, Any]:
    """PNG images as Markdown metadata that Dagster's UI shows inline."""
    return {
        name: dg.MetadataValue.md(f"![{name}](data:image/png;base64,{base64.b64encode(png).decode()})")
        for name, png in images.items()
    }
