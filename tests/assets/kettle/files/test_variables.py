"""Variables: the rules of replacement, the internal ones, properties files, parameters."""

import json
import os
import tempfile
from pathlib import Path

import pytest

from assets.kettle.errors import KettleError
from assets.kettle.files.read import read_transformation
from assets.kettle.files.variables import Variables, read_properties
from assets.kettle.model import Parameter


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("${P1}", "one"),
        ("%%P1%%", "one"),
        ("${p1}", "${p1}"),
        ("${NOPE}", "${NOPE}"),
        ("${P2}", "xoney"),
        ("$[41,42]", "AB"),
        ("$[4g]", "\0"),
        ("$[41", "$[41"),
        ("a${P1}b%%P3%%c$[2D]", "aoneb42c-"),
        ("$${P1}", "$one"),
        ("${P5}", ""),
        ("${P1", "${P1"),
        ("${NOPE}${P1}", "${NOPE}one"),
        ("%%P1%% 100%%", "one 100%%"),
        ("${SELF}", "${SELF}"),
        ("%%WIN%%", "one"),
        ("no marks", "no marks"),
        ("", ""),
    ],
)
def test_resolve(text: str, expected: str) -> None:
    values = {"P1": "one", "P2": "x${P1}y", "P3": "42", "P5": "", "SELF": "${SELF}", "WIN": "${P1}"}
    assert Variables(values=values).resolve(text) == expected


def test_fifty_levels_are_resolved_and_endless_ones_named() -> None:
    chain = {f"V{i}": f"${{V{i + 1}}}" for i in range(50)} | {"V50": "end"}
    assert Variables(values=chain).resolve("${V0}") == "end"
    with pytest.raises(KettleError, match="refers to itself"):
        Variables(values={"A": "x${B}", "B": "y${A}"}).resolve("${A}")


def test_a_child_has_a_copy() -> None:
    parent = Variables(values={"A": "1"})
    child = parent.child({"B": "2"})
    parent.set("A", "later")
    child.set("C", "3")
    assert (child.get("A"), child.get("B"), parent.get("C")) == ("1", "2", None)
    assert child.root is parent and "C" not in parent
    child.set("A", None)
    assert child.get("A", "default") == "default"


def test_values_stay_out_of_the_repr() -> None:
    assert "secret" not in repr(Variables(values={"PWD": "secret"}))


def test_internal_names() -> None:
    job = Variables()
    job.for_job(Path("/etl/jobs/main.kjb"), "main")
    assert job.resolve("${Internal.Job.Filename.Directory}|${Internal.Job.Filename.Name}|${Internal.Job.Name}") == (
        "/etl/jobs|main.kjb|main"
    )
    assert job.get("Internal.Entry.Current.Directory") == "/etl/jobs"
    assert job.get("Internal.Workflow.Filename.Folder") == "/etl/jobs"
    inner = job.child()
    inner.for_transformation(Path("/etl/trans/load.ktr"), "load")
    assert inner.get("Internal.Transformation.Filename.Directory") == "/etl/trans"
    assert inner.get("Internal.Pipeline.Filename.Directory") == "/etl/trans"
    assert inner.get("Internal.Entry.Current.Directory") == "/etl/trans"
    assert inner.get("Internal.Job.Filename.Directory") == "/etl/jobs"
    assert job.get("Internal.Entry.Current.Directory") == "/etl/jobs"
    unsaved = job.child()
    unsaved.for_transformation(None, "made")
    assert unsaved.get("Internal.Transformation.Name") == "made"
    assert unsaved.get("Internal.Entry.Current.Directory") == "/etl/jobs"
    alone = Variables()
    alone.for_transformation(Path("/etl/trans/load.ktr"))
    assert alone.get("Internal.Job.Name") == "Parent Job Name"
    assert alone.get("Internal.Transformation.Name") == "load"


def test_system_properties_that_paths_use() -> None:
    assert Variables().resolve("${java.io.tmpdir}${file.separator}x") == str(Path(tempfile.gettempdir()) / "x")
    assert Variables().resolve("${user.home}") == str(Path.home())
    assert Variables().resolve("${HOME}") == "${HOME}"


def test_parameters_take_the_default_for_an_empty_value() -> None:
    variables = Variables(values={"A": "outer"})
    parameters = [Parameter("A", "a"), Parameter("B", "b"), Parameter("C")]
    variables.declare(parameters, {"A": "given", "B": "", "UNKNOWN": "x"})
    assert [variables.get(n) for n in ("A", "B", "C", "UNKNOWN")] == ["given", "b", "", None]


def test_fields() -> None:
    assert Variables().resolve_fields("?{a}-?{b}-?{c}", {"a": "1", "b": None}) == "1-?{b}-?{c}"


def test_properties(tmp_path: Path) -> None:
    path = tmp_path / "kettle.properties"
    path.write_text(
        "# comment\n! too\n\nDB_HOST = localhost\nPATH:C\\:\\\\data\nLONG=a,\\\n   b\n"
        "UMLAUT=\\u00fc\nEMPTY=\nBARE\nx y\n",
    )
    assert read_properties(path) == {
        "DB_HOST": "localhost",
        "PATH": "C:\\data",
        "LONG": "a,b",
        "UMLAUT": "ü",
        "EMPTY": "",
        "BARE": "",
        "x": "y",
    }
    path.write_bytes("A=é".encode("latin-1"))
    assert read_properties(path) == {"A": "é"}


@pytest.mark.skipif("HEDDLE_BENCH_DATA" not in os.environ, reason="needs the measured probes")
def test_probe_of_variables() -> None:
    probes = Path(os.environ["HEDDLE_BENCH_DATA"]) / "kettle" / "probes"
    model = read_transformation(probes / "ktr" / "p41_variables.ktr")
    golden = json.loads((probes / "expected-pdi-9.3" / "p41_variables.json").read_text())
    variables = Variables()
    variables.declare(model.parameters)
    variables.for_transformation(model.path, model.name)
    texts = [variables.resolve(o.text("variable")) for o in model.steps["gv"].options.rows("fields/field")]
    assert texts == golden["steps"]["gv"]["text"][0]
