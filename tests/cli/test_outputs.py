"""Files that commands write: never one that they read, by whatever name, and never half of one."""

import json
from pathlib import Path

import polars as pl
import pytest
from click.testing import CliRunner

from assets.quality.fusion.tables import InFiles
from core.errors import HeddleError
from orchestration.cli.main import main
from orchestration.cli.writing import replaced
from tests.assets.quality.mapping.made import tables

ASSET = "table/shop/fused"


@pytest.fixture
def site(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    for name in ("home", "quality", "protection"):
        monkeypatch.setenv(f"HEDDLE_{name.upper()}", str(tmp_path / name))
    (tmp_path / "in").mkdir()
    monkeypatch.chdir(tmp_path / "in")
    old, new = tables(40)
    old.write_csv("old.csv")
    new.write_csv("new.csv")
    return tmp_path


def told(*words: str, code: int = 0) -> str:
    done = CliRunner().invoke(main, list(words))
    assert done.exit_code == code, done.output
    return done.output


def test_no_command_writes_over_what_it_reads(site: Path) -> None:
    told("map", "suggest", "cust", "old.csv", "new.csv")
    told("map", "accept", "cust", "--least", "0.8")
    told("fuse", "plan", ASSET, "old.csv", "new.csv")
    assert f"next: heddle fuse run {ASSET} --output FILE" in told("fuse", "accept", ASSET, "--by", "ann")
    rename = {"op": "core/column-rename", "oldColumnName": "cust_no", "newColumnName": "n"}
    Path("ops.json").write_text(json.dumps([rename]))
    before = {path: path.read_bytes() for path in Path().iterdir()}
    again = f"../{Path.cwd().name}/"
    for words in (
        ["map", "apply", "cust", "--into", again + "old.csv"],
        ["map", "apply", "cust", "--into", "o.csv", "--rejects", again + "old.csv"],
        ["fuse", "run", ASSET, "--output", again + "old.csv"],
        ["fuse", "run", ASSET, "--output", again + "new.csv"],
        ["fuse", "link", "old.csv", "--id", "cust_no", "--output", again + "old.csv"],
        ["clean", "refine", "old.csv", "--recipe", "ops.json", "--into", again + "old.csv"],
        ["clean", "refine", "old.csv", "--recipe", "ops.json", "--into", again + "ops.json"],
        ["clean", "cluster", "old.csv", "cust_no", "--recipe", again + "old.csv"],
    ):
        assert "would be overwritten" in told(*words, code=2), words
    assert "are one file" in told("map", "apply", "cust", "--into", "o.csv", "--rejects", again + "o.csv", code=2)
    assert "--output o.xlsx is no table" in told("fuse", "run", ASSET, "--output", "o.xlsx", code=2)
    refined = ["clean", "refine", "old.csv", "--recipe", "ops.json", "--into", "o.xlsx"]
    assert "o.xlsx is no table" in told(*refined, code=2)
    assert {path: path.read_bytes() for path in Path().iterdir()} == before


def test_wrong_words_are_told_before_anything_is_read(site: Path) -> None:
    assert "is no name of a mapping" in told("map", "suggest", "../evil", "absent.csv", "absent.csv", code=2)
    assert "not in the range" in told("map", "suggest", "m", "old.csv", "new.csv", "--rows", "0", code=2)
    assert "there is no file absent.csv" in told("map", "suggest", "m", "absent.csv", "new.csv", code=2)
    assert "old.csv is named twice" in told("fuse", "plan", ASSET, "old.csv", "old.csv", code=2)
    Path("ragged.csv").write_text("cust_no,a\n1,2\n3,4,5\n")
    for words in (["fuse", "link", "ragged.csv", "--id", "a"], ["fuse", "plan", ASSET, "ragged.csv", "old.csv"]):
        assert "ragged.csv cannot be read: a row has more cells" in told(*words, code=2)
    Path("head.csv").write_text("a,b\n")
    assert "source columns that fill nothing: a, b" in told("map", "suggest", "m", "head.csv", "new.csv")


def test_files_nested_without_end_are_told(site: Path) -> None:
    for path in ("quality/mappings/m.yaml", "quality/fusion/shop__fused.yaml", "protection/access/a.yaml"):
        (site / path).parent.mkdir(parents=True)
        (site / path).write_text("[" * 50_000)
    for words in (["map", "review", "m"], ["fuse", "run", ASSET], ["access", "check"], ["access", "list"]):
        assert "yaml cannot be read" in told(*words, code=2), words


def test_hostile_cells_and_names_of_files_are_joined_without_loss(tmp_path: Path) -> None:
    names = ['a"b', "new\nline", "'; drop table t--", "名 字"]
    rows = pl.DataFrame({name: [f"{n}\nx" for n in range(50)] for name in names})
    path = tmp_path / "h.csv"
    path.write_bytes(rows.write_csv(line_terminator="\r\n").encode())  # \r\n between rows, \n within cells
    big = tmp_path / "big.csv"
    pl.DataFrame({"big": ["x" * 2_100_000]}).write_csv(big)
    with InFiles.opened("1GB", tmp_path / "home") as files:
        layout = files.layout([str(path), str(big)])
        assert layout.columns[str(path)] == names
        assert files.query(f"select * from {layout.tables[str(path)].sql('duckdb')}").rows() == rows.rows()
        assert files.query(f"select length(big) from {layout.tables[str(big)].sql('duckdb')}").item() == 2_100_000


def test_the_former_file_stays_where_writing_fails(tmp_path: Path) -> None:
    path = tmp_path / "o.csv"
    path.write_text("former")
    with pytest.raises(HeddleError, match=r"o\.csv cannot be written"), replaced(path) as beside:
        beside.write_text("half")
        raise OSError(28, "No space left on device")
    assert path.read_text() == "former" and list(tmp_path.iterdir()) == [path]
