"""Which steps go together."""

from hypothesis import given
from hypothesis import strategies as st

from orchestration.executors.bundles import Task, pack, plan


def tasks(**steps: tuple[str, str]) -> dict[str, Task]:
    """name=("kind", "dep dep")"""
    return {key: Task(key, frozenset(deps.split()), kind) for key, (kind, deps) in steps.items()}


def test_a_bundle_ends_where_a_step_waits_for_another_place() -> None:
    graph = tasks(a=("w", ""), b=("w", "a"), c=("k", "b"), d=("w", "c"), e=("w", "b"), f=("w", "c e"))
    assert list(plan(graph, {"a"}, set("bcdef"), set(), 4)) == [["a", "b", "e"]]
    assert list(plan(graph, {"c"}, set("df"), set("abe"), 4)) == [["c"]]
    assert list(plan(graph, set("df"), set(), set("abce"), 4)) == [["d"], ["f"]]


def test_parts_that_nothing_connects_go_apart_up_to_the_slots() -> None:
    graph = tasks(a=("w", ""), b=("w", ""), c=("w", "a"), d=("w", ""))
    assert sorted(plan(graph, set("abd"), {"c"}, set(), 8)) == [["a", "c"], ["b"], ["d"]]
    assert sorted(plan(graph, set("abd"), {"c"}, set(), 2)) == [["a", "c"], ["b", "d"]]
    assert list(plan(graph, set("abd"), {"c"}, set(), 0)) == []


def test_a_name_joins() -> None:
    graph = {key: Task(key, frozenset(), "w", "night") for key in "abc"}
    assert list(plan(graph, set("abc"), set(), set(), 8)) == [["a", "b", "c"]]


def test_each_kind_gets_a_slot_before_one_takes_two() -> None:
    graph = tasks(a=("w", ""), b=("w", ""), c=("k", ""))
    assert list(plan(graph, set("abc"), set(), set(), 2)) == [["a", "b"], ["c"]]


def test_bundles_are_of_about_one_size() -> None:
    groups = [["a"] * n for n in (5, 3, 3, 1)]
    assert sorted(len(bundle) for bundle in pack(groups, 2)) == [6, 6]


@given(st.data())
def test_any_graph_runs_to_its_end_in_order(data: st.DataObject) -> None:
    count = data.draw(st.integers(1, 12))
    names = [f"s{n}" for n in range(count)]
    graph = {}
    for n, name in enumerate(names):
        deps = data.draw(st.frozensets(st.sampled_from(names[:n]), max_size=3)) if n else frozenset()
        graph[name] = Task(name, deps, data.draw(st.sampled_from("wk")))
    done: list[str] = []
    while len(done) < count:
        ready = {k for k in graph if k not in done and graph[k].deps <= set(done)}
        slots = data.draw(st.integers(1, 3))
        started = list(plan(graph, ready, set(graph) - ready - set(done), set(done), slots))
        assert 0 < len(started) <= slots
        before = set(done)
        for bundle in started:
            for key in bundle:  # each runs with only what was done before and its own bundle's earlier steps
                assert graph[key].deps <= before | set(bundle[: bundle.index(key)])
                assert key not in done
                done.append(key)
