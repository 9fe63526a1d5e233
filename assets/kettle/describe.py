"""Describes Kettle files without running them. Also a program: descriptions of many files, one JSON line each.

A step whose fields cannot be told (an unsupported type, a file that is not there, a query with `*` on a database that
is not connected) is said to have that problem; what follows is described as far as it can be.
"""

import json
import re
import sys
from collections.abc import Mapping
from pathlib import Path

from assets.kettle.described import FileInfo, Output, ParameterInfo, Place, StepInfo
from assets.kettle.engine.graph import Graph
from assets.kettle.engine.node import Node
from assets.kettle.engine.run import EngineSettings
from assets.kettle.engine.runtime import Engine
from assets.kettle.engine.start import new_run
from assets.kettle.engine.step import DataSet, Step
from assets.kettle.errors import KettleError, UnsupportedStepError
from assets.kettle.files.load import locate
from assets.kettle.files.read import read
from assets.kettle.files.site import kettle_home, known_connections, site_variables
from assets.kettle.files.variables import Variables
from assets.kettle.jobs.registry import entry_classes
from assets.kettle.lineage import Tracer, info
from assets.kettle.model import Job, Transformation
from assets.kettle.offline import Columns, OfflineDatabases
from assets.kettle.pieces import SEPARABLE, hop_order
from assets.kettle.schedule import cron_of
from assets.kettle.steps.registry import step_class

UNKNOWN_BEFORE = "its input is not known, see the steps before it"
SCRIPTS = ("ScriptValueMod", "ScriptValue")
# what a script may call that reaches beyond its rows
ACTING = re.compile(
    r"setVariable|fireToDB|execProcess|sendMail|deleteFile|createFolder|moveFile|copyFile|touch|Packages"
)
CALLING_TYPES = {"TRANS": "transformation", "PIPELINE": "transformation", "JOB": "job", "WORKFLOW": "job"}


def describe(
    path: Path,
    name: str = "",
    *,
    settings: EngineSettings | None = None,
    warehouse: str = "",
    parameters: Mapping[str, str] | None = None,
    connect: bool = False,
    columns: Columns = lambda connection, table: [],
) -> FileInfo:
    """What the file says. Never raises for what is wrong with the file: the description tells it.

    Args:
        name: how the file is called in the description; default: its name.
        warehouse: URL; connections that lead there are marked.
        parameters: in place of the file's defaults.
        connect: ask the databases for layouts; else they come from the text of the queries.
        columns: what is known of tables anyway, where no database is asked.
    """
    name = name or path.name
    kind = path.suffix.lower().lstrip(".")
    try:
        model = read(path)
        if isinstance(model, Job):
            return _job(model, name)
        return _Describing(model, name, settings, warehouse, parameters, connect, columns).info()
    except KettleError as error:
        return FileInfo(name=name, kind=kind, error=str(error))
    except Exception as error:  # a broken file must not hide the others: the description names what happened
        return FileInfo(name=name, kind=kind, error=f"{type(error).__name__}: {error}")


def describe_transformation(
    model: Transformation,
    name: str,
    *,
    settings: EngineSettings | None = None,
    warehouse: str = "",
    columns: Columns = lambda connection, table: [],
) -> FileInfo:
    """What a transformation says that may be in no file yet; see `describe`. Raises KettleError for a broken one."""
    return _Describing(model, name, settings, warehouse, None, False, columns).info()


class _Describing:
    """One transformation, planned step by step so that a step that fails leaves the others."""

    def __init__(
        self,
        model: Transformation,
        name: str,
        settings: EngineSettings | None,
        warehouse: str,
        parameters: Mapping[str, str] | None,
        connect: bool,
        columns: Columns,
    ) -> None:
        self.model = model
        self.name = name
        self.warehouse = warehouse
        self.columns = columns
        self.run = new_run(model, settings=settings, parameters=parameters)
        if connect:
            self.run.databases.planning_only = True
        else:
            self.run.databases = self._offline()
        self.problems: dict[str, str] = {}
        self.unsupported: set[str] = set()
        self.engine = Engine(self.run)

    def _offline(self) -> OfflineDatabases:
        known = known_connections(self.model, kettle_home())
        return OfflineDatabases(known, self.run.variables, self.run.settings.connections, self.columns)

    def info(self) -> FileInfo:
        """The description."""
        try:
            self._plan()
            tracer = Tracer(self.engine, self.problems)
            outputs = [_typed(o, self._guessed()) for o in tracer.outputs(self._places("writes"))]
            return FileInfo(
                name=self.name,
                kind=self.model.kind,
                title=self.model.name,
                description=self.model.info.text("info/description", "description"),
                parameters=_parameters(self.model),
                steps=tuple(self._steps()),
                order=tuple(self.engine.graph.order),
                hops=tuple(self._hops()),
                error_hops=tuple(self.engine.graph.errors.items()),
                reads=tuple(self._places("reads")),
                outputs=tuple(outputs),
            )
        finally:
            self.run.databases.rollback()
            self.run.databases.close()
            self.run.memory.close()

    def _guessed(self) -> bool:
        return isinstance(self.run.databases, OfflineDatabases) and self.run.databases.used

    def _plan(self) -> None:
        engine, graph = self.engine, self.engine.graph
        file = str(self.model.path or self.model.name)
        for name in graph.order:
            node = self.model.steps[name]
            try:
                step = step_class(node.type, name, file)(node, self.run)
                engine.nodes[name] = Node([step], self.run, graph.targets[name], graph.errors.get(name), _nowhere)
                if any(source in self.problems for source in graph.inputs[name]):
                    step.inputs = {}
                    self.problems[name] = UNKNOWN_BEFORE
                else:
                    engine.nodes[name].plan(engine.layouts_into(name))
            except UnsupportedStepError as error:
                self.unsupported.add(name)
                self.problems[name] = error.what
            except Exception as error:  # one step's failure is told and leaves the others
                self.problems[name] = (
                    error.what if isinstance(error, KettleError) else f"{type(error).__name__}: {error}"
                )

    def _steps(self) -> list[StepInfo]:
        found = []
        for name in self.engine.graph.order:
            node = self.engine.nodes.get(name)
            known = node is not None and name not in self.problems
            found.append(
                StepInfo(
                    name=name,
                    type=self.model.steps[name].type,
                    supported=name not in self.unsupported,
                    fields=tuple(info(f) for f in node.step.output) if node is not None and known else None,
                    problem=self.problems.get(name, ""),
                    alone=self._alone(name),
                )
            )
        return found

    def _alone(self, name: str) -> bool:
        """Whether the step does the same when it runs before, and apart from, the steps that change something."""
        node = self.model.steps[name]
        if node.type not in SEPARABLE or name in self.unsupported:
            return False
        if any(self.model.steps[n].copies != "1" for n in self.engine.graph.order):
            return False  # what several copies get depends on the steps on both sides of a hop
        if node.type in SCRIPTS and ACTING.search(" ".join(node.options.element.itertext())):
            return False
        changed = " ".join(self._scripts()).lower()
        written = {place.name for place in self._places("writes") if place.kind == "file"}
        return not any(
            place.name.rpartition(".")[2].lower() in changed if place.kind == "table" else place.name in written
            for place in self._places("reads")
            if place.step == name
        )

    def _scripts(self) -> list[str]:
        """SQL scripts that run when the transformation starts."""
        steps = [self.model.steps[name] for name in self.engine.graph.order]
        return [node.options.text("sql") for node in steps if node.type in ("ExecSQL", "ExecSql")]

    def _hops(self) -> list[tuple[str, str]]:
        graph, nodes = self.engine.graph, self.engine.nodes
        targets = all_targets(graph)
        side = {name: node.step.named_inputs() for name, node in nodes.items()}
        holding = [name for name, node in nodes.items() if node.step.blocking]
        return hop_order(graph.order, graph.inputs, targets, holding, side)

    def _places(self, what: str) -> list[Place]:
        nodes = [self.engine.nodes[n] for n in self.engine.graph.order if n in self.engine.nodes]
        said = [(node.name, dataset) for node in nodes for dataset in self._said(node.step, what) if dataset.name]
        return [
            Place(
                kind=dataset.kind,
                connection=dataset.connection,
                name=dataset.name,
                step=name,
                warehouse=self._in_warehouse(dataset),
                columns=dict(dataset.columns),
            )
            for name, dataset in said
        ]

    def _said(self, step: Step, what: str) -> list[DataSet]:
        """What a step reads or writes; without its layout only where, not which columns."""
        try:
            said: list[DataSet] = getattr(step, what)()
            return said
        except Exception as error:  # told with the step
            self.problems.setdefault(step.name, f"{type(error).__name__}: {error}")
            dataset = getattr(step, "dataset", None)
            if what != "writes" or dataset is None or type(step).writes is Step.writes:
                return []
            return [dataset({})]

    def _in_warehouse(self, dataset: DataSet) -> bool:
        if not self.warehouse or dataset.kind != "table":
            return False
        try:
            url = self.run.databases.target(dataset.connection).url
        except KettleError:
            return False
        return url.render_as_string(hide_password=False) == _plain(self.warehouse)


def all_targets(graph: Graph) -> dict[str, list[str]]:
    """Step -> the steps that its hops lead to, the error hop's last."""
    return {n: [*graph.targets[n], *([graph.errors[n]] if n in graph.errors else [])] for n in graph.order}


def _plain(url: str) -> str:
    from sqlalchemy import make_url

    return make_url(url).render_as_string(hide_password=False)


def _nowhere(source: str, target: str, frame: object) -> None:
    raise KettleError(f"{source}: a description runs no rows", "")


def _typed(output: Output, guessed: bool) -> Output:
    """Without types where they are guesses."""
    if not guessed:
        return output
    return output.model_copy(update={"fields": tuple(f.model_copy(update={"type": ""}) for f in output.fields)})


def _parameters(model: Transformation | Job) -> tuple[ParameterInfo, ...]:
    return tuple(ParameterInfo(name=p.name, default=p.default, description=p.description) for p in model.parameters)


def _job(job: Job, name: str) -> FileInfo:
    scope = Variables(site_variables(kettle_home()))
    scope.for_job(job.path, job.name)
    scope.declare(job.parameters)
    supported = entry_classes()
    steps, calls = [], {}
    for entry in job.entries:
        kind, problem = CALLING_TYPES.get(entry.type), ""
        if entry.type not in supported:
            problem = f"entries of type {entry.type} are not supported"
        elif kind is not None:
            try:
                calls[entry.name] = str(locate(entry.options, scope, job.path, kind))
            except KettleError as error:
                problem = str(error)
        steps.append(StepInfo(name=entry.name, type=entry.type, supported=entry.type in supported, problem=problem))
    start = next((e for e in job.entries if e.is_start), None)
    return FileInfo(
        name=name,
        kind=job.kind,
        title=job.name,
        description=job.info.text("description"),
        error="" if start else "the job has no START entry: add one",
        parameters=_parameters(job),
        steps=tuple(steps),
        order=tuple(dict.fromkeys(e.name for e in job.entries)),
        hops=tuple((h.source, h.target) for h in job.hops if h.enabled),
        calls=calls,
        cron=cron_of(start.options) if start else "",
    )


def main() -> None:
    """Describes files named on stdin (JSON: folder, warehouse, connections, names), one JSON line each on stdout."""
    request = json.load(sys.stdin)
    warehouse = request["warehouse"]
    settings = EngineSettings(connections=request["connections"])
    for name in request["names"]:
        found = describe(Path(request["folder"], name), name, settings=settings, warehouse=warehouse)
        sys.stdout.write(found.model_dump_json() + "\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main()
