"""The semantic layer, against hand-written SQL over the raw tables."""

from datetime import date
from decimal import Decimal

import pytest
from click.testing import CliRunner

from assets.tables.metrics import GRAINS, Metrics, Question
from core.errors import HeddleError
from core.settings import variables
from orchestration.cli.metrics import metrics as command
from tests.assets.tables.conftest import Site

RAW = "raw_retail.transactions as t left join raw_retail.products as p on t.product_id = p.product_id"
DAY = "cast(timezone('America/New_York', timezone('UTC', t.transaction_timestamp)) as date)"
DEPARTMENT = "coalesce(p.department, 'UNKNOWN')"


def ask(site: Site, *names: str, **options: object) -> list[tuple[object, ...]]:
    question = Question(names, **options)  # type: ignore[arg-type]
    return Metrics(site.warehouse.dialect).query(site.warehouse, question).rows()


def same(found: list[tuple[object, ...]], expected: list[tuple[object, ...]]) -> None:
    assert len(found) == len(expected) > 0
    for got, wanted in zip(found, expected, strict=True):
        assert len(got) == len(wanted)
        for a, b in zip(got, wanted, strict=True):
            assert a == (pytest.approx(float(b), rel=1e-9) if isinstance(b, float | Decimal) else b)


def test_a_ratio_by_department_and_month(built: Site) -> None:
    expected = built.rows(
        f"select cast(date_trunc('month', {DAY}) as date) as m, {DEPARTMENT} as d,"
        f" cast(sum(sales_value) as double precision) / count(distinct basket_id) from {RAW}"
        " group by 1, 2 order by 1, 2"
    )
    same(ask(built, "average_basket", by=("department",), grain="month"), expected)


def test_a_derived_metric(built: Site) -> None:
    off = "sum(retail_disc + coupon_disc + coupon_match_disc)"
    expected = built.rows(
        f"select {DEPARTMENT} as d, {off} / nullif(sum(sales_value) + {off}, 0) from {RAW} group by 1 order by 1"
    )
    same(ask(built, "discount_share", by=("department",)), expected)


def test_a_filtered_metric_beside_its_whole(built: Site) -> None:
    expected = built.rows(
        f"select sum(sales_value) as a, sum(case when p.brand = 'Private' then sales_value end) as b from {RAW}"
    )
    same(ask(built, "sales", "private_label_sales"), expected)


def test_a_dimension_of_another_model_is_joined(built: Site) -> None:
    expected = built.rows(
        "select age, sum(sales_value) from raw_retail.transactions"
        " left join raw_retail.demographics using (household_id) group by 1 order by 1 nulls last"
    )
    found = sorted(ask(built, "sales", by=("age",)), key=lambda r: str(r[0] or "~"))
    same(found, expected)


def test_conversion_of_coupons(built: Site) -> None:
    expected = built.rows(
        "select campaign_type, cast(count(r.household_id) as double precision) / count(*)"
        " from raw_retail.campaigns as c join raw_retail.campaign_descriptions using (campaign_id) left join"
        " (select distinct household_id, campaign_id from raw_retail.coupon_redemptions) as r"
        " on r.household_id = c.household_id and r.campaign_id = c.campaign_id group by 1 order by 1"
    )
    same(ask(built, "coupon_conversion", by=("campaign_type",)), expected)


def test_distinct_households_in_a_span_of_days(built: Site) -> None:
    first, last = date(2017, 3, 10), date(2017, 3, 20)
    expected = built.rows(
        f"select {DAY} as d, count(distinct household_id) as h, count(distinct basket_id) as b,"
        " cast(sum(quantity) as bigint) as u"
        f" from {RAW} where {DAY} between date '{first}' and date '{last}' group by 1 order by 1"
    )
    found = ask(built, "active_households", "baskets", "units", grain="day", start=first, end=last)
    same(found, expected)
    assert found[0][0] == first and found[-1][0] == last


def test_metrics_of_different_models_meet_on_time(built: Site) -> None:
    expected = dict(
        built.rows(
            "select cast(date_trunc('month', redemption_date) as date), count(*)"
            " from raw_retail.coupon_redemptions group by 1"
        )
    )
    found = {row[0]: row[2] for row in ask(built, "sales", "coupon_redemptions", grain="month")}
    assert {month: n for month, n in found.items() if n} == expected


def test_all_metrics_answer_by_every_grain_and_dimension(built: Site) -> None:
    layer = Metrics(built.warehouse.dialect)
    listed = layer.list()
    assert len(listed) >= 8
    for metric in listed:
        assert metric.description and metric.label != metric.name, metric.name
        cut = layer.query(built.warehouse, Question((metric.name,), metric.dimensions, "year", limit=3))
        assert cut.columns == ["year", *metric.dimensions, metric.name] and cut.height >= 1
    for grain in GRAINS:
        assert layer.query(built.warehouse, Question(("discounts",), (), grain, limit=2)).height >= 1


@pytest.mark.parametrize(
    ("question", "message"),
    [
        (Question(()), "no metric"),
        (Question(("sale",)), "unknown metric: sale(.|\n)*did you mean sales"),
        (Question(("sales",), ("departement",)), "unknown dimension of sales(.|\n)*did you mean department"),
        (Question(("sales", "coupon_conversion"), ("department",)), "unknown dimension of coupon_conversion"),
        (Question(("sales",), (), "fortnight"), "unknown grain"),
        (Question(("sales; drop table x",)), "unknown metric"),
        (Question(("sales",), ("department' or 1=1 --",)), "unknown dimension"),
    ],
)
def test_a_question_that_cannot_be_answered(question: Question, message: str) -> None:
    with pytest.raises(HeddleError, match=message):
        Metrics("duckdb").sql(question)


def test_on_the_command_line(built: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in variables(built.settings).items():
        monkeypatch.setenv(name, value)
    listed = CliRunner().invoke(command, ["list"], catch_exceptions=False)
    assert "coupon_conversion" in listed.output
    arguments = ["query", "units", "--by", "department", "--grain", "year", "--format", "csv"]
    answered = CliRunner().invoke(command, arguments, catch_exceptions=False)
    lines = answered.output.splitlines()
    expected = built.rows("select cast(sum(quantity) as bigint) from raw_retail.transactions")
    assert lines[0] == "year,department,units"
    assert sum(int(float(line.rsplit(",", 1)[1])) for line in lines[1:]) == expected[0][0]
    shown = CliRunner().invoke(command, ["query", "sales", "--grain", "month", "--format", "sql"])
    assert "GROUP BY" in shown.output
