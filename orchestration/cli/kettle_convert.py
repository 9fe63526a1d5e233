"""`heddle kettle convert`: a transformation as a polars script, as SQL, or as a dbt project."""

from pathlib import Path

import click

from assets.kettle.errors import KettleError
from orchestration.cli.writing import replaced


@click.command()
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--to", "language", type=click.Choice(["polars", "sql", "dbt"]), default="polars", show_default=True)
@click.option("--dialect", default="duckdb", show_default=True, help="SQL dialect, as sqlglot names it.")
@click.option("-p", "--parameter", multiple=True, metavar="NAME=VALUE", help="Named parameter or variable; repeatable.")
@click.option("-c", "--connection", multiple=True, metavar="NAME=URL", help="SQLAlchemy URL for a connection.")
@click.option(
    "-o", "--output", type=click.Path(path_type=Path), help="File to write; for dbt the folder of the project."
)
def convert(
    file: Path,
    language: str,
    dialect: str,
    parameter: tuple[str, ...],
    connection: tuple[str, ...],
    output: Path | None,
) -> None:
    """FILE as readable polars, SQL or dbt models; without -o it is printed. Steps that have no counterpart are named.

    Columns of tables that are read are asked of their databases.

    \b
    Examples:
      heddle kettle convert etl/load.ktr -o load.py
      heddle kettle convert etl/load.ktr --to sql --dialect postgres
      heddle kettle convert etl/load.ktr --to dbt -o dbt/load
    """
    from assets.kettle.convert.dbt_project import dbt_files, write_dbt
    from assets.kettle.convert.generators.registry import all_generators
    from assets.kettle.convert.plan import plan
    from assets.kettle.convert.polars_script import script
    from assets.kettle.convert.sql_script import sql_text
    from assets.kettle.files.read import read
    from assets.kettle.model import Job
    from core.settings import load
    from orchestration.cli.kettle import pairs
    from orchestration.cli.kettle_surroundings import engine_settings

    model = read(file)
    if isinstance(model, Job):
        raise KettleError(f"{file} is a job", "convert the transformations that it calls")
    settings = engine_settings(load(), pairs(connection, "--connection"))
    given = pairs(parameter, "--parameter")
    with plan(model, all_generators(), parameters=given, settings=settings) as found:
        if language == "dbt":
            if output is not None:
                for path in write_dbt(found, output, dialect):
                    click.echo(str(path))
                return
            text = "\n".join(f"-- {name}\n{content}" for name, content in dbt_files(found, dialect).items())
        else:
            text = script(found) if language == "polars" else sql_text(found, dialect)
    if output is None:
        click.echo(text, nl=False)
        return
    if output.is_dir():
        raise KettleError(f"{output} is a folder", "name the file to write")
    with replaced(output) as beside:
        beside.write_text(text, encoding="utf-8")
    click.echo(str(output))
