"""Generated steps follow the catalogue: only what is affected differs, and both files run."""

from pathlib import Path

import pytest
import yaml
from click.testing import CliRunner

from assets.catalog.standards.model import CODES, FOLDER
from assets.kettle.diff import diff
from assets.kettle.engine.start import run_transformation
from assets.kettle.files.read import read_transformation
from assets.kettle.files.write import to_bytes, write
from assets.kettle.generate.place import After
from assets.kettle.generate.sinks import ToTable
from assets.kettle.model import Transformation
from assets.kettle.publish import engine_settings
from assets.kettle.synced.follow import attach, followed, text_diff
from assets.kettle.synced.rules import From
from orchestration.cli.main import main
from tests.assets.kettle.flow import Flow, grid
from tests.assets.kettle.synced.conftest import Site

KEY = "shop/facts"
FIELDS = {"id": "String", "amt": "String", "sex": "String", "day": "String", "paid": "String"}
ROWS = [("1", "10.5", "male", "2024-02-29", "Y"), ("2", "11", "F", "2024-03-01", "N"), ("3", "x", "F", "", "Y")]


@pytest.fixture
def site(lite: Site) -> Site:
    lite.sql("CREATE TABLE facts (id integer NOT NULL, amount decimal(10,2), sex varchar(10), day date)")
    lite.scan()
    return lite


def made(site: Site) -> Transformation:
    """A file with steps made by hand around the generated ones."""
    flow = Flow().database(site.connection()).step("Rows", "DataGrid", grid(FIELDS, ROWS))
    flow.step("Hand made", "Dummy").step("Last", "Dummy").hop("Rows", "Hand made", "Last")
    filled = {"amount": From("amt", "#.##"), "day": From("day", "yyyy-MM-dd")}
    found = attach(
        site.settings,
        site.versions,
        flow.model,
        KEY,
        After("Hand made"),
        ToTable("shop", "facts", truncate=True),
        filled=filled,
    )
    assert found.notes == []
    return found.model


def load(site: Site, model: Transformation) -> list[tuple[object, ...]]:
    """Runs the file; the rows of the table."""
    result = run_transformation(read_transformation(to_bytes(model)), settings=engine_settings(site.settings))
    assert result.ok, result.log_text
    return site.sql("SELECT id, amount, sex, day FROM facts ORDER BY id")


def again(site: Site, model: Transformation, *statements: str) -> tuple[Transformation, list[str]]:
    if statements:
        site.sql(*statements)
        site.scan()
    found = followed(site.settings, site.versions, model, Path("load.ktr"))
    same = followed(site.settings, site.versions, found.model, Path("load.ktr"))
    assert to_bytes(same.model) == to_bytes(found.model)
    return found.model, found.notes


def steps(before: Transformation, after: Transformation) -> dict[str, str]:
    found = diff(before, after)
    assert not (found.moves or found.connections or found.settings)
    return {n.name: n.change for n in found.steps}


def lines(before: Transformation, after: Transformation) -> list[str]:
    text = text_diff(before, after, "load.ktr").splitlines()
    return [line for line in text if line[:1] in "+-" and line[:3] not in ("+++", "---")]


@pytest.mark.covers("DATA-021")
def test_a_changed_type_changes_only_the_steps_about_it_and_both_files_run(site: Site) -> None:
    before = made(site)
    assert [row[:2] for row in load(site, before)] == [(1, 10.5), (2, 11)]
    same, _ = again(site, before)
    assert to_bytes(same) == to_bytes(before)
    create = "CREATE TABLE facts (id integer NOT NULL, amount text, sex varchar(10), day date)"
    after, notes = again(site, before, "DROP TABLE facts", create)
    assert notes == []
    assert steps(before, after) == {"facts: fields": "changed"}
    changed = lines(before, after)
    assert 4 <= len(changed) <= 14 and any("<type>String</type>" in line for line in changed)
    for name in ("Rows", "Hand made", "Last", "facts: write", "facts: check"):
        assert f"<name>{name}</name>" not in "".join(changed)
    assert [row[:2] for row in load(site, after)] == [(1, "10.5"), (2, "11"), (3, "x")]  # text takes what no number did


@pytest.mark.covers("DATA-021")
def test_nullability_columns_and_renames_follow(site: Site) -> None:
    before = made(site)
    create = "CREATE TABLE facts (id integer NOT NULL, amount decimal(10,2) NOT NULL, sex varchar(10), day date)"
    needed, _ = again(site, before, "DROP TABLE facts", create)
    assert steps(before, needed) == {"facts: check": "changed"}
    assert any("null_allowed" in line for line in lines(before, needed))

    more, notes = again(
        site, needed, "ALTER TABLE facts ADD COLUMN paid text", "ALTER TABLE facts ADD COLUMN other text"
    )
    assert steps(needed, more) == {"facts: fields": "changed", "facts: write": "changed"}
    assert notes == ["shop/facts.other is not written: no field of the stream is called so"]
    assert [row[0] for row in load(site, more)] == [1, 2]
    assert site.sql("SELECT paid FROM facts ORDER BY id") == [("Y",), ("N",)]

    renamed, _ = again(site, more, "ALTER TABLE facts RENAME COLUMN amount TO amount_due")
    chosen = renamed.steps["facts: fields"].options.rows("fields/field")
    assert ("amt", "amount_due") in [(o.text("name"), o.text("rename")) for o in chosen]
    assert "Hand made" not in steps(more, renamed)

    fewer, _ = again(site, renamed, "ALTER TABLE facts DROP COLUMN paid")
    assert steps(renamed, fewer) == {"facts: fields": "changed", "facts: write": "changed"}


@pytest.mark.covers("DATA-021")
def test_standards_and_code_tables_become_checks_and_mappings(site: Site) -> None:
    before = made(site)
    folder = site.settings.catalog_files
    (folder / FOLDER).mkdir()
    (folder / CODES).mkdir()
    column = {"asset": "raw/shop/facts", "column": "sex"}
    standard = {"name": "sex", "codes": "sexes", "columns": [column], "status": "approved"}
    codes = [{"code": "1", "en": "male", "aliases": ["M"]}, {"code": "2", "en": "female", "aliases": ["F"]}]
    (folder / FOLDER / "sex.yaml").write_text(yaml.safe_dump(standard), encoding="utf-8")
    (folder / CODES / "sexes.yaml").write_text(yaml.safe_dump({"name": "sexes", "codes": codes}), encoding="utf-8")
    after, _ = again(site, before)
    assert steps(before, after) == {"facts: check": "changed", "facts: map sex": "added"}
    assert [row[2] for row in load(site, before)] == ["male", "F"]
    assert [row[2] for row in load(site, after)] == ["1", "2"]
    (folder / CODES / "sexes.yaml").write_text(yaml.safe_dump({"name": "sexes", "codes": [codes[0]]}), encoding="utf-8")
    fewer, _ = again(site, after)
    assert steps(after, fewer) == {"facts: check": "changed", "facts: map sex": "changed"}
    assert [row[2] for row in load(site, fewer)] == ["1"]  # F is no code any more: rejected


def test_a_step_changed_by_hand_stays_and_is_told(site: Site) -> None:
    before = made(site)
    data = to_bytes(before).replace(b"<commit>1000</commit>", b"<commit>77</commit>")
    kept, notes = again(site, read_transformation(data), "ALTER TABLE facts ADD COLUMN paid text")
    assert to_bytes(kept) == data
    assert len(notes) == 1 and "the generated steps 'facts: write' were changed by hand" in notes[0]


@pytest.mark.covers("DATA-021")
def test_the_command_shows_both_diffs_before_it_writes(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("home", "kettle_files", "catalog_files", "kettle_connections", "catalog"):
        monkeypatch.setenv(f"HEDDLE_{name.upper()}", str(getattr(site.settings, name)))
    site.sql("INSERT INTO facts (id) SELECT value FROM json_each('[101, 102, 103, 104, 105, 106, 107, 108]')")
    site.scan()
    path = site.settings.kettle_files / "load.ktr"
    flow = Flow().database(site.connection()).step("Rows", "DataGrid", grid({"id": "Integer"}, [(1,)]))
    write(flow.model, path)

    def call(*arguments: str) -> str:
        done = CliRunner().invoke(main, ["kettle", "follow", str(path), *arguments])
        assert done.exit_code == 0, done.output
        return done.output

    former = path.read_bytes()
    first = ("--table", KEY, "--after", "Rows", "--connection", "shop")
    assert "facts: write" in call(*first) and path.read_bytes() == former
    call(*first, "--write")
    assert "as the catalogue says" in call()
    site.sql("ALTER TABLE facts RENAME COLUMN id TO number")
    site.scan()
    shown = call()
    assert "facts: fields" in shown and "+        <rename>number</rename>" in shown and "--- a/load.ktr" in shown
    call("--write")
    assert "as the catalogue says" in call()
