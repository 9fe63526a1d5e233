"""Generated joins give what SQL gives, on unsorted input with nulls and duplicates."""

from pathlib import Path

import pytest

from assets.kettle.engine.run import EngineSettings
from assets.kettle.errors import KettleError
from assets.kettle.generate.joins import Found, Key, database_join_part, lookup_part, merge_join_part
from assets.kettle.generate.place import After, Between
from assets.kettle.model import Connection
from assets.kettle.values.fields import ValueType
from tests.assets.kettle.flow import Flow
from tests.assets.kettle.generate.helpers import Table, base, ordered, run, source, sql, with_part

INT, TEXT = ValueType.INTEGER, ValueType.STRING
ORDERS: Table = (
    {"oid": "Integer", "cust": "Integer", "shop": "String"},
    [(1, 9, "b"), (2, 3, "a"), (3, None, "a"), (4, 3, "B"), (5, 1, None), (6, 9, "b"), (7, 12, "x"), (8, None, None)],
)
PEOPLE: Table = (
    {"cid": "Integer", "place": "String", "who": "String"},
    [
        (9, "b", "nina"),
        (3, "a", "tom"),
        (3, "a", "tim"),
        (None, "a", "nobody"),
        (1, None, "eva"),
        (20, "b", "zoe"),
        (None, None, "void"),
    ],
)
UNIQUE: Table = (
    PEOPLE[0],
    [(9, "b", "nina"), (None, "a", "nobody"), (3, "a", None), (1, None, "eva"), (20, "b", "zoe")],
)
KEYS = [Key("cust", "cid", INT, INT), Key("shop", "place", TEXT, TEXT)]


def _two(right: Table) -> Flow:
    return source(base(ORDERS), "people", right)


@pytest.mark.covers("DATA-047")
@pytest.mark.parametrize("keys", [1, 2])
@pytest.mark.parametrize("kind", ["inner", "left", "right", "full"])
def test_merge_joins_equal_sql(kind: str, keys: int) -> None:
    model = with_part(_two(PEOPLE), merge_join_part("j", "people", KEYS[:keys], kind), Between("in", "out"))
    on = " AND ".join(["o.cust = p.cid", "o.shop = p.place"][:keys])
    wanted = sql(f"SELECT * FROM o {kind} JOIN p ON {on}", o=ORDERS, p=PEOPLE)
    out = run(model)
    assert ordered(out.rows("out")) == wanted
    assert out.layouts["out"] == ["oid", "cust", "shop", "cid", "place", "who"]


def test_a_join_by_texts_of_any_case() -> None:
    part = merge_join_part("j", "people", KEYS[1:], "inner", case_sensitive=False)
    model = with_part(_two(PEOPLE), part, After("in"))
    wanted = sql("SELECT * FROM o JOIN p ON lower(o.shop) = lower(p.place)", o=ORDERS, p=PEOPLE)
    assert ordered(run(model).rows("out")) == wanted
    assert len(wanted) > len(sql("SELECT * FROM o JOIN p ON o.shop = p.place", o=ORDERS, p=PEOPLE))


def test_null_keys_meet_where_that_is_asked_for() -> None:
    model = with_part(_two(PEOPLE), merge_join_part("j", "people", KEYS, "full", nulls_meet=True), Between("in", "out"))
    on = "o.cust IS NOT DISTINCT FROM p.cid AND o.shop IS NOT DISTINCT FROM p.place"
    assert ordered(run(model).rows("out")) == sql(f"SELECT * FROM o FULL JOIN p ON {on}", o=ORDERS, p=PEOPLE)


@pytest.mark.covers("DATA-047")
def test_a_look_up_equals_a_left_join() -> None:
    found = [Found("who", TEXT), Found("place", TEXT, "where")]
    model = with_part(_two(UNIQUE), lookup_part("l", "people", KEYS[:1], found), Between("in", "out"))
    wanted = sql("SELECT o.*, p.who, p.place FROM o LEFT JOIN p ON o.cust = p.cid", o=ORDERS, p=UNIQUE)
    assert ordered(run(model).rows("out")) == wanted


def test_the_default_is_for_missing_keys() -> None:
    part = lookup_part("l", "people", KEYS[:1], [Found("who", TEXT, "who", "unknown")])
    rows = {row[0]: row[3] for row in run(with_part(_two(UNIQUE), part, Between("in", "out"))).rows("out")}
    assert (rows[2], rows[7], rows[3], rows[1]) == (None, "unknown", "unknown", "nina")


@pytest.mark.covers("DATA-047")
@pytest.mark.parametrize("outer", [False, True])
def test_a_join_with_the_database_equals_sql(outer: bool, tmp_path: Path) -> None:
    settings = EngineSettings(connections={"db": f"duckdb:///{tmp_path}/t.duckdb"})
    rows = ", ".join(f"({a or 'NULL'}, '{c}')" for a, _, c in PEOPLE[1])
    fill = f"CREATE TABLE p(cid BIGINT, who VARCHAR(9)); INSERT INTO p VALUES {rows}"
    connection = Connection("db", "H2", database="unused")
    Flow().database(connection).step("sql", "ExecSQL", connection="db", sql=fill).run(settings=settings)
    part = database_join_part("d", "db", "SELECT who FROM p WHERE cid = ?", [("cust", INT)], outer=outer)
    model = with_part(base(ORDERS).database(connection), part, Between("in", "out"))
    kind = "LEFT" if outer else "INNER"
    wanted = sql(f"SELECT o.*, p.who FROM o {kind} JOIN p ON o.cust = p.cid", o=ORDERS, p=PEOPLE)
    assert ordered(run(model, settings=settings).rows("out")) == wanted


def test_keys_of_different_types_are_refused() -> None:
    with pytest.raises(KettleError, match="different types"):
        merge_join_part("j", "people", [Key("cust", "place", INT, TEXT)])
    with pytest.raises(KettleError, match="no join 'cross'"):
        merge_join_part("j", "people", KEYS, "cross")
    with pytest.raises(KettleError, match="2 places for 1"):
        database_join_part("d", "db", "SELECT 1 WHERE ? = ?", [("cust", INT)])
