"""`heddle clean import`, `export` and `to-kettle`: rules from and for other tools."""

import json
from pathlib import Path

import click

from core import settings as config
from core.errors import SourceError
from orchestration.cli.kettle_change import AFTER, INTO, OVERWRITE, REJECTS, SAVE

GOALS = ["pandera", "dbt", "duckdb", "postgres"]
FILE = click.Path(exists=True, dir_okay=False, path_type=Path)


@click.command("import")
@click.argument("file", type=FILE)
@click.option("--table", help="Whose rules they are; needed where the file does not say, or says its own name.")
@click.option("--action", type=click.Choice(["report", "reject"]), default="report", show_default=True)
@click.option("--json", "as_json", is_flag=True, help="One JSON object instead of words.")
def import_rules(file: Path, table: str | None, action: str, as_json: bool) -> None:
    """Turn the checks of a Soda file (YAML) or a Great Expectations suite (JSON) into proposals.

    What has no rule that means the same is listed with its line, and left out.

    \b
    Examples:
      heddle clean import checks.yml --table raw/retail/products
      heddle clean import suite.json --table orders.csv --action reject
    """
    from assets.quality.rules.exchange.imported import read
    from orchestration.cli.clean import rule_files, table_name

    files = rule_files()
    found = read(file, table_name(table) if table else None, action)
    tables: dict[str, int] = {}
    for name in dict.fromkeys(rule.table for rule in found.rules):
        tables[name] = len(files.merge(name, [rule for rule in found.rules if rule.table == name]))
    if as_json:
        rules = [rule.model_dump(mode="json") for rule in found.rules]
        click.echo(json.dumps({"rules": rules, "left_out": list(map(str, found.left_out))}))
        return
    for name, new in tables.items():
        click.echo(f"{files.path(name)}: {new} new proposals")
    for note in found.left_out:
        click.secho(str(note), fg="yellow")
    click.echo(f"{len(found.rules)} rules, {len(found.left_out)} checks left out")


@click.command()
@click.argument("table")
@click.option("--to", "goal", type=click.Choice(GOALS), required=True, help="For which tool.")
@click.option("--into", type=click.Path(dir_okay=False, path_type=Path), help="A file (default: the screen).")
def export(table: str, goal: str, into: Path | None) -> None:
    """The accepted rules of TABLE as a pandera schema (Python), dbt tests (schema.yml) or the whole plan in SQL.

    \b
    Examples:
      heddle clean export raw/retail/products --to dbt --into models/products.yml
      heddle clean export orders.csv --to pandera
      heddle clean export raw/retail/products --to duckdb --into clean_products.sql
    """
    from assets.quality.rules.exchange.exported import dbt_yaml, pandera_code, sql_script
    from core import naming
    from orchestration.cli.clean import rule_files, table_name
    from orchestration.cli.writing import replaced, spared
    from resources.open import warehouse

    if into is not None:
        spared(into, [table])
    rules = rule_files().accepted(table_name(table))
    if not rules:
        raise SourceError(f"{table}: no rule is accepted", "accept some with `heddle clean accept`")
    if goal in ("pandera", "dbt"):
        made = {"pandera": pandera_code, "dbt": dbt_yaml}[goal](table_name(table), rules)
    else:
        settings = config.load()
        columns = [c.name for c in warehouse(settings).info(naming.table_name(naming.Key.parse(table))).columns]
        made = sql_script(table, rules, columns, goal)
    for rule, why in made.left_out:
        click.secho(f"left out {rule.id}: {why}", fg="yellow", err=True)
    if not made.text:
        raise SourceError(f"{table}: not all rules have a form in {goal}", "run the plan with `heddle clean apply`")
    if into is None:
        click.echo(made.text, nl=False)
        return
    with replaced(into) as beside:
        beside.write_text(made.text, encoding="utf-8")
    click.echo(f"wrote {into}")


@click.command("to-kettle")
@click.argument("table")
@INTO
@AFTER
@REJECTS
@OVERWRITE
@SAVE
def to_kettle(table: str, into: Path, after: str | None, rejects: str | None, overwrite: bool, save: bool) -> None:
    """Make the accepted rules of TABLE steps of a transformation: filters, value maps, Unique rows and others.

    Shows the change in the words of the file and as lines; only --write changes the file. Done again, it brings the
    steps up to date, and takes those of withdrawn rules out.

    \b
    Examples:
      heddle clean to-kettle orders.csv --into load.ktr --after "Read orders"
      heddle clean to-kettle orders.csv --into load.ktr --after "Read orders" --rejects /data/bad --write
      heddle clean to-kettle orders.csv --into new.ktr --write
    """
    from assets.kettle.generate.sinks import ToFile
    from assets.quality.rules.new_kettle import READ
    from assets.quality.rules.to_kettle import merged
    from orchestration.cli.clean import rule_files, table_name
    from orchestration.cli.kettle_change import engine, opened, show

    before = opened(into, after, Path(table), "clean")
    found = merged(
        before,
        rule_files().accepted(table_name(table)),
        after or READ,
        rejects=ToFile(rejects.removesuffix(".csv")) if rejects else None,
        overwrite=overwrite,
        settings=engine(config.load()),
    )
    for rule, why in found.left_out:
        click.secho(f"{rule.id} is no step: {why}", fg="yellow", err=True)
    show(before, found.model, into, "the rules say", save=save)
