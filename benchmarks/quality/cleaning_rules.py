"""The rows and the 50 rules of the cleaning benchmark."""

from pathlib import Path
from typing import Any

from assets.quality.rules.model import Rule

CITIES = ("Berlin", "Hamburg", "Munich", "Cologne", "Bremen", "Leipzig", "Dresden", "Essen")
STATES = ("new", "paid", "sent", "back", "done")
AMOUNTS = tuple(f"amount{n}" for n in range(8))
TEXTS = ("name", "street", "note", "agent")
CHUNK = 1_000_000


def make(path: Path, rows: int) -> None:
    """Writes the table: 22 columns, about 1 % of the rows wrong in some way."""
    import numpy as np
    import polars as pl
    import pyarrow.parquet as pq

    writer = None
    for start in range(0, rows, CHUNK):
        n = min(CHUNK, rows - start)
        random = np.random.default_rng(start)
        columns: dict[str, Any] = {"id": np.arange(start, start + n), "customer": random.integers(0, 1_000_000, n)}
        columns |= {name: random.gamma(2, 50, n).round(2) for name in AMOUNTS}
        frame = pl.DataFrame(columns).with_columns(
            pl.Series(
                "city", np.array([*CITIES, "berlin ", "Koeln"])[random.choice(10, n, p=[0.124] * 8 + [0.004] * 2)]
            ),
            pl.Series("state", np.array([*STATES, "NEW", "??"])[random.choice(7, n, p=[0.199] * 5 + [0.003, 0.002])]),
            pl.Series("zip", random.integers(10_000, 99_999, n)).cast(pl.String),
            *(pl.format(name + " {}", pl.Series(random.integers(0, 50_000, n))).alias(name) for name in TEXTS),
            pl.Series("ordered", random.integers(0, 2_000, n)),
            pl.Series("sent", random.integers(0, 14, n)),
            pl.Series("age", random.integers(16, 99, n)),
            pl.Series("quantity", random.integers(1, 60, n)),
        )
        wrong = [pl.Series(random.random(n) < 0.0007) for _ in range(6)]
        frame = frame.with_columns(
            pl.when(wrong[0]).then(-pl.col("amount0")).otherwise(pl.col("amount0")).alias("amount0"),
            pl.when(wrong[1]).then(None).otherwise(pl.col("customer")).alias("customer"),
            pl.when(wrong[2]).then(pl.lit("  ") + pl.col("name")).otherwise(pl.col("name")).alias("name"),
            pl.when(wrong[3]).then(pl.lit("x1")).otherwise(pl.col("zip")).alias("zip"),
            pl.when(wrong[4]).then(None).otherwise(pl.col("quantity")).alias("quantity"),
            (pl.col("ordered") + pl.col("sent") - pl.Series(np.where(wrong[5], 40, 0))).alias("sent"),
        )
        table = frame.to_arrow(compat_level=pl.CompatLevel.oldest())
        writer = writer or pq.ParquetWriter(path, table.schema, compression="zstd")
        writer.write_table(table, row_group_size=250_000)
    if writer is not None:
        writer.close()


def rules() -> list[Rule]:
    """50 rules: 14 repairs, 36 that reject."""
    table = "raw/shop/orders"

    def rule(kind: str, columns: list[str], action: str, **params: object) -> Rule:
        return Rule.make(kind, table, columns, params, action=action)

    found = [rule("normalise", [name], "repair", forms=["trim"]) for name in (*TEXTS, "city", "state")]
    found += [rule("normalise", ["state"], "repair", forms=["lower"])]
    found += [rule("replace", ["city"], "repair", mapping={"berlin": "Berlin", "Koeln": "Cologne"})]
    found += [rule("default", ["quantity"], "repair", value=1)]
    found += [rule("range", [name], "repair", low=0, high=1_000, fix="clip") for name in AMOUNTS[1:6]]
    found += [rule("not_null", [name], "reject") for name in ("id", "customer", "city", "state", "zip", *AMOUNTS[:4])]
    found += [rule("range", [name], "reject", low=0, high=5_000) for name in AMOUNTS]
    found += [rule("range", ["age"], "reject", low=16, high=120), rule("range", ["quantity"], "reject", low=1, high=99)]
    found += [rule("pattern", ["zip"], "reject", pattern="[0-9]{5}")]
    found += [rule("pattern", [name], "reject", pattern=f"{name} [0-9]+") for name in TEXTS[:2]]
    found += [rule("length", [name], "reject", least=3, most=60) for name in TEXTS]
    found += [
        rule("in_set", ["state"], "reject", values=list(STATES)),
        rule("in_set", ["city"], "reject", values=list(CITIES)),
    ]
    found += [rule("compare", ["ordered", "sent"], "reject", operator="<=")]
    found += [
        rule("condition", [], "reject", expression=f"NOT (quantity > 50 AND {name} > 900)") for name in AMOUNTS[:6]
    ]
    found += [rule("unique", ["id"], "reject")]
    return found
