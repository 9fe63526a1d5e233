"""Which files a Kettle file calls, by which step or entry, and under which condition, as far as its text tells."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from assets.kettle.errors import KettleError
from assets.kettle.files.load import locate
from assets.kettle.files.read import read
from assets.kettle.files.site import kettle_home, site_variables
from assets.kettle.files.variables import Variables
from assets.kettle.model import Entry, Job, Options, StepNode, Transformation

_PLANNED = ("Mapping", "SimpleMapping", "MetaInject", "SingleThreader")  # steps that load what they call in any case
_PER_ROW = ("TransExecutor", "PipelineExecutor", "JobExecutor", "WorkflowExecutor")
_ENTRIES = ("TRANS", "PIPELINE", "JOB", "WORKFLOW")
_JOBS = ("JobExecutor", "WorkflowExecutor", "JOB", "WORKFLOW")
_NEVER_FAIL = ("SUCCESS", "SPECIAL", "DUMMY")
# type of a step or entry that runs another file -> that file's kind
CALLS = {t: "job" if t in _JOBS else "transformation" for t in (*_PLANNED, *_PER_ROW, *_ENTRIES)}


@dataclass(frozen=True, slots=True)
class Link:
    """A file calls another; `when` says under which condition, "" is always."""

    source: Path
    node: str
    target: Path
    when: str


def called(options: Options, type_id: str, scope: Variables, base: Path | None) -> Path | None:
    """The file that a step or entry calls; None where only a run knows it. Raises KettleError when it is not there."""
    if options.text("filename", "specification_method") and options.flag("filename_in_field", "filenameInField"):
        return None
    return locate(options, scope, base, CALLS[type_id])


def links_of(path: Path) -> list[Link]:
    """What a file calls, as far as its parameters' defaults tell."""
    try:
        model = read(path)
    except KettleError:
        return []
    scope = scope_of(model)
    found = []
    for node, when in _entries(model) if isinstance(model, Job) else _steps(model):
        try:
            target = called(node.options, node.type, scope, path)
        except KettleError:
            continue
        if target is not None:
            found.append(Link(path, node.name, target.resolve(), when))
    return found


def scope_of(model: Transformation | Job) -> Variables:
    """The variables that a file sees before it runs."""
    scope = Variables(site_variables(kettle_home()))
    if isinstance(model, Job):
        scope.for_job(model.path, model.name)
    else:
        scope.for_transformation(model.path, model.name)
    scope.declare(model.parameters)
    return scope


def _steps(model: Transformation) -> Iterator[tuple[StepNode, str]]:
    hopped = {name for hop in model.hops if hop.enabled for name in (hop.source, hop.target)}
    for step in model.steps.values():
        if step.type in CALLS and (step.name in hopped or len(model.steps) == 1):
            yield step, f"when rows reach {step.name!r}" if step.type in _PER_ROW else ""


def _entries(model: Job) -> Iterator[tuple[Entry, str]]:
    """The calling entries that START reaches, with the condition on the way there that asks least."""
    reached = _reached(model)
    for entry in model.entries:
        when = reached.get((entry.name, entry.nr))
        if entry.type in CALLS and when is not None:
            rows = f"for each row that {entry.name!r} gets" if entry.options.flag("exec_per_row") else ""
            yield entry, "; and only ".join(filter(None, (*when, rows)))


def _reached(model: Job) -> Mapping[tuple[str, int], tuple[str, ...]]:
    """Entry -> conditions to get there from START, of the way with the fewest."""
    by_key = {(entry.name, entry.nr): entry for entry in model.entries}
    reached: dict[tuple[str, int], tuple[str, ...]] = {k: () for k, e in by_key.items() if e.is_start}
    waiting = list(reached)
    while waiting:
        waiting.sort(key=lambda key: len(reached[key]))
        here = waiting.pop(0)
        for hop in model.hops:
            there = (hop.target, hop.target_nr)
            if not hop.enabled or (hop.source, hop.source_nr) != here or there not in by_key:
                continue
            sure = hop.unconditional or (hop.evaluation and by_key[here].type in _NEVER_FAIL)
            state = "succeeds" if hop.evaluation else "fails"
            when = reached[here] if sure else (*reached[here], f"when {here[0]!r} {state}")
            if there not in reached or len(when) < len(reached[there]):
                reached[there] = when
                waiting.append(there)
    return reached
