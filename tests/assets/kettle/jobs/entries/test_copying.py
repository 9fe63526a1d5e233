"""Entries that copy, move, pack and unpack files."""

import re
import zipfile
from pathlib import Path

import fsspec
import pytest

from assets.kettle.engine.result import Result
from assets.kettle.errors import KettleError
from tests.assets.kettle.jobs.entries.entry import Ran, fields, files, rows
from tests.assets.kettle.jobs.entries.test_files import names, tree


def line(source: object, target: object, wildcard: str = "") -> dict[str, object]:
    return {"source_filefolder": source, "destination_filefolder": target, "wildcard": wildcard}


def test_copy_folders_and_files(tmp_path: Path) -> None:
    source, target = tree(tmp_path / "in", a_txt="1", b_csv="2", s__c_txt="3"), tmp_path / "out"
    missing = Ran("COPY_FILES", fields(line(source, target)))
    assert not missing.ok and missing.result.errors == 1 and "out does not exist" in missing.log
    make = {"create_destination_folder": "Y", "include_subfolders": "Y", "add_result_filesname": "Y"}
    done = Ran("COPY_FILES", fields(line(source, target, r".*\.txt")), **make)
    assert done.ok and names(target) == ["a.txt", "s/c.txt"] and len(done.files) == 2
    (target / "a.txt").write_text("old")
    assert Ran("COPY_FILES", fields(line(source / "a.txt", target))).ok and (target / "a.txt").read_text() == "old"
    again = Ran("COPY_FILES", fields(line(source / "a.txt", target)), overwrite_files="Y", remove_source_files="Y")
    assert again.ok and (target / "a.txt").read_text() == "1" and not (source / "a.txt").exists()
    as_file = {"destination_is_a_file": "Y"}
    assert Ran("COPY_FILES", fields(line(source / "b.csv", target / "x.csv")), **as_file).ok
    assert not Ran("COPY_FILES", fields(line(source, target / "y")), **as_file).ok
    given = Result(rows=rows("a b c", (str(source / "b.csv"), str(target), None)))
    assert Ran("COPY_FILES", result=given, arg_from_previous="Y").ok and "b.csv" in names(target)


def test_copy_to_another_file_system(tmp_path: Path) -> None:
    source = tree(tmp_path, a_txt="far")
    assert Ran("COPY_FILES", fields(line(source / "a.txt", "memory://jobs/x")), create_destination_folder="Y").ok
    assert fsspec.filesystem("memory").cat("/jobs/x/a.txt") == b"far"
    assert Ran("FILE_EXISTS", filename="ram://jobs/x/a.txt").ok
    assert Ran("MOVE_FILES", fields(line("memory://jobs/x/a.txt", tmp_path / "s")), create_destination_folder="Y").ok
    assert (tmp_path / "s/a.txt").read_text() == "far" and not fsspec.filesystem("memory").exists("/jobs/x/a.txt")


def test_move_and_what_happens_to_files_that_exist(tmp_path: Path) -> None:
    def moved(rule: str, **more: object) -> tuple[Ran, list[str], list[str]]:
        source, target = (
            tree(tmp_path / rule / "in", a_txt="new", b_txt="b"),
            tree(tmp_path / rule / "out", a_txt="old"),
        )
        lines = fields(line(source, target, r".*\.txt"))
        return Ran("MOVE_FILES", lines, iffileexists=rule, **more), names(source), names(target)

    ran, source, target = moved("do_nothing")
    assert ran.ok and ran.result.lines.written == 1 and source == ["a.txt"] and target == ["a.txt", "b.txt"]
    ran, source, target = moved("overwrite_file", add_result_filesname="Y")
    assert ran.ok and source == [] and len(ran.files) == 2
    assert (tmp_path / "overwrite_file/out/a.txt").read_text() == "new"
    ran, source, target = moved("unique_name", AddMovedDateBeforeExtension="Y")
    assert ran.ok and source == [] and any(re.fullmatch(r"a_\d{8}_\d{9}\.txt", name) for name in target)
    ran, source, target = moved("delete_file")
    assert ran.ok and source == [] and (tmp_path / "delete_file/out/a.txt").read_text() == "old"
    ran, source, target = moved("fail")
    assert not ran.ok and ran.result.errors == 1 and "a.txt" in source and "exists already" in ran.log
    ran, source, target = moved("move_file", destinationFolder=tmp_path / "aside", create_move_to_folder="Y")
    assert ran.ok and names(tmp_path / "aside") == ["a.txt"]
    few = Ran("MOVE_FILES", fields(line(tmp_path / "gone", tmp_path)), success_condition="success_when_at_least")
    assert not few.ok
    less = Ran("MOVE_FILES", fields(line(tmp_path / "gone", tmp_path)), success_condition="success_if_errors_less")
    assert less.ok and less.result.errors == 1


def test_moved_names_get_the_date(tmp_path: Path) -> None:
    source = tree(tmp_path / "in", a_txt="")
    options = {"SpecifyFormat": "Y", "date_time_format": "_yyyy-MM", "AddDateBeforeExtension": "Y"}
    assert Ran("MOVE_FILES", fields(line(source, tmp_path / "out")), create_destination_folder="Y", **options).ok
    assert re.fullmatch(r"a_\d{4}-\d\d\.txt", names(tmp_path / "out")[0])


def test_files_of_the_result_are_copied_moved_deleted(tmp_path: Path) -> None:
    source, target = tree(tmp_path / "in", a_txt="1", b_csv="2"), tmp_path / "out"
    given = Result(files=files(source / "a.txt", source / "b.csv"))
    options = {"destination_folder": target, "CreateDestinationFolder": "Y", "AddDestinationFilename": "Y"}
    picked = {"specify_wildcard": "Y", "wildcard": r".*\.txt", "RemovedSourceFilename": "Y"}
    done = Ran("COPY_MOVE_RESULT_FILENAMES", result=given, action="move", **options, **picked)
    assert done.ok and names(target) == ["a.txt"] and names(source) == ["b.csv"]
    assert done.files == [str(source / "b.csv"), str(target / "a.txt")]
    left = Ran("COPY_MOVE_RESULT_FILENAMES", result=done.result, action="delete")
    assert left.ok and left.files == [] and names(tmp_path) == []
    gone = Ran("COPY_MOVE_RESULT_FILENAMES", result=Result(files=files(source / "b.csv")), action="delete")
    assert not gone.ok and gone.result.errors == 1


def packed(path: Path) -> dict[str, str]:
    with zipfile.ZipFile(path) as archive:
        return {name: archive.read(name).decode() for name in archive.namelist()}


def test_zip_and_what_happens_to_an_archive_that_exists(tmp_path: Path) -> None:
    source, archive = tree(tmp_path / "in", a_txt="1", b_csv="2", s__c_txt="3"), tmp_path / "z" / "x.zip"
    options = {"sourcedirectory": source, "zipfilename": archive, "createparentfolder": "Y", "wildcard": r".*\.txt"}
    done = Ran("ZIP_FILE", addfiletoresult="Y", include_subfolders="Y", **options)
    assert done.ok and packed(archive) == {"a.txt": "1", "s/c.txt": "3"} and done.files == [str(archive)]
    assert Ran("ZIP_FILE", ifzipfileexists=2, **options).ok and len(packed(archive)) == 2
    with pytest.raises(KettleError, match="exists already"):
        Ran("ZIP_FILE", ifzipfileexists=3, **options)
    (source / "a.txt").write_text("new")
    assert Ran("ZIP_FILE", ifzipfileexists=1, **options).ok and packed(archive) == {"s/c.txt": "3", "a.txt": "new"}
    assert Ran("ZIP_FILE", ifzipfileexists=0, **options).ok and len(list(archive.parent.iterdir())) == 2
    given = Result(rows=rows("s m e z", (str(source / "b.csv"), None, None, str(tmp_path / "row.zip"))))
    assert Ran("ZIP_FILE", result=given, isfromprevious="Y", afterzip=1).ok
    assert packed(tmp_path / "row.zip") == {"b.csv": "2"} and not (source / "b.csv").exists()
    with pytest.raises(KettleError, match="no file to pack"):
        Ran("ZIP_FILE", **(options | {"wildcard": "none", "ifzipfileexists": 0}))


def test_unzip_and_what_happens_to_files_that_exist(tmp_path: Path) -> None:
    archive, target = tmp_path / "x.zip", tmp_path / "out"
    with zipfile.ZipFile(archive, "w") as made:
        made.writestr("a.txt", "longer")
        made.writestr("s/b.txt", "2")
    options = {"zipfilename": archive, "targetdirectory": target, "createfolder": "Y"}
    done = Ran("UNZIP", addfiletoresult="Y", **options)
    assert done.ok and names(target) == ["a.txt", "s/b.txt"] and done.result.lines.written == 1 and len(done.files) == 2
    (target / "a.txt").write_text("old")
    assert Ran("UNZIP", iffileexists="SKIP", **options).ok and (target / "a.txt").read_text() == "old"
    assert not Ran("UNZIP", iffileexists="FAIL", **options).ok
    assert (
        Ran("UNZIP", iffileexists="OVERWRITE_ZIP_BIG_SMALL", **options).ok and (target / "a.txt").read_text() == "old"
    )
    assert Ran("UNZIP", iffileexists="OVERWRITE_ZIP_BIG", **options).ok and (target / "a.txt").read_text() == "longer"
    assert Ran("UNZIP", iffileexists="UNIQ", wildcard="a.*", **options).ok and len(names(target)) == 3
    assert Ran("UNZIP", rootzip="Y", wildcard="b.*", afterunzip=1, **options).ok
    assert "x/s/b.txt" in names(target) and not archive.exists()


@pytest.mark.parametrize("name", ["../evil.txt", "/evil.txt", "s/../../evil.txt", "..\\evil.txt"])
def test_an_archive_cannot_write_outside_of_its_folder(tmp_path: Path, name: str) -> None:
    archive, target = tmp_path / "x.zip", tmp_path / "deep" / "out"
    with zipfile.ZipFile(archive, "w") as made:
        made.writestr(name, "evil")
    target.mkdir(parents=True)
    done = Ran("UNZIP", zipfilename=archive, targetdirectory=target)
    assert not done.ok and "leads out of the folder" in done.log and names(tmp_path) == ["x.zip"]


def test_an_archive_cannot_write_through_a_link(tmp_path: Path) -> None:
    archive, target = tmp_path / "x.zip", tmp_path / "out"
    with zipfile.ZipFile(archive, "w") as made:
        made.writestr("link/evil.txt", "evil")
    target.mkdir()
    (tmp_path / "else").mkdir()
    (target / "link").symlink_to(tmp_path / "else")
    assert not Ran("UNZIP", zipfilename=archive, targetdirectory=target).ok and names(tmp_path / "else") == []
    (tmp_path / "no.zip").write_text("no archive")
    assert not Ran("UNZIP", zipfilename=tmp_path / "no.zip", targetdirectory=target).ok
