"""Steps about files themselves: names, folders, existence, locks, counts of lines, copying, result files."""

import os
import shutil
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import polars as pl

from assets.kettle.engine.outputs import exists, local_path
from assets.kettle.engine.result import ResultFile
from assets.kettle.engine.step import RowStep, Step
from assets.kettle.errors import KettleError, StepError
from assets.kettle.formats.columns import INTEGER_MASK, integer_field
from assets.kettle.formats.file_list import FileRule, expand, facts, file_rules, plain_path
from assets.kettle.formats.sources import open_path
from assets.kettle.values.fields import Field, Layout, ValueType

# name, type, length, mask and how the value is found, of the fields that "Get file names" adds
NAME_FIELDS: tuple[tuple[str, ValueType, int], ...] = (
    ("filename", ValueType.STRING, 500),
    ("short_filename", ValueType.STRING, 500),
    ("path", ValueType.STRING, 500),
    ("type", ValueType.STRING, 500),
    ("exists", ValueType.BOOLEAN, -1),
    ("ishidden", ValueType.BOOLEAN, -1),
    ("isreadable", ValueType.BOOLEAN, -1),
    ("iswriteable", ValueType.BOOLEAN, -1),
    ("lastmodifiedtime", ValueType.DATE, -1),
    ("size", ValueType.INTEGER, -1),
    ("extension", ValueType.STRING, -1),
    ("uri", ValueType.STRING, -1),
    ("rooturi", ValueType.STRING, -1),
)
KINDS = {"all_files": (True, True), "only_files": (False, True), "only_folders": (True, False)}


def _counter(name: str, origin: str) -> Field:
    return Field(name, ValueType.INTEGER, -1, 0, INTEGER_MASK, origin=origin)


def kind_of(path: str) -> str | None:
    """`file`, `folder`, or None when nothing is there."""
    local = local_path(path)
    if local is None:
        return "file" if exists(path) else None
    return "folder" if local.is_dir() else "file" if local.exists() else None


def name_row(path: str) -> tuple[Any, ...]:
    """The values of NAME_FIELDS for one path."""
    known = facts(path)
    kind = kind_of(path)
    folder = kind == "folder"
    readable, writable = os.access(path, os.R_OK), os.access(path, os.W_OK)
    if local_path(path) is None:
        readable, writable = kind is not None, False
    return (
        known.path,
        known.name,
        known.folder,
        kind or "imaginary",
        kind is not None,
        known.hidden,
        readable,
        writable,
        known.modified,
        0 if folder else known.size,
        known.extension,
        known.uri,
        known.root_uri,
    )


class NamedFiles(Step):
    """The common part of steps that list files: from the step's table, or per input row from fields."""

    def setup(self) -> None:
        """Reads the options."""
        o = self.options
        self.dynamic = o.flag("filefield", default=o.flag("isFolderNameDynamic", default=o.flag("foldername_dynamic")))
        self.limit = self.integer("limit")
        self.rownum = o.text("rownum_field") if o.flag("rownum") else ""
        self.number = 0

    def own(self) -> list[Field]:
        """The fields that the step adds, without the row number."""
        raise NotImplementedError

    def found(self, rule: FileRule) -> list[str]:
        """The paths of one rule."""
        raise NotImplementedError

    def values(self, path: str) -> tuple[Any, ...]:
        """The values of the added fields."""
        raise NotImplementedError

    def rule(self, row: Mapping[str, Any]) -> FileRule:
        """The rule that an input row gives."""
        raise NotImplementedError

    def fields(self, inputs: Mapping[str, Layout]) -> Layout:
        """Input fields, when names come from them, then the added ones and the row number."""
        self.incoming = next(iter(inputs.values()), Layout()) if self.dynamic else Layout()
        own = self.own()
        if self.rownum:
            own.append(integer_field(self.rownum, self.name))
        return Layout([*self.incoming, *own])

    def rows(self, frame: pl.DataFrame, source: str) -> None:
        """The files of each row, joined to it."""
        if not self.dynamic:
            return
        positions: list[int] = []
        values: list[tuple[Any, ...]] = []
        for position, row in enumerate(frame.iter_rows(named=True)):
            for path in self._paths([self.rule(row)]):
                positions.append(position)
                values.append(self._with_number(path))
        self._send(frame[positions] if positions else frame.clear(), values)

    def _check(self, paths: list[str], names: str) -> None:
        """Finding nothing is logged; it ends the run only where the step is told to raise."""
        if paths or self.options.flag("doNotFailIfNoFile", default=True):
            return
        if self.options.flag("raiseAnExceptionIfNoFile"):
            raise StepError(self.name, f"no file is there: {names}", "correct the names")
        self.log(f"no file is there: {names}", "ERROR")

    def _with_number(self, path: str) -> tuple[Any, ...]:
        self.number += 1
        return (*self.values(path), self.number) if self.rownum else self.values(path)

    def _paths(self, rules: list[FileRule]) -> list[str]:
        try:
            paths = [path for rule in rules for path in self.found(rule)]
        except KettleError as error:
            raise StepError(self.name, str(error)) from error
        if self.limit:
            paths = paths[: max(0, self.limit - self.number)]
        if self.options.flag("isaddresult"):
            self.run.result.files += [ResultFile(path, origin=self.name) for path in paths]
        return paths

    def _send(self, left: pl.DataFrame, values: list[tuple[Any, ...]]) -> None:
        names = self.output.names[len(self.incoming) :]
        schema = {n: self.output[n].dtype for n in names}
        right = pl.DataFrame(values, schema=schema, orient="row")
        self.emit(pl.DataFrame([*left.get_columns(), *right.get_columns()]) if len(self.incoming) else right)

    def produce(self) -> Iterator[pl.DataFrame]:
        """The files of the step's own table."""
        if not self.dynamic:
            rules = file_rules(self.options, self.resolve)
            paths = self._paths(rules)
            self._check(paths, ", ".join(rule.path for rule in rules))
            self._send(pl.DataFrame(), [self._with_number(path) for path in paths])
        return iter(())


class GetFileNames(NamedFiles):
    """Lists files and folders with their facts."""

    types = ("GetFileNames",)

    def own(self) -> list[Field]:
        """Thirteen fields."""
        made = [Field(n, k, length, origin=self.name) for n, k, length in NAME_FIELDS]
        return [_counter(f.name, self.name) if f.type == ValueType.INTEGER else f for f in made]

    def rule(self, row: Mapping[str, Any]) -> FileRule:
        """File name, wildcard and exclusion from fields."""
        o = self.options
        names = ("filename_Field", "wildcard_Field", "exclude_wildcard_Field")
        path, mask, exclude = (self._of(row, o.text(tag)) for tag in names)
        return FileRule(path, mask, exclude, deep=o.flag("dynamic_include_subfolders"))

    def _of(self, row: Mapping[str, Any], name: str) -> str:
        return self.resolve(str(row[self.field(self.incoming, name).name] or "")) if name else ""

    def found(self, rule: FileRule) -> list[str]:
        """By the wanted kind of file."""
        folders, files = KINDS.get(self.options.text("filter/filterfiletype", default="all_files"), (True, True))
        return expand([rule], folders=folders, files=files)

    def values(self, path: str) -> tuple[Any, ...]:
        """The facts."""
        return name_row(path)


class GetSubFolders(NamedFiles):
    """Lists the folders inside folders."""

    types = ("GetSubFolders",)
    NAMES = (
        ("folderName", ValueType.STRING),
        ("short_folderName", ValueType.STRING),
        ("path", ValueType.STRING),
        ("ishidden", ValueType.BOOLEAN),
        ("isreadable", ValueType.BOOLEAN),
        ("iswriteable", ValueType.BOOLEAN),
        ("lastmodifiedtime", ValueType.DATE),
        ("uri", ValueType.STRING),
        ("rooturi", ValueType.STRING),
        ("childrens", ValueType.INTEGER),
    )

    def own(self) -> list[Field]:
        """Ten fields."""
        made = [Field(n, k, 500 if i < 3 else -1, origin=self.name) for i, (n, k) in enumerate(self.NAMES)]
        return [_counter(f.name, self.name) if f.type == ValueType.INTEGER else f for f in made]

    def rule(self, row: Mapping[str, Any]) -> FileRule:
        """The folder from a field."""
        name = self.field(self.incoming, self.options.text("foldername_field")).name
        return FileRule(self.resolve(str(row[name] or "")))

    def found(self, rule: FileRule) -> list[str]:
        """Direct sub-folders."""
        local = local_path(rule.path)
        if local is None or not local.is_dir():
            if rule.required or self.dynamic:
                raise KettleError(f"the folder {rule.path} does not exist", "correct the name")
            return []
        return sorted(plain_path(str(p)) for p in local.iterdir() if p.is_dir())

    def values(self, path: str) -> tuple[Any, ...]:
        """The facts of a folder."""
        known = facts(path)
        access = (os.access(path, os.R_OK), os.access(path, os.W_OK))
        children = len(list(Path(path).iterdir()))
        head = (known.path, known.name, known.folder, known.hidden)
        return (*head, *access, known.modified, known.uri, known.root_uri, children)


SEPARATORS = {"CR": b"\n", "LINEFEED": b"\n", "CARRIAGERETURN": b"\r", "LF": b"\r", "CRLF": b"\r\n", "TAB": b"\t"}


class GetFilesRowsCount(NamedFiles):
    """Counts the rows of files by their separator: one row per file, or one with the sums."""

    types = ("GetFilesRowsCount",)

    def own(self) -> list[Field]:
        """Rows, and files if wanted."""
        o = self.options
        made = [_counter(self.text("rows_count_fieldname", "rows_count_field", default="rowscount"), self.name)]
        if o.flag("includeFilesCount", default=o.flag("files_count")):
            made.append(_counter(self.text("files_count_fieldname", "files_count_field"), self.name))
        return made

    def rule(self, row: Mapping[str, Any]) -> FileRule:
        """The file from a field."""
        name = self.field(self.incoming, self.options.text("filename_Field", "filenameField")).name
        return FileRule(self.resolve(str(row[name] or "")))

    def found(self, rule: FileRule) -> list[str]:
        """Files only."""
        return expand([rule])

    def produce(self) -> Iterator[pl.DataFrame]:
        """One row with the sums over all files."""
        if not self.dynamic:
            paths = self._paths(file_rules(self.options, self.resolve))
            total = sum(self._count(path) for path in paths)
            self._send(pl.DataFrame(), [(total, len(paths))[: len(self.output)]])
        return iter(())

    def values(self, path: str) -> tuple[Any, ...]:
        """The count of one file."""
        return (self._count(path), 1)[: len(self.own())]

    def _count(self, path: str) -> int:
        kind = self.options.text("rowseparator_format", "rowSeparatorFormat", default="CR").upper()
        mark = SEPARATORS.get(kind) or self.text("row_separator").encode() or b"\n"
        total, last, any_data = 0, b"", False
        with open_path(self.run, path) as stream:
            while chunk := stream.read(1 << 22):
                any_data = True
                total += (last + chunk).count(mark)
                last = chunk[-(len(mark) - 1) :] if len(mark) > 1 else b""
                ending = chunk[-len(mark) :]
        smart = self.options.flag("isSmartCount", default=self.options.flag("smartCount"))
        return total + 1 if any_data and smart and ending != mark else total


class FileExists(RowStep):
    """Whether the file of each row is there, and of what type; an address that cannot be reached is not there."""

    types = ("FileExists",)

    def fields(self, inputs: Mapping[str, Layout]) -> Layout:
        """One or two fields more."""
        layout = self.main(inputs)
        self.source = self.field(layout, self.text("filenamefield")).name
        added = [Field(self.text("resultfieldname", default="result"), ValueType.BOOLEAN, origin=self.name)]
        if self.options.flag("includefiletype") and self.text("filetypefieldname"):
            added.append(Field(self.text("filetypefieldname"), origin=self.name))
        return layout.plus(*added)

    def transform(self, frame: pl.DataFrame) -> pl.DataFrame:
        """Looks up each distinct name once."""
        known = {name: self._kind(str(name)) for name in frame[self.source].unique() if name}
        kinds = pl.Series([known.get(name) for name in frame[self.source]], dtype=pl.String)
        names = self.output.names[frame.width :]
        if self.options.flag("addresultfilenames"):
            self.run.result.files += [
                ResultFile(str(n), origin=self.name) for n, kind in known.items() if kind == "file"
            ]
        columns = [kinds.is_not_null(), kinds]
        return frame.with_columns([c.alias(n) for c, n in zip(columns, names, strict=False)])

    def _kind(self, name: str) -> str | None:
        try:
            return kind_of(self.run.outputs.resolve(self.resolve(name)))
        except Exception as error:  # a VFS that cannot be reached says that nothing is there
            self.log(f"{name}: {type(error).__name__}")
            return None


class FileLocked(RowStep):
    """Whether another process holds a lock on the file of each row."""

    types = ("FileLocked",)

    def fields(self, inputs: Mapping[str, Layout]) -> Layout:
        """One Boolean more."""
        layout = self.main(inputs)
        self.source = self.field(layout, self.text("filenamefield")).name
        return layout.plus(Field(self.text("resultfieldname", default="result"), ValueType.BOOLEAN, origin=self.name))

    def transform(self, frame: pl.DataFrame) -> pl.DataFrame:
        """Tries each lock."""
        locked = [bool(name) and self._locked(self.resolve(str(name))) for name in frame[self.source]]
        return frame.with_columns(pl.Series(self.output.names[-1], locked, dtype=pl.Boolean))

    def _locked(self, name: str) -> bool:
        import fcntl

        local = local_path(name)
        if local is None or not local.is_file():
            raise StepError(self.name, f"{name} is not a local file", "test the file's existence before")
        with local.open("rb+") as handle:
            try:
                fcntl.lockf(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except OSError:
                return True
            fcntl.lockf(handle, fcntl.LOCK_UN)
        return False


RESULT_KINDS = {"0": "GENERAL", "1": "LOG", "2": "ERRORLINE", "3": "ERROR", "4": "WARNING"}


class FilesToResult(RowStep):
    """Adds the file of each row to the result files."""

    types = ("FilesToResult",)

    def fields(self, inputs: Mapping[str, Layout]) -> Layout:
        """The layout stays."""
        layout = self.main(inputs)
        self.source = self.field(layout, self.text("filename_field")).name
        kind = self.options.text("file_type", default="GENERAL")
        self.kind = RESULT_KINDS.get(kind, kind)
        return layout

    def transform(self, frame: pl.DataFrame) -> pl.DataFrame:
        """Adds the names."""
        names = [str(n) for n in frame[self.source] if n]
        self.run.result.files += [ResultFile(self.resolve(n), self.kind, self.name) for n in names]
        return frame


class ProcessFiles(RowStep):
    """Copies, moves or deletes the file of each row."""

    types = ("ProcessFiles",)

    def fields(self, inputs: Mapping[str, Layout]) -> Layout:
        """The layout stays."""
        layout = self.main(inputs)
        self.operation = self.text("operation_type", default="copy")
        self.source = self.field(layout, self.text("sourcefilenamefield")).name
        if self.operation != "delete":
            self.target = self.field(layout, self.text("targetfilenamefield")).name
        return layout

    def transform(self, frame: pl.DataFrame) -> pl.DataFrame:
        """Row by row; a row whose file cannot be handled is rejected."""
        failed: dict[int, str] = {}
        for position, row in enumerate(frame.iter_rows(named=True)):
            try:
                self._handle(row)
            except (OSError, KettleError) as error:
                failed[position] = str(error)
        return frame.filter(self.split(frame, failed, self.source, "ProcessFiles01"))

    def _handle(self, row: Mapping[str, Any]) -> None:
        source = local_path(self.resolve(str(row[self.source] or "")))
        if source is None or not source.is_file():
            raise KettleError(f"the source {row[self.source]} is not a file", "correct the name")
        if self.options.flag("simulate"):
            return
        if self.operation == "delete":
            source.unlink()
            return
        target = local_path(self.resolve(str(row[self.target] or "")))
        if target is None:
            raise KettleError(f"the target {row[self.target]} is not local", "write to a local file")
        if target.exists() and not self.options.flag("overwritetargetfile"):
            return
        if self.options.flag("createparentfolder"):
            target.parent.mkdir(parents=True, exist_ok=True)
        (shutil.move if self.operation == "move" else shutil.copyfile)(str(source), str(target))
        if self.options.flag("addresultfilenames"):
            self.run.result.files.append(ResultFile(str(target), origin=self.name))
