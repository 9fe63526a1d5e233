"""Mapping tables and imputed values give what the native plan gives."""

import polars as pl
import pytest

from assets.kettle.errors import KettleError
from assets.kettle.generate.imputed import constant_part, imputed_part
from assets.kettle.generate.joins import Key
from assets.kettle.generate.mappings import mapper_part
from assets.kettle.generate.place import Between
from assets.kettle.values.fields import ValueType
from tests.assets.kettle.generate.helpers import Table, base, run, source, with_part

STATES: Table = ({"id": "Integer", "s": "String"}, [(1, "CA"), (2, "NY"), (3, None), (4, "ZZ"), (5, "ca"), (6, "")])


@pytest.mark.covers("DATA-046")
@pytest.mark.parametrize("target", ["", "region"])
def test_values_are_mapped_with_a_default(target: str) -> None:
    mapping = {"CA": "WEST", "NY": "EAST", None: "NONE"}
    part = mapper_part("m", "s", mapping, target=target, default="OTHER")
    out = run(with_part(base(STATES), part, Between("in", "out")))
    native = pl.Series([row[1] or None for row in STATES[1]]).replace_strict(mapping, default="OTHER").to_list()
    assert out.column("out", target or "s") == native == ["WEST", "EAST", "NONE", "OTHER", "OTHER", "NONE"]


@pytest.mark.covers("DATA-046")
def test_without_a_default_values_stay_or_are_null() -> None:
    kept = run(with_part(base(STATES), mapper_part("m", "s", {"CA": "WEST"}), Between("in", "out")))
    assert kept.column("out", "s") == ["WEST", "NY", None, "ZZ", "ca", None]
    new = run(with_part(base(STATES), mapper_part("m", "s", {"CA": "W", "NY": None}, target="r"), Between("in", "out")))
    assert new.column("out", "r") == ["W", None, None, None, None, None]
    defaulted = mapper_part("m", "s", {"CA": "W"}, target="r", default="OTHER")
    assert run(with_part(base(STATES), defaulted, Between("in", "out"))).column("out", "r") == [
        "W",
        "OTHER",
        None,
        "OTHER",
        "OTHER",
        None,
    ]


@pytest.mark.parametrize("mapping", [{}, {None: "a", "": "b"}, {"a": "${HOME}"}])
def test_mappings_that_mean_something_else_are_refused(mapping: dict[str | None, str | None]) -> None:
    with pytest.raises(KettleError):
        mapper_part("m", "s", mapping)


VALUES = [(1, "a", 1.5), (2, None, None), (3, "c", None), (4, "", 0.0), (5, None, 2.0), (None, None, None)]
PATIENTS: Table = ({"id": "Integer", "s": "String", "x": "Number"}, VALUES)
IMPUTED: Table = (
    {"pid": "Integer", "x": "Number", "s": "String"},
    [(5, 9.0, "five"), (2, 7.25, "two"), (None, 1.0, "void")],
)


@pytest.mark.parametrize(("field", "kind"), [("x", ValueType.NUMBER), ("s", ValueType.STRING)])
def test_imputed_values_fill_nulls_by_key_with_a_flag(field: str, kind: ValueType) -> None:
    flow = source(base(PATIENTS), "imputed", IMPUTED)
    key = Key("id", "pid", ValueType.INTEGER, ValueType.INTEGER)
    out = run(with_part(flow, imputed_part("i", "imputed", [key], field, kind), Between("in", "out")))
    left = pl.DataFrame(VALUES, schema=["id", "s", "x"], orient="row").with_columns(pl.col("s").replace("", None))
    right = pl.DataFrame(IMPUTED[1], schema=["pid", "x", "s"], orient="row").select("pid", new=field)
    wanted = left.join(right, left_on="id", right_on="pid", how="left", maintain_order="left")
    filled = pl.col(field).is_null() & pl.col("new").is_not_null()
    assert [v or None if kind is ValueType.STRING else v for v in out.column("out", field)] == wanted.select(
        pl.coalesce(field, "new")
    ).to_series().to_list()
    assert (
        out.column("out", f"{field}_imputed")
        == wanted.select(pl.when(filled).then(pl.lit("Y")).otherwise(pl.lit("N"))).to_series().to_list()
    )
    assert out.layouts["out"] == ["id", "s", "x", f"{field}_imputed"]


def test_constants_fill_nulls_with_a_flag() -> None:
    model = with_part(base(PATIENTS), constant_part("c", "x", "0.5"), Between("in", "out"))
    assert "IfNull" in {step.type for step in model.steps.values()}
    out = run(model)
    assert out.column("out", "x") == [1.5, 0.5, 0.5, 0.0, 2.0, 0.5]
    assert out.column("out", "x_imputed") == ["N", "Y", "Y", "N", "N", "Y"]
    with pytest.raises(KettleError, match="filled with nothing"):
        constant_part("c", "x", "")
