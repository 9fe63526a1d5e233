"""A finding: a rule that is proposed, with the cells that break it."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from assets.quality.rules.model import EXAMPLES, Effect, Example, Rule

if TYPE_CHECKING:
    import polars as pl

Action = Literal["report", "reject", "repair"]
MASK = "•••"


@dataclass(frozen=True)
class Cell:
    """One wrong cell; `after` is None where nobody knows what is right (and for a value that should be missing)."""

    row: int
    column: str
    before: str | None
    after: str | None
    confidence: float


@dataclass(frozen=True)
class Finding:
    """A proposed rule and what breaks it.

    Attributes:
        cells: columns row (u32), column, before, after, confidence, in the order of rows.
    """

    rule: Rule
    cells: "pl.DataFrame"


class Findings(list[Finding]):
    """Findings, the surest first.

    Attributes:
        rows: of the table; `seen` of them were looked at.
        skipped: detectors that the time did not suffice for.
    """

    def __init__(self, found: Sequence[Finding] = (), rows: int = 0, seen: int = 0, skipped: tuple[str, ...] = ()):
        super().__init__(sorted(found, key=lambda f: (-f.rule.confidence, f.rule.id)))
        self.rows, self.seen, self.skipped = rows, seen, skipped


@dataclass(frozen=True)
class Proposal:
    """What a detector says, before it is a rule."""

    kind: str
    columns: tuple[str, ...]
    params: Mapping[str, Any]
    action: Action
    confidence: float
    evidence: str
    cells: Sequence[Cell]


def finding(proposal: Proposal, table: str, sensitive: Collection[str] = ()) -> Finding:
    """The finding of a proposal; values of sensitive columns are masked in its examples.

    Raises:
        SourceError: the rule is none (a detector's mistake).
    """
    cells = sorted(proposal.cells, key=lambda c: (c.row, c.column))
    effect = Effect(
        rows=len({c.row for c in cells}),
        cells=len(cells),
        examples=tuple(_example(c, sensitive) for c in _telling(cells)),
    )
    rule = Rule.make(
        proposal.kind,
        table,
        proposal.columns,
        proposal.params,
        action=proposal.action,
        confidence=round(min(1.0, max(0.0, proposal.confidence)), 3),
        evidence=proposal.evidence,
        effect=effect,
    )
    return Finding(rule, frame(cells))


def frame(cells: Sequence[Cell]) -> "pl.DataFrame":
    """The cells as a frame."""
    import polars as pl

    return pl.DataFrame(
        {
            "row": pl.Series([c.row for c in cells], dtype=pl.UInt32),
            "column": pl.Series([c.column for c in cells], dtype=pl.String),
            "before": pl.Series([c.before for c in cells], dtype=pl.String),
            "after": pl.Series([c.after for c in cells], dtype=pl.String),
            "confidence": pl.Series([c.confidence for c in cells], dtype=pl.Float64),
        }
    )


def _telling(cells: Sequence[Cell]) -> list[Cell]:
    """Some cells with different values."""
    found: dict[tuple[str | None, str | None], Cell] = {}
    for cell in cells:
        found.setdefault((cell.before, cell.after), cell)
        if len(found) == EXAMPLES:
            break
    return list(found.values())


def _example(cell: Cell, sensitive: Collection[str]) -> Example:
    hidden = cell.column in sensitive
    before, after = (MASK if hidden and v is not None else _short(v) for v in (cell.before, cell.after))
    return Example(row=cell.row, column=cell.column, before=before, after=after)


def _short(text: str | None) -> str | None:
    return text if text is None or len(text) <= 200 else text[:199] + "…"
