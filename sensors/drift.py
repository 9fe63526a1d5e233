"""How far a dataset moved from the one a model was trained on: rows, share of positives, distribution of features."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from assets.features.registry.drift import stability
from core.errors import SourceError


@dataclass(frozen=True)
class Limits:
    """From which change on a model is trained anew.

    Attributes:
        rows: relative growth or loss of rows.
        positives: relative change of the share of positive labels.
        drift: population stability index of one feature; above 0.2 is commonly called a significant shift.
    """

    rows: float = 0.10
    positives: float = 0.20
    drift: float = 0.20


@dataclass(frozen=True)
class Change:
    """The difference of two dataset versions.

    Attributes:
        rows, positives: relative changes.
        drift: feature -> population stability index, features of both only.
        features: names that only one of them has.
    """

    rows: float
    positives: float
    drift: dict[str, float]
    features: tuple[str, ...]

    def reasons(self, limits: Limits) -> list[str]:
        """Which limits are passed, in words; empty when none is."""
        found = []
        if self.features:
            found.append(f"features came or went: {', '.join(self.features)}")
        if abs(self.rows) >= limits.rows:
            found.append(f"rows {self.rows:+.0%} (limit {limits.rows:.0%})")
        if abs(self.positives) >= limits.positives:
            found.append(f"share of positives {self.positives:+.0%} (limit {limits.positives:.0%})")
        moved = sorted(((v, k) for k, v in self.drift.items() if v >= limits.drift), reverse=True)
        if moved:
            worst = ", ".join(f"{name} {value:.2f}" for value, name in moved[:3])
            found.append(f"{len(moved)} features drifted, PSI {worst} (limit {limits.drift:.2f})")
        return found

    def summary(self) -> str:
        """The change in words."""
        value, name = max(((v, k) for k, v in self.drift.items()), default=(0.0, "none"))
        return f"rows {self.rows:+.1%}, share of positives {self.positives:+.1%}, largest PSI {value:.3f} ({name})"


def compare(old: Path, new: Path) -> Change:
    """Compare two version folders of a dataset (data.parquet, dataset.json).

    Raises:
        SourceError: a file is missing or broken.
    """
    import polars as pl
    from polars.exceptions import PolarsError

    about = [_about(folder) for folder in (old, new)]
    sizes = [sum(a["rows"].values()) for a in about]
    shares = [sum(a["positives"].values()) / max(size, 1) for a, size in zip(about, sizes, strict=True)]
    kinds = [{f["name"]: f["kind"] for f in a["features"]} for a in about]
    shared = [name for name in kinds[0] if kinds[1].get(name) == kinds[0][name]]
    try:
        before, after = (pl.read_parquet(folder / "data.parquet", columns=shared) for folder in (old, new))
    except (PolarsError, OSError) as error:
        raise SourceError(f"dataset {old.name} or {new.name} cannot be read: {error}", "build it again") from None
    return Change(
        rows=sizes[1] / max(sizes[0], 1) - 1,
        positives=shares[1] / max(shares[0], 1e-9) - 1,
        drift={name: stability(before[name], after[name], kinds[0][name]) for name in shared},
        features=tuple(sorted({name for name, _ in kinds[0].items() ^ kinds[1].items()})),
    )


def _about(folder: Path) -> dict[str, Any]:
    try:
        found: dict[str, Any] = json.loads((folder / "dataset.json").read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise SourceError(f"{folder / 'dataset.json'} cannot be read: {error}", "build the dataset again") from None
    missing = {"rows", "positives", "features"} - set(found)
    if missing:
        raise SourceError(f"{folder / 'dataset.json'} lacks {', '.join(sorted(missing))}", "build the dataset again")
    return found
