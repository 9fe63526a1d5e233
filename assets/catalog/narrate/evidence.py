"""What a language model is told of an asset: names, types, statistics, lineage; never a value that may be personal."""

from collections.abc import Container
from typing import Any

from assets.catalog.card import Card, Line
from assets.catalog.model import Profile

COLUMNS = 80  # of an asset that are told
LONG = 80  # characters of a name, a comment or a value that are told
VALUES = 5  # frequent values of a column that has few
FEW = 30  # different values up to which a column's values are told
NEIGHBOURS = 10


def evidence(card: Card, shown: Container[str]) -> dict[str, Any]:
    """The evidence as JSON values; the same for the same knowledge, whatever a sample moved a little.

    Values are told of columns that have few and that neither their meaning nor a tag calls personal or secret.

    Args:
        shown: keys of neighbours that may be told: what a model says is read by everybody who sees the asset.
    """
    return {
        "asset": _short(card.key),
        "kind": card.kind,
        "definition": card.description[:400],
        "made_from": [_short(k) for k in card.upstream if k in shown][:NEIGHBOURS],
        "used_by": [_short(k) for k in card.downstream if k in shown][:NEIGHBOURS],
        "columns": [_column(line, card) for line in card.lines[:COLUMNS]],
        "more_columns": max(0, len(card.lines) - COLUMNS),
    }


def _column(line: Line, card: Card) -> dict[str, Any]:
    tags = [n for n, tag in card.tagged.columns.get(line.column.name, {}).items() if tag.state != "refused"]
    said: dict[str, Any] = {"name": line.column.name[:LONG], "type": _short(line.column.type)}
    said |= {"comment": _short(line.text)} if line.text else {}
    said |= {"means": line.meaning.type} if line.meaning else {}
    said |= {"tags": sorted(tags)} if tags else {}
    return said | (_statistics(line.profile) if line.profile and line.profile.rows else {})


def _statistics(profile: Profile) -> dict[str, Any]:
    """In round numbers: evidence that moves a little is no new evidence."""
    filled = round(1 - profile.nulls / profile.rows, 1)
    said: dict[str, Any] = {"filled": filled, "unique": profile.distinct == profile.rows - profile.nulls}
    if profile.withheld:
        return said | {"values": "withheld"}
    if 0 < profile.distinct <= FEW:
        said |= {"distinct": profile.distinct, "values": sorted(_short(t.value) for t in profile.top[:VALUES])}
    return said


def _short(text: str) -> str:
    return text if len(text) <= LONG else f"{text[:LONG]}…"
