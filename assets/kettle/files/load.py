"""Finds the transformation or job that a step or entry refers to.

A reference is a file name (with variables), or a directory and a name in a repository. There is no repository here: its
directory is taken as a folder, under the calling file's folder or one of the folders above it.
"""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import NamedTuple
from urllib.parse import unquote

from assets.kettle.errors import KettleError
from assets.kettle.files.variables import Variables
from assets.kettle.model import Options


class Reference(NamedTuple):
    """The tags that may hold the parts of a reference, and the file endings that are tried."""

    names: tuple[str, ...]
    directories: tuple[str, ...]
    endings: tuple[str, ...]


REFERENCES = {
    "transformation": Reference(("trans_name", "transname"), ("directory_path", "directory"), (".ktr", ".hpl")),
    "job": Reference(("job_name", "jobname"), ("directory_path", "directory"), (".kjb", ".hwf")),
}


def locate(
    reference: Options | Mapping[str, str], variables: Variables, base: Path | None, kind: str = "transformation"
) -> Path:
    """The file that is referred to.

    Args:
        reference: options of the step or entry, or tags and values.
        variables: of the caller; they resolve file names and directories.
        base: the calling file, or None.
        kind: "transformation" or "job".

    What `specification_method` names is looked for first, then the other where it is given too.
    Raises KettleError saying what was looked for and where.
    """
    tags = REFERENCES[kind]
    file = _value(reference, variables, ("filename",))
    name = _value(reference, variables, tags.names)
    by_file = _value(reference, variables, ("specification_method",)) in ("filename", "")
    if not file and not name:
        raise KettleError(f"no {kind} is named", "give a file name, or a directory and a name")
    folder = (base.absolute().parent if base else Path.cwd()).resolve()
    tried: list[Path] = []
    if file:
        tried += _with_endings(folder / _path(file, kind), tags)
    if name:
        directory = _path(_value(reference, variables, tags.directories), kind)
        stored = [path for place in _places(directory, folder) for path in _with_endings(place / name, tags)]
        tried = [*tried, *stored] if by_file and file else [*stored, *tried]
    found = next((path for path in tried if path.is_file()), None)
    if found is None:
        places = ", ".join(str(path) for path in tried[:4])
        raise KettleError(f"{kind} {file or name!r} is not there; looked for {places}", _fix(file or name))
    return found.resolve()


def _value(reference: Options | Mapping[str, str], variables: Variables, tags: tuple[str, ...]) -> str:
    """The first of the tags that is not empty, resolved."""
    if isinstance(reference, Options):
        return variables.resolve(reference.text(*tags)).strip()
    return variables.resolve(next((reference[tag] for tag in tags if reference.get(tag)), "")).strip()


def _path(text: str, kind: str) -> Path:
    """A plain path or a file:// address. Raises KettleError for another scheme."""
    if text.lower().startswith("file:"):
        rest = unquote(text[5:])
        return Path("/" + rest.lstrip("/") if rest.startswith("/") else rest)
    scheme, colon, _ = text.partition("://")
    if colon and scheme.isalnum():
        raise KettleError(f"{kind} {text!r}: {scheme}:// cannot be read from", "copy the file beside the caller")
    return Path(text.replace("\\", "/"))


def _with_endings(path: Path, tags: Reference) -> Iterator[Path]:
    """The path as written, then with the usual endings."""
    yield path
    if path.suffix.lower() not in tags.endings:
        yield from (path.with_name(path.name + ending) for ending in tags.endings)


def _places(directory: Path, folder: Path) -> Iterator[Path]:
    """Where a repository's directory may lie: as it is, then under the caller's folder and each folder above."""
    if directory.is_absolute() and directory != Path("/"):
        yield directory
    inside = Path(*directory.parts[1:]) if directory.is_absolute() else directory
    yield from (parent / inside for parent in (folder, *folder.parents))


def _fix(text: str) -> str:
    if "${" in text or "%%" in text:
        return "set the variables that stand in it"
    return "put the file there or correct the reference"
