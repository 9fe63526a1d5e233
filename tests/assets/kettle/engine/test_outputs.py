"""Output files appear whole or not at all."""

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
