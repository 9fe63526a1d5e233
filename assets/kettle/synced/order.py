"""What a person asks for, with what the catalogue knows of it: tables, connections, join keys by relations."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from assets.catalog.record import SOURCE, current
from assets.catalog.relate import related
from assets.catalog.relations.model import State
from assets.catalog.store.versions import Versions
from assets.kettle.errors import KettleError
from assets.kettle.generate.sinks import Sink, ToTable
from assets.kettle.synced.tables import dialect_of, entry_of
from assets.kettle.synced.whole import Side, Wanted, connection_of
from core.settings import Settings

if TYPE_CHECKING:
    from sqlalchemy import URL


def wanted(
    settings: Settings,
    versions: Versions,
    name: str,
    left: str,
    right: str,
    into: str,
    *,
    keys: Sequence[tuple[str, str]] = (),
    kind: str = "inner",
    where: str = "",
    chosen: Mapping[str, str] | None = None,
    truncate: bool = False,
    rejects: Sink | None = None,
) -> Wanted:
    """The rules of a transformation, complete.

    Args:
        left, right, into: `source/schema.table`; `into` may be a table that is not there yet.
        keys: empty for those of the surest relation between the two tables.

    Raises:
        KettleError: a table that the catalogue does not have, no relation, a source that is no database.
    """
    sides = [_side(versions, key) for key in (left, right)]
    source, _, path = into.partition("/")
    schema, _, table = path.rpartition(".")
    url = _url(versions, source)
    entry = current(versions, into)
    return Wanted(
        name,
        sides[0],
        sides[1],
        list(keys) or _related(settings, versions, left, right),
        ToTable(source, table, schema, truncate),
        connection_of(source, url),
        dialect_of(url),
        kind=kind,
        where=where,
        chosen=dict(chosen or {}),
        follows=into if entry is not None else "",
        entry=entry,
        rejects=rejects,
    )


def _side(versions: Versions, key: str) -> Side:
    source = key.partition("/")[0]
    url = _url(versions, source)
    return Side(key, entry_of(versions, key), connection_of(source, url), dialect_of(url))


def _url(versions: Versions, source: str) -> "URL":
    """Where a scanned source is, without secrets."""
    from sqlalchemy import make_url
    from sqlalchemy.exc import ArgumentError

    found = versions.get(SOURCE, source)
    document: dict[str, Any] = (found.document if found else None) or {}
    try:
        return make_url(document.get("url", ""))
    except (ArgumentError, ValueError):
        raise KettleError(f"source {source!r} was not scanned, or its whole URL is secret", "scan it first") from None


def _related(settings: Settings, versions: Versions, left: str, right: str) -> list[tuple[str, str]]:
    """The columns of the surest relation between two tables, an accepted one first."""
    best: tuple[float, list[tuple[str, str]]] | None = None
    for r in related(versions, settings):
        ends = {f"{e.source}/{e.table}": e.columns for e in (r.child, r.parent)}
        if r.state is State.REFUSED or set(ends) != {left, right}:
            continue
        score = r.score + (r.state is State.ACCEPTED)
        if best is None or score > best[0]:
            best = score, list(zip(ends[left], ends[right], strict=True))
    if best is None:
        what = f"no relation between {left} and {right} is known"
        raise KettleError(what, "name the columns by --on, or look for relations: `heddle catalog relate`")
    return best[1]
