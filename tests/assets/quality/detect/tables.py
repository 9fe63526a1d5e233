"""Small tables with planted errors."""

import numpy as np
import polars as pl

Table = dict[str, list[str]]


def shops(rows: int = 400, seed: int = 1) -> Table:
    """Orders of shops: the shop decides town, land and phone; the article decides its price."""
    random = np.random.default_rng(seed)
    towns = [("Altona", "HH"), ("Bergedorf", "HH"), ("Charlottenburg", "BE"), ("Degerloch", "BW"), ("Ehrenfeld", "NW")]
    sites = [(f"shop {name}", *towns[at % 5], f"0{40 + at}-{1234 + 77 * at}") for at, name in enumerate(NAMES)]
    goods = [
        ("hammer", "12.50"),
        ("ladder", "89.00"),
        ("bucket", "4.25"),
        ("paintbrush", "3.10"),
        ("screwdriver", "7.80"),
    ]
    lines = []
    for number in range(rows):
        site, article = sites[random.integers(len(sites))], goods[random.integers(5)]
        lines.append((f"O{10000 + number}", *site, *article))
    columns = ("order", "shop", "town", "land", "phone", "article", "price")
    return {name: [line[at] for line in lines] for at, name in enumerate(columns)}


NAMES = ("Adler", "Birke", "Cedar", "Distel", "Esche", "Farn", "Ginster", "Hasel", "Iris", "Jasmin", "Klee", "Linde")


def frame(table: Table) -> pl.DataFrame:
    """The table as texts."""
    return pl.DataFrame(table, schema=dict.fromkeys(table, pl.String))


def spoilt(table: Table, cells: dict[tuple[str, int], str]) -> pl.DataFrame:
    """The table with other texts in some cells."""
    copy = {name: list(values) for name, values in table.items()}
    for (name, row), text in cells.items():
        copy[name][row] = text
    return frame(copy)
