"""The rules of the cleaning benchmark as somebody would write them in polars."""

from pathlib import Path

import polars as pl

from benchmarks.quality.cleaning_rules import AMOUNTS, CITIES, STATES, TEXTS, rules

BLANKS = " \t\n\r\f\v"


def _repaired() -> list[list[tuple[str, pl.Expr]]]:
    """The repairs, by stage: column and new value."""
    trims = [(name, pl.col(name).str.strip_chars(BLANKS)) for name in (*TEXTS, "city", "state")]
    lower = ("state", pl.col("state").str.to_lowercase())
    city = ("city", pl.col("city").replace({"berlin": "Berlin", "Koeln": "Cologne"}))
    clips = [(name, pl.col(name).clip(0, 1_000)) for name in AMOUNTS[1:6]]
    return [[*trims, ("quantity", pl.col("quantity").fill_null(1)), *clips], [lower, city]]


def _failing() -> list[pl.Expr]:
    found = [pl.col(name).is_null() for name in ("id", "customer", "city", "state", "zip", *AMOUNTS[:4])]
    found += [~pl.col(name).is_between(0, 5_000) for name in AMOUNTS]
    found += [~pl.col("age").is_between(16, 120), ~pl.col("quantity").is_between(1, 99)]
    found += [~pl.col("zip").str.contains("^[0-9]{5}$")]
    found += [~pl.col(name).str.contains(f"^{name} [0-9]+$") for name in TEXTS[:2]]
    found += [~pl.col(name).str.len_chars().is_between(3, 60) for name in TEXTS]
    found += [~pl.col("state").is_in(STATES), ~pl.col("city").is_in(CITIES)]
    found += [pl.col("ordered") > pl.col("sent")]
    found += [(pl.col("quantity") > 50) & (pl.col(name) > 900) for name in AMOUNTS[:6]]
    found += [~pl.col("id").is_first_distinct() & pl.col("id").is_not_null()]
    return found


def _judged(source: Path, keep: bool) -> tuple[pl.LazyFrame, list[tuple[str, str, str]]]:
    """The table with `rules`; with `keep` the versions of repaired columns: (before, after, column)."""
    table = pl.scan_parquet(source)
    versions: list[tuple[str, str, str]] = []
    if keep:
        table = table.with_row_index("row")
    for number, stage in enumerate(_repaired()):
        if keep:
            table = table.with_columns(pl.col(name).alias(f"was{number}_{name}") for name, _ in stage)
            versions += [(f"was{number}_{name}", name, name) for name, _ in stage]
        table = table.with_columns(value.alias(name) for name, value in stage)
    names = [rule.id for rule in rules() if rule.action == "reject"]
    broken = [pl.when(test).then(pl.lit(name)) for name, test in zip(names, _failing(), strict=True)]
    return table.with_columns(pl.concat_str(broken, separator=",", ignore_nulls=True).alias("rules")), versions


def rows(source: Path, folder: Path, _memory: int) -> None:
    """Clean rows and rejected rows with the ids of their rules."""
    table, _ = _judged(source, keep=False)
    clean = table.filter(pl.col("rules") == "").drop("rules").sink_parquet(folder / "rows.out.parquet", lazy=True)
    gone = table.filter(pl.col("rules") != "").sink_parquet(folder / "rows.rejected.parquet", lazy=True)
    pl.collect_all([clean, gone], engine="streaming")


def cells(source: Path, folder: Path, _memory: int) -> None:
    """The same, with the rejected rows as they came, and all changed cells."""
    table, versions = _judged(source, keep=True)
    names = pl.scan_parquet(source).collect_schema().names()
    ids = _ids()
    stays = table.filter(pl.col("rules") == "")
    clean = stays.select(names).sink_parquet(folder / "hand.parquet", lazy=True)
    first = {column: was for was, _, column in reversed(versions)}
    gone = (
        table.filter(pl.col("rules") != "")
        .select(*(pl.col(first.get(n, n)).alias(n) for n in names), pl.col("rules").alias("heddle_rules"))
        .sink_parquet(folder / "hand.rejected.parquet", lazy=True)
    )
    changed = [
        stays.filter(pl.col(was).ne_missing(pl.col(after))).select(
            "row",
            pl.lit(column).alias("column"),
            pl.col(was).cast(pl.String).alias("before"),
            pl.col(after).cast(pl.String).alias("after"),
            pl.lit(ids[was]).alias("rule"),
            pl.lit(1.0).alias("confidence"),
        )
        for was, after, column in _steps(versions)
    ]
    cells = pl.concat(changed).sink_parquet(folder / "hand.changes.parquet", lazy=True)
    pl.collect_all([clean, gone, cells], engine="streaming")


def _steps(versions: list[tuple[str, str, str]]) -> list[tuple[str, str, str]]:
    """With the version after each repair: that before the next of the column, or the final one."""
    found = []
    for number, (was, _, column) in enumerate(versions):
        later = next((w for w, _, c in versions[number + 1 :] if c == column), column)
        found.append((was, later, column))
    return found


def _ids() -> dict[str, str]:
    """The rule of each version."""
    found: dict[str, str] = {}
    seen: dict[str, int] = {}
    for rule in rules():
        if rule.action == "repair":
            column = rule.columns[0]
            found[f"was{seen.get(column, 0)}_{column}"] = rule.id
            seen[column] = seen.get(column, 0) + 1
    return found
