"""What a run of a transformation reports, as Dagster metadata."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import dagster as dg

from assets.kettle.described import FileInfo
from assets.kettle.judge import ERRORS, LOADED, NULLS, REJECTED, TYPES
from assets.kettle.keys import Keys
from assets.kettle.layout_defs import FilePlan, output_metadata
from assets.kit import VERSION

if TYPE_CHECKING:
    from assets.kettle.publish import Done, Published

LOG_LINES = 200


def log_metadata(lines: Sequence[str]) -> dict[str, Any]:
    """The steps' own log, its last lines."""
    return {"log": dg.MetadataValue.text("\n".join(lines[-LOG_LINES:]))} if lines else {}


def run_metadata(info: FileInfo, done: "Done") -> dict[str, Any]:
    """What a run did, step by step."""
    from assets.kettle.shown import metrics_table

    rejected = {name: c.rejected for name, c in done.counters.items() if c.rejected}
    return {
        "kettle/steps": dg.MetadataValue.md(metrics_table(info, done.counters)),
        REJECTED: dg.MetadataValue.json(rejected),
        ERRORS: dg.MetadataValue.json(done.watch.errors),
        "kettle/read_rows": sum(c.input for c in done.counters.values()),
        "kettle/file": info.name,
        **log_metadata(done.log),
    }


def published_metadata(plan: FilePlan, keys: Keys, found: "list[Published]") -> dict[str, Any]:
    """What an output holds now: rows, columns, null shares, lineage, version."""
    if not found:
        return {}
    from assets.kettle.shown import lineage_table

    first = found[0]
    metadata = output_metadata(plan, first.output, keys)
    if first.rows is not None:
        metadata["dagster/row_count"] = first.rows
    metadata[LOADED] = sum(one.loaded for one in found)
    metadata[NULLS] = dg.MetadataValue.json({k: v for one in found for k, v in one.column_nulls.items()})
    metadata[TYPES] = dg.MetadataValue.json({f.name: f.type for f in first.output.fields})
    metadata["kettle/lineage"] = dg.MetadataValue.md(lineage_table(first.output))
    metadata[VERSION] = first.version
    return metadata
