"""From planted dirt to checks: proposals with evidence, decided by people, and how many of them are right."""

from pathlib import Path

import dagster as dg
import polars as pl
import pytest

from assets.quality.checks import check_name, checks_of
from assets.quality.rules.apply import Targets, apply
from assets.quality.rules.files import RuleFiles
from assets.quality.rules.model import Rule
from assets.quality.rules.plan import CHANGES
from assets.quality.rules.suggest import described, sample, suggest
from assets.quality.rules.withheld import withheld
from core.settings import Settings
from tests.assets.quality.rules.helpers import rule

TABLE = "raw/shop/people"
CITIES = {"Berlin": "10115", "Hamburg": "20095", "Munich": "80331", "Cologne": "50667"}


def _dirty(rows: int = 600) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Clean rows, and the same with errors in every 40th zip and every 50th city."""
    names = list(CITIES)
    clean = pl.DataFrame(
        {
            "id": range(rows),
            "city": [names[n * 7 % 4] for n in range(rows)],
            "zip": [CITIES[names[n * 7 % 4]] for n in range(rows)],
            "state": [["open", "paid", "sent"][n % 3] for n in range(rows)],
        }
    )
    row = pl.int_range(rows)
    dirty = clean.with_columns(
        pl.when(row % 40 == 5)
        .then(pl.format("{}{}", pl.col("zip").str.head(3), row % 83 + 10))
        .otherwise("zip")
        .alias("zip"),
        pl.when(row % 50 == 7).then(pl.col("city").str.replace("e", "3")).otherwise("city").alias("city"),
    )
    return clean, dirty


@pytest.mark.covers("DATA-003")
def test_proposals_are_right_more_often_than_not_and_accepted_ones_are_checks(
    tmp_path: Path, settings: Settings
) -> None:
    clean, dirty = _dirty()
    found = suggest(dirty, TABLE)
    assert all(r.evidence and r.status == "proposed" for r in found)
    files = RuleFiles(tmp_path)
    files.merge(TABLE, found)
    repairs = [r.id for r in found if r.action == "repair" and r.confidence >= 0.5]
    files.decide(TABLE, repairs, "accepted", "ann")
    accepted = files.accepted(TABLE)
    assert {(r.by, r.at != "") for r in accepted} == {("ann", True)}
    targets = Targets.beside(tmp_path / "out.parquet")
    apply(dirty.lazy(), accepted, targets)
    changed = {(c["row"], c["column"]): c["after"] for c in pl.read_parquet(targets.changes).iter_rows(named=True)}
    truth = {
        (n, name): clean[name][n]
        for name in ("city", "zip")
        for n in range(len(clean))
        if clean[name][n] != dirty[name][n]
    }
    right = sum(truth.get(cell) == after for cell, after in changed.items())
    precision, recall = right / len(changed), right / len(truth)
    assert precision >= 0.9 and recall >= 0.9, (precision, recall)
    checks = checks_of(settings, TABLE, accepted)
    assert {k.name for k in checks.check_keys} == {check_name(r) for r in accepted}
    assert all(k.asset_key == dg.AssetKey(TABLE.split("/")) for k in checks.check_keys)


def test_values_of_sensitive_columns_are_hidden_and_rows_are_those_of_the_table() -> None:
    cells = pl.DataFrame(
        [(3, "zip", "9", "1", 0.9), (4, "city", "x", None, 0.9)], schema={n: CHANGES.get(n, pl.Float64()) for n in
        ("row", "column", "before", "after", "confidence")}, orient="row"
    )  # fmt: skip
    made = described(rule("not_null", ["zip"]), cells, {"zip"}, every=10)
    assert [(e.row, e.before, e.after) for e in made.effect.examples] == [(30, "***", "***"), (40, "x", None)]
    assert (made.effect.rows, made.effect.cells) == (2, 2)


def test_no_value_of_a_sensitive_column_comes_into_a_rule() -> None:
    texts = ["Baker Street 221", "Elm Street 13", "Main Road 7", "Harbour Lane 5"]
    streets = [texts[n % 4] for n in range(400)]
    streets[10], streets[50] = "Bakxr Street 221", " Main Road  7"
    table = pl.DataFrame({"id": range(400), "street": streets, "zip": [f"1000{n % 4}" for n in range(400)]})
    secret: list[Rule] = []
    found = suggest(table, TABLE, {"street"}, left_out=secret.append)
    text = " ".join(r.model_dump_json() for r in found)
    assert any("street" in r.columns for r in found)
    assert not any(word in text for word in ("Baker", "Bakxr", "Elm", "Main", "Harbour"))
    assert "Bakxr" in " ".join(r.model_dump_json() for r in suggest(table, TABLE))
    assert all("street" in r.columns for r in secret)


@pytest.mark.parametrize(
    ("made", "left"),
    [
        (rule("replace", ["mail"], "repair", mapping={"a": "b"}), None),
        (rule("in_set", ["mail"], values=["a"]), None),
        (rule("condition", ["mail", "k"], expression={"is_null": "mail"}), None),
        (rule("dependency", ["k", "mail"], "repair", kept=["a"], alone=1), ("report", {"alone": 1})),
        (rule("not_null", ["mail"], "reject"), ("reject", {})),
        (rule("replace", ["k"], "repair", mapping={"a": "b"}), ("repair", {"mapping": {"a": "b"}})),
    ],
)
def test_what_is_withheld(made: Rule, left: tuple[str, dict[str, object]] | None) -> None:
    told = made.model_copy(update={"evidence": "'a@b.de' is close to 'a@c.de'"})
    found = withheld(told, {"mail"})
    assert (found and (found.action, found.params)) == left
    if found and "mail" in found.columns:
        assert found.evidence == "'***' is close to '***'"


def test_large_tables_are_looked_at_evenly() -> None:
    frame, every = sample(pl.LazyFrame({"a": range(1_000)}), 100)
    assert (every, frame["a"].to_list()[:3], len(frame)) == (10, [0, 10, 20], 100)
