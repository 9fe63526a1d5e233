"""The retail example's assets below its Kettle files: a feature table, and a model's scores written back."""

from typing import Any

import dagster as dg

from assets.kettle.retail_scores import COLUMNS, DATASET, FEATURE, HABITS, MODEL, SCORES, SQL
from assets.kit import LINEAGE_SQL, VERSION, asset_key, spec_options, table_metadata
from core.naming import Key, table_name
from core.schema import TableInfo
from core.settings import Settings
from resources.ports import Objects, Warehouse


def retail_assets(settings: Settings) -> list[dg.AssetsDefinition]:
    """Both assets; for definitions in which a Kettle file makes `table/retail/coupon_habits`."""
    engine = settings.warehouse.split(":", 1)[0]
    feature = spec_options(
        FEATURE,
        group="features",
        kinds={"sql", engine},
        description="How each household uses coupons, from the table that a Kettle transformation keeps.",
        code=["assets.kettle.retail_scores", "assets.content"],
    )
    scores = spec_options(
        SCORES,
        group="kettle",
        kinds={"onnx", "table"},
        description="The coupon model's probability per household, written back by key into column propensity of "
        "table_retail.coupon_habits, which a Kettle transformation owns. All rows or none; again, nothing changes.",
        code=["assets.kettle.retail_scores", "assets.kettle.writeback", "assets.models.scoring"],
    )
    upstream = [asset_key(key) for key in (HABITS, MODEL, DATASET)]
    found: list[Any] = [
        dg.asset(**feature, deps=[asset_key(HABITS)], metadata={LINEAGE_SQL: SQL})(_feature),
        dg.asset(**scores, deps=upstream, metadata={"kettle/outside": True})(_scores),
    ]
    return found


def _feature(warehouse: dg.ResourceParam[Warehouse]) -> dg.MaterializeResult[None]:
    from assets.content import rows_version
    from assets.lineage import sql_lineage

    table = table_name(Key.parse(FEATURE))
    rows = warehouse.replace(table, SQL)
    version = rows_version(warehouse.batches(f"select * from {table}"))
    metadata = table_metadata(FEATURE, TableInfo(COLUMNS, rows), sql_lineage(warehouse, SQL, [HABITS]))
    return dg.MaterializeResult(metadata=metadata | {VERSION: version}, data_version=dg.DataVersion(version))


def _scores(settings: dg.ResourceParam[Settings], objects: dg.ResourceParam[Objects]) -> dg.MaterializeResult[None]:
    from assets.content import rows_version
    from assets.kettle.retail_scores import scores
    from assets.kettle.writeback import upsert

    found = scores(objects)
    updated, inserted = upsert(settings.warehouse, table_name(Key.parse(HABITS)), found, ["household_id"])
    version = rows_version([found])
    inputs = [
        dg.TableColumnDep(asset_key(HABITS), "household_id"),
        dg.TableColumnDep(asset_key(DATASET), "household_id"),
    ]
    lineage = dg.TableColumnLineage({"household_id": inputs, "propensity": [inputs[1]]})
    figures: dict[str, Any] = {"updated": updated, "inserted": inserted, "rows": found.height, VERSION: version}
    where = {"dagster/table_name": str(table_name(Key.parse(HABITS))), "dagster/column_lineage": lineage}
    return dg.MaterializeResult(
        metadata=figures | where,
        data_version=dg.DataVersion(version),
    )
