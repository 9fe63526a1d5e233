"""Starts a job from outside or from an entry of another."""

from collections.abc import Callable, Mapping

from assets.kettle.engine.result import Result
from assets.kettle.engine.run import EngineSettings, Observer
from assets.kettle.engine.start import too_deep
from assets.kettle.files.site import kettle_home, site_variables
from assets.kettle.files.variables import Variables
from assets.kettle.jobs.run import Event, JobRun
from assets.kettle.jobs.walk import Walk
from assets.kettle.model import Job


def run_job(
    job: Job,
    *,
    settings: EngineSettings | None = None,
    variables: Variables | None = None,
    parameters: Mapping[str, str] | None = None,
    arguments: list[str] | None = None,
    previous: Result | None = None,
    observe: Callable[[str], Observer] | None = None,
    listener: Callable[[Event], None] | None = None,
) -> tuple[Result, list[Event]]:
    """Runs a job once (its START's own schedule is Dagster's to keep).

    Returns the result and what ended, in order. Each transformation commits for itself.

    Raises:
        KettleError: the job cannot be walked (no START, an entry that is not supported, a broken hop).
    """
    scope = Variables(site_variables(kettle_home()) if variables is None else variables)
    if job.path is not None:
        scope.for_job(job.path, job.name)
    for name, value in (parameters or {}).items():
        scope.set(name, value)
    scope.declare(job.parameters, parameters or {})
    run = JobRun(job, scope, settings or EngineSettings(), arguments or [], observe=observe, listener=listener)
    return walk(run, previous or Result()), run.events


def run_inner_job(
    parent: JobRun,
    job: Job,
    *,
    parameters: Mapping[str, str] | None = None,
    inherit: bool = True,
    arguments: list[str] | None = None,
    previous: Result | None = None,
) -> Result:
    """Runs a job as an entry of another. Raises KettleError when jobs call each other too deep."""
    if parent.depth + 1 > parent.settings.max_depth:
        raise too_deep(job, parent)
    scope = Variables(parent.variables)
    if not inherit:
        scope = Variables(Variables())
        scope.parent = parent.variables
    if job.path is not None:
        scope.for_job(job.path, job.name)
    for name, value in (parameters or {}).items():
        scope.set(name, value)
    scope.declare(job.parameters, parameters or {})
    run = JobRun(
        job,
        scope,
        parent.settings,
        arguments if arguments is not None else parent.arguments,
        parent.depth + 1,
        parent,
        (*parent.path, parent.job.name),
        parent.events,
        parent.observe,
        parent.listener,
    )
    return walk(run, previous or Result())


def walk(run: JobRun, previous: Result) -> Result:
    """Walks the job; the log of the run goes into the result, and into that of the job that called it."""
    run.log(run.job.name, "Start of job execution")
    try:
        result = Walk(run).walk(previous)
    finally:
        if run.parent is not None:
            run.parent.log_lines += run.log_lines
    result.log_text = "\n".join(run.log_lines)
    return result
