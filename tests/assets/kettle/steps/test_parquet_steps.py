"""Parquet input and output."""

from datetime import date, datetime
from pathlib import Path

import polars as pl
import pytest

from assets.kettle.engine.run import EngineSettings
from assets.kettle.errors import StepError
from assets.kettle.files.new import Settings
from tests.assets.kettle.flow import Flow, grid

PEOPLE = grid(
    {"who": "String", "age": "Integer", "born": "Date", "sum": "BigNumber", "ok": "Boolean"},
    [("Ann", 31, "1990-01-02", "1.50", "Y"), ("Bob", None, "2001-12-31", "-7", "N"), ("Cy", 5, None, None, None)],
    born="yyyy-MM-dd",
)


def output(folder: Path, *fields: tuple[str, str], **tags: str) -> Settings:
    described = [("field", [("source_field", s), ("target_field", t)]) for s, t in fields]
    return [("filename_base", str(folder / "out")), ("filename_ext", "parquet"), *tags.items(), ("fields", described)]


def reading(*fields: tuple[str, str, str], **tags: str) -> Settings:
    described = [("field", [("source_field", s), ("target_field", t), ("target_type", kind)]) for s, t, kind in fields]
    return [("filename_field", "file"), *tags.items(), ("fields", described)]


def read(path: Path, options: Settings) -> Flow:
    names = grid({"file": "String", "n": "Integer"}, [(str(path), 1), (None, 2)])
    return Flow().step("files", "DataGrid", names).step("in", "ParquetFileInput", options).hop("files", "in")


def test_rows_are_written_under_their_new_names_and_read_back(tmp_path: Path) -> None:
    fields = [("who", "name"), ("age", "years"), ("born", "born"), ("sum", "sum"), ("ok", "ok")]
    flow = Flow().step("people", "DataGrid", PEOPLE).step("out", "ParquetFileOutput", output(tmp_path, *fields))
    done = flow.hop("people", "out").run()
    assert (done.counters["out"].output, len(done.rows("out"))) == (3, 3)
    frame = pl.read_parquet(tmp_path / "out.parquet")
    assert frame.schema["born"] == pl.Datetime("ms")
    assert frame["sum"].to_list() == ["1.50", "-7", None]
    wanted = [
        ("name", "who", "String"),
        ("years", "age", "String"),
        ("born", "born", "Date"),
        ("sum", "s", "BigNumber"),
    ]
    got = read(tmp_path / "out.parquet", reading(*wanted)).run(settings=EngineSettings(batch_rows=2))
    assert got.layouts["in"] == ["file", "n", "who", "age", "born", "s"]
    assert [row[2:] for row in got.rows("in")] == [
        ("Ann", "31", datetime(1990, 1, 2), "1.50"),
        ("Bob", None, datetime(2001, 12, 31), "-7"),
        ("Cy", "5", None, None),
    ]
    assert got.counters["in"].input == 3


def test_files_are_split_and_named(tmp_path: Path) -> None:
    tags = {"filename_include_split": "Y", "filename_split_size": "2", "compression_codec": "SNAPPY"}
    flow = Flow().step("people", "DataGrid", PEOPLE).step("out", "ParquetFileOutput", output(tmp_path, **tags))
    flow.hop("people", "out").run()
    names = sorted(p.name for p in tmp_path.iterdir())
    assert names == ["out-0001.parquet.snappy", "out-0002.parquet.snappy"]
    assert [pl.read_parquet(tmp_path / name)["who"].to_list() for name in names] == [["Ann", "Bob"], ["Cy"]]


def test_columns_of_other_makers_and_the_layout_from_a_sample(tmp_path: Path) -> None:
    frame = pl.DataFrame({"d": [date(2020, 2, 29)], "small": pl.Series([7], dtype=pl.Int8), "x": [0.5]})
    frame.with_columns(pl.lit("2.50").cast(pl.Decimal(10, 2)).alias("money")).write_parquet(tmp_path / "s.parquet")
    done = read(tmp_path / "s.parquet", reading(metadata_filename=str(tmp_path / "s.parquet"))).run()
    assert done.rows("in")[0][2:] == (datetime(2020, 2, 29), 7, 0.5, "2.50")


def test_what_cannot_be_read_is_told(tmp_path: Path) -> None:
    pl.DataFrame({"a": ["x"]}).write_parquet(tmp_path / "a.parquet")
    with pytest.raises(StepError, match="has no column 'b'"):
        read(tmp_path / "a.parquet", reading(("b", "b", "String"))).run()
    with pytest.raises(StepError, match="declare the column with another type"):
        read(tmp_path / "a.parquet", reading(("a", "a", "Integer"))).run()
    (tmp_path / "bad.parquet").write_bytes(b"no parquet")
    with pytest.raises(StepError, match="cannot read"):
        read(tmp_path / "bad.parquet", reading(("a", "a", "String"))).run()
    with pytest.raises(StepError, match="codec LZO is not supported"):
        Flow().step("o", "ParquetFileOutput", output(tmp_path, compression_codec="LZO")).run()


def test_a_row_of_nulls_stands_for_no_rows_where_wanted(tmp_path: Path) -> None:
    pl.DataFrame({"a": ["x"]}).clear().write_parquet(tmp_path / "a.parquet")
    done = read(tmp_path / "a.parquet", reading(("a", "a", "String"), nulls_when_empty="Y")).run()
    assert done.rows("in") == [(None, None, None)]
