"""Pairs to judge on the pages: shown side by side, kept as the command line does, hidden where a reader may not see."""

from pathlib import Path

import polars as pl
import pytest

from assets.catalog.store.versions import Change
from assets.catalog.tags.kept import KIND as TAGS
from assets.catalog.tags.kept import Tag, Tags
from assets.quality.linkage.labels import judge, labels_path, read_labels
from assets.quality.linkage.model import read_golden
from assets.quality.linkage.run import run
from core.naming import TableName
from core.settings import Settings, load
from resources.open import warehouse
from serving.studio.studio import Studio
from tests.serving.studio.conftest import HOSTILE, ORDERS, SECRET
from tests.serving.studio.forms import Reader, filled

NAMES = ("anna archer", "boris baxter", "clara cole", "dmitri dunn", "eva 李", "fay 王伟")
GOLDEN = """kind: golden
asset: table/shop/people
sources: [{{table: {0}, id: "no", rename: {{full: name}}}}]
compare: {{name: , phone: code}}
"""


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    (tmp_path / "files").mkdir()
    home = {"HEDDLE_HOME": str(tmp_path / "home"), "HEDDLE_CATALOG_FILES": str(tmp_path / "files")}
    other = {"HEDDLE_QUALITY": str(tmp_path / "quality"), "HEDDLE_PROTECTION": str(tmp_path / "protection")}
    return load(home | other, project=tmp_path)


def golden(studio: Studio) -> Path:
    """A golden table of the orders' buyers that ran once."""
    names = [*NAMES, *(n.replace("r", "rr", 1).replace("李", "丽") for n in NAMES)]
    phones = [f"1380000{n % 6:04d}" for n in range(12)]
    notes = [HOSTILE, *["x" * 1_000_000] * 11]
    frame = pl.DataFrame({"no": range(12), "full": names, "phone": phones, "note": notes})
    store = warehouse(studio.settings)
    store.write(TableName("raw_shop", "orders"), frame)
    path = studio.settings.quality / "fusion" / "people.yaml"
    path.parent.mkdir(parents=True)
    path.write_text(GOLDEN.format(ORDERS))
    run(read_golden(path), path, store, "1GB", studio.settings.home)
    return path


@pytest.fixture
def path(studio: Studio) -> Path:
    return golden(studio)


def sensitive(studio: Studio, *columns: str) -> None:
    tag = Tag(state="accepted", confidence=1.0, by="user")
    tags = Tags(columns={c: {"pii:name": tag} for c in columns})
    studio.versions.put(TAGS, ORDERS, tags.model_dump(), Change("bob", "x"))


def test_both_records_are_shown_with_what_differs(studio: Studio, path: Path) -> None:
    reader = Reader(studio)
    assert "table/shop/people" in reader.get("/quality").text
    page = reader.get("/quality/pairs", name="people")
    assert page.url.params["pair"] == "1" and page.url.params.get("after") is None
    assert "pair 1 of 6" in page.text and "the model says" in page.text
    whole = "".join(reader.get("/quality/pairs", name="people", pair=str(n)).text for n in range(1, 5))
    assert "<script>alert" not in whole and "x" * 300 not in whole and "ar<mark>r</mark>cher" in whole and "≠" in whole
    assert "<b>name</b>" in page.text and "<b>note</b>" not in page.text
    chinese = reader.get("/quality/pairs", name="people", pair="1", lang="zh").text
    assert "这两条记录是否为同一对象？" in chinese and "判定" in chinese


def test_answers_are_kept_and_count_with_the_next_run(studio: Studio, path: Path) -> None:
    reader, store, kept = Reader(studio), warehouse(studio.settings), labels_path(path)
    form = filled(reader.get("/quality/pairs", name="people").text, "/quality/pairs")
    pages = [reader.done("/quality/pairs", form | {"answer": "skip"})]
    assert read_labels(kept) == [] and "pair 2 of" in pages[0]
    pages.append(reader.done("/quality/pairs", filled(pages[0], "/quality/pairs") | {"answer": "different"}))
    assert "pair 3 of" in pages[1] and "different, said ann" in pages[1]
    pages.append(reader.done("/quality/pairs", filled(pages[1], "/quality/pairs") | {"answer": "same"}))
    assert [(k.same, k.by) for k in sorted(read_labels(kept), key=lambda k: k.same)] == [(False, "ann"), (True, "ann")]
    again = filled(reader.get("/quality/pairs", name="people", pair="2").text, "/quality/pairs")
    reader.done("/quality/pairs", again | {"answer": "same"})
    assert [k.same for k in read_labels(kept)] == [True, True]
    judged = {k.pair for k in read_labels(kept)}
    found = run(read_golden(path), path, store, "1GB", studio.settings.home)
    entity = {f"{s}:{r}": e for e, s, r in found.links.rows()}
    assert all(entity[a] == entity[b] for a, b in judged)
    columns = ("left_source", "left_record", "right_source", "right_record")
    left = {tuple(sorted((f"{a}:{b}", f"{c}:{d}"))) for a, b, c, d in found.unsure.select(columns).rows()}
    assert left and not left & judged


def test_all_judged_and_never_run_are_told(studio: Studio, path: Path) -> None:
    reader, store = Reader(studio), warehouse(studio.settings)
    rows = store.query("select * from table_shop.people_unsure").rows(named=True)
    for r in rows:
        judge(labels_path(path), f"{r['left_source']}:{r['left_record']}", f"{r['right_source']}:{r['right_record']}",
              True, "bob")  # fmt: skip
    done = reader.get("/quality/pairs", name="people").text
    assert "All of these pairs are judged" in done and "same, said bob" in done
    (path.parent / "new.yaml").write_text(GOLDEN.format(ORDERS).replace("people", "new"))
    assert "has not run yet" in reader.get("/quality/pairs", name="new").text
    (path.parent / "broken.yaml").write_text("kind: golden\nasset: 7\n")
    assert "broken" in reader.get("/quality").text
    assert reader.get("/quality/pairs", name="broken").status_code == 400


def test_of_two_people_the_slower_is_told(studio: Studio, path: Path) -> None:
    ann, bob = Reader(studio), Reader(Studio(studio.settings, studio.versions, "bob"))
    theirs = filled(bob.get("/quality/pairs", name="people").text, "/quality/pairs")
    mine = filled(ann.get("/quality/pairs", name="people").text, "/quality/pairs")
    other = filled(bob.get("/quality/pairs", name="people", pair="2").text, "/quality/pairs")
    ann.done("/quality/pairs", mine | {"answer": "same"})
    late = bob.send("/quality/pairs", theirs | {"answer": "different"})
    assert late.status_code == 409 and "meanwhile" in late.text
    bob.done("/quality/pairs", other | {"answer": "different"})  # another pair is no conflict
    assert {(k.by, k.same) for k in read_labels(labels_path(path))} == {("ann", True), ("bob", False)}
    form = filled(ann.get("/quality/pairs", name="people", pair="3").text, "/quality/pairs")
    run(read_golden(path), path, warehouse(studio.settings), "1GB", studio.settings.home)
    assert ann.send("/quality/pairs", form | {"answer": "same"}).status_code == 409


@pytest.mark.parametrize(
    ("wrong", "status"),
    [
        ({"answer": "perhaps"}, 400), ({"pair": "999"}, 409), ({"pair": "'; drop table x"}, 409), ({"mark": ""}, 409),
        ({"name": "../../etc/passwd"}, 404), ({"name": ""}, 404), ({"token": "x"}, 403),
    ],
)  # fmt: skip
def test_wrong_forms_keep_nothing(studio: Studio, path: Path, wrong: dict[str, str], status: int) -> None:
    reader = Reader(studio)
    form = filled(reader.get("/quality/pairs", name="people").text, "/quality/pairs") | {"answer": "same"}
    assert reader.send("/quality/pairs", form | wrong).status_code == status
    assert reader.send("/quality/pairs", form, origin="http://evil").status_code == 403
    assert read_labels(labels_path(path)) == []


def test_tables_that_are_hidden_have_no_pairs(studio: Studio, path: Path) -> None:
    reader = Reader(studio)
    form = filled(reader.get("/quality/pairs", name="people").text, "/quality/pairs") | {"answer": "same"}
    path.write_text(GOLDEN.format(SECRET))
    assert reader.get("/quality/pairs", name="people").status_code == 404
    assert reader.send("/quality/pairs", form).status_code == 404
    assert "table/shop/people" not in reader.get("/quality").text
    assert reader.get("/quality/pairs", name="people", pair="../x").status_code == 404


def test_sensitive_values_are_hidden_and_nothing_is_told_by_marks(studio: Studio, path: Path) -> None:
    sensitive(studio, "full", "no")
    pages = [Reader(studio).get("/quality/pairs", name="people", pair=str(n)).text for n in range(1, 5)]
    for page in pages:
        assert "•••" in page and "archer" not in page and "baxter" not in page and "李" not in page
        assert "1380000" in page and "<mark>" not in page.split("<b>phone</b>")[0]


POLICY = """
people: {ann: {}}
rules:
  - id: some
    who: ["ann"]
    tables: [raw/shop/orders]
    rows: "no < 100 or no = 7"
    columns: {"*": allow, phone: {mask: partial, first: 3, last: 1}, note: deny}
"""


def test_the_access_policy_decides_on_values_and_rows(studio: Studio, path: Path) -> None:
    sensitive(studio, "full", "phone")
    folder = studio.settings.protection / "access"
    folder.mkdir(parents=True)
    (folder / "shop.yaml").write_text(POLICY)
    reader = Reader(studio)
    page = reader.get("/quality/pairs", name="people").text
    assert "138*" in page and "1380000" not in page and "•••" in page  # the policy lets see names, tagged or not
    assert any(name.split()[0][:2] in page for name in NAMES)
    assert "<mark>" not in page[page.index("<b>phone</b>") :]
    (folder / "shop.yaml").write_text(POLICY.replace("no < 100 or no = 7", "no < 0"))
    page = reader.get("/quality/pairs", name="people").text
    assert "not for you to see" in page and not any(name in page for name in NAMES)
    form = filled(page, "/quality/pairs")
    assert reader.send("/quality/pairs", form | {"answer": "same"}).status_code == 400
    assert "pair 2 of" in reader.done("/quality/pairs", form | {"answer": "skip"})
    (folder / "shop.yaml").write_text(POLICY.replace('["ann"]', '["bob"]'))
    assert reader.get("/quality/pairs", name="people").status_code == 400
    assert read_labels(labels_path(path)) == []
