"""Tags flow along lineage: each with the shortest way from its surest origin, and stop where somebody says so."""

from hypothesis import given
from hypothesis import strategies as st

from assets.catalog.tags.flow import Link, flow

PHONE = "pii:phone"


def test_every_descendant_has_the_tag_with_its_way() -> None:
    links = [Link("raw", "clean"), Link("clean", "mart"), Link("other", "mart"), Link("mart", "report")]
    found = flow({"raw": {PHONE: 0.9}, "other": {"geo": 0.8}}, links)
    assert found.nodes() == {
        "raw": {PHONE: 0.9},
        "clean": {PHONE: 0.9},
        "mart": {PHONE: 0.9, "geo": 0.8},
        "other": {"geo": 0.8},
        "report": {PHONE: 0.9, "geo": 0.8},
    }
    assert found.path("report", PHONE) == ["raw", "clean", "mart", "report"]
    assert found.path("raw", PHONE) == ["raw"]


def test_the_surest_origin_wins_and_of_that_the_shortest_way() -> None:
    links = [Link("near", "x"), Link("sure", "a"), Link("a", "x"), Link("sure", "b"), Link("b", "c"), Link("c", "x")]
    found = flow({"near": {PHONE: 0.6}, "sure": {PHONE: 0.95}}, links)
    assert found.nodes()["x"] == {PHONE: 0.95}
    assert found.path("x", PHONE) == ["sure", "a", "x"]


def test_a_refusal_and_a_mask_stop_it_but_not_the_ways_around_them() -> None:
    links = [Link("raw", "masked", "sha-256"), Link("raw", "plain"), Link("plain", "mart"), Link("masked", "out")]
    found = flow({"raw": {PHONE: 0.9}}, links, stops=lambda link, tag: "sha" in link.detail)
    assert set(found.nodes()) == {"raw", "plain", "mart"}
    refused = flow({"raw": {PHONE: 0.9, "geo": 0.8}}, links, refused={("plain", PHONE)})
    assert refused.nodes()["mart"] == {"geo": 0.8} and PHONE in refused.nodes()["out"]
    assert flow({"raw": {PHONE: 0.9}}, links, refused={("raw", PHONE)}).nodes() == {}


def test_circles_end() -> None:
    found = flow({"a": {PHONE: 0.5}}, [Link("a", "b"), Link("b", "c"), Link("c", "a"), Link("c", "c")])
    assert found.path("c", PHONE) == ["a", "b", "c"]


@given(st.lists(st.tuples(st.integers(0, 8), st.integers(0, 8)), max_size=30), st.sets(st.integers(0, 8)))
def test_it_reaches_what_a_plain_search_reaches(pairs: list[tuple[int, int]], origins: set[int]) -> None:
    found = flow({n: {"t": 1 / (n + 2)} for n in origins}, [Link(a, b) for a, b in pairs]).nodes()
    reached = set(origins)
    for _ in range(9):
        reached |= {b for a, b in pairs if a in reached}
    assert set(found) == reached
    for node, tags in found.items():  # no surer origin reaches it
        above = {node}
        for _ in range(9):
            above |= {a for a, b in pairs if b in above}
        assert tags["t"] == max(1 / (n + 2) for n in origins & above)
