"""Tables whose truth is known, with cells taken out."""

import numpy as np
import polars as pl


def shop(rows: int = 600, seed: int = 3) -> pl.DataFrame:
    """Orders: the total is price times quantity, the region follows from the city, the noise from nothing."""
    random = np.random.default_rng(seed)
    cities = np.array(["北京", "上海", "广州", "深圳"])
    city = random.integers(0, 4, rows)
    price = random.lognormal(2, 0.6, rows).round(2)
    quantity = random.integers(1, 40, rows)
    return pl.DataFrame(
        {
            "id": np.arange(rows),
            "city": cities[city],
            "region": np.array(["North", "East", "South", "South"])[city],
            "price": price,
            "quantity": quantity,
            "total": (price * quantity).round(2),
            "noise": random.normal(0, 1, rows),
            "coin": random.integers(0, 2, rows).astype(bool),
        }
    )


def emptied(frame: pl.DataFrame, columns: list[str], share: float = 0.15, seed: int = 5) -> pl.DataFrame:
    """The frame with a share of the cells of some columns missing, completely at random."""
    random = np.random.default_rng(seed)
    gone = {name: pl.Series(random.random(frame.height) < share) for name in columns}
    return frame.with_columns(
        pl.when(pl.lit(gone[name])).then(None).otherwise(pl.col(name)).alias(name) for name in columns
    )
