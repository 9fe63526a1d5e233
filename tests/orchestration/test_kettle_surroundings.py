"""`heddle kettle` takes connections and the engine from the project's settings, and makes no database by reading."""

from pathlib import Path

import duckdb
import pytest
from click.testing import CliRunner, Result

from assets.kettle.files.write import write
from assets.kettle.model import Connection
from orchestration.cli.main import main
from tests.assets.kettle.flow import Flow, grid
from tests.fakes.pan import fake_pan

NUMBERS = grid({"n": "Integer"}, [(1,), (2,)])


def call(*arguments: object) -> Result:
    return CliRunner().invoke(main, ["kettle", *map(str, arguments)])


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A project of its own; the present folder is another one."""
    for name in ("home", "here"):
        (tmp_path / name).mkdir()
    monkeypatch.setenv("HEDDLE_HOME", str(tmp_path / "home"))
    monkeypatch.chdir(tmp_path / "here")
    return tmp_path / "home"


def reading(folder: Path, connection: str = "warehouse", database: str = "warehouse.duckdb") -> Path:
    flow = Flow().database(Connection(connection, "DUCKDB", database=database))
    flow.step("read", "TableInput", connection=connection, sql="select n from t order by n")
    write(flow.step("end", "Dummy").hop("read", "end").model, folder / "read.ktr")
    return folder / "read.ktr"


def fill(path: Path, *numbers: int) -> None:
    with duckdb.connect(str(path)) as there:
        there.execute("create table t(n integer)")
        there.executemany("insert into t values (?)", [[n] for n in numbers])


def test_the_warehouse_is_the_projects_and_is_named(tmp_path: Path, home: Path) -> None:
    fill(home / "warehouse.duckdb", 7, 8)
    done = call("run", reading(tmp_path), "--preview", "end")
    assert done.exit_code == 0, done.output
    assert "7" in done.stdout and "8" in done.stdout
    assert f"connection warehouse: duckdb:///{home}/warehouse.duckdb" in done.stderr
    assert list((tmp_path / "here").iterdir()) == []


def test_other_connections_come_from_settings_and_the_command_line_wins(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fill(tmp_path / "a.duckdb", 11)
    fill(tmp_path / "b.duckdb", 22)
    monkeypatch.setenv("A_URL", f"duckdb:///{tmp_path}/a.duckdb")
    monkeypatch.setenv("HEDDLE_KETTLE_CONNECTIONS", "x=sqlite://; dwh = env:A_URL")
    path = reading(tmp_path, "dwh", "gone.duckdb")
    assert "11" in call("run", path, "--preview", "end").stdout
    given = call("run", path, "--preview", "end", "-c", f"dwh=duckdb:///{tmp_path}/b.duckdb")
    assert "22" in given.stdout and "b.duckdb" in given.stderr
    assert call("check", path).output.startswith("ready")
    monkeypatch.setenv("HEDDLE_KETTLE_CONNECTIONS", "dwh:secret")
    wrong = call("run", path)
    assert wrong.exit_code == 2 and "part 1 is not NAME=URL" in wrong.output and "secret" not in wrong.output


@pytest.mark.parametrize("kind", ["DUCKDB", "SQLITE"])
def test_reading_a_database_that_is_not_there_is_told_and_makes_none(tmp_path: Path, kind: str) -> None:
    flow = Flow().database(Connection("db", kind, database=str(tmp_path / "gone.db")))
    flow.step("read", "TableInput", connection="db", sql="select 1 as n")
    write(flow.model, tmp_path / "read.ktr")
    done = call("run", tmp_path / "read.ktr")
    assert done.exit_code == 2
    assert "connection 'db': there is no database" in done.output and "HEDDLE_KETTLE_CONNECTIONS" in done.output
    assert not list(tmp_path.glob("gone*"))


@pytest.mark.parametrize("kind", ["DUCKDB", "SQLITE"])
def test_a_run_that_fails_takes_the_database_it_made_away_and_one_that_succeeds_keeps_it(
    tmp_path: Path, kind: str
) -> None:
    database, path = tmp_path / "new.db", tmp_path / "write.ktr"

    def flow(steps: str) -> Flow:
        made = Flow().database(Connection("db", kind, database=str(database))).step("in", "DataGrid", NUMBERS)
        made.step("make", "ExecSQL", connection="db", sql="create table if not exists t(n integer)")
        made.step("out", "TableOutput", connection="db", table="t").hop("in", "out")
        return made.step("stop", steps, row_threshold="0").hop("out", "stop")

    write(flow("Abort").model, path)
    assert call("run", path).exit_code != 0
    assert not list(tmp_path.glob("new*"))
    write(flow("Dummy").model, path)
    done = call("run", path)
    assert done.exit_code == 0, done.output
    assert database.exists()


def test_java_classes_need_a_real_pdi_and_run_there_whole(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    flow = Flow().step("in", "DataGrid", NUMBERS).step("java", "UserDefinedJavaClass").hop("in", "java")
    path = tmp_path / "java.ktr"
    write(flow.model, path)
    checked, refused = call("check", path), call("run", path)
    for done in (checked, refused):
        assert done.exit_code != 0
        assert "'java' is of type UserDefinedJavaClass" in done.output and "HEDDLE_KETTLE=pan://" in done.output
    pan = fake_pan(tmp_path / "pdi", {"in": 2, "java": 5})
    monkeypatch.setenv("HEDDLE_KETTLE", f"pan://{pan}")
    assert f"runs go to pan://{pan}" in call("check", path).output
    done = call("run", path, "-p", "DAY=1")
    assert done.exit_code == 0, done.output
    assert (pan / "arguments.txt").read_text().splitlines() == [f"-file={path}", "-level=Basic", "-param:DAY=1"]
    assert next(x for x in done.stdout.splitlines() if x.split()[:1] == ["java"]).split()[2] == "5"
    assert call("run", path, "--native").exit_code != 0
