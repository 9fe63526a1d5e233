"""The same policy, person by purpose by time, at every entry: each shows exactly the rows that the policy says."""

import getpass
from collections.abc import Callable
from pathlib import Path

import duckdb
import polars as pl
import pytest
from click.testing import CliRunner
from starlette.testclient import TestClient

from assets.catalog.lab.guard import guard_of
from assets.catalog.lab.model import Limits
from assets.catalog.lab.run import run
from assets.catalog.store.versions import Versions
from assets.features.registry.files import write
from assets.features.registry.model import Feature, FeatureView, JoinKey
from assets.features.registry.push import push
from assets.security.access.access import Access
from assets.security.access.log import FILE
from core.errors import HeddleError
from core.settings import Settings, variables
from orchestration.cli.main import main
from resources.open import online, warehouse
from serving.endpoint import _seen
from serving.features import OnlineFeatures
from serving.studio.app import build
from serving.studio.studio import Studio
from tests.assets.security.access.conftest import PEOPLE, ROWS

POLICY = """
people: {{ann: {{region: north}}, bob: {{}}, eve: {{}}}}
rules:
  - id: own_region
    who: [ann]
    tables: [table/shop/people, shop/people, table/retail/basket_lines]
    rows: "region = :person.region"
    columns: {{"*": allow, phone: {{mask: partial, first: 3, last: 2}}, pay: deny}}
  - id: audit
    who: [bob]
    tables: [table/shop/people, shop/people, table/retail/basket_lines]
    purposes: [audit]
    when: {{until: {until}}}
    columns: {{"*": allow}}
  - id: inventory
    who: [bob]
    tables: [table/shop/people, shop/people, table/retail/basket_lines]
    when: {{until: {until}}}
    rows: "region = 'south'"
"""
NAMES = {row[0]: row[1] for row in ROWS}
HIDDEN = {r[2] for r in ROWS} | {str(r[5]) for r in ROWS if r[5] and r[5] > 1000}
VIEW = FeatureView(
    name="people", entity="person", keys=(JoinKey(name="id"),), source=PEOPLE, timestamp="day", online=True,
    features=(Feature(name="name", type="text"), Feature(name="region", type="text")),
)  # fmt: skip
DIMENSION = """name: people
source: shop
table: people
key: [id]
columns:
""" + "".join(f"  - {{name: {n}, type: {t}}}\n" for n, t in
              (("id", "integer"), ("name", "text(40)"), ("phone", "text(40)"), ("region", "text(20)"),
               ("day", "date"), ("pay", "integer")))  # fmt: skip
SQL = "select * from {} order by id"


class World:
    """The entries, each as a person for a purpose: the text that comes out."""

    def __init__(self, settings: Settings, versions: Versions, monkeypatch: pytest.MonkeyPatch, folder: Path) -> None:
        self.settings, self.versions, self.folder, self.patch = settings, versions, folder, monkeypatch

    def policy(self, now: bool) -> None:
        until = "2999-01-01" if now else "2020-01-01"
        (self.settings.protection / "access" / "shop.yaml").write_text(POLICY.format(until=until))

    def cli(self, person: str, *words: str) -> str:
        self.patch.setattr(getpass, "getuser", lambda: person)
        return CliRunner().invoke(main, list(words)).output

    def web(self, person: str) -> TestClient:
        return TestClient(build(Studio(self.settings, self.versions, person)), base_url="http://127.0.0.1:8602")

    # -- entries

    def lab(self, person: str, purpose: str) -> str:
        guard = guard_of(self.settings, self.versions, purpose)
        try:
            found = run(SQL.format("table_shop.people"), "warehouse", person, settings=self.settings,
                        versions=self.versions, guard=guard)  # fmt: skip
        except HeddleError as error:
            return str(error)
        return str(found.rows)

    def api(self, person: str, purpose: str) -> str:
        with self.web(person) as web:
            body = {"sql": SQL.format("people"), "source": "shop", "purpose": purpose}
            asked = web.post("/api/sql/runs", json=body)
            text = asked.text
            for ending in ("csv", "parquet"):
                file = web.get(f"/api/sql/runs/{asked.json()['run']}/file", params={"format": ending})
                text += (
                    str(pl.read_parquet(file.content).rows()) if ending == "parquet" and file.is_success else file.text
                )
            return text

    def page(self, person: str, purpose: str) -> str:
        studio = Studio(self.settings, self.versions, person)
        asked = studio.queries.start(SQL.format("table_shop.people"), "warehouse", Limits(), 5.0, purpose)
        with TestClient(build(studio), base_url="http://127.0.0.1:8602") as web:
            return (
                web.get("/lab", params={"run": asked.id}).text + web.get("/lab/download", params={"run": asked.id}).text
            )

    def command(self, person: str, purpose: str) -> str:
        words = ["sql", SQL.format("table_shop.people"), "--format", "csv", "--purpose", purpose]
        out = self.folder / "out.parquet"
        self.cli(person, *words[:2], "--purpose", purpose, "--out", str(out))
        file = str(pl.read_parquet(out).rows()) if out.exists() else ""
        out.unlink(missing_ok=True)
        return self.cli(person, *words) + file

    def metrics(self, person: str, purpose: str) -> str:
        words = ["metrics", "query", "units", "--by", "department", "--purpose", purpose, "--format", "csv"]
        return self.cli(person, *words)

    def dimension(self, person: str, _purpose: str) -> str:
        with self.web(person) as web:
            text = "".join(
                web.get(path).text
                for path in ("/dimension?name=people", "/dimension/export?name=people", "/api/dimensions/people/rows",
                             "/api/dimensions/people/export", "/dimension/row?name=people&k.id=1",
                             "/dimension/row?name=people&k.id=2", "/dimension?name=people&q=south")
            )  # fmt: skip
        out = self.folder / "out.csv"
        self.cli(person, "dimension", "export", "people", str(out))
        text += out.read_text() if out.exists() else ""
        out.unlink(missing_ok=True)
        return text + self.cli(person, "dimension", "show", "people")

    def features(self, person: str, _purpose: str) -> str:
        keys = [w for i in NAMES for w in ("--key", f"id={i}")]
        text = self.cli(person, "features", "get", "people", *keys, "--json")
        self.patch.setattr(getpass, "getuser", lambda: person)
        served = OnlineFeatures(online(self.settings), quick=False, seen=_seen(self.settings))
        try:
            text += served.answer(b'{"features": ["people"], "entities": {"id": [1, 2, 3, 4, 5]}}').decode()
        except Exception as error:
            text += str(error)
        finally:
            served.store.close()
        asked, out = self.folder / "asked.csv", self.folder / "joined.parquet"
        asked.write_text("id,at\n" + "".join(f"{i},2027-01-01\n" for i in NAMES))
        text += self.cli(person, "features", "join", str(asked), "-f", "people", "--at", "at", "-o", str(out))
        text += str(pl.read_parquet(out).rows()) if out.exists() else ""
        out.unlink(missing_ok=True)
        return text

    def frame(self, person: str, purpose: str) -> str:
        whole = warehouse(self.settings).query("select * from table_shop.people")
        try:
            return str(Access(self.settings, self.versions, person, purpose).restrict(whole, (PEOPLE,)).rows())
        except HeddleError as error:
            return str(error)


@pytest.fixture
def world(settings: Settings, versions: Versions, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> World:
    for name, value in variables(settings).items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("COLUMNS", "250")
    (settings.catalog_files / "dimensions").mkdir()
    (settings.catalog_files / "dimensions" / "people.yaml").write_text(DIMENSION)
    write(settings.catalog_files / "features", VIEW)
    with duckdb.connect(str(settings.home / "warehouse.duckdb")) as house:
        house.execute("create schema table_retail")
        house.execute(
            "create table table_retail.basket_lines as "
            "select name as department, region, id as quantity, day as sale_date from table_shop.people"
        )
        house.execute("delete from table_shop.people where day is null")
        house.execute("update table_shop.people set day = date '2026-01-01'")
    push(warehouse(settings), online(settings), VIEW)
    with duckdb.connect(str(settings.home / "warehouse.duckdb")) as house:
        house.execute("insert into table_shop.people select quantity, department, null, region, null, null "
                      "from table_retail.basket_lines where quantity = 5")  # fmt: skip
    return World(settings, versions, monkeypatch, tmp_path)


def expected(person: str, purpose: str, now: bool) -> set[int]:
    """The rows that a person may see; written down by hand, not by the policy's code."""
    if person == "ann":
        return {1, 2}
    if person == "bob" and now:
        return {1, 2, 3, 4, 5} if purpose == "audit" else {3}
    return set()


AIMED = ("lab", "api", "page", "command", "metrics", "frame")  # entries that take a purpose
OTHERS = ("dimension", "features")


# each person, purpose and time once: what a change of one of them changes
QUICK = {True: (("ann", ""), ("bob", ""), ("bob", "audit"), ("eve", "audit")), False: (("bob", "audit"),)}
WHOLE = {now: tuple((p, a) for p in ("ann", "bob", "eve") for a in ("", "audit")) for now in (True, False)}


@pytest.mark.covers("DATA-072")
@pytest.mark.parametrize(
    "cases", [pytest.param(QUICK, id="quick"), pytest.param(WHOLE, id="whole", marks=pytest.mark.slow)]
)
@pytest.mark.parametrize("entry", [*AIMED, *OTHERS])
def test_the_matrix(entry: str, cases: dict[bool, tuple[tuple[str, str], ...]], world: World) -> None:
    ask: Callable[[str, str], str] = getattr(world, entry)
    for now in (True, False):
        world.policy(now)
        aimed = entry in AIMED  # others know no purpose
        for person, purpose in dict.fromkeys((p, a if aimed else "") for p, a in cases[now]):
            text, rows = ask(person, purpose), expected(person, purpose, now)
            seen = {i for i, name in NAMES.items() if name in text}
            assert seen == rows - ({5} if entry == "features" else set()), (person, purpose, now, text)
            if person == "ann":
                assert not [h for h in HIDDEN if h in text], text
            if not rows:
                assert "access policy" in text
    said = (world.settings.home / FILE).read_text()
    assert '"effect": "deny"' in said and not [n for n in (*NAMES.values(), *HIDDEN) if n in said]


def test_previews_show_no_hidden_values(world: World) -> None:
    world.policy(True)
    shown = world.cli("ann", "catalog", "show", "shop/people") + world.cli("eve", "catalog", "show", "shop/people")
    with world.web("ann") as web:
        shown += web.get("/entry", params={"key": "shop/people"}).text
        for column in ("name", "phone", "region", "pay"):
            shown += web.get("/column", params={"key": "shop/people", "name": column}).text
    assert "people" in shown and not [n for n in (*NAMES.values(), *HIDDEN) if n in shown]
