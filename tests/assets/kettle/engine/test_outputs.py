"""Output files appear whole or not at all."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from assets.kettle.engine.outputs import Outputs, open_binary
from assets.kettle.errors import KettleError


def test_nothing_is_in_place_before_the_commit_but_readers_of_the_run_see_it(tmp_path: Path) -> None:
    target = tmp_path / "a.txt"
    target.write_text("old", encoding="utf-8")
    outputs = Outputs()
    outputs.stage(str(target)).write_text("new", encoding="utf-8")
    assert target.read_text(encoding="utf-8") == "old"
    assert Path(outputs.resolve(str(target))).read_text(encoding="utf-8") == "new"
    outputs.commit()
    assert target.read_text(encoding="utf-8") == "new"
    assert [p.name for p in tmp_path.iterdir()] == ["a.txt"]


def test_a_rollback_leaves_what_was_there(tmp_path: Path) -> None:
    outputs = Outputs()
    outputs.stage(str(tmp_path / "deep" / "b.txt")).write_text("x", encoding="utf-8")
    outputs.rollback()
    assert list((tmp_path / "deep").iterdir()) == []


def test_appending_starts_with_the_present_content(tmp_path: Path) -> None:
    target = tmp_path / "a.txt"
    target.write_text("one\n", encoding="utf-8")
    outputs = Outputs()
    with outputs.stage(str(target), append=True).open("a", encoding="utf-8") as handle:
        handle.write("two\n")
    outputs.commit()
    assert target.read_text(encoding="utf-8") == "one\ntwo\n"


def test_a_missing_folder_is_told_where_it_may_not_be_made(tmp_path: Path) -> None:
    with pytest.raises(KettleError, match="does not exist"):
        Outputs().stage(str(tmp_path / "none" / "a.txt"), make_folder=False)


def test_an_address_of_an_unknown_kind_is_told() -> None:
    with pytest.raises(KettleError, match="cannot read nokind://"):
        open_binary("nokind://place/file")


def test_a_folder_in_the_place_of_the_file_is_told_before_rows_are_written(tmp_path: Path) -> None:
    (tmp_path / "a.csv").mkdir()
    with pytest.raises(KettleError, match=r"cannot write .*a\.csv: it is a folder"):
        Outputs().stage(str(tmp_path / "a.csv"))
    with pytest.raises(KettleError, match="File name too long"):
        Outputs().stage(str(tmp_path / ("n" * 300)))


def test_the_next_run_removes_what_a_killed_run_left_but_not_the_files_of_a_living_one(tmp_path: Path) -> None:
    stage = f"from assets.kettle.engine.outputs import Outputs; print(Outputs().stage({str(tmp_path / 'a.txt')!r}))"
    left = Path(
        subprocess.run([sys.executable, "-c", stage], capture_output=True, text=True, check=True).stdout.strip()
    )
    assert left.exists()
    elsewhere, old = tmp_path / ".heddle-pod.7-12-aa.part", tmp_path / ".heddle-pod.7-12-bb.part"
    elsewhere.touch()
    old.touch()
    os.utime(old, (1, 1))
    living = Outputs().stage(str(tmp_path / "b.txt"))
    staged = Outputs().stage(str(tmp_path / "a.txt"))
    assert sorted(tmp_path.iterdir()) == sorted([elsewhere, living, staged])


def test_a_commit_that_cannot_be_is_told_and_leaves_no_staged_file(tmp_path: Path) -> None:
    outputs = Outputs()
    outputs.stage(str(tmp_path / "a.txt"))
    (tmp_path / "a.txt").mkdir()
    with pytest.raises(KettleError, match=r"cannot write .*a\.txt: Is a directory"):
        outputs.commit()
    outputs.rollback()
    assert [p.name for p in tmp_path.iterdir()] == ["a.txt"]


def test_an_address_that_the_file_system_refuses_is_told_without_its_password() -> None:
    with pytest.raises(KettleError, match="cannot read") as refused:
        open_binary("foo://me:planted@host/a.csv")
    assert "planted" not in str(refused.value)
