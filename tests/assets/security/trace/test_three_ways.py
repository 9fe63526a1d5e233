"""One row, changed by a Kettle run, on a page of the studio, over HTTP and on the command line: who, how, where."""

from pathlib import Path

import dagster as dg
import pytest
from click.testing import CliRunner
from starlette.testclient import TestClient

from assets.catalog.dimensions.book import DimensionBook
from assets.catalog.dimensions.model import Dimension
from assets.catalog.store.versions import Versions
from assets.kettle.model import Connection
from assets.security.trace.anchors import known
from assets.security.trace.capture import opened
from assets.security.trace.keys import secret
from assets.security.trace.show import RowChange, changes
from assets.security.trace.trace_defs import USER, anchored, trace_all
from assets.security.trace.verify import verify
from core.settings import PREFIX, variables
from orchestration.cli.main import main
from serving.studio.app import build
from serving.studio.studio import Studio
from tests.assets.kettle.dagster.conftest import Site, make_site
from tests.assets.kettle.flow import Flow, grid
from tests.assets.security.trace.conftest import CITY, DIMENSION
from tests.serving.studio.conftest import HOST
from tests.serving.studio.forms import Reader

ROW = "/dimension/row"


@pytest.fixture
def site(tmp_path: Path) -> Site:
    """A dimension in SQLite that a Kettle file loads too."""
    for name in ("files", "protection"):
        (tmp_path / name).mkdir()
    database = tmp_path / "crm.db"
    database.touch()
    (tmp_path / "files" / "sources.yaml").write_text(f"sources:\n  - name: crm\n    url: sqlite:///{database}\n")
    (tmp_path / "protection" / "trace.yaml").write_text(f"tables:\n  {CITY}: {{dimension: city}}\n")
    site = make_site(tmp_path, catalog_files=tmp_path / "files", protection=tmp_path / "protection")
    book = DimensionBook(site.settings, Versions(site.settings.catalog))
    book.define(Dimension.model_validate(DIMENSION), "ann", 0)
    book.create("city", "ann")
    flow = (
        Flow()
        .database(Connection("crm", "SQLITE", database=str(database)))
        .step("Cities", "DataGrid", grid({"code": "String", "名称": "String"}, [("XA", "西安"), ("BJ", "北京")]))
        .step("Load cities", "TableOutput", connection="crm", table="city", truncate="Y", commit="100")
        .hop("Cities", "Load cities")
    )
    site.add("load_cities.ktr", flow)
    return site


def history(site: Site, code: str) -> list[RowChange]:
    return list(changes(opened(site.settings), secret(site.settings), CITY, [code]))


@pytest.mark.covers("DATA-075")
def test_a_row_changed_by_a_run_a_page_and_http_has_three_traces(site: Site) -> None:
    job = site.definitions().resolve_implicit_global_asset_job_def()
    run = job.execute_in_process(instance=site.instance, tags={USER: "ann"})
    assert run.success
    studio = Studio(site.settings, Versions(site.settings.catalog), "bob")
    reader = Reader(studio)
    page = reader.form(ROW, ROW, **{"name": "city", "k.code": "XA"})
    reader.done(ROW, page | {"v.名称": "长安"})
    eve = TestClient(build(Studio(site.settings, studio.versions, "eve")), base_url=HOST)
    rows = eve.get("/api/dimensions/city/rows").json()["rows"]
    version = next(r["version"] for r in rows if r["values"]["code"] == "XA")
    body = {"key": {"code": "XA"}, "values": {"名称": "西京"}, "version": version}
    assert eve.put("/api/dimensions/city/rows", json=body, headers={"origin": HOST}).status_code == 200

    made, paged, posted = (c.document() for c in history(site, "XA"))
    assert made["causes"] == [{"run": run.run_id, "step": "load_cities.ktr: Load cities", "user": "ann", "via": "run"}]
    assert [(c["user"], c["via"], c["action"]) for c in (*paged["causes"], *posted["causes"])] == [
        ("bob", "studio", "set"),
        ("eve", "api", "set"),
    ]
    assert [cell["name"] for cell in posted["columns"]] == ["名称"]
    assert made["after"] == paged["before"] and paged["after"] == posted["before"]
    assert len(history(site, "BJ")) == 1

    event = site.instance.get_latest_materialization_event(dg.AssetKey(["table", "crm", "city"]))
    assert event is not None and event.asset_materialization is not None
    number = made["number"]
    assert event.asset_materialization.metadata["trace/number"].value == number
    chain, heads = opened(site.settings), [*known(site.settings), *anchored(site.instance)]
    assert verify(chain, heads).wrong == ""
    lines = chain.path.read_bytes().splitlines(keepends=True)
    for tampered, bad in (
        ([line.replace(b'"bob"', b'"ann"') for line in lines], number + 1),
        (lines[:number] + lines[number + 1 :], number + 1),
        (lines[:-1], len(lines)),
        ([*lines[: number - 1], lines[number], lines[number - 1], *lines[number + 1 :]], number),
    ):
        chain.path.write_bytes(b"".join(tampered))
        found = verify(chain, heads)
        assert found.wrong and found.number == bad


def test_runs_are_found_in_the_event_log_and_what_none_explains_is_outside(site: Site) -> None:
    run = site.definitions().resolve_implicit_global_asset_job_def().execute_in_process(
        instance=site.instance, tags={"dagster/schedule_name": "nightly"}
    )  # fmt: skip
    assert trace_all(site.settings, site.instance) == []  # the op did it
    assert history(site, "BJ")[0].entry.causes[0]["run"] == run.run_id
    with DimensionBook(site.settings, Versions(site.settings.catalog)).table("city") as table:
        table.remove({"code": "BJ"}, None)  # behind the platform's back
    (entry,) = trace_all(site.settings, site.instance)
    assert entry.document["outside"]["removed"] == 1 and not entry.causes
    assert not history(site, "BJ")[-1].explained


def test_the_command_line(site: Site, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    DimensionBook(site.settings, Versions(site.settings.catalog)).add("city", {"code": "X", "名称": "y"}, "ann")
    for name, value in variables(site.settings).items():
        assert name.startswith(PREFIX)
        monkeypatch.setenv(name, value)

    def ran(*words: str) -> tuple[int, str]:
        done = CliRunner().invoke(main, ["trace", *words])
        return done.exit_code, done.output

    assert ran("look") == (0, "nothing changed\n")
    code, text = ran("show", CITY, "X")
    assert code == 0 and "ann, via cli, step dimension city, action add" in text and "名称: - -> " in text
    assert ran("log")[1].count(CITY) == 2
    assert ran("verify")[1].startswith("whole: 2 entries, 1 changed rows")
    assert ran("export", str(tmp_path / "out.jsonl"))[1].startswith("3 lines")
    assert ran("show", CITY, "Z")[0] == 2 and ran("look", "nothing")[0] == 2
    chain = opened(site.settings)
    chain.path.write_bytes(chain.path.read_bytes().replace(b'"added":1', b'"added":2'))
    code, text = ran("verify")
    assert code == 1 and "entry 2: its content was altered" in text
