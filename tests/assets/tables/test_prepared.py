"""The prepared description is what the dbt project says, and says so when a test cannot run where it stands."""

import shutil
from pathlib import Path

import pytest

from assets.tables.prepare_defs import prepare
from assets.tables.specs import FOLDER, PREPARED, fingerprint, load
from core.errors import HeddleError


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    copy = tmp_path_factory.mktemp("dbt") / "project"
    shutil.copytree(FOLDER, copy)
    return copy


def test_the_committed_files_are_up_to_date(tmp_path: Path) -> None:
    """To correct: `heddle dbt prepare`, and commit."""
    for path in prepare(tmp_path):
        assert path.read_text(encoding="utf-8") == (PREPARED / path.name).read_text(encoding="utf-8"), path.name
    assert {p.name for p in tmp_path.iterdir()} == {p.name for p in PREPARED.iterdir()}


def test_models_come_upstream_first_and_in_stages() -> None:
    models = load()
    seen: set[str] = set()
    rank = {"before": 0, "weekly": 1, "after": 2}
    stages = {m.key: rank[m.stage] for m in models}
    for model in models:
        own = {d for d in model.deps if d.startswith("table/")}
        assert own <= seen
        assert all(stages[d] <= rank[model.stage] for d in own)
        seen.add(model.key)
    assert {m.name for m in models if m.weekly} == {"stg_transactions", "baskets", "sales_daily"}
    raw = {d for m in models for d in m.deps if d.startswith("raw/")}
    assert "raw/retail/transactions" in raw and len(raw) == 7
    assert all(m.tests for m in models)


def test_the_code_version_follows_what_is_computed(project: Path, tmp_path: Path) -> None:
    before = {m.name: m.version for m in load()}
    macro = project / "macros/values.sql"
    macro.write_text(macro.read_text(encoding="utf-8").replace("numeric(18, 2)", "numeric(20, 2)"), encoding="utf-8")
    described = project / "models/staging/staging.yml"
    text = described.read_text(encoding="utf-8")
    described.write_text(text.replace("Household that bought.", "The household that bought."), encoding="utf-8")
    sql = project / "models/staging/stg_products.sql"
    text = sql.read_text(encoding="utf-8")
    sql.write_text(text.replace("nullif(trim(package_size), '')", "nullif(trim(brand), '')"), encoding="utf-8")
    prepare(tmp_path, project)
    prepared = _read(tmp_path)
    after = {m.name: m.version for m in prepared}
    changed = {name for name in before if before[name] != after[name]}
    assert changed == {"baskets", "sales_daily", "households", "stg_products"}  # those that add up money, and the one

    lineage = {m.name: m.lineage for m in prepared}
    moved = {(m.name, c) for m in load() for c in m.lineage if m.lineage[c] != lineage[m.name][c]}
    assert moved == {("stg_products", "package_size")}
    assert lineage["stg_products"]["package_size"] == (("raw/retail/products", "brand"),)


def _read(folder: Path) -> tuple:  # type: ignore[type-arg]
    import json

    from assets.tables import specs

    content = json.loads((folder / specs.SPECS).read_text(encoding="utf-8"))
    return tuple(specs._model(m) for m in content["models"])


def test_a_test_that_looks_ahead_is_refused(project: Path, tmp_path: Path) -> None:
    ahead = project / "tests/stg_products_ahead.sql"
    ahead.write_text(
        "{{ config(meta={'dagster': {'ref': {'name': 'stg_products'}}}) }}\n"
        "select 1 from {{ ref('households') }}, {{ ref('stg_products') }}",
        encoding="utf-8",
    )
    try:
        with pytest.raises(HeddleError, match=r"stg_products_ahead(.|\n)*households"):
            prepare(tmp_path / "out", project)
    finally:
        ahead.unlink()
    assert not (tmp_path / "out").exists() or not list((tmp_path / "out").iterdir())


def test_a_broken_prepared_file_says_what_to_do(tmp_path: Path) -> None:
    (tmp_path / "specs.json").write_text("{", encoding="utf-8")
    with pytest.raises(HeddleError, match="heddle dbt prepare"):
        load(tmp_path)


def test_the_fingerprint_sees_every_file(project: Path) -> None:
    before = fingerprint(project)
    (project / "models/new.sql").write_text("select 1 as a", encoding="utf-8")
    assert fingerprint(project) != before
    (project / "models/new.sql").unlink()
    assert fingerprint(project) == before
