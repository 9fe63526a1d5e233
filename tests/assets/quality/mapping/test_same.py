"""Each transform in polars, in DuckDB's SQL and as Kettle steps gives the same rows and the same rejects."""

import datetime as dt
import random
import re
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb
import polars as pl
import pytest
from polars.testing import assert_frame_equal
from sqlglot import exp

from assets.kettle.files.read import read_transformation
from assets.kettle.files.write import to_bytes
from assets.quality.mapping.apply import REASONS, ROW, apply, fitted, write
from assets.quality.mapping.model import FieldMap, Mapping_
from assets.quality.mapping.sql import select
from assets.quality.mapping.suggest import suggest
from assets.quality.mapping.to_kettle import merged
from core.errors import SourceError
from tests.assets.kettle.generate.helpers import base, run
from tests.assets.quality.mapping.made import accepted, tables

TEXTS = [
    *(None, "1", "007", " 42 ", "1,234.50", "1.234,50", "-3.5e2", "+8", ".5", "5.", "abc", "¥12", "30 %", "1 000"),
    *("31/02/2020", "1/2/1990", "29/02/2024", "2024-01-31 23:59:00", "20240131", "2024年1月3日", "3-Feb-2024"),
    *(
        "Ann Smith",
        "Ann  van Dyk ",
        "a,b,,c",
        ",",
        "x@y.com",
        "(010) 123",
        "A-b_C",
        "ＡＢＣ１２",
        "Ä ö",
        "yes",
        "否",
        "M",
        "a--b-",
    ),
    "广东省深圳市南山区科技路1号",
]
KINDS = {pl.Int64: "Integer", pl.Float64: "Number", pl.String: "String"}
CASES: list[tuple[str, list[str], dict[str, Any], bool]] = [
    ("copy", ["s"], {}, True),
    ("cast", ["s"], {"to": "integer"}, True),
    ("cast", ["s"], {"to": "number", "group": ",", "signs": True}, True),
    ("cast", ["s"], {"to": "number", "group": ".", "decimal": ","}, True),
    ("cast", ["s"], {"to": "boolean"}, True),
    ("cast", ["s"], {"to": "text"}, True),
    ("cast", ["i"], {"to": "text"}, True),
    ("cast", ["i"], {"to": "number"}, True),
    ("cast", ["x"], {"to": "integer"}, False),
    ("date", ["s"], {"source": "%d/%m/%Y"}, True),
    ("date", ["s"], {"source": "%Y-%m-%d %H:%M:%S", "target": "datetime"}, True),
    ("date", ["s"], {"source": "%d/%m/%Y", "target": "%Y%m%d"}, True),
    ("date", ["s"], {"source": "%Y年%m月%d日"}, True),
    ("date", ["s"], {"source": "%d-%b-%Y"}, True),
    ("date", ["i"], {"source": "seconds", "target": "datetime"}, False),
    ("unit", ["x"], {"factor": 2.54}, True),
    ("unit", ["i"], {"factor": 1.8, "offset": 32.0}, True),
    ("unit", ["s"], {"factor": 2.0}, False),
    ("codes", ["i"], {"values": {"1": "男", "2": "女"}}, True),
    ("codes", ["s"], {"values": {"M": "male", "yes": "y"}, "default": "other"}, True),
    *(
        ("normalise", ["s"], {"forms": [f]}, True)
        for f in ("trim", "upper", "lower", "collapse", "no_blanks", "digits")
    ),
    ("normalise", ["s"], {"forms": ["no_separators", "lower"]}, True),
    ("normalise", ["s"], {"forms": ["width", "upper"]}, False),
    ("extract", ["s"], {"pattern": r"([0-9]+)"}, True),
    ("extract", ["s"], {"pattern": r"@([^@ ]+)$"}, True),
    ("extract", ["s"], {"pattern": r"((?:a+)+)$"}, False),
    ("extract", ["s"], {"pattern": r"^([A-Za-z]+)"}, True),
    ("extract", ["s"], {"pattern": r"(?:市|省)([^省市区县]{1,8}?(?:区|县|旗))"}, True),
    ("split", ["s"], {"separator": ",", "part": 0}, True),
    ("split", ["s"], {"separator": ",", "part": 2}, True),
    ("split", ["s"], {"separator": " ", "part": -1}, True),
    ("split", ["s"], {"separator": " ", "part": 1, "rest": True}, True),
    ("split", ["s"], {"separator": " ", "part": 0, "rest": True}, True),
    ("split", ["s"], {"separator": ",", "part": -1, "rest": True}, True),
    ("merge", ["s", "t"], {"separator": "-"}, True),
    *(("merge", ["s", "none", "t"], {"separator": sign}, True) for sign in ("$1", "\\1", "|", "\\&")),
    ("merge", ["s", "i", "t"], {"separator": ", "}, True),
    ("merge", ["i", "t"], {}, True),
    *(("arithmetic", ["x", "i"], {"operator": o}, o != "/") for o in "+-*/"),
    ("constant", [], {"value": "CN"}, True),
    ("constant", [], {"value": 3}, True),
    ("constant", [], {}, True),
]


def source(seed: int = 0, count: int = 150) -> pl.DataFrame:
    pick = random.Random(seed)
    texts = TEXTS * (count // len(TEXTS) + 1)
    return pl.DataFrame(
        {
            "i": [pick.choice([None, 0, 1, 2, 9, -7, 20240131, 1_700_000_000]) for _ in range(count)],
            "x": [pick.choice([None, 0.0, 1.5, -2.25, 1e6, 3.0]) for _ in range(count)],
            "s": texts[:count],
            "none": pl.Series([None] * count, dtype=pl.String),
            "t": [pick.choice([None, "a", " b ", "c-d"]) for _ in range(count)],
        }
    )


def one(kind: str, sources: list[str], params: dict[str, Any], **others: Any) -> Mapping_:
    field = FieldMap(target="made", sources=tuple(sources), transform=kind, params=params, status="accepted")
    keep = FieldMap(target="n", sources=("i",), transform="copy", status="accepted")
    return Mapping_(name="m", source="s", target="t", fields=(field, keep), **others)


def in_sql(mapping: Mapping_, frame: pl.DataFrame) -> list[pl.DataFrame]:
    with duckdb.connect() as database:
        database.register("source", frame.to_arrow())
        queries = (q.sql(dialect="duckdb") for q in select(mapping, frame.schema, exp.to_table("source")))
        return [pl.DataFrame(database.sql(q).to_arrow_table()) for q in queries]


def plain(rows: list[tuple[Any, ...]]) -> list[tuple[Any, ...]]:
    """Dates as moments, as Kettle has them; an empty text as null, as Kettle has it; in one order."""

    def value(v: Any) -> Any:
        if isinstance(v, dt.date) and not isinstance(v, dt.datetime):
            return dt.datetime(v.year, v.month, v.day)
        return None if v == "" else v

    return sorted((tuple(map(value, row)) for row in rows), key=repr)


@pytest.mark.parametrize("failing", ["row", "cell"])
@pytest.mark.parametrize(("kind", "sources", "params", "kettle"), CASES, ids=lambda v: str(v)[:40])
def test_polars_sql_and_kettle_agree(
    kind: str, sources: list[str], params: dict[str, Any], kettle: bool, failing: Any
) -> None:
    frame, mapping = source(), one(kind, sources, params, failing=failing)
    made = apply(mapping, frame.lazy())
    rows, rejects = made.rows.collect(), made.rejects.collect()
    assert len(rows) + (len(rejects) if failing == "row" else 0) == len(frame)
    sql = in_sql(mapping, frame)
    assert_frame_equal(rows, sql[0], check_dtypes=False)
    assert_frame_equal(rejects.drop(ROW), sql[1], check_dtypes=False)
    flow = base(({name: KINDS[type(dtype)] for name, dtype in frame.schema.items()}, frame.rows()))
    steps = merged(flow.model, mapping, "in")
    assert (steps.left_out == ()) is kettle
    if kettle:
        out = run(read_transformation(to_bytes(steps.model)))
        assert plain(out.rows("out")) == plain(rows.rows())
        if "m: rejected" in steps.model.steps:
            gone = [row[: frame.width] for row in out.rows("m: rejected")]
            assert plain(gone) == plain(rejects.drop(ROW, REASONS).rows())
        assert to_bytes(merged(steps.model, mapping, "in").model) == to_bytes(steps.model)


@pytest.mark.covers("DATA-041")
def test_a_whole_mapping_from_proposal_to_kettle(tmp_path: Path) -> None:
    old, new = tables()
    mapping = accepted(suggest("m", ("old", old), ("new", new)))
    bad = old.head(3).with_columns(birth=pl.lit("31/02/2020"), xb=pl.Series([1, 7, 2]))
    frame = pl.concat([old, bad])
    counts = write(mapping, frame.lazy(), tmp_path / "rows.parquet", tmp_path / "rejects.parquet")
    assert (counts.source, counts.rows, counts.rejects) == (203, 200, 3)
    rows = pl.read_parquet(tmp_path / "rows.parquet")
    goal = new.with_columns(fax=pl.lit(None, pl.String))
    assert_frame_equal(rows.select(goal.columns), goal, abs_tol=0.006, check_dtypes=False)
    assert rows["gender"].to_list() == new["gender"].to_list()
    why = pl.read_parquet(tmp_path / "rejects.parquet")
    assert why[ROW].to_list() == [200, 201, 202]
    assert why[REASONS][1].startswith("gender: is none of the known codes; birth_date: is no date in the format")
    assert_frame_equal(rows, in_sql(mapping, frame)[0], check_dtypes=False)
    flow = base(({name: KINDS[type(dtype)] for name, dtype in frame.schema.items()}, frame.rows()))
    steps = merged(flow.model, mapping, "in")
    assert steps.left_out == ()
    kinds = {step.type for step in steps.model.steps.values()}
    assert kinds >= {"SelectValues", "ValueMapper", "Calculator", "ConcatFields", "FieldSplitter", "RegexEval"}
    out = run(read_transformation(to_bytes(steps.model)))
    assert plain(out.rows("out")) == plain(rows.rows())
    assert len(out.rows("m: rejected")) == 3


def test_what_does_not_fit_is_told() -> None:
    frame = source().lazy()
    with pytest.raises(SourceError, match="there is no column 'nope'"):
        apply(one("copy", ["nope"], {}), frame)
    with pytest.raises(SourceError, match="no field is accepted"):
        apply(Mapping_(name="m", source="s", target="t"), frame)
    with pytest.raises(SourceError, match="rename it"):
        apply(one("copy", ["i"], {}), frame.with_row_index(ROW))


def test_nothing_is_left_of_a_run_that_fails(tmp_path: Path) -> None:
    into = tmp_path / "rows.parquet"
    into.write_text("as it was")
    broken = pl.scan_csv(tmp_path / "gone.csv")
    with pytest.raises((SourceError, FileNotFoundError, pl.exceptions.PolarsError)):
        write(one("copy", ["i"], {}), broken, into, tmp_path / "rejects.parquet")
    assert into.read_text() == "as it was" and sorted(p.name for p in tmp_path.iterdir()) == ["rows.parquet"]


VALUES: dict[str, list[Any]] = {
    "time": [dt.time(1, 2), None],
    "duration": [dt.timedelta(hours=1), None],
    "date": [dt.date(2024, 2, 29), None],
    "moment": [dt.datetime(2024, 2, 29, 1, 2, 3), None],
    "zoned": [dt.datetime(2024, 2, 29, 1, tzinfo=dt.UTC), None],
    "flag": [True, None],
    "list": [[1, 2], None],
    "struct": [{"x": 1}, None],
    "binary": [b"\xff", None],
    "decimal": [Decimal("1.50"), None],
    "nothing": [None, None],
    "cat": ["1", None],
}


@pytest.mark.parametrize("column", VALUES)
def test_what_an_edit_accepts_runs_whatever_the_type(column: str) -> None:
    frame = pl.DataFrame({column: VALUES[column], "i": [1, 2]})
    frame = frame.with_columns(pl.col(column).cast(pl.Categorical)) if column == "cat" else frame
    ran = 0
    for kind, sources, params, _ in CASES:
        made = one(kind, [column] * len(sources), params)
        try:
            fitted(made.fields[0], frame.schema, "m")
        except SourceError as error:
            assert re.search("does not fit|no date|no day|only copy takes", str(error))
            continue
        assert len(apply(made, frame.lazy()).rows.collect()) <= 2
        ran += 1
    assert ran >= (4 if column in ("list", "struct", "binary", "duration") else 20)


def test_a_list_is_copied_into_parquet_and_refused_for_csv(tmp_path: Path) -> None:
    frame = pl.DataFrame({"l": [[1], [2, 3]], "i": [1, 2]}).lazy()
    (tmp_path / "x.csv").write_text("former")
    with pytest.raises(SourceError, match="'made' has values that CSV has no form for"):
        write(one("copy", ["l"], {}), frame, tmp_path / "x.csv", tmp_path / "r.csv")
    assert (tmp_path / "x.csv").read_text() == "former"
    write(one("copy", ["l"], {}), frame, tmp_path / "x.parquet", tmp_path / "r.parquet")
    assert pl.read_parquet(tmp_path / "x.parquet")["made"].to_list() == [[1], [2, 3]]
