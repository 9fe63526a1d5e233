"""Rhino scripts made to run per row."""

import pytest

from assets.kettle.script.javascript_source import adapt, tokenize


@pytest.mark.parametrize(
    "source",
    [
        "var a = /x[/]y/g.test(s) ? 1 / 2 : '\\'';",
        "a = b / c / d; // var x\n/* var y */ var z",
        "x = `a ${b}`\r\n",
        "é€ ¶",
    ],
)
def test_tokens_join_to_the_source(source: str) -> None:
    """Nothing of a script is lost, whatever stands in it."""
    assert "".join(t.text for t in tokenize(source)) == source


def test_top_level_declarations_become_globals() -> None:
    """Variables of functions and block variables stay where they are."""
    adapted = adapt(
        "var a = 1, b = f(2, 3)\nvar c\nif (a) { var d = 4; let e = 5; }\nfunction f(x) { var g = x; return g }"
    )
    assert adapted.variables == ("a", "b", "c", "d")
    assert adapted.functions == ("f",)
    assert "var g = x" in adapted.text
    assert "let e = 5" in adapted.text
    assert "var a" not in adapted.text


def test_loops_and_texts_are_left_alone() -> None:
    """`for (var i ...)` declares i; words in texts, comments and regular expressions declare nothing."""
    adapted = adapt("for (var i in list) { s += 'var q = 1'; /* var r */ t = /var u/; } // var v")
    assert adapted.variables == ("i",)


def test_for_each_and_string_length() -> None:
    """What only Rhino knows is replaced."""
    text = adapt("for each (var x in list) { n += x.length() }").text
    assert "for" in text
    assert "of __values( list)" in text
    assert "x.length }" in text
