"""Kettle's variables: `${X}`, `%%X%%`, `$[hex,hex]`, the internal ones, kettle.properties and named parameters.

A transformation or job gets a copy of its caller's variables when it starts: what the caller sets later is not seen,
and what it sets itself reaches the caller only where it is set there as well (`parent`, `root`).
"""

import os
import platform
import re
import tempfile
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

from assets.kettle.errors import KettleError
from assets.kettle.model import Parameter

DEPTH = 50
KETTLE_VERSION = "9.3.0.0-428"

_WINDOWS = ("%%", "%%")
_UNIX = ("${", "}")
_HEX = re.compile(r"\$\[([^\]]*)\]")
_FIELD = ("?{", "}")

FIXED = {
    "Internal.Kettle.Version": KETTLE_VERSION,
    "Internal.Kettle.Build.Version": KETTLE_VERSION,
    "Internal.Kettle.Build.Date": "",
    "Internal.Hop.Version": KETTLE_VERSION,
}

# what Kettle puts where no job called, so that a path with it fails visibly
PARENTLESS = {
    "Internal.Job.Filename.Directory": "Parent Job File Directory",
    "Internal.Job.Filename.Name": "Parent Job Filename",
    "Internal.Job.Name": "Parent Job Name",
    "Internal.Job.Repository.Directory": "Parent Job Repository Directory",
}

# names by kind of file: (prefix of Kettle, prefix of Hop)
PREFIXES = {"transformation": ("Transformation", "Pipeline"), "job": ("Job", "Workflow")}


def system_values() -> dict[str, str]:
    """Those of Java's system properties that files use in paths, as this process sees them."""
    return {
        "java.io.tmpdir": tempfile.gettempdir(),
        "user.home": str(Path.home()),
        "user.dir": str(Path.cwd()),
        "user.name": os.environ.get("USER") or os.environ.get("LOGNAME") or "",
        "os.name": platform.system(),
        "file.separator": os.sep,
        "path.separator": os.pathsep,
        "line.separator": os.linesep,
    }


class Variables:
    """The variables of one run. Names keep their case: `${x}` is not `${X}`.

    Args:
        parent: whose values are copied in now, and who is asked nothing later.
        values: set on top.
    """

    def __init__(self, parent: "Variables | None" = None, values: Mapping[str, str] | None = None) -> None:
        self.parent = parent
        self._values: dict[str, str] = FIXED | system_values() if parent is None else dict(parent._values)
        self._values.update(values or {})

    def __contains__(self, name: object) -> bool:
        return name in self._values

    def __iter__(self) -> Iterator[str]:
        return iter(self._values)

    def __repr__(self) -> str:
        return f"Variables({len(self._values)} names)"  # values may be passwords

    @property
    def root(self) -> "Variables":
        """The outermost caller's."""
        return self if self.parent is None else self.parent.root

    def child(self, values: Mapping[str, str] | None = None) -> "Variables":
        """The variables of something that is called from here: a copy, with `values` on top."""
        return Variables(self, values)

    def get(self, name: str, default: str | None = None) -> str | None:
        """The value as it was set, variables in it not resolved."""
        return self._values.get(name, default)

    def set(self, name: str, value: str | None) -> None:
        """Sets here only; None removes the name."""
        if value is None:
            self._values.pop(name, None)
        else:
            self._values[name] = value

    def update(self, values: Mapping[str, str]) -> None:
        """Sets several."""
        self._values.update(values)

    def as_dict(self) -> dict[str, str]:
        """A copy of all names and values."""
        return dict(self._values)

    def resolve(self, text: str) -> str:
        """The text with `%%X%%`, `${X}` and `$[41,42]` replaced; unknown names stay as written.

        Values may hold variables again, of the same spelling. Raises KettleError naming the variable where that does
        not end within 50 levels.
        """
        if "%%" in text:
            text = _substitute(text, self._values, _WINDOWS)
        if "${" in text:
            text = _substitute(text, self._values, _UNIX)
        return _HEX.sub(_characters, text) if "$[" in text else text

    def resolve_fields(self, text: str, row: Mapping[str, str | None]) -> str:
        """The text with `?{field}` replaced by the row's values, which some steps allow; null counts as unknown."""
        known = {name: value for name, value in row.items() if value is not None}
        return _substitute(text, known, _FIELD) if "?{" in text else text

    def for_transformation(self, path: Path | None, name: str = "", directory: str = "/") -> None:
        """Sets Internal.Transformation.*, Internal.Entry.Current.Directory and Hop's names for this file.

        The job's names stay as the calling job set them; without one they get Kettle's telling words.
        """
        self._internal("transformation", path, name, directory)
        for key, words in PARENTLESS.items():
            self._values.setdefault(key, words)

    def for_job(self, path: Path | None, name: str = "", directory: str = "/") -> None:
        """Sets Internal.Job.*, Internal.Entry.Current.Directory and Hop's names for this file."""
        self._internal("job", path, name, directory)

    def _internal(self, kind: str, path: Path | None, name: str, directory: str) -> None:
        folder, file = (folder_text(path), path.name) if path else ("", "")
        for prefix in PREFIXES[kind]:
            self._values[f"Internal.{prefix}.Filename.Directory"] = folder
            self._values[f"Internal.{prefix}.Filename.Folder"] = folder
            self._values[f"Internal.{prefix}.Filename.Name"] = file
            self._values[f"Internal.{prefix}.Name"] = name or (path.stem if path else "")
            self._values[f"Internal.{prefix}.Repository.Directory"] = directory
        for key in ("Internal.Entry.Current.Directory", "Internal.Entry.Current.Folder"):
            # without a file of its own the caller's folder stays
            self._values[key] = folder or self._values.get(key, directory)

    def declare(self, parameters: Iterable[Parameter], given: Mapping[str, str] | None = None) -> None:
        """Turns named parameters into variables: the given value, or the default where none or "" is given."""
        given = given or {}
        for parameter in parameters:
            self._values[parameter.name] = given.get(parameter.name) or parameter.default


def folder_text(path: Path) -> str:
    """The folder of a file as the internal variables hold it: an absolute plain path, with forward slashes.

    Kettle itself writes a `file:///` address there; the plain path means the same to every step that opens files.
    """
    return path.absolute().parent.as_posix()


def _substitute(text: str, values: Mapping[str, str], marks: tuple[str, str], depth: int = 0) -> str:
    """Kettle's replacement for one spelling; what follows an opening mark without a closing one stays."""
    opening, closing = marks
    parts: list[str] = []
    at = 0
    while (start := text.find(opening, at)) >= 0:
        end = text.find(closing, start + len(opening))
        if end < 0:
            break
        name = text[start + len(opening) : end]
        after = end + len(closing)
        value = values.get(name)
        if value is None:
            value = text[start:after]
        elif value == text:
            return value  # a variable that holds its own name: Kettle stops here
        elif opening in value:
            if depth > DEPTH:
                raise KettleError(f"variable {name!r} refers to itself without end", "correct its value")
            value = _substitute(value, values, marks, depth + 1)
        parts += (text[at:start], value)
        at = after
    parts.append(text[at:])
    return "".join(parts)


def _characters(match: "re.Match[str]") -> str:
    """The characters of `41,42`; what is no number counts as 0, bytes over 7F are no character of UTF-8 alone."""
    codes = []
    for part in match[1].split(","):
        try:
            codes.append(int(part, 16) & 0xFF)
        except ValueError:
            codes.append(0)
    return "".join(chr(code) if code < 0x80 else "\ufffd" for code in codes)


_ESCAPES = {"t": "\t", "n": "\n", "r": "\r", "f": "\f"}
_ESCAPE = re.compile(r"\\(?:u([0-9a-fA-F]{4})|(.))", re.DOTALL)
_PAIR = re.compile(r"((?:[^\\:=\s]|\\.)*)\s*[:=]?\s*(.*)", re.DOTALL)


def read_properties(path: Path) -> dict[str, str]:
    """The pairs of a Java properties file such as kettle.properties: `#` and `!` comments, `=`, `:` or blank between
    name and value, lines continued by a backslash, and escapes. UTF-8, else Latin-1 as Java reads it.
    """
    data = path.read_bytes()
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError:
        text = data.decode("latin-1")
    pairs: dict[str, str] = {}
    for line in _logical_lines(text):
        match = _PAIR.fullmatch(line)
        if match:
            pairs[_unescape(match[1])] = _unescape(match[2])
    return pairs


def _logical_lines(text: str) -> Iterator[str]:
    """Lines without comments and blank ones, continued lines joined."""
    held = ""
    for raw in re.split(r"\r\n|\r|\n", text):
        line = raw.lstrip(" \t\f")
        if not held and (not line or line[0] in "#!"):
            continue
        trailing = len(line) - len(line.rstrip("\\"))
        if trailing % 2:
            held += line[:-1]
            continue
        yield held + line
        held = ""
    if held:
        yield held


def _unescape(text: str) -> str:
    return _ESCAPE.sub(lambda m: chr(int(m[1], 16)) if m[1] else _ESCAPES.get(m[2], m[2]), text)
