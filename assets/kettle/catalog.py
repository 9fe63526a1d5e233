"""The descriptions of all Kettle files of a folder, kept under the home so that loading them needs no engine.

A file that is new or changed is described by another process, so that this one stays without polars; so is every file
after the engine's code changed.
"""

import json
import logging
import os
import subprocess
import sys
from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path

from assets.kettle.connections import connection_urls
from assets.kettle.described import FileInfo
from core.atomic import write_text
from core.hashing import digest, file_digest
from core.settings import PROJECT, Settings

SUFFIXES = (".ktr", ".kjb", ".hpl", ".hwf")
START_SECONDS, FILE_SECONDS = 60, 2  # allowed for describing: to begin with, and for each file
MOST = 5_000
_ENGINE = (
    *("engine", "steps", "values", "formats", "script", "text", "database", "files", "jobs", "model.py", "errors.py"),
    *("describe.py", "described.py", "lineage.py", "offline.py", "pieces.py", "schedule.py", "publish.py"),
)
logger = logging.getLogger("heddle.kettle")
_SITE = ("kettle.properties", "shared.xml")


def files(folder: Path) -> dict[str, Path]:
    """Name inside the folder -> file, sorted; hidden files and folders left out, at most MOST."""
    found = [p for p in sorted(folder.rglob("*")) if p.suffix.lower() in SUFFIXES and p.is_file()]
    named = {p.relative_to(folder).as_posix(): p for p in found}
    visible = {n: p for n, p in named.items() if not any(part.startswith(".") for part in Path(n).parts)}
    return dict(list(visible.items())[:MOST])


@cache
def engine_version() -> str:
    """A digest of all code that decides what a file does and what is told of it."""
    folder = Path(__file__).parent
    parts = [folder / name for name in _ENGINE]
    inside = (p for part in parts if part.is_dir() for suffix in ("*.py", "*.js") for p in part.rglob(suffix))
    sources = sorted({*inside, *(p for p in parts if p.is_file())})
    return digest(part for p in sources for part in (p.relative_to(folder).as_posix(), p.read_bytes()))


def versions(found: Mapping[str, Path], settings: Settings) -> dict[str, str]:
    """Name -> digest of the file, the engine and the surroundings that decide its description."""
    home = _kettle_home()
    site = [file_digest(home / name) if (home / name).is_file() else "" for name in _SITE]
    around = [engine_version(), settings.warehouse, settings.kettle_connections, *site]
    return {name: digest([name, str(path), file_digest(path), *around]) for name, path in found.items()}


def load(folder: Path, settings: Settings) -> list[FileInfo]:
    """The description of each file under the folder. One that cannot be described says so; nothing is raised."""
    if not folder.is_dir():
        return []
    found = files(folder)
    keep = settings.home / "kettle" / "descriptions"
    wanted = versions(found, settings)
    known = {name: info for name, version in wanted.items() if (info := _read(keep / f"{version}.json")) is not None}
    missing = [name for name in found if name not in known]
    if missing:
        for name, info in described(folder, missing, settings).items():
            known[name] = info
            if not info.error.startswith(_UNTOLD):
                _write(keep / f"{wanted[name]}.json", info.model_dump_json())
    return [known[name] for name in found]


_UNTOLD = "it could not be described"


def described(folder: Path, names: Sequence[str], settings: Settings) -> dict[str, FileInfo]:
    """Descriptions made by another process; a file that brings it down is told as such."""
    urls = connection_urls(settings)
    where = {"folder": str(folder), "warehouse": settings.warehouse, "connections": urls}
    request = json.dumps({**where, "names": list(names)})
    try:
        done = subprocess.run(
            [sys.executable, "-m", "assets.kettle.describe"],
            input=request,
            capture_output=True,
            text=True,
            cwd=PROJECT,
            timeout=START_SECONDS + FILE_SECONDS * len(names),
            check=False,
        )
        lines, why = done.stdout.splitlines(), (done.stderr.strip().splitlines() or [f"exit {done.returncode}"])[-1]
    except subprocess.TimeoutExpired as error:
        text = error.stdout or b""
        lines, why = (text if isinstance(text, str) else text.decode()).splitlines(), "it took too long"
    told = [FileInfo.model_validate_json(line) for line in lines if line.startswith("{") and line.endswith("}")]
    found = {info.name: info for info in told}
    kinds = {name: Path(name).suffix.lower().lstrip(".") for name in names}
    return {name: found.get(name) or FileInfo(name=name, kind=kinds[name], error=f"{_UNTOLD}: {why}") for name in names}


def _read(path: Path) -> FileInfo | None:
    try:
        return FileInfo.model_validate_json(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):  # not there, or of an older shape: described again
        return None


def _write(path: Path, text: str) -> None:
    try:
        write_text(path, text)
    except OSError as error:  # it is only kept to save time: without it, the file is described again next time
        logger.warning("the description of a Kettle file cannot be kept: %s", error)


def _kettle_home() -> Path:
    return Path(os.environ.get("KETTLE_HOME") or Path.home()) / ".kettle"
