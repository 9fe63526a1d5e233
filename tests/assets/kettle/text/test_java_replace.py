"""Replacing and splitting as Java does."""

import polars as pl
import pytest

from assets.kettle.text.java_regex import compile_java
from assets.kettle.text.java_replace import parse_replacement, replace_all, replace_by, split


def replaced(text: str, pattern: str, by: str, flags: str = "") -> str:
    values, reasons = replace_all(pl.Series([text]), pattern, by, flags)
    assert not reasons
    return values[0]


def test_groups_and_empty_matches() -> None:
    assert replaced("2024-01-31", r"(\d+)-(\d+)-(\d+)", "$3/$2/$1") == "31/01/2024"
    assert replaced("baaac", "a*", "-") == "-b--c-"
    assert replaced("ab", "(?<x>a)", "${x}${x}") == "aab"
    assert replaced("a1", r"(a)(\d)?", "$12") == "a2", "there is no group 12"
    assert replaced("Cat", "cat", "dog", "i") == "dog"
    assert replaced("x.y", r"\.", r"\$") == "x$y"


def test_a_dot_stops_at_every_line_end() -> None:
    assert replaced("a\rb\u2028", ".", "-") == "-\r-\u2028" and replaced("a\n", ".", "-", "s") == "--"


def test_a_wrong_group_fails_the_rows_that_match() -> None:
    values, reasons = replace_all(pl.Series(["a", "b", None]), "a", "$1")
    assert values.to_list() == [None, "b", None] and list(reasons) == [0]
    with pytest.raises(ValueError, match="Illegal group"):
        parse_replacement("$", 0)


def test_a_null_replacement_makes_null_of_whole_matches() -> None:
    values, _ = replace_by(pl.Series(["ab", "a", "a"]), "a", pl.Series([None, None, "x"], dtype=pl.String))
    assert values.to_list() == ["ab", None, "x"]


def test_split_keeps_empty_parts() -> None:
    assert split("a,,b,", compile_java(",")) == ["a", "", "b", ""]
    assert split("", compile_java(",")) == [""]
