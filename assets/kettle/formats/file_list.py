"""The lists of files that input steps name: single files, folders with a regular expression, sub-folders, required."""

import os
import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from assets.kettle.engine.outputs import exists, local_path
from assets.kettle.errors import KettleError
from assets.kettle.formats.columns import INTEGER_MASK
from assets.kettle.model import Options
from assets.kettle.values.fields import Field, ValueType


@dataclass(frozen=True, slots=True)
class FileRule:
    """One line of a step's file table, variables resolved. A folder takes the files whose names match `mask`."""

    path: str
    mask: str = ""
    exclude: str = ""
    required: bool = False
    deep: bool = False


def file_rules(options: Options, resolve: Callable[[str], str], group: str = "file") -> list[FileRule]:
    """The rules in the flat layout of Kettle: `file/name` repeated, with `filemask` and so on at the same place.

    Hop writes a `file` element for each name, also inside `files`. `resolve` replaces variables in a text.
    """
    groups = [*options.rows(group), *options.rows(f"{group}s/{group}")]
    return [rule for inside in groups for rule in _rules(inside, resolve)]


def _rules(inside: Options, resolve: Callable[[str], str]) -> list[FileRule]:
    columns = {
        tag: inside.texts(tag)
        for tag in ("name", "filemask", "exclude_filemask", "file_required", "include_subfolders")
    }

    def at(tag: str, position: int) -> str:
        texts = columns[tag]
        return resolve(texts[position]) if position < len(texts) else ""

    return [
        FileRule(
            at("name", i),
            at("filemask", i),
            at("exclude_filemask", i),
            at("file_required", i).upper() == "Y",
            at("include_subfolders", i).upper() == "Y",
        )
        for i in range(len(columns["name"]))
        if at("name", i)
    ]


def plain_path(path: str) -> str:
    """A path as Kettle shows it: local ones absolute without `file:`, others as they are."""
    local = local_path(path)
    return path if local is None else os.path.abspath(local)  # noqa: PTH100  # links stay as they are


def matcher(mask: str) -> "re.Pattern[str] | None":
    """The compiled Java expression, None for an empty one. Raises KettleError when it is not valid."""
    if not mask:
        return None
    try:
        return re.compile(mask)
    except re.error as error:
        raise KettleError(f"{mask!r} is no valid regular expression: {error}", "correct the wildcard") from error


def expand(rules: Iterable[FileRule], *, folders: bool = False, files: bool = True) -> list[str]:
    """The files (and folders, if wanted) that the rules name, as plain paths.

    A folder's content is sorted by path. A single file need not exist; what is required and missing is an error.

    Raises:
        KettleError: a required file or folder is missing, or a mask is not valid.
    """
    found: list[str] = []
    for rule in rules:
        local = local_path(rule.path)
        if local is None or not local.is_dir():
            present = local.exists() if local is not None else _reachable(rule)
            if not present and rule.required:
                raise KettleError(f"the file {rule.path} does not exist", "create it, or do not require it")
            if present and files:
                found.append(plain_path(rule.path))
            continue
        found += sorted(_inside(local, rule, folders=folders, files=files))
    return found


def _reachable(rule: FileRule) -> bool:
    """Whether a remote file is there; a server that does not answer has none, unless the file is required."""
    try:
        return exists(rule.path)
    except KettleError:
        if rule.required:
            raise
        return False


def _inside(folder: Path, rule: FileRule, *, folders: bool, files: bool) -> list[str]:
    wanted, unwanted = matcher(rule.mask), matcher(rule.exclude)
    names: list[str] = []
    for parent, children, entries in os.walk(folder):
        candidates = [*(children if folders else []), *(entries if files else [])]
        for name in candidates:
            if wanted is not None and not wanted.fullmatch(name):
                continue
            if unwanted is not None and unwanted.fullmatch(name):
                continue
            names.append(os.path.abspath(os.path.join(parent, name)))  # noqa: PTH100, PTH118
        if not rule.deep:
            break
    return names


@dataclass(frozen=True, slots=True)
class FileFacts:
    """What steps tell about a file; sizes in bytes, time in UTC."""

    path: str
    name: str
    folder: str
    extension: str
    size: int
    hidden: bool
    modified: datetime | None
    uri: str
    root_uri: str


@dataclass(frozen=True, slots=True)
class FactField:
    """A field that input steps can add with a fact about the file; `tag` is the option that names it.

    Attributes:
        fact: the attribute of FileFacts.
    """

    tag: str
    fact: str
    type: ValueType = ValueType.STRING
    length: int = 100
    precision: int = -1
    mask: str | None = None

    def named(self, name: str, origin: str) -> Field:
        """The field under its chosen name."""
        return Field(name, self.type, self.length, self.precision, self.mask, origin=origin)


# in the order of the layout
FACT_FIELDS = (
    FactField("shortFileFieldName", "name"),
    FactField("extensionFieldName", "extension"),
    FactField("pathFieldName", "folder"),
    FactField("sizeFieldName", "size", ValueType.INTEGER, 9, 0, INTEGER_MASK),
    FactField("hiddenFieldName", "hidden", ValueType.BOOLEAN, -1),
    FactField("lastModificationTimeFieldName", "modified", ValueType.DATE, -1),
    FactField("uriNameFieldName", "uri"),
    FactField("rootUriNameFieldName", "root_uri"),
)


def wanted_facts(options: Options) -> list[tuple[str, FactField]]:
    """The fact fields that a step's options name."""
    return [(name, field) for field in FACT_FIELDS if (name := options.text(field.tag))]


def facts(path: str) -> FileFacts:
    """The facts of one file, local or not."""
    local = local_path(path)
    name = path.rstrip("/").rsplit("/", 1)[-1]
    extension = name.rsplit(".", 1)[-1] if "." in name.strip(".") else ""
    if local is None:
        scheme = path.split("://", 1)[0]
        folder = path.rsplit("/", 1)[0]
        return FileFacts(path, name, folder, extension, 0, False, None, path, f"{scheme}:///")
    plain = Path(plain_path(path))
    try:
        stat = plain.stat()
        size, stamp = stat.st_size, int(stat.st_mtime * 1000)
    except OSError:
        size, stamp = 0, 0
    modified = datetime.fromtimestamp(stamp / 1000, UTC).replace(tzinfo=None)
    hidden = plain.name.startswith(".")
    return FileFacts(
        str(plain), plain.name, str(plain.parent), extension, size, hidden, modified, f"file://{plain}", "file:///"
    )
