"""Input files of the throughput benchmark: customers and orders, the same bytes each time."""

from pathlib import Path

import polars as pl

STATES = ["CA", "WA", "OR", "NY", "NJ", "MA", "TX", "FL", "GA", "AK", "NV", "OH"]
CUSTOMER_FIELDS = (
    ("id", "Integer", ""),
    ("lastname", "String", ""),
    ("city", "String", ""),
    ("birthdate", "Date", "yyyy/MM/dd"),
    ("housenr", "Integer", ""),
    ("statecode", "String", ""),
    ("amount", "Number", ""),
)
ORDER_FIELDS = (("oid", "Integer", ""), ("custid", "Integer", ""), ("qty", "Integer", ""), ("price", "Number", ""))
CHUNK = 1_000_000


def _customers(start: int, rows: int) -> pl.DataFrame:
    n = pl.int_range(start, start + rows, eager=True).alias("n")
    h = n.hash(seed=7)
    states = pl.Series(STATES)
    return pl.DataFrame(
        {
            "id": n + 1,
            "lastname": "name" + (h % 90_000).cast(pl.String),
            "city": "city-" + (h // 7 % 500).cast(pl.String),
            "birthdate": ((h // 11 % 25_000).cast(pl.Int32) - 10_957).cast(pl.Date),  # from 1940 on
            "housenr": (h // 13 % 300).cast(pl.Int64) + 1,
            "statecode": states.gather((h // 17 % len(STATES)).cast(pl.UInt32)),
            "amount": ((h // 19 % 500_000).cast(pl.Int64) / 100).round(2),
        }
    )


def _orders(start: int, rows: int, customers: int) -> pl.DataFrame:
    n = pl.int_range(start, start + rows, eager=True).alias("n")
    h = n.hash(seed=11)
    return pl.DataFrame(
        {
            "oid": n + 1,
            "custid": (h % customers).cast(pl.Int64) + 1,
            "qty": (h // 7 % 20).cast(pl.Int64) + 1,
            "price": ((h // 13 % 10_000).cast(pl.Int64) / 100).round(2),
        }
    )


def make(folder: Path, rows: int) -> None:
    """Writes cust.csv and ord.csv with `rows` rows each, separated by semicolons."""
    for name in ("cust", "ord"):
        path = folder / f"{name}.csv"
        if path.exists():
            continue
        with path.open("wb") as handle:
            for start in range(0, rows, CHUNK):
                size = min(CHUNK, rows - start)
                frame = _customers(start, size) if name == "cust" else _orders(start, size, rows)
                frame.write_csv(handle, separator=";", include_header=start == 0, date_format="%Y/%m/%d")
