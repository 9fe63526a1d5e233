"""No password of a file, an installation or a server is in anything that a run leaves behind."""

import base64
import socket
from collections.abc import Callable, Iterator
from urllib.parse import quote

import dagster as dg
import pytest

from assets.kettle.files.passwords import obscure
from assets.kettle.model import Connection
from core.settings import variables
from orchestration.instance import open_instance
from tests.assets.kettle.dagster.conftest import Site
from tests.assets.kettle.flow import Flow, grid
from tests.fakes import kettle_job
from tests.fakes.carte import carte

SECRET = "s3cret-of-the-shop"
OTHER = "an0ther&secret"
Maker = Callable[..., Site]


def left_behind(site: Site) -> bytes:
    """All that is in the home: event log, compute logs, rows, descriptions. Databases of the runs themselves aside."""
    files = [path for path in site.settings.home.rglob("*") if path.is_file() and path.suffix != ".duckdb"]
    assert any(path.suffix == ".db" for path in files) and any("compute_logs" in str(path) for path in files)
    return b"\n".join(path.read_bytes() for path in files)


def run(site: Site, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str], **extra: str) -> bool:
    """Runs everything with a compute log and an event log on disk; whether it succeeded. Looks for the secrets."""
    for name, value in (variables(site.settings) | extra).items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("DAGSTER_HOME", "")  # opening an instance sets it
    dg.reconstructable(kettle_job.nothing).get_definition()  # Dagster keeps the one made last
    with open_instance(site.settings) as instance:
        with dg.execute_job(dg.reconstructable(kettle_job.bundled), instance) as done:
            success = done.success
        assert len(instance.all_logs(done.run_id)) > 10
    printed = "".join(capfd.readouterr()).encode()
    found = left_behind(site) + printed
    login = base64.b64encode(f"cluster:{OTHER}".encode()).decode()
    for secret in (SECRET, OTHER, quote(OTHER), login, obscure(SECRET).removeprefix("Encrypted ")):
        assert secret.encode() not in found, secret
    assert b"kettle__load" in found
    return success


def reading(*connections: Connection) -> Flow:
    """Rows of the first connection into a table of the warehouse."""
    flow = Flow()
    for connection in connections:
        flow.database(connection)
    flow.step("Read", "TableInput", connection=connections[0].name, sql="select 1 as one")
    flow.step("Same", "Dummy").step("Write", "TableOutput", connection="warehouse", schema="table_shop", table="ones")
    make = "create schema if not exists table_shop; create table if not exists table_shop.ones (one integer)"
    flow.step("Make", "ExecSQL", connection="warehouse", sql=make)
    return flow.hop("Read", "Same", "Write")


@pytest.fixture
def closed_port() -> Iterator[int]:
    with socket.socket() as taken:  # bound, but nobody listens
        taken.bind(("127.0.0.1", 0))
        yield taken.getsockname()[1]


def test_a_run_that_cannot_connect(
    site: Site, closed_port: int, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    shop = Connection("shop", "POSTGRESQL", "Native", "127.0.0.1", str(closed_port), "d", "me", obscure(SECRET))
    site.add("load.ktr", reading(shop, Connection("warehouse", "GENERIC", password=SECRET)))
    assert not run(site, monkeypatch, capfd)


def test_a_run_that_connects(
    site_with: Maker, postgres_url: str, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    begin, at, end = postgres_url.partition("@")
    site = site_with(warehouse=f"{begin}:{quote(OTHER)}{at}{end}")
    site.add("load.ktr", reading(Connection("warehouse", "POSTGRESQL", host="h", user="me", password=obscure(SECRET))))
    assert run(site, monkeypatch, capfd)


@pytest.mark.parametrize("refuse", [True, False])
def test_a_servers_password(
    site_with: Maker, refuse: bool, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    with carte(password=OTHER) as server:
        server.faults.refuse = refuse
        site = site_with(kettle=server.url, kettle_password="env:CARTE_PASSWORD")
        flow = Flow().step("in", "DataGrid", grid({"n": "Integer"}, [(1,)])).step("out", "Dummy").hop("in", "out")
        site.add("load.ktr", flow)
        assert run(site, monkeypatch, capfd, CARTE_PASSWORD=OTHER) is not refuse
