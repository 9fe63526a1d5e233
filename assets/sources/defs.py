"""The sources domain as Dagster definitions: the eight raw tables."""

from typing import Any

import dagster as dg

from assets.kit import SOURCE_VERSION, VERSION, spec_options, table_metadata
from assets.partitions import RETAIL_WEEK
from assets.sources.retail_files import source_version
from assets.sources.retail_tables import TABLES, SourceTable
from core.hashing import digest
from core.naming import Key, table_name
from core.schema import TableInfo
from core.settings import Settings
from resources.ports import Warehouse

CODE = [f"assets.sources.{name}" for name in ("retail_files", "retail_load", "retail_tables", "validate")]


def definitions(settings: Settings) -> dg.Definitions:
    """All assets and checks of this domain."""
    engine = settings.warehouse.split(":", 1)[0]
    return dg.Definitions(
        assets=[_by_week(t, engine) if t.name == "transactions" else _whole(t, engine) for t in TABLES]
    )


def _options(table: SourceTable, engine: str) -> dict[str, Any]:
    return spec_options(
        f"raw/retail/{table.name}",
        group="raw",
        kinds={"parquet", engine},
        description=table.description,
        code=CODE,
        pii=table.pii,
    )


def _whole(table: SourceTable, engine: str) -> dg.AssetsDefinition:
    key = f"raw/retail/{table.name}"

    def land(
        settings: dg.ResourceParam[Settings], warehouse: dg.ResourceParam[Warehouse]
    ) -> dg.MaterializeResult[None]:
        from assets.sources.retail_load import prepare

        seen = source_version(settings, key, None)
        with prepare(settings, table) as load:
            rows = warehouse.load_parquet(table_name(Key.parse(key)), load.files, load.select)
            version = load.content[None].version
        metadata = table_metadata(key, TableInfo(table.landed, rows))
        return dg.MaterializeResult(
            metadata=metadata | {VERSION: version, SOURCE_VERSION: seen}, data_version=dg.DataVersion(version)
        )

    asset: dg.AssetsDefinition = dg.asset(**_options(table, engine))(land)
    return asset


def _by_week(table: SourceTable, engine: str) -> dg.AssetsDefinition:
    key = f"raw/retail/{table.name}"

    def land_weeks(
        context: dg.AssetExecutionContext,
        settings: dg.ResourceParam[Settings],
        warehouse: dg.ResourceParam[Warehouse],
    ) -> dg.MaterializeResult[None]:
        from assets.sources.retail_load import prepare

        weeks = list(context.partition_keys)
        seen = {week: source_version(settings, key, week) for week in weeks}
        name = table_name(Key.parse(key))
        # all weeks at once make the table anew, whatever columns and forgotten weeks it had
        every = set(RETAIL_WEEK.get_partition_keys(dynamic_partitions_store=context.instance))
        partition = None if set(weeks) == every else ("week_start", weeks)
        with prepare(settings, table, weeks) as load:
            warehouse.load_parquet(name, load.files, load.select, partition=partition)
            content = load.content
        for week in weeks:
            context.add_asset_metadata(
                {
                    VERSION: content[week].version,
                    SOURCE_VERSION: seen[week],
                    "dagster/partition_row_count": content[week].rows,
                },
                partition_key=week,
            )
        # Dagster gives all partitions of one run the same data version; VERSION above is each partition's own
        versions = [content[week].version for week in weeks]
        total = warehouse.info(name).rows
        return dg.MaterializeResult(
            metadata=table_metadata(key, TableInfo(table.landed, total)),
            data_version=dg.DataVersion(versions[0] if len(versions) == 1 else digest(versions)),
        )

    asset: dg.AssetsDefinition = dg.asset(
        **_options(table, engine), partitions_def=RETAIL_WEEK, backfill_policy=dg.BackfillPolicy.single_run()
    )(land_weeks)
    return asset
