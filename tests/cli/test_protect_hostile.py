"""`heddle protect` with wrong files, keys, amounts and values: refused without values and keys, at no cost."""

import subprocess
import sys
import time
from pathlib import Path

import polars as pl
import pytest
from click.testing import CliRunner

from orchestration.cli.main import main
from orchestration.cli.protect_keys import account
from tests.assets.security.protect import site

PHONES = ["13800138000", "13912345678", "13712345679"]
POLICY = f"purpose: analytics\nclasses: {{mobile: encrypt, email: token}}\ndetokenise: [{account()}]\n"


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("HEDDLE_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("HEDDLE_PROTECTION", str(tmp_path / "protection"))
    monkeypatch.setenv("K1", site.KEY)
    monkeypatch.setenv("HEDDLE_PROTECTION_KEYS", "k1=env:K1")
    monkeypatch.chdir(tmp_path)
    (tmp_path / "protection" / "policies").mkdir(parents=True)
    policy(POLICY)
    privacy = "datasets:\n  people.csv: {epsilon: 1, delta: 1.0e-6}\n  odd.parquet: {epsilon: 1}\n"
    (tmp_path / "protection" / "privacy.yaml").write_text(privacy)
    mails = [f"a{n}@example.org" for n in range(60)]
    pl.DataFrame({"phone": PHONES * 20, "mail": mails, "code": ["007"] * 60}).write_csv("people.csv")
    return tmp_path


def policy(text: str) -> None:
    Path("protection/policies/a.yaml").write_text(text)


def refused(*words: str) -> str:
    result = CliRunner().invoke(main, ["protect", *words])
    assert result.exit_code == 2 and "Fix:" in result.output, (words, result.output, result.exception)
    assert not [v for v in (*PHONES, site.KEY, "@example.org") if v in result.output]
    return result.output


def done(*words: str) -> str:
    result = CliRunner().invoke(main, ["protect", *words])
    assert result.exit_code == 0, (words, result.output, result.exception)
    return result.output


def test_policies_are_refused_by_file_and_field_without_what_stands_in_them(project: Path) -> None:
    key = site.KEY + "0123456789a"
    for text, said in (
        (f"purpose: x\nbad: [{site.KEY}", "a.yaml cannot be read: line 2 is no YAML"),
        (f"a: {PHONES[0]}\n\x00", "a.yaml cannot be read: it is no text"),
        ("purpose: x\nclasses: {mobile: {method: generalise, width: .inf}}", "classes.mobile: field width"),
        ("purpose: x\nclasses: {age: {method: noise, amount: 1, low: .nan}}", "classes.age: field low"),
        (f"purpose: x\nclasses: {{mobile: {{method: fpe, key: {key}}}}}", "classes.mobile: field key"),
        ("purpose: x\nclasses: {mobile: '../x'}", "classes.mobile.method"),
    ):
        policy(text)
        assert said in refused("plan", "people.csv"), text


def test_tables_and_goals_that_cannot_be_written_leave_nothing(project: Path) -> None:
    pl.DataFrame({"": PHONES * 9}).write_parquet("unnamed.parquet")
    assert "column 1 of the table has no name" in refused("apply", "unnamed.parquet")
    pl.DataFrame({"s": [{"n": 1}] * 9, "b": [b"x"] * 9}).write_parquet("nested.parquet")
    assert "'s' holds Struct" in refused("apply", "nested.parquet", "--into", "nested.csv")
    assert "of no form" in refused("apply", "people.csv", "--into", "people.xlsx")
    Path("taken").write_text("")
    assert "cannot be written" in refused("apply", "people.csv", "--into", "taken/x.csv")
    whole = {"min": [-(2**63)], "max": [2**63 - 1], "none": [None], "list": [[1]], "float": [float("nan")]}
    frame = pl.DataFrame(whole, schema_overrides={"none": pl.String})
    pl.concat([frame] * 9).write_parquet("extreme.parquet")
    done("apply", "extreme.parquet")
    assert pl.read_parquet("extreme.masked.parquet")["max"].to_list() == [2**63 - 1] * 9
    pl.DataFrame({"a\x1b[31m": PHONES * 9, "b": ["\x1b[2Jz\x07.6222"] * 27}).write_parquet("escape.parquet")
    scanned = CliRunner().invoke(main, ["sensitive", "scan", "escape.parquet"])
    said = done("plan", "escape.parquet") + done("apply", "escape.parquet") + scanned.output
    assert "a␛[31m" in scanned.output and "\x1b" not in said and "\x07" not in said
    assert sorted(p.name for p in project.glob("*masked*")) == ["escape.masked.parquet", "extreme.masked.parquet"]
    assert not list(project.glob(".*.part"))


def test_keys_and_the_way_back(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    done("apply", "people.csv")
    made = pl.read_csv("people.masked.csv", infer_schema=False)
    sealed, token = made["phone"][0], made["mail"][0]
    assert "no reason" in refused("detokenise", token, "--why", " ")
    assert "'email' by token, not by fpe" in refused("detokenise", "13800138001", "--class", "email", "--why", "x")
    assert "no name of a key" in refused("key", "--into", "k2.key", "--name", "a;b=c")
    assert "has a key 'k1' already" in refused("key", "--into", "k2.key", "--name", "k1")
    assert "no domain" in refused("kettle-key", "../x", "--into", "x.properties")
    before = Path("people.masked.csv").read_bytes()
    monkeypatch.setenv("K2", site.KEY[::-1])
    monkeypatch.setenv("HEDDLE_PROTECTION_KEYS", "k2=env:K2")  # the old one is gone
    assert "no key 'k1'" in refused("rotate", "people.masked.csv")
    monkeypatch.setenv("HEDDLE_PROTECTION_KEYS", "k1=env:K2")  # another one under its name
    policy(POLICY.replace("encrypt", "{method: fpe, otherwise: suppress}"))
    fpe = ("detokenise", PHONES[0], "--class", "mobile", "--why", "x")  # any key gives some number
    for words in (("detokenise", sealed, token, "--why", "x"), fpe, ("apply", "people.csv"), ("rotate",), ("check",)):
        assert "has another key 'k1'" in refused(*words)
    policy(POLICY)
    assert Path("people.masked.csv").read_bytes() == before
    monkeypatch.setenv("HEDDLE_PROTECTION_KEYS", "k2=env:K2;k1=env:K1")
    Path("link.csv").symlink_to("people.masked.csv")
    Path("people.masked.csv").chmod(0o600)
    assert "60 values encrypted with key k2" in done("rotate", "link.csv")
    assert Path("link.csv").is_symlink()
    assert Path("people.masked.csv").stat().st_mode & 0o777 == 0o600  # as it was
    assert "0 values encrypted" in done("rotate", "people.masked.csv")  # twice
    again = pl.read_csv("people.masked.csv", infer_schema=False)
    assert again["code"].to_list() == ["007"] * 60
    assert done("detokenise", again["phone"][0], "--why", "x").strip() == PHONES[0]


def test_amounts_that_are_none_cost_nothing(project: Path) -> None:
    for word in ("nan", "inf", "-inf", "-1", "0", "1e-300", "1e300"):
        assert "is no amount" in refused("dp", "count", "people.csv", "--epsilon", word)
    for word in ("-1", "nan", "2"):
        assert "is no amount" in refused("dp", "count", "people.csv", "--epsilon", "0.1", "--delta", word)
    for bounds in ("5,1", "1,1", "nan,1", "0,inf", "-1.7e308,1.7e308", "1e-320,2e-320"):
        for what in ("sum", "mean"):
            words = ("dp", what, "people.csv", "--column", "code", "--epsilon", "0.1", "--bounds", bounds)
            assert "are none" in refused(*words)
    tiny = ("--column", "code", "--epsilon", "0.1", "--delta", "1e-300")
    assert "so small a delta" in refused("dp", "histogram", "people.csv", *tiny)
    for edges in ("3,1", "nan", "0,inf"):
        assert "do not grow" in refused("dp", "histogram", "people.csv", *tiny[:4], "--edges", edges)
    pl.DataFrame({"l": [PHONES] * 9}).write_parquet("odd.parquet")
    assert "holds List" in refused("dp", "sum", "odd.parquet", "--column", "l", "--bounds", "0,1", "--epsilon", "0.1")
    assert "epsilon 1 of 1" in done("dp", "budget", "people.csv") and "epsilon 1 of 1" in done("dp", "budget")
    assert "left of the budget: epsilon 0," in done("dp", "count", "people.csv", "--epsilon", "1")
    assert "does not allow" in refused("dp", "count", "people.csv", "--epsilon", "1e-9")


def test_anonymity_of_nonsense(project: Path) -> None:
    assert "named twice" in refused("anonymity", "people.csv", "--quasi", "code,code")
    for size in ("0", "-1", "9" * 30):
        assert "is no size" in refused("anonymity", "people.csv", "--quasi", "code", "--k", size)
    for share in ("-1", "2", "nan"):
        assert "is no share" in refused("anonymity", "people.csv", "--quasi", "code", "--suggest", "--left", share)


def test_two_at_once_and_one_that_is_killed(project: Path) -> None:
    words = [str(Path(sys.executable).with_name("heddle")), "protect", "apply", "people.csv"]
    both = [subprocess.Popen(words, stdout=subprocess.DEVNULL) for _ in "ab"]
    assert [one.wait(60) for one in both] == [0, 0]
    assert len(pl.read_csv("people.masked.csv")) == 60
    one = subprocess.Popen(words, stdout=subprocess.DEVNULL)
    time.sleep(0.7)
    one.kill()
    one.wait(60)
    assert len(pl.read_csv("people.masked.csv")) == 60
