"""Queries of the SQL page while they run and after: started, looked at, cancelled, and their last answers kept."""

import logging
import secrets
import sqlite3
import threading
import time
from collections import OrderedDict
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field

from assets.catalog.lab.guard import guard_of
from assets.catalog.lab.history import History
from assets.catalog.lab.known import source_of, tables
from assets.catalog.lab.model import Answer, Limits, QueryError, Table
from assets.catalog.lab.run import Stop, run
from assets.catalog.lab.trace import Traced, trace
from assets.catalog.store.versions import Versions
from core.errors import HeddleError
from core.settings import Settings
from serving.studio.shelf import Shelf

AT_ONCE = 3
KEPT = 20  # answers, as long as they fit
MOST_CELLS = 4_000_000  # of all kept answers together
log = logging.getLogger(__name__)


@dataclass
class Asked:
    """A query of this server's life.

    Attributes:
        answer: once it is through, unless `error` says why there is none.
    """

    id: str
    source: str
    sql: str
    limits: Limits
    purpose: str = ""
    began: float = field(default_factory=time.monotonic)
    stop: Stop = field(default_factory=Stop)
    answer: Answer | None = None
    error: HeddleError | None = None
    done: threading.Event = field(default_factory=threading.Event)

    @property
    def seconds(self) -> float:
        """How long it took, or has taken so far."""
        return self.answer.seconds if self.answer else time.monotonic() - self.began

    @property
    def state(self) -> str:
        """`running`, `failed` or `done`."""
        return "running" if not self.done.is_set() else "failed" if self.error else "done"


class Queries:
    """One person's queries.

    Args:
        shelf: tells what is hidden from the person, and is told when a query counted uses.
    """

    def __init__(self, settings: Settings, versions: Versions, who: str, shelf: Shelf) -> None:
        self.settings, self.versions, self.who = settings, versions, who
        self.history = History(settings, who)
        self._shelf = shelf
        self._known: OrderedDict[str, Asked] = OrderedDict()
        self._lock = threading.Lock()
        self._pool = ThreadPoolExecutor(AT_ONCE, "query")

    def tables(self, source: str) -> list[Table]:
        """The tables of a source that the person may see; kept until the listing of the catalogue is another."""
        memo, name = self._shelf.listing(), ("lab", source)
        if name not in memo.memo:
            memo.memo[name] = tables(self.settings, self.versions, source, self.who, memo.hidden)
        kept: list[Table] = memo.memo[name]
        return kept

    def trace(self, sql: str, source: str) -> Traced:
        """The lineage of a query. Raises QueryError for what would not be run."""
        name = source_of(self.settings, source).name
        return trace(
            sql, name, self.who, settings=self.settings, versions=self.versions, seen=self.tables(name)
        )  # fmt: skip

    def start(self, sql: str, source: str, limits: Limits, wait: float = 0.0, purpose: str = "") -> Asked:
        """Begins a query, and waits a moment for those that are quick.

        Args:
            purpose: what for, where the access policy wants to know.
        """
        asked = Asked(secrets.token_urlsafe(12), source, sql, limits.bounded(), purpose)
        with self._lock:
            self._known[asked.id] = asked
            self._forget()
        future: Future[None] = self._pool.submit(self._run, asked)
        future.add_done_callback(lambda _: asked.done.set())
        asked.done.wait(wait)
        return asked

    def get(self, identity: str) -> Asked | None:
        """A query that is running or whose answer is still kept."""
        with self._lock:
            return self._known.get(identity)

    def cancel(self, identity: str) -> Asked | None:
        """Ends a running query; it fails then."""
        asked = self.get(identity)
        if asked is not None and not asked.done.is_set():
            asked.stop.now()
            asked.done.wait(1.0)
        return asked

    def _run(self, asked: Asked) -> None:
        try:
            seen = self.tables(source_of(self.settings, asked.source).name)
            asked.answer = run(
                asked.sql, asked.source, self.who, settings=self.settings, versions=self.versions,
                limits=asked.limits, guard=guard_of(self.settings, self.versions, asked.purpose), stop=asked.stop,
                seen=seen,
            )  # fmt: skip
        except HeddleError as error:
            asked.error = error
        except Exception:  # a mistake of ours: whoever waits is told, and the log says what
            log.exception("a query failed")
            asked.error = QueryError("something went wrong here; the server's log says what")
        self._keep(asked)
        self._shelf.outdated()

    def _keep(self, asked: Asked) -> None:
        rows, error = len(asked.answer.rows) if asked.answer else 0, asked.error.what if asked.error else ""
        try:
            self.history.add(asked.source, asked.sql, asked.seconds, rows, error)
        except (sqlite3.Error, OSError):  # a full disk costs the history and no answer
            log.warning("a query was not kept in the history", exc_info=True)

    def _forget(self) -> None:
        def cells() -> int:
            return sum(len(a.answer.rows) * len(a.answer.columns) for a in self._known.values() if a.answer)

        while len(self._known) > KEPT or (len(self._known) > 1 and cells() > MOST_CELLS):
            oldest = next((i for i, a in self._known.items() if a.done.is_set()), "")
            if not oldest:
                return
            del self._known[oldest]
