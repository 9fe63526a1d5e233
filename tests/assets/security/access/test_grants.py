"""Grants in real databases: who is not authorised reads nothing, in the database and in the platform."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Connection, create_engine, text
from sqlalchemy.exc import DBAPIError

from assets.catalog.lab.guard import guard_of
from assets.catalog.lab.run import run
from assets.catalog.record import record
from assets.catalog.scan.scanner import scan
from assets.catalog.scan.sources import load_sources
from assets.catalog.store.versions import Versions
from assets.security.access.access import Access
from assets.security.access.grants.apply import plan
from core.errors import HeddleError
from core.settings import Settings
from tests.assets.security.access.conftest import NOON, ROWS

POLICY = """
people: {{ann: {{region: north}}, bob: {{}}, eve: {{}}}}
rules:
  - id: north
    who: [ann]
    tables: [{source}/*people]
    rows: "region = :person.region and name not like 'SECRET%'"
    columns: {{"*": allow, pay: deny, phone: {{mask: partial, first: 3, last: 2}}}}
  - {{id: all, who: [bob], tables: [{source}/*people], columns: {{"*": allow}}}}
"""
DDL = "create table people (id bigint, name varchar(40), phone varchar(40), region varchar(20), day date, pay bigint)"


@contextmanager
def connected(url: str) -> Iterator[Connection]:
    engine = create_engine(url, isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        yield connection
    engine.dispose()


def filled(url: str, settings: Settings) -> Versions:
    with connected(url) as db:
        db.execute(text(DDL))
        for row in ROWS:
            names = dict(zip(("id", "name", "phone", "region", "day", "pay"), row, strict=True))
            db.execute(text("insert into people values (:id, :name, :phone, :region, :day, :pay)"), names)
    (settings.catalog_files / "sources.yaml").write_text(f"sources:\n  - name: erp\n    url: {url}\n")
    (settings.protection / "access" / "shop.yaml").write_text(POLICY.format(source="erp"))
    made = Versions(settings.catalog)
    record(made, scan(load_sources(settings)[0], settings=settings))
    return made


def asked(settings: Settings, versions: Versions, person: str) -> list[tuple[Any, ...]]:
    guard = guard_of(settings, versions)
    return run(
        "select * from people order by id", "erp", person, settings=settings, versions=versions, guard=guard
    ).rows


def dba(settings: Settings, versions: Versions) -> Access:
    return Access(settings, versions, "dba", clock=lambda: NOON)


@pytest.mark.covers("DATA-074", "STK-037")
def test_postgres_refuses_who_is_not_authorised(postgres_url: str, settings: Settings) -> None:
    url = postgres_url
    versions = filled(url, settings)
    with connected(url) as db:
        db.execute(text("grant select on people to public"))
        first = plan(dba(settings, versions), "erp")
        assert any("REVOKE ALL ON" in s and "PUBLIC" in s for s in first.statements)
        assert db.execute(text("select count(*) from pg_roles where rolname like 'heddle%'")).scalar() in (0, None)
        try:
            plan(dba(settings, versions), "erp", apply=True)
            assert plan(dba(settings, versions), "erp").statements == ()
            _check_postgres(db)
            assert [r[0] for r in asked(settings, versions, "bob")] == [1, 2, 3, 4, 5]
            assert len(asked(settings, versions, "ann")) == 2
            with pytest.raises(HeddleError, match="shows you nothing"):
                asked(settings, versions, "eve")
            _narrower(settings)
            changed = plan(dba(settings, versions), "erp", apply=True)
            assert any("DROP VIEW" in s for s in changed.statements)
            assert _as(db, "heddle_ann", 'select * from heddle_access."people__ann"') == [(1,), (2,)]
            with pytest.raises(DBAPIError, match="permission denied"):
                _as(db, "heddle_bob", "select * from people")
        finally:
            db.execute(text("reset role"))
            for name in ("heddle_ann", "heddle_bob"):
                db.execute(text(f"drop owned by {name}"))
                db.execute(text(f"drop role {name}"))


def _narrower(settings: Settings) -> None:
    """Ann sees one column, bob nothing."""
    rule = 'who: [ann], tables: [erp/*people], rows: "region = :person.region", columns: {id: allow}'
    text_ = f"people: {{ann: {{region: north}}, bob: {{}}}}\nrules:\n  - {{id: n, {rule}}}\n"
    (settings.protection / "access" / "shop.yaml").write_text(text_)


def _as(db: Connection, role: str, sql: str) -> list[tuple[Any, ...]]:
    db.execute(text(f"set role {role}"))
    try:
        return [tuple(r) for r in db.execute(text(sql))]
    finally:
        db.execute(text("reset role"))


def _check_postgres(db: Connection) -> None:
    assert not db.execute(text("select bool_or(rolcanlogin) from pg_roles where rolname like 'heddle%'")).scalar()
    seen = _as(db, "heddle_ann", 'select id, phone from heddle_access."people__ann" order by id')
    assert seen == [(1, "138******01"), (2, "138******02")]
    for sql in ("select * from people", "select pay from heddle_access.people__ann", "select count(*) from people"):
        with pytest.raises(DBAPIError):
            _as(db, "heddle_ann", sql)
    assert len(_as(db, "heddle_bob", "select * from people")) == 5
    with pytest.raises(DBAPIError, match="permission denied"):
        _as(db, "heddle_bob", "select * from heddle_access.people__ann")
    # the barrier: a function that tells what it is given is given no hidden row
    body = "begin if t like 'SECRET%' then raise exception 'saw %', t; end if; return true; end"
    db.execute(text(f"create function told(t text) returns boolean language plpgsql cost 0.0001 as $${body}$$"))
    assert len(_as(db, "heddle_ann", "select id from heddle_access.people__ann where told(name)")) == 2


def test_grants_of_others_are_told_and_go_when_strict(postgres_url: str, settings: Settings) -> None:
    url = postgres_url
    versions = filled(url, settings)
    with connected(url) as db:
        db.execute(text("create role reporting nologin"))
        try:
            db.execute(text("grant select (id) on people to reporting"))
            first = plan(dba(settings, versions), "erp")
            assert [g.role for g in first.foreign] == ["reporting"]
            strict = plan(dba(settings, versions), "erp", strict=True)
            assert any('FROM "reporting"' in s for s in strict.statements) and not strict.foreign
        finally:
            db.execute(text("drop owned by reporting"))
            db.execute(text("drop role reporting"))


@pytest.mark.covers("DATA-074")
def test_mariadb_refuses_who_is_not_authorised(mariadb_url: str, settings: Settings) -> None:
    versions = filled(mariadb_url, settings)
    with connected(mariadb_url) as db:
        database = db.execute(text("select database()")).scalar()
        try:
            plan(dba(settings, versions), "erp", apply=True)
            assert plan(dba(settings, versions), "erp").statements == ()
            db.execute(text("create user 'ann'@'localhost'"))
            db.execute(text("grant heddle_ann to 'ann'@'localhost'"))
            db.execute(text("set default role heddle_ann for 'ann'@'localhost'"))
            with connected(mariadb_url.replace("root@", "ann@").split("?")[0].rpartition("/")[0] + "/" + database
                           + "?" + mariadb_url.partition("?")[2]) as mine:  # fmt: skip
                seen = mine.execute(text("select id, phone from heddle_people__ann order by id")).fetchall()
                assert [tuple(r) for r in seen] == [(1, "138******01"), (2, "138******02")]
                for sql in ("select * from people", "select pay from heddle_people__ann"):
                    with pytest.raises(DBAPIError):
                        mine.execute(text(sql))
            assert len(asked(settings, versions, "ann")) == 2
            with pytest.raises(HeddleError, match="shows you nothing"):
                asked(settings, versions, "eve")
            (settings.protection / "access" / "shop.yaml").write_text("default: deny\npeople: {ann: {}}\n")
            closed = plan(dba(settings, versions), "erp", apply=True)
            assert any(s.startswith("REVOKE") for s in closed.statements)
            assert plan(dba(settings, versions), "erp").statements == ()
        finally:
            for statement in ("drop user if exists 'ann'@'localhost'", "drop role if exists heddle_ann",
                              "drop role if exists heddle_bob"):  # fmt: skip
                db.execute(text(statement))


def test_an_engine_without_roles_says_so(settings: Settings, versions: Versions, access: Callable[..., Access]) -> None:
    with pytest.raises(HeddleError, match="has no roles"):
        plan(access("ann"), "shop")
    for file in Path(settings.protection / "access").iterdir():
        file.unlink()
    assert access("ann").policy is None
