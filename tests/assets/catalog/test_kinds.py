"""Metrics, dimension tables, standards and code tables are found beside tables, in both languages, by kind."""

from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import CliRunner

from assets.catalog.dimensions.model import Dimension
from assets.catalog.facts import AssetFacts
from assets.catalog.find import find
from assets.catalog.metrics.model import MetricRecord
from assets.catalog.register import register
from assets.catalog.standards.model import Code, CodeTable, Place, Standard, write
from assets.catalog.store.versions import Versions
from core.settings import Settings
from orchestration.cli.main import main
from serving.studio.pages.record import address
from serving.studio.shelf import Shelf, Wanted

USERS = "table/shop/users"


def put(folder: Path, record: object) -> None:
    import yaml

    folder.mkdir(parents=True, exist_ok=True)
    document = record.model_dump(mode="json", exclude_defaults=True)  # type: ignore[attr-defined]
    (folder / f"{document['name']}.yaml").write_text(yaml.safe_dump(document, allow_unicode=True))


@pytest.fixture
def shop(tmp_path: Path, make_settings: Callable[..., Settings]) -> tuple[Settings, Versions]:
    files = tmp_path / "files"
    put(
        files / "metrics",
        MetricRecord(
            name="active_users", label={"en": "Active users", "zh": "活跃用户数"}, calibre="近30天登录过的用户"
        ),
    )
    put(
        files / "dimensions",
        Dimension(name="region", source="erp", table="dim_region", label={"en": "Sales region", "zh": "销售大区"},
                  columns=({"name": "code"}, {"name": "manager", "label": {"zh": "大区经理"}}), key=("code",)),
    )  # fmt: skip
    place = Place(asset=USERS, column="mob")
    write(files / "standards", Standard(name="mobile", meaning="cn_mobile", pattern="1[0-9]{10}", columns=(place,)))
    put(
        files / "codes",
        CodeTable(name="pay_channel", label={"en": "Payment channel", "zh": "支付渠道"},
                  codes=(Code(code="1", zh="微信支付", en="WeChat Pay"), Code(code="2", zh="支付宝", en="Alipay"))),
    )  # fmt: skip
    settings = make_settings(catalog_files=files)
    versions = Versions(settings.catalog)
    register(versions, [AssetFacts(key=USERS, description="Users who are active.")])
    return settings, versions


@pytest.mark.parametrize(
    ("question", "key"),
    [
        ("活跃用户数", "metric:active_users"),
        ("metric active users", "metric:active_users"),
        ("大区经理", "dimension:region"),
        ("sales region dimension", "dimension:region"),
        ("手机号标准", "standard:mobile"),
        ("standard of mobile numbers", "standard:mobile"),
        ("微信支付", "codes:pay_channel"),
        ("payment channel codes", "codes:pay_channel"),
    ],
)
def test_each_is_found_in_both_languages(shop: tuple[Settings, Versions], question: str, key: str) -> None:
    assert find(*shop, question, "ann")[0].key == key


def test_kinds_narrow_a_search(shop: tuple[Settings, Versions], monkeypatch: pytest.MonkeyPatch) -> None:
    assert {h.key for h in find(*shop, "active users", "ann")} >= {USERS, "metric:active_users"}
    assert [h.key for h in find(*shop, "active users", "ann", kinds=["metric"])] == ["metric:active_users"]
    for name in ("home", "catalog_files"):
        monkeypatch.setenv(f"HEDDLE_{name.upper()}", str(getattr(shop[0], name)))
    found = CliRunner().invoke(main, ["catalog", "search", "--kind", "table", "active", "users"]).output
    assert USERS in found and "metric:" not in found


def test_the_studio_s_list_has_them_and_follows_their_files(shop: tuple[Settings, Versions]) -> None:
    settings, versions = shop
    shelf = Shelf(settings, versions, "ann")
    assert {r.kind for r in shelf.listing().rows} == {"table", "metric", "dimension", "standard", "codes"}
    assert shelf.listing().find("活跃用户数", 3, Wanted(kind="metric"))[0].key == "metric:active_users"
    assert shelf.listing().below == {}  # what a standard is about is no lineage
    (settings.catalog_files / "metrics" / "active_users.yaml").unlink()
    put(settings.catalog_files / "metrics", MetricRecord(name="returns", calibre="退货件数"))
    shelf.outdated()
    listing = shelf.listing()
    assert listing.find("退货", 3, Wanted())[0].key == "metric:returns" and "metric:active_users" not in listing.by_key
    assert listing.find("大区经理", 3, Wanted())[0].key == "dimension:region" and USERS in listing.by_key


def test_a_broken_file_hides_no_other(shop: tuple[Settings, Versions]) -> None:
    (shop[0].catalog_files / "metrics" / "broken.yaml").write_text("name: [")
    assert find(*shop, "活跃用户数", "ann")[0].key == "metric:active_users"


def test_where_their_pages_are() -> None:
    assert address("metric:a b") == "/metric?name=a+b" and address("codes:x") == "/codes?name=x"
    assert address(USERS) == "/entry?key=table%2Fshop%2Fusers" and address("odd:x/y").startswith("/entry")
