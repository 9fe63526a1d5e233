"""`heddle kettle`: transformations and jobs of Kettle and Hop on the command line, without Dagster."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from assets.kettle.errors import KettleError
from orchestration.cli.kettle_catalog import follow, proposals
from orchestration.cli.kettle_check import check
from orchestration.cli.kettle_convert import convert
from orchestration.cli.kettle_generate import generate
from orchestration.cli.kettle_lineage import lineage

if TYPE_CHECKING:
    from assets.kettle.engine.result import Counters
    from assets.kettle.engine.run import EngineSettings
    from assets.kettle.model import Job, Transformation

ENDINGS = (".ktr", ".kjb", ".hpl", ".hwf")
FILE = click.Path(exists=True, dir_okay=False, path_type=Path)
FOLDER = click.Path(exists=True, path_type=Path)
METRICS = ("read", "written", "input", "output", "updated", "rejected", "errors")


@click.group()
def kettle() -> None:
    """Work with .ktr, .kjb, .hpl and .hwf files: look, check, run, trace, compare, convert.

    \b
    Examples:
      heddle kettle check etl/                           which steps are supported, and what is missing
      heddle kettle run etl/load.ktr -p DAY=2024-01-31   run it natively, with live step metrics
      heddle kettle lineage etl/load.ktr                 where each output column comes from
      heddle kettle diff etl/load.ktr etl/load-new.ktr   what changed, in the words of the file
      heddle kettle convert etl/load.ktr                 the same as readable polars
    """


def files_in(folder: Path) -> list[Path]:
    """The Kettle and Hop files under a folder (or the file itself), in order."""
    if folder.is_file():
        return [folder]
    return sorted(p for p in folder.rglob("*") if p.suffix.lower() in ENDINGS and p.is_file())


def pairs(values: tuple[str, ...], option: str) -> dict[str, str]:
    """NAME=VALUE arguments. Raises click's error for one without "="."""
    found: dict[str, str] = {}
    for value in values:
        name, equals, text = value.partition("=")
        if not equals or not name:
            raise click.BadParameter(f"{value!r} is not NAME=VALUE", param_hint=option)
        found[name] = text
    return found


@kettle.command("list")
@click.argument("folder", type=FOLDER, default=".")
def list_files(folder: Path) -> None:
    """The files under FOLDER with their kind, number of steps and parameters.

    \b
    Example:
      heddle kettle list etl/
    """
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    from assets.kettle.files.read import read
    from assets.kettle.model import Job

    table = Table("file", "kind", "name", "steps", "parameters", box=None)
    for path in files_in(folder):
        try:
            model = read(path)
        except KettleError as error:
            table.add_row(Text(str(path)), "broken", Text(error.what.removeprefix(f"{path}: ")), "", "", style="red")
            continue
        parts = len(model.entries) if isinstance(model, Job) else len(model.steps)
        kind = "job" if isinstance(model, Job) else "transformation"
        parameters = ", ".join(p.name for p in model.parameters)
        table.add_row(Text(str(path)), kind, Text(model.name), str(parts), Text(parameters))
    console = Console()
    # beside a terminal (a file, a pipe) nothing needs to be cut to a width
    (console if console.is_terminal else Console(width=160)).print(table)


@kettle.command()
@click.argument("file", type=FILE)
def show(file: Path) -> None:
    """The steps or entries of FILE, its hops, parameters and connections. Passwords are never shown.

    \b
    Example:
      heddle kettle show etl/load.ktr
    """
    from assets.kettle.files.read import read
    from assets.kettle.model import Job

    model = read(file)
    kind = "job" if isinstance(model, Job) else "transformation"
    click.echo(f"{kind} {model.name} ({file})")
    for parameter in model.parameters:
        click.echo(f"  parameter {parameter.name} = {parameter.default!r}  {parameter.description}".rstrip())
    for connection in model.connections.values():
        click.echo(f"  connection {connection.name}: {connection.type} {connection.host}/{connection.database}")
    if isinstance(model, Job):
        _show_job(model)
    else:
        _show_transformation(model)


def _show_transformation(model: "Transformation") -> None:
    for name, step in model.steps.items():
        targets = [h.target + ("" if h.enabled else " (disabled)") for h in model.hops if h.source == name]
        error = step.error
        if error is not None and error.enabled and error.target in targets:
            targets[targets.index(error.target)] += " (errors)"
        copies = f" x{step.copies}" if step.copies not in ("", "1") else ""
        click.echo(f"  {name} [{step.type}{copies}]" + (f" -> {', '.join(targets)}" if targets else ""))


def _show_job(model: "Job") -> None:
    for entry in model.entries:
        hops = [h for h in model.hops if (h.source, h.source_nr) == (entry.name, entry.nr)]
        words = [
            f"{h.target} ({'always' if h.unconditional else 'success' if h.evaluation else 'failure'}"
            f"{'' if h.enabled else ', disabled'})"
            for h in hops
        ]
        click.echo(f"  {entry.name} [{entry.type}]" + (f" -> {', '.join(words)}" if words else ""))


@kettle.command()
@click.argument("before", type=FILE)
@click.argument("after", type=FILE)
@click.option("--layout", is_flag=True, help="Also tell what only moved on the canvas.")
def diff(before: Path, after: Path, layout: bool) -> None:
    """What changed between two versions of a file: steps, options, hops. Exit status 1 when something did.

    \b
    Example:
      heddle kettle diff etl/load.ktr etl/load-new.ktr
    """
    from assets.kettle.diff import diff as difference
    from assets.kettle.diff import render
    from assets.kettle.files.read import read

    first, second = read(before), read(after)
    if type(first) is not type(second):
        raise KettleError(f"{before} and {after} are of different kinds", "compare two transformations or two jobs")
    found = difference(first, second, layout=layout)
    text = render(found)
    click.echo(text or "no difference")
    if text:
        click.get_current_context().exit(1)


@kettle.command()
@click.argument("file", type=FILE)
@click.argument("arguments", nargs=-1)
@click.option("-p", "--parameter", multiple=True, metavar="NAME=VALUE", help="Named parameter or variable; repeatable.")
@click.option("-c", "--connection", multiple=True, metavar="NAME=URL", help="SQLAlchemy URL for a connection.")
@click.option("--memory", type=click.IntRange(16), help="MiB that buffers may hold; default: HEDDLE_KETTLE_MEMORY.")
@click.option("--batch", type=click.IntRange(1), default=200_000, show_default=True, help="Rows per batch.")
@click.option("--allow-shell", is_flag=True, help="Let it start programs, as HEDDLE_KETTLE_SHELL=true.")
@click.option("--native", is_flag=True, help="Use Heddle's own engine whatever HEDDLE_KETTLE says.")
@click.option("--preview", metavar="STEP", help="Print the first rows that leave this step.")
@click.option("--rows", type=click.IntRange(1), default=10, show_default=True, help="Rows to preview.")
@click.option("--log", is_flag=True, help="Print the log lines.")
def run(
    file: Path,
    arguments: tuple[str, ...],
    parameter: tuple[str, ...],
    connection: tuple[str, ...],
    memory: int | None,
    batch: int,
    allow_shell: bool,
    native: bool,
    preview: str | None,
    rows: int,
    log: bool,
) -> None:
    """Run FILE and show rows and time per step. Exit status 1 when the run fails.

    Connections lead where they lead in the project: `warehouse` to HEDDLE_WAREHOUSE, others to
    HEDDLE_KETTLE_CONNECTIONS where they are named there, else to what the file says; -c wins. Which databases were
    used is printed. Files and tables change only when a transformation succeeds; Ctrl-C leaves what was there before.
    Where HEDDLE_KETTLE names a real PDI or Hop, that runs the file.

    \b
    Examples:
      heddle kettle run etl/load.ktr -p DAY=2024-01-31
      heddle kettle run etl/load.ktr -c dwh=postgresql://me@localhost/dwh --preview "Filter rows"
      heddle kettle run etl/nightly.kjb
    """
    from assets.kettle.files.read import read
    from assets.kettle.model import Job
    from core.settings import load
    from orchestration.cli.kettle_surroundings import engine_settings, run_elsewhere, runs_elsewhere, told_databases

    project = load()
    given = pairs(parameter, "--parameter")
    if not native and runs_elsewhere(project):
        run_elsewhere(project, file, given, show_log=log)
        return
    changes: dict[str, Any] = {"batch_rows": batch, "allow_shell": allow_shell or project.kettle_shell}
    if memory is not None:
        changes["memory_bytes"] = memory << 20
    settings = engine_settings(project, pairs(connection, "--connection"), **changes)
    model = read(file)
    with told_databases():
        if isinstance(model, Job):
            ok = _run_job(model, settings, given, list(arguments), log)
        else:
            ok = _run_transformation(model, settings, given, list(arguments), preview, rows, log)
    if not ok:
        click.get_current_context().exit(1)


def _run_transformation(
    model: "Transformation",
    settings: "EngineSettings",
    parameters: dict[str, str],
    arguments: list[str],
    preview: str | None,
    rows: int,
    log: bool,
) -> bool:
    from assets.kettle.engine.start import run_transformation
    from orchestration.cli.kettle_live import Live

    if preview is not None and preview not in model.steps:
        raise KettleError(f"there is no step {preview!r}", f"there are: {', '.join(model.steps)}")
    with Live(list(model.steps), preview, rows) as live:
        result = run_transformation(model, settings=settings, parameters=parameters, arguments=arguments, observer=live)
    if log and result.log_text:
        click.echo(result.log_text)
    live.show_preview()
    if result.errors:
        click.secho(f"{model.name} ended with {result.errors} errors", fg="red", err=True)
    return result.ok


def _run_job(
    model: "Job", settings: "EngineSettings", parameters: dict[str, str], arguments: list[str], log: bool
) -> bool:
    from assets.kettle.jobs.run import Event
    from assets.kettle.jobs.start import run_job

    def tell(event: Event) -> None:
        mark = click.style("ok    ", fg="green") if event.ok else click.style("failed", fg="red")
        indent = "  " * len(event.path)
        click.echo(f"{indent}{mark} {event.entry} ({event.seconds:.2f} s) {event.reason}")

    result, events = run_job(model, settings=settings, parameters=parameters, arguments=arguments, listener=tell)
    if log and result.log_text:
        click.echo(result.log_text)
    state = "succeeded" if result.ok else f"failed with {result.errors} errors"
    click.echo(f"{model.name} {state} after {len(events)} entries")
    if not result.ok and result.log_text and not log:
        click.echo("\n".join(result.log_text.splitlines()[-5:]), err=True)
    return result.ok


def metrics_of(counters: "Counters") -> list[Any]:
    """The figures of a step as Spoon's table shows them."""
    return [getattr(counters, name) for name in METRICS]


for command in (check, lineage, convert, follow, generate, proposals):
    kettle.add_command(command)
