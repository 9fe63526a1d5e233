"""Finding the file that a step or entry refers to."""

from pathlib import Path

import pytest
from lxml import etree

from assets.kettle.errors import KettleError
from assets.kettle.files.load import locate
from assets.kettle.files.variables import Variables
from assets.kettle.model import Options


@pytest.fixture
def base(tmp_path: Path) -> Path:
    for name in ("main.kjb", "sub/t.ktr", "sub/j.kjb", "sub/p.hpl", "a b.ktr"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text("<x/>")
    return tmp_path / "main.kjb"


def _variables(base: Path) -> Variables:
    variables = Variables()
    variables.for_job(base)
    return variables


@pytest.mark.parametrize(
    ("tags", "kind", "expected"),
    [
        ({"filename": "${Internal.Entry.Current.Directory}/sub/t.ktr"}, "transformation", "sub/t.ktr"),
        ({"filename": "sub/t.ktr", "specification_method": "filename"}, "transformation", "sub/t.ktr"),
        ({"filename": "${Internal.Job.Filename.Directory}\\sub\\t"}, "transformation", "sub/t.ktr"),
        ({"filename": "sub/p"}, "transformation", "sub/p.hpl"),
        ({"filename": "file://${Internal.Job.Filename.Directory}/a%20b.ktr"}, "transformation", "a b.ktr"),
        (
            {"specification_method": "rep_name", "trans_name": "t", "directory_path": "/sub"},
            "transformation",
            "sub/t.ktr",
        ),
        ({"transname": "t", "directory": "${Internal.Entry.Current.Directory}/sub"}, "transformation", "sub/t.ktr"),
        ({"specification_method": "rep_name", "filename": "sub/t.ktr"}, "transformation", "sub/t.ktr"),
        ({"jobname": "j", "directory": "/sub"}, "job", "sub/j.kjb"),
        ({"specification_method": "filename", "filename": "sub/j.kjb", "job_name": "x"}, "job", "sub/j.kjb"),
    ],
)
def test_found(base: Path, tags: dict[str, str], kind: str, expected: str) -> None:
    assert locate(tags, _variables(base), base, kind) == (base.parent / expected).resolve()


def test_a_repository_directory_is_looked_for_above_the_caller(base: Path) -> None:
    caller = base.parent / "sub" / "t.ktr"
    element = etree.fromstring("<step><trans_name>t</trans_name><directory_path>/sub</directory_path></step>")
    assert locate(Options(element), Variables(), caller) == caller.resolve()


@pytest.mark.parametrize(
    ("tags", "message"),
    [
        ({}, "no transformation is named"),
        ({"filename": "none.ktr"}, "'none.ktr' is not there; looked for"),
        ({"filename": "${NOPE}/t.ktr"}, "set the variables"),
        ({"filename": "http://127.0.0.1/t.ktr"}, "http:// cannot be read"),
    ],
)
def test_not_found(base: Path, tags: dict[str, str], message: str) -> None:
    with pytest.raises(KettleError, match=None) as caught:
        locate(tags, _variables(base), base)
    assert message in str(caught.value)
