"""Each error of a cell, of a file's row and of a type is told in Chinese too."""

from pathlib import Path

import pytest

from assets.catalog.dimensions.book import DimensionBook
from assets.catalog.dimensions.load import ImportRefusedError
from assets.catalog.dimensions.model import Dimension, DimensionColumn, kind_of
from assets.catalog.dimensions.values import cell
from assets.catalog.store.versions import Versions
from core.settings import Settings
from serving.studio.cells import told
from serving.studio.studio import Studio
from tests.serving.studio.test_dimensions import IMPORT, NEW, ROW, connected, made

WRONG = [
    ("text(2)", "abc"), ("text", "\ufffd"), ("text", "a\0"), ("text", ""), ("integer", "it's"), ("integer", "9" * 30),
    ("number(4,1)", "1234.5"), ("number", "x"), ("float", "inf"), ("boolean", "maybe"), ("date", "2024-13-01"),
    ("timestamp", "now"),
]  # fmt: skip


def chinese(text: str) -> bool:
    return any("\u4e00" <= c <= "\u9fff" for c in text)


@pytest.mark.parametrize(("kind", "text"), WRONG)
def test_errors_of_cells(kind: str, text: str) -> None:
    with pytest.raises(ValueError) as raised:
        cell(text, DimensionColumn(name="c", type=kind, required=True), ())
    said = str(raised.value)
    assert chinese(told(said, "zh")) and told(said, "en") == said and not chinese(said)


def test_errors_of_types_and_rows(settings: Settings, studio: Studio, versions: Versions, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="is no type") as raised:
        kind_of("money")
    assert chinese(told(str(raised.value), "zh"))
    (tmp_path / "crm.db").touch()
    made(connected(studio, f"sqlite:///{tmp_path}/crm.db"))
    file, book = tmp_path / "x.csv", DimensionBook(settings, versions)
    file.write_text("code,名称\na,x,y\na,x\na,y\n", encoding="utf-8")
    with pytest.raises(ImportRefusedError) as refused:
        book.load("city", file, "ann")
    said = [e.message for e in refused.value.problems.errors]
    assert len(said) == 2 and all(chinese(told(m, "zh")) for m in said), said
    file.write_text("code,名称\na,x\n", encoding="utf-8")
    book.load("city", file, "ann")
    with pytest.raises(ImportRefusedError) as refused:
        book.load("city", file, "ann", mode="insert")
    assert chinese(told(refused.value.problems.errors[0].message, "zh"))
    assert isinstance(book.records.get(NEW["name"]).record, Dimension)


def test_pages_tell_them_in_their_language(studio: Studio, tmp_path: Path) -> None:
    (tmp_path / "crm.db").touch()
    reader = connected(studio, f"sqlite:///{tmp_path}/crm.db")
    made(reader)
    reader.get("/", lang="zh")
    answer = reader.send(ROW, reader.form(ROW, ROW, name="city") | {"v.code": "a", "v.people": "x"})
    assert "不能为空" in answer.text and "&#39;x&#39; 不是整数" in answer.text
    form = reader.form(IMPORT, IMPORT, name="city")
    page = reader.done(IMPORT, form, {"file": ("a.csv", "编码,name,人口\na,,x\n".encode())})
    assert "不能为空" in page and "不是整数" in page and "is empty" not in page
