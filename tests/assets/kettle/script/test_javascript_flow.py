"""Which words of a script a variable is computed from."""

import pytest

from assets.kettle.script.javascript_flow import sources


@pytest.mark.parametrize(
    ("script", "expected"),
    [
        ("var x = a + b * 2; var y = c;", {"a", "b"}),
        ("var t = a\nvar x = t + 1\nvar y = b", {"t", "a"}),
        ("var x; if (c > 1) { x = a; } else x = b;", {"a", "b"}),
        ("x = 0; for (var i = 0; i < n; i++) { x += a; }", {"a"}),
        ("x = a\n  + b", {"a", "b"}),
        ("x = a ? b : 'c'", {"a", "b"}),
        ("var x = [], k = {b: a}; x.push(k);", {"k", "a"}),
        ("switch (c) { case 1: x = a; break; default: x = 'none' }", {"a"}),
        ("for (var e of list) x = e.name; // = b", {"e", "list"}),
        ("x = a == b; y = c >= d", {"a", "b"}),
        ("x = str.replace(/a=b;/, b)", {"str", "b"}),
        ("var x = 1;", set()),
    ],
)
def test_only_what_flows_into_the_variable_counts(script: str, expected: set[str]) -> None:
    assert sources(script, ["x"])["x"] - {"x"} == expected


def test_scripts_with_functions_and_unassigned_variables_count_every_word() -> None:
    assert sources("function f(p) { return p + a; } var x = f(b);", ["x"])["x"] >= {"a", "b"}
    assert sources("var y = a;", ["x"])["x"] == {"var", "y", "a"}
