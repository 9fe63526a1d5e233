"""Conditions of Filter rows in both languages: null semantics, order of combination, texts."""

from pathlib import Path
from typing import Any

import pytest

from assets.kettle.convert.generators.registry import all_generators
from assets.kettle.convert.plan import plan
from assets.kettle.errors import KettleError
from tests.assets.kettle.convert.agree import agree
from tests.assets.kettle.flow import Flow, grid

ROWS = grid(
    {"a": "Integer", "b": "Integer", "s": "String", "t": "String", "d": "Date"},
    [
        (1, 1, "Ann", "Ann", "2024-01-31"),
        (2, None, "bob", "", None),
        (None, 3, "", "x", "2024-02-01"),
        (None, None, None, None, None),
        (5, 4, "a%b;c", "bob", "2020-01-01"),
    ],
    d="yyyy-MM-dd",
)
Condition = tuple[str, Any]


def atom(left: str, function: str, value: str = "", kind: str = "", right: str = "", **more: str) -> Condition:
    tags: list[Any] = [("negated", more.get("negated", "N")), ("operator", more.get("operator", "-"))]
    tags += [("leftvalue", left), ("function", function), ("rightvalue", right)]
    if kind:
        tags.append(("value", [("name", "constant"), ("type", kind), ("text", value), ("isnull", "N")]))
    return "condition", tags


def several(*parts: Condition, **more: str) -> Condition:
    tags = [("negated", more.get("negated", "N")), ("operator", more.get("operator", "-")), ("conditions", list(parts))]
    return "condition", tags


def filtering(condition: Condition) -> Flow:
    flow = Flow().step("rows", "DataGrid", ROWS)
    flow.step("filter", "FilterRows", [("send_true_to", "yes"), ("send_false_to", "no"), ("compare", [condition])])
    flow.step("yes", "Dummy").step("no", "Dummy")
    return flow.hop("rows", "filter", "yes").hop("filter", "no")


OPERATORS = ("=", "<>", "<", "<=", ">", ">=")
CASES = {
    **{f"number {o}": atom("a", o, "2", "Integer") for o in OPERATORS},
    **{f"text {o}": atom("s", o, "bob", "String") for o in OPERATORS},
    **{f"date {o}": atom("d", o, "2024/01/31 00:00:00.000", "Date") for o in OPERATORS},
    **{f"null {o}": atom("s", o) for o in OPERATORS},
    **{f"fields {o}": atom("a", o, right="b") for o in OPERATORS},
    **{f"texts {o}": atom("s", o, right="t") for o in OPERATORS},
    "is null": atom("s", "IS NULL"),
    "is not null": atom("a", "IS NOT NULL", negated="Y"),
    "contains": atom("s", "CONTAINS", "%", "String"),
    "starts": atom("s", "STARTS WITH", "A", "String"),
    "ends": atom("s", "ENDS WITH", "b", "String", negated="Y"),
    "list": atom("s", "IN LIST", "Ann;a%b\\;c", "String"),
    "list of numbers": atom("a", "IN LIST", "1;5", "String"),
    "like": atom("s", "LIKE", "b?b%", "String"),
    "regexp": atom("s", "REGEXP", "[A-Z].*", "String"),
    "missing field": atom("nowhere", "=", "1", "Integer", negated="Y"),
    "true": atom("a", "TRUE"),
    "left to right": several(
        atom("a", "=", "1", "Integer"),
        atom("b", "=", "1", "Integer", operator="OR"),
        atom("s", "=", "x", "String", operator="AND"),
    ),
    "xor and not": several(
        atom("a", ">", "1", "Integer"),
        several(atom("b", "IS NULL"), atom("t", "=", "x", "String", operator="OR NOT"), operator="XOR", negated="Y"),
        atom("s", "=", "bob", "String", operator="AND NOT"),
        negated="Y",
    ),
}


def test_all_conditions_in_one_flow(tmp_path: Path) -> None:
    flow = Flow().step("rows", "DataGrid", ROWS)
    for number, condition in enumerate(CASES.values()):
        options: list[Any] = [("send_true_to", f"yes{number}"), ("send_false_to", f"no{number}")]
        flow.step(f"filter{number}", "FilterRows", [*options, ("compare", [condition])])
        flow.step(f"yes{number}", "Dummy").step(f"no{number}", "Dummy")
        flow.hop("rows", f"filter{number}", f"yes{number}").hop(f"filter{number}", f"no{number}")
    agree(flow, tmp_path)


@pytest.mark.parametrize(
    ("condition", "word"),
    [(atom("s", "REGEXP", "(?=x)y", "String"), "regular expression"), (atom("a", "=", right="s"), "compared with")],
)
def test_what_has_no_counterpart_is_named(condition: Condition, word: str) -> None:
    with pytest.raises(KettleError, match=word) as told, plan(filtering(condition).model, all_generators()):
        pass
    assert "'filter'" in str(told.value)
