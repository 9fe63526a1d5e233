"""`heddle protect` as it is typed: plan, apply, keys and their change, the way back, privacy, Kettle."""

import json
import random
from pathlib import Path

import polars as pl
import pytest
from click.testing import CliRunner

from assets.kettle.files.read import read_transformation
from assets.kettle.files.write import write
from orchestration.cli.main import main
from orchestration.cli.protect_keys import account
from tests.assets.kettle.flow import Flow, grid
from tests.assets.security.protect import site
from tests.assets.security.sensitive import made

POLICY = site.POLICY.split("tables:")[0] + "detokenise: [{who}]\n"
PRIVACY = "datasets:\n  people.csv: {epsilon: 1, unit: customer, contributions: 1}\n"


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("HEDDLE_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("HEDDLE_PROTECTION", str(tmp_path / "protection"))
    monkeypatch.delenv("HEDDLE_PROTECTION_KEYS", raising=False)
    monkeypatch.chdir(tmp_path)
    (tmp_path / "protection" / "policies").mkdir(parents=True)
    (tmp_path / "protection" / "policies" / "analytics.yaml").write_text(POLICY.replace("{who}", account()))
    (tmp_path / "protection" / "privacy.yaml").write_text(PRIVACY)
    people = site.people().with_columns(orders="=cmd|' /C calc'!A0" + pl.col("orders").cast(pl.String))
    people.write_csv("people.csv")
    assert "HEDDLE_PROTECTION_KEYS='k1=file:" in told("key", "--into", "k1.key")
    monkeypatch.setenv("HEDDLE_PROTECTION_KEYS", f"k1=file:{tmp_path}/k1.key")
    return tmp_path


def told(*words: str, status: int = 0) -> str:
    result = CliRunner().invoke(main, ["protect", *words])
    assert result.exit_code == status, result.output
    return result.output


def test_a_file_is_planned_protected_and_opened_again(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert (project / "k1.key").stat().st_mode & 0o777 == 0o600
    assert "1 policies are right\n1 keys can be read" in told("check")
    plan = {d["column"]: d for d in json.loads(told("plan", "people.csv", "--json"))}
    assert plan["email"]["method"] == "token" and plan["orders"]["method"] == "pass" and plan["card"]["why"]
    words = told("plan", "people.csv") + told("apply", "people.csv")
    raw, out = pl.read_csv("people.csv", infer_schema=False), pl.read_csv("people.masked.csv", infer_schema=False)
    assert not [v for c in ("手机", "证件号", "email", "card") for v in raw[c] if v in words]
    assert out["orders"].str.starts_with("'=cmd").all()  # harmless in a spreadsheet
    assert out["手机"].str.len_chars().unique().to_list() == [11] and out["证件号"].n_unique() == len(raw)
    opened = told("detokenise", out["email"][3], out["card"][5], "--why", "case 9").split()
    assert opened == [raw["email"][3], raw["card"][5]]
    fpe = told("detokenise", out["手机"][0], "--class", "mobile", "--policy", "analytics", "--why", "case 10")
    assert fpe.strip() == raw["手机"][0]
    assert f"{account()} opened 2 of analytics: case 9" in told("log")
    Path("protection/policies/analytics.yaml").write_text(POLICY.replace("{who}", "nobody_else"))
    assert "may not open" in told("detokenise", out["email"][3], "--why", "curious", status=2)
    assert "was refused 1 of analytics: curious" in told("log")
    told("key", "--into", "k2.key", "--name", "k2")
    assert "cannot be made" in told("key", "--into", "k2.key", "--name", "k3", status=2)
    monkeypatch.setenv("HEDDLE_PROTECTION_KEYS", f"k2=file:{project}/k2.key;k1=file:{project}/k1.key")
    assert f"people.masked.csv, card: {len(raw)} values encrypted with key k2" in told("rotate", "people.masked.csv")
    monkeypatch.setenv("HEDDLE_PROTECTION_KEYS", f"k2=file:{project}/k2.key")
    Path("protection/policies/analytics.yaml").write_text(POLICY.replace("{who}", account()))
    card = pl.read_csv("people.masked.csv")["card"][5]
    assert told("detokenise", out["email"][3], card, "--why", "after").split() == opened
    shown = told("show")
    assert "key k2: check value" in shown and f"{len(raw)} tokens of analytics.email.k2" in shown
    held = site.stores(project / "home")
    assert held and not [p for p, content in held.items() if any(v.encode() in content for v in raw["email"])]


def test_privacy_of_a_file(project: Path) -> None:
    found = json.loads(told("anonymity", "people.csv", "--quasi", "birthday,手机", "--sensitive", "姓名", "--json"))
    assert found["k"] == 1 and found["rows"] == site.ROWS and found["at_risk"] == site.ROWS
    words = told("anonymity", "people.csv", "--quasi", "birthday", "--k", "20", "--suggest", "--left", "0.1")
    assert "150 rows (100.0%)" in words and "period: decade" in words
    got = json.loads(told("dp", "count", "people.csv", "--epsilon", "0.9", "--json"))
    assert abs(got["figures"]["value"]["value"] - site.ROWS) < 40 and got["left"]["epsilon_left"] == pytest.approx(0.1)
    assert "epsilon 0.1 of 1" in told("dp", "count", "people.csv", "--epsilon", "0.2", status=2)
    assert f"{account()}: count, epsilon 0.9" in told("dp", "budget", "people.csv")
    assert "are no numbers" in told("dp", "sum", "people.csv", "--epsilon", "1", "--bounds", "a,b", status=2)
    Path("other.csv").write_bytes(Path("people.csv").read_bytes())
    assert "has no privacy budget" in told("dp", "count", "other.csv", "--epsilon", "1", status=2)


def test_masks_go_into_a_transformation(project: Path) -> None:
    r = random.Random(2)
    rows = [(made.id_card(r), made.mobile(r)) for _ in range(60)]
    flow = Flow().step("in", "DataGrid", grid({"证件号": "String", "手机": "String"}, rows))
    write(flow.step("out", "Dummy").hop("in", "out").model, project / "load.ktr")
    before = (project / "load.ktr").read_bytes()
    result = CliRunner().invoke(main, ["protect", "to-kettle", "load.ktr", "--after", "in"])
    assert "+++ b/load.ktr" in result.output and "手机 is emptied: Kettle has no step for fpe" in result.output
    assert "heddle protect kettle-key id_card --policy analytics" in result.output
    assert not [v for row in rows for v in row if v in result.output.replace(before.decode(), "")]
    assert (project / "load.ktr").read_bytes() == before
    told("to-kettle", "load.ktr", "--after", "in", "--write")
    assert "CheckSum" in {step.type for step in read_transformation(project / "load.ktr").steps.values()}
    assert "as the policy says" in told("to-kettle", "load.ktr", "--after", "in")
    told("kettle-key", "id_card", "--into", "id.properties")
    assert (project / "id.properties").read_text().startswith("HEDDLE_MASK_KEY_ID_CARD=")


def test_mistakes_are_told(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert "would be overwritten" in told("apply", "people.csv", "--into", "people.csv", status=2)
    assert "there is no policy 'x'" in told("plan", "people.csv", "--policy", "x", status=2)
    assert "there is no file nowhere.csv" in told("plan", "nowhere.csv", status=2)
    monkeypatch.delenv("HEDDLE_PROTECTION_KEYS")
    assert "HEDDLE_PROTECTION_KEYS is not set" in told("apply", "people.csv", status=2)
    assert not Path("people.masked.csv").exists()
