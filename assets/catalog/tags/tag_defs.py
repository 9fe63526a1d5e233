"""The catalogue's tags in force as tags and metadata of Dagster's assets."""

import json
from collections.abc import Mapping
from typing import Any

import dagster as dg

from assets.catalog.tags.kept import SNAPSHOT
from core.settings import Settings

PREFIX = "heddle/"  # of the tags; those of the catalogue's own do not come back as the definition's
COLUMN_TAGS = "heddle/column_tags"


def with_tags(settings: Settings, defs: dg.Definitions) -> dg.Definitions:
    """The same definitions, each asset with its tags in force: `heddle/pii.phone`, and by column as metadata."""
    found = _read(settings)
    if not found:
        return defs

    def add(spec: dg.AssetSpec) -> dg.AssetSpec:
        mine = found.get("/".join(spec.key.path))
        if not mine:
            return spec
        names = {tag for tags in mine.values() for tag in tags}
        tags = {f"{PREFIX}{name.replace(':', '.')}": "" for name in sorted(names)}
        columns = {column: tags for column, tags in mine.items() if column}
        return spec.merge_attributes(tags=tags, metadata={COLUMN_TAGS: dg.MetadataValue.json(columns)})

    return defs.map_resolved_asset_specs(func=add)


def _read(settings: Settings) -> Mapping[str, Any]:
    """The snapshot; without a readable one there are no tags, and the catalogue writes it again."""
    try:
        found = json.loads((settings.home / SNAPSHOT).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return found if isinstance(found, dict) else {}
