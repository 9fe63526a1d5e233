"""Entries on files and folders."""

import fcntl
import threading
import time
from pathlib import Path

import pytest

from assets.kettle.engine.result import Result
from assets.kettle.errors import KettleError
from tests.assets.kettle.jobs.entries.entry import Ran, fields, files, rows


def tree(folder: Path, **contents: str) -> Path:
    """Files in a folder; `__` in a name is a `/`, a last `_` a `.`-extension."""
    for name, text in contents.items():
        path = folder / name.replace("__", "/").replace("_txt", ".txt").replace("_csv", ".csv")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return folder


def names(folder: Path) -> list[str]:
    return sorted(str(p.relative_to(folder)) for p in folder.rglob("*") if p.is_file())


def test_exists(tmp_path: Path) -> None:
    tree(tmp_path, a_txt="x")
    assert Ran("FILE_EXISTS", filename="${D}/a.txt", variables={"D": str(tmp_path)}).ok
    assert not Ran("FILE_EXISTS", filename=tmp_path / "b.txt").ok
    assert Ran("FILE_EXISTS", filename=(tmp_path / "a.txt").as_uri()).ok
    with pytest.raises(KettleError, match="no name"):
        Ran("FILE_EXISTS", filename="")
    both = fields({"name": tmp_path / "a.txt"}, {"name": tmp_path, "filemask": r".*\.csv"})
    found = Ran("FILES_EXIST", both)
    assert not found.ok and found.result.errors == 0 and "does not exist" in found.log
    tree(tmp_path, b_csv="")
    assert Ran("FILES_EXIST", both).ok


def test_create_and_delete_files(tmp_path: Path) -> None:
    path = tmp_path / "new"
    made = Ran("CREATE_FILE", filename=path, add_filename_result="Y")
    assert made.ok and path.read_bytes() == b"" and made.files == [str(path)]
    path.write_text("kept")
    assert not Ran("CREATE_FILE", filename=path, fail_if_file_exists="Y").ok
    assert Ran("CREATE_FILE", filename=path, fail_if_file_exists="N").ok and path.read_text() == "kept"
    assert Ran("DELETE_FILE", filename=path).ok and not path.exists()
    assert Ran("DELETE_FILE", filename=path).ok
    assert not Ran("DELETE_FILE", filename=path, fail_if_file_not_exists="Y").ok
    with pytest.raises(KettleError, match="cannot write"):
        Ran("CREATE_FILE", filename=tmp_path / "none" / "x")


def test_delete_files_by_wildcard_and_from_rows(tmp_path: Path) -> None:
    tree(tmp_path, a_txt="", b_csv="", s__c_txt="")
    where = fields({"name": tmp_path, "filemask": r".*\.txt"}, {"name": tmp_path / "gone"})
    assert Ran("DELETE_FILES", where).ok and names(tmp_path) == ["b.csv", "s/c.txt"]
    assert Ran("DELETE_FILES", where, include_subfolders="Y").ok and names(tmp_path) == ["b.csv"]
    given = Result(rows=rows("path mask", (str(tmp_path), None)))
    assert Ran("DELETE_FILES", result=given, arg_from_previous="Y").ok and names(tmp_path) == []
    with pytest.raises(KettleError, match="regular expression"):
        Ran("FOLDER_IS_EMPTY", foldername=tree(tmp_path, a="").as_posix(), specify_wildcard="Y", wildcard="(")


def test_write_to_file_replaces_or_appends_whole(tmp_path: Path) -> None:
    path = tmp_path / "sub" / "note.txt"
    options = {"filename": path, "createParentFolder": "Y", "encoding": "ISO-8859-1"}
    assert Ran("WRITE_TO_FILE", content="é${X}", variables={"X": "!"}, **options).ok
    assert Ran("WRITE_TO_FILE", content="more", appendFile="Y", **options).ok
    assert path.read_bytes() == b"\xe9!more" and names(tmp_path) == ["sub/note.txt"]
    with pytest.raises(KettleError, match="encode"):
        Ran("WRITE_TO_FILE", content="漢", **options)
    assert path.read_bytes() == b"\xe9!more"


def test_folders(tmp_path: Path) -> None:
    folder = tmp_path / "a" / "b"
    assert Ran("CREATE_FOLDER", foldername=folder).ok and folder.is_dir()
    assert not Ran("CREATE_FOLDER", foldername=folder, fail_of_folder_exists="Y").ok
    assert Ran("CREATE_FOLDER", foldername=folder, fail_of_folder_exists="N").ok
    assert Ran("FOLDER_IS_EMPTY", foldername=folder).ok
    tree(folder, x_txt="", s__y_csv="")
    empty = {"foldername": folder, "specify_wildcard": "Y", "wildcard": r".*\.csv"}
    looked = Ran("FOLDER_IS_EMPTY", **empty)
    assert looked.ok and looked.result.lines.input == 1
    assert not Ran("FOLDER_IS_EMPTY", include_subfolders="Y", **empty).ok
    deleted = Ran("DELETE_FOLDERS", fields({"name": folder / "s"}, {"name": folder / "gone"}))
    assert deleted.ok and names(folder) == ["x.txt"]
    refused = Ran("DELETE_FOLDERS", fields({"name": folder / "x.txt"}), success_condition="success_if_no_errors")
    assert not refused.ok and refused.result.errors == 1 and "no folder" in refused.log


def test_compare_files_and_folders(tmp_path: Path) -> None:
    one, two = tree(tmp_path / "1", a_txt="x", b_txt="y"), tree(tmp_path / "2", a_txt="x", b_txt="z")
    assert Ran("FILE_COMPARE", filename1=one / "a.txt", filename2=two / "a.txt").ok
    assert not Ran("FILE_COMPARE", filename1=one / "b.txt", filename2=two / "b.txt").ok
    with pytest.raises(KettleError, match="does not exist"):
        Ran("FILE_COMPARE", filename1=one / "b.txt", filename2=two / "c.txt")
    both = {"filename1": one, "filename2": two, "compareonly": "all"}
    assert Ran("FOLDERS_COMPARE", **both).ok and Ran("FOLDERS_COMPARE", compare_filesize="Y", **both).ok
    assert not Ran("FOLDERS_COMPARE", compare_filecontent="Y", **both).ok
    tree(two, c_csv="")
    assert not Ran("FOLDERS_COMPARE", **both).ok
    some = both | {"compareonly": "specify", "wildcard": r"a\.txt"}
    assert Ran("FOLDERS_COMPARE", compare_filecontent="Y", **some).ok


def test_result_files_are_named_and_forgotten(tmp_path: Path) -> None:
    tree(tmp_path, a_txt="", b_csv="", s__c_txt="")
    named = Ran("ADD_RESULT_FILENAMES", fields({"name": tmp_path, "filemask": ".*"}), include_subfolders="Y")
    assert [Path(f).name for f in named.files] == ["a.txt", "b.csv", "c.txt"]
    left = Ran("DELETE_RESULT_FILENAMES", result=named.result, specify_wildcard="Y", wildcard=r".*\.txt")
    assert [Path(f).name for f in left.files] == ["b.csv"]
    assert Ran("DELETE_RESULT_FILENAMES", result=left.result).files == []
    assert Ran("ADD_RESULT_FILENAMES", fields({"name": tmp_path / "gone"})).result.errors == 1


def test_line_ends(tmp_path: Path) -> None:
    path = tmp_path / "a.txt"
    path.write_bytes(b"a\r\nb\rc\r\n")

    def convert(how: str) -> Ran:
        line = fields({"source_filefolder": tmp_path, "wildcard": r".*\.txt", "ConversionType": how})
        return Ran("DOS_UNIX_CONVERTER", line, success_condition="success_if_no_errors")

    assert convert("guess").ok and path.read_bytes() == b"a\nb\rc\n"
    assert convert("guess").ok and path.read_bytes() == b"a\r\nb\rc\r\n"
    assert convert("unixtodos").ok and path.read_bytes() == b"a\r\nb\rc\r\n"
    path.write_bytes(b"x" * ((1 << 20) - 1) + b"\r\ny\n")  # a pair across the border of two pieces
    done = convert("dostounix")
    assert done.ok and path.read_bytes().endswith(b"x\ny\n") and done.result.lines.written == 1


def test_wait_for_a_file_that_comes_and_one_that_does_not(tmp_path: Path) -> None:
    path = tmp_path / "late"
    timer = threading.Timer(0.3, path.touch)
    timer.start()
    waited = Ran("WAIT_FOR_FILE", filename=path, maximum_timeout=10, check_cycle_time=1, add_filename_result="Y")
    assert waited.ok and waited.files == [str(path)]
    since = time.monotonic()
    gone = {"filename": tmp_path / "gone", "maximum_timeout": 1, "check_cycle_time": 1}
    assert not Ran("WAIT_FOR_FILE", success_on_timeout="N", **gone).ok and 0.9 < time.monotonic() - since < 5
    assert Ran("WAIT_FOR_FILE", success_on_timeout="Y", **gone).ok
    assert Ran("WAIT_FOR_FILE", filename=path, maximum_timeout=5, check_cycle_time=1, file_size_check="Y").ok


def test_locked_files(tmp_path: Path) -> None:
    tree(tmp_path, a_txt="")
    line = fields({"name": tmp_path, "filemask": ".*"})
    assert Ran("CHECK_FILES_LOCKED", line).ok
    with (tmp_path / "a.txt").open() as stream:
        fcntl.flock(stream, fcntl.LOCK_EX)
        locked = Ran("CHECK_FILES_LOCKED", line)
    assert not locked.ok and "a.txt is locked" in locked.log


def test_number_and_size_of_files(tmp_path: Path) -> None:
    tree(tmp_path, a_txt="x" * 2048, b_txt="", s__c_txt="")
    line = fields({"source_filefolder": tmp_path, "wildcard": r".*\.txt", "include_subFolders": "N"})
    count = {"evaluation_type": "count", "successnumbercondition": "equal"}
    assert Ran("EVAL_FILES_METRICS", line, comparevalue=2, **count).ok
    size = {"evaluation_type": "size", "scale": "kbytes", "successnumbercondition": "between"}
    assert Ran("EVAL_FILES_METRICS", line, minvalue=1, maxvalue=2, **size).ok
    given = Result(files=files(tmp_path / "a.txt", tmp_path / "s/c.txt"))
    more = {"source_files": "filenamesresult", "result_filenames_wildcard": "c.*", "comparevalue": 1}
    assert Ran("EVAL_FILES_METRICS", result=given, **more, **count).ok
    table = Result(rows=rows("f deep", (str(tmp_path), "Y")))
    where = {"source_files": "previousresult", "Result_field_file": "f", "Result_field_includesubfolders": "deep"}
    assert Ran("EVAL_FILES_METRICS", result=table, comparevalue=3, **where, **count).ok
    with pytest.raises(KettleError, match="not a number"):
        Ran("EVAL_FILES_METRICS", line, comparevalue="many", **count)
