"""Two sources whose keys do not meet as they are, and what their fused rows must be."""

import polars as pl

LEFT, RIGHT, RATES = "raw/shop/orders", "raw/crm/customers", "raw/fx/rates"
CUSTOMERS = 40


def orders() -> pl.DataFrame:
    """Customer keys as `C-007`, some in full width or with blanks, missing or unknown; days in several forms."""
    written = ["C-{:03d}", " c-{:03d}", "Ｃ－{:03d}", "C{:03d} "]
    days = ["2024-01-{:02d}", "2024/1/{}", "2024年1月{}日", "202401{:02d}"]
    rows = range(200)
    return pl.DataFrame(
        {
            "order_id": list(rows),
            "customer": [None if n % 23 == 0 else written[n % 4].format(n % 45 + 1) for n in rows],
            "day": [days[n % 4].format(n % 28 + 1) for n in rows],
            "amount": [float(n) for n in rows],
        }
    )


def customers(twice: bool = False) -> pl.DataFrame:
    """Customers 1 to 40 by number; `twice` repeats one of them."""
    ids = [*range(1, CUSTOMERS + 1), *([7] if twice else [])]
    return pl.DataFrame({"id": ids, "name": [f"customer {n}" for n in ids], "amount": [n * 10 for n in ids]})


def rates() -> pl.DataFrame:
    """A rate for each day of the month but the last two."""
    return pl.DataFrame({"date": [f"2024-01-{n:02d}" for n in range(1, 27)], "rate": [n / 10 for n in range(1, 27)]})


def truth(how: str = "left") -> set[tuple[int | None, int | None]]:
    """Order and customer of the fused rows, by arithmetic and not by any join."""
    pairs: set[tuple[int | None, int | None]] = set()
    for n in range(200):
        number = n % 45 + 1
        if n % 23 and number <= CUSTOMERS:
            pairs.add((n, number))
        elif how in ("left", "full"):
            pairs.add((n, None))
    met = {number for _, number in pairs}
    if how in ("right", "full"):
        pairs |= {(None, number) for number in range(1, CUSTOMERS + 1) if number not in met}
    return pairs
