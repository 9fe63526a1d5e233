"""Starts a transformation from outside or from within another: variables, parameters, commit or rollback."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import polars as pl

from assets.kettle.database.connect import Databases
from assets.kettle.engine.buffers import Memory
from assets.kettle.engine.outputs import Outputs
from assets.kettle.engine.result import Result
from assets.kettle.engine.run import EngineSettings, Observer, Quiet, Run
from assets.kettle.engine.runtime import Engine, execute
from assets.kettle.errors import KettleError
from assets.kettle.files.site import kettle_home, known_connections, site_variables
from assets.kettle.files.variables import Variables
from assets.kettle.model import Job, Transformation

TOO_DEEP = "a file calls itself"


def new_run(
    transformation: Transformation,
    *,
    settings: EngineSettings | None = None,
    variables: Variables | None = None,
    parameters: Mapping[str, str] | None = None,
    arguments: list[str] | None = None,
    previous: Result | None = None,
    observer: Observer | None = None,
) -> Run:
    """The surroundings for a run of its own; see `run_transformation`."""
    settings = settings or EngineSettings()
    scope = Variables(site_variables(kettle_home()) if variables is None else variables)
    if transformation.path is not None:
        scope.for_transformation(transformation.path, transformation.name)
    for name, value in (parameters or {}).items():
        scope.set(name, value)
    scope.declare(transformation.parameters, parameters or {})
    return Run(
        transformation=transformation,
        variables=scope,
        settings=settings,
        databases=Databases(known_connections(transformation, kettle_home()), scope, settings.connections),
        outputs=Outputs(),
        memory=Memory(settings.memory_bytes, settings.temp_dir),
        observer=observer or Quiet(),
        previous=previous or Result(),
        arguments=arguments or [],
    )


def run_transformation(
    transformation: Transformation,
    *,
    settings: EngineSettings | None = None,
    variables: Variables | None = None,
    parameters: Mapping[str, str] | None = None,
    arguments: list[str] | None = None,
    previous: Result | None = None,
    observer: Observer | None = None,
) -> Result:
    """Runs a transformation whole. Its files and tables are changed only when it succeeds.

    Args:
        variables: the caller's; the transformation gets a layer of its own above them.
        parameters: named parameters; ones that the file does not declare become plain variables.
        previous: what the calling job hands in.

    Raises:
        KettleError: the file cannot run or a step failed; nothing that can be rolled back has changed.
    """
    run = new_run(
        transformation,
        settings=settings,
        variables=variables,
        parameters=parameters,
        arguments=arguments,
        previous=previous,
        observer=observer,
    )
    with committed(run):
        return execute(run)


@contextmanager
def committed(run: Run) -> Iterator[None]:
    """Commits databases and files when the body has ended well, else rolls them back; releases everything."""
    done = False
    try:
        yield
        if run.result.ok:
            run.databases.commit()
            run.outputs.commit()
            done = True
    finally:
        if not done:
            run.databases.rollback()
            run.outputs.rollback()
        run.databases.close()
        run.memory.close()


@contextmanager
def prepare(
    transformation: Transformation,
    *,
    settings: EngineSettings | None = None,
    variables: Variables | None = None,
    parameters: Mapping[str, str] | None = None,
    previous: Result | None = None,
    observer: Observer | None = None,
) -> Iterator[Engine]:
    """A planned engine, for callers that look at layouts and nodes; `execute()` in the body runs it.

    Raises:
        KettleError: it could not be planned.
    """
    run = new_run(
        transformation,
        settings=settings,
        variables=variables,
        parameters=parameters,
        previous=previous,
        observer=observer,
    )
    with committed(run):
        engine = Engine(run)
        engine.plan()
        yield engine


def too_deep(called: Transformation | Job, caller: Any) -> KettleError:
    """The error of files that call each other too deep; it names the chain of calls.

    Args:
        caller: the Run or JobRun that calls; those that called it are its `parent`s.
    """
    chain = [called]
    while caller is not None:
        chain.append(getattr(caller, "transformation", None) or caller.job)
        caller = caller.parent
    names = [model.path.name if model.path else model.name for model in reversed(chain)]
    shown = [*names[:3], "...", *names[-3:]] if len(names) > 8 else names
    return KettleError(f"{' -> '.join(shown)}: {len(names) - 1} levels deep, {TOO_DEEP}", "break the recursion")


def inner_run(
    parent: Run,
    transformation: Transformation,
    *,
    parameters: Mapping[str, str] | None = None,
    inherit: bool = True,
    arguments: list[str] | None = None,
    previous: Result | None = None,
    feeds: dict[str, Any] | None = None,
    collects: dict[str, Callable[[str, pl.DataFrame], None]] | None = None,
    observer: Observer | None = None,
) -> Run:
    """The surroundings of a transformation that runs inside another one's step (mapping, executor, injection).

    It shares databases, output files and memory with its parent, so both commit or roll back together.

    Raises:
        KettleError: the files call each other too deep.
    """
    if parent.depth + 1 > parent.settings.max_depth:
        raise too_deep(transformation, parent)
    # a layer of its own even where nothing is inherited, so that Set variables finds the caller
    scope = Variables(parent.variables)
    if not inherit:
        scope = Variables(Variables())
        scope.parent = parent.variables
    if transformation.path is not None:
        scope.for_transformation(transformation.path, transformation.name)
    for name, value in (parameters or {}).items():
        scope.set(name, value)
    scope.declare(transformation.parameters, parameters or {})
    parent.databases.add(known_connections(transformation, kettle_home()), scope)
    return Run(
        transformation=transformation,
        variables=scope,
        settings=parent.settings,
        databases=parent.databases,
        outputs=parent.outputs,
        memory=parent.memory,
        observer=observer or Quiet(),
        previous=previous or Result(),
        arguments=arguments if arguments is not None else parent.arguments,
        parent=parent,
        depth=parent.depth + 1,
        feeds=feeds or {},
        collects=collects if collects is not None else {},
        shared=parent.shared,
    )
