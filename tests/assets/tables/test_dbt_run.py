"""dbt in this process: week by week, all or nothing, and without leftovers."""

import re
import shutil
import signal
import subprocess
import sys
import textwrap
import time
from pathlib import Path

import duckdb
import pytest

from assets.tables.build import failure, streamed
from assets.tables.dbt_run import Dbt, NodeResult, environment
from assets.tables.specs import FOLDER
from core.errors import StoreError
from core.settings import PROJECT, load, variables
from tests.assets.tables.conftest import Site

WEEKLY = ["stg_transactions", "baskets", "sales_daily"]
W1, W2, W3 = "2017-02-06", "2017-02-13", "2017-02-20"
TOTALS = (
    "select week_start, count(*) as n, sum(cast(sales_value as numeric(18, 2))) as value"
    " from table_retail.baskets group by 1 order by 1"
)


def totals(site: Site) -> dict[str, tuple[object, ...]]:
    return {str(row[0]): row[1:] for row in site.rows(TOTALS)}


def cut(site: Site, condition: str) -> None:
    """Take rows away from the landed transactions."""
    from core.naming import TableName

    table = TableName("raw_retail", "transactions")
    site.warehouse.replace(table, f"select * from raw_retail.transactions where not ({condition})")


def test_a_changed_week_is_rebuilt_alone(site: Site) -> None:
    names = ["stg_products", *WEEKLY]
    site.build(names)
    before = totals(site)
    versions = site.build(WEEKLY, [W1, W2, W3])["baskets"].weeks
    cut(site, f"week_start = date '{W1}' and basket_id % 2 = 0")  # fewer rows than before
    cut(site, f"week_start = date '{W3}'")  # none left, and not asked for below
    made = site.build(WEEKLY, [W1, W2])
    after = totals(site)
    expected = site.rows(
        f"select count(distinct basket_id) from raw_retail.transactions where week_start = date '{W1}'"
    )
    assert (after[W1][0],) == expected[0] and after[W1][0] < before[W1][0]  # type: ignore[operator]
    assert {w: v for w, v in after.items() if w != W1} == {w: v for w, v in before.items() if w != W1}
    changed = made["baskets"].weeks
    assert changed[W2] == versions[W2] and changed[W1].version != versions[W1].version
    assert changed[W1].rows == after[W1][0]

    assert site.build(WEEKLY, [W3])["sales_daily"].weeks[W3].rows == 0  # a week that lost all its rows is emptied
    assert W3 not in totals(site) and len(totals(site)) == len(before) - 1


def test_versions_do_not_depend_on_the_order_of_rows(site: Site) -> None:
    from core.naming import TableName

    first = site.build(["stg_products", *WEEKLY])
    site.warehouse.replace(
        TableName("raw_retail", "transactions"),
        "select * from raw_retail.transactions order by sales_value desc, basket_id",
    )
    again = site.build(["stg_products", *WEEKLY])
    assert {n: b.version for n, b in again.items()} == {n: b.version for n, b in first.items()}


def project_with(tmp_path: Path, file: str, text: str) -> Path:
    """A copy of the dbt project with one file replaced."""
    copy = tmp_path / "project"
    shutil.copytree(FOLDER, copy)
    (copy / file).write_text(text, encoding="utf-8")
    return copy


def test_a_failing_model_is_named_and_leaves_its_table(site: Site, tmp_path: Path) -> None:
    site.build(["stg_products", *WEEKLY])
    before = totals(site)
    broken = "{{ config(materialized='table') }} select nosuch from {{ ref('stg_transactions') }}"
    dbt = Dbt(site.settings, project_with(tmp_path, "models/marts/baskets.sql", broken))
    results = dbt.run(["stg_transactions", "baskets", "households"], None, lambda _: None)
    assert {r.name: r.status for r in results} == {
        "stg_transactions": "success",
        "baskets": "error",
        "households": "skipped",
    }
    error = failure(results)
    assert isinstance(error, StoreError)
    for part in ("baskets", "models/marts/baskets.sql", "nosuch", "households"):
        assert part in str(error)
    assert totals(site) == before


def test_a_project_that_cannot_be_parsed_names_the_file(duckdb_site: Site, tmp_path: Path) -> None:
    dbt = Dbt(duckdb_site.settings, project_with(tmp_path, "models/marts/products.sql", "select {{ ref('nowhere') }}"))
    with pytest.raises(StoreError, match=r"products\.sql.*nowhere|nowhere.*products\.sql"):
        dbt.run(["products"], None, lambda _: None)


@pytest.mark.parametrize("week", ["2017-02-06') or true --", "x", "2017-13-01"])
def test_a_week_that_is_no_date_never_becomes_sql(duckdb_site: Site, week: str) -> None:
    results = Dbt(duckdb_site.settings).run(["stg_transactions", "baskets"], [week], lambda _: None)
    assert [r.status for r in results if r.name == "baskets"] == ["error"]
    assert duckdb_site.rows("select 1 from information_schema.tables where table_name = 'baskets'") == []


def test_nothing_is_left_open_or_lying_about(duckdb_site: Site) -> None:
    site = duckdb_site
    site.build(["stg_products", "products"])
    with duckdb.connect(environment(site.settings)["WAREHOUSE_PATH"], config={"memory_limit": "77MB"}) as other:
        assert other.execute("select count(*) > 0 from table_retail.products").fetchone() == (True,)
    assert not [p for p in FOLDER.rglob("*") if p.name in ("target", "logs", "dbt_packages")]
    assert {p.name for p in (site.settings.home / "dbt").iterdir()} == {"parse", "logs"}
    assert "products" in (site.settings.home / "dbt/logs/dbt.log").read_text(encoding="utf-8")


def test_dbt_waits_for_a_file_that_another_process_holds(duckdb_site: Site) -> None:
    path = environment(duckdb_site.settings)["WAREHOUSE_PATH"]
    code = f"import duckdb, time; c = duckdb.connect({path!r}); print('held', flush=True); time.sleep(2)"
    with subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True) as holder:
        assert holder.stdout is not None and holder.stdout.readline().strip() == "held"
        assert duckdb_site.build(["stg_products"])["stg_products"].info.rows > 0


def test_the_password_stays_out_of_logs(tmp_path: Path) -> None:
    settings = load(
        {"HEDDLE_HOME": str(tmp_path), "HEDDLE_WAREHOUSE": "postgresql://me:s3cr%40et@127.0.0.1:1/db"}, tmp_path
    )
    assert environment(settings)["DBT_ENV_SECRET_WAREHOUSE_PASSWORD"] == "s3cr@et"
    with pytest.raises(StoreError) as caught:
        Dbt(settings).run(["products"], None, lambda _: None)
    assert "s3cr" not in str(caught.value)
    assert not [p for p in tmp_path.rglob("*") if p.is_file() and b"s3cr" in p.read_bytes()]


def test_settings_reach_the_engine(duckdb_site: Site, tmp_path: Path) -> None:
    settings = duckdb_site.settings.model_copy(update={"memory": "333MB"})
    shown = "{{ config(materialized='table') }} select current_setting('memory_limit') as memory"
    dbt = Dbt(settings, project_with(tmp_path, "models/marts/products.sql", shown))
    assert failure(dbt.run(["products"], None, lambda _: None)) is None
    # DuckDB tells it in MiB: 333 MB / 1.048576
    assert duckdb_site.rows("select memory from table_retail.products") == [("317.5 MiB",)]


def test_results_stream_and_errors_come_through() -> None:
    seen: list[str] = []

    def call(listener: object) -> list[NodeResult]:
        assert callable(listener)
        listener(NodeResult("a", "success", "", 0, 0.0, "", ""))
        raise StoreError("dbt: broke")

    with pytest.raises(StoreError, match="broke"):
        for result in streamed(call):
            seen.append(result.name)  # noqa: PERF401 - the error comes after the first
    assert seen == ["a"]


SLOW = "select sum(a.i * b.i) from range(100000000) as a (i), range(100000000) as b (i)"
SLOW_TABLE = f"{{{{ config(materialized='table') }}}} select *, ({SLOW}) as x from {{{{ ref('stg_products') }}}}"


@pytest.mark.parametrize("kind", ["table", "week"])
def test_killed_in_the_middle_the_former_table_stands(duckdb_site: Site, tmp_path: Path, kind: str) -> None:
    site = duckdb_site
    site.build(["stg_products", "products", *WEEKLY])
    before = totals(site), site.rows("select count(*), min(product_id) from table_retail.products")
    if kind == "table":
        project, names, weeks = project_with(tmp_path, "models/marts/products.sql", SLOW_TABLE), ["products"], None
    else:  # after the delete, before the insert
        macro = (FOLDER / "macros/weeks.sql").read_text(encoding="utf-8")
        slow = re.sub(r"(?m)^    insert into", f"    create temp table slow as {SLOW};\n    insert into", macro)
        assert slow != macro
        project, names, weeks = project_with(tmp_path, "macros/weeks.sql", slow), ["baskets"], [W1]
    code = f"""
        from pathlib import Path
        from core.settings import load
        from assets.tables.dbt_run import Dbt
        def tell(result): print(result.name, flush=True)
        Dbt(load(), Path({str(project)!r})).run(["stg_products", "stg_transactions", *{names!r}], {weeks!r}, tell)
    """
    child = subprocess.Popen(
        [sys.executable, "-c", textwrap.dedent(code)],
        cwd=PROJECT,
        env=variables(site.settings) | {"PATH": ""},
        stdout=subprocess.PIPE,
        text=True,
    )
    assert child.stdout is not None
    assert {child.stdout.readline().strip() for _ in range(2)} == {"stg_products", "stg_transactions"}
    time.sleep(1.5)  # now it is inside the slow statement
    assert child.poll() is None
    child.send_signal(signal.SIGKILL)
    child.wait()
    assert (totals(site), site.rows("select count(*), min(product_id) from table_retail.products")) == before
    site.build(["stg_products", "products", *WEEKLY], [W1])
    assert totals(site) == before[0]
