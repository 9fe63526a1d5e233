"""Bulk import and export: round trips, Chinese headers, GBK and UTF-8, bad rows by number and column, 100,000 rows."""

import csv
import time
from pathlib import Path

import pytest

from assets.catalog.dimensions.book import DimensionBook
from assets.catalog.dimensions.load import ImportRefusedError, export
from core.errors import HeddleError, SourceError

HEADER = ["编码", "名称", "人口", "面积", "设立日期", "省会"]
ROWS = [
    ["0101", "北京", "21893095", "16410.54", "1949-10-01", "是"],
    ["0201", "上海, \"沪\"", "24870895", "6340.5", "1927/7/7", "否"],
    ["0301", "=1+1", "", "", "", ""],
]  # fmt: skip


def write(path: Path, rows: list[list[str]], encoding: str = "utf-8", header: list[str] = HEADER) -> Path:
    with path.open("w", encoding=encoding, newline="") as file:
        csv.writer(file).writerows([header, *rows])
    return path


def stored(book: DimensionBook) -> list[list[str | None]]:
    with book.table("city") as table:
        return [list(r.values.values())[:6] for r in table.rows()]


EXPECTED = [
    ["0101", "北京", "21893095", "16410.54", "1949-10-01", "true"],
    ["0201", '上海, "沪"', "24870895", "6340.50", "1927-07-07", "false"],
    ["0301", "=1+1", None, None, None, None],
]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gbk", "utf-16"])
@pytest.mark.parametrize("engine", ["sqlite"], indirect=True)
def test_the_encoding_is_found(city: DimensionBook, tmp_path: Path, encoding: str) -> None:
    city.load("city", write(tmp_path / "c.csv", ROWS, encoding), "ann")
    assert stored(city) == EXPECTED


@pytest.mark.covers("MLP-042")
@pytest.mark.parametrize("ending", ["csv", "xlsx"])
def test_what_was_exported_is_imported_again(city: DimensionBook, tmp_path: Path, ending: str) -> None:
    done = city.load("city", write(tmp_path / "c.csv", ROWS), "ann")
    assert (done.counts.added, done.counts.rows) == (3, 3) and stored(city) == EXPECTED
    path = tmp_path / f"out.{ending}"
    with city.table("city") as table:
        assert export(table, path, language="zh") == 3
    again = city.load("city", path, "ann")
    assert (again.counts.unchanged, again.counts.added, again.counts.changed) == (3, 0, 0)
    city.clear("city", "city", "ann")
    assert city.load("city", path, "ann", mode="insert").counts.added == 3 and stored(city) == EXPECTED


@pytest.mark.parametrize("engine", ["sqlite"], indirect=True)
def test_no_text_of_an_export_is_a_formula_and_all_come_back(city: DimensionBook, tmp_path: Path) -> None:
    texts = ["=1+1", "'=1+1", "''=x", "+86 138", "-5", "－1", "@a", "'quoted'", "a=b", "-"]
    for number, text in enumerate(texts):
        city.add("city", {"code": f"c{number:02}", "名称": text, "select": "-3"}, "ann")
    path = tmp_path / "out.csv"
    with city.table("city") as table:
        export(table, path)
        before = [row.values for row in table.rows()]
    written = list(csv.reader(path.read_text(encoding="utf-8-sig").splitlines()))[1:]
    marked = {"=1+1", "'=1+1", "''=x", "－1", "@a", "-"}
    assert [row[1] for row in written] == [f"'{t}" if t in marked else t for t in texts]
    assert {row[2] for row in written} == {"-3"}
    assert city.load("city", path, "ann").counts.unchanged == len(texts)
    city.clear("city", "city", "ann")
    city.load("city", path, "ann")
    with city.table("city") as table:
        assert [row.values for row in table.rows()] == before


BAD = [
    ["0101", "北京", "many", "1.234", "1949-10-01", "是"],
    ["0201", "", "1", "1", "2024-02-30", "否"],
    ["0301", "深圳", "1", "1", "", ""],
    ["0301", "again", "1", "1", "", ""],
    ["0401", "x" * 41, "1", "1", "", ""],
]


@pytest.mark.covers("MLP-042")
@pytest.mark.parametrize("engine", ["postgres", "mariadb", "duckdb"], indirect=True)
def test_bad_rows_refuse_the_file_or_are_left_out_and_written_down(city: DimensionBook, tmp_path: Path) -> None:
    path = write(tmp_path / "c.csv", BAD)
    with pytest.raises(ImportRefusedError) as refused:
        city.load("city", path, "ann")
    told = [(e.row, e.column) for e in refused.value.problems.errors]
    assert told == [
        (2, "select"), (2, "area%"), (3, "名称"), (3, "since"), (5, "code"), (6, "名称"),
    ]  # fmt: skip
    assert "row 2, column select: 'many' is no whole number" in str(refused.value) and stored(city) == []

    done = city.load("city", path, "ann", skip_bad=True)
    assert (done.counts.added, done.counts.rejected, done.counts.rows) == (1, 4, 1)
    with (tmp_path / "c.csv.rejected.csv").open(encoding="utf-8-sig", newline="") as file:
        rows = list(csv.reader(file))
    assert [r[0] for r in rows] == ["row", "2", "3", "5", "6"] and "key 0301 is in row 4 already" in rows[3][1]
    rows[1][4:6] = ["5", "1.23"]
    with (tmp_path / "again.csv").open("w", newline="", encoding="utf-8") as file:
        csv.writer(file).writerows(rows[:2])
    assert city.load("city", tmp_path / "again.csv", "ann").counts.added == 1
    assert [(v.document or {})["action"] for v in city.log("city")] == [
        "create", "refused import", "import (upsert)", "import (upsert)",
    ]  # fmt: skip


def test_modes(city: DimensionBook, tmp_path: Path) -> None:
    city.load("city", write(tmp_path / "a.csv", ROWS), "ann")
    other = write(tmp_path / "b.csv", [["0101", "帝都", "", "", "", ""], ["0901", "拉萨", "", "", "", ""]])
    with pytest.raises(ImportRefusedError, match="row 2, column code: there is a row of this key"):
        city.load("city", other, "ann", mode="insert")
    assert stored(city) == EXPECTED
    done = city.load("city", other, "ann").counts
    assert (done.added, done.changed, done.rows) == (1, 1, 4)
    assert stored(city)[0][:3] == ["0101", "帝都", None]
    done = city.load("city", other, "ann", mode="replace").counts
    assert (done.removed, done.added, done.rows) == (4, 2, 2)


@pytest.mark.parametrize("engine", ["postgres", "mariadb", "sqlite"], indirect=True)
def test_rows_that_only_the_database_refuses_are_named(city: DimensionBook, tmp_path: Path) -> None:
    with city.table("city") as table, table.remote.transaction() as session:
        session.execute(f"CREATE UNIQUE INDEX once ON {table.name(session)} ({session.name('名称')})")
    rows = [[f"{i:04d}", f"city {i % 30}" if i != 25 else "city 7", "", "", "", ""] for i in range(30)]
    path = write(tmp_path / "c.csv", rows)
    with pytest.raises(ImportRefusedError, match="row 27: the database refuses it"):
        city.load("city", path, "ann")
    assert stored(city) == []
    done = city.load("city", path, "ann", skip_bad=True)
    assert (done.counts.added, done.counts.rejected) == (29, 1)


@pytest.mark.covers("MLP-042")
@pytest.mark.parametrize("engine", ["postgres", "mariadb"], indirect=True)
def test_a_hundred_thousand_rows(city: DimensionBook, tmp_path: Path, engine: str) -> None:
    rows = [[f"{i:06d}", f"城市{i}", str(i), f"{i}.25", "2024-05-31", "是"] for i in range(100_000)]
    path = write(tmp_path / "c.csv", rows, "gbk")
    start = time.process_time()
    done = city.load("city", path, "ann").counts
    assert (done.added, done.rows) == (100_000, 100_000)
    assert time.process_time() - start < 20, engine


@pytest.mark.parametrize("engine", ["sqlite"], indirect=True)
def test_files_that_do_not_fit_are_refused_by_name(city: DimensionBook, tmp_path: Path) -> None:
    with pytest.raises(HeddleError, match="header '颜色' is no column of city"):
        city.load("city", write(tmp_path / "a.csv", ROWS, header=[*HEADER[:5], "颜色"]), "ann")
    with pytest.raises(HeddleError, match="名称 is there twice"):
        city.load("city", write(tmp_path / "b.csv", ROWS, header=[*HEADER[:2], "name", *HEADER[3:]]), "ann")
    with pytest.raises(HeddleError, match="column 名称 is missing"):
        city.load("city", write(tmp_path / "c.csv", [["1"]], header=["编码"]), "ann")
    (tmp_path / "d.csv").write_bytes(b"")
    (tmp_path / "e.xlsx").write_bytes(b"no workbook")
    for name in ("d.csv", "e.xlsx", "gone.csv"):
        with pytest.raises(SourceError):
            city.load("city", tmp_path / name, "ann")
    broken = "编码,名称\n1,北京\n2,".encode() + b"\xff\xfe\xff\n"
    (tmp_path / "f.csv").write_bytes(broken)
    with pytest.raises(ImportRefusedError, match="row 3, column 名称: holds bytes that are not"):
        city.load("city", tmp_path / "f.csv", "ann")
    assert stored(city) == []
