"""Files that are replaced whole or not at all."""

import multiprocessing
import os
import signal
from pathlib import Path

import pytest

from core.atomic import replacing, write_bytes, write_text


def test_a_new_file_gets_its_folder_and_the_usual_permissions(tmp_path: Path) -> None:
    path = tmp_path / "a" / "名.yaml"
    write_text(path, "值: 1\r\n")
    assert path.read_bytes() == "值: 1\r\n".encode()
    usual = tmp_path / "usual"
    usual.touch()
    assert path.stat().st_mode == usual.stat().st_mode
    assert list(path.parent.iterdir()) == [path]


def test_the_permissions_of_the_former_file_stay(tmp_path: Path) -> None:
    path = tmp_path / "a.json"
    path.touch(0o600)
    write_text(path, "{}")
    assert path.stat().st_mode & 0o777 == 0o600
    write_bytes(path, b"[]", mode=0o640)
    assert (path.read_text(), path.stat().st_mode & 0o777) == ("[]", 0o640)


def test_a_failure_leaves_the_former_file_and_nothing_beside(tmp_path: Path) -> None:
    path = tmp_path / "a"
    path.write_text("former")
    with pytest.raises(ZeroDivisionError), replacing(path) as beside:
        beside.write_text("half")
        _ = 1 / 0
    assert path.read_text() == "former"
    assert list(tmp_path.iterdir()) == [path]


def test_a_block_that_writes_nothing_is_an_error_and_takes_nothing_away(tmp_path: Path) -> None:
    path = tmp_path / "a"
    path.write_text("former")
    with pytest.raises(FileNotFoundError), replacing(path):
        pass
    assert path.read_text() == "former"


def test_a_link_stays_a_link(tmp_path: Path) -> None:
    kept, link = tmp_path / "kept" / "a", tmp_path / "a"
    kept.parent.mkdir()
    kept.write_text("former")
    link.symlink_to(kept)
    write_text(link, "new")
    assert link.is_symlink()
    assert kept.read_text() == "new"


def test_the_longest_name_a_file_may_have_can_be_written(tmp_path: Path) -> None:
    path = tmp_path / ("数" * 85)
    write_text(path, "x")
    assert path.read_text() == "x"


def _killed_halfway(path: Path) -> None:
    with replacing(path) as beside:
        beside.write_text("half")
        os.kill(os.getpid(), signal.SIGKILL)


def test_a_killed_process_leaves_the_former_file(tmp_path: Path) -> None:
    path = tmp_path / "a"
    path.write_text("former")
    process = multiprocessing.get_context("spawn").Process(target=_killed_halfway, args=(path,))
    process.start()
    process.join(30)
    assert process.exitcode == -signal.SIGKILL
    assert path.read_text() == "former"
