"""`heddle fuse` on files: plan, decide, run, link, review, golden, and what it refuses."""

from pathlib import Path

import polars as pl
import pytest
from click.testing import CliRunner, Result

from core.naming import TableName
from core.settings import load
from orchestration.cli.main import main
from resources.open import warehouse
from tests.assets.quality.fusion.shop import customers, orders, truth

ASSET = "table/shop/fused"


@pytest.fixture
def shop(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("HEDDLE_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("HEDDLE_QUALITY", str(tmp_path / "quality"))
    monkeypatch.chdir(tmp_path)
    orders().write_csv("orders.csv")
    customers().write_csv("customers.csv")
    return tmp_path


def fuse(*arguments: str, **more: str) -> Result:
    return CliRunner().invoke(main, ["fuse", *arguments], **more)  # type: ignore[arg-type]


def test_plan_accept_and_run_on_files(shop: Path) -> None:
    planned = fuse("plan", ASSET, "orders.csv", "customers.csv", "--join", "inner")
    assert planned.exit_code == 0, planned.output
    assert "many-to-one" in planned.output and "leading_zeros" in planned.output
    counted = fuse("run", ASSET, "--dry-run")
    assert f"{len(truth('inner'))} rows" in counted.output
    assert "wrote" not in counted.output and not (shop / "fused.parquet").exists()
    assert fuse("accept", ASSET, "--by", "ann").exit_code == 0
    assert "status: accepted" in (shop / "quality/fusion/shop__fused.yaml").read_text()
    again = fuse("plan", ASSET, "orders.csv", "customers.csv")
    assert again.exit_code == 2 and "is decided already" in again.output
    done = fuse("run", ASSET, "--output", "fused.parquet")
    assert done.exit_code == 0 and "as predicted" in done.output
    rows = pl.read_parquet("fused.parquet").select(pl.col("order_id", "id").cast(pl.Int64)).rows()
    assert set(rows) == truth("inner") and len(rows) == len(truth("inner"))


def test_fan_out_is_told_by_the_plan_and_refused_by_the_run(shop: Path) -> None:
    customers(twice=True).write_csv(shop / "customers.csv")
    planned = fuse("plan", ASSET, "orders.csv", "customers.csv")
    assert "a run is refused" in planned.output
    fuse("accept", ASSET, "--by", "ann")
    done = fuse("run", ASSET, "--output", "fused.csv")
    assert done.exit_code == 2 and "would add" in done.output
    assert not (shop / "fused.csv").exists()


def test_a_plan_that_was_refused_does_not_run(shop: Path) -> None:
    fuse("plan", ASSET, "orders.csv", "customers.csv")
    assert "refused by ann" in fuse("accept", ASSET, "--by", "ann", "--refuse").output
    done = fuse("run", ASSET, "--output", "fused.csv")
    assert done.exit_code == 2 and "is refused" in done.output


def test_unknown_files_and_mixed_tables_are_named(shop: Path) -> None:
    assert "no file absent.csv" in fuse("plan", ASSET, "orders.csv", "absent.csv").output
    assert "are assets and some are files" in fuse("plan", ASSET, "orders.csv", "raw/crm/customers").output
    kettle = fuse("to-kettle", ASSET, str(shop / "x.ktr"))
    assert kettle.exit_code == 2 and "no plan of" in kettle.output


def test_a_plan_of_the_warehouse_runs_and_becomes_a_kettle_file(shop: Path) -> None:
    store = warehouse(load())
    store.write(TableName("raw_shop", "orders"), orders())
    store.write(TableName("raw_crm", "customers"), customers())
    fuse("plan", ASSET, "raw/shop/orders", "raw/crm/customers")
    fuse("accept", ASSET, "--by", "ann")
    done = fuse("run", ASSET)
    assert done.exit_code == 0 and "200 rows, as predicted" in done.output
    assert store.info(TableName("table_shop", "fused")).rows == 200
    written = fuse("to-kettle", ASSET, "fused.ktr", "--by", "lookup", "--into", "table_shop.fused")
    assert written.exit_code == 0, written.output
    ran = CliRunner().invoke(main, ["kettle", "run", "fused.ktr"])
    assert ran.exit_code == 0, ran.output
    assert set(store.query("select order_id, id from table_shop.fused").rows()) == truth("left")
    again = fuse("to-kettle", ASSET, "fused.ktr")
    assert again.exit_code == 2 and "is there already" in again.output


def people(folder: Path) -> None:
    names = [f"{a} {b}" for a in ("anna", "boris", "clara", "dmitri") for b in ("archer", "baxter", "cole", "dunn")]
    phones = [f"07{n * 7919 % 10**8:08d}" for n in range(1, 17)]
    again = [n[:3] + n[4:] for n in names]
    frame = pl.DataFrame({"id": range(32), "name": names + again, "phone": phones + phones})
    frame.write_csv(folder / "people.csv")
    (folder / "people.yaml").write_text(
        "kind: golden\nasset: table/shop/people_golden\n"
        "sources: [{table: people.csv, id: id}]\ncompare: {name: , phone: code}\n"
    )


def test_link_writes_clusters(shop: Path) -> None:
    people(shop)
    done = fuse("link", "people.csv", "--id", "id", "--output", "links.csv")
    assert done.exit_code == 0 and "16 things with several rows" in done.output
    links = pl.read_csv("links.csv")
    assert links.group_by("cluster").agg(pl.col("id") % 16).select(pl.col("id").list.n_unique()).to_series().max() == 1
    assert "no column" not in done.output
    pl.read_csv("people.csv").with_columns(id="=" + pl.col("id").cast(pl.String)).write_csv("odd.csv")
    fuse("link", "odd.csv", "--id", "id", "--output", "safe.csv", "--safe-csv")
    assert pl.read_csv("safe.csv")["id"].str.starts_with("'=").all()
    wrong = fuse("link", "people.csv", "--id", "key")
    assert wrong.exit_code == 2 and "'key'" in wrong.output


def test_link_names_what_it_cannot_link(shop: Path) -> None:
    people(shop)
    (shop / "none.csv").write_text("id,name,phone\n")
    empty = fuse("link", "none.csv", "--id", "id", "--compare", "name", "--compare", "name")
    assert empty.exit_code == 0 and "nothing to measure" in empty.output and "1.000" not in empty.output
    assert "0 rows" in empty.output
    both = fuse("link", "none.csv", "people.csv", "--id", "id")
    assert both.exit_code == 0 and "16 things with several rows" in both.output
    (shop / "twice.csv").write_text("id,name\n1,a\n1,b\n,c\n")
    (shop / "bare.csv").write_text("id\n1\n")
    for words, why in (
        (["people.csv", "./people.csv"], "are one file"),
        (["twice.csv"], "missing or repeated"),
        (["bare.csv", "people.csv"], "no column in common but 'id'"),
    ):
        wrong = fuse("link", *words, "--id", "id")
        assert wrong.exit_code == 2 and why in wrong.output, words


def test_hostile_values_are_shown_short_and_without_control(shop: Path) -> None:
    people(shop)
    long = pl.when(pl.col("id") % 16 == 0).then(pl.lit("x" * 1_000_000)).otherwise(pl.lit(""))
    frame = pl.read_csv("people.csv").with_columns(name=pl.col("name") + "\x1b[31m" + long)
    frame.write_csv("people.csv")
    shown = fuse("review", "people.yaml", "--list", "--most", "100")
    assert shown.exit_code == 0 and "\x1b" not in shown.output and "␛[31m" in shown.output
    assert "x…" in shown.output and len(shown.output) < 20_000
    (shop / "mixed.yaml").write_text(
        (shop / "people.yaml").read_text().replace("id: id}", "id: id}, {table: raw/a/b, id: id}")
    )
    mixed = fuse("golden", "mixed.yaml")
    assert mixed.exit_code == 2 and "some sources are assets and some are files" in mixed.output


def test_review_keeps_answers_and_golden_writes_its_tables(shop: Path) -> None:
    people(shop)
    answered = fuse("review", "people.yaml", "--by", "ann", "--most", "3", input="y\ns\nn\n")
    assert answered.exit_code == 0 and "2 pairs judged" in answered.output
    kept = (shop / "people.labels.yaml").read_text()
    assert kept.count("by: ann") == 2 and "same: true" in kept and "same: false" in kept
    listed = fuse("review", "people.yaml", "--list")
    assert "probability" in listed.output and "same?" not in listed.output
    done = fuse("golden", "people.yaml", "--output", "out")
    assert done.exit_code == 0 and "judged pairs: precision" in done.output
    golden = pl.read_parquet("out/golden.parquet")
    assert golden.height == pl.read_parquet("out/links.parquet")["entity"].n_unique()
