"""Runs the rules of a table from file to file, in batches: the clean rows, the rejected ones, the changed cells."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import polars as pl

from assets.quality.rules import joint
from assets.quality.rules.expressions import Tables
from assets.quality.rules.handed_over import hand_over
from assets.quality.rules.kind import ROW
from assets.quality.rules.model import Rule
from assets.quality.rules.plan import CHANGES, RULES, Joint, Plan, plan, run_batch
from assets.quality.rules.writing import sinking
from core.errors import SourceError
from core.scratch import scratch

MEMORY = 2 * 1024**3
_BATCHES = 24  # batches in flight: read ahead, before and after each stage, written
HEAD = 1_000  # rows by which the width of others is judged
_AHEAD = 6  # batches of a slice
_SMALLEST, _LARGEST = 10_000, 250_000


@dataclass(frozen=True, slots=True)
class Targets:
    """Files that are written; their endings say whether CSV or Parquet."""

    clean: Path
    rejected: Path
    changes: Path

    @classmethod
    def beside(cls, clean: Path) -> "Targets":
        """`x.csv` with `x.rejected.csv` and `x.changes.csv`."""
        return cls(clean, *(clean.with_name(f"{clean.stem}.{part}{clean.suffix}") for part in ("rejected", "changes")))

    def paths(self) -> tuple[Path, Path, Path]:
        """All three."""
        return self.clean, self.rejected, self.changes


@dataclass(slots=True)
class Report:
    """What a run came to. `rows = clean + rejected` always; `failing` by rule as in `Outcome`."""

    rows: int = 0
    clean: int = 0
    rejected: int = 0
    cells: int = 0
    failing: dict[str, int] = field(default_factory=dict)


def apply(
    source: pl.LazyFrame,
    rules: Sequence[Rule],
    targets: Targets,
    *,
    memory: int = MEMORY,
    tables: Tables | None = None,
    told: Callable[[int], None] = lambda _rows: None,
    safe_csv: bool = False,
) -> Report:
    """Writes the three files; they are put in place together when all are whole (`handed_over`).

    Args:
        memory: bytes that batches and joint rules may take, beside polars itself, whose reader and writer hold
            row groups of the files: half a gigabyte for 250,000 rows of 22 columns.
        told: is called with the number of rows done so far.
        safe_csv: texts that a spreadsheet takes for formulas are marked in the clean file too, where it is CSV; in
            the two others, which people read, they always are.

    Raises:
        SourceError: a rule does not fit the table, or rows would be lost.
    """
    schema = dict(source.collect_schema())
    made = plan(rules, schema, tables)
    clean_schema = made.clean_schema()
    report = Report()
    folder = targets.clean.parent
    folder.mkdir(parents=True, exist_ok=True)
    with scratch(folder, ".heddle-clean-") as parts:
        source = _sliceable(source, parts / "source.parquet")
        found = _joint(made, source.with_row_index(ROW), memory)
        kept = Kept(parts, {RULES: pl.String(), **schema})

        def batches(
            columns: list[str] | None, predicate: pl.Expr | None, limit: int | None, _size: int | None
        ) -> Iterator[pl.DataFrame]:
            for frame in in_batches(source, batch_rows(source, memory)):
                outcome = run_batch(made, frame, found)
                kept.take(outcome.rejected, outcome.changes)
                report.rows += len(frame)
                report.clean += len(outcome.clean)
                report.rejected += len(outcome.rejected)
                report.cells += len(outcome.changes)
                for rule, count in outcome.failing.items():
                    report.failing[rule] = report.failing.get(rule, 0) + count
                told(report.rows)
                yield outcome.clean if columns is None else outcome.clean.select(columns)

        from polars.io.plugins import register_io_source

        written = [parts / f"out{n}{path.suffix}" for n, path in enumerate(targets.paths())]
        _sink(register_io_source(batches, schema=clean_schema), written[0], safe_csv)
        kept.sink(written[1], written[2])
        if report.clean + report.rejected != report.rows:
            raise SourceError(f"{report.rows} rows came, {report.clean} + {report.rejected} went", "report this")
        hand_over(dict(zip(targets.paths(), written, strict=True)))
    return report


def _joint(made: Plan, numbered: pl.LazyFrame, memory: int) -> Mapping[str, Joint]:
    if not any(r.joint for r in made.repairs) and not any(t.joint for t in made.tests):
        return {}
    count = int(numbered.select(pl.len()).collect(engine="streaming").item())
    return joint.run(made, numbered, count, memory // 2)


def batch_rows(source: pl.LazyFrame, memory: int) -> int:
    """Rows of a batch, so that those in flight fit into the memory (bytes)."""
    return rows_within(source.head(HEAD).collect(), memory)


def rows_within(head: pl.DataFrame, memory: int, least: int = _SMALLEST, most: int = _LARGEST) -> int:
    """As `batch_rows`, of rows as wide as those of `head`; between `least` and `most`."""
    width = max(16.0, head.estimated_size() / max(1, len(head)))
    return int(min(most, max(least, memory / (width * _BATCHES))))


def _sliceable(source: pl.LazyFrame, path: Path) -> pl.LazyFrame:
    """The table as one whose slices can be read by themselves: a CSV file is read once, into a Parquet file."""
    if "Csv SCAN" not in source.explain(optimized=False):
        return source
    source.sink_parquet(path, compression="lz4", row_group_size=_LARGEST)
    return pl.scan_parquet(path)


def in_batches(source: pl.LazyFrame, rows: int) -> Iterator[pl.DataFrame]:
    """The table with ROW, in batches in order, read in slices.

    polars' own batches run ahead of who takes them, by half a gigabyte.
    """
    start = 0
    while len(part := source.slice(start, min(_LARGEST, rows * _AHEAD)).collect()):
        yield from part.with_row_index(ROW, offset=start).iter_slices(rows)
        start += len(part)


class Kept:
    """Rejected rows and changed cells as they come, in part files once there are many."""

    def __init__(self, folder: Path, schema: Mapping[str, Any]) -> None:
        self.folder = folder
        self.frames: dict[str, list[pl.DataFrame]] = {"rejected": [], "changes": []}
        self.waiting = {"rejected": 0, "changes": 0}
        self.parts = 0
        self.schemas: dict[str, dict[str, Any]] = {
            "rejected": {ROW: pl.UInt32(), **{k: v for k, v in schema.items() if k != RULES}, RULES: pl.String()},
            "changes": dict(CHANGES),
        }

    def take(self, rejected: pl.DataFrame, changes: pl.DataFrame) -> None:
        """Keeps the rows of one batch."""
        for name, frame in (("rejected", rejected), ("changes", changes)):
            if not len(frame):
                continue
            self.frames[name].append(frame)
            self.waiting[name] += len(frame)
            if self.waiting[name] >= _LARGEST:
                self._spill(name)

    def sink(self, rejected: Path, changes: Path) -> None:
        """Writes both files."""
        for name, path in (("rejected", rejected), ("changes", changes)):
            self._spill(name)
            parts = sorted(self.folder.glob(f"{name}.*.parquet"))
            empty = pl.LazyFrame(schema=self.schemas[name])
            _sink(pl.scan_parquet(parts) if parts else empty, path, safe=True)

    def _spill(self, name: str) -> None:
        if self.frames[name]:
            path = self.folder / f"{name}.{self.parts:06d}.parquet"
            pl.concat(self.frames[name]).write_parquet(path, compression="lz4")
            self.parts += 1
            self.frames[name], self.waiting[name] = [], 0


def _sink(table: pl.LazyFrame, path: Path, safe: bool) -> None:
    sinking(table, path, safe=safe).collect(engine="streaming")
