"""An error says which file and step it belongs to, whoever raised it."""

import pickle
from pathlib import Path

import pytest

from assets.kettle.engine.blame import blamed, in_file
from assets.kettle.engine.start import run_transformation
from assets.kettle.engine.stop import StopRun
from assets.kettle.errors import KettleError, StepError, UnsupportedStepError
from assets.kettle.files.read import read
from core.errors import SettingsError

BAD_MASK = """<transformation><info><name>masks</name></info>
<order><hop><from>grid</from><to>dates</to><enabled>Y</enabled></hop></order>
<step><name>grid</name><type>DataGrid</type><fields><field><name>day</name><type>String</type></field></fields>
<data><line><item>2024</item></line></data></step>
<step><name>dates</name><type>SelectValues</type><fields><meta><name>day</name><type>Date</type>
<length>-2</length><precision>-2</precision><conversion_mask>QQQ</conversion_mask></meta></fields></step>
</transformation>"""


def test_a_mask_that_java_refuses_names_file_and_step(tmp_path: Path) -> None:
    path = tmp_path / "masks.ktr"
    path.write_text(BAD_MASK, encoding="utf-8")
    with pytest.raises(StepError, match=r"masks\.ktr: step 'dates': .*date mask 'QQQ': illegal letter 'Q'") as failed:
        run_transformation(read(path))
    assert (failed.value.step, failed.value.file) == ("dates", str(path))
    assert str(pickle.loads(pickle.dumps(failed.value))) == str(failed.value)


@pytest.mark.parametrize(
    ("error", "told"),
    [
        (OSError(28, "No space left on device", "/out/a.csv"), "step 's': /out/a.csv: No space left on device"),
        (KeyError("x"), "step 's': KeyError: 'x'"),
        (RuntimeError("at sftp://me:planted@host/a"), r"RuntimeError: at sftp://me:\*\*\*@host/a"),
        (MemoryError(), "not enough memory"),
        (KettleError("cannot read a.csv"), "step 's': cannot read a.csv"),
    ],
)
def test_errors_of_others_become_the_steps_and_stay_the_cause(error: Exception, told: str) -> None:
    with pytest.raises(StepError, match=told) as failed, blamed("s"):
        raise error
    assert failed.value.__cause__ is error
    assert failed.value.fix or isinstance(error, KettleError)


@pytest.mark.parametrize("error", [StopRun("enough"), UnsupportedStepError("no such step"), SettingsError("unset")])
def test_what_already_says_enough_passes(error: Exception) -> None:
    with pytest.raises(type(error)) as passed, blamed("s"):
        raise error
    assert passed.value is error


def test_the_innermost_file_is_named() -> None:
    with pytest.raises(StepError, match=r"^inner\.ktr: step 's': x"), in_file("outer.ktr"), in_file("inner.ktr"):
        raise StepError("s", "x")


def test_copies_without_end_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "masks.ktr"
    path.write_text(BAD_MASK.replace("<type>DataGrid", "<copies>1000000</copies><type>DataGrid"), encoding="utf-8")
    with pytest.raises(StepError, match="step 'grid': 1000000 copies are more than 1000"):
        run_transformation(read(path))
