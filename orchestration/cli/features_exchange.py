"""`heddle features feast-import|feast-export|export`: views of other feature stores, and ours for them."""

from datetime import datetime
from pathlib import Path

import click

from assets.features.registry.files import FOLDER, load_views
from core import settings as config
from core.errors import HeddleError
from orchestration.cli.seen import warehouse_of
from orchestration.cli.writing import replaced


@click.command("feast-import")
@click.argument("repo", type=click.Path(path_type=Path, exists=True, file_okay=False))
@click.option("--source", "sources", multiple=True, help="FEAST_SOURCE=layer/domain/noun: the asset it is here.")
def feast_import(repo: Path, sources: tuple[str, ...]) -> None:
    """Write views from a Feast repository, whose Python files are read and not run.

    \b
    Example:
      heddle features feast-import ./feature_repo --source driver_stats=table/rides/driver_stats
    """
    from assets.features.registry.feast_read import read_repo
    from assets.features.registry.files import write

    pairs = dict(s.split("=", 1) for s in sources if "=" in s)
    folder = config.load().catalog_files / FOLDER
    for view in read_repo(repo, pairs):
        if (folder / f"{view.name}.yaml").exists():
            raise HeddleError(f"there is a feature view {view.name} already", "remove or rename its file first")
        click.echo(f"{write(folder, view)}: {len(view.features)} features")


@click.command("feast-export")
@click.argument("repo", type=click.Path(path_type=Path, file_okay=False))
def feast_export(repo: Path) -> None:
    """Write a Feast repository with our views, their tables as Parquet files; `feast apply` takes it.

    \b
    Example:
      heddle features feast-export ./feast_repo && cd feast_repo && feast apply
    """
    from assets.features.registry.feast_write import write_repo

    mine = warehouse_of("heddle features feast-export")
    for file in write_repo(repo, load_views(config.load()).values(), mine):
        click.echo(str(file))


@click.command()
@click.option("--format", "form", type=click.Choice(["tecton"]), required=True, help="Whose definitions.")
@click.option("--start", type=click.DateTime(["%Y-%m-%d"]), help="Day from which on Tecton fills online views.")
@click.option("-o", "--output", type=click.Path(path_type=Path, dir_okay=False), help="Python file (default: print).")
def export(form: str, start: datetime | None, output: Path | None) -> None:
    """Write the views' definitions as Python for Tecton's SDK 1.x; `tecton apply` takes them. No data goes along.

    \b
    Example:
      heddle features export --format tecton --start 2024-01-01 -o features.py
    """
    from assets.features.registry.tecton_write import python

    text = python(load_views(config.load()).values(), start.date() if start else None)
    if output is None:
        click.echo(text, nl=False)
        return
    with replaced(output) as beside:
        beside.write_text(text, encoding="utf-8")
    click.echo(str(output))


COMMANDS = (feast_import, feast_export, export)
