"""`heddle config`: the settings in force and where each comes from."""

import json

import click

from core import settings as core_settings


@click.group()
def config() -> None:
    """Show the settings.

    \b
    Examples:
      heddle config show
      HEDDLE_MEMORY=4GB heddle config show --json
      eval "$(heddle config env)"     then dagster, dg and dbt work on the same data
    """


@config.command()
@click.option("--json", "as_json", is_flag=True, help="Machine-readable output.")
def show(as_json: bool) -> None:
    """Print every setting, its value (passwords hidden) and its origin.

    \b
    Examples:
      heddle config show
      HEDDLE_MEMORY=4GB heddle config show --json
    """
    from rich.console import Console
    from rich.table import Table

    settings, origin = core_settings.resolve()
    values = core_settings.shown(settings)
    if as_json:
        click.echo(json.dumps({k: {"value": v, "origin": origin[k]} for k, v in values.items()}, indent=2))
        return
    table = Table("setting", "value", "from", "what it is", box=None)
    for name, value in values.items():
        description = core_settings.Settings.model_fields[name].description
        table.add_row(core_settings.PREFIX + name.upper(), value, origin[name], description)
    Console(width=None if Console().is_terminal else 200).print(table)


@config.command()
def env() -> None:
    """Print shell exports that give Dagster's own commands the same settings and storage.

    \b
    Example:
      eval "$(heddle config env)" && dagster dev -w workspace.yaml
    """
    import shlex

    from orchestration.instance import environment, prepare_instance

    settings = core_settings.load()
    prepare_instance(settings)
    for name, value in environment(settings, {}).items():
        click.echo(f"export {name}={shlex.quote(value)}")
