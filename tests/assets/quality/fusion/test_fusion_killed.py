"""Killed joins and golden tables leave the former files and tables whole, and the next run works."""

from pathlib import Path

import polars as pl
import pytest

from assets.quality.fusion.files import PlanFiles
from assets.quality.fusion.model import Join, KeyPair, Plan
from core.naming import TableName
from core.settings import Settings, load
from resources.open import warehouse
from tests.killed import killed

ASSET = "table/shop/fused"
IN_WAREHOUSE = """
from pathlib import Path
from core.settings import load
from resources.open import warehouse
import resources.warehouse_duckdb as duck
duck._replace = dying(duck._replace)
site, how = load(), sys.argv[1]
if how == "join":
    from assets.quality.fusion.files import PlanFiles
    from assets.quality.fusion.run import run
    run(PlanFiles(site.quality).read("table/shop/fused"), warehouse(site))
else:
    from assets.quality.linkage.model import read_golden
    from assets.quality.linkage.run import run
    path = site.quality / "fusion" / "people.yaml"
    run(read_golden(path), path, warehouse(site), site.memory, site.home)
"""
GOLDEN = """kind: golden
asset: table/shop/people
sources: [{table: raw/shop/left, id: k}]
compare: {name: , phone: code}
"""
TABLES = [f"table_shop.people{end}" for end in ("", "_cells", "_links", "_unsure")]


@pytest.fixture
def site(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Settings:
    monkeypatch.setenv("HEDDLE_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("HEDDLE_QUALITY", str(tmp_path / "quality"))
    monkeypatch.chdir(tmp_path)
    return load()


def plan(site: Settings, left: str, right: str) -> None:
    files = PlanFiles(site.quality)
    files.write(Plan(asset=ASSET, left=left, joins=(Join(right=right, keys=(KeyPair(left="k", right="k"),)),)))
    files.decide(ASSET, "accepted", "ann")


def people(name: str) -> pl.DataFrame:
    names = [f"{name} {family}" for family in ("archer", "baxter", "cole")]
    return pl.DataFrame({"k": range(6), "name": [*names, *(n.upper() for n in names)], "phone": ["1", "2", "3"] * 2})


def test_joined_files(site: Settings, tmp_path: Path) -> None:
    people("anna").write_csv("left.csv")
    pl.DataFrame({"k": ["1", "2"], "v": ["a", "b"]}).write_csv("right.csv")
    plan(site, "left.csv", "right.csv")
    made = tmp_path / "made.csv"
    made.write_text("former")
    run = ("fuse", "run", ASSET, "--output", made)
    assert killed(0, *run, folder=tmp_path)
    assert made.read_text() == "former"
    assert not killed(99, *run, folder=tmp_path)
    assert pl.read_csv(made).sort("k")["v"].to_list() == [None, "a", "b", None, None, None]


def test_decisions_and_labels(site: Settings, tmp_path: Path) -> None:
    people("anna").write_csv("left.csv")
    plan(site, "left.csv", "left.csv2")
    path = PlanFiles(site.quality).path(ASSET)
    before = path.read_text()
    assert killed(0, "fuse", "accept", ASSET, "--by", "bob")
    assert path.read_text() == before
    assert not killed(99, "fuse", "accept", ASSET, "--by", "bob")
    assert PlanFiles(site.quality).read(ASSET).by == "bob"


def test_a_joined_table(site: Settings) -> None:
    store = warehouse(site)
    store.write(TableName("raw_shop", "left"), people("anna"))
    store.write(TableName("raw_shop", "right"), pl.DataFrame({"k": [1], "v": ["a"]}))
    plan(site, "raw/shop/left", "raw/shop/right")
    former = pl.DataFrame({"former": [1]})
    store.write(TableName("table_shop", "fused"), former)
    assert killed(0, "join", code=IN_WAREHOUSE)
    assert store.query("select * from table_shop.fused").equals(former)
    assert not killed(99, "join", code=IN_WAREHOUSE)
    assert store.query("select v from table_shop.fused where k = 1").item() == "a"


def test_a_golden_table(site: Settings) -> None:
    store, path = warehouse(site), site.quality / "fusion" / "people.yaml"
    path.parent.mkdir(parents=True)
    path.write_text(GOLDEN)

    def rows() -> list[list[tuple[object, ...]]]:
        return [sorted(store.query(f"select * from {name}").rows(), key=repr) for name in TABLES]

    store.write(TableName("raw_shop", "left"), people("anna"))
    assert not killed(99, "golden", code=IN_WAREHOUSE)
    former = rows()
    store.write(TableName("raw_shop", "left"), people("zoe"))
    assert killed(3, "golden", code=IN_WAREHOUSE)  # before the last of four tables
    assert rows() == former
    assert not killed(99, "golden", code=IN_WAREHOUSE)
    assert {r[1] for r in rows()[0]} == {f"zoe {n}" for n in ("archer", "baxter", "cole")}
    assert {r[0] for r in rows()[0]} == {r[0] for r in former[0]}  # the things keep their identifiers
