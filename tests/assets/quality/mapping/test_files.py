"""Mapping files: proposals merge with decisions, wrong files are told with file and field; the commands over them."""

import json
import re
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from click.testing import CliRunner

from assets.quality.mapping.files import MappingFiles
from assets.quality.mapping.model import Mapping_
from assets.quality.mapping.suggest import suggest
from core.errors import SourceError
from orchestration.cli.main import main
from tests.assets.quality.mapping.made import tables


@pytest.fixture
def site(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("HEDDLE_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("HEDDLE_QUALITY", str(tmp_path / "quality"))
    monkeypatch.chdir(tmp_path)
    old, new = tables()
    old.write_csv("old.csv")
    new.write_csv("new.csv")
    return tmp_path


def call(*arguments: str, code: int = 0) -> str:
    result = CliRunner().invoke(main, ["map", *arguments])
    assert result.exit_code == code, result.output
    return result.output


def test_what_people_decided_stays(tmp_path: Path) -> None:
    old, new = tables(60)
    proposed = suggest("m", ("old.csv", old), ("new.csv", new))
    files = MappingFiles(tmp_path)
    files.merge(proposed)
    files.decide("m", ["gender"], "accepted", "ann", "checked")
    files.decide("m", ["amount"], "refused", "ann")
    files.edit("m", "country", {"params": {"value": "DE"}}, "bob")
    found = {f.target: f for f in files.merge(proposed).fields}
    assert (found["gender"].status, found["gender"].by, found["gender"].note) == ("accepted", "ann", "checked")
    assert found["amount"].status == "refused" and found["email"].status == "proposed"
    assert found["country"].params == {"value": "DE"} and found["country"].by == "bob"
    assert files.read("m").key == ("cust_no", "customer_number")
    with pytest.raises(SourceError, match="another name"):
        files.merge(proposed.model_copy(update={"source": "else.csv"}))


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("{", "cannot be read"),
        ("name: m\nsource: s", "field target"),
        ("name: other\nsource: s\ntarget: t", "field name: is 'other'"),
        ("name: m\nsource: s\ntarget: t\nfields: [{target: a, transform: magic}]", "no transform 'magic'"),
        ("name: m\nsource: s\ntarget: t\nfields: [{target: no, sources: [x]}]", "target: YAML reads it as False"),
        ("name: m\nsource: s\ntarget: t\nfields: [{target: a, sources: [007]}]", "sources.0: YAML reads it as 7 and"),
        ("name: m\nsource: s\ntarget: t\nfields: [{target: a}]", "copy reads 0 columns"),
        ("name: m\nsource: s\ntarget: t\nfields: [{target: a, sources: [x], transform: unit}]", "unit: field factor"),
        ("name: m\nsource: s\ntarget: t\nfields: [{target: a, sources: [x], transform: extract, "
         "params: {pattern: '(?=a)(b)'}}]", "look-around"),
    ],
)  # fmt: skip
def test_wrong_files_are_told(tmp_path: Path, text: str, why: str) -> None:
    files = MappingFiles(tmp_path)
    files.path("m").parent.mkdir()
    files.path("m").write_text(text)
    with pytest.raises(SourceError, match=why):
        files.read("m")


def test_a_wrong_edit_changes_nothing(tmp_path: Path) -> None:
    old, new = tables(30)
    files = MappingFiles(tmp_path)
    files.merge(suggest("m", ("old.csv", old), ("new.csv", new)))
    before = files.path("m").read_bytes()
    for changes in ({"transform": "date", "params": {"source": "%Q"}}, {"sources": ("a", "b")}):
        with pytest.raises(SourceError):
            files.edit("m", "birth_date", changes, "ann")
    with pytest.raises(SourceError, match="no target 'nope'"):
        files.decide("m", ["nope"], "accepted", "ann")
    assert files.path("m").read_bytes() == before
    with pytest.raises(SourceError, match="no name of a mapping"):
        files.path("../m")


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["gendre", "--alternative", "1"], "no target 'gendre'.*did you mean gender?"),
        (["gender", "--sources", "XBx"], "no column 'XBx'.*did you mean xb?"),
        (["gender", "--sources", "Nope"], "no column 'Nope'.*there are: cust_no, xb"),
        (["gender", "--transform", "code"], "no transform 'code'"),
        (["gender", "--params", '{"value": {}}'], "codes: field value"),
        (["full_name", "--sources", "first_name"], "merge reads 1 columns"),
        (["gender", "--alternative", "9"], "gender has 0 alternatives"),
        (["gender", "--transform", "date", "--sources", "mail"], "mail is a String and no date"),
        (["country", "--params", '{"value": 1e999}'], "constant: field value"),
        (["gender", "--author", " ", "--sources", "xb"], "needs a person"),
    ],
)
def test_an_edit_is_checked_before_it_is_written(site: Path, arguments: list[str], told: str) -> None:
    call("suggest", "cust", "old.csv", "new.csv")
    before = (site / "quality/mappings/cust.yaml").read_bytes()
    said = call("edit", "cust", *arguments, code=2)
    assert re.search(told, said.replace("\n", " ")), said
    assert (site / "quality/mappings/cust.yaml").read_bytes() == before


def test_columns_with_commas_and_sources_that_are_gone(site: Path) -> None:
    call("suggest", "cust", "old.csv", "new.csv")
    pl.DataFrame({"a,b": ["x"] * 20, "c": [*range(20)]}).write_csv("old.csv")
    assert "of a,b, c" in call("edit", "cust", "full_name", "--sources", '"a,b", c', "--transform", "merge")
    Path("old.csv").unlink()
    said = call("edit", "cust", "email", "--sources", "mail", "--transform", "copy")
    assert "columns are not checked: there is no file old.csv" in said


@pytest.mark.parametrize("command", ["review", "explain"])
def test_targets_that_are_not_there_are_told(site: Path, command: str) -> None:
    call("suggest", "cust", "old.csv", "new.csv")
    assert "did you mean gender?" in call(command, "cust", "gender", "Gendr", code=2)
    assert "amount" not in call(command, "cust", "gender")
    assert "did you mean cust?" in call(command, "cst", code=2)


def test_commands_from_proposal_to_files(site: Path) -> None:
    told = call("suggest", "cust", "old.csv", "new.csv")
    assert "gender <- codes 1=男, 2=女 of xb" in told and "cust_no = customer_number" in told
    assert "birth_date <- %Y-%m-%d from %d/%m/%Y of birth" in call("review", "cust", "birth_date")
    assert "nothing is changed" in call("edit", "cust", "fax", code=2)
    call("accept", "cust", "--least", "0.85", "--author", "ann")
    call("edit", "cust", "country", "--params", '{"value": "DE"}')
    fields: list[Any] = json.loads(call("review", "cust", "gender", "--json"))
    assert fields[0]["by"] == "ann"
    counts = json.loads(call("apply", "cust", "--json"))
    assert (counts["rows"], counts["rejects"]) == (200, 0)
    rows = pl.read_csv("cust.csv")
    assert rows["gender"].to_list() == tables()[1]["gender"].to_list() and rows["country"].unique().to_list() == ["DE"]
    assert "regexp_matches" in call("explain", "cust", "--sql").lower()
    said = call("explain", "cust", "--sql", "--dialect", "postgres")
    assert "MAKE_DATE" in said and "FROM source" in said and "province: of several parts" in said
    assert "would be overwritten" in call("apply", "cust", "--into", "old.csv", code=2)


def test_formulas_are_marked_in_rejects_and_on_demand_in_rows(site: Path) -> None:
    pl.DataFrame({"a": ["=1+1", "-5", "x"], "n": ["1", "2", "@sum"]}).write_csv("f.csv")
    fields: list[dict[str, Any]] = [{"target": "a", "sources": ["a"]}]
    fields.append({"target": "n", "sources": ["n"], "transform": "cast", "params": {"to": "integer"}})
    mapping = {"name": "f", "source": "f.csv", "target": "t", "fields": [f | {"status": "accepted"} for f in fields]}
    MappingFiles(site / "quality").merge(Mapping_.read(mapping, "f"))
    call("apply", "f", "--into", "out.csv")
    assert Path("out.csv").read_text() == "a,n\n=1+1,1\n-5,2\n"
    assert "2,x,'@sum" in Path("out.rejected.csv").read_text()
    call("apply", "f", "--into", "out.csv", "--safe-csv")
    assert Path("out.csv").read_text() == "a,n\n'=1+1,1\n-5,2\n"


def test_kettle_file_made_shown_and_up_to_date(site: Path) -> None:
    call("suggest", "cust", "old.csv", "new.csv")
    assert "no field is accepted" in call("to-kettle", "cust", "--into", "x.ktr", code=2)
    call("accept", "cust", "gender", "weight_g")
    assert "no transformation" in call("to-kettle", "cust", "--into", "x.txt", "--write", code=2)
    shown = call("to-kettle", "cust", "--into", "x.ktr")
    assert "ValueMapper" in shown and not Path("x.ktr").exists()
    call("to-kettle", "cust", "--into", "x.ktr", "--write")
    assert "as the mapping says" in call("to-kettle", "cust", "--into", "x.ktr", "--after", "read rows")
    call("accept", "cust", "email")
    assert "+" in call("to-kettle", "cust", "--into", "x.ktr", "--after", "read rows")
