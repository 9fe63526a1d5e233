"""The rows and values of a policy are the same in DuckDB, SQLite and polars: random policies over random tables."""

import sqlite3
from datetime import date

import duckdb
import polars as pl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlglot import exp

from assets.security.access.compile import Seen
from assets.security.access.decide import Asker, Decision, decide
from assets.security.access.frames import shown
from assets.security.access.model import Policy
from assets.security.access.resource import Resource
from tests.assets.security.access.conftest import NOON

COLUMNS = {"a": "integer", "b": "text", "c": "text", "d": "date", "e": "number"}
KEY = b"a key of thirty-two bytes, or so"
TEXTS = st.one_of(st.none(), st.text("abAB%_é中 '\\", max_size=6), st.sampled_from(["north", "North", "a%", "*"]))
NUMBERS = st.one_of(st.none(), st.integers(-50, 50))
ROW = st.tuples(
    NUMBERS, TEXTS, TEXTS,
    st.one_of(st.none(), st.dates(date(1999, 1, 1), date(2030, 1, 1))),
    st.one_of(st.none(), st.integers(-400, 400).map(lambda n: n / 4)),
)  # fmt: skip
TESTS = st.one_of(
    st.builds("a {} {}".format, st.sampled_from(["=", "<>", "<", "<=", ">", ">="]), st.integers(-9, 9)),
    st.builds("b {} :person.word".format, st.sampled_from(["=", "<>", "<", ">="])),
    st.builds("b {} c".format, st.sampled_from(["=", "<>", "<"])),
    st.sampled_from(
        ["b in :person.words", "b in ('north', 'x', null)", "c like 'a%'", "c like '_b%'", "b is null", "a is not null",
         "d <= :today", "d between '2001-05-05' and :today", "e > 2.5", "a between -3 and 7", "not (a = 3 or c = 'a')",
         "b = :person", "a = null", "-a > 2", "b not in :person.words", "true", "not b like 'n%'"]
    ),
)  # fmt: skip
CONDITIONS = st.recursive(
    TESTS, lambda inner: st.builds("({} {} {})".format, inner, st.sampled_from(["and", "or"]), inner), max_leaves=4
)
MASKS = st.one_of(
    st.sampled_from(["allow", "deny", "null", "hash", "year", "constant", "allow"]),
    st.builds(lambda f, n: {"mask": "partial", "first": f, "last": n}, st.integers(0, 3), st.integers(0, 3)),
    st.builds(lambda n: {"mask": "round", "step": n}, st.integers(1, 20)),
)
# masks that give a text are for texts: engines spell numbers and dates in their own ways
_TEXTUAL = ("hash", "constant", "partial")


def _fit(columns: dict[str, object]) -> dict[str, object]:
    def textual(said: object) -> bool:
        return (said.get("mask") if isinstance(said, dict) else said) in _TEXTUAL

    return {c: "null" if textual(said) and COLUMNS[c] != "text" else said for c, said in columns.items()}


RULE = st.fixed_dictionaries(
    {"rows": st.one_of(st.just(""), CONDITIONS), "columns": st.dictionaries(st.sampled_from("abcde"), MASKS).map(_fit)}
)
DENY = st.one_of(
    st.builds(lambda rows: {"effect": "deny", "rows": rows}, CONDITIONS),
    st.builds(lambda c: {"effect": "deny", "columns": {c: "deny"}}, st.sampled_from("abcde")),
)


def decision(rules: list[dict[str, object]], person: dict[str, object]) -> Decision:
    whole = [{"id": f"r{n}", "who": ["ann"], "tables": ["t"]} | rule for n, rule in enumerate(rules)]
    policy = Policy.model_validate({"people": {"ann": person}, "rules": whole})
    return decide(policy, Asker("ann", "", NOON, {}), Resource(("t",), COLUMNS))  # type: ignore[arg-type]


def frame(rows: list[tuple[object, ...]]) -> pl.DataFrame:
    types = {"a": pl.Int64, "b": pl.String, "c": pl.String, "d": pl.Date, "e": pl.Float64}
    return pl.DataFrame(rows, schema=types, orient="row")


def in_duckdb(table: pl.DataFrame, made: Decision) -> list[tuple[object, ...]]:
    sql = Seen(made, COLUMNS, "duckdb", KEY).select(exp.to_table("t")).sql("duckdb")  # type: ignore[arg-type]
    with duckdb.connect() as db:
        db.execute("create table t (a bigint, b varchar, c varchar, d date, e double)")
        if table.height:
            db.executemany("insert into t values (?, ?, ?, ?, ?)", table.rows())
        return db.execute(sql).fetchall()


def in_sqlite(table: pl.DataFrame, made: Decision) -> list[tuple[object, ...]]:
    sql = Seen(made, COLUMNS, "sqlite", None).select(exp.to_table("t")).sql("sqlite")  # type: ignore[arg-type]
    db = sqlite3.connect(":memory:")
    db.execute("create table t (a integer, b text collate nocase, c text, d text, e real)")
    rows = [(*r[:3], r[3] and r[3].isoformat(), r[4]) for r in table.rows()]
    db.executemany("insert into t values (?, ?, ?, ?, ?)", rows)
    found = db.execute(sql).fetchall()
    db.close()
    return found


def plain(rows: list[tuple[object, ...]]) -> list[str]:
    """Rows as texts in any order: engines have no order of their own."""
    return sorted(repr(tuple(str(v) if isinstance(v, date) else v for v in row)) for row in rows)


def shows_the_same(
    rows: list[tuple[object, ...]], rules: list[dict[str, object]], denied: list[dict[str, object]], word: str
) -> None:
    """A policy over a table: the same rows in all engines."""
    table = frame(rows)
    made = decision([*rules, *denied], {"word": word, "words": [word, "North"]})
    if not made.allowed:
        return
    by_polars = plain(shown(table, made, KEY).rows())
    assert plain(in_duckdb(table, made)) == by_polars
    assert plain(in_sqlite(table, made)) == plain(shown(table, made, None).rows())


CASES = given(
    rows=st.lists(ROW, max_size=12),
    rules=st.lists(RULE, min_size=1, max_size=3),
    denied=st.lists(DENY, max_size=2),
    word=st.sampled_from(["north", "a", "a'b", "", "中"]),
)


def _settings(examples: int) -> settings:
    return settings(max_examples=examples, deadline=None, suppress_health_check=list(HealthCheck), derandomize=True)


test_engines_and_polars_show_the_same = _settings(25)(CASES(shows_the_same))
test_many_policies_show_the_same = pytest.mark.slow(_settings(300)(CASES(shows_the_same)))
