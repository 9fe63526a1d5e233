"""A source's ALTER on PostgreSQL: scanned, the file is held back, a proposal is made, taken or refused."""

import pytest
from click.testing import CliRunner

from assets.catalog.record import accept as accept_table
from assets.kettle.catalog import load
from assets.kettle.described import FileInfo
from assets.kettle.errors import KettleError
from assets.kettle.files.read import read_transformation
from assets.kettle.generate.place import After
from assets.kettle.generate.sinks import ToTable
from assets.kettle.synced import proposals
from assets.kettle.synced.follow import attach
from assets.kettle.synced.gate import waiting
from assets.kettle.synced.proposals import Proposal
from orchestration.cli.main import main
from sensors.sources import tick
from tests.assets.kettle.flow import Flow, grid
from tests.assets.kettle.synced.conftest import Site, failure

MADE = (
    "CREATE TABLE orders (id integer PRIMARY KEY, full_name varchar(40), amount numeric(10,2), note text)",
    "INSERT INTO orders SELECT n, 'name ' || n, n * 1.5, 'x' || n FROM generate_series(1, 60) n",
    "CREATE TABLE loaded (id integer, full_name varchar(40), amount numeric(10,2))",
)


def reading(site: Site, sql: str = "SELECT id, full_name, amount FROM orders WHERE amount > 1") -> Flow:
    fields = [("field", [("column_name", c), ("stream_name", c)]) for c in ("id", "full_name", "amount")]
    output = [("fields", fields)]
    flow = Flow().database(site.connection()).step("Orders", "TableInput", connection="shop", sql=sql)
    flow.step("Hand made", "Dummy")
    flow.step("Load", "TableOutput", output, connection="shop", table="loaded", truncate="Y", specify_fields="Y")
    return flow.hop("Orders", "Hand made", "Load")


@pytest.fixture
def site(postgres: Site) -> Site:
    postgres.sql(*MADE)
    postgres.scan()
    return postgres


def proposal(site: Site, *statements: str) -> Proposal:
    """What the sensor proposes after an ALTER and a scan."""
    site.sql(*statements)
    site.scan()
    _, said = tick(site.settings, "")
    assert said.startswith("proposed load.ktr"), said
    (found,) = proposals.read(site.settings)
    return found


def query(site: Site, name: str = "load.ktr") -> str:
    model = read_transformation(proposals.proposed_bytes(site.settings, name))
    return model.steps["Orders"].options.text("sql")


@pytest.mark.covers("DATA-036")
def test_a_renamed_column_holds_the_file_back_until_the_proposal_is_taken(site: Site) -> None:
    path = site.add("load.ktr", reading(site))
    former = path.read_bytes()
    assert site.run().success
    assert site.sql("SELECT count(*) FROM loaded") == [(60,)]
    found = proposal(site, "ALTER TABLE orders RENAME COLUMN full_name TO customer_name")
    assert path.read_bytes() == former, "the file itself was touched"
    held = failure(site.run())
    assert "a breaking change waits at shop:orders (step 'Orders')" in held and "full_name" in held
    assert "heddle catalog accept shop/" in held and "orders" in held
    assert found.breaking and len(found.notes) == 1
    assert "column 'full_name' renamed -> customer_name" in found.notes[0] and "used in Load" in found.notes[0]
    assert query(site) == "SELECT id, customer_name AS full_name, amount FROM orders WHERE amount > 1"
    taken = proposals.accept(site.settings, site.versions, "load.ktr", "ann")
    assert taken.tables and b"<name>Hand made</name>" in path.read_bytes()
    done = site.run()
    assert done.success, failure(done)
    assert site.sql("SELECT full_name FROM loaded WHERE id = 7") == [("name 7",)]
    assert tick(site.settings, "")[1] == "no Kettle file is concerned"


@pytest.mark.covers("DATA-036")
def test_a_dropped_column_is_taken_out_and_named_where_it_is_used(site: Site) -> None:
    site.add("load.ktr", reading(site))
    found = proposal(site, "ALTER TABLE orders DROP COLUMN amount")
    assert found.breaking
    assert any("column 'amount' removed" in n and "used in Load" in n and "still named" in n for n in found.notes)
    assert query(site) == "SELECT id, full_name FROM orders WHERE amount > 1"
    assert not site.run().success
    proposals.refuse(site.settings, site.versions, "load.ktr", "ann")
    assert proposals.read(site.settings) == [] and tick(site.settings, "")[1] == "no Kettle file is concerned"
    assert not site.run().success  # refused, and still broken
    (held,) = waiting(site.settings, site.settings.kettle_files / "load.ktr", site_info(site))
    accept_table(site.versions, held.table, "ann")
    assert waiting(site.settings, site.settings.kettle_files / "load.ktr", site_info(site)) == []


@pytest.mark.covers("DATA-036")
def test_a_column_of_another_type_is_converted_back_behind_the_input(site: Site) -> None:
    path = site.add("load.ktr", reading(site, "SELECT id, full_name, amount FROM orders"))
    found = proposal(site, "ALTER TABLE orders ALTER COLUMN amount TYPE text")
    assert found.breaking and "converted back to the old type behind the input" in found.notes[0]
    assert not site.run().success
    proposals.accept(site.settings, site.versions, "load.ktr", "ann")
    assert b"Orders: types as before" in path.read_bytes()
    done = site.run()
    assert done.success, failure(done)
    assert site.sql("SELECT amount::text FROM loaded WHERE id = 7") == [("10.50",)]


@pytest.mark.covers("DATA-036")
def test_an_added_column_is_proposed_and_blocks_nothing(site: Site) -> None:
    path = site.add("load.ktr", reading(site))
    found = proposal(site, "ALTER TABLE orders ADD COLUMN paid boolean")
    assert not found.breaking
    assert found.notes == [f"{next(iter(found.tables))}, step 'Orders': column 'paid' added; added to the query"]
    assert query(site) == "SELECT id, full_name, amount, paid FROM orders WHERE amount > 1"
    assert site.run().success
    path.write_bytes(path.read_bytes().replace(b"Hand made", b"Made by hand"))
    with pytest.raises(KettleError, match="was changed since the proposal was made"):
        proposals.accept(site.settings, site.versions, "load.ktr", "ann")


def test_a_query_with_a_star_is_held_back_and_keeps_the_old_names(site: Site) -> None:
    site.add("load.ktr", reading(site, "SELECT * FROM public.orders"))
    proposal(site, "ALTER TABLE orders RENAME COLUMN full_name TO customer_name")
    assert "a breaking change waits at shop:public.orders" in failure(site.run())
    assert "customer_name AS full_name" in query(site) and "*" not in query(site)
    proposals.accept(site.settings, site.versions, "load.ktr", "ann")
    assert site.run().success


def test_what_a_file_does_not_use_waits_too_and_changes_nothing(site: Site) -> None:
    path = site.add("load.ktr", reading(site))
    former = path.read_bytes()
    found = proposal(site, "ALTER TABLE orders DROP COLUMN note")
    assert (found.breaking, found.blocked, found.changes) == (False, True, False)
    assert not site.run().success
    proposals.accept(site.settings, site.versions, "load.ktr", "ann")
    assert site.run().success and path.read_bytes() == former


def test_a_renamed_table_is_named(site: Site) -> None:
    site.add("load.ktr", reading(site))
    found = proposal(site, "ALTER TABLE orders RENAME TO sales_orders")
    assert "which is gone: it is" in found.notes[0] and "sales_orders now" in found.notes[0]
    with pytest.raises(KettleError, match="change the steps that it names by hand"):
        proposals.accept(site.settings, site.versions, "load.ktr", "ann")


def test_steps_that_follow_the_catalogue_are_proposed_too_and_once_refused_not_again(lite: Site) -> None:
    lite.sql("CREATE TABLE facts (id integer, amount integer)")
    lite.scan()
    rows = grid({"id": "Integer", "amount": "Integer"}, [(1, 5)])
    flow = Flow().database(lite.connection()).step("Rows", "DataGrid", rows)
    target = ToTable("shop", "facts")
    flow.model = attach(lite.settings, lite.versions, flow.model, "shop/facts", After("Rows"), target).model
    path = lite.add("load.ktr", flow)
    assert tick(lite.settings, "")[1] == "no Kettle file is concerned"
    lite.sql("DROP TABLE facts", "CREATE TABLE facts (id integer, amount text)")
    lite.scan()
    assert "proposed load.ktr" in tick(lite.settings, "")[1]
    proposals.refuse(lite.settings, lite.versions, "load.ktr", "ann")
    assert tick(lite.settings, "")[1] == "no Kettle file is concerned"
    lite.sql("DROP TABLE facts", "CREATE TABLE facts (id integer NOT NULL, amount text)")
    lite.scan()
    assert "proposed load.ktr" in tick(lite.settings, "")[1]
    proposals.accept(lite.settings, lite.versions, "load.ktr", "ann")
    assert b"<type>String</type>" in path.read_bytes()
    assert tick(lite.settings, "")[1] == "no Kettle file is concerned"


def test_the_commands_show_accept_and_refuse(lite: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("home", "kettle_files", "catalog_files", "kettle_connections", "catalog", "warehouse"):
        monkeypatch.setenv(f"HEDDLE_{name.upper()}", str(getattr(lite.settings, name)))

    def call(*arguments: str, code: int = 0) -> str:
        done = CliRunner().invoke(main, ["kettle", "proposals", *arguments])
        assert done.exit_code == code, done.output
        return done.output

    lite.sql("CREATE TABLE orders (id integer, full_name text, amount integer)", "CREATE TABLE loaded (id integer)")
    lite.scan()
    path = lite.add("load.ktr", reading(lite))
    assert "no proposal waits" in call("list")
    lite.sql("ALTER TABLE orders ADD COLUMN paid text")
    lite.scan()
    assert "load.ktr: 1 changes" in call("make") and "nothing new" in call("make")
    assert "load.ktr" in call("list") and "shop/orders" in call("list") and "blocked" not in call("list")
    shown = call("show", "load.ktr")
    assert "column 'paid' added; added to the query" in shown and "+++ b/load.ktr" in shown
    assert "no proposal waits for other.ktr" in call("show", "other.ktr", code=2)
    call("accept", "load.ktr", "--author", "ann")
    assert b"amount, paid FROM orders" in path.read_bytes() and "no proposal waits" in call("list")
    (entry,) = lite.versions.history("kettle_file", "load.ktr")
    assert (entry.change.author, entry.change.cause) == ("ann", "proposal for shop/orders accepted")
    lite.sql("ALTER TABLE orders DROP COLUMN amount")
    lite.scan()
    call("make")
    assert "blocked load.ktr" in call("list")
    assert "stays as it is" in call("refuse", "load.ktr")
    path.unlink()
    assert "nothing new" in call("make")


def test_a_change_of_another_column_is_no_other_files_business(site: Site) -> None:
    site.sql("CREATE TABLE other (id integer, amount integer)")
    site.scan()
    site.add("load.ktr", reading(site, "SELECT id, 'x' AS full_name, amount FROM other"))
    site.sql("ALTER TABLE orders DROP COLUMN note")
    site.scan()
    assert tick(site.settings, "")[1] == "no Kettle file is concerned"
    assert site.run().success


def test_the_sensor_looks_again_only_when_something_changed(site: Site) -> None:
    site.add("load.ktr", reading(site))
    cursor, _ = tick(site.settings, "")
    assert tick(site.settings, cursor) == (cursor, "no table, standard or file changed")
    site.sql("ALTER TABLE orders ADD COLUMN paid boolean")
    site.scan()
    assert "load.ktr: 1 changes" in tick(site.settings, cursor)[1]


def test_a_connection_of_another_name_is_known_by_its_database(site: Site) -> None:
    fields = {"kettle_connections": f"dwh={site.url.replace('postgresql:', 'postgresql+psycopg2:')}"}
    other = Site(site.settings.model_copy(update=fields), site.url)
    flow = reading(other)
    for step in ("Orders", "Load"):
        flow.model.steps[step].options.element.find("connection").text = "dwh"
    flow.database(site.connection("dwh"))
    other.add("load.ktr", flow)
    other.sql("ALTER TABLE orders DROP COLUMN amount")
    other.scan()
    assert "at dwh:orders (step 'Orders')" in failure(other.run())


def site_info(site: Site) -> FileInfo:
    """The description of its one file."""
    (info,) = load(site.settings.kettle_files, site.settings)
    return info
