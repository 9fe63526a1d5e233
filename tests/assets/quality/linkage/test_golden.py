"""What survives of linked records, names that stay, and what people said of pairs."""

from concurrent.futures import ThreadPoolExecutor
from datetime import date
from pathlib import Path

import polars as pl
import pytest

from assets.quality.linkage.golden import resolve
from assets.quality.linkage.identity import identities
from assets.quality.linkage.labels import Label, judge, labels_path, read_labels, state
from assets.quality.linkage.model import Golden, Source, read_golden
from assets.quality.linkage.survive import survive
from core.errors import ConflictError, SourceError

RECORDS = pl.DataFrame(
    {
        "entity": ["e1", "e1", "e1", "e2", "e2"],
        "source": ["crm", "shop", "shop", "crm", "shop"],
        "record": ["1", "a", "b", "2", "c"],
        "priority": [1, 2, 2, 1, 2],
        "newest": ["2020", "2024", "2023", None, "2021"],
        "name": ["Ann Lee", "ann", "Ann Lee", "Bo", None],
        "city": [None, "Leeds", "York", "Bath", "Bath"],
        "born": [date(1980, 1, 2), None, date(1980, 1, 2), None, None],
    }
)
COLUMNS = ["name", "city", "born"]


@pytest.mark.parametrize(
    ("rule", "city"),
    [("newest", "Leeds"), ("longest", "Leeds"), ("most_complete", "York"), ("source_priority", "Leeds")],
)
def test_each_rule_chooses_its_value(rule: str, city: str) -> None:
    found = survive(RECORDS, COLUMNS, {"city": rule}).golden  # type: ignore[dict-item]
    assert dict(zip(found["entity"], found["city"], strict=True)) == {"e1": city, "e2": "Bath"}


def test_types_stay_and_every_cell_tells_where_it_came_from() -> None:
    found = survive(RECORDS, COLUMNS, {})
    assert found.golden.schema["born"] == pl.Date
    assert found.golden.rows() == [
        ("e1", "Ann Lee", "Leeds", date(1980, 1, 2), 3, 2),
        ("e2", "Bo", "Bath", None, 2, 0),
    ]
    cells = {(c["entity"], c["column"]): c for c in found.cells.iter_rows(named=True)}
    name = cells["e1", "name"]
    assert (name["source"], name["record"], name["rule"], name["records"]) == ("crm", "1", "most_frequent", 2)
    assert name["rivals"] == ["ann"]
    assert cells["e1", "city"]["rivals"] == ["York"]
    assert ("e2", "born") not in cells
    for (entity, column), cell in cells.items():
        row = RECORDS.filter((pl.col("source") == cell["source"]) & (pl.col("record") == cell["record"]))
        assert row["entity"].item() == entity
        assert str(row[column].item()) == cell["value"]


def test_identifiers_stay_when_records_come_and_clusters_split_or_merge() -> None:
    keys = [f"s:{n}" for n in range(6)]
    first = identities(keys, [0, 0, 0, 3, 3, 5], {})
    assert len(set(first)) == 3
    before = dict(zip(keys, first, strict=True))
    assert identities(["s:9", *keys], [9, 0, 0, 0, 3, 3, 9], before)[1:6] == first[:5]
    merged = identities(keys, [0, 0, 0, 0, 0, 5], before)
    assert set(merged[:5]) == {first[0]}
    split = identities(keys, [0, 0, 2, 3, 3, 5], before)
    assert split[0] == first[0] and split[2] not in first
    assert len(set(split)) == 4
    assert identities(keys[::-1], [5, 3, 3, 0, 0, 0], {})[::-1] == first


def _golden(**more: object) -> Golden:
    sources = (
        Source(table="raw/crm/people", id="id", rename={"full_name": "name"}, priority=1, newest="changed"),
        Source(table="raw/shop/people", id="no", priority=2),
    )
    return Golden(
        kind="golden", asset="table/shop/people_golden", sources=sources, compare={"name": None, "phone": None},
        **more,  # type: ignore[arg-type]
    )  # fmt: skip


def _tables() -> dict[str, pl.DataFrame]:
    names = [f"{a} {b}" for a in ("anna", "boris", "clara", "dmitri") for b in ("archer", "baxter", "cole", "dunn")]
    phones = [f"07{n * 7919 % 10**8:08d}" for n in range(1, 17)]
    crm = pl.DataFrame({"id": range(16), "full_name": names, "phone": phones, "changed": ["2024-01-01"] * 16})
    typos = [n[:2] + n[3:] for n in names]
    shop = pl.DataFrame({"no": [f"x{n}" for n in range(16)], "name": typos, "phone": phones, "points": range(16)})
    return {"raw/crm/people": crm, "raw/shop/people": shop}


def test_a_declaration_becomes_a_golden_table_that_is_stable() -> None:
    tables = _tables()
    found = resolve(_golden(survivorship={"name": "longest"}), tables.__getitem__)
    assert found.golden.height == 16
    assert set(found.golden["name"]) == set(tables["raw/crm/people"]["full_name"])
    assert found.golden["points"].null_count() == 0
    before = {f"{s}:{r}": e for e, s, r in found.links.rows()}
    shop = tables["raw/shop/people"]
    tables["raw/shop/people"] = pl.concat(
        [shop, pl.DataFrame({"no": ["new"], "name": ["zora quill"], "phone": ["0799"], "points": [1]})]
    )
    again = resolve(_golden(), tables.__getitem__, before=before)
    assert {f"{s}:{r}": e for e, s, r in again.links.rows()}.items() >= before.items()
    assert again.golden.height == 17


@pytest.mark.parametrize("times", [[9, 10], ["9", "10"], [date(2024, 2, 1), date(2024, 10, 1)]])
def test_the_newest_is_told_by_number_or_time_and_not_by_letters(times: list[object]) -> None:
    frame = pl.DataFrame({"id": [1, 2], "name": ["anna archer", "anna archer"], "phone": ["old", "new"], "at": times})
    same = Label(left="raw/crm/people:1", right="raw/crm/people:2", same=True, by="ann", at="2024")
    source = Source(table="raw/crm/people", id="id", newest="at")
    golden = _golden(survivorship={"phone": "newest"}).model_copy(update={"sources": (source,)})
    assert resolve(golden, lambda _: frame, [same]).golden["phone"].to_list() == ["new"]


def test_survivorship_names_what_is_there(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match="no source has a column 'colour'"):
        resolve(_golden(survivorship={"colour": "longest"}), _tables().__getitem__)
    path = tmp_path / "people.yaml"
    path.write_text(
        "kind: golden\nasset: table/a/b\nsources: [{table: x.csv, id: a}]\ncompare: {name: }\notherwise: newest\n"
    )
    with pytest.raises(SourceError, match="no source names the column `newest`"):
        read_golden(path)


def test_types_that_do_not_meet_are_named() -> None:
    tables, shop = _tables(), _tables()["raw/shop/people"]
    tables["raw/crm/people"] = tables["raw/crm/people"].with_columns(points=True)
    for points, why in (
        (date(2024, 1, 1), "types in two sources that do not meet"),
        ([1, 2], "has no text to compare"),
    ):
        tables["raw/shop/people"] = shop.with_columns(points=pl.lit(points))
        with pytest.raises(SourceError, match=why):
            resolve(_golden(), tables.__getitem__)


def test_what_people_said_holds_and_is_measured() -> None:
    tables = _tables()
    ann = [Label(left="raw/crm/people:0", right="raw/shop/people:x0", same=False, by="ann", at="2024")]
    found = resolve(_golden(), tables.__getitem__, ann)
    entity = {f"{s}:{r}": e for e, s, r in found.links.rows()}
    assert entity["raw/crm/people:0"] != entity["raw/shop/people:x0"]
    score = found.linked.labelled  # the model, before that word was made to hold, thought otherwise
    assert score is not None and (score.found, score.true) == (1, 0)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"id": "nr"}, "no column 'nr'"),
        ({"id": "changed"}, "changed is missing or repeated"),
        ({"rename": {}}, "no column 'name' to compare"),
        ({"newest": "when"}, "no column 'when'"),
        ({"rename": {"full_name": "name", "phone": "tel"}}, "no column 'phone' to compare"),
        ({"newest": "", "rename": {"full_name": "name", "changed": "source"}}, "a column 'source' of its own"),
        (
            {"rename": {"full_name": "name", "changed": "phone"}},
            "two columns of raw/crm/people would be called 'phone'",
        ),
        ({"rename": {"full_name": "name", "id": "key"}}, "is the id and cannot be renamed"),
    ],
)
def test_a_wrong_source_is_named(change: dict[str, object], message: str) -> None:
    golden = _golden()
    source = golden.sources[0].model_copy(update=change)
    with pytest.raises(SourceError, match=message):
        resolve(golden.model_copy(update={"sources": (source, golden.sources[1])}), _tables().__getitem__)


def test_a_wrong_declaration_is_named(tmp_path: Path) -> None:
    path = tmp_path / "people.yaml"
    path.write_text("kind: golden\nasset: table/shop/x\nsources: [{table: raw/a/b, id: id}]\ncompare: {name: colour}\n")
    with pytest.raises(SourceError, match=r"people\.yaml: field compare\.name"):
        read_golden(path)
    path.write_text("kind: golden\nasset: nowhere\nsources: [{table: raw/a/b, id: id}]\ncompare: {name: }\n")
    with pytest.raises(SourceError, match=r"people\.yaml: field asset"):
        read_golden(path)
    path.write_text(
        "kind: golden\nasset: table/a/b\nsources: [{table: x.csv, id: a}, {table: x.csv, id: b}]\ncompare: {name: }\n"
    )
    with pytest.raises(SourceError, match="named twice"):
        read_golden(path)
    for wrong in (
        "sources: [{table: x.csv, id: no}]\ncompare: {name: }",
        "sources: [{table: x.csv, id: a}]\ncompare: {on: }",
    ):
        path.write_text(f"kind: golden\nasset: table/a/b\n{wrong}\n")
        with pytest.raises(SourceError, match="write it in quotes"):
            read_golden(path)


def test_labels_are_kept_and_the_last_word_counts(tmp_path: Path) -> None:
    path = labels_path(tmp_path / "people.yaml")
    judge(path, "a:1", "b:2", True, "ann")
    (ann,) = read_labels(path)
    judge(path, "b:2", "a:1", False, "bob", expected=state(ann))
    (label,) = read_labels(path)
    assert (label.left, label.right, label.same, label.by) == ("a:1", "b:2", False, "bob")
    with pytest.raises(SourceError, match="needs a person"):
        judge(path, "a:1", "a:1", True, "ann")
    with pytest.raises(ConflictError, match="judged this pair meanwhile"):
        judge(path, "a:1", "b:2", True, "ann", expected=state(ann))
    assert read_labels(path) == [label]
    path.write_text(path.read_text().replace("same: false", "same: perhaps"))
    with pytest.raises(SourceError, match=r"label 1: field same"):
        read_labels(path)
    for wrong in ("labels: 7", "7", "labels: {a: b}", "labels: [7]", "labels: ["):
        path.write_text(wrong)
        with pytest.raises(SourceError, match="people"):
            read_labels(path)
    path.write_text("labels:\n")
    assert read_labels(path) == []


def test_no_answer_of_several_people_at_once_is_lost(tmp_path: Path) -> None:
    path = tmp_path / "people.labels.yaml"
    with ThreadPoolExecutor(8) as people:
        list(people.map(lambda n: judge(path, f"a:{n}", f"b:{n}", True, "ann"), range(40)))
    assert len(read_labels(path)) == 40
