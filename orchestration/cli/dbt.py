"""`heddle dbt`: the dbt project with Heddle's settings."""

import click

from core import settings as config
from core.errors import HeddleError


@click.group()
def dbt() -> None:
    """Prepare the dbt project for the asset graph, or run dbt itself on the configured warehouse.

    \b
    Examples:
      heddle dbt prepare                          after a change under dbt_project/
      heddle dbt run build --select sales_daily   any dbt command
      heddle dbt run test --select test_type:unit
    """


@dbt.command()
def prepare() -> None:
    """Write down what the asset graph needs to know of the dbt project; done by itself when the project changed.

    \b
    Example:
      heddle dbt prepare
    """
    from assets.tables.prepare_defs import prepare as write

    for path in write():
        click.echo(path)


@dbt.command(context_settings={"ignore_unknown_options": True, "allow_interspersed_args": False})
@click.argument("arguments", nargs=-1, required=True, type=click.UNPROCESSED)
def run(arguments: tuple[str, ...]) -> None:
    """Run a dbt command with the warehouse, memory and folders of Heddle's settings.

    \b
    Examples:
      heddle dbt run build --select sales_daily
      heddle dbt run build --help      dbt's own options
    """
    from assets.tables.dbt_run import Dbt

    if not Dbt(config.load()).command(arguments):
        raise HeddleError(f"dbt {arguments[0]} failed", "read dbt's own messages above")
