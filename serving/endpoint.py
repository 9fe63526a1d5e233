"""The endpoint server's process: `python -m serving.endpoint` serves the object store of the settings."""

import getpass
import logging
import sys
from collections.abc import Mapping, Sequence
from importlib.metadata import version
from typing import TYPE_CHECKING, Any

from core import settings as config
from core.address import Address, address
from core.errors import EndpointError, HeddleError
from core.hashing import digest
from core.pidfile import hold
from resources import open as ports
from serving.app import App
from serving.features import OnlineFeatures, Seen
from serving.metrics import Metrics
from serving.repository import Repository

if TYPE_CHECKING:
    import uvicorn

    from assets.features.registry.online import Values

PID_FILE = "run/endpoint.pid"  # under home
GRACE_SECONDS = 10  # for requests in flight when the server is told to stop
IDLE_SECONDS = 75  # a connection without a request is closed after this


def build(settings: config.Settings) -> App:
    """The ASGI app over the object store of these settings."""
    metrics = Metrics()
    repository = Repository(ports.objects(settings), metrics)
    quick = settings.online.startswith("sqlite")
    features = OnlineFeatures(ports.online(settings), quick=quick, seen=_seen(settings))
    return App(repository, metrics, version("heddle"), digest([settings.objects]), features)


def _seen(settings: config.Settings) -> Seen:
    """What the access policy lets the server's user give out; nothing is opened where there is no policy."""
    from assets.security.access.files import load

    def seen(found: "list[Values]", entities: Mapping[str, Sequence[Any]]) -> "list[Values]":
        if load(settings) is None:
            return found
        from assets.catalog.store.versions import Versions
        from assets.features.registry.files import load_views
        from assets.security.access.access import Access
        from assets.security.access.online import seen as shown

        access = Access(settings, Versions(settings.catalog), getpass.getuser(), entry="/features/online")
        return shown(access, load_views(settings), found, entities)

    return seen


def serve(settings: config.Settings) -> None:
    """Serve in this process until SIGTERM or SIGINT, then finish what is in flight.

    Raises:
        EndpointError: another server runs on this home, or the port is held.
    """
    import uvicorn

    where = address(settings.endpoints, "HEDDLE_ENDPOINTS")
    if (held := where.held()) is not None:
        raise EndpointError(f"cannot serve on {settings.endpoints}: {held}", where.advice)
    taken = "an endpoint server already serves this home"
    with hold(settings.home / PID_FILE, EndpointError, taken, "stop it with `heddle serve stop`"):
        server = uvicorn.Server(_uvicorn(build(settings), where))
        server.run()
    if not server.started:
        raise EndpointError(f"cannot serve on {settings.endpoints}", where.advice)


def _uvicorn(app: App, where: Address) -> "uvicorn.Config":
    import uvicorn

    return uvicorn.Config(
        app,
        host=where.host,
        port=where.port,
        loop="uvloop",
        http="httptools",
        ws="none",
        access_log=False,
        proxy_headers=False,
        server_header=False,
        date_header=False,
        log_config=None,
        timeout_keep_alive=IDLE_SECONDS,
        timeout_graceful_shutdown=GRACE_SECONDS,
    )


def main() -> None:
    """Run the server with the settings of the environment."""
    logging.basicConfig(format="%(asctime)s %(levelname)s %(name)s: %(message)s", level=logging.INFO)
    try:
        serve(config.load())
    except HeddleError as error:
        sys.stderr.write(f"Error: {error}\n")
        sys.exit(2)


if __name__ == "__main__":
    main()
