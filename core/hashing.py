"""Content hashes: versions of data, code and files."""

import hashlib
import importlib.util
from collections.abc import Iterable
from functools import cache
from pathlib import Path


def digest(parts: Iterable[str | bytes]) -> str:
    """A 16-hex-digit SHA-256 digest of parts, each length-prefixed so that ("ab", "c") differs from ("a", "bc")."""
    sha = hashlib.sha256()
    for part in parts:
        data = part.encode() if isinstance(part, str) else part
        sha.update(len(data).to_bytes(8, "big"))
        sha.update(data)
    return sha.hexdigest()[:16]


def file_digest(path: Path) -> str:
    """The 16-hex-digit SHA-256 digest of a file's bytes, read in blocks."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()[:16]


@cache
def code_version(*modules: str) -> str:
    """The version of an asset's code: a digest of the source of the pure modules it uses, which are not imported.

    Raises:
        ModuleNotFoundError: a module has no source file.
    """
    return digest(_source(module) for module in sorted(set(modules)))


def _source(module: str) -> bytes:
    spec = importlib.util.find_spec(module)
    if spec is None or spec.origin is None:
        raise ModuleNotFoundError(f"no source for module {module!r}, named in a code version")
    return Path(spec.origin).read_bytes()
