"""Condition trees select what SQL's WHERE selects; nothing is lost: all other rows are in the reject stream."""

import datetime as dt
import random
from decimal import Decimal
from pathlib import Path

import pytest

from assets.kettle.errors import KettleError
from assets.kettle.files.write import to_bytes
from assets.kettle.generate.condition_sql import condition_of
from assets.kettle.generate.conditions import All, Compare, Condition, Either, IsNull, Like, Not, OneOf
from assets.kettle.generate.filters import filter_part, unique_part
from assets.kettle.generate.place import Between
from assets.kettle.generate.sinks import ToFile
from assets.kettle.values.fields import ValueType
from tests.assets.kettle.generate.helpers import Table, base, ordered, run, sql, with_part

T = ValueType
TYPES = {
    "id": T.INTEGER,
    "a": T.INTEGER,
    "b": T.INTEGER,
    "x": T.NUMBER,
    "s": T.STRING,
    "t": T.STRING,
    "d": T.DATE,
    "ok": T.BOOLEAN,
}
WORDS = [None, "ab", "a.b", "50%", "b;c", "c\\d", "A", "a\nb", "é_x", ";", "O'Neil"]
DAYS = [None, "2024-02-29 00:00:00", "2023-12-31 23:59:59", "2024-03-01 12:30:00"]
MOMENTS = [dt.date(2024, 2, 29), dt.datetime(2023, 12, 31, 23, 59, 59), dt.datetime(2024, 3, 1, 12, 30)]
NUMBERS = [None, -1.5, 0.0, 0.1, 2500.25, 1e-7, 123456789.125]


def _rows(random_: random.Random, count: int = 120) -> Table:
    pick = random_.choice
    rows = [
        (
            *(n, pick([None, -3, 0, 7, 12]), pick([None, -3, 0, 7, 12]), pick(NUMBERS)),
            *(pick(WORDS), pick(WORDS), pick(DAYS), pick([None, True, False])),
        )
        for n in range(count)
    ]
    return {name: kind.value for name, kind in TYPES.items()}, rows


def _test(random_: random.Random) -> Condition:
    pick = random_.choice
    operator = pick(["=", "<>", "<", "<=", ">", ">="])
    words = [w for w in WORDS if w]
    return pick(
        [
            Compare("a", operator, pick([-3, 0, 7, 8])),
            Compare("a", operator, other="b"),
            Compare("x", operator, pick([n for n in NUMBERS if n is not None])),
            Compare("s", pick(["=", "<>"]), pick(words)),
            Compare("s", pick(["=", "<>"]), other="t"),
            Compare("d", operator, pick(MOMENTS)),
            Compare("ok", pick(["=", "<>"]), pick([True, False])),
            IsNull(pick(["a", "x", "s", "d", "ok"])),
            OneOf("s", tuple(random_.sample(words, 3))),
            OneOf("a", (7, 12)),
            Like("s", pick(["a%", "%b", "%_b%", "50\\%", "a.b", "%;%", "_", "é_x", "%", "a_b"]).replace("\\", "")),
        ]
    )


def _tree(random_: random.Random, depth: int) -> Condition:
    if depth == 0 or random_.random() < 0.2:
        return _test(random_)
    parts = tuple(_tree(random_, depth - 1) for _ in range(random_.randint(1, 3)))
    return random_.choice([All(parts), Either(parts), Not(parts[0])])


def _literal(value: object) -> str:
    if isinstance(value, bool):
        return str(value)
    if isinstance(value, dt.date):
        return f"TIMESTAMP '{value}'"
    return f"{value!r}" if isinstance(value, int | float) else "'" + str(value).replace("'", "''") + "'"


def _sql(condition: Condition) -> str:
    """The condition in SQL."""
    match condition:
        case Not(part):
            return f"NOT ({_sql(part)})"
        case All(parts):
            return "(" + " AND ".join(map(_sql, parts)) + ")"
        case Either(parts):
            return "(" + " OR ".join(map(_sql, parts)) + ")"
        case IsNull(field):
            return f"{field} IS NULL"
        case OneOf(field, values):
            return f"{field} IN ({', '.join(map(_literal, values))})"
        case Like(field, pattern):
            return f"{field} LIKE {_literal(pattern)}"
        case Compare(field, operator, value, other):
            return f"{field} {operator} {other or _literal(value)}"


@pytest.mark.covers("DATA-045")
@pytest.mark.parametrize("seed", range(40))
def test_conditions_select_what_sql_selects_and_keep_the_others(seed: int) -> None:
    random_ = random.Random(seed)
    table, condition = _rows(random_), _tree(random_, 3)
    part = filter_part("f", condition, TYPES)
    # the same again when it is read from its SQL: other groups, the same rows
    said = filter_part("g", condition_of(_sql(condition)), TYPES)
    out = run(with_part(base(table), part, Between("in", "out")))
    again = run(with_part(base(table), said, Between("in", "out")))
    assert again.column("out", "id") == out.column("out", "id")
    wanted = [row[0] for row in sql(f"SELECT id FROM r WHERE {_sql(condition)}", r=table)]
    assert sorted(out.column("out", "id")) == sorted(wanted), _sql(condition)
    assert sorted(out.column("out", "id") + out.column("filter rows: rejected", "id")) == list(range(120))


def test_an_empty_text_is_null() -> None:
    table: Table = ({"s": "String"}, [("",), (None,), ("x",)])
    part = filter_part("f", Not(Compare("s", "=", "x")), {"s": T.STRING})
    assert run(with_part(base(table), part, Between("in", "out"))).rows("out") == []


def test_constants_stand_in_the_files_own_form() -> None:
    tests = All(
        (
            Compare("d", ">=", dt.date(2024, 2, 1)),
            Compare("x", "<", 1e-7),
            Compare("a", "=", 7),
            OneOf("s", ("a;b", "c")),
        )
    )
    text = to_bytes(
        with_part(base(_rows(random.Random(1))), filter_part("f", tests, TYPES), Between("in", "out"))
    ).decode()
    for wanted in ("2024/02/01 00:00:00.000", "0.0000001", "<text>7</text>", "a\\;b;c"):
        assert wanted in text


@pytest.mark.parametrize(
    ("condition", "message"),
    [
        (Compare("a", ">", 2500.5), "'a' is Integer and is compared with 2500.5"),
        (Compare("a", ">", Decimal("NaN")), "'a' is Integer"),
        (Compare("s", "=", 5), "'s' is String"),
        (Compare("nope", "=", 5), "names the field 'nope'"),
        (Compare("a", "=", None), "never true"),
        (Compare("a", "==", 1), "unknown comparison"),
        (Compare("a", "=", other="s"), "different types"),
        (OneOf("a", ()), "empty"),
        (All(()), "joins nothing"),
        (Like("a", "1%"), "no text"),
    ],
)
def test_conditions_that_kettle_would_read_otherwise_are_refused(condition: Condition, message: str) -> None:
    with pytest.raises(KettleError, match=message):
        filter_part("f", condition, TYPES)


@pytest.mark.covers("DATA-045")
def test_unique_rows_equal_distinct_on_and_duplicates_are_kept(tmp_path: Path) -> None:
    table: Table = (
        {"k": "Integer", "s": "String", "n": "Integer"},
        [(2, "b", 1), (1, "a", 9), (2, "b", 3), (None, "a", 4), (1, "a", 5), (1, "A", 6), (None, "a", 7)],
    )
    part = unique_part("u", ["k", "s"], ToFile(f"{tmp_path}/duplicates"), prefer=[("n", False)])
    out = run(with_part(base(table), part, Between("in", "out")))
    wanted = sql("SELECT DISTINCT ON (k, s) k, s, n FROM r ORDER BY k, s, n DESC", r=table)
    assert ordered(out.rows("out")) == wanted
    lines = (tmp_path / "duplicates.csv").read_text().splitlines()
    assert lines[0] == "k,s,n,error_text,error_code"
    assert sorted(line.split(",")[2].strip() for line in lines[1:]) == ["1", "4", "5"]
    assert all(line.endswith("UNR001") for line in lines[1:])
    with pytest.raises(KettleError, match="without a key"):
        unique_part("u", [])


def test_conditions_are_read_from_sql() -> None:
    found = condition_of(
        "a BETWEEN -1 AND 2.5 OR (ok AND NOT s IN ('x')) OR 3 < a OR d = DATE '2024-02-29' OR ok IS FALSE"
    )
    assert OneOf("s", ("x",)) in _leaves(found) and Compare("a", ">", 3) in _leaves(found)
    assert Compare("d", "=", dt.date(2024, 2, 29)) in _leaves(found) and Compare("a", ">=", -1) in _leaves(found)
    for text in ("upper(s) = 'A'", "a + 1 > 2", "a IN (SELECT 1)", "s = NULL", "a >"):
        with pytest.raises(KettleError):
            condition_of(text)


def _leaves(condition: Condition) -> list[Condition]:
    match condition:
        case All(parts) | Either(parts):
            return [leaf for part in parts for leaf in _leaves(part)]
        case Not(part):
            return _leaves(part)
    return [condition]
