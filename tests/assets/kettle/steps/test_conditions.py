"""Conditions: order of evaluation, null, text tests (facts measured on PDI 9.3)."""

import pytest

from assets.kettle.errors import StepError
from tests.assets.kettle.flow import Flow, grid

ROWS = grid(
    {"id": "Integer", "s": "String", "n": "Number", "d": "Date"},
    [
        (1, "apple", 10, "2024/01/01"),
        (2, "Apple", 20, "2024/06/01"),
        (3, None, None, None),
        (4, "a.c", -5, "2023/01/01"),
        (5, "x;y", 20, "2025/01/01"),
    ],
    d="yyyy/MM/dd",
)


def atom(field: str, function: str, kind: str = "String", text: str = "", *, operator: str = "", negated: str = "N",
         right: str = "") -> tuple[str, object]:  # fmt: skip
    head = [("negated", negated)] + ([("operator", operator)] if operator else [])
    value = [("name", "c"), ("type", kind), ("text", text), ("isnull", "N"), ("mask", "")]
    rest = [("leftvalue", field), ("function", function), ("rightvalue", right)]
    return ("condition", [*head, *rest, *([] if right else [("value", value)])])


def group(*conditions: tuple[str, object], negated: str = "N", operator: str = "") -> tuple[str, object]:
    head = [("negated", negated)] + ([("operator", operator)] if operator else [])
    return ("condition", [*head, ("conditions", list(conditions))])


def ids(condition: tuple[str, object]) -> list[int]:
    flow = Flow().step("in", "DataGrid", ROWS).step("f", "FilterRows", [("compare", [condition])]).hop("in", "f")
    return [int(i) for i in flow.run().column("f", "id")]


@pytest.mark.parametrize(
    ("condition", "expected"),
    [
        (atom("s", "=", text="apple"), [1]),
        (atom("s", "<>", text="apple"), [2, 3, 4, 5]),
        (atom("n", "<", "Number", "15"), [1, 4]),
        (atom("n", "<=", "Number", "10"), [1, 4]),
        (atom("n", ">", "Number", "15"), [2, 5]),
        (atom("n", ">=", "Number", "20"), [2, 5]),
        (atom("n", "=", "String", "20"), [2, 5]),
        (atom("n", "<", "Number", "15", negated="Y"), [2, 3, 5]),
        (atom("s", "IS NULL"), [3]),
        (atom("s", "IS NOT NULL"), [1, 2, 4, 5]),
        (atom("s", "=", text=""), [3]),
        (atom("s", "IN LIST", text=r"apple;x\;y"), [1, 5]),
        (atom("s", "CONTAINS", text="pp"), [1, 2]),
        (atom("s", "STARTS WITH", text="a"), [1, 4]),
        (atom("s", "ENDS WITH", text="e"), [1, 2]),
        (atom("s", "LIKE", text="_pple"), []),
        (atom("s", "LIKE", text="?pple"), [1, 2]),
        (atom("s", "LIKE", text="a%"), [1, 4]),
        (atom("s", "REGEXP", text=r"a\.c|(?i)APPLE"), [1, 2, 4]),
        (atom("s", "REGEXP", text="app"), []),
        (atom("s", "TRUE"), [1, 2, 3, 4, 5]),
        (atom("n", ">", "Number", right="id"), [1, 2, 5]),
        # the constant of a date without its time cannot be read and compares as null
        (atom("d", ">", "Date", "2024/01/15"), [1, 2, 4, 5]),
        (atom("d", ">", "Date", "2024/01/15 00:00:00.000"), [2, 5]),
        (atom("gone", "=", text="x"), []),
        (atom("gone", "=", text="x", negated="Y"), []),
    ],
)
def test_one_comparison(condition: tuple[str, object], expected: list[int]) -> None:
    assert ids(condition) == expected


def test_left_to_right_without_precedence() -> None:
    one, two = atom("id", "=", "Integer", "1"), atom("id", "=", "Integer", "2", operator="OR")
    assert ids(group(one, two, atom("n", ">", "Number", "15", operator="AND"))) == [2]
    assert ids(group(one, atom("n", ">", "Number", "15", operator="OR NOT"))) == [1, 3, 4]
    assert ids(group(atom("n", ">", "Number", "0"), atom("id", "=", "Integer", "2", operator="AND NOT"))) == [1, 5]
    assert ids(group(atom("n", ">", "Number", "0"), atom("id", "<", "Integer", "3", operator="XOR"))) == [5]
    nested = group(one, group(two, atom("id", "=", "Integer", "5", operator="OR"), operator="OR"), negated="Y")
    assert ids(nested) == [3, 4]


def test_a_bad_pattern_and_an_unknown_function_are_told() -> None:
    with pytest.raises(StepError, match="not a regular expression"):
        ids(atom("s", "REGEXP", text="(["))
    with pytest.raises(StepError, match="unknown function 'ABOUT'"):
        ids(atom("s", "ABOUT", text="x"))


def test_targets_by_name_and_the_other_rows() -> None:
    options = [("send_true_to", "yes"), ("send_false_to", "no"), ("compare", [atom("n", ">", "Number", "15")])]
    flow = Flow().step("in", "DataGrid", ROWS).step("f", "FilterRows", options).step("yes", "Dummy").step("no", "Dummy")
    done = flow.hop("in", "f", "yes").hop("f", "no").run()
    assert done.column("yes", "id") == [2, 5] and done.column("no", "id") == [1, 3, 4]
    assert done.counters["f"].written == 5
