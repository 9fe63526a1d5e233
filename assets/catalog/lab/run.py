"""The lab's one way to run a query: `run` checks it, lets the guard have its say, bounds it and counts the uses."""

import logging
import threading
import time
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from assets.catalog.changes.entry import TABLE
from assets.catalog.facts import KIND as ASSET
from assets.catalog.lab import known
from assets.catalog.lab.engines import Engine, Rows, opened
from assets.catalog.lab.guard import Guard, open_to_all, shown
from assets.catalog.lab.model import Answer, Limits, QueryError, Table
from assets.catalog.lab.statement import checked, limited, position, written
from assets.catalog.store.versions import Versions
from assets.catalog.uses import use
from core.errors import HeddleError
from core.settings import Settings

if TYPE_CHECKING:
    from sqlglot import exp

LATER = 5.0  # seconds that a server's own limit comes after ours, which says what happened
log = logging.getLogger(__name__)


class Stop:
    """Whether a query is to end: at once by `now`, called from any thread."""

    def __init__(self) -> None:
        self.why = ""
        self._end: Callable[[], None] | None = None
        self._lock = threading.Lock()

    def now(self, why: str = "cancelled") -> None:
        """Ends the query, or keeps one from beginning."""
        with self._lock:  # also while it is ended: the engine stays open until then
            self.why = self.why or why
            if self._end is not None:
                self._end()

    def holds(self, end: Callable[[], None] | None) -> None:
        """What ends the running query; None when it is through."""
        with self._lock:
            self._end = end


def run(
    sql: str,
    source: str,
    person: str,
    *,
    settings: Settings,
    versions: Versions,
    limits: Limits | None = None,
    guard: Guard = open_to_all,
    seen: Sequence[Table] | None = None,
    stop: Stop | None = None,
) -> Answer:
    """Runs a person's query.

    Args:
        source: `warehouse` or a database of sources.yaml.
        guard: what an access policy makes of the query; see guard.py.
        seen: the source's tables that the person may see, where they are at hand (known.tables).
        stop: lets another thread end it.

    Raises:
        QueryError: it is refused, stopped, or the engine refuses it; with the place in `sql` where that is known.
        SourceError: the source cannot be reached.
    """
    bounds, halt = (limits or Limits()).bounded(), stop or Stop()
    given = known.source_of(settings, source)
    visible = known.tables(settings, versions, given.name, person) if seen is None else seen
    with opened(given, settings) as engine:
        found = checked(sql, engine.dialect, visible)
        if seen is not None and (gone := known.hidden_from(settings, versions, found.tables, person)):
            raise QueryError(f"the catalogue no longer shows you {min(gone)}")
        query = limited(guard(found.query, found.tables, person, engine.dialect), bounds.rows + 1)
        text = written(query, engine.dialect)
        began = time.monotonic()
        rows = _fetch(engine, text, bounds, halt, query)
    _count(versions, found.tables)
    return Answer(
        source=given.name,
        columns=rows.columns,
        rows=rows.rows[: bounds.rows],
        more=len(rows.rows) > bounds.rows,
        seconds=round(time.monotonic() - began, 3),
        sql=shown(query, engine.dialect),
        tables=tuple(t.key for t in found.tables),
    )


def _fetch(engine: Engine, text: str, bounds: Limits, stop: Stop, query: "exp.Query") -> Rows:
    timer = threading.Timer(bounds.seconds, stop.now, [f"stopped after {bounds.seconds:g} seconds"])
    timer.daemon = True
    stop.holds(engine.stop)
    try:
        if stop.why:
            raise QueryError(f"the query was {stop.why}")
        timer.start()
        return _rows(engine, text, bounds, stop)
    except HeddleError:
        raise
    except Exception as error:  # each driver has its own errors
        if stop.why:
            raise QueryError(f"the query was {stop.why}", "narrow it down, or raise the time limit") from None
        raise _told(engine, error, query) from None
    finally:
        stop.holds(None)
        timer.cancel()


def _rows(engine: Engine, text: str, bounds: Limits, stop: Stop) -> Rows:
    """The rows; of an engine that cannot be stopped, nobody waits longer than the limit."""
    if engine.stops:
        return engine.fetch(text, bounds.rows + 1, bounds.seconds + LATER)
    found: list[Rows | Exception] = []
    through = threading.Event()

    def fetch() -> None:
        try:
            found.append(engine.fetch(text, bounds.rows + 1, bounds.seconds + LATER))
        except Exception as error:  # of whatever driver; raised again where the rows are waited for
            found.append(error)
        through.set()

    threading.Thread(target=fetch, name="query", daemon=True).start()
    while not through.wait(0.05):
        if stop.why:
            raise QueryError(f"the query was {stop.why}", "narrow it down, or raise the time limit")
    if isinstance(found[0], Exception):
        raise found[0]
    return found[0]


def _told(engine: Engine, error: Exception, query: "exp.Query") -> QueryError:
    from assets.security.access.compile import secrets

    message = engine.reason(error)
    for secret in secrets(query):
        message = message.replace(secret, "***")
    # what follows is the text as it was written anew, whose places are not those of the person's text
    message = message.split("\n\nLINE ")[0].split("\nLINE ")[0].strip()
    line, column = position(query, message)
    return QueryError(message[:1_000], "correct the query", line, column)


def _count(versions: Versions, tables: tuple[Table, ...]) -> None:
    """Uses for the value score; a catalogue that is busy costs a count and no answer."""
    from sqlalchemy.exc import SQLAlchemyError

    assets = {t.asset: 1.0 for t in tables if t.asset}
    others = {t.key: 1.0 for t in tables if not t.asset}
    try:
        use(versions, ASSET, assets, "query")
        use(versions, TABLE, others, "query")
    except SQLAlchemyError:
        log.warning("a query's uses were not counted", exc_info=True)
