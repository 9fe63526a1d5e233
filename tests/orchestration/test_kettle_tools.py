"""`heddle kettle check`, `lineage` and `convert` as a user calls them."""

import json
from pathlib import Path

import duckdb
import pytest
import yaml
from click.testing import CliRunner, Result

from assets.kettle.files.write import write
from assets.kettle.model import Parameter
from orchestration.cli.main import main
from tests.assets.kettle.flow import Flow, grid


def call(*arguments: object) -> Result:
    return CliRunner().invoke(main, ["kettle", *map(str, arguments)])


@pytest.fixture
def file(tmp_path: Path) -> Path:
    rows = grid({"n": "Integer", "word": "String"}, [(1, "a"), (2, "b")])
    flow = Flow([Parameter("DIR", str(tmp_path))]).step("grid", "DataGrid", rows)
    change = ("field", [("in_stream_name", "word"), ("out_stream_name", "loud"), ("lower_upper", "upper")])
    flow.step("upper", "StringOperations", [("fields", [change])])
    place = [("name", "${DIR}/out"), ("extention", "txt")]
    flow.step("write", "TextFileOutput", [("separator", ";"), ("header", "Y"), ("format", "UNIX"), ("file", place)])
    write(flow.hop("grid", "upper", "write").model, tmp_path / "words.ktr")
    return tmp_path / "words.ktr"


@pytest.fixture
def odd(tmp_path: Path) -> Path:
    flow = Flow().step("grid", "DataGrid", grid({"n": "Integer"}, [(1,)])).step("odd", "NoSuchStep").hop("grid", "odd")
    write(flow.model, tmp_path / "odd.ktr")
    return tmp_path / "odd.ktr"


def test_check_of_a_good_file(file: Path) -> None:
    done = call("check", file)
    assert done.exit_code == 0, done.output
    assert "ready" in done.output and "100.0 % supported" in done.output and "StringOperations 1" in done.output


def test_check_tells_what_is_unsupported_and_broken_and_exits_with_1(file: Path, odd: Path) -> None:
    (file.parent / "broken.ktr").write_text("<transformation><info>", encoding="utf-8")
    done = call("check", file.parent)
    assert done.exit_code == 1
    assert (
        "broken" in done.output
        and "odd [NoSuchStep]" in done.output
        and "3 transformations: 66.7 % parse" in done.output
    )
    told = json.loads(call("check", file.parent, "--json").output)
    by_name = {Path(f["path"]).name: f for f in told["files"]}
    assert by_name["words.ktr"]["ready"] and not by_name["broken.ktr"]["parsed"] and not by_name["odd.ktr"]["supported"]
    assert told["unsupported"][0]["type"] == "NoSuchStep" and told["types"]["DataGrid"] == 2


def test_check_of_an_empty_folder(tmp_path: Path) -> None:
    done = call("check", tmp_path)
    assert done.exit_code == 0 and "no .ktr" in done.output


def test_lineage_tells_the_way_of_each_column(file: Path) -> None:
    done = call("lineage", file)
    assert done.exit_code == 0, done.output
    assert "out.txt.loud" in done.output and "upper: text changed: upper" in done.output
    one = json.loads(call("lineage", file, "--column", "LOUD", "--json").output)
    assert [c["column"] for c in one["columns"]] == ["loud"]
    assert one["columns"][0]["sources"][0]["way"][-1]["step"] == "upper"


def test_lineage_of_what_is_not_there(file: Path) -> None:
    done = call("lineage", file, "--column", "nowhere")
    assert done.exit_code == 2 and "no column 'nowhere'" in done.output and "loud" in done.output
    (file.parent / "broken.ktr").write_text("nothing", encoding="utf-8")
    assert call("lineage", file.parent / "broken.ktr").exit_code == 2


def test_convert_prints_or_writes_polars(file: Path, tmp_path: Path) -> None:
    printed = call("convert", file)
    assert printed.exit_code == 0 and "# upper [StringOperations]" in printed.output
    target = tmp_path / "made/flow.py"
    assert call("convert", file, "-o", target).exit_code == 0
    assert target.read_text(encoding="utf-8") == printed.output
    assert call("convert", file, "-o", tmp_path).exit_code == 2


def test_convert_to_sql_in_a_dialect(file: Path) -> None:
    done = call("convert", file, "--to", "sql")
    assert done.exit_code == 0, done.output
    assert duckdb.connect().execute(done.output).fetchall() == [(1, "a", "A"), (2, "b", "B")]
    assert "`upper`" in call("convert", file, "--to", "sql", "--dialect", "mysql").output
    wrong = call("convert", file, "--to", "sql", "--dialect", "klingon")
    assert wrong.exit_code == 2 and "klingon" in wrong.output


def test_convert_to_dbt_writes_a_project(file: Path, tmp_path: Path) -> None:
    done = call("convert", file, "--to", "dbt", "-o", tmp_path / "dbt")
    assert done.exit_code == 0, done.output
    described = yaml.safe_load((tmp_path / "dbt/models/schema.yml").read_text(encoding="utf-8"))
    assert [c["name"] for c in described["models"][0]["columns"]] == ["n", "word", "loud"]
    assert "-- models/write.sql" in call("convert", file, "--to", "dbt").output


def test_convert_names_the_steps_that_stop_it(tmp_path: Path) -> None:
    flow = (
        Flow().step("grid", "DataGrid", grid({"n": "Integer"}, [(1,)])).step("wait", "RandomValue").hop("grid", "wait")
    )
    write(flow.model, tmp_path / "wait.ktr")
    done = call("convert", tmp_path / "wait.ktr")
    assert done.exit_code == 2 and "'wait'" in done.output and "no generator for RandomValue" in done.output


@pytest.mark.parametrize("language", ["polars", "sql", "dbt"])
def test_convert_of_a_broken_file(language: str, tmp_path: Path) -> None:
    (tmp_path / "broken.ktr").write_text("<transformation><info>", encoding="utf-8")
    done = call("convert", tmp_path / "broken.ktr", "--to", language)
    assert done.exit_code == 2 and "broken.ktr" in done.output
