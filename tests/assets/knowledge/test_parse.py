"""Each format's blocks against documents whose content is known, and documents that are broken."""

from pathlib import Path

import pymupdf
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from assets.knowledge.blocks import Block
from assets.knowledge.parse import parse
from core.errors import DocumentError


def parsed(tmp_path: Path, name: str, data: str | bytes) -> list[Block]:
    path = tmp_path / name
    path.write_bytes(data.encode() if isinstance(data, str) else data)
    return parse(path, name)


def test_markdown(tmp_path: Path) -> None:
    text = """Before.

# Title
One *two*
three `x = 1`.

## Part
- a
- b
  1. deep

| k | v |
|---|---|
| a | 1 |

```
code
```
# Next
<script>alert(1)</script>

End.
"""
    assert parsed(tmp_path, "doc.md", text) == [
        Block("paragraph", ("doc",), "Before."),
        Block("paragraph", ("Title",), "One two three x = 1."),
        Block("list", ("Title", "Part"), "- a\n- b\n  1. deep"),
        Block("table", ("Title", "Part"), "", rows=(("k", "v"), ("a", "1"))),
        Block("paragraph", ("Title", "Part"), "code"),
        Block("paragraph", ("Next",), "<script>alert(1)</script>"),
        Block("paragraph", ("Next",), "End."),
    ]


def test_html(tmp_path: Path) -> None:
    html = """<html><head><title>T</title><style>p{}</style></head><body><nav>menu</nav>
    <h1>Top</h1><div>loose <b>text</b><p>para&nbsp;one</p></div><h2>Sub</h2>
    <ul><li>a</li><li>b</li></ul><!-- hidden -->
    <table><tr><th>k</th><th>v</th></tr><tr><td>a</td><td>1</td></tr></table>
    <script>evil()</script><footer>foot</footer></body></html>"""
    assert parsed(tmp_path, "a.html", html) == [
        Block("paragraph", ("Top",), "loose text"),
        Block("paragraph", ("Top",), "para one"),
        Block("list", ("Top", "Sub"), "- a\n- b"),
        Block("table", ("Top", "Sub"), "", rows=(("k", "v"), ("a", "1"))),
    ]


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
def test_csv(tmp_path: Path, delimiter: str) -> None:
    rows = (("name", "price"), ("milk, white", "2.69"), ("面包", "0.99"), ("short", ""))
    lines = [delimiter.join(f'"{c}"' for c in row if c) for row in rows]
    [table] = parsed(tmp_path, "price_list.csv", "\n".join(lines) + "\n\n")
    assert table == Block("table", ("price list",), "", rows=rows)


def test_csv_row_too_long(tmp_path: Path) -> None:
    with pytest.raises(DocumentError, match=r"p\.csv: line 3 has 3 cells, the header has 2"):
        parsed(tmp_path, "p.csv", "a,b\n1,2\n1,2,3\n")


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030", "utf-16"])
def test_text_encodings(tmp_path: Path, encoding: str) -> None:
    blocks = parsed(tmp_path, "note.txt", "夜班须知\r\n\r\n第一段，\r\n两行。\r\n\r\n第二段。".encode(encoding))
    assert [(b.heading, b.text) for b in blocks] == [(("夜班须知",), "第一段， 两行。"), (("夜班须知",), "第二段。")]


def test_pdf_headings_tables_and_pages(tmp_path: Path) -> None:
    document = pymupdf.open()
    for number in (1, 2):
        page = document.new_page()
        page.insert_text((50, 60), f"Chapter {number}", fontsize=20)
        page.insert_text((50, 100), f"Body of chapter {number} goes", fontsize=10)
        page.insert_text((50, 114), "on here.", fontsize=10)
        for row in range(2):
            for column in range(2):
                box = pymupdf.Rect(50 + 150 * column, 200 + 24 * row, 200 + 150 * column, 224 + 24 * row)
                page.draw_rect(box)
                page.insert_text((box.x0 + 5, box.y0 + 16), f"cell {row} {column}", fontsize=10)
    blocks = parsed(tmp_path, "a.pdf", document.tobytes())
    assert blocks == [
        block
        for n in (1, 2)
        for block in (
            Block("paragraph", (f"Chapter {n}",), f"Body of chapter {n} goes on here.", n),
            Block("table", (f"Chapter {n}",), "", n, (("cell 0 0", "cell 0 1"), ("cell 1 0", "cell 1 1"))),
        )
    ]


def scan() -> bytes:
    document = pymupdf.open()
    page = document.new_page()
    picture = pymupdf.Pixmap(pymupdf.csRGB, pymupdf.IRect(0, 0, 40, 40))
    picture.clear_with(200)
    page.insert_image(page.rect, pixmap=picture)
    data: bytes = document.tobytes()
    return data


def encrypted() -> bytes:
    document = pymupdf.open()
    document.new_page().insert_text((50, 50), "secret")
    data: bytes = document.tobytes(encryption=pymupdf.PDF_ENCRYPT_AES_256, user_pw="u", owner_pw="o")
    return data


@pytest.mark.parametrize(
    ("name", "data", "message"),
    [
        ("scan.pdf", scan(), "scan.pdf: the PDF has no text layer in its 1 page"),
        ("locked.pdf", encrypted(), "locked.pdf: the PDF is encrypted"),
        ("cut.pdf", b"%PDF-1.7\ngarbage", "cut.pdf: not a readable PDF"),
        ("word.pdf", b"PK\x03\x04 not a pdf at all", "word.pdf: not a readable PDF"),
        ("empty.md", b"", "empty.md: the file is empty"),
        ("blank.txt", b" \n \n", "blank.txt: the file is empty"),
        ("picture.md", bytes(range(256)), "picture.md: the text is neither UTF-8 nor GB18030"),
        ("x.docx", b"PK", "x.docx: no parser for .docx"),
        ("only.html", b"<html><script>x</script></html>", "only.html: holds no text"),
    ],
)
def test_a_bad_document_is_named_with_a_fix(tmp_path: Path, name: str, data: bytes, message: str) -> None:
    with pytest.raises(DocumentError, match=message) as caught:
        parsed(tmp_path, name, data)
    assert caught.value.fix


@settings(deadline=None)
@given(st.binary(max_size=400), st.sampled_from([".md", ".html", ".csv", ".txt", ".pdf"]))
def test_any_bytes_are_blocks_or_a_document_error(
    tmp_path_factory: pytest.TempPathFactory, data: bytes, suffix: str
) -> None:
    folder = tmp_path_factory.getbasetemp() / "fuzz"
    folder.mkdir(exist_ok=True)
    try:
        assert parsed(folder, f"f{suffix}", data)
    except DocumentError as error:
        assert f"f{suffix}" in error.what


def test_the_pdf_script_renders_what_is_committed(tmp_path: Path) -> None:
    import runpy
    import sys

    from core.settings import PROJECT

    arguments, sys.argv = sys.argv, ["handbook_pdf.py", str(tmp_path)]
    try:
        runpy.run_path(str(PROJECT / "examples" / "handbook_pdf.py"), run_name="__main__")
    finally:
        sys.argv = arguments
    made = sorted(tmp_path.glob("*.pdf"))
    assert len(made) == 2
    for path in made:
        assert parse(path, path.name) == parse(PROJECT / "examples" / "handbook" / path.name, path.name)


@pytest.mark.parametrize(
    ("name", "data", "trouble"),
    [
        ("deep.html", b"<div>" * 3000 + b"x", "nested too deeply"),
        ("wrong.html", b"<meta charset=gb2312><p>\xff\xff\x80</p>", "is not gb18030, as it says"),
        ("half.txt", b"\xff\xfea", "is not utf-16"),
        ("open.csv", b'a,b\n1,"' + b"x" * 200_000, "line [23] cannot be read"),
    ],
)
def test_one_hostile_document_is_an_error_of_that_document(
    tmp_path: Path, name: str, data: bytes, trouble: str
) -> None:
    with pytest.raises(DocumentError, match=f"{name}: .*{trouble}"):
        parsed(tmp_path, name, data)
