"""Differences of versions: what changed, whom it breaks, and nothing else."""

import random

import polars as pl
import pytest

from assets.catalog.changes.diff import What, of_entries, of_scans
from assets.catalog.changes.entry import TableEntry, document, entry
from assets.catalog.changes.widening import widens
from assets.catalog.model import Base, ColumnInfo, ForeignKey, Meaning, ScannedTable, TableInfo
from tests.assets.catalog.changes.made import scanned

RANDOM = random.Random(5)
PEOPLE = pl.DataFrame(
    {
        "id": range(200),
        "name": [f"{RANDOM.choice('ABCDEFG')}{RANDOM.randrange(10_000)}" for _ in range(200)],
        "city": [RANDOM.choice(["Oslo", "Wien", "上海", "Bern"]) for _ in range(200)],
        "age": [RANDOM.randrange(18, 90) for _ in range(200)],
        "spent": [RANDOM.random() * 1000 for _ in range(200)],
    }
)


def told(before: pl.DataFrame, after: pl.DataFrame) -> list[tuple[What, str, str]]:
    found = of_scans([scanned("people", before)], [scanned("people", after)])
    return [(d.what, d.column, d.after) for d in found]


def test_the_same_scan_differs_in_nothing() -> None:
    assert told(PEOPLE, PEOPLE) == []


def test_a_renamed_column_is_found_by_its_values_also_when_rows_came() -> None:
    more = PEOPLE.vstack(PEOPLE.sample(20, seed=1).with_columns(id=pl.Series(range(200, 220)))).rename({"city": "f7"})
    assert told(PEOPLE, more) == [(What.COLUMN_RENAMED, "city", "f7")]


def test_two_renames_at_once_are_not_mixed_up() -> None:
    after = PEOPLE.rename({"city": "a", "name": "b"})
    assert {t[1:] for t in told(PEOPLE, after)} == {("city", "a"), ("name", "b")}


def test_another_column_in_the_place_of_a_dropped_one_is_no_rename() -> None:
    after = PEOPLE.drop("spent").with_columns(weight=pl.Series([RANDOM.randrange(40, 60) for _ in range(200)]))
    assert {t[0] for t in told(PEOPLE, after)} == {What.COLUMN_REMOVED, What.COLUMN_ADDED}


def test_an_empty_table_is_compared_by_names() -> None:
    none = PEOPLE.clear()
    assert told(none, none.rename({"name": "full_name"})) == [(What.COLUMN_RENAMED, "name", "full_name")]
    assert len(told(none, none.rename({"name": "zzz"}).select("id", "city", "age", "spent", "zzz"))) == 2


def test_tables_that_came_went_and_were_renamed() -> None:
    orders = pl.DataFrame({"order_no": [1], "customer": [2], "total": [3.0]})
    before = [scanned("people", PEOPLE), scanned("orders", orders), scanned("old", pl.DataFrame({"x": [1]}))]
    after = [scanned("persons", PEOPLE), scanned("orders", orders), scanned("fresh", pl.DataFrame({"q": ["a"]}))]
    found = {(d.what, d.table, d.after, d.breaks) for d in of_scans(before, after)}
    assert found == {
        (What.TABLE_RENAMED, "people", "persons", "readers"),
        (What.TABLE_REMOVED, "old", "", "readers"),
        (What.TABLE_ADDED, "fresh", "", ""),
    }


def column(type_: str, base: Base, **fields: object) -> ColumnInfo:
    return ColumnInfo(name="c", type=type_, base=base, place=1, **fields)


@pytest.mark.parametrize(
    ("before", "after", "base", "wider"),
    [
        ("INTEGER", "BIGINT", Base.INTEGER, True),
        ("bigint", "integer", Base.INTEGER, False),
        ("int unsigned", "int", Base.INTEGER, False),
        ("varchar(20)", "varchar(50)", Base.TEXT, True),
        ("varchar(20)", "text", Base.TEXT, True),
        ("text", "varchar(20)", Base.TEXT, False),
        ("decimal(10,2)", "decimal(12,2)", Base.NUMBER, True),
        ("decimal(10,2)", "decimal(10,4)", Base.NUMBER, False),
        ("real", "double precision", Base.NUMBER, True),
        ("integer", "double", Base.INTEGER, False),
        ("date", "timestamp", Base.DATE, False),
        ("enum('a')", "enum('a')", Base.TEXT, True),
    ],
)
def test_wider_types_break_nobody(before: str, after: str, base: Base, wider: bool) -> None:
    assert widens(column(before, base), column(after, base)) is wider


def entry_of(*columns: ColumnInfo, **fields: object) -> TableEntry:
    return TableEntry(table=TableInfo(name="t", columns=columns, **fields))


def test_who_is_broken_by_what() -> None:
    text = column("varchar(9)", Base.TEXT)
    before = entry_of(text, primary_key=("c",))
    after = entry_of(
        text.model_copy(update={"type": "varchar(5)", "nullable": False, "comment": "x"}),
        ColumnInfo(name="d", type="int", base=Base.INTEGER, nullable=False),
        ColumnInfo(name="e", type="int", base=Base.INTEGER, nullable=False, default="0"),
        foreign_keys=(ForeignKey(columns=("d",), table="u", targets=("id",)),),
    )
    assert {(d.what, d.column, d.breaks) for d in of_entries(before, after)} == {
        (What.TYPE, "c", "readers"),
        (What.NULLABLE, "c", "writers"),
        (What.COMMENT, "c", ""),
        (What.COLUMN_ADDED, "d", "writers"),
        (What.COLUMN_ADDED, "e", ""),
        (What.PRIMARY_KEY, "", "readers"),
        (What.FOREIGN_KEYS, "", ""),
    }


def test_what_people_wrote_survives_a_scan_and_is_versioned() -> None:
    mine = Meaning(type="order_no", confidence=1.0, by="user")
    former = entry_of(column("text", Base.TEXT)).model_copy(
        update={"meanings": {"c": mine, "gone": mine}, "columns": {"c": "mine", "gone": "x"}, "owner": "team:a"}
    )
    found = ScannedTable(table=former.table, meanings={"c": Meaning(type="cn_mobile", confidence=0.9)})
    after = entry(found, former)
    assert (after.meanings, after.columns, after.owner) == ({"c": mine}, {"c": "mine"}, "team:a")
    changed = of_entries(after, after.model_copy(update={"owner": "team:b", "tags": ("pii",), "columns": {"c": "y"}}))
    assert [(d.what, d.column, d.before, d.after) for d in changed] == [
        (What.DESCRIPTION, "c", "mine", "y"),
        (What.OWNER, "", "team:a", "team:b"),
        (What.TAGS, "", "", "pii"),
    ]


def test_measurements_and_a_trembling_confidence_are_no_new_version() -> None:
    one = scanned("people", PEOPLE).model_copy(update={"meanings": {"city": Meaning(type="city", confidence=0.91)}})
    two = scanned("people", PEOPLE.head(7), changed="2026-01-01", size=9).model_copy(
        update={"meanings": {"city": Meaning(type="city", confidence=0.93)}}
    )
    first = entry(one)
    assert document(entry(two, first)) == document(first)
