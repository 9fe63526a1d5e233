"""The studio's process: `python -m serving.studio.server` serves the catalogue of the settings on 127.0.0.1."""

import getpass
import logging
import sys
import threading
from contextlib import suppress

from assets.catalog.store.versions import Versions
from core import settings as config
from core.address import Address
from core.errors import EndpointError, HeddleError
from serving.studio.app import build
from serving.studio.studio import Studio

HOST = "127.0.0.1"
GRACE_SECONDS = 5  # for requests in flight when the server is told to stop


def serve(settings: config.Settings) -> None:
    """Serve in this process until SIGTERM or SIGINT.

    Raises:
        EndpointError: the port is held.
    """
    import uvicorn

    where = Address(HOST, settings.studio_port, "HEDDLE_STUDIO_PORT")
    if (held := where.held()) is not None:
        raise EndpointError(f"the studio cannot be served: {held}", where.advice)
    studio = Studio(settings, Versions(settings.catalog), getpass.getuser())
    threading.Thread(target=_read_ahead, args=(studio,), daemon=True).start()
    logging.getLogger(__name__).info("the studio is at http://%s:%s", HOST, where.port)
    uvicorn.run(
        build(studio),
        host=HOST,
        port=where.port,
        ws="none",
        access_log=False,
        proxy_headers=False,
        server_header=False,
        log_config=None,
        timeout_graceful_shutdown=GRACE_SECONDS,
    )


def _read_ahead(studio: Studio) -> None:
    """Reads the catalogue before somebody asks: a large one takes seconds. What is wrong with it, the pages say."""
    with suppress(HeddleError):
        studio.shelf.listing()


def main() -> None:
    """Run the studio with the settings of the environment."""
    logging.basicConfig(format="%(asctime)s %(levelname)s %(name)s: %(message)s", level=logging.INFO)
    try:
        serve(config.load())
    except HeddleError as error:
        sys.stderr.write(f"Error: {error}\n")
        sys.exit(2)


if __name__ == "__main__":
    main()
