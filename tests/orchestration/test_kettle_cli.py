"""`heddle kettle` as a user calls it."""

import shutil
from pathlib import Path

import polars as pl
import pytest
from click.testing import CliRunner, Result

from assets.kettle.files.edit import add_hop, add_step, set_text
from assets.kettle.files.new import new_step, new_transformation
from assets.kettle.files.read import read_transformation
from assets.kettle.files.write import write
from assets.kettle.model import Parameter
from orchestration.cli.kettle_live import Live
from orchestration.cli.main import main

GRID = [
    ("fields", [("field", [("name", "n"), ("type", "Integer")])]),
    ("data", [("line", [("item", str(i))]) for i in range(3)]),
]
WORD = [("fields", [("field", [("name", "word"), ("variable", "w${X}"), ("type", "String")])])]


@pytest.fixture
def file(tmp_path: Path) -> Path:
    model = new_transformation("words", [Parameter("X", "x")])
    add_step(model, new_step("grid", "DataGrid", GRID, x=0, y=0))
    add_step(model, new_step("word", "GetVariable", WORD, x=50, y=0))
    add_step(model, new_step("end", "Dummy", [], x=100, y=0))
    add_hop(model, "grid", "word")
    add_hop(model, "word", "end")
    write(model, tmp_path / "words.ktr")
    return tmp_path / "words.ktr"


def call(*arguments: object) -> Result:
    return CliRunner().invoke(main, ["kettle", *map(str, arguments)])


def test_run_shows_metrics_preview_and_takes_parameters(file: Path) -> None:
    done = call("run", file, "-p", "X=yes", "--preview", "end", "--rows", 2)
    assert done.exit_code == 0, done.output
    line = next(x for x in done.output.splitlines() if x.strip().startswith("grid"))
    assert line.split()[1:8] == ["0", "3", "0", "0", "0", "0", "0"]
    assert done.output.count("wyes") == 2


def test_run_says_which_step_is_missing_and_what_there_is(file: Path) -> None:
    done = call("run", file, "--preview", "nowhere")
    assert done.exit_code == 2 and "no step 'nowhere'" in done.output and "grid, word, end" in done.output
    assert call("run", file, "-p", "X").exit_code == 2


def test_run_fails_naming_file_step_and_type(file: Path) -> None:
    text = file.read_text(encoding="utf-8").replace(">Dummy<", ">NoSuchStep<")
    file.write_text(text, encoding="utf-8")
    done = call("run", file)
    assert done.exit_code == 2
    assert all(word in done.output for word in ("words.ktr", "'end'", "NoSuchStep"))


def test_list_and_show_tell_what_is_there_also_for_a_broken_file(file: Path) -> None:
    (file.parent / "broken.ktr").write_text("<transformation><info>", encoding="utf-8")
    listed = call("list", file.parent)
    assert listed.exit_code == 0 and "words" in listed.output and "broken" in listed.output
    shown = call("show", file)
    assert "grid [DataGrid] -> word" in shown.output and "parameter X = 'x'" in shown.output


def test_diff_names_the_changed_option_and_sets_the_exit_status(file: Path, tmp_path: Path) -> None:
    other = tmp_path / "other.ktr"
    shutil.copy(file, other)
    assert call("diff", file, other).exit_code == 0
    model = read_transformation(other)
    set_text(model, "grid", "description", "new words")
    write(model, other)
    done = call("diff", file, other)
    assert done.exit_code == 1 and "grid" in done.output and "new words" in done.output


def test_names_and_values_that_look_like_markup_are_shown(tmp_path: Path) -> None:
    day = [("name", "day"), ("type", "Date"), ("format", "yyyy-MM-dd")]
    options = [
        ("fields", [("field", [("name", "[/b]"), ("type", "String")]), ("field", day)]),
        ("data", [("line", [("item", "[/x]"), ("item", "2024-01-31")])]),
    ]
    model = new_transformation("[red]name")
    add_step(model, new_step("[/red] in", "DataGrid", options, x=0, y=0))
    write(model, tmp_path / "odd.ktr")
    done = call("run", tmp_path / "odd.ktr", "--preview", "[/red] in")
    assert done.exit_code == 0, done.output
    assert done.output.count("[/red] in") == 2
    assert "[/b]" in done.output and "[/x]" in done.output and "2024-01-31" in done.output
    assert "[red]name" in call("list", tmp_path).output


def test_a_preview_shows_dates_beyond_python_and_bytes(capsys: pytest.CaptureFixture[str]) -> None:
    frame = pl.DataFrame({"day": [253402300800000, None], "raw": [b"\xff\x00", None]})
    live = Live(["in"], "in", 5)
    live.emitted("in", frame.cast({"day": pl.Datetime("ms")}), None)
    live.show_preview()
    shown = capsys.readouterr().out
    assert "10000-01-01" in shown
    assert "ff00" in shown
