"""Opens the catalogue's database: SQLite on a laptop, PostgreSQL where several processes write."""

from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from core.errors import StoreError
from core.settings import scrub
from core.sqlite import use_wal

if TYPE_CHECKING:
    from sqlalchemy import Engine, MetaData

BUSY_SECONDS = 30  # how long a writer waits for another one


@cache
def open_engine(url: str) -> "Engine":
    """The engine of HEDDLE_CATALOG; one per process and URL. SQLite's folder is made where it is missing."""
    from sqlalchemy import create_engine, event

    if not url.startswith("sqlite"):
        return create_engine(url, pool_pre_ping=True)
    Path(url.removeprefix("sqlite:///")).parent.mkdir(parents=True, exist_ok=True)
    engine = create_engine(url, connect_args={"timeout": BUSY_SECONDS})

    @event.listens_for(engine, "connect")
    def configure(connection: Any, _record: Any) -> None:
        connection.isolation_level = None  # SQLAlchemy's begin below decides, not the driver
        use_wal(connection, BUSY_SECONDS)
        connection.execute("pragma synchronous = normal")
        connection.execute("pragma foreign_keys = on")

    @event.listens_for(engine, "begin")
    def begin(connection: Any) -> None:
        # a reader that turns writer later would fail at once instead of waiting, when another one wrote in between
        connection.exec_driver_sql("begin immediate" if connection.get_execution_options().get("writes") else "begin")

    return engine


def create(engine: "Engine", metadata: "MetaData", setting: str = "HEDDLE_CATALOG") -> None:
    """Makes the tables that are missing.

    Args:
        setting: that names the database, for errors.

    Raises:
        StoreError: the database cannot be reached or refuses; without its password.
    """
    from sqlalchemy.exc import SQLAlchemyError

    try:
        with engine.execution_options(writes=True).begin() as connection:
            metadata.create_all(connection)
    except SQLAlchemyError as error:
        reason = scrub(str(getattr(error, "orig", error)), engine.url.render_as_string(hide_password=False))
        raise StoreError(
            f"the database of {setting} cannot be opened: {reason}", f"look at {setting} (`heddle config show`)"
        ) from None
