"""Folders of files: formats, encodings, sets of part files, and files that are not what they should be."""

import gzip
import json
from datetime import datetime
from pathlib import Path

import fsspec
import openpyxl
import polars as pl
import pytest

from assets.catalog.model import Base, Scan, ScannedTable, TableKind
from assets.catalog.scan.files.delimited import sniff
from assets.catalog.scan.files.encoding import detect
from assets.catalog.scan.files.file import unique
from assets.catalog.scan.scanner import scan
from assets.catalog.scan.sources import Source


def scanned(folder: Path | str, **fields: object) -> Scan:
    url = folder if isinstance(folder, str) else f"file://{folder}"
    return scan(Source.model_validate({"name": "files", "url": url, **fields}))


def tables(found: Scan) -> dict[str, ScannedTable]:
    return {t.table.path: t for t in found.tables}


def bases(table: ScannedTable) -> dict[str, Base]:
    return {c.name: c.base for c in table.table.columns}


def test_delimited(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text('id;name;amount;day\n1;Müller;1.5;2024-01-02\n2;"a;b\nc";2;2024-01-03\n3;x\n')
    (tmp_path / "gbk.csv").write_bytes("编号,姓名,金额\n001,张三,1.5\n002,李四,\n".encode("gbk"))
    (tmp_path / "utf16.tsv").write_bytes("a\tb\n1\té\n".encode("utf-16"))
    (tmp_path / "bare.csv").write_text("1,2\n3,4\n")
    (tmp_path / "empty.csv").write_text("")
    (tmp_path / "packed.csv.gz").write_bytes(gzip.compress(b"a,a,\n1,2,3\n"))
    (tmp_path / "broken.csv").write_bytes(b"id,name\n1,M\xfcller\n2," + "张三".encode() * 2 + b"\n")
    (tmp_path / "picture.png").write_bytes(b"\x89PNG")
    found = scanned(tmp_path)
    by_path = tables(found)
    assert bases(by_path["a.csv"]) == {
        "id": Base.INTEGER,
        "name": Base.TEXT,
        "amount": Base.NUMBER,
        "day": Base.DATE,
    }
    assert by_path["a.csv"].profiles["name"].top[1].value == "a;b\nc"
    assert bases(by_path["gbk.csv"]) == {"编号": Base.TEXT, "姓名": Base.TEXT, "金额": Base.NUMBER}
    assert by_path["gbk.csv"].profiles["金额"].nulls == 1
    assert by_path["utf16.tsv"].profiles["b"].high == "é"
    assert list(bases(by_path["bare.csv"])) == ["column_1", "column_2"] and by_path["bare.csv"].table.rows == 2
    assert by_path["empty.csv"].table.columns == () and by_path["picture.png"].table.size == 4
    assert list(bases(by_path["packed.csv.gz"])) == ["a", "a_2", "column_3"]
    assert dict(found.errors) == {
        "a.csv": "1 lines have another number of fields than 4",
        "broken.csv": "1 sequences of bytes are not utf-8",
    }
    assert not any(t.table.error for t in found.tables)


def test_limits_of_large_files(tmp_path: Path) -> None:
    with (tmp_path / "holes.csv").open("wb") as sparse:
        sparse.write(b"a,b\n" + b"1,2\n" * 100_000)
        sparse.truncate(10 * 2**30)
    (tmp_path / "long.csv").write_bytes(b"a,b\n" + b"1,2\n" * 10_000)
    (tmp_path / "doc.json").write_text(json.dumps([{"a": i} for i in range(3_000)]))
    found = scanned(tmp_path, max_bytes=20_000, sample_rows=0)
    by_path = tables(found)
    holes = by_path["holes.csv"]
    assert holes.profiles["a"].sampled and holes.profiles["a"].rows == 4_999
    assert holes.table.rows == 10 * 2**30 // 4 and not holes.table.rows_exact
    assert by_path["long.csv"].table.rows == pytest.approx(10_000, rel=0.01)
    assert by_path["doc.json"].table.error.startswith("is larger than 20,000 bytes")
    rows = scanned(tmp_path, include=["long.csv"], sample_rows=100)
    assert tables(rows)["long.csv"].profiles["a"].rows == 100 and tables(rows)["long.csv"].profiles["a"].sampled


def test_a_line_without_end_is_refused(tmp_path: Path) -> None:
    with (tmp_path / "x.csv").open("wb") as sparse:
        sparse.write(b"a,b\n1,2\n")
        sparse.truncate(64 * 2**20)
    found = scanned(tmp_path)
    assert [path for path, _ in found.errors] == ["x.csv"]


def test_json_and_xml(tmp_path: Path) -> None:
    lines = ['{"a": 1, "b": {"c": "x", "d": [1]}, "t": "2024-01-01T00:00:00Z"}', "bad", '{"a": "q", "e": true}']
    (tmp_path / "a.jsonl").write_text("\n".join(lines))
    (tmp_path / "doc.json").write_text(json.dumps({"meta": 1, "items": [{"k": 1, "v": 2.5}, {"k": 2, "v": None}]}))
    (tmp_path / "bad.json").write_text('{"a": ')
    (tmp_path / "r.xml").write_text(
        '<?xml version="1.0"?><!DOCTYPE r [<!ENTITY x SYSTEM "file:///etc/passwd">]><r><n>3</n><rows>'
        '<row id="1"><name>A</name><p><q>9</q></p></row><row id="2"><name>&x;</name></row></rows></r>'
    )
    found = scanned(tmp_path)
    by_path = tables(found)
    assert bases(by_path["a.jsonl"]) == {
        "a": Base.TEXT,
        "b.c": Base.TEXT,
        "b.d": Base.NESTED,
        "t": Base.TIMESTAMP,
        "e": Base.BOOLEAN,
    }
    assert by_path["doc.json"].profiles["v"].nulls == 1 and by_path["doc.json"].table.rows == 2
    assert bases(by_path["r.xml"]) == {"@id": Base.INTEGER, "name": Base.TEXT, "p/q": Base.INTEGER}
    assert by_path["r.xml"].profiles["name"].distinct == 1  # the entity was not read
    assert dict(found.errors)["a.jsonl"] == "1 lines are no JSON" and "is no JSON" in by_path["bad.json"].table.error


def test_workbooks(tmp_path: Path) -> None:
    book = openpyxl.Workbook()
    sheet = book.active
    assert sheet is not None
    sheet.append(["id", "名", "when"])
    sheet.append([1, "x", None])
    sheet.append([2, None, datetime(2024, 1, 1, 12)])
    book.create_sheet("nothing")
    book.save(tmp_path / "w.xlsx")
    (tmp_path / "no.xlsx").write_bytes(b"no workbook")
    found = tables(scanned(tmp_path))
    assert bases(found["w.xlsx/Sheet"]) == {"id": Base.INTEGER, "名": Base.TEXT, "when": Base.TIMESTAMP}
    assert found["w.xlsx/Sheet"].profiles["名"].nulls == 1 and "w.xlsx/nothing" not in found
    assert found["no.xlsx"].table.error


def test_parquet_files_and_sets_of_them(tmp_path: Path) -> None:
    for day in (1, 2):
        folder = tmp_path / "events" / f"day=2024-01-0{day}"
        folder.mkdir(parents=True)
        frame = pl.DataFrame({"a": [1, 2], "l": [[1], [2]], "s": ["x", None]})
        frame.write_parquet(folder / "x.parquet")
    pl.DataFrame({"a": [1.5], "l": [[1]], "s": ["y"]}).rename({"s": "other"}).write_parquet(folder / "y.parquet")
    pl.DataFrame({"n": range(100_000)}).write_parquet(tmp_path / "big.parquet", row_group_size=10_000)
    (tmp_path / "bad.parquet").write_bytes(b"no parquet here")
    found = scanned(tmp_path, sample_rows=5_000)
    by_path = tables(found)
    events = by_path["events"]
    assert events.table.rows == 4 and events.profiles["day"].distinct == 2 and events.profiles["s"].nulls == 2
    assert [m for p, m in found.errors if p == "events"] == [
        "events/day=2024-01-02/y.parquet: has other columns than the first file of the set"
    ] or "y.parquet" in dict(found.errors)["events"]
    big = by_path["big.parquet"]
    assert big.table.rows == 100_000 and 4_800 <= big.profiles["n"].rows <= 5_000 and big.profiles["n"].sampled
    assert 35_000 < big.profiles["n"].quantiles[2] < 65_000
    assert by_path["bad.parquet"].table.error


def test_logs(tmp_path: Path) -> None:
    line = '127.0.0.1 - bob [10/Oct/2000:13:55:36 -0700] "GET /a.gif HTTP/1.0" 200 2326 "http://x/" "Mozilla"\n'
    (tmp_path / "access.log").write_text(line * 3)
    other = b'::1 - - [10/Oct/2000:13:55:36 -0700] "GET /b HTTP/1.0" 404 - "-" "curl"\n'
    (tmp_path / "access.log.1.gz").write_bytes(gzip.compress(other * 2))
    (tmp_path / "common").write_text(line[: line.index(' "http')] + "\n")
    (tmp_path / "syslog").write_text("Oct 11 22:14:15 host su[12]: failed for x\n" * 2)
    (tmp_path / "rfc").write_text("<34>1 2003-10-11T22:14:15.003Z host su 77 ID47 - 'su root' failed\n")
    (tmp_path / "json.log").write_text('{"level":"info","n":1}\n{"level":"warn","n":2}\n')
    (tmp_path / "app.log").write_text(
        "2024-01-02 10:00:00,123 INFO app.main - started\n2024-01-02 10:00:01,000 ERROR app.main - broke 12\n"
        "2024-01-02 10:00:02,000 [pool-1] WARN app.main - low\nTraceback\n"
    )
    (tmp_path / "free").write_text("hello\nworld 12\n")
    found = scanned(f"logs://{tmp_path}")
    by_path = tables(found)
    assert set(by_path) == {"access.log", "common", "syslog", "rfc", "json.log", "app.log", "free"}
    assert {t.table.kind for t in found.tables} == {TableKind.LOG}
    access = by_path["access.log"].profiles
    assert access["status"].rows == 5 and access["status"].high == "404" and access["bytes"].nulls == 2
    assert by_path["common"].profiles["path"].low == "/a.gif" and by_path["syslog"].profiles["pid"].low == "12"
    assert by_path["rfc"].profiles["id"].low == "ID47" and by_path["json.log"].profiles["n"].mean == 1.5
    assert by_path["app.log"].profiles["level"].distinct == 3 and by_path["app.log"].profiles["thread"].nulls == 2
    assert by_path["free"].profiles["line"].distinct == 2
    assert dict(found.errors) == {"app.log": "1 lines are not of the shape levelled"}
    (tmp_path / "access.log").write_text(line * 4)
    again = scan(Source(name="files", url=f"logs://{tmp_path}"), previous=found)
    assert set(tables(again)) == {"access.log", "app.log"}  # the second has an error to tell again


def test_any_file_system(tmp_path: Path) -> None:
    memory = fsspec.filesystem("memory")
    memory.pipe("/lake/2024/a.csv", b"x,y\n1,2\n")
    try:
        found = scanned("memory://lake")
        assert tables(found)["2024/a.csv"].profiles["y"].low == "2"
    finally:
        memory.rm("/lake", recursive=True)


@pytest.mark.parametrize(
    ("data", "encoding"),
    [
        (b"plain", "utf-8"),
        ("张三".encode() * 100, "utf-8"),
        ("张三李四".encode("gb18030"), "gb18030"),
        ("é".encode("utf-16"), "utf-16"),
        (b"caf\xe9 ol\xe9 x", "latin-1"),
        (b"\xef\xbb\xbfa", "utf-8-sig"),
    ],
)
def test_encodings(data: bytes, encoding: str) -> None:
    assert detect(data) == encoding


@pytest.mark.parametrize(
    "head",
    [
        "name\nbad \ufffd sign\n".encode(),
        (b"a" * 1017 + "é".encode() * 4)[:1020],
        b"a" * 1016 + "é".encode() + b"aa",
    ],
    ids=["signs of replacement that are there", "cut in a character", "a character where three bytes are left off"],
)
def test_utf8_is_told_whatever_the_cut_and_the_signs(head: bytes) -> None:
    assert detect(head) == "utf-8"


def test_a_header_is_told_from_values() -> None:
    assert sniff(b"name,city\nann,paris\nbob,rome\n").header
    assert not sniff(b"ann,paris\nbob,rome\nann,oslo\n").header
    assert sniff(b"a|b|c\n1|2|3\n").separator == "|"
    assert sniff(b"only\nx\ny\n").names == ("only",)
    assert unique(["a", "", "a", "a_2"]) == ["a", "column_2", "a_2", "a_2_2"]


def test_encodings_that_are_mixed_or_not_marked(tmp_path: Path) -> None:
    (tmp_path / "wide.csv").write_bytes("name,age\nann,18\nbob,20\n".encode("utf-16-le"))
    (tmp_path / "wide_be.csv").write_bytes("name,age\nann,18\nbob,20\n".encode("utf-16-be"))
    gbk, utf8 = "张三,十八\n".encode("gbk") * 300, "李四,二十\n".encode() * 7
    (tmp_path / "mixed.csv").write_bytes("姓名,年龄\n".encode("gbk") + gbk + utf8 + gbk)
    found = scanned(tmp_path)
    for name in ("wide.csv", "wide_be.csv"):
        assert bases(tables(found)[name]) == {"name": Base.TEXT, "age": Base.INTEGER}
    assert dict(found.errors) == {"mixed.csv": "7 lines are UTF-8 in a file of gb18030: convert the file"}


def test_a_quote_that_is_never_closed(tmp_path: Path) -> None:
    rows = "1,abcdefgh\n" * 900_000
    (tmp_path / "open.csv").write_text(f'a,b\n{rows}2,"x\n{rows}')
    (tmp_path / "long.csv").write_text(f"a,b\n1,{'x' * 10_000_000}\n2,y\n")
    found = scanned(tmp_path, sample_rows=0)
    problems = dict(found.errors)
    assert "4,194,304 bytes: is a quote in it never closed? What is behind" in problems["open.csv"]
    assert tables(found)["open.csv"].profiles["a"].rows > 400_000
    assert problems["long.csv"].startswith("long.csv: a line is longer")
