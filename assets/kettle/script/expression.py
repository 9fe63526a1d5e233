"""The JavaScript of a job's EVAL entry: an expression over the result of the previous entry."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import polars as pl
import quickjs

from assets.kettle.script.javascript import ScriptError, explain, letter, new_context, sent
from assets.kettle.script.javascript_source import adapt
from assets.kettle.values.fields import Layout

NUMBERS = (
    "errors",
    "nr",
    "exit_status",
    "lines_input",
    "lines_output",
    "lines_updated",
    "lines_rejected",
    "lines_read",
    "lines_written",
    "lines_deleted",
    "files_retrieved",
)
"""The numbers that a script sees under these names and through `previous_result`."""


@dataclass(frozen=True, slots=True)
class Previous:
    """What the previous entry left.

    Attributes:
        numbers: by the names of `NUMBERS`; missing ones are 0.
        rows, layout: the result rows.
    """

    result: bool = True
    numbers: Mapping[str, int] = field(default_factory=dict)
    rows: pl.DataFrame | None = None
    layout: Layout | None = None
    files: tuple[str, ...] = ()
    log: str = ""
    stopped: bool = False


@dataclass(frozen=True, slots=True)
class Evaluation:
    """The script's last value, whether JavaScript counts it as true, the variables it set, and its log lines."""

    value: Any
    truth: bool
    assigned: dict[str, str]
    log: list[tuple[str, str]]


def evaluate(
    script: str, variables: Mapping[str, str], previous: Previous | None = None, *, job: str = "", entry: str = ""
) -> Evaluation:
    """Runs the script; what its last statement gives decides.

    `parent_job.getVariable` sees `variables`; what `setVariable` sets is in the answer for the caller to apply.

    Raises:
        ScriptError: the script does not compile, threw, or ran too long; the message names the entry.
    """
    previous = previous or Previous()
    request = {
        "script": adapt_expression(script),
        "variables": dict(variables),
        "job": job,
        "result": previous.result,
        "numbers": {name: previous.numbers.get(name, 0) for name in NUMBERS},
        "rows": _rows(previous),
        "files": list(previous.files),
        "log": previous.log,
        "stopped": previous.stopped,
    }
    try:
        answer = json.loads(new_context().get("__expression")(json.dumps(request)))
    except quickjs.JSException as error:
        where = f"entry {entry!r}" if entry else "the expression"
        raise ScriptError(f"{where}: the script failed: {explain(str(error))}", "correct the script") from None
    assigned = {name: value for name, value, _ in answer["set"]}
    return Evaluation(answer["value"], answer["truth"], assigned, [(t, v) for t, v in answer["log"]])


def adapt_expression(script: str) -> str:
    """The script with its top-level variables declared, so that only what Rhino alone knows is replaced."""
    adapted = adapt(script)
    names = ", ".join(adapted.variables)
    return f"var {names};\n{adapted.text}" if names else adapted.text


def _rows(previous: Previous) -> list[list[list[Any]]]:
    if previous.rows is None or previous.layout is None:
        return []
    fields = previous.layout.fields
    columns = [sent(previous.rows.to_series(i), f) for i, f in enumerate(fields)]
    return [
        [[f.name, letter(f), column[row]] for f, column in zip(fields, columns, strict=True)]
        for row in range(previous.rows.height)
    ]
