"""What is run and what is refused: one query that reads known tables, whatever the text tries."""

import pytest
from sqlglot import exp

from assets.catalog.lab.guard import KEY
from assets.catalog.lab.model import QueryError, Table
from assets.catalog.lab.statement import checked, limited

KNOWN = [
    Table("w/main.sales", "", "main", "sales", (("id", "int"),)),
    Table("w/main.Other", "", "main", "Other"),
    Table("w/a.twice", "", "a", "twice"),
    Table("w/b.twice", "", "b", "twice"),
]
EVIL = {
    "duckdb": (
        "select * from read_csv('/etc/passwd')", "select * from '/etc/passwd'", "select * from \"/etc/passwd\"",
        "from read_text('/etc/passwd')", "select * from read_parquet(['/x'])", "select * from glob('*')",
        "copy sales to '/x/y'", "copy (select 1) to '/x/y'", "attach '/x/y' as y", "detach y", "pragma version",
        "install httpfs", "load httpfs", "set threads = 1", "reset threads", "export database 'x'", "checkpoint",
        "create table x as select 1", "drop table sales", "insert into sales values (1)", "delete from sales",
        "update sales set id = 1", "alter table sales add column x int", "truncate sales", "vacuum",
        "select getenv('HOME')", "select * from query('select 1')", "select * from query_table('sales')",
        "select current_setting('home_directory')", "select * from duckdb_secrets()", "select * from duckdb_tables()",
        "select * from information_schema.tables", "select * from sqlite_scan('/x', 'y')", "select 1; drop table sales",
        "explain analyze delete from sales", "call pragma_version()", "describe sales", "show tables",
        "summarize sales",
        "select * from other_file.sales", "select * from w.main.sales", "select * from sales, lateral read_csv('x')",
        "select * from main.salaries", "select * from sales where id in (select pay from salaries)",
        "with x as (select * from salaries) select 1", "select (select max(pay) from salaries)",
        "select * from sales union select * from salaries", "from salaries select 1", "table salaries",
        "with salaries as (select * from salaries) select * from salaries", "select exists(from salaries)",
        "prepare x as select 1", "begin", "use main", "select * from sales join salaries using (id)", "", ";",
    ),
    "postgres": (
        "with d as (delete from sales returning *) select * from d", "select * into x from sales",
        "select pg_read_file('/etc/passwd')", "select pg_catalog.pg_read_file('/etc/passwd')",
        "select pg_catalog.\"pg_read_file\"('/etc/passwd')", "select * from pg_ls_dir('.')", "select lo_import('/x')",
        "select query_to_xml('select * from salaries', true, true, '')", "select set_config('a', 'b', false)",
        "select * from dblink('x', 'select 1') as t(a int)", "select pg_sleep(9)", "select nextval('s')",
        "select * from sales for update", "copy sales to program 'sh'", "select * from pg_shadow", "do $$ begin end $$",
        "select * from ts_stat('select * from salaries')", "select * from rows from (pg_ls_dir('.')) as t",
        "lock table sales", "listen x", "select pg_terminate_backend(1)", "table pg_authid",
    ),
    "mysql": (
        "select * from sales into outfile '/x/y'", "select load_file('/etc/passwd')", "select @@datadir",
        "select sleep(9)", "select benchmark(1, 2)", "select id into @x from sales", "select * from mysql.user",
        "select * from sales into dumpfile '/x'", "load data infile 'x' into table sales", "handler sales open",
        "select get_lock('x', 1)", "select /*!50000 load_file('/etc/passwd') */ 1 from sales",
    ),
    "sqlite": ("select load_extension('x')", "select readfile('/etc/passwd')", "select * from sqlite_master",
               "select writefile('/x', 'y')", "select * from pragma_table_info('sales')"),
    "clickhouse": ("select * from file('x.csv')", "select * from url('http://x', 'CSV')", "select * from system.users",
                   "select * from remote('h', system.one)", "select * from sales into outfile 'x'",
                   "select file('/etc/passwd')", "select * from mysql('h:1', 'd', 't', 'u', 'p')"),
    "hive": ("select reflect('java.lang.System', 'exit', 1)", "select java_method('a', 'b')", "add jar x"),
}  # fmt: skip


@pytest.mark.parametrize(("dialect", "sql"), [(d, s) for d, texts in EVIL.items() for s in texts])
def test_what_does_more_than_read_known_tables_is_refused(dialect: str, sql: str) -> None:
    try:
        made = checked(sql, dialect, KNOWN)
    except QueryError as error:
        assert error.what
        return
    # what is left of a comment's code may run, as it is written anew without it
    assert sql.startswith("select /*!50000") and "load_file" not in made.query.sql(dialect, comments=False).lower()


@pytest.mark.parametrize(
    ("sql", "runs"),
    [
        ("select id from sales", 'SELECT id FROM "main"."sales" AS sales LIMIT 5'),
        ("select S.id from MAIN.Sales s limit 3", 'SELECT S.id FROM "main"."sales" AS s LIMIT 3'),
        ("from other limit 100", 'SELECT * FROM "main"."Other" AS other LIMIT 5'),
        ("select main.sales.id from main.sales", 'SELECT sales.id FROM "main"."sales" AS sales LIMIT 5'),
        ("select id from sales limit 2 + 2", 'SELECT * FROM (SELECT id FROM "main"."sales" AS sales LIMIT 2 + 2)'),
        ("select 1 union select 2", "SELECT 1 UNION SELECT 2 LIMIT 5"),
        ("select * from range(9) t(i)", "LIMIT 5"),
        ("select unnest([1, 2])", "LIMIT 5"),
        ("select ';' as x -- drop", "SELECT ';' AS x"),
        ("with recursive t as (select 1 n union all select n + 1 from t) select * from t", "LIMIT 5"),
    ],
)
def test_what_only_reads_is_written_out(sql: str, runs: str) -> None:
    assert runs in limited(checked(sql, "duckdb", KNOWN).query, 5).sql("duckdb")


def test_a_with_name_cannot_stand_for_a_hidden_table() -> None:
    found = checked("with sales as (select * from sales) select * from sales", "duckdb", KNOWN)
    real = [t for t in found.query.find_all(exp.Table) if KEY in t.meta]
    assert [t.sql("duckdb") for t in real] == ['"main"."sales" AS sales'] and [t.key for t in found.tables] == [
        "w/main.sales"
    ]
    nested = "select * from (with a as (select 1) select * from a) x, a"
    with pytest.raises(QueryError, match="no table a here"):  # the outer `a` is beyond the inner WITH
        checked(nested, "duckdb", KNOWN)
    with pytest.raises(QueryError, match="no table b here"):  # a later WITH is not visible earlier
        checked("with a as (select * from b), b as (select 1) select * from a", "duckdb", KNOWN)


@pytest.mark.parametrize(
    ("sql", "place", "told"),
    [
        ("select *\nfrom sales wher id = 1", (2, 17), "near 'id'"),
        ("select 1,\n  pg_read_file('x')", (2, 3), "not allowed here"),
        ("select * from\n  nothing", (2, 3), "no table nothing"),
        ("select * from twice", (1, 15), "may be a.twice, b.twice"),
        ("select (1", (1, 9), "Expecting )"),
    ],
)
def test_errors_say_where(sql: str, place: tuple[int, int], told: str) -> None:
    with pytest.raises(QueryError) as caught:
        checked(sql, "duckdb", KNOWN)
    assert (caught.value.line, caught.value.column) == place and told in caught.value.what


def test_a_deep_or_long_text_is_refused() -> None:
    with pytest.raises(QueryError, match="characters"):
        checked("select 1" + " " * 100_000, "duckdb", KNOWN)
    with pytest.raises(QueryError):
        checked("select " + "(" * 5_000 + "1" + ")" * 5_000, "duckdb", KNOWN)
