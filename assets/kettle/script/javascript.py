"""Runs a step's JavaScript over batches of rows in QuickJS.

Rows cross into the engine once per batch, as columns in JSON; the loop over rows is JavaScript too (`js/runtime.js`).
Scripts reach no file, network, process or environment; time and memory are limited. A context belongs to the thread
that made it.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from importlib.resources import files
from typing import Any

import polars as pl
import quickjs

from assets.kettle.errors import KettleError
from assets.kettle.files.passwords import seed
from assets.kettle.model import Connection
from assets.kettle.script.javascript_source import LINE_OFFSET, RESERVED, Adapted, adapt
from assets.kettle.values.fields import Field, Layout, ValueType

SECONDS = 120.0
"""Time that one chunk of rows may take."""
MEMORY = 512 << 20
"""Bytes that the scripts of one step may hold."""
CHUNK = 10_000
"""Rows per crossing."""
SAFE = 2**53 - 1

_PRELUDE = ("dates.js", "formats.js", "functions.js", "java.js", "value.js", "runtime.js", "expression.js")
_LETTER = {
    ValueType.NUMBER: "N",
    ValueType.STRING: "S",
    ValueType.DATE: "D",
    ValueType.BOOLEAN: "B",
    ValueType.INTEGER: "I",
    ValueType.BIGNUMBER: "G",
    ValueType.BINARY: "X",
    ValueType.TIMESTAMP: "T",
}
E4X = frozenset(("XML", "XMLList", "toXMLString"))
_ROW_WORDS = frozenset(("row", "createRowCopy", "putRow"))


class ScriptError(KettleError):
    """A script does not compile, ran out of time or memory, or threw."""


@dataclass(frozen=True, slots=True)
class Output:
    """A result: the script's variable, the field it becomes, and where it goes (-1 = appended, else replaces)."""

    variable: str
    field: Field
    position: int = -1


@dataclass(frozen=True, slots=True)
class Setup:
    """What a script knows of its surroundings.

    Attributes:
        scripts: texts of the transform, start and end script by "0", "1", "2".
        tabs: all scripts by name.
        compatible: fields are Value objects, as in Kettle before version 3.
        handling: a failing row is collected and the next is tried.
    """

    step: str
    transformation: str
    scripts: Mapping[str, str]
    inputs: Layout
    layout: Layout
    outputs: Sequence[Output]
    tabs: Mapping[str, str] = field(default_factory=dict)
    compatible: bool = False
    handling: bool = False
    variables: Mapping[str, str] = field(default_factory=dict)
    connections: Mapping[str, Connection] = field(default_factory=dict)


@dataclass(slots=True)
class Batch:
    """What a batch gave.

    Attributes:
        frame: rows that go on.
        errors: row number -> message; without `handling` the first ends the batch.
        stop: "", "abort" (stop quietly) or "error", by trans_Status.
        log: text and level. assigned: variable, value and scope (s, r, p or g).
    """

    frame: pl.DataFrame
    errors: dict[int, str] = field(default_factory=dict)
    stop: str = ""
    log: list[tuple[str, str]] = field(default_factory=list)
    assigned: list[tuple[str, str, str]] = field(default_factory=list)


class JavaScript:
    """The scripts of one step, compiled once. Raises ScriptError where they cannot be.

    Args:
        setup: scripts, fields and surroundings.
        seconds: limit for each chunk of rows.
        memory: limit in bytes.
    """

    def __init__(self, setup: Setup, seconds: float = SECONDS, memory: int = MEMORY) -> None:
        self.setup = setup
        self.context = new_context(seconds, memory)
        script = adapt(setup.scripts.get("0", ""))
        fields = setup.inputs.fields
        self._whole = bool(_ROW_WORDS & script.words)
        self._used = [i for i, f in enumerate(fields) if _mentions(script, f.name)]
        self._sent = list(range(len(fields))) if self._whole else self._used
        self._call("__setup", json.dumps(self._plan(script)))
        self._declare(script.variables)
        self._started = False
        try:
            self.context.get("__compile")(script.row_function())
        except quickjs.JSException as error:
            what = "the script does not compile"
            if E4X & script.words:
                what += " (XML written inside JavaScript, E4X, is not known to the native engine)"
            raise self._failed(str(error), what) from None

    def _declare(self, names: Sequence[str]) -> None:
        """Makes the script's variables global, undefined until they are assigned."""
        known = [name for name in names if name not in RESERVED]
        if known:
            self._evaluate(f"var {', '.join(known)};")

    def _plan(self, script: Adapted) -> dict[str, Any]:
        setup = self.setup
        return {
            "name": setup.transformation,
            "step": setup.step,
            "fields": [_described(f) for f in setup.inputs],
            "out": [_described(f) for f in setup.layout],
            "used": self._used,
            "outputs": [{"name": o.variable, "type": letter(o.field)} for o in setup.outputs],
            "compatible": setup.compatible,
            "handling": setup.handling,
            "needRow": self._whole,
            "needNumber": "rowNumber" in script.words,
            "lineOffset": LINE_OFFSET,
            "variables": dict(setup.variables),
            "tabs": dict(setup.tabs),
            "connections": {n.lower(): _connection(c) for n, c in setup.connections.items()},
            "seed": str(seed()),
        }

    def run(self, frame: pl.DataFrame) -> Batch:
        """The script over these rows, in order. Raises ScriptError when it runs out of time or memory."""
        parts: list[Batch] = []
        for start in range(0, frame.height, CHUNK):
            parts.append(self._chunk(frame.slice(start, CHUNK), start))
            if parts[-1].stop or (parts[-1].errors and not self.setup.handling):
                break
        joined = Batch(pl.concat([p.frame for p in parts]) if parts else self.setup.layout.empty())
        for part in parts:
            joined.errors.update(part.errors)
            joined.log += part.log
            joined.assigned += part.assigned
            joined.stop = part.stop
        return joined

    def finish(self) -> Batch:
        """Runs the end script, if rows came at all. Its log lines and variables are in the batch."""
        batch = Batch(self.setup.layout.empty())
        if self._started:
            self._evaluate(adapt(self.setup.scripts.get("2", "")).text)
            events = json.loads(self._call("__events"))
            batch.log, batch.assigned = _events(events)
        return batch

    def _chunk(self, frame: pl.DataFrame, offset: int) -> Batch:
        columns: list[list[Any] | None] = [None] * frame.width
        for index in self._sent:
            columns[index] = sent(frame.to_series(index), self.setup.inputs.fields[index])
        if not self._started:
            self._first_row(columns)
        answer = json.loads(self._call("__run", json.dumps({"n": frame.height, "columns": columns})))
        batch = Batch(self._frame(frame, answer))
        batch.errors = {offset + row: message for row, message in answer["errors"]}
        batch.stop = answer["stop"]
        batch.log, batch.assigned = _events(answer)
        return batch

    def _first_row(self, columns: list[list[Any] | None]) -> None:
        """Runs the start script; Kettle does so when the first row is there."""
        self._started = True
        start = adapt(self.setup.scripts.get("1", ""))
        self._declare(start.variables)
        self._evaluate(start.text)

    def _frame(self, frame: pl.DataFrame, answer: dict[str, Any]) -> pl.DataFrame:
        """The rows that go on: input rows with results, and the rows of putRow at their places."""
        layout = self.setup.layout
        base = frame[pl.Series(answer["src"], dtype=pl.UInt32())]
        columns = {f.name: s for f, s in zip(self.setup.inputs, base.iter_columns(), strict=True)}
        for index, changes in answer["touched"].items():
            item = self.setup.inputs.fields[int(index)]
            values = columns[item.name].to_list()
            rows, new = [row for row, _ in changes], received([value for _, value in changes], item)
            for row, value in zip(rows, new.to_list(), strict=True):
                values[row] = value
            columns[item.name] = pl.Series(item.name, values, item.dtype)
        ordered = list(columns.values())
        for output, values in zip(self.setup.outputs, answer["cols"], strict=True):
            series = received(values, output.field)
            if output.position < 0:
                ordered.append(series)
            else:
                ordered[output.position] = series
        named = [s.alias(f.name) for s, f in zip(ordered, layout, strict=True)]
        result = pl.DataFrame(named) if named else pl.DataFrame(height=base.height)
        return _with_puts(result, answer["puts"], layout) if answer["puts"] else result

    def _call(self, name: str, *args: str) -> Any:
        try:
            return self.context.get(name)(*args)
        except quickjs.JSException as error:
            raise self._failed(str(error), "the script failed") from None

    def _evaluate(self, source: str) -> Any:
        try:
            return self.context.eval(source)
        except quickjs.JSException as error:
            raise self._failed(str(error), "the script failed") from None

    def _failed(self, message: str, what: str) -> ScriptError:
        return ScriptError(f"step {self.setup.step!r}: {what}: {explain(message)}", "correct the script")


def explain(message: str) -> str:
    """An engine's message without its stack, with words for the limits."""
    first = message.strip().split("\n")[0]
    if "InternalError: interrupted" in first:
        return "it ran longer than it may"
    if "out of memory" in first or first == "null":  # nothing is left for the error itself
        return "it holds more memory than it may"
    return first.removeprefix("Error: ")


@cache
def prelude() -> str:
    """Kettle's functions, the Java classes and the row loop, as one script in a scope of its own."""
    folder = files("assets.kettle.script") / "js"
    parts = [(folder / name).read_text(encoding="utf-8") for name in _PRELUDE]
    return "(() => {" + "\n".join(parts) + "})();"


def new_context(seconds: float = SECONDS, memory: int = MEMORY) -> Any:
    """An engine with limits and Kettle's functions, and nothing of the outside."""
    context = quickjs.Context()
    context.set_memory_limit(memory)
    context.set_time_limit(seconds)
    context.eval(prelude())
    return context


def letter(item: Field) -> str:
    """The sign of a type in what crosses into the engine."""
    return _LETTER.get(item.type, "S")


def _described(item: Field) -> dict[str, Any]:
    return {
        "name": item.name,
        "type": letter(item),
        "length": item.length,
        "precision": item.precision,
        "mask": item.mask,
        "origin": item.origin,
    }


def _mentions(script: Adapted, name: str) -> bool:
    """Whether the script can see the field: as a variable, or as `this["name"]`."""
    quoted = f'"{name}"' in script.text or f"'{name}'" in script.text
    return (name in script.words and name not in RESERVED) or quoted


def _connection(connection: Connection) -> dict[str, str]:
    """What scripts may read of a connection; never the password."""
    url = f"jdbc:{connection.type.lower()}://{connection.host}:{connection.port}/{connection.database}"
    if connection.access.upper() in ("ODBC", "JNDI"):  # measured on 9.3 for H2
        url = f"jdbc:odbc:{connection.database}"
    return {
        "name": connection.name,
        "type": connection.type,
        "host": connection.host,
        "port": connection.port,
        "database": connection.database,
        "user": connection.user,
        "url": url,
    }


def sent(column: pl.Series, item: Field) -> list[Any]:
    """A column as JSON takes it: dates as milliseconds, bytes as hexadecimal, what JSON lacks as text."""
    if item.is_date:
        return column.dt.epoch("ms").to_list()
    if item.type == ValueType.BINARY:
        return [None if v is None else v.hex() for v in column.to_list()]
    values = column.to_list()
    if item.type == ValueType.NUMBER and not column.is_finite().fill_null(True).all():
        return [
            v if v is None or abs(v) < float("inf") else {"inf": "Infinity", "-inf": "-Infinity"}.get(str(v), "NaN")
            for v in values
        ]
    if item.type == ValueType.INTEGER and len(column) and not column.is_between(-SAFE, SAFE).fill_null(True).all():
        return [v if v is None or -SAFE <= v <= SAFE else str(v) for v in values]
    return values


def received(values: list[Any], item: Field) -> pl.Series:
    """A column out of what the row loop left: see OUT in `js/runtime.js`."""
    if item.is_date:
        return pl.Series(item.name, values, pl.Int64()).cast(pl.Datetime("ms")).cast(item.dtype)
    if item.type == ValueType.NUMBER:
        return pl.Series(item.name, [float(v) if isinstance(v, str) else v for v in values], pl.Float64())
    if item.type == ValueType.INTEGER:
        return pl.Series(item.name, [_long(v) if isinstance(v, str) else v for v in values], pl.Int64())
    if item.type == ValueType.BINARY:
        return pl.Series(item.name, [None if v is None else bytes.fromhex(v) for v in values], pl.Binary())
    return pl.Series(item.name, values, item.dtype)


def _long(text: str) -> int:
    """A whole number within 64 bits; beyond them it wraps, as Java's long does."""
    return (int(text) + 2**63) % 2**64 - 2**63


def _with_puts(rows: pl.DataFrame, puts: list[tuple[int, list[Any]]], layout: Layout) -> pl.DataFrame:
    """The rows that putRow sent, between the others in the order of sending."""
    extra = pl.DataFrame(
        [received([values[i] for _, values in puts], item) for i, item in enumerate(layout)], schema=layout.schema
    )
    taken = [position for position, _ in puts]
    free = set(taken)
    places = [i for i in range(rows.height + len(taken)) if i not in free]
    order = pl.Series([*places, *taken]).arg_sort()
    return pl.concat([rows, extra])[order]


def _events(answer: dict[str, Any]) -> tuple[list[tuple[str, str]], list[tuple[str, str, str]]]:
    return [(t, v) for t, v in answer["log"]], [(n, v, s) for n, v, s in answer["set"]]
