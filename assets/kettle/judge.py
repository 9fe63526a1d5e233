"""What is unusual about a load, against the loads before it: rejected rows, volume, nulls, columns, age."""

import json
from collections.abc import Iterator, Mapping, Sequence
from statistics import median
from typing import Any

from assets.kettle.schedule import cadence

# metadata of a materialization that says how its load went
LOADED, REJECTED, NULLS, ERRORS, TYPES = (
    "kettle/loaded_rows",
    "kettle/rejected",
    "kettle/null_share",
    "kettle/rejected_examples",
    "kettle/types",
)
HOURS = {"minutely": 1, "hourly": 13, "daily": 26, "weekly": 8 * 24, "monthly": 32 * 24}  # a load may be old
ENOUGH = 3  # of them, before volume and nulls are judged
VOLUME = 0.5  # relative difference from the usual number of rows
NULL_RISE = 0.2  # rise of the share of nulls
REJECTED_SHARE = 0.01  # of the rows read, where loads before rejected none
Load = Mapping[str, Any]


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


def late(cron: str, seconds: float | None) -> str:
    """Why a load is too old for its schedule, in words; "" when it is not, or when there is no schedule."""
    if seconds is None:
        return "it was never loaded"
    word = cadence(cron) if cron else ""
    if not word or seconds <= HOURS[word] * 3600:
        return ""
    return f"the last load is {seconds / 3600:.0f} hours old; its job runs {word}"


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
