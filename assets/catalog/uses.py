"""Counts of who used what, by day: queries, answers, requests, looks at the catalogue."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta

from assets.catalog.store.versions import Versions

DAYS = 30


def use(versions: Versions, kind: str, keys: Mapping[str, float], how: str, day: str = "") -> None:
    """Adds to the counts of a day.

    Args:
        keys: entry -> how often.
        how: `query`, `answer`, `request`, `look`.
        day: ISO date, default today (UTC).
    """
    from importlib import import_module

    table = versions.tables.USES
    # both engines have "on conflict do update", each under a module of its own
    insert = import_module(f"sqlalchemy.dialects.{versions.engine.dialect.name}").insert
    day = day or datetime.now(UTC).date().isoformat()
    rows = [{"kind": kind, "key": key, "day": day, "how": how, "count": count} for key, count in keys.items()]
    added = insert(table)
    added = added.on_conflict_do_update(
        index_elements=list(table.primary_key), set_={"count": table.c.count + added.excluded.count}
    )
    if rows:
        with versions.writing.begin() as connection:
            connection.execute(added, rows)


def used(versions: Versions, kind: str, days: int = DAYS) -> dict[str, float]:
    """Entry -> uses in the last days."""
    from sqlalchemy import func, select

    table = versions.tables.USES
    since = (datetime.now(UTC).date() - timedelta(days=days)).isoformat()
    query = (
        select(table.c.key, func.sum(table.c.count))
        .where(table.c.kind == kind, table.c.day >= since)
        .group_by(table.c.key)
    )
    with versions.engine.connect() as connection:
        return {row[0]: float(row[1]) for row in connection.execute(query)}
