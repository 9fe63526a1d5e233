"""The lineage graph: what is kept, what is replaced, and what questions find."""

from pathlib import Path

import pytest

from assets.catalog.lineage.find import find
from assets.catalog.lineage.model import Answer, Edge, Point, Stated
from assets.catalog.lineage.shown import as_dot, as_impact, as_json, as_mermaid, as_text
from assets.catalog.lineage.store import KEPT, LineageStore
from assets.catalog.lineage.walk import Lineage
from core.errors import HeddleError

RAW, STAGE, MART, SIDE = "raw/shop/sales", "table/shop/stage", "table/shop/mart", "table/shop/side"
MODEL, ENDPOINT = "model/shop/churn", "endpoint/shop/churn"
SQL = {"sql": "abc"}


@pytest.fixture(params=["sqlite", "postgres"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> LineageStore:
    inside = f"sqlite:///{tmp_path}/catalog.db"
    return LineageStore(inside if request.param == "sqlite" else request.getfixturevalue("postgres_url"))


def definition(name: str, *edges: Edge, **evidence: str) -> Stated:
    return Stated("definition", name, edges, evidence or SQL)


def seeded(store: LineageStore) -> Lineage:
    """raw -> stage -> mart -> model -> endpoint; side takes part by a filter alone."""
    store.put(
        [
            definition(
                STAGE,
                Edge(RAW, "amount", STAGE, "amount_eur"),
                Edge(RAW, "rate", STAGE, "amount_eur"),
                Edge(RAW, "day", STAGE, "day"),
                Edge(RAW, "", STAGE, ""),
            ),
            definition(
                MART,
                Edge(STAGE, "amount_eur", MART, "revenue"),
                Edge(STAGE, "day", MART, "", "filter"),
                Edge(SIDE, "shop", MART, "", "join"),
            ),
            definition(SIDE, Edge(RAW, "shop", SIDE, "shop")),
            definition(MODEL, Edge(MART, "", MODEL, "")),
            definition(ENDPOINT, Edge(MODEL, "", ENDPOINT, "")),
        ]
    )
    return Lineage(store)


def told(answer: Answer) -> dict[str, str]:
    return {str(r.point): r.how for r in answer.reached}


def test_values_go_down_by_column(store: LineageStore) -> None:
    lineage = seeded(store)
    assert told(lineage.down(Point(RAW, "rate"))) == {
        f"{STAGE}.amount_eur": "data",
        f"{MART}.revenue": "data",
        MODEL: "whole",
        ENDPOINT: "whole",
    }
    assert told(lineage.down(Point(RAW, "day"))) == {f"{STAGE}.day": "data"}
    assert told(lineage.up(Point(MART, "revenue"))) == {
        f"{STAGE}.amount_eur": "data",
        f"{RAW}.amount": "data",
        f"{RAW}.rate": "data",
    }


def test_impact_follows_filters_and_joins_too(store: LineageStore) -> None:
    lineage = seeded(store)
    assert told(lineage.impact(Point(RAW, "day"))) == {
        f"{STAGE}.day": "data",
        MART: "rows",
        MODEL: "rows",
        ENDPOINT: "rows",
    }
    assert set(told(lineage.up(Point(MART, "revenue"), rows=True))) == {
        *(f"{STAGE}.{c}" for c in ("amount_eur", "day")),
        *(f"{RAW}.{c}" for c in ("amount", "rate", "day", "shop")),
        f"{SIDE}.shop",
    }


def test_a_whole_table_and_a_depth(store: LineageStore) -> None:
    lineage = seeded(store)
    near = lineage.down(Point(RAW), 1)
    assert set(told(near)) == {STAGE, f"{STAGE}.amount_eur", f"{STAGE}.day", f"{SIDE}.shop"} - {STAGE}
    assert near.cut == "deeper than 1"
    assert {r.point.key for r in lineage.down(Point(RAW)).reached} == {STAGE, SIDE, MART, MODEL, ENDPOINT}
    assert {r.point.key for r in lineage.up(Point(ENDPOINT)).reached} == {MODEL, MART, STAGE, RAW, SIDE} - {SIDE}


def test_a_changed_definition_replaces_its_own_edges_only(store: LineageStore) -> None:
    lineage = seeded(store)
    before = [s for s in store.stated("definition") if s.name != STAGE]
    assert store.put([definition(STAGE, Edge(RAW, "net", STAGE, "amount_eur"), sql="def")]) == 1
    assert told(lineage.down(Point(RAW, "rate"))) == {}
    assert f"{MART}.revenue" in told(lineage.down(Point(RAW, "net")))
    assert [s for s in store.stated("definition") if s.name != STAGE] == before
    assert store.put([definition(STAGE, Edge(RAW, "net", STAGE, "amount_eur"), sql="def")]) == 0


def test_a_definition_that_is_gone_takes_its_edges_along(store: LineageStore) -> None:
    lineage = seeded(store)
    assert store.keep_only("definition", {STAGE, MART, SIDE, MODEL}) == 1
    assert told(lineage.down(Point(MODEL))) == {}


def test_runs_stand_beside_definitions_and_keep_their_history(store: LineageStore) -> None:
    lineage = seeded(store)
    edge = Edge(RAW, "old", STAGE, "amount_eur")

    def ran(run: str, *edges: Edge) -> Stated:
        return Stated("run", STAGE, edges, {"code_version": run}, run, f"2026-01-01T00:00:{len(run):02}")

    assert store.put([ran("r", edge)]) == 1
    assert store.put([ran("rr", edge)]) == 0  # the same content by another run
    assert store.put([definition(STAGE, Edge(RAW, "new", STAGE, "amount_eur"))]) == 1
    up = lineage.up(Point(STAGE, "amount_eur"))
    assert told(up) == {f"{RAW}.old": "data", f"{RAW}.new": "data"}
    evidence = store.evidence(s for step in up.steps for s in step.sources)
    assert {(e["origin"], e.get("run", "")) for e in evidence.values()} == {("run", "rr"), ("definition", "")}
    assert told(lineage.up(Point(STAGE, "amount_eur"), origin="definition")) == {f"{RAW}.new": "data"}
    assert store.put([ran("rrr", Edge(RAW, "new", STAGE, "amount_eur"))]) == 1
    assert told(lineage.up(Point(STAGE, "amount_eur"))) == {f"{RAW}.new": "data"}
    assert [s.edges for s in store.stated(run="r")] == [(edge,)]  # what the former run did is still known
    assert store.seen_runs(["r", "rrr", "other"]) == {"r", "rrr"}


def test_the_history_of_runs_is_bounded(store: LineageStore) -> None:
    for number in range(KEPT + 5):
        edge = Edge(RAW, f"c{number}", STAGE, "x")
        store.put([Stated("run", STAGE, (edge,), SQL, f"run{number}", f"2026-01-01T00:00:{number:02}")])
    assert [bool(list(store.stated(run=f"run{n}"))) for n in (0, 3, 4, KEPT + 4)] == [False, False, True, True]


def test_columns_pass_through_stars_and_fields_through_their_column(store: LineageStore) -> None:
    store.put(
        [
            definition("table/a/b", Edge("raw/a/t", "*", "table/a/b", "*")),
            definition("table/a/c", Edge("table/a/b", "x", "table/a/c", "y")),
            definition("table/a/d", Edge("raw/a/j", "doc", "table/a/d", "doc")),
        ]
    )
    lineage = Lineage(store)
    assert told(lineage.down(Point("raw/a/t", "x"))) == {"table/a/b.x": "data", "table/a/c.y": "data"}
    assert told(lineage.up(Point("table/a/c", "y"))) == {"table/a/b.x": "data", "raw/a/t.x": "data"}
    assert told(lineage.down(Point("raw/a/j", "doc.name"))) == {"table/a/d.doc": "data"}


def test_circles_end(store: LineageStore) -> None:
    store.put([definition("a", Edge("k:a", "x", "k:b", "x")), definition("b", Edge("k:b", "x", "k:a", "x"))])
    assert told(Lineage(store).down(Point("k:a", "x"))) == {"k:b.x": "data"}


def test_no_edge_without_evidence() -> None:
    with pytest.raises(HeddleError, match="no evidence"):
        Stated("definition", STAGE, (Edge(RAW, "a", STAGE, "b"),), {"sql": ""})
    with pytest.raises(HeddleError, match="unknown kind"):
        definition(STAGE, Edge(RAW, "a", STAGE, "b", "guess"))


def test_nodes_are_found_by_the_names_that_people_use(store: LineageStore) -> None:
    seeded(store)
    assert find(store, "stage.DAY") == Point(STAGE, "day")
    assert find(store, "table_shop.stage") == Point(STAGE)
    assert find(store, "table_shop.stage.day") == Point(STAGE, "day")
    assert find(store, f"{MART}.revenue") == Point(MART, "revenue")
    for text, why in (("churn", "may be"), ("nothing", "has no"), (f"{MART}.nothing", "its columns: revenue")):
        with pytest.raises(HeddleError, match=why):
            find(store, text)


def test_answers_are_told_and_drawn(store: LineageStore) -> None:
    lineage = seeded(store)
    answer = lineage.impact(Point(RAW, "day"))
    evidence = store.evidence(s for step in answer.steps for s in step.sources)
    breaks = as_impact(answer, evidence, "rename")
    assert f"names it and breaks: {STAGE}.day | definition, sql abc" in breaks
    assert (
        f"gets it from there: {MODEL} [which rows there are] | {RAW}.day -> {STAGE}.day -> {MART} -> {MODEL}" in breaks
    )
    assert f"{STAGE} (day)" in as_text(answer, evidence)
    assert '"distance": 2' in as_json(answer, evidence)
    assert "-. filter .->" in as_mermaid(answer)
    assert "style=dashed" in as_dot(answer)
    assert "nothing that the graph knows" in as_impact(lineage.impact(Point(ENDPOINT)), {}, "drop")
