"""GREL: OpenRefine's documented examples of functions and controls, errors as values, what is not supported."""

import datetime as dt
from typing import Any

import pytest

from assets.kettle import limits
from assets.quality.refine.expression import Expression
from assets.quality.refine.grel.values import Failure
from assets.quality.refine.grid import Grid
from core.errors import HeddleError, SourceError


def value(text: str, cell: Any = None) -> Any:
    return Expression(text).of(cell, "c")


@pytest.mark.parametrize(
    ("text", "cell", "expected"),
    [
        ('"profound".substring(3)', None, "found"),
        ('"profound".slice(2, 4)', None, "of"),
        ('"profound".substring(1, -1)', None, "rofoun"),
        ("value[0]", "profound", "p"),
        ("value[-1]", "abc", "c"),
        ('"internationalization".get(-2,-1)', None, "o"),
        ('"Once upon a TIME".toTitlecase()', None, "Once Upon A Time"),
        ('"hello".startsWith("he")', None, True),
        ('"a,b,c".split(",")[1]', None, "b"),
        ('"fire, water, earth, air".split(/,\\s*/).join("|")', None, "fire|water|earth|air"),
        ('"a,,b".split(",", true).length()', None, 3),
        ('"internationalization".splitByLengths(5, 6, 3)', None, ["inter", "nation", "ali"]),
        ('"internationalization".partition("nation")', None, ["inter", "nation", "alization"]),
        ('"parallel".rpartition("a")', None, ["par", "a", "llel"]),
        ('"hardly".chomp("ly")', None, "hard"),
        ('"commit".indexOf("m")', None, 2),
        ('value.replace("\\n", " ").trim()', " a\nb ", "a b"),
        ('"The cow jumps".replace(/\\s+/, "_")', None, "The_cow_jumps"),
        ('"Doe, John".replace(/(\\w+), (\\w+)/, "$2 $1")', None, "John Doe"),
        ('"hello 123456 goodbye".match(/.*(\\d\\d\\d\\d).*/)[0]', None, "3456"),
        ('value.match(/(.{6})(.)(.*)/)', "abc", None),
        ('"abeadsabmoloei".find(/[aeio]+/)', None, ["a", "ea", "a", "o", "oei"]),
        ('["al", "Joe", "Bob", "jim"].sort()', None, ["Bob", "Joe", "al", "jim"]),
        ('["al", "joe", "al"].uniques()', None, ["al", "joe"]),
        ("forEach([1,2,3], v, v*2)", None, [2, 4, 6]),
        ('forEachIndex(["a","b"], i, v, i + v)', None, ["0a", "1b"]),
        ("filter([3,4,8,7,9], v, mod(v, 2) == 1)", None, [3, 7, 9]),
        ('with("european union".split(" "), a, a.length())', None, 2),
        ("forRange(0, 6, 2, i, i)", None, [0, 2, 4]),
        ('if("internationalization".length() > 10, "big string", "small string")', None, "big string"),
        ('forNonBlank(value, v, v + "!", "none")', "", "none"),
        ("3 / 2", None, 1),
        ("3.0 / 2", None, 1.5),
        ("-7 / 2", None, -3),
        ("1 + 2 * 3 - (4 - 5)", None, 8),
        ('"1" + 1', None, "11"),
        ("value.toNumber() + 1", "41", 42),
        ("round(3.5) + floor(-1.5) + ceil(1.2)", None, 4),
        ("and(1 < 2, not(isBlank(value)))", "x", True),
        ("isError(value.toNumber())", "x", True),
        ('coalesce(null, value, "z")', "x", "x"),
        ('value.toDate("yyyy-MM-dd").toString("dd/MM/yyyy")', "2024-02-29", "29/02/2024"),
        ('value.toDate().inc(1, "month").datePart("month")', "2024-01-31", 2),
        ('value.toDate().diff("2024-01-01".toDate(), "days")', "2024-03-01", 60),
        ("value.fingerprint()", "The  multi word, the TEST", "multi test the word"),
        ('"Paris".ngramFingerprint(2)', None, "arispari"),
        ('value.escape("html")', "<a>", "&lt;a&gt;"),
        ('value.parseJson().studies.length()', '{"studies": [1, 2]}', 2),
        ('value.parseJson().get("a")[1].b', '{"a": [1, {"b": "x"}]}', "x"),
        ("value.partition(/^[^\\s]+ /).reverse()[0]", "Ann van Dyk", "van Dyk"),
        ('value.md5()', "a", "0cc175b9c0f1b6a831c399e269772661"),
        ('"\\u4e2d" + \'b\\\'c\'', None, "中b'c"),
        ("grel:value.toUppercase()", "é", "É"),
    ],
)  # fmt: skip
def test_documented_examples(text: str, cell: Any, expected: Any) -> None:
    found = value(text, cell)
    assert found == expected and isinstance(found, bool) == isinstance(expected, bool)


def test_rows_are_seen_by_name_and_number() -> None:
    grid = Grid({"first name": ["Ann", "Bob"], "last": ["Li", None]})
    both = Expression('cells["first name"].value + " " + cells.last.value + rowIndex').over(grid, "last")
    assert both == ["Ann Li0", "Bob 1"]
    assert Expression("row.index + cell.value.length()").over(grid, "first name") == [3, 4]


@pytest.mark.parametrize("text", ["value.toNumber()", "1 / 0", "value.split(3.5)[9].length()", 'value.get("x")'])
def test_what_goes_wrong_is_a_value(text: str) -> None:
    assert isinstance(value(text, "abc"), Failure)


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("value.", "a name is expected"),
        ("value.trim(", "not expected"),
        ("value..trim()", "a name is expected"),
        ('"open', "no part of GREL"),
        ("value.reconcile()", "'reconcile' is not supported"),
        ("cross(value, 'p', 'c')", "'cross' is not supported"),
        ("foo + 1", "variable 'foo'"),
        ("forEach(value, 1, 2)", "needs a name"),
        ("value.replace(/(/, '')", "no regular expression"),
        ("jython:return value", "in jython"),
        ("(" * 2_000 + "1", "nested too deep"),
        ("!" * 15_000 + "value", "nested too deep"),
        ("-" * 300 + "1", "nested too deep"),
        ("value" + ".trim()" * 2_500, "nested too deep"),
        ("1" + "+1" * 5_000, "nested too deep"),
        ("__import__('os')", "'__import__' is not supported"),
    ],
)
def test_what_is_no_grel_is_refused_before_it_runs(text: str, why: str) -> None:
    with pytest.raises(SourceError, match=why):
        Expression(text)


def test_regular_expressions_end(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "REGEX_SECONDS", 0.2)
    with pytest.raises(HeddleError, match="did not end"):
        value('value.replace(/(?=a)(a|a|aa)+(?:x|y)/, "")', "a" * 60)


def test_dates_are_moments() -> None:
    assert value('"2024-05-06T07:08:09Z".toDate()') == dt.datetime(2024, 5, 6, 7, 8, 9)
