"""Get system info."""

import os
import platform
import socket
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime
from typing import Any

import polars as pl
import psutil

from assets.kettle.engine.run import Run
from assets.kettle.engine.step import Derivation, Step
from assets.kettle.steps.calendar_ranges import range_date
from assets.kettle.values.fields import Field, Layout, ValueType

TEXT, WHOLE, DATE, TRUTH = ValueType.STRING, ValueType.INTEGER, ValueType.DATE, ValueType.BOOLEAN
EPOCH = datetime(1900, 1, 1)


def _lines(name: str) -> Callable[[Run], Any]:
    return lambda run: getattr(run.previous.lines, name)


# code -> type and value; the Java machine's figures are those of this process
CODES: dict[str, tuple[ValueType, Callable[[Run], Any]]] = {
    "start date range": (DATE, lambda run: EPOCH),
    "end date range": (DATE, lambda run: run.started),
    "job start date range": (DATE, lambda run: EPOCH),
    "job end date range": (DATE, lambda run: run.started),
    "workflow start date range": (DATE, lambda run: EPOCH),
    "workflow end date range": (DATE, lambda run: run.started),
    "copy of step": (WHOLE, lambda run: 0),
    "copy of transform": (WHOLE, lambda run: 0),
    "transformation name": (TEXT, lambda run: run.transformation.name),
    "pipeline name": (TEXT, lambda run: run.transformation.name),
    "transformation file name": (TEXT, lambda run: str(run.transformation.path or "") or None),
    "pipeline file name": (TEXT, lambda run: str(run.transformation.path or "") or None),
    "user modified": (TEXT, lambda run: run.transformation.info.text("modified_user") or None),
    "date modified": (DATE, lambda run: _modified(run)),
    "batch id": (WHOLE, lambda run: -1),
    "job batch id": (WHOLE, lambda run: -1),
    "hostname": (TEXT, lambda run: socket.gethostname()),
    "hostname real": (TEXT, lambda run: platform.node()),
    "ip address": (TEXT, lambda run: "127.0.0.1"),
    "kettle version": (TEXT, lambda run: "Unknown"),
    "kettle build version": (TEXT, lambda run: None),
    "kettle build date": (DATE, lambda run: None),
    "current pid": (WHOLE, lambda run: os.getpid()),
    "jvm max memory": (WHOLE, lambda run: psutil.virtual_memory().total),
    "jvm total memory": (WHOLE, lambda run: psutil.Process().memory_info().rss),
    "jvm free memory": (WHOLE, lambda run: psutil.virtual_memory().available),
    "jvm available memory": (WHOLE, lambda run: psutil.virtual_memory().available),
    "available processors": (WHOLE, lambda run: os.cpu_count()),
    "jvm cpu time": (WHOLE, lambda run: int(sum(psutil.Process().cpu_times()[:2]) * 1e9)),
    "total physical memory size": (WHOLE, lambda run: psutil.virtual_memory().total),
    "total swap space size": (WHOLE, lambda run: psutil.swap_memory().total),
    "committed virtual memory size": (WHOLE, lambda run: psutil.Process().memory_info().vms),
    "free physical memory size": (WHOLE, lambda run: psutil.virtual_memory().available),
    "free swap space size": (WHOLE, lambda run: psutil.swap_memory().free),
    "previous result result": (TRUTH, lambda run: run.previous.ok),
    "previous result exist status": (WHOLE, lambda run: run.previous.exit_status),
    "previous result entry nr": (WHOLE, lambda run: run.previous.nr),
    "previous result nr errors": (WHOLE, lambda run: run.previous.errors),
    "previous result nr lines input": (WHOLE, _lines("input")),
    "previous result nr lines output": (WHOLE, _lines("output")),
    "previous result nr lines read": (WHOLE, _lines("read")),
    "previous result nr lines updated": (WHOLE, _lines("updated")),
    "previous result nr lines written": (WHOLE, _lines("written")),
    "previous result nr lines deleted": (WHOLE, lambda run: 0),
    "previous result nr lines rejected": (WHOLE, _lines("rejected")),
    "previous result nr lines rejeted": (WHOLE, _lines("rejected")),  # so spelled in old files
    "previous result nr rows": (WHOLE, lambda run: run.previous.rows.frame.height),
    "previous result is stopped": (TRUTH, lambda run: run.previous.stopped),
    "previous result nr files": (WHOLE, lambda run: len(run.previous.files)),
    "previous result nr files retrieved": (WHOLE, lambda run: 0),
    "previous result log text": (TEXT, lambda run: run.previous.log_text),
}
ARGUMENT = "command line argument "


def _modified(run: Run) -> datetime | None:
    text = run.transformation.info.text("modified_date")
    return datetime.strptime(text, "%Y/%m/%d %H:%M:%S.%f") if text else None


class SystemInfo(Step):
    """Adds what the machine and the run know; without an input it makes one row.

    "system date (variable)" is the time of the batch, everything else is fixed at the start of the run.
    """

    types = ("SystemInfo",)
    copies_as_one = True

    def fields(self, inputs: Mapping[str, Layout]) -> Layout:
        """The input's fields and one per wanted value."""
        base = self.main(inputs)
        self.codes = [o.text("type").strip().lower() for o in self.options.rows("fields/field")]
        names = [o.text("name") for o in self.options.rows("fields/field")]
        layout = base.plus(*(self._field(n, c) for n, c in zip(names, self.codes, strict=True)))
        self.added = layout.fields[len(base) :]
        return layout

    def _field(self, name: str, code: str) -> Field:
        if code.startswith(ARGUMENT):
            return Field(name, TEXT, origin=self.name)
        kind = DATE if code.startswith("system date") or range_date(code, EPOCH) else None
        kind = kind or CODES.get(code, (ValueType.NONE, None))[0]
        return Field(name, kind, 10 if kind is WHOLE else -1, origin=self.name)

    def _value(self, code: str) -> Any:
        run = self.run
        if code.startswith(ARGUMENT):
            number = int(code.removeprefix(ARGUMENT)) - 1
            return run.arguments[number] if number < len(run.arguments) else None
        if code.startswith("system date"):
            fixed = code.endswith("(fixed)")
            return run.started if fixed else datetime.now(UTC).replace(tzinfo=None)
        return range_date(code, run.started) or (CODES[code][1](run) if code in CODES else None)

    def _values(self) -> list[pl.Expr]:
        return [
            pl.lit(self._value(code), item.dtype).alias(item.name)
            for item, code in zip(self.added, self.codes, strict=True)
        ]

    def rows(self, frame: pl.DataFrame, source: str) -> None:
        """The rows with the values."""
        self.emit(frame.with_columns(self._values()))

    def produce(self) -> Iterator[pl.DataFrame]:
        """One row where there is no input."""
        if not self.inputs:
            self.count(read=1)
            yield pl.select(self._values())

    def derive(self) -> dict[str, Derivation]:
        """System values have no source field."""
        pairs = zip(self.added, self.codes, strict=True)
        return {item.name: Derivation((), f"system info: {code}") for item, code in pairs}
