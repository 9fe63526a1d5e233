"""Finds, exports and erases a person in all stores; the report has places and counts and no values."""

import json
import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from assets.security.erasure import policy as policies
from assets.security.erasure.model import LISTED, REFUSED, UNSEEN, Found, Policy, Store, Subject
from assets.security.erasure.reach import Rows, models_below, resolve
from assets.security.erasure.stores.all import KEPT, stores
from assets.security.erasure.stores.tables import Tables
from assets.security.trace.capture import opened
from assets.security.trace.keys import secret, subject_hash
from core.atomic import replacing, write_text
from core.errors import HeddleError
from core.settings import Settings

STARTED, DONE, LEFT = "started", "done", "left"


@dataclass
class Report:
    """What was found and what is left.

    Attributes:
        id: keyed hash of the person's identifiers and keys.
        state: started, and not ended where a store refused or the process was killed; done; left: some places have to
            be changed by hand, the policy keeps them, or a store could not be looked at.
        found: places before.
        left: places after.
        models: made from data that held the person; train them anew.
    """

    id: str
    at: str
    by: str
    state: str = STARTED
    found: list[dict[str, Any]] = field(default_factory=list)
    left: list[dict[str, Any]] = field(default_factory=list)
    models: list[str] = field(default_factory=list)
    identifiers: int = 0

    def document(self) -> dict[str, Any]:
        """As JSON."""
        return dict(vars(self))


class Erasure:
    """One person in one installation.

    Attributes:
        missed: store -> why it could not be looked at, in the last search.

    Args:
        values: identifiers.
        rows: tables of erasure.yaml, by asset key or as they were scanned, and keys of the person's rows there.
    """

    def __init__(self, settings: Settings, values: Sequence[str], rows: Rows = ()) -> None:
        from assets.catalog.lineage.store import LineageStore
        from assets.catalog.relate import related
        from assets.catalog.searchable import assets_of_tables
        from assets.catalog.store.versions import Versions

        self.settings, self.lineage = settings, LineageStore(settings.catalog)
        versions = Versions(settings.catalog)
        self.assets = assets = assets_of_tables(versions)
        self.policy: Policy = policies.read(settings).renamed(assets)
        rows = [(assets.get(table, table), key) for table, key in rows]
        self.stores: list[Store] = stores(settings, self.policy, assets)
        tables = [s for s in self.stores if isinstance(s, Tables)]
        self.subject: Subject = resolve(
            values, rows, tables, self.policy, related(versions, settings), self.lineage, assets
        )
        given = [*values, *(f"{table}={key}" for table, key in sorted(rows))]
        self.missed: dict[str, str] = {}
        self.id = subject_hash(secret(settings), "\0".join(given))

    def find(self) -> list[Found]:
        """Every place that holds the person, and every store that could not be looked at."""
        found = [one for _, one in self._each(lambda store: store.find(self.subject))]
        return found + [Found(name, name, (), UNSEEN, 0, why) for name, why in self.missed.items()]

    def export(self, target: Path) -> int:
        """Writes what is kept about the person as JSON lines (store, place, content), mode 600; returns how many."""
        lines = 0
        with replacing(target, 0o600) as made:
            made.touch(0o600)
            with made.open("w", encoding="utf-8") as file:
                for store, (place, content) in self._each(lambda store: store.records(self.subject)):
                    said = {"store": store.name, "place": place, "content": content}
                    file.write(json.dumps(said, ensure_ascii=False, default=str) + "\n")
                    lines += 1
        return lines

    def _each(self, asked: Callable[[Store], Iterable[Any]]) -> Iterator[tuple[Store, Any]]:
        """What each store answers; `missed` has those that could not."""
        self.missed = {}
        for store in self.stores:
            try:
                for one in asked(store):
                    yield store, one
            except HeddleError as error:
                self.missed[store.name] = self._told(error)

    def erase(self, by: str, run: str = "", tell: Callable[[str], None] = lambda _line: None) -> Report:
        """Erases store after store, searches all of them again, and records it in the trace.

        A run that was killed is taken up by the next one of the same person; its report tells of both.
        """
        with opened(self.settings).locked("erasure"):  # two that rewrite one file would bring back what one took out
            return self._erased(by, run, tell)

    def _erased(self, by: str, run: str, tell: Callable[[str], None]) -> Report:
        report = self._begun(by)
        refused: dict[str, HeddleError] = {}
        for store in self.stores:
            if (refused or self.missed) and isinstance(store, Tables):
                store.policy = self.policy.waiting()
            if any(f["store"] == store.name and f["how"] not in (LISTED, UNSEEN) for f in report.found):
                try:
                    store.erase(self.subject)
                    tell(f"{store.name}: done")
                except HeddleError as error:
                    refused[store.name] = error
        report.left = [f.document() for f in self.find()]
        for name, why in refused.items():
            report.left.append(Found(name, name, (), REFUSED, 0, self._told(why)).document())
        if not refused:
            report.state = LEFT if report.left else DONE
        self._keep(report)
        self._recorded(report, run)
        if refused:
            what = "; ".join(f"{name}: {self._told(why)}" for name, why in refused.items())
            raise HeddleError(what, next(e.fix for e in refused.values()) or "correct it and run the erasure again")
        return report

    def _told(self, error: HeddleError) -> str:
        """What went wrong; engines quote the row that they refuse."""
        what = re.sub(r"'[^']*'", "'…'", error.what.partition("DETAIL")[0].strip())
        return self.subject.needles.redacted(what)

    def _begun(self, by: str) -> Report:
        found = [f.document() for f in self.find()]
        report = Report(self.id, datetime.now(UTC).isoformat(timespec="seconds"), by)
        report.identifiers = len(self.subject.needles.values)
        with suppress(FileNotFoundError):
            before = json.loads(self.path.read_text(encoding="utf-8"))
            if before["state"] == STARTED or not self._in_trace():
                report = Report(**before | {"state": STARTED})
            else:  # an erasure of the same person that ended: its report stays
                self.path.rename(self.path.with_name(f"{self.id}.{before['at'].replace(':', '')}.json"))
        known = {(f["store"], f["place"], f["how"]) for f in report.found}
        report.found += [f for f in found if (f["store"], f["place"], f["how"]) not in known]
        places = {p for f in report.found if (p := _asset(f["place"]))}
        report.models = sorted({*report.models, *models_below(self.lineage, sorted(places))})
        self._keep(report)
        return report

    def _in_trace(self) -> bool:
        """Whether the trace has the report as it is: without, the process was killed before it said so."""
        from assets.security.trace.keys import file_hash

        made = file_hash(self.path)
        return any(entry.document.get("report") == made for entry in opened(self.settings).entries())

    @property
    def path(self) -> Path:
        """The report's file."""
        return self.settings.home / KEPT / f"{self.id}.json"

    def _keep(self, report: Report) -> None:
        self.path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        write_text(self.path, json.dumps(report.document(), ensure_ascii=False, indent=1))

    def _recorded(self, report: Report, run: str) -> None:
        """Entries in the trace: one of each traced table that lost rows, one with the report's hash."""
        from assets.security.trace import anchors
        from assets.security.trace.capture import Cursor, capture
        from assets.security.trace.keys import file_hash
        from assets.security.trace.model import ERASURE, Cause
        from assets.security.trace.tables import traced

        cause = Cause(run=run, step="security__erasure", user=report.by, via="erasure", action=report.id)

        def explain(cursor: Cursor) -> tuple[list[Cause], Cursor]:
            return [cause], cursor

        places = {f["place"] for f in report.found}
        for name, table in traced(self.settings).items():
            if not places.isdisjoint((name, self.assets.get(f"{table.source}/{table.table}"))):
                capture(self.settings, table, explain)
        said: dict[str, Any] = {
            "kind": ERASURE,
            "subject": report.id,
            "report": file_hash(self.path),
            "outcome": report.state,
        }
        said |= {"places": len(report.found), "left": len(report.left), "causes": [cause.document()]}
        entry = opened(self.settings).append(said)
        anchors.keep(self.settings, entry, run)


def reports(settings: Settings) -> Iterable[dict[str, Any]]:
    """The reports of all erasures, the oldest first."""
    paths = (settings.home / KEPT).glob("*.json")
    found = [json.loads(p.read_text(encoding="utf-8")) for p in paths]
    return sorted(found, key=lambda r: str(r["at"]))


def _asset(place: str) -> str:
    """The asset that a place belongs to: a table's key, or a version's in the object store."""
    from core.naming import Key

    parts = place.split("/")
    for start in range(max(1, len(parts) - 2)):
        with suppress(HeddleError):
            return str(Key.parse("/".join(parts[start : start + 3])))
    return ""
