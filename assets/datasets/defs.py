"""The datasets domain as Dagster definitions."""

from typing import Any

import dagster as dg

from assets.datasets.checks import ALIAS, KEY, label_share, no_leakage, unique_key
from assets.datasets.coupon_propensity import OWN_COLUMNS, SQL, UPSTREAM, features
from assets.kit import LINEAGE_SQL, VERSION, asset_key, lineage_metadata, spec_options
from core.naming import Key
from core.schema import ColumnLineage
from core.settings import Settings
from resources.ports import Objects, Warehouse

KEEP = 5  # versions


def definitions(settings: Settings) -> dg.Definitions:
    """All assets and checks of this domain."""
    code = [f"assets.datasets.{name}" for name in ("build", "coupon_propensity", "split")]
    options = spec_options(
        KEY,
        group="datasets",
        kinds={"parquet", "polars"},
        description="Who of the households sent a campaign redeemed a coupon of it, split by time, as it stood on the"
        " campaign's first day.",
        code=[*code, "assets.content"],
    )
    asset: dg.AssetsDefinition = dg.asset(
        **options, deps=[asset_key(key) for key in UPSTREAM], metadata={LINEAGE_SQL: SQL}
    )(_build)
    return dg.Definitions(assets=[asset], asset_checks=[unique_key, no_leakage, label_share])


def _build(warehouse: dg.ResourceParam[Warehouse], objects: dg.ResourceParam[Objects]) -> dg.MaterializeResult[None]:
    from assets.datasets.build import build, writer
    from assets.lineage import sql_lineage

    dataset = build(warehouse.query(SQL), features())
    key = Key.parse(KEY)
    path = objects.write(key, dataset.version, writer(dataset))
    objects.set_alias(key, ALIAS, dataset.version)
    objects.prune(key, KEEP)
    about = dataset.about
    described = OWN_COLUMNS | {f.name: f.description for f in features()}
    metadata: dict[str, Any] = {
        VERSION: dataset.version,
        "path": dg.MetadataValue.path(str(path)),
        "dagster/row_count": dataset.data.height,
        "dagster/column_schema": dg.TableSchema(
            [dg.TableColumn(name, str(kind).lower(), described.get(name)) for name, kind in dataset.data.schema.items()]
        ),
        "valid_from": about["valid_from"],
        "test_from": about["test_from"],
    }
    for name, rows in about["rows"].items():
        metadata[f"rows_{name}"] = rows
        metadata[f"positives_{name}"] = about["positives"][name]
    for item in dataset.excluded:
        ids = f" (campaigns {', '.join(map(str, item.campaigns))})" if item.campaigns else ""
        metadata[f"excluded: {item.reason}"] = f"{item.rows} rows{ids}"
    traced = sql_lineage(warehouse, SQL, UPSTREAM).sources
    lineage = ColumnLineage({name: traced[name] for name in dataset.data.columns if name in traced})
    metadata |= lineage_metadata(lineage)
    return dg.MaterializeResult(metadata=metadata, data_version=dg.DataVersion(dataset.version))
