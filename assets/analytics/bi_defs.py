"""Data sets of the BI tool as assets: each follows a table, whoever makes that. None without HEDDLE_BI."""

from collections.abc import Callable, Iterable
from fnmatch import fnmatchcase
from typing import Any

import dagster as dg

from assets.kit import VERSION, spec_options
from core.errors import SettingsError
from core.hashing import digest
from core.naming import Key, table_name
from core.schema import Column, DataSet
from core.settings import Settings
from resources.ports import BusinessIntelligence

TAG = "bi"  # on a table's asset: `dataset`, or `certified` where the owner vouches for it
DATASET, CERTIFIED = "dataset", "certified"
DATABASE = "bi/database"  # metadata of a table's asset that is not in the database of HEDDLE_BI
SOURCE = "bi/source"  # metadata of a data set: its table's asset
EVENT = "bi/source_event"  # metadata of a data set: id of the event whose columns it got
NAME, COLUMNS = "dagster/table_name", "dagster/column_schema"
LONGEST = 63


def definitions(settings: Settings, others: Iterable[dg.Definitions]) -> dg.Definitions:
    """A data set for each table of the other definitions that asks for one.

    Raises:
        SettingsError: HEDDLE_BI_ASSETS names an asset that is not there or that is no table.
    """
    if settings.bi == "none":
        return dg.Definitions()
    chosen = _chosen(_specs(others), settings.bi_assets)
    return dg.Definitions(assets=[_dataset(settings, spec, certified) for spec, certified in chosen])


def dataset_key(source: dg.AssetKey) -> Key:
    """The key of a table's data set: `report/bi/table_retail_baskets`."""
    noun = "_".join(source.path)
    return Key("report", "bi", noun if len(noun) <= LONGEST else f"{noun[: LONGEST - 9]}_{digest([noun])[:8]}")


def last_made(instance: dg.DagsterInstance, key: dg.AssetKey) -> dg.EventLogRecord | None:
    """The record of an asset's last materialization."""
    records = instance.get_asset_records([key])
    return records[0].asset_entry.last_materialization_record if records else None


def wanted(spec: dg.AssetSpec, made: dg.AssetMaterialization | None, certified: bool) -> DataSet:
    """What the BI tool is to show of a table: its last run's metadata, and what its definition says beside it."""
    metadata = {
        name: getattr(v, "value", v) for name, v in {**spec.metadata, **(made.metadata if made else {})}.items()
    }
    table = metadata.get(NAME) or str(table_name(Key(*spec.key.path)))
    schema, _, name = str(table).rpartition(".")
    return DataSet(
        schema=schema.rpartition(".")[2],
        name=name,
        columns=_columns(metadata.get(COLUMNS), spec.metadata.get(COLUMNS)),
        description=spec.description or "",
        owner=", ".join(spec.owners),
        source=spec.key.to_user_string(),
        certified=certified,
        database=str(metadata.get(DATABASE, "")),
    )


def _columns(found: dg.TableSchema | None, defined: dg.TableSchema | None) -> tuple[Column, ...]:
    """The columns found by the run; descriptions that it lacks come from the definition."""
    texts = {c.name: c.description or "" for c in defined.columns} if isinstance(defined, dg.TableSchema) else {}
    if not isinstance(found, dg.TableSchema):
        return ()
    return tuple(Column(c.name, c.type or "", c.description or texts.get(c.name, "")) for c in found.columns)


def _specs(others: Iterable[dg.Definitions]) -> list[dg.AssetSpec]:
    assets = [asset for found in others for asset in found.assets or ()]
    none: list[dg.AssetSpec] = []
    return [s for a in assets for s in ([a] if isinstance(a, dg.AssetSpec) else getattr(a, "specs", none))]


def _chosen(specs: Iterable[dg.AssetSpec], patterns: str) -> list[tuple[dg.AssetSpec, bool]]:
    """The tables that are tagged or named by HEDDLE_BI_ASSETS, and whether they are certified."""
    waiting = {pattern.strip() for pattern in patterns.split(",") if pattern.strip()}
    found, used = [], set[str]()
    for spec in specs:
        named = {pattern for pattern in waiting if fnmatchcase(spec.key.to_user_string(), pattern)}
        tag = spec.tags.get(TAG)
        if tag is None and not (named and _is_table(spec)):
            continue
        if tag not in (None, DATASET, CERTIFIED):
            raise SettingsError(
                f"asset {spec.key.to_user_string()} has the tag {TAG}={tag}", f"use {DATASET} or {CERTIFIED}"
            )
        used |= named
        found.append((spec, tag == CERTIFIED))
    if waiting - used:
        lacking = ", ".join(sorted(waiting - used))
        raise SettingsError(f"HEDDLE_BI_ASSETS: no table has a key like {lacking}", "use keys such as table/retail/*")
    return found


def _is_table(spec: dg.AssetSpec) -> bool:
    """Tables carry a name, or get it when they are made: then their layer tells."""
    return NAME in spec.metadata or (spec.key.path[0] in ("raw", "table", "feature") and "file" not in spec.kinds)


def _dataset(settings: Settings, source: dg.AssetSpec, certified: bool) -> dg.AssetsDefinition:
    name = source.key.to_user_string()
    options = spec_options(
        str(dataset_key(source.key)),
        group="datasets",
        kinds={settings.bi.partition("+")[0]},
        description=f"The BI tool's data set of {name}: columns, descriptions and owner follow the table.",
        code=["assets.analytics.bi_defs", "resources.bi_superset", "resources.superset_session"],
        pii=source.tags.get("pii") == "yes",
    )
    options["owners"] = list(source.owners) or options["owners"]
    made: dg.AssetsDefinition = dg.asset(**options, deps=[source.key], metadata={SOURCE: name})(
        _sync(source, certified)
    )
    return made


def _sync(source: dg.AssetSpec, certified: bool) -> Callable[..., Any]:
    def sync(context: dg.AssetExecutionContext, bi: dg.ResourceParam[BusinessIntelligence]) -> dg.MaterializeResult:  # type: ignore[type-arg]  # Dagster's rule
        record = last_made(context.instance, source.key)
        data = wanted(source, record.asset_materialization if record else None, certified)
        done = bi.sync(data)
        words = list(done.changes) or ["nothing to change"]
        context.log.info(f"data set {done.id} of {data.source}: {'; '.join(words)}")
        metadata: dict[str, Any] = {
            EVENT: record.storage_id if record else 0,
            "bi/dataset": done.id,
            "bi/url": dg.MetadataValue.url(done.url),
            "bi/changes": words,
            "bi/columns": list(done.columns),
            VERSION: digest([str(done.id), repr(data), *done.columns]),
        }
        return dg.MaterializeResult(metadata=metadata)

    return sync
