"""SIGKILL in the middle of each kind of step: the former state stays whole, and a further run ends where an undisturbed
one does."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import polars as pl
import pytest

from core.naming import Key, TableName, model_name
from resources import open as ports
from tests.orchestration.conftest import Installation, install

WEEK = "2017-07-03"
MODEL = Key.parse("model/retail/coupon_propensity")
# in the order in which a run gets to them: step -> when the process is killed, as a share of the time that the step
# takes in an undisturbed run
KILLS = (
    ("raw__retail__transactions", 0.5),
    ("index__retail__handbook", 0.6),
    ("table__retail__weekly", 0.5),
    ("model__retail__coupon_propensity", 0.5),
    ("endpoint__retail__coupon_propensity", 0.4),
)
TABLES = (
    TableName("raw_retail", "transactions"),
    TableName("table_retail", "baskets"),
    TableName("table_retail", "sales_daily"),
    TableName("feature_retail", "household_weekly"),
)


def change(installation: Installation) -> None:
    """A corrected week and a longer document: every kind of step has something to do."""
    settings = installation.settings
    drop = settings.drops / "retail" / "transactions" / f"{WEEK}.parquet"
    drop.parent.mkdir(parents=True)
    transactions = pl.read_parquet(installation.retail / "transactions.parquet")
    number = (pl.lit(WEEK).str.to_date() - pl.date(2016, 12, 26)).dt.total_days() // 7 + 1
    week = transactions.filter(pl.col("week") == number)
    assert len(week) > 100
    week.with_columns(pl.col("sales_value") * 3).write_parquet(drop)
    document = min((installation.folder / "handbook").glob("*.md"))
    document.write_text(document.read_text(encoding="utf-8") + "\n\nLockers close at 22:15.\n", encoding="utf-8")


def content(installation: Installation) -> dict[str, Any]:
    """What readers see, without times and paths."""
    settings = installation.settings
    warehouse, objects = ports.warehouse(settings), ports.objects(settings)
    found: dict[str, Any] = {}
    for table in TABLES:
        frame = warehouse.query(f'select * from "{table.schema}"."{table.name}"')
        rounded = frame.with_columns(pl.col(pl.Float64).round(6))
        found[str(table)] = rounded.sort(pl.all().cast(pl.String)).hash_rows(seed=1).sum()
    for key, alias in (
        (Key.parse("dataset/retail/coupon_propensity"), "current"),
        (Key.parse("index/retail/handbook"), "live"),
    ):
        found[str(key)] = objects.alias(key, alias)
    model = objects.path(MODEL, objects.alias(MODEL, "champion") or "") / "model.onnx"
    live = Key.parse("endpoint/retail/coupon_propensity")
    served = objects.path(live, objects.alias(live, "live") or "") / "model.onnx"
    found["model"], found["served"] = model.read_bytes(), served.read_bytes()
    return found


def usable(installation: Installation) -> None:
    """Tables can be read, the endpoint answers, a question is answered."""
    from assets.endpoints import server
    from assets.knowledge.answer import answer
    from assets.knowledge.search import HandbookIndex

    settings = installation.settings
    server.ensure(settings)
    url = f"{settings.endpoints}/v2/models/{model_name(MODEL)}/ready"
    assert httpx.get(url, timeout=10).status_code == 200
    index = HandbookIndex.live(settings, ports.objects(settings))
    assert answer(index, "How long is a coupon valid?", 5, None, None).hits


@pytest.fixture(scope="module")
def undisturbed(retail_sample: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Any]]:
    """Content before the change, after it, and the seconds that each step of the second run took."""
    installation = install(tmp_path_factory.mktemp("undisturbed"), retail_sample)
    assert installation.run()[0] == 0
    before = content(installation)
    change(installation)
    code, seconds, output = installation.run()
    assert code == 0, output[-3000:]
    yield {"before": before, "after": content(installation), "seconds": seconds}
    installation.stop()


@pytest.fixture(scope="module")
def victim(retail_sample: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Installation]:
    """Another installation, built from the same data."""
    installation = install(tmp_path_factory.mktemp("victim"), retail_sample)
    assert installation.run()[0] == 0
    yield installation
    installation.stop()


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_killed_in_every_kind_of_step(undisturbed: dict[str, Any], victim: Installation) -> None:
    before, after = undisturbed["before"], undisturbed["after"]
    assert content(victim) == before
    change(victim)
    for step, share in KILLS:
        code, _, output = victim.run(step, share * undisturbed["seconds"][step])
        assert code == -9, f"{step}: {output[-2000:]}"
        now = content(victim)
        torn = [name for name, value in now.items() if value not in (before[name], after[name])]
        assert torn == [], f"{step} left something that is neither the former nor the new state"
        usable(victim)
    code, _, output = victim.run()
    assert code == 0, output[-3000:]
    assert content(victim) == after
    assert victim.run()[1] == {}
