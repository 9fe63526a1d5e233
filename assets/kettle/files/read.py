"""Reads .ktr, .kjb, .hpl and .hwf into `Transformation` and `Job`.

Hop's files differ in names of elements only: `<pipeline>`/`<transform>`/`<transform_error_handling>` and
`<workflow>`/`<action>`. Type ids stay as the file spells them. Like Kettle, the reader passes over what it does not
know, over hops whose step is not there, and takes defaults for what is absent.
"""

from dataclasses import replace
from pathlib import Path
from typing import Any, NamedTuple

from assets.kettle.errors import FileFormatError
from assets.kettle.files.connections import connections_of
from assets.kettle.files.document import Document, parse
from assets.kettle.model import (
    Entry,
    ErrorHandling,
    Hop,
    Job,
    JobHop,
    Options,
    Parameter,
    StepNode,
    Transformation,
)


class Shape(NamedTuple):
    """How one kind of file names its parts."""

    kind: str
    node: str
    error_handling: str
    error_source: tuple[str, ...]
    error_target: tuple[str, ...]


_SOURCE = ("source_step", "source_transform")
_TARGET = ("target_step", "target_transform")
TRANSFORMATIONS = {
    "transformation": Shape("ktr", "step", "step_error_handling", _SOURCE, _TARGET),
    "pipeline": Shape("hpl", "transform", "transform_error_handling", _SOURCE[::-1], _TARGET[::-1]),
}
JOBS = {
    "job": Shape("kjb", "entries/entry", "", (), ()),
    "workflow": Shape("hwf", "actions/action", "", (), ()),
}


def read(path: Path) -> Transformation | Job:
    """The file at `path`, by what its root element says. Raises FileFormatError naming file and line."""
    document = parse(_bytes(path), str(path))
    if document.root.tag in JOBS:
        return _job(document, path)
    return _transformation(document, path, str(path))


def read_transformation(source: Path | bytes, base: Path | None = None) -> Transformation:
    """A transformation from a file or from bytes; `base` is the path that bytes count as having.

    Raises FileFormatError, also when it is a job.
    """
    path = base if isinstance(source, bytes) else source
    where = str(path or "transformation")
    return _transformation(parse(source if isinstance(source, bytes) else _bytes(source), where), path, where)


def read_job(source: Path | bytes, base: Path | None = None) -> Job:
    """A job from a file or from bytes; `base` is the path that bytes count as having.

    Raises FileFormatError, also when it is a transformation.
    """
    path = base if isinstance(source, bytes) else source
    return _job(parse(source if isinstance(source, bytes) else _bytes(source), str(path or "job")), path)


def refresh(model: Transformation | Job) -> None:
    """Brings the model's values in line with its tree, after the tree was changed. Raises FileFormatError."""
    fresh: Transformation | Job
    if isinstance(model, Job):
        fresh = _job(model.document, model.path)
    else:
        fresh = _transformation(model.document, model.path, str(model.path or "transformation"))
    for name in type(model).__slots__:
        setattr(model, name, getattr(fresh, name))


def _bytes(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise FileFormatError(f"{path}: {error.strerror or error}", "check the path") from None


def _transformation(document: Document, path: Path | None, where: str) -> Transformation:
    root = document.root
    shape = TRANSFORMATIONS.get(root.tag)
    if shape is None:
        wanted = "<transformation> or <pipeline>"
        raise FileFormatError(
            f"{where}: the root element is <{root.tag}>, not {wanted}",
            "give a .ktr or .hpl file" + ("; this is a job" if root.tag in JOBS else ""),
        )
    found = root.find("info")
    info = Options(root if found is None else found)
    steps = _steps(root, shape, where)
    return Transformation(
        name=info.text("name") or (path.stem if path else ""),
        path=path,
        steps=steps,
        hops=_hops(root, steps),
        parameters=_parameters(info),
        connections=connections_of(root),
        info=info,
        document=document,
        kind=shape.kind,
    )


def _steps(root: Any, shape: Shape, where: str) -> dict[str, StepNode]:
    """Steps by name. Names equal but for case are one to Kettle: the last takes the first's place."""
    errors = _errors(root, shape)
    found: dict[str, StepNode] = {}
    for element in root.findall(shape.node):
        options = Options(element)
        name = options.text("name")
        if not name:
            raise FileFormatError(f"{where}: line {element.sourceline}: a step has no name", "name it")
        found[name.lower()] = StepNode(
            name=name,
            type=options.text("type"),
            options=options,
            distribute=options.flag("distribute", default=True),
            copies=(options.text("copies_string", "copies").strip() or "1"),
            error=errors.get(name.lower()),
        )
    for step in found.values():
        target = found.get(step.error.target.lower()) if step.error else None
        step.error = replace(step.error, source=step.name, target=target.name) if step.error and target else None
    return {step.name: step for step in found.values()}


def _errors(root: Any, shape: Shape) -> dict[str, ErrorHandling]:
    """Error handling by source step in lower case; one without a target is none."""
    found: dict[str, ErrorHandling] = {}
    for options in Options(root).rows(f"{shape.error_handling}/error"):
        source, target = options.text(*shape.error_source), options.text(*shape.error_target)
        if source and target:
            found[source.lower()] = ErrorHandling(
                source=source,
                target=target,
                enabled=options.flag("is_enabled"),
                count_field=options.text("nr_valuename"),
                description_field=options.text("descriptions_valuename"),
                fields_field=options.text("fields_valuename"),
                codes_field=options.text("codes_valuename"),
                max_errors=options.text("max_errors"),
                max_percent=options.text("max_pct_errors"),
                min_rows=options.text("min_pct_rows"),
            )
    return found


def _hops(root: Any, steps: dict[str, StepNode]) -> list[Hop]:
    """Hops in file order, those between steps that are there. Kettle reads an absent <enabled> as Y."""
    names = {name.lower(): name for name in steps}
    hops = []
    for options in Options(root).rows("order/hop"):
        source, target = names.get(options.text("from").lower()), names.get(options.text("to").lower())
        if source is not None and target is not None:
            hops.append(Hop(source, target, options.flag("enabled", default=True)))
    return hops


def _parameters(holder: Options) -> list[Parameter]:
    return [
        Parameter(options.text("name"), options.text("default_value"), options.text("description"))
        for options in holder.rows("parameters/parameter")
        if options.text("name")
    ]


def _job(document: Document, path: Path | None) -> Job:
    root = document.root
    shape = JOBS.get(root.tag)
    if shape is None:
        raise FileFormatError(
            f"{path or 'job'}: the root element is <{root.tag}>, not <job> or <workflow>",
            "give a .kjb or .hwf file" + ("; this is a transformation" if root.tag in TRANSFORMATIONS else ""),
        )
    info = Options(root)
    entries = [
        Entry(
            name=options.text("name"),
            type=options.text("type"),
            options=options,
            nr=number(options.text("nr")),
            parallel=options.flag("parallel"),
        )
        for options in info.rows(shape.node)
    ]
    return Job(
        name=info.text("name") or (path.stem if path else ""),
        path=path,
        entries=entries,
        hops=_job_hops(info, entries),
        parameters=_parameters(info),
        connections=connections_of(root),
        info=info,
        document=document,
        kind=shape.kind,
    )


def _job_hops(info: Options, entries: list[Entry]) -> list[JobHop]:
    """Hops in file order, those between entries that are there."""
    names = {(entry.name.lower(), entry.nr): entry.name for entry in entries}
    hops = []
    for options in info.rows("hops/hop"):
        source_nr, target_nr = number(options.text("from_nr")), number(options.text("to_nr"))
        source = names.get((options.text("from").lower(), source_nr))
        target = names.get((options.text("to").lower(), target_nr))
        if source is not None and target is not None:
            hops.append(
                JobHop(
                    source=source,
                    target=target,
                    source_nr=source_nr,
                    target_nr=target_nr,
                    enabled=options.flag("enabled", default=True),
                    unconditional=options.flag("unconditional"),
                    evaluation=options.flag("evaluation", default=True),
                )
            )
    return hops


def number(text: str) -> int:
    """A whole number such as an entry's nr, 0 where there is none, as Kettle reads it."""
    return int(text) if text.strip().lstrip("-").isdecimal() else 0
