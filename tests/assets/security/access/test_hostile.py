"""Queries that try to reach hidden rows and columns, on DuckDB and on SQLite: none shows a hidden value."""

import hashlib
import hmac

import pytest

from assets.catalog.lab.guard import guard_of
from assets.catalog.lab.model import Answer
from assets.catalog.lab.run import run
from assets.catalog.store.versions import Versions
from assets.security.access.access import Access
from assets.security.access.masks import pads
from core.errors import HeddleError
from core.settings import Settings

NEVER = ("SECRET", "4999", "5777", "13800000001", "13800000002")
EVERYWHERE = [
    "select * from {p}",
    "select * from {p} as x",
    'select "PHONE", Phone, pHoNe from {p}',
    "select x.* from {p} x, {p} y",
    "with c as (select * from {p}) select * from c",
    "with people as (select * from {p}) select * from people",
    "with a as (with people as (select 1 as id) select * from {p}) select * from a",
    "with recursive r as (select id, name from {p} union all select id + 1, name from r where id < 3) select * from r",
    "select name from {p} union all select name from {p}",
    "select name from {p} except select 'x'",
    "select name from {p} intersect select name from {p}",
    "select * from (select * from (select * from {p}) a) b",
    "select (select max(name) from {p}) as m",
    "select (select group_concat(name) from {p}) as m",
    "select 1 where exists (select 1 from {p} where pay = 4999)",
    "select a.name from {p} a where exists (select 1 from {p} b where b.name > a.name and b.region = 'south')",
    "select name from {p} where name in (select name from {p} where region = 'south')",
    "select count(*) as n from {p}",
    "select count(*) filter (where region = 'south') as n from {p}",
    "select name, row_number() over (order by pay) as r from {p}",
    "select name from {p} order by pay",
    "select name from {p} order by 1 desc limit 100 offset 0",
    "select max(pay) as m from {p}",
    "select pay from {p}",
    "select t.pay from {p} t",
    "select people.pay from {p}",
    "select name as pay from {p} order by pay",
    "select lag(name) over (order by id) as n, name from {p}",
    "select * from {p} join {p} b using (id)",
    "select * from {p} a natural join {p} b",
    "select * from {p} a left join {p} b on a.id <> b.id",
    "select * from {p} a full join {p} b on a.region = b.name",
    "select * from {p} a cross join {p} b",
    "select region, count(*) as n from {p} group by region having max(name) like 'S%'",
    "select distinct region from {p}",
    "select case when region = 'south' then name else 'x' end as x from {p}",
    "select name from {p} where 1=1 or region = 'south'",
    "select name from {p} where region = 'north') or (1=1",
    "select name from {p} -- where",
    "select name from {p}; select 1",
    "select cast(name as integer) as n from {p} where region = 'south'",
    "select 1/(pay-4999) as n from {p}",
    "select sum(case when name like 'SECRET%' then 1 else 0 end) as n from {p}",
    "values ((select max(phone) from {p}))",
    "select sql, name from sqlite_master",
    "select * from information_schema.tables",
    "select * from {p} for update",
    "select * from (values (1)) v(id) join {p} using (id)",
    "select rowid, * from {p}",
    "select everyone.* from everyone",
    "select * from ({p} a join {p} b on a.id = b.id)",
    "select * from {p} a, {p} b, (select * from {p}) c",
    "select name from {p} union select name from {p} union select name from {p}",
]
DUCKDB = [
    "from {p}",
    "from {p} select *",
    "select {s}.people.phone from {p}",
    'select "people" from {p}',
    "select people from {p}",
    "select x from {p} x",
    "select columns(*) from {p}",
    "select columns('pa.*') from {p}",
    "select * exclude (id) from {p}",
    "select * replace (pay as id) from {p}",
    "select to_json(people) from {p}",
    "select struct_pack(a := phone) from {p}",
    "select list(people) from {p}",
    "select * from {p} positional join {p} b",
    "select * from {p} a semi join {p} b using (region)",
    "select * from {p} a asof join {p} b on a.region = b.region and a.id >= b.id",
    "select b.* from {p} a, lateral (select * from {p} x where x.id <> a.id) b",
    "pivot {p} on region using max(name)",
    "unpivot {p} on name, phone into name k value v",
    "summarize {p}",
    "describe {p}",
    "select * from {p} tablesample 100%",
    "select * from query('select * from table_shop.people')",
    "select * from query_table('table_shop.people')",
    "select * from duckdb_tables()",
    "select * from pragma_storage_info('table_shop.people')",
    "select cast(name as integer) from {p}",
    "select error(name) from {p}",
    "select name from {p} where error(name) is null",
    "select name from {p} where cast(phone as bigint) > 0",
    "select try_cast(pay as integer) from {p}",
    "select arg_max(name, pay) from {p}",
    "select unnest(list(name)) from {p}",
    "select * from {p} where people is not null",
    "select any_value(columns(*)) from {p}",
    "table {p}",
    "select * from warehouse.table_shop.people",
    "select * from memory.table_shop.people",
    "select * from 'people.csv'",
    "attach 'x.db'",
    "select * from {p} at (version => 1)",
    "select name from {p} qualify row_number() over (partition by region) = 1",
    "select [x.name for x in (select list(people) from {p})]",
    "select getenv('TEST_ACCESS_KEY')",
]
SQLITE = [
    "select 'SECRET Cy' in secrets",
    "select * from {p} indexed by x",
    "select * from {p} not indexed",
    "select oid, _rowid_ from {p}",
    "select json_group_array(name) from {p}",
    "select * from pragma_table_info('people')",
    "select name from {p} where name glob 'SECRET*'",
    "select `phone`, [pay] from {p}",
    "select name from {p} where abs(case when region='south' then -9223372036854775808 else 1 end) > 0",
]


def ask(sql: str, source: str, settings: Settings, versions: Versions, person: str = "ann") -> Answer:
    guard = guard_of(settings, versions)
    return run(sql, source, person, settings=settings, versions=versions, guard=guard)


def said(sql: str, source: str, settings: Settings, versions: Versions) -> str:
    """The rows, or the error."""
    try:
        found = ask(sql, source, settings, versions)
    except HeddleError as error:
        return str(error).replace(sql, "")
    assert "SECRET" not in found.sql or "SECRET" in sql
    return str(found.rows)


def leaks(answer: str, sql: str) -> list[str]:
    return [n for n in NEVER if n in answer and n not in sql]


def test_no_hostile_query_shows_a_hidden_value_in_duckdb(settings: Settings, versions: Versions) -> None:
    answers = {}
    for text in (*EVERYWHERE, *DUCKDB):
        sql = text.replace("{p}", "table_shop.people").replace("{s}", "table_shop")
        answers[sql] = said(sql, "warehouse", settings, versions)
    assert not {sql: a for sql, a in answers.items() if leaks(a, sql)}
    # the corpus does reach rows: what may be seen comes back
    assert sum("Ann Lee" in a for a in answers.values()) > 25
    assert answers["select count(*) as n from table_shop.people"] == "[(2,)]"


def test_no_hostile_query_shows_a_hidden_value_in_sqlite(settings: Settings, versions: Versions) -> None:
    answers = {}
    for text in (*EVERYWHERE, *SQLITE):
        sql = text.replace("{p}", "people").replace("{s}", "main")
        answers[sql] = said(sql, "shop", settings, versions)
    assert not {sql: a for sql, a in answers.items() if leaks(a, sql)}
    assert sum("Ann Lee" in a for a in answers.values()) > 20
    assert answers["select count(*) as n from people"] == "[(2,)]"


@pytest.mark.parametrize(
    ("sql", "word"),
    [
        ("select pay from table_shop.people", "pay"),
        ("select * from table_shop.staff", "no rule allows it"),
        ("select * from table_shop.people tablesample 10%", "sample"),
    ],
)
def test_what_is_refused_says_why(sql: str, word: str, settings: Settings, versions: Versions) -> None:
    with pytest.raises(HeddleError, match=word):
        ask(sql, "warehouse", settings, versions)


def test_secrets_of_masks_are_in_no_answer(settings: Settings, versions: Versions) -> None:
    key = Access(settings, versions, "bob").key
    assert key is not None
    policy = settings.protection / "access" / "more.yaml"
    policy.write_text(
        "rules:\n  - {id: h, who: [cy], tables: [table/shop/people], columns: {id: allow, phone: hash}}\n"
    )
    found = ask("select phone from table_shop.people order by id", "warehouse", settings, versions, "cy")
    assert found.rows[0][0] == hmac.digest(key, b"13800000001", hashlib.sha256).hex()
    assert not [p for p in pads(key) if p in found.sql.lower()] and "***" in found.sql
    with pytest.raises(HeddleError) as caught:
        ask("select cast(phone as integer) from table_shop.people", "warehouse", settings, versions, "cy")
    assert not [p for p in pads(key) if p in str(caught.value).lower()]
