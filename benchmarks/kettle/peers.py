"""The same ten results by hand: polars (lazy, streaming), pandas, and Python row by row."""

import csv
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

from benchmarks.kettle.flows import REGIONS

SEPARATOR = ";"


def with_polars(folder: Path, name: str) -> None:
    import polars as pl

    def read(file: str) -> pl.LazyFrame:
        frame = pl.scan_csv(folder / f"{file}.csv", separator=SEPARATOR)
        return frame.with_columns(pl.col("birthdate").str.to_date("%Y/%m/%d")) if file == "cust" else frame

    cust, orders = read("cust"), read("ord")
    kept = cust.filter((pl.col("amount") > 2500) & (pl.col("statecode") != "AK"))
    region = pl.col("statecode").replace_strict(REGIONS, default="OTHER")
    plans: dict[str, Callable[[], pl.LazyFrame]] = {
        "copy": lambda: cust,
        "filter": lambda: kept,
        "calculate": lambda: cust.with_columns(
            total=pl.col("amount") * pl.col("housenr"),
            year=pl.col("birthdate").dt.year(),
            full=pl.col("city") + pl.col("lastname"),
            upper=pl.col("city").str.to_uppercase(),
        ),
        "map": lambda: cust.with_columns(
            pl.col("lastname").str.replace_all("^(.).*(.)$", "${1}***${2}"), region=region
        ),
        "lookup": lambda: orders.join(
            cust.select("id", state="statecode"), left_on="custid", right_on="id", how="left", maintain_order="left"
        ).with_columns(pl.col("state").fill_null("??")),
        "sort": lambda: cust.sort("statecode", "lastname", maintain_order=True),
        "unique": lambda: cust.sort("city", "statecode", maintain_order=True).unique(
            ["city", "statecode"], keep="first", maintain_order=True
        ),
        "group": lambda: cust.group_by("city").agg(
            rows=pl.col("id").count(), total=pl.col("amount").sum(), top=pl.col("amount").max()
        ),
        "join": lambda: orders.sort("custid", maintain_order=True).join(
            cust.with_columns(id_1=pl.col("id")), left_on="custid", right_on="id_1", maintain_order="left"
        ),
    }
    if name == "table":
        import duckdb

        frame = kept.collect(engine="streaming")  # duckdb reads it by name
        with duckdb.connect(str(folder / "polars.duckdb")) as connection:
            connection.execute("create table big as select * from frame")
        assert frame.height
        return
    plans[name]().sink_csv(folder / f"{name}-polars.csv", separator=SEPARATOR, date_format="%Y/%m/%d")


def with_pandas(folder: Path, name: str) -> None:
    import pandas as pd

    def read(file: str) -> "pd.DataFrame":
        frame = pd.read_csv(folder / f"{file}.csv", sep=SEPARATOR)
        if file == "cust":
            frame["birthdate"] = pd.to_datetime(frame["birthdate"], format="%Y/%m/%d")
        return frame

    def calculate(frame: "pd.DataFrame") -> "pd.DataFrame":
        return frame.assign(
            total=frame.amount * frame.housenr,
            year=frame.birthdate.dt.year,
            full=frame.city + frame.lastname,
            upper=frame.city.str.upper(),
        )

    def mapped(frame: "pd.DataFrame") -> "pd.DataFrame":
        masked = frame.lastname.str.replace("^(.).*(.)$", r"\1***\2", regex=True)
        return frame.assign(lastname=masked, region=frame.statecode.map(REGIONS).fillna("OTHER"))

    def lookup() -> "pd.DataFrame":
        states = read("cust").set_index("id").statecode
        orders = read("ord")
        return orders.assign(state=orders.custid.map(states).fillna("??"))

    def grouped(frame: "pd.DataFrame") -> "pd.DataFrame":
        named = {"rows": ("id", "count"), "total": ("amount", "sum"), "top": ("amount", "max")}
        return frame.groupby("city", as_index=False).agg(**named)

    def filtered(frame: "pd.DataFrame") -> "pd.DataFrame":
        return frame[(frame.amount > 2500) & (frame.statecode != "AK")]

    plans: dict[str, Callable[[], pd.DataFrame]] = {
        "copy": lambda: read("cust"),
        "filter": lambda: filtered(read("cust")),
        "calculate": lambda: calculate(read("cust")),
        "map": lambda: mapped(read("cust")),
        "lookup": lookup,
        "sort": lambda: read("cust").sort_values(["statecode", "lastname"], kind="stable"),
        "unique": lambda: (
            read("cust").sort_values(["city", "statecode"], kind="stable").drop_duplicates(["city", "statecode"])
        ),
        "group": lambda: grouped(read("cust")),
        "join": lambda: (
            read("ord")
            .sort_values("custid", kind="stable")
            .merge(read("cust").assign(id_1=lambda f: f.id), left_on="custid", right_on="id_1")
            .drop(columns="id_1")
        ),
    }
    if name == "table":
        import duckdb

        frame = filtered(read("cust"))  # duckdb reads it by name
        assert len(frame)
        with duckdb.connect(str(folder / "pandas.duckdb")) as connection:
            connection.execute("create table big as select * from frame")
        return
    plans[name]().to_csv(folder / f"{name}-pandas.csv", sep=SEPARATOR, index=False, date_format="%Y/%m/%d")


def with_rows(folder: Path, name: str) -> None:
    """Python dictionaries, one row at a time, as a row engine works; only where that is how one would write it."""
    mask = re.compile("^(.).*(.)$")

    def typed(row: dict[str, Any]) -> dict[str, Any]:
        row["id"], row["housenr"], row["amount"] = int(row["id"]), int(row["housenr"]), float(row["amount"])
        return row

    def calculate(row: dict[str, Any]) -> dict[str, Any]:
        row["total"] = row["amount"] * row["housenr"]
        row["year"] = int(row["birthdate"][:4])
        row["full"] = row["city"] + row["lastname"]
        row["upper"] = row["city"].upper()
        return row

    def mapped(row: dict[str, Any]) -> dict[str, Any]:
        row["lastname"] = mask.sub(r"\1***\2", row["lastname"])
        row["region"] = REGIONS.get(row["statecode"], "OTHER")
        return row

    steps: dict[str, Callable[[dict[str, Any]], dict[str, Any] | None]] = {
        "copy": lambda row: row,
        "filter": lambda row: row if row["amount"] > 2500 and row["statecode"] != "AK" else None,
        "calculate": calculate,
        "map": mapped,
    }
    step = steps[name]
    with (
        (folder / "cust.csv").open(newline="") as source,
        (folder / f"{name}-rows.csv").open("w", newline="") as target,
    ):
        writer: csv.DictWriter[str] | None = None
        for raw in csv.DictReader(source, delimiter=SEPARATOR):
            row = step(typed(raw))
            if row is None:
                continue
            if writer is None:
                writer = csv.DictWriter(target, list(row), delimiter=SEPARATOR, lineterminator="\n")
                writer.writeheader()
            writer.writerow(row)


ROW_FLOWS = ("copy", "filter", "calculate", "map")
PEERS: dict[str, Callable[[Path, str], None]] = {"polars": with_polars, "pandas": with_pandas, "rows": with_rows}
