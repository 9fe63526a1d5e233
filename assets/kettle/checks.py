"""Checks of what Kettle files are and of what they wrote, from what their runs reported."""

import time
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import dagster as dg

from assets.kettle.described import FileInfo
from assets.kettle.judge import Load, judge, late, load_of, mismatches
from assets.kettle.layout_defs import FilePlan
from assets.kettle.op_defs import NATIVE
from core.naming import Key
from core.settings import Settings

FILE, LOAD, COLUMNS, FRESH = "kettle_file", "kettle_load", "kettle_columns", "kettle_fresh"
ACCEPTED = "kettle_accepted"
HISTORY = 14  # loads that a load is compared with


def checks_of(plan: FilePlan) -> list[dg.AssetChecksDefinition]:
    """The checks of a file's assets: the file itself on the first, loads and columns on each output."""
    first = plan.own if plan.info.is_job else plan.keys[0]
    found = [_file_check(plan, first)]
    return [*found, *(_output_checks(plan, key) for key in plan.owned)]


def _file_check(plan: FilePlan, key: Key) -> dg.AssetChecksDefinition:
    @dg.asset_check(
        asset=dg.AssetKey(list(key)),
        name=FILE,
        description=f"{plan.info.name} can be read, and every step or entry of it is supported.",
    )
    def check(settings: dg.ResourceParam[Any]) -> dg.AssetCheckResult:
        from assets.kettle.publish import describe_for

        info = describe_for(settings, plan.path)
        bad = file_troubles(info) if settings.kettle == NATIVE else [info.error] * bool(info.error)
        return dg.AssetCheckResult(
            passed=not bad,
            description="; ".join(bad) or None,
            metadata={"file": info.name, "problems": dg.MetadataValue.json(info.problems)},
        )

    return check


def file_troubles(info: FileInfo) -> list[str]:
    """Why a file cannot run, as far as that shows before it does; names file and steps."""
    if info.error:
        return [info.error]
    return [f"{info.name}: {name} is not supported" for name in info.unsupported]


def _output_checks(plan: FilePlan, key: Key) -> dg.AssetChecksDefinition:
    asset = dg.AssetKey(list(key))
    declared = {f.name.lower(): f.type for output in plan.owned[key] for f in output.fields}

    @dg.multi_asset_check(
        name=f"checks_of_{'_'.join(key)}",
        specs=[
            dg.AssetCheckSpec(
                LOAD, asset=asset, description="Rows written, rejected rows and nulls are as in the loads before."
            ),
            dg.AssetCheckSpec(COLUMNS, asset=asset, description="The columns are those that the file declares."),
            dg.AssetCheckSpec(
                ACCEPTED, asset=asset, description="The columns and types are those that the catalogue accepted."
            ),
            dg.AssetCheckSpec(FRESH, asset=asset, description="The last load is as young as the job's schedule asks."),
        ],
        can_subset=True,
    )
    def check(context: dg.AssetCheckExecutionContext, settings: dg.ResourceParam[Any]) -> Iterator[dg.AssetCheckResult]:
        records = context.instance.fetch_materializations(asset, limit=HISTORY + 1).records
        loads = [load_of(r.asset_materialization.metadata) for r in records if r.asset_materialization is not None]
        chosen = {found.name for found in context.selected_asset_check_keys}
        if LOAD in chosen:
            yield _load_result(asset, loads)
        if COLUMNS in chosen:
            yield _columns_result(asset, declared, loads[0]["types"] if loads else {})
        if ACCEPTED in chosen:
            yield _accepted_result(settings, asset)
        if FRESH in chosen:
            yield _fresh_result(asset, plan.cron, time.time() - records[0].timestamp if records else None)

    return check


def _load_result(asset: dg.AssetKey, loads: Sequence[Load]) -> dg.AssetCheckResult:
    if not loads:
        return dg.AssetCheckResult(passed=False, asset_key=asset, check_name=LOAD, description="it was never loaded")
    reasons = judge(loads[0], loads[1:])
    return dg.AssetCheckResult(
        passed=not reasons,
        asset_key=asset,
        check_name=LOAD,
        description="; ".join(reasons) or None,
        metadata={
            "rows written": loads[0]["loaded"],
            "rejected": dg.MetadataValue.json(loads[0]["rejected"]),
            "null share": dg.MetadataValue.json(loads[0]["nulls"]),
            "loads before": len(loads) - 1,
        },
    )


def _fresh_result(asset: dg.AssetKey, cron: str, seconds: float | None) -> dg.AssetCheckResult:
    reason = late(cron, seconds)
    return dg.AssetCheckResult(
        passed=not reason,
        asset_key=asset,
        check_name=FRESH,
        severity=dg.AssetCheckSeverity.WARN,
        description=reason or None,
        metadata={"schedule": cron or "none", "age in hours": round((seconds or 0) / 3600, 2)},
    )


def _columns_result(asset: dg.AssetKey, declared: Mapping[str, str], actual: Mapping[str, str]) -> dg.AssetCheckResult:
    reasons = mismatches(declared, actual)
    return dg.AssetCheckResult(
        passed=not reasons,
        asset_key=asset,
        check_name=COLUMNS,
        description="; ".join(reasons) or None,
        metadata={"columns": dg.MetadataValue.json(dict(actual))},
    )


def _accepted_result(settings: Settings, asset: dg.AssetKey) -> dg.AssetCheckResult:
    from assets.catalog.record import pending
    from assets.catalog.store.versions import Versions

    key = "/".join(asset.path)
    waiting = [str(d) for d in pending(Versions(settings.catalog), key)]
    fix = f"\n`heddle catalog accept {key}` takes the table as it now is"
    return dg.AssetCheckResult(
        passed=not waiting,
        asset_key=asset,
        check_name=ACCEPTED,
        description="; ".join(waiting) + fix if waiting else None,
        metadata={"differences": dg.MetadataValue.json(waiting)},
    )
