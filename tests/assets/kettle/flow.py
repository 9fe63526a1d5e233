"""Small transformations for tests: steps and hops as Python values, run by the real engine."""

import itertools
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import polars as pl

from assets.kettle.engine.result import Counters, Result
from assets.kettle.engine.run import EngineSettings, Quiet
from assets.kettle.engine.start import prepare
from assets.kettle.files.edit import add_connection, add_hop, add_step
from assets.kettle.files.new import Settings, element, new_connection, new_step, new_transformation
from assets.kettle.files.read import read_transformation
from assets.kettle.files.variables import Variables
from assets.kettle.files.write import to_bytes
from assets.kettle.model import Connection, Parameter, Transformation


def grid(fields: dict[str, str], rows: list[tuple[Any, ...]], **masks: str) -> Settings:
    """Options of a Data grid: field -> type, rows as texts (None is empty), masks by field."""
    described = [("field", [("name", n), ("type", t), ("format", masks.get(n, ""))]) for n, t in fields.items()]
    lines = [("line", [("item", "" if v is None else str(v)) for v in row]) for row in rows]
    return [("fields", described), ("data", lines)]


@dataclass
class Flow:
    """A transformation under construction: `Flow().step(name, type, options).hop(a, b)`."""

    parameters: list[Parameter] = field(default_factory=list)
    distribute: bool = False

    def __post_init__(self) -> None:
        self.model: Transformation = new_transformation("flow", self.parameters)

    def step(self, name: str, kind: str, options: Settings = (), **tags: str) -> "Flow":
        """Adds a step; keyword arguments are plain tags."""
        every = [*options, *tags.items()]
        add_step(self.model, new_step(name, kind, every, x=0, y=0, distribute=self.distribute))
        return self

    def hop(self, *names: str) -> "Flow":
        """Adds hops along the names."""
        for source, target in itertools.pairwise(names):
            add_hop(self.model, source, target)
        return self

    def errors(self, source: str, target: str, **names: str) -> "Flow":
        """Sends failing rows of `source` to `target`; keywords name the error fields and limits."""
        self.hop(source, target)
        handling = [("source_step", source), ("target_step", target), ("is_enabled", "Y"), *names.items()]
        root = self.model.document.root
        root.find("step_error_handling").append(element("error", handling))
        self.model = read_transformation(to_bytes(self.model))
        return self

    def copies(self, name: str, number: str) -> "Flow":
        """Sets the number of copies of a step."""
        self.model.steps[name].copies = number
        return self

    def database(self, connection: Connection) -> "Flow":
        """Adds a connection."""
        add_connection(self.model, new_connection(connection))
        return self

    def run(
        self,
        *,
        settings: EngineSettings | None = None,
        variables: dict[str, str] | None = None,
        previous: Result | None = None,
        path: Path | None = None,
        **parameters: str,
    ) -> "Outcome":
        """Runs it and keeps all that left each step."""
        recorder = Recorder()
        self.model.path = path
        scope = Variables(values=variables or {})
        with prepare(
            self.model,
            settings=settings,
            variables=scope,
            parameters=parameters,
            observer=recorder,
            previous=previous,
        ) as engine:
            engine.execute()
        layouts = {name: node.step.output.names for name, node in engine.nodes.items()}
        return Outcome(recorder, engine.run.counters, engine.run.result, layouts, scope)


class Recorder(Quiet):
    """Keeps what leaves every step."""

    def __init__(self) -> None:
        self.frames: dict[str, list[pl.DataFrame]] = {}
        self.rejects: dict[str, list[pl.DataFrame]] = {}

    def emitted(self, step: str, frame: pl.DataFrame, target: str | None) -> None:
        self.frames.setdefault(step, []).append(frame)

    def rejected(self, step: str, frame: pl.DataFrame) -> None:
        self.rejects.setdefault(step, []).append(frame)


@dataclass
class Outcome:
    """What a run gave."""

    recorder: Recorder
    counters: dict[str, Counters]
    result: Result
    layouts: dict[str, list[str]]
    variables: Variables

    def rows(self, step: str) -> list[tuple[Any, ...]]:
        """All rows that left a step."""
        return [row for frame in self.recorder.frames.get(step, []) for row in frame.rows()]

    def column(self, step: str, name: str) -> list[Any]:
        """One field of all rows that left a step."""
        return [value for frame in self.recorder.frames.get(step, []) for value in frame[name]]

    def rejected(self, step: str) -> list[tuple[Any, ...]]:
        """All rows that went to the error hop."""
        return [row for frame in self.recorder.rejects.get(step, []) for row in frame.rows()]
