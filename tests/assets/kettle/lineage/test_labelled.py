"""Column lineage as `heddle kettle lineage` tells it, against labels made by hand: precision and recall."""

import json
from pathlib import Path

import pytest
from click.testing import CliRunner

from orchestration.cli.main import main
from tests.assets.kettle.lineage.labelled import CASES, MADE, Case

Link = tuple[str, str, str]  # table written, its column, source `table.column`


def told(case: Case, folder: Path) -> set[Link]:
    """The links that the command tells."""
    for name, text in {"labelled.ktr": case.text, **case.beside}.items():
        (folder / name).write_text(text, encoding="utf-8")
    done = CliRunner().invoke(main, ["kettle", "lineage", str(folder / "labelled.ktr"), "--json"])
    assert done.exit_code == 0, done.output
    found = json.loads(done.stdout)
    assert found["problems"] == []
    return {
        (
            target["place"].removeprefix("db:"),
            target["column"],
            f"{s['place'].removeprefix('db:')}.{s['column']}" if s["place"] else MADE,
        )
        for target in found["columns"]
        for s in target["sources"]
    }


def labelled(case: Case) -> set[Link]:
    """The links of the labels."""
    return {
        (table, column, source)
        for table, columns in case.truth.items()
        for column, sources in columns.items()
        for source in sources
    }


@pytest.mark.parametrize("name", CASES)
def test_lineage_is_as_labelled(name: str, tmp_path: Path) -> None:
    assert told(CASES[name], tmp_path) == labelled(CASES[name])


@pytest.mark.covers("DATA-064")
def test_precision_and_recall_over_all(tmp_path: Path) -> None:
    """Counted over links from source column to target column; a value from no column is a link too."""
    right = found = true = 0
    for case in CASES.values():
        links, truth = told(case, tmp_path), labelled(case)
        right, found, true = right + len(links & truth), found + len(links), true + len(truth)
    print(f"{len(CASES)} files, {true} links: precision {right / found:.3f}, recall {right / true:.3f}")
    assert len(CASES) >= 12 and true >= 60
    assert right / found >= 0.99 and right / true >= 0.99
