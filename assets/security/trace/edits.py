"""Edits of dimension tables as causes: the log of the dimension says who changed what, by which way."""

import logging
from collections.abc import Sequence
from typing import TYPE_CHECKING

from assets.security.trace.capture import Cursor, capture
from assets.security.trace.model import Cause, Entry
from assets.security.trace.tables import FILE, traced
from core.settings import Settings

if TYPE_CHECKING:
    from assets.catalog.dimensions.book import DimensionBook
    from assets.catalog.store.versions import Version

log = logging.getLogger(__name__)
EDITS = "edits"  # the cursor's field: number of the last edit that was taken in


def explained(book: "DimensionBook", dimension: str, cursor: Cursor) -> tuple[list[Cause], Cursor]:
    """The edits since the cursor."""
    since = int(cursor.get(EDITS, 0))
    fresh = [change for change in book.log(dimension) if change.number > since]
    causes = [_cause(change) for change in fresh if not (change.document or {})["action"].startswith("refused")]
    return causes, dict(cursor) | {EDITS: fresh[-1].number if fresh else since}


def edited(book: "DimensionBook", dimension: str, keys: Sequence[Sequence[str | None]] | None) -> Entry | None:
    """Traces an edit that was just made and logged, where the dimension is traced.

    What fails here is only logged: the edit is made, and the next capture finds it in the log of edits.
    """
    settings: Settings = book.settings
    if not (settings.protection / FILE).exists():
        return None
    try:
        table = next((t for t in traced(settings).values() if t.dimension == dimension), None)
        if table is None:
            return None
        kinds = {c.name: c.kind.base for c in book.records.get(dimension).record.columns}
        plain = all(kinds.get(k) in ("text", "integer") for k in table.key)  # others are written in several ways
        return capture(settings, table, lambda cursor: explained(book, dimension, cursor), keys=keys if plain else None)
    except Exception as error:
        log.warning("trace of dimension %s: %s; the next look takes the change in", dimension, type(error).__name__)
        return None


def _cause(change: "Version") -> Cause:
    said = change.document or {}
    action = f"{said['action']} {said.get('file', '')}".strip()
    via = "run" if change.change.run else said.get("via", "cli")
    return Cause(
        run=change.change.run, step=f"dimension {change.key}", user=change.change.author, via=via, action=action
    )
