"""A plan as a Kettle file gives, run by our engine on unsorted tables, the rows that its SQL gives."""

from pathlib import Path
from typing import Any

import pytest

from assets.kettle.engine.run import EngineSettings
from assets.kettle.errors import KettleError
from assets.kettle.files.read import read_transformation
from assets.kettle.files.write import to_bytes
from assets.kettle.generate.sinks import ToDummy, ToTable
from assets.kettle.model import Transformation
from assets.quality.fusion.compiled import select
from assets.quality.fusion.kettle import kinds_of, transformation, warehouse_connection
from assets.quality.fusion.model import Join, KeyPair, Plan
from assets.quality.fusion.tables import InWarehouse, predict
from core.naming import TableName
from resources.open import adapter
from tests.assets.kettle.flow import Flow, Outcome
from tests.assets.quality.fusion.shop import LEFT, RATES, RIGHT, customers, orders, rates

NAME = KeyPair(left="customer", right="id", fixes_left=("trim", "width", "prefix", "leading_zeros"))
DAY = KeyPair(left=f"{LEFT}.day", right="date", fixes_left=("date",))


@pytest.fixture
def tables(tmp_path: Path) -> InWarehouse:
    store = adapter("warehouse", "duckdb:").from_url(f"duckdb:///{tmp_path}/w.duckdb", "1GB")
    store.write(TableName("raw_shop", "orders"), orders().sample(fraction=1, shuffle=True, seed=1))
    store.write(TableName("raw_crm", "customers"), customers(twice=True).sample(fraction=1, shuffle=True, seed=2))
    store.write(TableName("raw_fx", "rates"), rates().sample(fraction=1, shuffle=True, seed=3))
    return InWarehouse(store)


def made(plan: Plan, tables: InWarehouse, means: Any, sink: Any = None) -> Transformation:
    counted = predict(plan, tables)
    joins = [j.model_copy(update={"predicted": p}) for j, p in zip(plan.joins, counted, strict=True)]
    plan = plan.model_copy(update={"joins": tuple(joins)})
    layout, kinds = tables.layout(plan.tables), kinds_of(tables.warehouse, plan.tables)
    connection = warehouse_connection("warehouse", "duckdb:///unused")
    sink = sink or ToDummy()
    model = transformation(plan, layout, connection, "duckdb", kinds, sink, means)
    assert to_bytes(model) == to_bytes(transformation(plan, layout, connection, "duckdb", kinds, sink, means))
    return read_transformation(to_bytes(model))


def run(model: Transformation, folder: Path) -> Outcome:
    flow = Flow()
    flow.model = model
    return flow.run(settings=EngineSettings(connections={"warehouse": f"duckdb:///{folder}/w.duckdb"}))


def rows(plan: Plan, tables: InWarehouse) -> list[tuple[Any, ...]]:
    sql = select(plan, tables.layout(plan.tables)).sql(dialect="duckdb")
    return sorted(tables.query(sql).rows(), key=repr)


@pytest.mark.covers("DATA-047")
@pytest.mark.parametrize("how", ["inner", "left", "right", "full"])
def test_merge_joins_equal_the_native_plan(how: Any, tables: InWarehouse, tmp_path: Path) -> None:
    plan = Plan(asset="table/shop/fused", left=LEFT, joins=(Join(right=RIGHT, how=how, keys=(NAME,)),))
    model = made(plan, tables, "merge")
    types = [s.type for s in model.steps.values()]
    assert types.count("SortRows") == 2 and "MergeJoin" in types
    assert sorted(run(model, tmp_path).rows("write"), key=repr) == rows(plan, tables)


def test_two_joins_one_after_the_other_into_a_table(tables: InWarehouse, tmp_path: Path) -> None:
    joins = (Join(right=RIGHT, how="full", keys=(NAME,)), Join(right=RATES, how="left", keys=(DAY,)))
    plan = Plan(asset="table/shop/fused", left=LEFT, joins=joins)
    wanted = rows(plan, tables)
    layout = tables.layout(plan.tables)
    tables.warehouse.replace(TableName("out", "fused"), select(plan, layout).limit(0).sql(dialect="duckdb"))
    run(made(plan, tables, "merge", ToTable("warehouse", "fused", "out", truncate=True)), tmp_path)
    assert sorted(tables.query("select * from out.fused").rows(), key=repr) == wanted


def test_look_ups_and_database_joins_equal_a_left_join(tables: InWarehouse, tmp_path: Path) -> None:
    plan = Plan(asset="table/shop/fused", left=LEFT, joins=(Join(right=RATES, how="left", keys=(DAY,)),))
    for means in ("lookup", "database"):
        model = made(plan, tables, means)
        assert {"lookup": "StreamLookup", "database": "DBJoin"}[means] in [s.type for s in model.steps.values()]
        assert sorted(run(model, tmp_path).rows("write"), key=repr) == rows(plan, tables), means


def test_what_a_step_cannot_do_is_refused(tables: InWarehouse) -> None:
    plan = Plan(asset="table/shop/fused", left=LEFT, joins=(Join(right=RIGHT, how="left", keys=(NAME,)),))
    with pytest.raises(KettleError, match="unique right keys"):
        made(plan, tables, "lookup")
    tables.warehouse.write(TableName("raw_crm", "customers"), customers().rename({"name": "who?"}))
    for means in ("merge", "database"):
        with pytest.raises(KettleError, match="read as a variable"):
            made(plan, tables, means)
    full = plan.model_copy(update={"joins": (plan.joins[0].model_copy(update={"how": "full"}),)})
    with pytest.raises(KettleError, match="inner or left"):
        made(full, tables, "database")
