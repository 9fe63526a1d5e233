"""Files: logs of any encoding and length, PDF and Office documents; memory stays bounded, values stay masked."""

import gzip
import random
import tracemalloc
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from assets.security.sensitive.files import BATCH, PIECE, report, scan
from assets.security.sensitive.text.engine import Detector
from core.errors import DocumentError
from orchestration.cli.main import main
from tests.assets.security.sensitive import made

R = random.Random(5)
ID = made.id_card(R)
LINE = f"2023-11-05 10:00:00 INFO 用户 {ID} 登录，手机13812345678\n"


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030", "utf-16", "utf-32"])
def test_encodings(tmp_path: Path, encoding: str) -> None:
    path = tmp_path / "a.log"
    path.write_bytes(("第一行\n" + LINE).encode(encoding))
    made_ = report(path)
    assert made_.counts["id_card"] == 1 and made_.counts["mobile"] == 1 and made_.lines == 2 and made_.level == 3
    assert ID not in made_.model_dump_json()


def test_broken_bytes_do_not_hide_the_rest(tmp_path: Path) -> None:
    path = tmp_path / "a.log"
    path.write_bytes(b"broken \xe5\xbc\n" + ("联系人：张伟，" + LINE).encode() * 3)
    assert report(path).counts["person_name"] == 3
    path.write_bytes(("name li, " * 20 + "mail li.lei@example.cn\n").encode("utf-16-le"))  # without a mark
    assert report(path).counts["email"] == 1


def test_places_are_those_of_the_file(tmp_path: Path) -> None:
    path = tmp_path / "a.log.gz"
    path.write_bytes(gzip.compress(("\n" * 4 + LINE).encode()))
    (hit,) = (h for _, hits in scan(path) for h in hits if h.span.class_ == "id_card")
    assert hit.line == 5 and LINE[hit.span.start : hit.span.end] == ID


@pytest.mark.parametrize("at", [0, 10, PIECE - 5, PIECE - 300, PIECE, 3 * PIECE + 7, BATCH - 9, BATCH + 100_000])
def test_long_lines_lose_nothing_at_the_seams(tmp_path: Path, at: int) -> None:
    path = tmp_path / "long.txt"
    path.write_text("，" * at + f"身份证{ID}，" + "，" * 400_000, encoding="utf-8")
    assert report(path).counts == {"id_card": 1}


def test_memory_is_bounded(tmp_path: Path) -> None:
    path = tmp_path / "big.log"
    with path.open("w", encoding="utf-8") as file:
        for _ in range(4):
            file.write("quiet line without anything to see\n" * 20_000 + "x" * 2_000_000 + "\n")
    streamed = Detector(())
    report(path, streamed)
    tracemalloc.start()
    report(path, streamed)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < path.stat().st_size / 2


def test_documents(tmp_path: Path) -> None:
    import pymupdf

    path = tmp_path / "a.pdf"
    opened: Any = pymupdf.open
    with opened() as document:
        document.new_page().insert_text((50, 50), "nothing here")
        document.new_page().insert_text((50, 50), f"ID {ID}, mail li.lei@example.cn")
        document.save(path)
    hits = [h for _, found in scan(path) for h in found]
    assert {(h.line, h.span.class_) for h in hits} == {(2, "id_card"), (2, "email")}
    (tmp_path / "a.docx").write_bytes(b"no document")
    with pytest.raises(DocumentError, match=r"a\.docx"):
        report(tmp_path / "a.docx")


def test_docx(tmp_path: Path) -> None:
    import zipfile

    path = tmp_path / "b.docx"
    space = 'xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main"'
    body = f"<w:p><w:r><w:t>ID {ID[:9]}</w:t></w:r><w:r><w:t>{ID[9:]}</w:t></w:r></w:p><w:p/>"
    with zipfile.ZipFile(path, "w") as file:
        file.writestr("word/document.xml", f"<w:document {space}><w:body>{body}</w:body></w:document>")
    assert report(path).counts == {"id_card": 1}
    with zipfile.ZipFile(path, "w") as file:
        file.writestr("word/document.xml", '<!DOCTYPE x [<!ENTITY a "aaaa">]><x>&a;</x>')
    with pytest.raises(DocumentError, match=r"b\.docx"):
        report(path)


def test_cells_of_excel_that_are_numbers_or_results(tmp_path: Path) -> None:
    import zipfile

    import openpyxl

    path = tmp_path / "a.xlsx"
    book = openpyxl.Workbook()
    sheet = book.active
    assert sheet is not None
    for row in (["手机", "n"], [13812345678, 7], [1.3912345678e10, "li.lei@example.cn"], ["=1+1", True]):
        sheet.append(row)
    book.save(path)
    assert report(path).counts == {"mobile": 2, "email": 1}
    cells = '<c t="str"><f>A1</f><v>li.lei@example.cn</v></c><c t="s"><v>13812345678</v></c><c t="b"><v>1</v></c>'
    with zipfile.ZipFile(path, "w") as file:
        file.writestr("xl/worksheets/sheet1.xml", f'<worksheet xmlns="x"><row>{cells}<c/></row></worksheet>')
    assert report(path).counts == {"email": 1} and report(path).lines == 1


def test_command(tmp_path: Path) -> None:
    path = tmp_path / "a.log"
    path.write_text(LINE, encoding="utf-8")
    run = CliRunner()
    for arguments in (["text", str(path)], ["text", "--where", str(path)], ["text", "--json", str(path)]):
        said = run.invoke(main, ["sensitive", *arguments])
        assert said.exit_code == 0 and "id_card" in said.output and ID not in said.output
    said = run.invoke(main, ["sensitive", "text"], input=f"密码：hunter2x {ID}")
    assert "credential" in said.output and "hunter2x" not in said.output and ID not in said.output
    gone = run.invoke(main, ["sensitive", "text", str(tmp_path / "gone.log")])
    assert gone.exit_code == 2 and "gone.log" in gone.output
    assert "验证码" in run.invoke(main, ["sensitive", "classes"]).output
    table = tmp_path / "t.csv"
    table.write_text("a,b\n" + "".join(f"{made.id_card(R)},{i}\n" for i in range(30)), encoding="utf-8")
    assert "id_card" in run.invoke(main, ["sensitive", "scan", str(table)]).output
    tabs = tmp_path / "t.TSV"
    tabs.write_text(table.read_text().replace(",", "\t"))
    assert "1 sensitive columns" in run.invoke(main, ["sensitive", "scan", str(tabs)]).output
    tabs.write_text("a\tb\n")
    assert "0 sensitive columns" in run.invoke(main, ["sensitive", "scan", str(tabs)]).output
