"""A mapping in the SQL of each warehouse gives what the polars plan gives, run on real ones."""

import datetime as dt
from collections.abc import Sequence
from itertools import starmap
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from polars.testing import assert_frame_equal
from sqlglot import exp

from assets.quality.mapping.apply import ROW, apply
from assets.quality.mapping.model import FieldMap, Mapping_
from assets.quality.mapping.sql import doubtful, select, written
from assets.quality.mapping.transforms.extract import KNOWN
from core.errors import SourceError
from core.naming import TableName
from resources.open import adapter
from resources.ports import Warehouse
from tests.assets.quality.mapping.test_same import CASES, source

TABLE = TableName("raw_shop", "source")
PARTS = [
    *("广东省深圳市南山区科技路1号", "广西壮族自治区南宁市青秀区民族大道2号", "北京市朝阳区建国路3号"),
    *(
        "新疆维吾尔自治区",
        "香港特别行政区",
        "内蒙古自治区锡林郭勒盟二连浩特市",
        "浙江省杭州市",
        "a@b.com",
        "x y@z.org ",
    ),
    *("(010) 1234", "010-99", "Name (abbr.)", "名称（简称）", "in 1999, 200100", "12.5 kg"),
    *("no\nnew 2024-01-31 10:20:30 line", "", "ABC123def456", None),
]


@pytest.fixture(params=["duckdb", "postgres"])
def engine(request: pytest.FixtureRequest, tmp_path: Path) -> Warehouse:
    url = f"duckdb:///{tmp_path}/w.duckdb" if request.param == "duckdb" else request.getfixturevalue("postgres_url")
    found: Warehouse = adapter("warehouse", url).from_url(url, "1GB")
    return found


def field(number: int, case: tuple[Any, ...]) -> FieldMap:
    kind, sources, params = case[:3]
    return FieldMap(target=f"made{number}", sources=sources, transform=kind, params=params, status="accepted")


def same(engine: Warehouse, frame: pl.DataFrame, cases: Sequence[tuple[Any, ...]]) -> None:
    """Rows and rejects of both ways, of all cases at once, in the order of the rows."""
    engine.write(TABLE, frame)
    fields = (FieldMap(target="id", sources=("id",), status="accepted"), *starmap(field, enumerate(cases)))
    mapping = Mapping_(name="m", source="s", target="t", fields=fields, failing="cell")
    native = apply(mapping, frame.lazy())
    queries = select(mapping, frame.schema, exp.table_(TABLE.name, db=TABLE.schema, quoted=True))
    for plan, query in zip((native.rows, native.rejects.drop(ROW)), queries, strict=True):
        wanted = plan.collect()
        got = engine.query(written(query, engine.dialect)).sort("id")
        assert_frame_equal(got.select(pl.col(n).cast(wanted.schema[n]) for n in got.columns), wanted, rel_tol=1e-12)


def test_every_transform_on_hostile_values(engine: Warehouse) -> None:
    frame = source().with_columns(id=pl.int_range(pl.len()))
    same(engine, frame, CASES)


def test_other_types(engine: Warehouse) -> None:
    moments = [dt.datetime(2024, 1, 31, 23, 59), dt.datetime(1969, 12, 31, 0, 0, 0, 500_000), None]
    frame = pl.DataFrame(
        {
            "id": [0, 1, 2],
            "m": moments,
            "d": [dt.date(2024, 2, 29), dt.date(1, 1, 1), None],
            "b": [True, False, None],
            "x": [1e300, -0.5, None],
            "z": [1e15, 12.25, float("inf")],
            "big": ["1e999", "1" * 300, "9" * 19],
        }
    )
    cases = [
        ("cast", ["m"], {"to": "text"}), ("cast", ["d"], {"to": "text"}), ("cast", ["b"], {"to": "text"}),
        ("cast", ["b"], {"to": "number"}), ("cast", ["b"], {"to": "integer"}), ("cast", ["x"], {"to": "integer"}),
        ("cast", ["z"], {"to": "integer"}), ("cast", ["big"], {"to": "number"}), ("cast", ["big"], {"to": "integer"}),
        ("date", ["m"], {"target": "date"}), ("date", ["d"], {"target": "datetime"}),
        ("date", ["m"], {"target": '%d.%m.%Y "%H" \\ YYYY %b'}), ("date", ["z"], {"source": "seconds"}),
        ("date", ["x"], {"source": "milliseconds"}), ("date", ["id"], {"source": "seconds", "target": "datetime"}),
        ("extract", ["m"], {"pattern": "([0-9]+:[0-9]+)"}), ("constant", [], {"value": 1.5}),
        ("constant", [], {"value": True}), ("constant", [], {"value": "O'Brien \\ \n %s {x}"}),
    ]  # fmt: skip
    same(engine, frame, cases)


def test_known_parts(engine: Warehouse) -> None:
    frame = pl.DataFrame({"id": range(len(PARTS)), "s": PARTS})
    same(engine, frame, [("extract", ["s"], {"pattern": pattern}) for pattern in KNOWN.values()])


@pytest.mark.parametrize("pattern", [r"(\p{Han}+)", r"((?i:a)b)", r"([[:alpha:]]+)", r"([a-z&&[^b]]+)"])
def test_what_postgresql_reads_otherwise_is_refused(pattern: str) -> None:
    mapping = Mapping_(name="m", source="s", target="t", fields=(field(0, ("extract", ["s"], {"pattern": pattern})),))
    query = select(mapping, {"s": pl.String()}, exp.to_table("t"))[0]
    assert "regexp_extract" in written(query, "duckdb").lower()
    with pytest.raises(SourceError, match="PostgreSQL cannot read"):
        written(query, "postgres")


@pytest.mark.parametrize(
    ("pattern", "other"), [("(a|ab)", True), ("([^|]*?)x", True), ("(a*)(?:ab)?", True), (r"([a-z|?]+\?)x?", False)]
)
def test_patterns_that_postgresql_may_prefer_otherwise(pattern: str, other: bool) -> None:
    mapping = Mapping_(name="m", source="s", target="t", fields=(field(0, ("extract", ["s"], {"pattern": pattern})),))
    assert doubtful(mapping, "postgres") == (["made0"] if other else []) and doubtful(mapping, "duckdb") == []
