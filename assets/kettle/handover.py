"""Rows and counters that one op hands to the next: in memory as they are, or as Arrow files in a folder."""

import json
import shutil
import time
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

import polars as pl

from assets.kettle.engine.part import Portion
from assets.kettle.engine.result import Counters
from assets.kettle.values.fields import Field, Layout, ValueType

KEEP_SECONDS = 7 * 86_400  # rows of failed runs wait this long for a retry
_ABOUT = "about.json"


@dataclass(slots=True)
class Sent:
    """What a step sent.

    Attributes:
        step: its name.
        portions: target step -> the rows of that hop.
        counters: of this step and of those before it.
        examples: texts of rows that it, and those before it, rejected, by step.
    """

    step: str
    portions: dict[str, Portion]
    counters: dict[str, Counters] = field(default_factory=dict)
    examples: dict[str, list[str]] = field(default_factory=dict)


def write(sent: Sent, folder: Path) -> None:
    """Puts the rows into Arrow files and the rest beside them. Hops that got the same frames share their files."""
    building = folder.with_name(f"{folder.name}.part")
    shutil.rmtree(building, ignore_errors=True)
    building.mkdir(parents=True)
    known: dict[int, dict[str, Any]] = {}
    hops = {}
    for target, portion in sent.portions.items():
        batches = []
        for frame in portion.frames:
            if id(frame) not in known:
                known[id(frame)] = _store(frame, building, len(known))
            batches.append(known[id(frame)])
        hops[target] = {"layout": [asdict(f) for f in portion.layout], "rows": portion.rows, "batches": batches}
    counters = {name: asdict(c) for name, c in sent.counters.items()}
    about = {"step": sent.step, "hops": hops, "counters": counters, "examples": sent.examples}
    (building / _ABOUT).write_text(json.dumps(about), encoding="utf-8")
    shutil.rmtree(folder, ignore_errors=True)
    building.replace(folder)


def read(folder: Path) -> Sent:
    """What `write` wrote; the rows are read when they are needed. Raises OSError when it is not there."""
    about = json.loads((folder / _ABOUT).read_text(encoding="utf-8"))
    portions = {}
    for target, hop in about["hops"].items():
        layout = Layout(Field(**item | {"type": ValueType(item["type"])}) for item in hop["layout"])
        frames: list[pl.DataFrame | Callable[[], pl.DataFrame]] = [
            partial(pl.read_ipc, folder / batch["file"]) if "file" in batch else pl.DataFrame(height=batch["height"])
            for batch in hop["batches"]
        ]
        portions[target] = Portion(layout, frames, hop["rows"])
    counters = {name: Counters(**c) for name, c in about["counters"].items()}
    return Sent(about["step"], portions, counters, about["examples"])


def merged(sent: Mapping[str, Sent]) -> dict[str, Counters]:
    """The counters of all steps so far."""
    return {name: counters for one in sent.values() for name, counters in one.counters.items()}


def clear(base: Path, run_id: str, graph: str, now: float | None = None) -> None:
    """Removes what one graph of a run handed over, and what runs left to which nobody came back for a week."""
    shutil.rmtree(base / run_id / graph, ignore_errors=True)
    limit = (now or time.time()) - KEEP_SECONDS
    for run in base.iterdir() if base.is_dir() else ():
        if not any(run.iterdir()) or run.stat().st_mtime < limit:
            shutil.rmtree(run, ignore_errors=True)


def _store(frame: Any, folder: Path, number: int) -> dict[str, Any]:
    loaded = frame if isinstance(frame, pl.DataFrame) else frame()
    if not loaded.width:
        return {"height": loaded.height}
    name = f"{number}.arrow"
    loaded.write_ipc(folder / name)
    return {"file": name}
