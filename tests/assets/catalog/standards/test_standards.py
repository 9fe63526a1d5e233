"""Standards: proposed from data, kept in files, and violations counted exactly by real engines."""

from pathlib import Path

import duckdb
import pytest
from sqlalchemy import create_engine
from sqlglot import exp

from assets.catalog.model import Base, ColumnInfo, Meaning, Profile, Top
from assets.catalog.standards.codes import against, propose
from assets.catalog.standards.compliance import query, read, rules
from assets.catalog.standards.model import CodeTable, Place, Standard, write
from assets.catalog.standards.propose import Field, expression, naming, standards
from assets.documents import read as read_file
from core.errors import SourceError

SEX = CodeTable.model_validate(
    {
        "name": "sex",
        "meanings": ["gender"],
        "codes": [
            {"code": 1, "en": "male", "zh": "男性", "aliases": ["m", "男"]},
            {"code": 2, "en": "female", "zh": "女性", "aliases": ["f", "女"]},
        ],
    }
)
CODES = {"sex": SEX}


def top(**counts: int) -> tuple[Top, ...]:
    return tuple(Top(value=v, count=n) for v, n in counts.items())


def field(name: str, base: Base, profile: Profile, meaning: str = "") -> Field:
    found = Meaning(type=meaning, confidence=0.9) if meaning else None
    return Field("table/shop/users", ColumnInfo(name=name, type=base.value, base=base), profile, found)


def test_fields_of_one_meaning_share_a_proposal() -> None:
    shapes = (Top(value="9{11}", count=97), Top(value="9{3}-9{8}", count=3))
    mobile = Profile(rows=100, distinct=100, patterns=shapes, lengths=(11, 12))
    found = standards(
        [field("tel", Base.TEXT, mobile, "cn_mobile"), field("手机", Base.TEXT, mobile, "cn_mobile")], CODES
    )
    assert [(s.name, s.pattern, s.required, s.status) for s in found] == [("cn_mobile", "[0-9]{11}", True, "proposed")]
    assert {p.column for p in found[0].columns} == {"tel", "手机"}
    assert "97.0% of the values have the shape 9{11}" in found[0].evidence


@pytest.mark.covers("DATA-020")
def test_a_code_set_is_found_with_and_without_a_meaning() -> None:
    words = Profile(rows=10, distinct=3, top=top(男=4, F=3, m=3))
    digits = Profile(rows=10, distinct=2, top=(Top(value="1", count=5), Top(value="2", count=5)))
    found = standards([field("sex", Base.TEXT, words), field("flag", Base.INTEGER, digits)], CODES)
    assert [(s.name, s.codes) for s in found] == [("users_sex", "sex")]  # digits alone say nothing
    meant = standards([field("flag", Base.INTEGER, digits, "gender")], CODES)
    assert [(s.name, s.codes) for s in meant] == [("gender", "sex")]


@pytest.mark.covers("DATA-020")
def test_codes_are_unified_and_deviations_listed() -> None:
    found = against({"1": 5, "Ｆ": 2, " 男 ": 3, "2.0": 1, "x": 4, "unknown": 1}, SEX)
    assert {(m.value, m.code, m.how) for m in found.mapped} == {
        ("1", "1", "code"), ("Ｆ", "2", "alias"), (" 男 ", "1", "alias"), ("2.0", "2", "code"),
    }  # fmt: skip
    assert found.deviations == (("x", 4), ("unknown", 1))
    assert (found.share, found.as_is) == (11 / 16, 5 / 16)
    assert propose({"M": 1, "F": 1, "zzz": 9}, "gender", [SEX]) is None


PLANTED = Standard(
    name="code",
    pattern=expression("A{2}-9{3}.a"),
    lengths=(8, 8),
    required=True,
    columns=(Place(asset="table/a/b", column="c"),),
)
ROWS = [("AB-123.x",)] * 5 + [("ab-123.x",)] * 3 + [("AB-1234.x",)] * 2 + [(None,)] * 4


def demands() -> list[object]:
    amount = Standard(name="amount", range=(0, 100))
    sex = Standard(name="sex", codes="sex")
    return [*rules(PLANTED, 'od"d 列', {}), *rules(amount, "n", {}), *rules(sex, "s", CODES)]


def expected() -> dict[str, tuple[int, dict[str, int], int]]:
    return {
        "code": (14, {"required": 4, "pattern": 5, "lengths": 2}, 9),
        "amount": (13, {"range": 2}, 2),
        "sex": (14, {"codes": 3}, 3),
    }


def fill(execute: object) -> None:
    execute('create table "t 1" ("od""d 列" varchar(20), n double precision, s varchar(5))')  # type: ignore[operator]
    for i, (text,) in enumerate(ROWS):
        number = "null" if i == 0 else str({1: -1, 2: 101}.get(i, 100))
        value = "null" if text is None else f"'{text}'"
        execute(f"insert into \"t 1\" values ({value}, {number}, '{'x' if i < 3 else 1 + i % 2}')")  # type: ignore[operator]


@pytest.mark.covers("DATA-019")
def test_planted_violations_are_counted_exactly_by_duckdb() -> None:
    with duckdb.connect() as connection:
        fill(connection.execute)
        sql = query(exp.to_table('"t 1"'), demands(), "duckdb")  # type: ignore[arg-type]
        found = connection.execute(sql)
        row = dict(zip([c[0] for c in found.description], found.fetchone(), strict=True))
    assert {c.standard: (c.rows, c.violations, c.broken_rows) for c in read(row, demands())} == expected()  # type: ignore[arg-type]


@pytest.mark.covers("DATA-019")
def test_planted_violations_are_counted_exactly_by_postgres(postgres_url: str) -> None:
    engine = create_engine(postgres_url)
    with engine.begin() as connection:
        fill(connection.exec_driver_sql)
        sql = query(exp.to_table('"t 1"'), demands(), "postgres")  # type: ignore[arg-type]
        row = dict(connection.exec_driver_sql(sql.replace("%", "%%")).mappings().one())
    engine.dispose()
    found = read(row, demands())  # type: ignore[arg-type]
    assert {c.standard: (c.rows, c.violations, c.broken_rows) for c in found} == expected()
    assert found[0].share == pytest.approx(5 / 14)


def test_the_usual_spelling_of_names_and_what_deviates() -> None:
    found = naming([("t", "user_id"), ("t", "name"), ("u", "CreatedAt"), ("u", "order_no")])
    assert found and (found.style, found.deviations) == ("snake_case", (("u", "CreatedAt"),))


def test_files_come_back_and_mistakes_name_file_and_field(tmp_path: Path) -> None:
    path = write(tmp_path, PLANTED)
    assert read_file(path, Standard) == PLANTED
    for text, said in (
        ("name: a\npattern: '('\n", "field pattern: is no regular expression"),
        ("name: a\npattern: '(?=x)'\n", "field pattern: has look-around"),
        ("name: a\n", "demands nothing"),
        ("name: b\nrequired: true\n", "is not the file's name"),
        ("name: a\nrequired: true\nkeeper: x\n", "field keeper"),
        ("name: [", "cannot be read"),
    ):
        bad = tmp_path / "a.yaml"
        bad.write_text(text)
        with pytest.raises(SourceError, match=said):
            read_file(bad, Standard)


@pytest.mark.covers("DATA-020")
def test_the_supplied_code_table_reads_what_people_write() -> None:
    supplied = read_file(Path("examples/catalog/codes/cn_gender.yaml"), CodeTable)
    found = against({"男": 1, "女": 1, "M": 1, "F": 1, "1": 1, "2": 1, "male": 1}, supplied)
    assert found.share == 1.0 and {m.code for m in found.mapped} == {"1", "2"}
