"""The project's jobs: which assets each runs. Jobs with weekly assets run for one week or a range of weeks."""

from collections.abc import Iterable
from functools import cache
from typing import Any

import dagster as dg

from assets.kit import asset_key
from assets.partitions import RETAIL_WEEK

TRANSACTIONS = asset_key("raw/retail/transactions")
ENDPOINT = asset_key("endpoint/retail/coupon_propensity")
MODEL = asset_key("model/retail/coupon_propensity")
KNOWLEDGE = (asset_key("doc/retail/handbook"), asset_key("index/retail/handbook"))

TABLES = dg.AssetSelection.key_prefixes(["raw"], ["table"])
# what a week of transactions changes, short of training: dataset__changed decides on that
WEEK = dg.AssetSelection.assets(TRANSACTIONS).downstream() - dg.AssetSelection.key_prefixes(["model"], ["endpoint"])

# name -> (what it runs, whether it takes weeks, description)
JOBS: dict[str, tuple[dg.AssetSelection, bool, str]] = {
    "retail__everything": (dg.AssetSelection.all(), True, "All assets."),
    "retail__tables": (TABLES, True, "Source tables and the tables built from them."),
    "retail__week": (WEEK, True, "A week of transactions and what follows from it, up to the training dataset."),
    "retail__knowledge": (dg.AssetSelection.assets(*KNOWLEDGE), False, "The handbook and its index."),
    "retail__model": (dg.AssetSelection.assets(MODEL, ENDPOINT), False, "Train, judge and deploy the coupon model."),
    "endpoint__health": (dg.AssetSelection.checks_for_assets(ENDPOINT), False, "The checks of the live endpoint."),
}


def jobs(names: Iterable[str] = tuple(JOBS)) -> list[Any]:
    """The jobs of these names."""
    return [job(name) for name in names]


@cache
def job(name: str) -> Any:  # Dagster does not export the class
    """The one object of this name: Dagster takes a second one for another job."""
    selection, weekly, description = JOBS[name]
    weeks = RETAIL_WEEK if weekly else None
    return dg.define_asset_job(name, selection, description=description, partitions_def=weeks)
