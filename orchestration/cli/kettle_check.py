"""`heddle kettle check`: what the native engine has and misses of the files under a folder."""

import json
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from assets.kettle.check import FolderReport, Report


@click.command()
@click.argument("folder", type=click.Path(exists=True, path_type=Path), default=".")
@click.option("--json", "as_json", is_flag=True, help="Print the report as JSON.")
def check(folder: Path, as_json: bool) -> None:
    """Whether the engine can run the files under FOLDER (or one file), without running them.

    Tells per file what is not supported, what its surroundings miss (files, variables, drivers) and whether it calls
    itself, then totals. Exit status 1 when something is not supported or never ends.

    \b
    Examples:
      heddle kettle check etl/
      heddle kettle check etl/ --json
    """
    from assets.kettle.check import FolderReport, check_file, check_folder
    from assets.kettle.connections import connection_urls
    from core.settings import load, redact

    project = load()
    urls = connection_urls(project)
    found = FolderReport([check_file(folder, urls)]) if folder.is_file() else check_folder(folder, urls)
    if as_json:
        click.echo(json.dumps(_as_json(found), indent=2, ensure_ascii=False))
    else:
        _print(found)
        if project.kettle != "native":
            click.echo(f"this is about Heddle's own engine; runs go to {redact(project.kettle)} (HEDDLE_KETTLE)")
    if not all(report.supported and not report.endless for report in found.reports):
        click.get_current_context().exit(1)


def _print(found: "FolderReport") -> None:
    for report in found.reports:
        state, colour = _state(report)
        click.echo(click.style(f"{state:<12}", fg=colour) + str(report.path))
        for finding in report.findings:
            where = f"{finding.step} [{finding.type}]: " if finding.step else ""
            click.echo(f"    {finding.kind.value}: {where}{' '.join(finding.reason.split())}")
    for title, reports in (("transformations", found.of(jobs=False)), ("jobs", found.of(jobs=True))):
        if reports:
            click.echo(f"{len(reports)} {title}: {_shares(reports)}")
    missing = found.unsupported()
    if missing:
        click.echo("not supported, in how many files:")
    for (kind, reason), count in missing.most_common():
        click.echo(f"  {count:>5}  {kind or 'the file'}: {' '.join(reason.split())}")
    if not found.reports:
        click.echo("no .ktr, .kjb, .hpl or .hwf file there")
    elif found.types():
        listed = ", ".join(f"{kind} {count}" for kind, count in found.types().most_common())
        click.echo(f"types, in how many files: {listed}")


def _state(report: "Report") -> tuple[str, str]:
    if not report.parsed:
        return "broken", "red"
    if not report.supported:
        return "unsupported", "red"
    if report.endless:
        return "endless", "red"
    return ("ready", "green") if report.ready else ("supported", "yellow")


def _shares(reports: "list[Report]") -> str:
    def share(flags: Iterable[bool]) -> str:
        return f"{100 * sum(flags) / len(reports):.1f} %"

    parsed, same = share(r.parsed for r in reports), share(r.round_trip for r in reports)
    return f"{parsed} parse, {same} round-trip, {share(r.supported for r in reports)} supported"


def _as_json(found: "FolderReport") -> dict[str, Any]:
    return {
        "files": [
            {
                "path": str(r.path),
                "job": r.is_job,
                "parsed": r.parsed,
                "round_trip": r.round_trip,
                "supported": r.supported,
                "ready": r.ready,
                "endless": r.endless,
                "steps": r.steps,
                "findings": [
                    {"kind": f.kind.value, "step": f.step, "type": f.type, "reason": f.reason} for f in r.findings
                ],
            }
            for r in found.reports
        ],
        "types": dict(found.types().most_common()),
        "unsupported": [
            {"type": kind, "reason": reason, "files": count}
            for (kind, reason), count in found.unsupported().most_common()
        ],
    }
