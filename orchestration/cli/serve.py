"""`heddle serve`: the endpoint server by hand."""

from typing import TYPE_CHECKING

import click
import dagster as dg

from core import settings as config

if TYPE_CHECKING:
    from assets.endpoints.deploy import Deployment


@click.group(invoke_without_command=True)
@click.pass_context
def serve(ctx: click.Context) -> None:
    """Run the endpoint server in the foreground, or look after the one that runs.

    It serves every endpoint of the object store at HEDDLE_ENDPOINTS. `heddle up` starts it too, and materializing
    an endpoint starts it in the background when nothing answers.

    \b
    Examples:
      heddle serve                                       in the foreground, Ctrl-C ends it
      heddle serve status                                what answers, and which versions are live
      heddle serve rollback retail_coupon_propensity     the previous version, at once
      heddle serve stop                                  end the one in the background
    """
    if ctx.invoked_subcommand is None:
        from serving.endpoint import main

        main()


@serve.command()
def status() -> None:
    """Show whether the server answers, and every model's versions.

    \b
    Example:
      heddle serve status
    """
    from rich.console import Console
    from rich.table import Table

    from assets.endpoints import server
    from assets.endpoints.client import EndpointClient
    from core.errors import EndpointError
    from core.pidfile import holder

    settings = config.load()
    if not server.answers(settings):
        raise EndpointError(
            f"no endpoint server at {settings.endpoints}", "start it with `heddle up` or `heddle serve`"
        )
    table = Table("model", "version", "state", "remark", box=None)
    with EndpointClient(settings.endpoints) as client:
        for entry in client.models():
            state = "live" if entry["state"] == "READY" else ""
            table.add_row(entry["name"], entry["version"], state, entry["reason"])
    console = Console()
    console.print(f"The endpoint server (pid {holder(server.pid_path(settings))}) answers at {settings.endpoints}")
    console.print(table)


@serve.command()
def stop() -> None:
    """Stop the server; requests in flight are finished first.

    \b
    Example:
      heddle serve stop
    """
    from assets.endpoints import server

    pid = server.stop(config.load())
    click.echo("No endpoint server runs." if pid is None else f"Stopped the endpoint server (pid {pid}).")


@serve.command()
@click.argument("model")
def rollback(model: str) -> None:
    """Make MODEL's previous version live again; the event log tells who served what and when.

    \b
    Example:
      heddle serve rollback retail_coupon_propensity
    """
    from assets.endpoints.deploy import rollback as back
    from core.errors import EndpointError
    from core.naming import model_name
    from orchestration.instance import open_instance
    from resources import open as ports

    settings = config.load()
    objects = ports.objects(settings)
    keys = {model_name(key): key for key in objects.keys("endpoint")}
    if model not in keys:
        known = ", ".join(sorted(keys)) or "none yet"
        raise EndpointError(f"there is no endpoint {model!r}", f"the endpoints are: {known}")
    done = back(settings, objects, keys[model])
    with open_instance(settings) as instance:
        _record(instance, dg.AssetKey(list(keys[model])), done)
    click.echo(f"{model}: version {done.version} is live again (was {done.previous}).")


def _record(instance: dg.DagsterInstance, key: dg.AssetKey, done: "Deployment") -> None:
    """Write the rollback to the event log as a materialization from the same inputs as the last one."""
    from assets.endpoints.report import data_version, metadata
    from assets.kit import VERSION

    last = instance.get_latest_materialization_event(key)
    former = last.asset_materialization if last else None
    tags = dict(former.tags or {}) if former else {}
    version = data_version(done)
    instance.report_runless_asset_event(
        dg.AssetMaterialization(
            key,
            description=f"Rolled back to version {done.version}",
            metadata=metadata(done) | {VERSION: version},
            tags=tags | {"dagster/data_version": version},
        )
    )
