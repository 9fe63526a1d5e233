"""SQL text: scripts, parameters, names, origins of columns, the stand-in's translation."""

import pytest

from assets.kettle.database.sql import bind, parameters, qualified, quoted, statements
from assets.kettle.database.trace import origins
from assets.kettle.database.translate import translate
from assets.kettle.errors import KettleError

SCRIPT = """
-- a; comment
INSERT INTO t VALUES('a;b', "c;d"); /* ; */ ;
CREATE FUNCTION f() RETURNS int AS $body$ BEGIN; RETURN 1; END $body$ LANGUAGE plpgsql;
SELECT 'it''s;' -- last; one
"""


def test_scripts_split_outside_of_quotes_and_comments() -> None:
    found = statements(SCRIPT)
    assert len(found) == 3
    assert found[1].startswith("CREATE FUNCTION") and found[1].endswith("plpgsql")
    assert statements("-- nothing\n;;") == []
    assert statements("SELECT 'a\\';b'; SELECT 2", "mysql") == ["SELECT 'a\\';b'", "SELECT 2"]


def test_parameters_become_the_drivers() -> None:
    sql = "SELECT '?', a % 2 FROM t WHERE b = ? AND c LIKE 'x%' -- ?\n AND d = ?"
    assert parameters(sql) == 2
    assert bind(sql, "format") == "SELECT '?', a %% 2 FROM t WHERE b = %s AND c LIKE 'x%%' -- ?\n AND d = %s"
    assert bind("a = ? AND b = ?", "named") == "a = :1 AND b = :2"


def test_names_are_quoted_when_needed() -> None:
    assert quoted("plain", "postgres") == "plain"
    assert quoted("Two words", "mysql") == "`Two words`"
    assert quoted('x"; DROP TABLE t; --', "postgres") == '"x""; DROP TABLE t; --"'
    assert qualified("", "s.order", "postgres") == 's."order"'


def test_origins_follow_subqueries_unions_and_stars() -> None:
    tables = {"t": ["a", "b"], "s.u": ["a", "c"]}
    sql = (
        "WITH w AS (SELECT a, b + 1 AS b1 FROM t) SELECT w.*, u.c, count(*) n FROM w JOIN s.u ON w.a = u.a GROUP BY ALL"
    )
    found = origins(sql, "duckdb", lambda name: tables.get(name, []))
    assert [o.name for o in found] == ["a", "b1", "c", "n"]
    assert found[0].only == ("t", "a")
    assert found[1].sources == {("t", "b")} and found[1].only is None
    assert found[2].only == ("s.u", "c")
    both = origins("SELECT a FROM t UNION ALL SELECT c FROM s.u", "duckdb", lambda name: tables.get(name, []))
    assert both[0].sources == {("t", "a"), ("s.u", "c")}
    assert origins("EXPLAIN nonsense (", "", lambda name: []) == []


def test_the_stand_in_folds_names_and_remembers_lengths() -> None:
    create, comment = translate('create table t(a varchar(20) not null, "b" int)')
    assert '"A" TEXT' in create and "LENGTH(" in create.upper() and '"b" INT' in create
    assert comment == "COMMENT ON COLUMN T.\"A\" IS 'VARCHAR(20)'"
    assert translate("//Show tables\r\nselect a from t where b = 'x//y'") == ["SELECT A FROM T WHERE B = 'x//y'"]
    assert translate("select top 5 * from t")[0].endswith("LIMIT 5")
    assert "CREATE SEQUENCE" in translate("create table t(id identity primary key)")[0]
    assert translate("select count(*) from t") == ['SELECT COUNT(*) AS "COUNT(*)" FROM T']
    with pytest.raises(KettleError, match="stand-in"):
        translate("select from where")
