"""Checks of what Kettle files are and of what they wrote, from what their runs reported."""

import json
import time
from collections.abc import Iterator, Mapping, Sequence
from statistics import median
from typing import Any

import dagster as dg

from assets.kettle.described import FileInfo
from assets.kettle.graph_defs import ERRORS, LOADED, NATIVE, NULLS, REJECTED, TYPES
from assets.kettle.layout_defs import FilePlan
from assets.kettle.schedule import cadence
from core.naming import Key

FILE, LOAD, COLUMNS, FRESH = "kettle_file", "kettle_load", "kettle_columns", "kettle_fresh"
HOURS = {
    "minutely": 1,
    "hourly": 13,
    "daily": 26,
    "weekly": 8 * 24,
    "monthly": 32 * 24,
}  # a load may be old, by cadence
HISTORY = 14  # loads that a load is compared with
ENOUGH = 3  # of them, before volume and nulls are judged
VOLUME = 0.5  # relative difference from the usual number of rows
NULL_RISE = 0.2  # rise of the share of nulls
REJECTED_SHARE = 0.01  # of the rows read, where loads before rejected none
Load = Mapping[str, Any]


def checks_of(plan: FilePlan) -> list[dg.AssetChecksDefinition]:
    """The checks of a file's assets: the file itself on the first, loads and columns on each output."""
    first = plan.own if plan.info.is_job else plan.keys[0]
    found = [_file_check(plan, first)]
    return [*found, *(_output_checks(plan, key) for key in plan.owned)]


def judge(load: Load, before: Sequence[Load]) -> list[str]:
    """What is unusual about a load, in words that name step and figures; empty when nothing is.

    Args:
        load: loaded (rows), read (rows), rejected (step -> rows), nulls (field -> share), examples (step -> texts).
        before: earlier loads, in any order.
    """
    return [*_rejections(load, before), *_volume(load, before), *_nulls(load, before)]


def _rejections(load: Load, before: Sequence[Load]) -> Iterator[str]:
    for step, rows in load["rejected"].items():
        share = rows / max(1, load["read"], load["loaded"] + rows)
        usual = [b["rejected"].get(step, 0) / max(1, b["read"], b["loaded"]) for b in before]
        limit = max(REJECTED_SHARE, 2 * median(usual) if usual else 0.0)
        if share > limit:
            example = next(iter(load["examples"].get(step, [])), "")
            told = f", such as {example}" if example else ""
            yield f"step {step!r} rejected {rows} rows ({share:.1%}, usually at most {limit:.1%}){told}"


def _volume(load: Load, before: Sequence[Load]) -> Iterator[str]:
    if len(before) < ENOUGH:
        return
    usual = median(b["loaded"] for b in before)
    spread = median(abs(b["loaded"] - usual) for b in before)
    if abs(load["loaded"] - usual) > max(VOLUME * usual, 5 * spread):
        yield f"{load['loaded']} rows written, usually {usual:.0f}"


def _nulls(load: Load, before: Sequence[Load]) -> Iterator[str]:
    for name, share in load["nulls"].items():
        seen = [b["nulls"][name] for b in before if name in b["nulls"]]
        if len(seen) >= ENOUGH and share - max(seen) > NULL_RISE:
            yield f"field {name!r} is null in {share:.0%} of the rows, never in more than {max(seen):.0%} before"


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
            dg.AssetCheckSpec(FRESH, asset=asset, description="The last load is as young as the job's schedule asks."),
        ],
        can_subset=True,
    )
    def check(context: dg.AssetCheckExecutionContext) -> Iterator[dg.AssetCheckResult]:
        records = context.instance.fetch_materializations(asset, limit=HISTORY + 1).records
        loads = [load_of(r.asset_materialization.metadata) for r in records if r.asset_materialization is not None]
        chosen = {found.name for found in context.selected_asset_check_keys}
        if LOAD in chosen:
            yield _load_result(asset, loads)
        if COLUMNS in chosen:
            yield _columns_result(asset, declared, loads[0]["types"] if loads else {})
        if FRESH in chosen:
            yield _fresh_result(asset, plan.cron, time.time() - records[0].timestamp if records else None)

    return check


def load_of(metadata: Mapping[str, Any]) -> dict[str, Any]:
    """A materialization's figures; zeros where it reports none."""
    values = {name: getattr(value, "value", value) for name, value in metadata.items()}

    def table(name: str) -> dict[str, Any]:
        found = values.get(name) or {}
        return json.loads(found) if isinstance(found, str) else dict(found)

    return {
        "loaded": int(values.get(LOADED) or 0),
        "read": int(values.get("kettle/read_rows") or 0),
        "rejected": table(REJECTED),
        "nulls": table(NULLS),
        "examples": table(ERRORS),
        "types": table(TYPES),
    }


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


def late(cron: str, seconds: float | None) -> str:
    """Why a load is too old for its schedule, in words; "" when it is not, or when there is no schedule."""
    if seconds is None:
        return "it was never loaded"
    word = cadence(cron) if cron else ""
    if not word or seconds <= HOURS[word] * 3600:
        return ""
    return f"the last load is {seconds / 3600:.0f} hours old; its job runs {word}"


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


def mismatches(declared: Mapping[str, str], actual: Mapping[str, str]) -> list[str]:
    """Columns that are missing, new or of another type; a declared type of "" is not known and fits any."""
    if not declared or not actual:
        return []
    found = {name.lower(): kind for name, kind in actual.items()}
    return [
        *(f"column {name!r} is missing" for name in declared if name not in found),
        *(f"column {name!r} is not declared" for name in found if name not in declared),
        *(
            f"column {name!r} is {found[name]}, declared {kind}"
            for name, kind in declared.items()
            if kind and name in found and found[name] != kind
        ),
    ]
