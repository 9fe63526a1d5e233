"""`heddle kettle lineage`: where the columns of what a transformation writes come from."""

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from assets.kettle.errors import KettleError

if TYPE_CHECKING:
    from assets.kettle.described import FileInfo, Source


@click.command()
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("-c", "--column", metavar="NAME", help="Only this column of the tables and files that are written.")
@click.option("--json", "as_json", is_flag=True, help="Print the lineage as JSON.")
def lineage(file: Path, column: str | None, as_json: bool) -> None:
    """Where each column that FILE writes comes from: source column, the steps on the way in words, target column.

    Nothing runs and no database is asked.

    \b
    Examples:
      heddle kettle lineage etl/load.ktr
      heddle kettle lineage etl/load.ktr --column revenue
    """
    from assets.kettle.describe import describe

    info = describe(file)
    if info.error:
        raise KettleError(info.error, "heddle kettle check tells what is wrong with a file")
    if info.is_job:
        raise KettleError(f"{file} is a job", "ask for the transformations that it calls: heddle kettle show")
    found = _chosen(info, column)
    if column is not None and not found:
        known = sorted({name for output in info.outputs for name in output.lineage})
        raise KettleError(f"{file} writes no column {column!r}", f"it writes: {', '.join(known) or 'nothing'}")
    if as_json:
        click.echo(json.dumps({"file": str(file), "columns": found, "problems": info.problems}, indent=2))
        return
    for target in found:
        click.echo(click.style(f"{target['place']}.{target['column']}", bold=True) + f"  (by {target['step']})")
        for source in target["sources"]:
            click.echo(f"  from {source['place']}.{source['column']}" if source["place"] else "  made by a step")
            for hop in source["way"]:
                click.echo(f"    {hop['step']}: {hop['words']}")
    if not found:
        click.echo(f"{file} writes no tables or files")
    for problem in info.problems:
        click.secho(f"not known: {problem}", fg="yellow", err=True)


def _chosen(info: "FileInfo", column: str | None) -> list[dict[str, Any]]:
    return [
        {
            "place": output.place.id,
            "step": output.place.step,
            "column": name,
            "sources": [_source(source) for source in sources],
        }
        for output in info.outputs
        for name, sources in output.lineage.items()
        if column is None or name.lower() == column.lower()
    ]


def _source(source: "Source") -> dict[str, Any]:
    way = [{"step": hop.step, "words": hop.words} for hop in source.way]
    return {"place": source.place, "column": source.column, "way": way}
