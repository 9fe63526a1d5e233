"""The one way through which rows leave the platform: `Access.guarded` for SQL, `Access.restrict` for frames.

Both ask `Access.decide`, and nothing else decides. Entries (SQL page and API, exports, metrics, dimensions, features,
previews, retrieval) hold an `Access` for the person that asks.
"""

from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from functools import cached_property
from typing import TYPE_CHECKING

from assets.security.access.files import load

if TYPE_CHECKING:
    import polars as pl
    from sqlglot import exp

    from assets.catalog.lab.model import Table
    from assets.catalog.lineage.store import LineageStore
    from assets.catalog.store.versions import Versions
    from assets.security.access.decide import Asker, Decision
    from assets.security.access.model import Policy
    from assets.security.access.resource import Resource
    from core.settings import Settings


def _now() -> datetime:
    return datetime.now(UTC)


class Access:
    """What one person may see.

    Args:
        entry: where they ask, for the log.
        purpose: what for, as they say; rules may hold for some purposes alone.
        clock: gives the moment, with a zone.
        groups: teams, roles and projects that the person has besides; for who asks what these would see.
    """

    def __init__(
        self,
        settings: "Settings",
        versions: "Versions",
        person: str,
        purpose: str = "",
        *,
        entry: str = "",
        clock: Callable[[], datetime] = _now,
        groups: frozenset[str] = frozenset(),
    ) -> None:
        self.settings, self.versions, self.person, self.purpose = settings, versions, person, purpose
        self.entry, self.clock, self.groups = entry, clock, groups

    @property
    def policy(self) -> "Policy | None":
        """The policy as its files say now; None where there is none, and all is open."""
        return load(self.settings)

    # -- the two ways

    def guarded(
        self, query: "exp.Query", tables: "Sequence[tuple[exp.Table, Table]]", dialect: str, *, gaps: bool = False
    ) -> "exp.Query":
        """The query with each table replaced by what the person may see of it.

        Args:
            query: with all tables of the catalogue among `tables`; changed in place.
            gaps: hidden columns are there and NULL.

        Raises:
            AccessError: of a table nothing may be seen.
        """
        from assets.security.access.compile import Seen

        if self.policy is None:
            return query
        known = {}
        for node, table in tables:  # a list: equal nodes are equal keys
            if table.key not in known:
                known[table.key] = self.decided((table.asset, table.key), table.columns)
            found, decision = known[table.key]
            Seen(decision, found.columns, dialect, self.key, gaps).replace(node)
        return query

    def restrict(
        self, frame: "pl.DataFrame", keys: Sequence[str], columns: Sequence[tuple[str, str]] | None = None
    ) -> "pl.DataFrame":
        """The rows and columns of a frame of a table that the person may see.

        Args:
            keys: of the table: of the asset, of the scanned table.
            columns: (name, type) of the whole table; by default as the catalogue knows it, or as the frame has it.

        Raises:
            AccessError: nothing may be seen, or the frame lacks a column that decides its rows.
        """
        if self.policy is None:
            return frame
        from assets.security.access.frames import shown

        known = list(columns or self.resource(keys).columns.items())
        have = {name.lower() for name, _ in known}
        given = [(n, str(t)) for n, t in frame.schema.items() if n.lower() not in have]
        _, decision = self.decided(keys, [*known, *given] if not columns else known)
        return shown(frame, decision, self.key)

    def restrict_by(self, decision: "Decision", frame: "pl.DataFrame", keep: Sequence[str] = ()) -> "pl.DataFrame":
        """As `restrict`, by a decision that was taken; `keep` are columns of the frame that are none of the table."""
        from assets.security.access.frames import shown

        return shown(frame, decision, self.key, keep)

    # -- decisions

    def decided(
        self, keys: Sequence[str], columns: Sequence[tuple[str, str]] | None = None
    ) -> "tuple[Resource, Decision]":
        """What is decided about a table, logged where it hides something."""
        from assets.security.access.log import note

        found = self.resource(keys, columns)
        decision = self.decide(found)
        note(self.settings, self.asker, decision, self.entry)
        return found, decision

    def decide(self, table: "Resource") -> "Decision":
        """The decision about a table, its lineage included; not logged."""
        from assets.security.access.decide import Decision, decide
        from assets.security.access.inherit import has_own, inherited, inherits

        policy = self.policy
        if policy is None:
            return Decision(table.key, False, columns=tuple(table.columns))
        asker = self.asker
        own = decide(policy, asker, table)
        if has_own(policy, table) or (own.covered and not own.allowed) or "/" not in table.key:
            return own

        def above(key: str) -> "tuple[Decision, bool]":
            found = self.resource((key,))
            return decide(policy, asker, found), inherits(policy, found)

        return inherited(own, table, self._graph, above)

    def resource(self, keys: Sequence[str], columns: Sequence[tuple[str, str]] | None = None) -> "Resource":
        """A table as decisions see it."""
        from assets.security.access.resource import resource

        return resource(self.versions, keys, columns)

    @property
    def asker(self) -> "Asker":
        """Who asks, now."""
        from assets.catalog.people import teams
        from assets.security.access.decide import Asker

        return Asker(self.person, self.purpose, self.clock(), teams(self.settings.catalog_files), self.groups)

    @cached_property
    def key(self) -> bytes | None:
        """The key of hashes; None where HEDDLE_PROTECTION_KEYS names none, and hashes are NULL."""
        from assets.security.protect.keys import keyring

        if not self.settings.protection_keys:
            return None
        return keyring(self.settings).derive("access", "hash")

    @cached_property
    def _graph(self) -> "LineageStore":
        from assets.catalog.lineage.store import LineageStore

        return LineageStore(self.settings.catalog)


def must_see(decision: "Decision") -> None:
    """Raises AccessError where a decision shows nothing."""
    from assets.security.access.compile import refusal

    if not decision.allowed:
        raise refusal(decision)
