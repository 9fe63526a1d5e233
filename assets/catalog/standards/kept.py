"""How tables kept their standards, by moment; in the catalogue beside the other measurements, 50 of each table."""

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from pydantic import Field

from assets.catalog.model import Value
from assets.catalog.store.versions import Versions

if TYPE_CHECKING:
    from assets.catalog.standards.compliance import Compliance

KIND = "compliance"  # kind of these measurements; their key is the asset's


class Kept(Value):
    """How one column kept one standard; `percent` of its `rows`."""

    standard: str
    column: str
    percent: float
    rows: int
    broken: int
    violations: dict[str, int] = Field(default_factory=dict)


class Moment(Value):
    """All that was known at a moment: a check of some standards leaves the others as they were."""

    at: str
    run: str = ""
    found: tuple[Kept, ...] = ()

    @property
    def percent(self) -> float | None:
        """Of all values of all columns, None where none was looked at."""
        rows = sum(k.rows for k in self.found)
        return 100 * (1 - sum(k.broken for k in self.found) / rows) if rows else None

    def of(self, standard: str, column: str) -> Kept | None:
        """How a column kept a standard."""
        return next((k for k in self.found if (k.standard, k.column) == (standard, column)), None)


def keep(versions: Versions, asset: str, found: Iterable["Compliance"], run: str = "", at: str = "") -> Moment | None:
    """Adds a measurement to a table's history; None where there is nothing to add.

    Args:
        at: ISO 8601 moment, default now.
    """
    new = [
        Kept(
            standard=c.standard,
            column=c.column,
            percent=round(100 * c.share, 3),
            rows=c.rows,
            broken=c.broken_rows,
            violations=c.violations,
        )
        for c in found
    ]
    if not new:
        return None
    names = {k.standard for k in new}
    last = history(versions, asset, 1)
    others = [k for k in (last[0].found if last else ()) if k.standard not in names]
    together = sorted([*others, *new], key=lambda k: (k.standard, k.column))
    versions.measure(KIND, {asset: {"found": [k.model_dump(mode="json") for k in together]}}, run, at)
    return history(versions, asset, 1)[0]


def history(versions: Versions, asset: str, limit: int = 50) -> list[Moment]:
    """The moments of a table, the newest first."""
    return [_moment(at, run, said) for at, run, said in versions.measured(KIND, asset, limit)]


def latest(versions: Versions) -> dict[str, float]:
    """Every table that was checked -> its compliance in percent."""
    found = ((key, _moment("", "", said).percent) for key, said in versions.last_measured(KIND))
    return {key: percent for key, percent in found if percent is not None}


def _moment(at: str, run: str, said: dict[str, Any]) -> Moment:
    return Moment(at=at, run=run, found=said.get("found", ()))
