"""The `heddle` command: a table of subcommands, each imported only when it is called."""

from importlib import import_module
from typing import NoReturn

import click

from core.disk import refused
from core.errors import HeddleError

COMMANDS = {
    "access": "orchestration.cli.access:access",
    "ask": "orchestration.cli.ask:ask",
    "catalog": "orchestration.cli.catalog:catalog",
    "clean": "orchestration.cli.clean:clean",
    "config": "orchestration.cli.config:config",
    "coverage": "orchestration.cli.coverage:coverage",
    "dbt": "orchestration.cli.dbt:dbt",
    "demo": "orchestration.cli.demo:demo",
    "dimension": "orchestration.cli.dimension:dimension",
    "doctor": "orchestration.cli.doctor:doctor",
    "erase": "orchestration.cli.erase:erase",
    "features": "orchestration.cli.features:features",
    "fuse": "orchestration.cli.fuse:fuse",
    "impute": "orchestration.cli.impute:impute",
    "kettle": "orchestration.cli.kettle:kettle",
    "lineage": "orchestration.cli.lineage:lineage",
    "map": "orchestration.cli.mapping:mapping",
    "metrics": "orchestration.cli.metrics:metrics",
    "protect": "orchestration.cli.protect:protect",
    "run": "orchestration.cli.run:run",
    "sensitive": "orchestration.cli.sensitive:sensitive",
    "serve": "orchestration.cli.serve:serve",
    "sql": "orchestration.cli.sql:sql",
    "standards": "orchestration.cli.standards:standards",
    "studio": "orchestration.cli.studio:studio",
    "templates": "orchestration.cli.templates:templates",
    "trace": "orchestration.cli.trace:trace",
    "up": "orchestration.cli.up:up",
}


class LazyGroup(click.Group):
    """A click group that imports a subcommand's module on use, so that `heddle --help` stays quick."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """All subcommand names."""
        return sorted(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Import and return one subcommand, or None when there is no such name."""
        if cmd_name not in COMMANDS:
            return None
        module, name = COMMANDS[cmd_name].split(":")
        command: click.Command = getattr(import_module(module), name)
        return command

    def invoke(self, ctx: click.Context) -> object:
        """Run the subcommand; the user's and the disk's errors are printed without a traceback and exit with 2."""
        try:
            return super().invoke(ctx)
        except HeddleError as error:
            _tell(ctx, error)
        except Exception as error:  # `refused` knows those of disks, deep inside of libraries' own; others go on
            told = refused(error)
            if told is None:
                raise
            _tell(ctx, told)


def _tell(ctx: click.Context, error: HeddleError) -> NoReturn:
    click.secho(f"Error: {error}", fg="red", err=True)
    ctx.exit(2)


@click.group(cls=LazyGroup, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="heddle")
def main() -> None:
    """Heddle: tables, features, models, endpoints, documents and answers as one graph of assets.

    \b
    Examples:
      heddle demo                     build everything on real retail data
      heddle up                       web UI, daemon, endpoint server, studio, MLflow UI
      heddle ask "How long is a coupon valid?"
    """
