"""A card of the catalogue as text and as JSON."""

import json
from typing import TYPE_CHECKING

from orchestration.cli.visible import visible

if TYPE_CHECKING:
    from rich.console import Group
    from rich.table import Table

    from assets.catalog.attributes.model import Value
    from assets.catalog.card import Card, Line

SHOWN = 4  # top values of a column
LISTED = 20  # templates of a log


def as_text(card: "Card", zh: bool = False) -> "Group":
    """The card for a terminal."""
    from rich.console import Group
    from rich.table import Table
    from rich.text import Text

    facts = Table(box=None, show_header=False)
    for name, value in _facts(card):
        facts.add_row(Text(name, style="bold"), Text(visible(value)))
    columns = Table("column", "type", "means", "filled", "distinct", "values", "description", box=None)
    for line in card.lines:
        columns.add_row(*(Text(visible(t)) for t in _row(line)))
    said = [card.written, card.description, *((s.zh if zh else s.en) for s in card.sentences)]
    if card.told:
        told = (card.told.zh if zh else card.told.en) or card.told.en or card.told.zh
        said.append(f"{told} [written by {card.told.model} at {card.told.at}]")
    said.append(f"[{card.told_note}]" if card.told_note else "")
    parts: list[Text | Table] = [Text(visible(card.key), style="bold"), *(Text(visible(t)) for t in said if t), facts]
    parts += [Text(visible(f"! {change}"), style="yellow") for change in card.pending]
    return Group(*parts, *([columns] if card.lines else []), *_templates(card))


def _templates(card: "Card") -> list["Table"]:
    """What the messages of a log are like, the most frequent first."""
    from rich.table import Table
    from rich.text import Text

    found = card.measured.get("templates", [])
    shown = Table("messages", "levels", f"template ({min(LISTED, len(found))} of {len(found)})", box=None)
    for template in found[:LISTED]:
        levels = ", ".join(f"{level} {count:,}" for level, count in template.get("levels", {}).items())
        shown.add_row(*(Text(visible(t)) for t in (f"{template.get('count', 0):,}", levels, template["text"])))
    return [shown] if found else []


def plain(card: "Card") -> str:
    """The card as JSON."""
    return json.dumps(
        {
            "key": card.key,
            "kind": card.kind,
            "asset": card.asset,
            "table": card.table,
            "written": card.written,
            "description": card.description,
            "sentences": [s._asdict() for s in card.sentences],
            "columns": [
                {
                    **line.column.model_dump(mode="json"),
                    "description": line.text,
                    "owner": line.owner,
                    "attributes": dict(line.attributes),
                    "meaning": line.meaning.model_dump(mode="json") if line.meaning else None,
                    "profile": line.profile.model_dump(mode="json", exclude_defaults=True) if line.profile else None,
                }
                for line in card.lines
            ],
            "told": card.told.model_dump(mode="json") if card.told else None,
            "told_note": card.told_note,
            "compliance": [m.model_dump(mode="json") | {"percent": m.percent} for m in card.compliance],
            "tags": card.tags,
            "attributes": dict(card.attributes),
            "column_tags": card.tagged.model_dump(mode="json", exclude_defaults=True).get("columns", {}),
            "owners": card.owners,
            "upstream": card.upstream,
            "downstream": card.downstream,
            "measured": {k: v for k, v in card.measured.items() if k != "profiles"},
            "pending": [d.model_dump(mode="json") for d in card.pending],
            **card.facts,
        },
        ensure_ascii=False,
        indent=1,
    )


def _facts(card: "Card") -> list[tuple[str, str]]:
    measured = card.measured
    checks = [c for c in measured.get("checks", []) if c.get("passed") is not None]
    rows = measured.get("rows")
    parts = measured.get("parts", {})
    found = [
        ("owners", ", ".join(card.owners)),
        ("tags", ", ".join(f"{k}={v}" if v else k for k, v in card.tags.items())),
        *((name.replace("_", " "), _value(value)) for name, value in card.attributes.items()),
        ("rows", "" if rows is None else f"{'' if measured.get('rows_exact', True) else 'about '}{rows:,}"),
        ("made", " ".join(filter(None, (measured.get("made", ""), measured.get("run", ""))))),
        ("checks", f"{sum(c['passed'] for c in checks)} of {len(checks)} passed" if checks else ""),
        ("score", f"{measured['score']}: {'; '.join(p['why'] for p in parts.values())}" if parts else ""),
        ("standards", _kept(card)),
        ("from", ", ".join(card.upstream)),
        ("used by", ", ".join(card.downstream)),
        ("scanned as", card.table),
        ("file", card.facts.get("file", "")),
        ("versions", str(len(card.history))),
    ]
    return [(name, value) for name, value in found if value]


def _value(value: "Value") -> str:
    return {True: "yes", False: "no"}[value] if isinstance(value, bool) else str(value)


def _about(line: "Line") -> str:
    """What people say of a column."""
    said = [f"{name}={_value(value)}" for name, value in line.attributes.items()]
    said += [f"owner={line.owner}"] if line.owner else []
    return " ".join(filter(None, (line.text, f"[{', '.join(said)}]" if said else "")))


def _kept(card: "Card") -> str:
    """The compliance now, the standards that are not kept, and how it was before."""
    said = [f"{m.percent:.2f} %" for m in card.compliance if m.percent is not None]
    if not said:
        return ""
    broken = ", ".join(f"{k.column} {k.standard} {k.percent:.2f} %" for k in card.compliance[0].found if k.broken)
    before = f"; before {', '.join(said[1:4])}" if said[1:] else ""
    return f"{said[0]} of the values keep them{f' ({broken})' if broken else ''}{before}"


def _row(line: "Line") -> tuple[str, ...]:
    profile, meaning = line.profile, line.meaning
    means = (
        ""
        if meaning is None
        else f"{meaning.type} {meaning.confidence:.0%}" + (" (you)" if meaning.by == "user" else "")
    )
    if profile is None or not profile.rows:
        return line.column.name, line.column.type, means, "", "", "", _about(line)
    values = ", ".join(t.value for t in profile.top[:SHOWN]) or " … ".join(filter(None, (profile.low, profile.high)))
    return (
        line.column.name,
        line.column.type,
        means,
        f"{1 - profile.nulls / profile.rows:.0%}",
        f"{'' if profile.distinct_exact else '~'}{profile.distinct:,}",
        "withheld" if profile.withheld else values[:60],
        _about(line),
    )
