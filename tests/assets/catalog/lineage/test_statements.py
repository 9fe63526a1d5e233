"""What models, metrics, answers and SQL assets state."""

from pathlib import Path

import pytest

from assets.catalog.lineage.commits import commit_of
from assets.catalog.lineage.from_answers import answer_lineage
from assets.catalog.lineage.from_runs import Made, run_stated
from assets.catalog.lineage.from_sql import dbt_lineage, metric_lineage, select_lineage
from assets.catalog.lineage.model import Edge
from assets.tables.specs import FOLDER, load
from core.signature import Input, Kind, Signature

DATASET, MODEL, ENDPOINT = "dataset/shop/churn", "model/shop/churn", "endpoint/shop/churn"


def test_a_model_comes_from_its_features_and_its_mlflow_run(tmp_path: Path) -> None:
    inputs = tuple(Input(name=n, kind=Kind.NUMBER) for n in ("age", "spend"))
    signature = Signature(model=MODEL, version="3", inputs=inputs, examples=(), expected=())
    (tmp_path / "signature.json").write_text(signature.model_dump_json(), encoding="utf-8")
    told = {"mlflow_run_id": "f00", "package": str(tmp_path), "dataset_version": "v7"}
    made = Made(MODEL, "run1", "2026-01-05", code_version="c1", upstream=[DATASET], metadata=told)
    stated = run_stated(made, (), "")
    assert {(e.from_key, e.from_column, e.to_key, e.to_column) for e in stated.edges} == {
        (DATASET, "", MODEL, ""),
        (DATASET, "", "mlflow:f00", ""),
        ("mlflow:f00", "", MODEL, ""),
        (DATASET, "age", MODEL, "probability"),
        (DATASET, "spend", MODEL, "probability"),
    }
    assert stated.evidence["mlflow_run_id"] == "f00" and stated.evidence["dataset_version"] == "v7"
    served = run_stated(Made(ENDPOINT, "run2", "2026-01-06", upstream=[MODEL], metadata={"version": "3"}), (), "")
    assert Edge(MODEL, "probability", ENDPOINT, "probability", detail="serves") in served.edges
    (tmp_path / "signature.json").unlink()
    assert not any(e.from_column for e in run_stated(made, (), "").edges)


def test_answers_rest_on_documents_metrics_and_sql() -> None:
    records = [
        {"id": "a", "question": "How long?", "index": "v2", "documents": ["x.md", "y.md"], "cited": [2, 9]},
        {
            "id": "b",
            "metrics": ["sales"],
            "sql": "select sum(sales_value) as s from table_retail.baskets where store_id = 1",
        },
        {"id": "c", "question": "?", "documents": ["x.md"], "cited": []},
        {"id": "d", "sql": "select (((", "question": "broken"},
    ]
    found = {s.name: s for s in answer_lineage(records)}
    assert set(found) == {"answer:a", "answer:b"}
    assert {e.from_key for e in found["answer:a"].edges if e.to_key == "answer:a"} == {
        "document:y.md",
        "index/retail/handbook",
    }
    assert {(e.from_key, e.from_column, e.kind) for e in found["answer:b"].edges if e.from_column} == {
        ("table/retail/baskets", "sales_value", "data"),
        ("table/retail/baskets", "store_id", "filter"),
        ("metric:sales", "value", "data"),
    }
    assert found["answer:a"].run == "a" and found["answer:a"].evidence["question"] == "How long?"


def test_metrics_come_from_the_columns_that_they_measure(tmp_path: Path) -> None:
    edges = {s.name: {(e.from_key, e.from_column) for e in s.edges} for s in metric_lineage()}
    assert edges["metric:sales"] == {("table/retail/basket_lines", "sales_value")}
    assert edges["metric:average_basket"] == {("metric:sales", "value"), ("metric:baskets", "value")}


def test_dbt_models_state_what_was_prepared_with_file_and_commit() -> None:
    found = {s.name: s for s in dbt_lineage(load())}
    baskets = found["table/retail/baskets"]
    assert baskets.evidence["file"] == "dbt_project/models/marts/baskets.sql"
    assert baskets.evidence["commit"].rstrip("+") == commit_of(FOLDER / "models/marts/baskets.sql").rstrip("+")
    assert Edge("table/retail/stg_transactions", "sales_value", "table/retail/baskets", "sales_value") in baskets.edges
    assert {e.kind for e in found["table/retail/basket_lines"].edges} >= {"data", "join"}


def test_a_select_over_assets() -> None:
    inner = "with w as (select * from raw_shop.t)"
    sql = f"{inner} select w.a + u.b as s from w join raw_shop.u as u using (id) where w.c > 0"
    edges = select_lineage("table/shop/x", sql, "duckdb", ["raw/shop/t", "raw/shop/u"], {"raw/shop/u": ["id", "b"]})
    assert {(e.from_key, e.from_column, e.to_column, e.kind) for e in edges if e.from_column} == {
        ("raw/shop/t", "a", "s", "data"),
        ("raw/shop/u", "b", "s", "data"),
        ("raw/shop/t", "id", "", "join"),
        ("raw/shop/u", "id", "", "join"),
        ("raw/shop/t", "c", "", "filter"),
    }


@pytest.mark.parametrize("inside", [True, False])
def test_the_commit_of_a_file_outside_git_and_of_a_new_one_is_unknown(inside: bool, tmp_path: Path) -> None:
    path = tmp_path / "x.ktr"
    if inside:
        path.write_text("x", encoding="utf-8")
    assert commit_of(path) == ""
