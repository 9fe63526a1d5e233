"""A dependency that is proposed changes the proposed cells when it is applied, and no others."""

from pathlib import Path

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from assets.quality.detect.coded import encode
from assets.quality.detect.find import find
from assets.quality.detect.sureness import limits
from assets.quality.repair.model import Repair
from tests.assets.quality.detect.tables import shops, spoilt
from tests.assets.quality.rules.helpers import applied, rule

WORDS = st.sampled_from(["a", "b", "c", "d", ""])


@settings(max_examples=60, deadline=None)
@given(st.lists(st.tuples(st.sampled_from("xyz"), WORDS), min_size=1, max_size=60), st.sets(st.integers(0, 59)))
def test_limits_hold_every_proposed_cell_and_spare_groups_that_are_surer_of_another(
    tmp_path_factory: pytest.TempPathFactory, rows: list[tuple[str, str]], chosen: set[int]
) -> None:
    frame = pl.DataFrame(rows, schema=["g", "v"], orient="row").with_columns(pl.col("v").replace("", None))
    folder = tmp_path_factory.mktemp("limits")
    every = applied(folder, frame, [rule("dependency", ["g", "v"], "repair")]).changes
    wanted = [r for r in every.iter_rows(named=True) if r["row"] in chosen]
    repairs = [Repair(r["row"], "v", r["before"], r["after"], 0.9, "dependency") for r in wanted]
    params = limits([encode(frame["g"])], encode(frame["v"]), repairs)
    done = applied(folder, frame, [rule("dependency", ["g", "v"], "repair", **params)]).changes
    assert {r.row for r in repairs} <= set(done["row"].to_list())
    spelled = {r.before for r in repairs}
    extra = done.filter(~pl.col("row").is_in([r.row for r in repairs]))
    assert set(extra["before"].to_list()) <= spelled  # only a text that is wrong elsewhere in the column too
    if len(repairs) == len(every):
        assert params == {}


def test_what_is_found_is_what_is_changed(tmp_path: Path) -> None:
    table = shops(600)
    wrong = {("town", n): f"{table['town'][n]}x" for n in range(0, 60, 4)}
    # a shop that has moved: other rows of it that are right, and that most rows of the shop contradict
    at = [n for n in range(600) if table["shop"][n] == "shop Adler"]
    wrong |= {("town", n): "Wandsbek" for n in at[: len(at) // 3] if ("town", n) not in wrong}
    frame = spoilt(table, wrong)
    found = [f for f in find(frame, "raw/shop/orders") if f.rule.kind == "dependency" and f.rule.columns[-1] == "town"]
    proposed = {row for f in found for row in f.cells["row"].to_list()}
    done = applied(tmp_path, frame, [f.rule for f in found]).changes
    assert len(proposed) >= 4
    assert set(done["row"].to_list()) == proposed
