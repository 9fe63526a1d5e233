"""A made dataset folder (data.parquet and dataset.json) whose outcome depends on its columns in a known way."""

import datetime as dt
import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import polars as pl

ODD = ["Type A", "it's", '"quoted"', "折扣券", "a,b|c", "$x_1$", "<b>"]
START = {"train": dt.date(2017, 3, 6), "valid": dt.date(2017, 8, 7), "test": dt.date(2017, 10, 2)}
FEATURES = [
    {"name": "spend", "kind": "number", "description": "USD in 12 weeks"},
    {"name": "visits", "kind": "number", "description": "visits | 12 weeks"},
    {"name": "constant", "kind": "number", "description": "always 3"},
    {"name": "nothing", "kind": "number", "description": "always empty"},
    {"name": "gaps", "kind": "number", "description": "empty for most"},
    {"name": "kind", "kind": "category", "categories": ODD, "description": "kind of campaign"},
    {"name": "no_values", "kind": "category", "categories": [], "description": "category without values"},
]


def frame(seed: int = 1, rows: int = 900, strength: float = 1.0) -> pl.DataFrame:
    """`rows` train rows and half as many valid and test rows. `strength` scales how much the columns tell."""
    random = np.random.default_rng(seed)
    parts = []
    for split, count in {"train": rows, "valid": rows // 2, "test": rows // 2}.items():
        spend, visits = random.gamma(2.0, 30.0, count), random.poisson(5, count).astype(float)
        kind = random.integers(0, len(ODD), count)
        gaps = np.where(random.random(count) < 0.7, np.nan, random.normal(size=count))
        log_odds = -1.2 + strength * (0.02 * (spend - 60) + np.where(kind < 4, 1.0, -1.0) * (visits - 5) * 0.5)
        parts.append(
            pl.DataFrame(
                {
                    "household_id": random.integers(1, 400, count),
                    "campaign_id": random.integers(1, 30, count),
                    "as_of": [START[split] + dt.timedelta(days=int(d)) for d in random.integers(0, 40, count)],
                    "split": [split] * count,
                    "label": (random.random(count) < 1 / (1 + np.exp(-log_odds))).astype(np.int8),
                    "spend": spend,
                    "visits": visits,
                    "constant": np.full(count, 3.0),
                    "nothing": pl.Series([None] * count, dtype=pl.Float64),
                    "gaps": pl.Series(gaps).fill_nan(None),
                    "kind": [ODD[k] if random.random() > 0.1 else None for k in kind],
                    "no_values": pl.Series([None] * count, dtype=pl.String),
                }
            )
        )
    return pl.concat(parts)


def write(
    folder: Path,
    rows: pl.DataFrame | None = None,
    edit: Callable[[dict], None] = lambda _: None,  # type: ignore[type-arg]
) -> Path:
    """Fill a folder as the dataset asset does; `edit` may change the description first."""
    rows = frame() if rows is None else rows
    folder.mkdir(parents=True, exist_ok=True)
    about = {
        "label": "label",
        "time": "as_of",
        "keys": ["household_id", "campaign_id"],
        "features": [dict(f) for f in FEATURES],
        "rows": {},
        "positives": {},
    }
    edit(about)
    rows.write_parquet(folder / "data.parquet")
    (folder / "dataset.json").write_text(json.dumps(about, ensure_ascii=False), encoding="utf-8")
    return folder
