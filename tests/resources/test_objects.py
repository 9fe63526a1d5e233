"""Versioned folders: published whole, removed whole, whatever is killed in between."""

import os
import shutil
import time
from pathlib import Path

import pytest

from core.naming import Key
from resources.objects_file import LEFT_SECONDS, FileObjects

KEY = Key("dataset", "retail", "coupon_propensity")


def write(objects: FileObjects, version: str) -> Path:
    def build(folder: Path) -> None:
        for name in ("a", "b", "c"):
            (folder / name).write_text(version)

    path = objects.write(KEY, version, build)
    os.utime(path, ns=(int(version[1:]), int(version[1:])))
    return path


def test_prune_keeps_the_newest_and_what_an_alias_names(tmp_path: Path) -> None:
    objects = FileObjects(tmp_path)
    for version in ("v1", "v2", "v3", "v4"):
        write(objects, version)
    objects.set_alias(KEY, "current", "v1")
    assert objects.prune(KEY, 2) == ["v2"]
    assert objects.versions(KEY) == ["v1", "v3", "v4"]
    assert {p.name for p in (tmp_path / str(KEY)).iterdir()} == {"v1", "v3", "v4", "aliases"}


def test_a_prune_killed_half_way_leaves_no_half_version(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    objects = FileObjects(tmp_path)
    for version in ("v1", "v2"):
        write(objects, version)

    def killed(folder: Path) -> None:
        (folder / "b").unlink()
        raise KeyboardInterrupt

    with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt):
        patch.setattr(shutil, "rmtree", killed)
        objects.prune(KEY, 1)
    assert objects.versions(KEY) == ["v2"]
    again = write(objects, "v1")  # the same content once more
    assert {p.name: p.read_text() for p in again.iterdir()} == dict.fromkeys("abc", "v1")


def test_old_leftovers_are_swept_and_young_ones_are_not(tmp_path: Path) -> None:
    objects = FileObjects(tmp_path)
    folder = write(objects, "v1").parent
    old, young = folder / ".v0.0123abcd.tmp", folder / ".v2.0123abcd.tmp"
    for path in (old, young):
        path.mkdir()
        (path / "half").write_text("x")
    then = time.time() - LEFT_SECONDS - 60
    os.utime(old, (then, then))
    assert objects.prune(KEY, 5) == []
    assert not old.exists() and (young / "half").exists() and objects.versions(KEY) == ["v1"]
