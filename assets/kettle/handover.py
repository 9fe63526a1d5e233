"""What steps that ran together hand to the next ops: in memory as it is, or as Arrow files in a folder."""

import json
import shutil
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import asdict, dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

import polars as pl

from assets.kettle.engine.part import Edge, Portion
from assets.kettle.engine.result import Counters
from assets.kettle.values.fields import Field, Layout, ValueType

KEEP_SECONDS = 7 * 86_400  # rows of failed runs wait this long for a retry
_ABOUT = "about.json"


@dataclass(slots=True)
class Stretch:
    """What steps did that ran together: nothing was kept of the rows that went from one of them to another.

    Attributes:
        steps: that ran; none where the file had changed.
        made_of: digest of the file, the engine and the parameters.
        folder: takes the rows when they have to outlive the process.
        portions: the rows of the hops that lead out.
        counters: of these steps and of those before them.
        examples: texts of rows that these steps, and those before, rejected, by step.
        log: lines "step - text" of these steps.
        stored: whether the folder holds it.
    """

    steps: tuple[str, ...]
    made_of: str
    folder: Path
    portions: dict[Edge, Portion] = field(default_factory=dict)
    counters: dict[str, Counters] = field(default_factory=dict)
    examples: dict[str, list[str]] = field(default_factory=dict)
    log: list[str] = field(default_factory=list)
    stored: bool = False

    def store(self) -> int:
        """Writes it to its folder unless it is there, and gives the bytes written; rows in memory are let go."""
        if self.stored:
            return 0
        building = self.folder.with_name(f"{self.folder.name}.part")
        shutil.rmtree(building, ignore_errors=True)
        building.mkdir(parents=True)
        known: dict[int, dict[str, Any]] = {}
        hops: list[dict[str, Any]] = []
        for (source, target), portion in self.portions.items():
            batches = []
            for frame in portion.frames:  # hops that got the same frames share their files
                if id(frame) not in known:
                    known[id(frame)] = _store(frame, building, len(known))
                batches.append(known[id(frame)])
            layout = [asdict(f) for f in portion.layout]
            hops.append({"hop": [source, target], "layout": layout, "rows": portion.rows, "batches": batches})
        about = {
            "steps": self.steps,
            "made_of": self.made_of,
            "hops": hops,
            "counters": {name: asdict(c) for name, c in self.counters.items()},
            "examples": self.examples,
            "log": self.log,
        }
        (building / _ABOUT).write_text(json.dumps(about), encoding="utf-8")
        written = sum(path.stat().st_size for path in building.iterdir())
        shutil.rmtree(self.folder, ignore_errors=True)
        building.replace(self.folder)
        for portion, hop in zip(self.portions.values(), hops, strict=True):
            portion.frames = _loaders(self.folder, hop["batches"])
        self.stored = True
        return written


@dataclass(slots=True)
class Sent:
    """What the op of one step hands over: the stretch in which the step ran. Never changed, so a copy is itself."""

    step: str
    stretch: Stretch

    @property
    def bytes(self) -> int:
        """Of the rows on the step's hops that lead out of the stretch."""
        return sum(portion.bytes for (source, _), portion in self.stretch.portions.items() if source == self.step)

    def __deepcopy__(self, memo: dict[int, Any]) -> "Sent":
        return self

    def __reduce__(self) -> tuple[Callable[..., "Sent"], tuple[str, Path]]:
        """Pickled as the name of a folder, which gets the rows with the first step of the stretch."""
        self.stretch.store()
        return _reopened, (self.step, self.stretch.folder)


def _reopened(step: str, folder: Path) -> Sent:
    return Sent(step, read(folder))


def read(folder: Path) -> Stretch:
    """A stored stretch; its rows are read when they are needed. Raises OSError when it is not there."""
    about = json.loads((folder / _ABOUT).read_text(encoding="utf-8"))
    portions: dict[Edge, Portion] = {}
    for hop in about["hops"]:
        layout = Layout(Field(**item | {"type": ValueType(item["type"])}) for item in hop["layout"])
        source, target = hop["hop"]
        portions[source, target] = Portion(layout, _loaders(folder, hop["batches"]), hop["rows"])
    counters = {name: Counters(**c) for name, c in about["counters"].items()}
    return Stretch(
        tuple(about["steps"]), about["made_of"], folder, portions, counters, about["examples"], about["log"], True
    )


def ahead(given: Mapping[str, Sent], step: str, made_of: str) -> Stretch | None:
    """The stretch of a step before in which this step has run already, under the same file and parameters."""
    stretches = (sent.stretch for sent in given.values())
    return next((one for one in stretches if step in one.steps and one.made_of == made_of), None)


def counters_before(given: Mapping[str, Sent]) -> dict[str, Counters]:
    """The counters of all steps so far."""
    stretches = {id(sent.stretch): sent.stretch for sent in given.values()}
    return {name: counters for one in stretches.values() for name, counters in one.counters.items()}


def examples_before(given: Mapping[str, Sent]) -> dict[str, list[str]]:
    """The examples of rejected rows of all steps so far."""
    stretches = {id(sent.stretch): sent.stretch for sent in given.values()}
    return {name: texts for one in stretches.values() for name, texts in one.examples.items()}


def clear(base: Path, folders: Iterable[Path], now: float | None = None) -> None:
    """Removes what graphs of runs handed over, and what runs left to which nobody came back for a week.

    Args:
        folders: below the base; others are left alone.
    """
    for folder in folders:
        if base in folder.parents:
            shutil.rmtree(folder, ignore_errors=True)
    limit = (now or time.time()) - KEEP_SECONDS
    for run in base.iterdir() if base.is_dir() else ():
        if not any(run.iterdir()) or run.stat().st_mtime < limit:
            shutil.rmtree(run, ignore_errors=True)


def _loaders(folder: Path, batches: Iterable[Mapping[str, Any]]) -> list[pl.DataFrame | Callable[[], pl.DataFrame]]:
    return [
        partial(pl.read_ipc, folder / batch["file"]) if "file" in batch else pl.DataFrame(height=batch["height"])
        for batch in batches
    ]


def _store(frame: Any, folder: Path, number: int) -> dict[str, Any]:
    name = f"{number}.arrow"
    if not isinstance(frame, pl.DataFrame):
        (folder / name).hardlink_to(frame.args[0])  # spilled below the same folder
    elif frame.width:
        frame.write_ipc(folder / name)
    else:
        return {"height": frame.height}
    return {"file": name}
