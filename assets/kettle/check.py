"""Says of Kettle files, without running them, whether the native engine can: parse, write back, plan, and what misses.

A finding either speaks about the engine (`SUPPORT`: it does not have a type or an option, or fails on the file) or
about the surroundings (a file, a variable, a driver, a connection that is not here), which another machine may have.
"""

import re
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from assets.kettle.calls import CALLS, called, scope_of
from assets.kettle.database.connect import Databases
from assets.kettle.describe import UNKNOWN_BEFORE, describe
from assets.kettle.described import FileInfo, StepInfo
from assets.kettle.engine.run import EngineSettings
from assets.kettle.errors import KettleError
from assets.kettle.files.read import read
from assets.kettle.files.site import kettle_home, known_connections
from assets.kettle.files.variables import Variables
from assets.kettle.files.write import to_bytes
from assets.kettle.jobs.registry import entry_classes
from assets.kettle.model import Job, Options, Transformation
from assets.kettle.recursion import loops
from assets.kettle.steps.registry import step_modules

ENDINGS = (".ktr", ".kjb", ".hpl", ".hwf")
_VARIABLE = re.compile(r"\$\{([^{}$]+)\}|%%([^%\s]+)%%")
_UNEXPECTED = re.compile(r"[A-Za-z_.]+(Error|Exception|Panic)\w*: ")  # describe's words for what is no KettleError


class Kind(StrEnum):
    """What a finding is about."""

    FORMAT = "cannot be read"
    ROUND_TRIP = "is not written back as it was"
    TYPE = "type not supported"
    OPTION = "option not supported"
    FAILURE = "failure of the engine"
    PLAN = "cannot be planned"
    CALL = "called file not there"
    ENDLESS = "calls itself without end"
    RECURSION = "warning: calls itself"
    FILE = "input file not there"
    VARIABLE = "variable without a value"
    CONNECTION = "connection or driver not there"


SUPPORT = (Kind.FORMAT, Kind.TYPE, Kind.OPTION, Kind.FAILURE)


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that is not right; `step` and `type` are "" where it is about the whole file."""

    kind: Kind
    reason: str
    step: str = ""
    type: str = ""


@dataclass(slots=True)
class Report:
    """What is known of one file.

    Attributes:
        steps: type of each step or entry that would run.
        findings: in the order in which they were met.
    """

    path: Path
    is_job: bool
    steps: dict[str, str] = field(default_factory=dict)
    findings: list[Finding] = field(default_factory=list)

    def add(self, kind: Kind, reason: str, step: str = "", type_id: str = "") -> None:
        """Notes a finding."""
        self.findings.append(Finding(kind, reason, step, type_id))

    def has(self, *kinds: Kind) -> bool:
        """Whether there is a finding of one of these kinds."""
        return any(f.kind in kinds for f in self.findings)

    @property
    def parsed(self) -> bool:
        """The file could be read."""
        return not self.has(Kind.FORMAT)

    @property
    def round_trip(self) -> bool:
        """The file is read and written back byte for byte."""
        return not self.has(Kind.FORMAT, Kind.ROUND_TRIP)

    @property
    def supported(self) -> bool:
        """The engine has all that the file needs; its surroundings may still miss."""
        return not self.has(*SUPPORT)

    @property
    def endless(self) -> bool:
        """The file calls itself whatever happens: no engine can run it."""
        return self.has(Kind.ENDLESS)

    @property
    def ready(self) -> bool:
        """Nothing was found that keeps it from running here."""
        return all(finding.kind is Kind.RECURSION for finding in self.findings)


@dataclass(slots=True)
class FolderReport:
    """The reports of all files under a folder, counted."""

    reports: list[Report]

    def of(self, jobs: bool) -> list[Report]:
        """Those of jobs, or those of transformations."""
        return [r for r in self.reports if r.is_job == jobs]

    def types(self) -> Counter[str]:
        """Type -> in how many files it occurs."""
        return Counter(t for r in self.reports for t in set(r.steps.values()))

    def unsupported(self) -> Counter[tuple[str, str]]:
        """(type, reason) of what the engine lacks -> in how many files; reasons do not name the step."""
        return Counter(
            key
            for r in self.reports
            for key in {(f.type, _plain(f)) for f in r.findings if f.kind in SUPPORT and f.kind is not Kind.FORMAT}
        )

    def kinds(self) -> Counter[Kind]:
        """Kind of finding -> in how many files."""
        return Counter(kind for r in self.reports for kind in {f.kind for f in r.findings})


def check_folder(folder: Path, urls: Mapping[str, str] | None = None) -> FolderReport:
    """Checks every Kettle and Hop file under a folder, by name. Never raises for what is in a file.

    Args:
        urls: SQLAlchemy URL per connection, in place of what the files say.
    """
    paths = sorted(p for p in folder.rglob("*") if p.suffix.lower() in ENDINGS and p.is_file())
    return FolderReport([check_file(path, urls) for path in paths])


def check_file(path: Path, urls: Mapping[str, str] | None = None) -> Report:
    """Checks one file; see `check_folder`. Never raises for what is in it."""
    report = Report(path, path.suffix.lower() in (".kjb", ".hwf"))
    try:
        model = read(path)
    except KettleError as error:
        report.add(Kind.FORMAT, str(error))
        return report
    report.is_job = isinstance(model, Job)
    if to_bytes(model) != path.read_bytes():
        report.add(Kind.ROUND_TRIP, "writing it back gives other bytes")
    found = describe(path, settings=EngineSettings(connections=dict(urls or {})))
    report.steps = {s.name: s.type for s in found.steps if s.name in found.order}
    if found.error:
        report.add(Kind.FAILURE if _UNEXPECTED.match(found.error) else Kind.PLAN, found.error)
    missing = _missing_calls(report, model)
    for step in found.steps:
        if step.problem and step.problem != UNKNOWN_BEFORE and step.name not in missing:
            report.add(_kind(step, report.is_job), step.problem, step.name, step.type)
    for loop in loops(path):
        node = loop.links[0].node
        report.add(Kind.ENDLESS if loop.endless else Kind.RECURSION, str(loop), node, report.steps.get(node, ""))
    _surroundings(report, model, found, urls or {})
    return report


def _kind(step: StepInfo, is_job: bool) -> Kind:
    if not step.supported:
        known = step.type in (entry_classes() if is_job else step_modules())
        return Kind.OPTION if known else Kind.TYPE
    return Kind.FAILURE if _UNEXPECTED.match(step.problem) else Kind.PLAN


def _plain(finding: Finding) -> str:
    if finding.kind is Kind.TYPE:
        return finding.kind.value
    return f"{finding.kind.value}: {finding.reason.replace(repr(finding.step), 'it')}"


def _nodes(model: Transformation | Job) -> Iterator[tuple[str, str, Options]]:
    """Name, type and options of each step or entry."""
    for node in model.entries if isinstance(model, Job) else model.steps.values():
        yield node.name, node.type, node.options


def _missing_calls(report: Report, model: Transformation | Job) -> set[str]:
    """The steps whose called file is not there; each is a finding."""
    scope = scope_of(model)
    missing = set()
    for name, type_id, options in _nodes(model):
        if type_id not in CALLS or report.steps.get(name) != type_id:
            continue
        try:
            called(options, type_id, scope, model.path)
        except KettleError as error:
            missing.add(name)
            report.add(Kind.CALL, error.what, name, type_id)
    return missing


def _surroundings(report: Report, model: Transformation | Job, found: FileInfo, urls: Mapping[str, str]) -> None:
    """Input files, variables and connections that are not here."""
    scope = scope_of(model)
    for place in found.reads:
        local = place.kind == "file" and not _VARIABLE.search(place.name) and "://" not in place.name
        if local and not Path(place.name).exists():
            report.add(Kind.FILE, place.name, place.step, report.steps.get(place.step, ""))
    unset: dict[str, str] = {}
    for name, _, options in _nodes(model):
        if name in report.steps:
            for variable in _variables(options.element, scope):
                unset.setdefault(variable, name)
    for variable in sorted(unset.keys() - _set_here(model)):
        report.add(Kind.VARIABLE, variable, unset[variable], report.steps.get(unset[variable], ""))
    connections = known_connections(model, kettle_home())
    databases = Databases(connections, scope, urls)
    for name, used in _connections(report, model).items():
        reason = _unreachable(databases, scope.resolve(name))
        if reason:
            report.add(Kind.CONNECTION, reason, used, report.steps[used])


def _variables(element: Any, scope: Variables) -> Iterator[str]:
    """Names in the texts of an element that have no value. Kettle sets those of `Internal.` itself."""
    for text in element.itertext():
        if "${" in text or "%%" in text:
            for match in _VARIABLE.finditer(text):
                name = match[1] or match[2]
                if name not in scope and not name.startswith("Internal."):
                    yield name


def _set_here(model: Transformation | Job) -> set[str]:
    """Variables that steps or entries of the file itself set."""
    return {str(e.text) for _, _, o in _nodes(model) for e in o.element.iter("variable_name") if e.text}


def _connections(report: Report, model: Transformation | Job) -> dict[str, str]:
    """Name of each connection that is used -> the first step that does."""
    used: dict[str, str] = {}
    for name, _, options in _nodes(model):
        text = options.text("connection")
        if text and name in report.steps:
            used.setdefault(text, name)
    return used


def _unreachable(databases: Databases, name: str) -> str:
    """Why a connection cannot be used; "" when a driver is there. Nobody connects."""
    try:
        target = databases.target(name)
    except KettleError as error:
        return error.what
    missing = _driver(target.url.drivername)
    return f"connection {name!r} needs the package {target.package} ({missing})" if missing else ""


@cache
def _driver(name: str) -> str:
    """Why there is no working driver of that name, or ""; DuckDB is used without SQLAlchemy's."""
    if name == "duckdb":
        return "" if find_spec("duckdb") else "it is not installed"
    from sqlalchemy import URL
    from sqlalchemy.exc import NoSuchModuleError

    try:
        URL.create(name).get_dialect().import_dbapi()
    except (NoSuchModuleError, ImportError) as error:
        return str(error)
    return ""
