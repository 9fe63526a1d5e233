"""A row of a cleaned table says which rule changed which of its cells."""

import polars as pl

from assets.quality.rules.files import RuleFiles
from assets.security.trace.capture import opened
from assets.security.trace.keys import secret
from assets.security.trace.model import Cause
from assets.security.trace.show import changes
from core.settings import Settings
from tests.assets.security.trace.conftest import look, people, write

RAW, CLEAN, CHANGES = "raw/shop/customer", "table/shop/customer_clean", "table/shop/customer_changes"


def test_the_rule_of_each_cell(shop: Settings) -> None:
    (shop.protection / "trace.yaml").write_text(f"tables:\n  {CLEAN}: {{key: [id]}}\n")
    settings = shop.model_copy(update={"quality": shop.home / "quality"})
    files = RuleFiles(settings.quality)
    files.folder.mkdir(parents=True)
    (files.folder / "raw__shop__customer.yaml").write_text("table: raw/shop/customer\nrules: []\n")
    write(settings, people((1, "A", 1.0), (2, "b", 2.0)), RAW)
    write(settings, people((1, "A", 1.0), (2, "b", 2.0)), CLEAN)
    look(settings, table=CLEAN)
    write(settings, people((1, "a", 1.0), (2, "b", 3.0)), CLEAN)
    cells = pl.DataFrame({"row": [0, 1], "column": ["phone", "spent"], "rule": ["normalise-1", "unit-2"]})
    write(settings, cells.cast({"row": pl.UInt32}), CHANGES)
    entry = look(settings, Cause(run="r", step="clean"), table=CLEAN)
    assert entry is not None and entry.causes[0]["rules"] == {"normalise-1": 1, "unit-2": 1}
    last = list(changes(opened(settings), secret(settings), CLEAN, ["1"]))[-1]
    assert [(c["name"], c["rule"]) for c in last.cells] == [("phone", "normalise-1")]


def test_the_cells_that_a_model_filled(shop_anywhere: Settings) -> None:
    settings, table = shop_anywhere, "table/shop/customer_imputed"
    (settings.protection / "trace.yaml").write_text(f"tables:\n  {table}: {{key: [id]}}\n")
    rows = people((1, "a", 1.0), (2, "b", 2.0), (3, "c", 3.0))
    write(settings, rows.with_columns(spent_imputed=pl.Series([False] * 3)), table)
    look(settings, table=table)
    rows = people((1, "a", 9.0), (2, "x", 2.0), (3, "c", 8.0))
    write(settings, rows.with_columns(spent_imputed=pl.Series([True, False, False])), table)
    entry = look(settings, Cause(run="r", step="impute"), table=table)
    assert entry is not None and entry.causes[0]["rules"] == {"imputation": 1}

    def rules(key: str) -> dict[str, str | None]:
        last = list(changes(opened(settings), secret(settings), table, [key]))[-1]
        return {c["name"]: c["rule"] for c in last.cells}

    assert rules("1") == {"spent": "imputation", "spent_imputed": None}
    assert rules("2") == {"phone": None} and rules("3") == {"spent": None}
