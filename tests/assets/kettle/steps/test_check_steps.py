"""Validator, Fuzzy match, card and mail checks, PGP."""

import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

from assets.kettle.engine.run import EngineSettings
from assets.kettle.errors import StepError
from tests.assets.kettle.flow import Flow, grid


def validated(rows: list[tuple[Any, ...]], *rules: dict[str, str], **tags: str) -> Any:
    options = [("validator_field", list(rule.items())) for rule in rules]
    flow = (
        Flow()
        .step("in", "DataGrid", grid({"s": "String", "n": "Integer"}, rows))
        .step("x", "Validator", options, **tags)
    )
    flow.step("bad", "Dummy").step("out", "Dummy").hop("in", "x", "out")
    return flow.errors("x", "bad", nr_valuename="count", fields_valuename="fields", codes_valuename="codes").run()


RULES = (
    {"name": "s", "null_allowed": "N", "max_length": "2", "only_numeric_allowed": "Y"},
    {"name": "n", "null_allowed": "Y", "data_type": "Integer", "min_value": "1,000"}
    | {"conversion_mask": "#,##0", "error_code": "LOW"},
)
ROWS = [("12", 2000), ("abc", 5), (None, None)]


def test_only_the_first_fault_counts() -> None:
    done = validated(ROWS, *RULES)
    assert done.rows("out") == [("12", 2000)]
    assert done.rejected("x") == [("abc", 5, 1, "s", "KVD002"), (None, None, 1, "s", "KVD001")]


def test_all_faults_apart_or_joined() -> None:
    apart = validated(ROWS, *RULES, validate_all="Y").rejected("x")
    assert [row[4] for row in apart] == ["KVD002", "KVD008", "LOW", "KVD001"]
    joined = validated(ROWS, *RULES, validate_all="Y", concat_errors="Y", concat_separator="|").rejected("x")
    assert joined[0] == ("abc", 5, 3, "s|s|n", "KVD002|KVD008|LOW")


def test_lists_starts_and_expressions() -> None:
    listed = {"name": "s", "null_allowed": "Y", "data_type": "String"}
    options = [("validator_field", [*listed.items(), ("allowed_value", [("value", "a"), ("value", "b")])])]
    flow = Flow().step("in", "DataGrid", grid({"s": "String"}, [("a",), ("c",)])).step("x", "Validator", options)
    with pytest.raises(StepError, match="list of allowed"):
        flow.hop("in", "x").run()
    rules = {"name": "s", "null_allowed": "Y", "start_string": "a", "regular_expression": "a.*z"}
    assert [r[4] for r in validated([("az", 1), ("b", 1), ("ab", 1)], rules).rejected("x")] == ["KVD009", "KVD013"]


def test_allowed_values_from_another_step() -> None:
    rule = [
        ("name", "s"),
        ("null_allowed", "Y"),
        ("is_sourcing_values", "Y"),
        ("sourcing_step", "list"),
        ("sourcing_field", "v"),
    ]
    flow = Flow().step("in", "DataGrid", grid({"s": "String"}, [("a",), ("z",)]))
    flow.step("list", "DataGrid", grid({"v": "String"}, [("a",)])).step("x", "Validator", [("validator_field", rule)])
    flow.step("out", "Dummy").step("bad", "Dummy").hop("in", "x", "out").hop("list", "x")
    done = flow.errors("x", "bad").run()
    assert done.rows("out") == [("a",)] and done.rejected("x") == [("z",)]


def fuzzy(algorithm: str, **tags: str) -> list[tuple[Any, ...]]:
    options = [("lookup", [("value", [("name", "code"), ("rename", "c")])])]
    every = {
        "algorithm": algorithm,
        "from": "list",
        "lookupfield": "v",
        "mainstreamfield": "s",
        "outputmatchfield": "m",
    }
    flow = Flow().step("in", "DataGrid", grid({"s": "String"}, [("smyth",), ("zz",), (None,)]))
    flow.step(
        "list", "DataGrid", grid({"v": "String", "code": "String"}, [("Smith", "1"), ("Schmidt", "2"), (None, "3")])
    )
    flow.step("x", "FuzzyMatch", options, **{**every, "closervalue": "Y", "outputvaluefield": "d", **tags})
    return flow.hop("in", "x").hop("list", "x").run().rows("x")


def test_fuzzy_match() -> None:
    assert fuzzy("levenshtein", maximalValue="1")[0] == ("smyth", "Smith", 1, "1")
    assert fuzzy("levenshtein", maximalValue="2")[1] == ("zz", "", 2, "3"), "a null entry counts as an empty text"
    assert fuzzy("soundex")[0] == ("smyth", "Schmidt", "S530", "2"), "the last of equal sounds"
    assert fuzzy("jarowinkler", minimalValue="0.5")[2] == (None, None, None, None)
    joined = fuzzy("levenshtein", maximalValue="5", closervalue="N", separator="|")
    assert joined[0] == ("smyth", "Smith|Schmidt|")


def test_cards_and_mails() -> None:
    cards = grid({"s": "String"}, [("4111 1111 1111 1111",), ("1",), (None,)])
    tags = {"fieldname": "s", "resultfieldname": "ok", "cardtype": "t", "onlydigits": "Y"}
    done = Flow().step("in", "DataGrid", cards).step("x", "CreditCardValidator", **tags).hop("in", "x").run()
    assert [row[1:] for row in done.rows("x")] == [(True, "Visa"), (False, None), (False, None)]
    mails = grid({"s": "String"}, [("a.b@c.de",), ("a@b",), (None,)])
    flow = (
        Flow()
        .step("in", "DataGrid", mails)
        .step("x", "MailValidator", emailfield="s", resultfieldname="ok")
        .hop("in", "x")
    )
    assert flow.run().column("x", "ok") == [True, False, False]


def test_pgp_needs_permission() -> None:
    flow = Flow().step("in", "DataGrid", grid({"s": "String"}, [("x",)]))
    flow.step("x", "PGPEncryptStream", streamfield="s", resultfieldname="r", keyname="me").hop("in", "x")
    with pytest.raises(StepError, match="gpg program"):
        flow.run()


@pytest.mark.skipif(shutil.which("gpg") is None, reason="gpg is not installed")
def test_pgp_round_trip(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    home = tmp_path / "g"
    home.mkdir(mode=0o700)
    monkeypatch.setenv("GNUPGHOME", str(home))
    command = [
        "gpg",
        "--batch",
        "--pinentry-mode",
        "loopback",
        "--passphrase",
        "pw",
        "--quick-gen-key",
        "me@x.y",
        "default",
        "default",
        "never",
    ]
    subprocess.run(command, check=True, capture_output=True)
    flow = Flow().step("in", "DataGrid", grid({"s": "String"}, [("secret text",)]))
    flow.step("x", "PGPEncryptStream", streamfield="s", resultfieldname="r", keyname="me@x.y")
    flow.step("y", "PGPDecryptStream", streamfield="r", resultfieldname="p", passhrase="pw").hop("in", "x", "y")
    ((_, armoured, plain),) = flow.run(settings=EngineSettings(allow_shell=True)).rows("y")
    subprocess.run(["gpgconf", "--kill", "gpg-agent"], check=False, capture_output=True)
    assert armoured.startswith("-----BEGIN PGP MESSAGE") and plain == "secret text"
