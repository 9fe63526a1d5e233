"""Starts a transformation from outside or from within another: variables, parameters, commit or rollback."""

from collections.abc import Callable, Mapping
from typing import Any

import polars as pl

from assets.kettle.database.connect import Databases
from assets.kettle.engine.buffers import Memory
from assets.kettle.engine.outputs import Outputs
from assets.kettle.engine.result import Result
from assets.kettle.engine.run import EngineSettings, Observer, Quiet, Run
from assets.kettle.engine.runtime import execute
from assets.kettle.errors import KettleError
from assets.kettle.files.variables import Variables
from assets.kettle.model import Parameter, Transformation


def activate(parameters: list[Parameter], given: Mapping[str, str], variables: Variables) -> None:
    """Makes named parameters variables: the given value, or the default when it is missing or empty."""
    for parameter in parameters:
        value = given.get(parameter.name) or parameter.default
        variables.set(parameter.name, variables.resolve(value))


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
    settings = settings or EngineSettings()
    scope = Variables(variables)
    if transformation.path is not None:
        scope.for_transformation(transformation.path, transformation.name)
    for name, value in (parameters or {}).items():
        scope.set(name, value)
    activate(transformation.parameters, parameters or {}, scope)
    run = Run(
        transformation=transformation,
        variables=scope,
        settings=settings,
        databases=Databases(transformation.connections, scope, settings.connections),
        outputs=Outputs(),
        memory=Memory(settings.memory_bytes, settings.temp_dir),
        observer=observer or Quiet(),
        previous=previous or Result(),
        arguments=arguments or [],
    )
    return _finish(run)


def _finish(run: Run) -> Result:
    done = False
    try:
        result = execute(run)
        if result.ok:
            run.databases.commit()
            run.outputs.commit()
            done = True
        return result
    finally:
        if not done:
            run.databases.rollback()
            run.outputs.rollback()
        run.databases.close()
        run.memory.close()


def run_inner(
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
) -> Result:
    """Runs a transformation inside another one's step (mapping, executor, injection).

    It shares databases, output files and memory with its parent, so both commit or roll back together.

    Raises:
        KettleError: it calls itself too deep, cannot run, or a step failed.
    """
    if parent.depth + 1 > parent.settings.max_depth:
        raise KettleError(
            f"{transformation.path or transformation.name} is called {parent.depth + 1} levels deep: it calls itself",
            "break the recursion",
        )
    scope = Variables(parent.variables if inherit else None)
    if transformation.path is not None:
        scope.for_transformation(transformation.path, transformation.name)
    for name, value in (parameters or {}).items():
        scope.set(name, value)
    activate(transformation.parameters, parameters or {}, scope)
    parent.databases.add(transformation.connections, scope)
    return execute(
        Run(
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
            collects=collects or {},
            shared=parent.shared,
        )
    )
