"""Heads of the chain kept in other places, so that a chain that was cut or written anew is found out.

Each append notes number and hash in the catalogue's database and, where trace.yaml names one, at the end of a file;
Dagster's event log gets them with each run (`trace_defs`).
"""

import fcntl
import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from assets.security.trace.model import Entry
from assets.security.trace.tables import read
from core.settings import Settings

KIND, KEY = "trace_head", "chain"  # of the measurements in the catalogue


class Anchor(NamedTuple):
    """A head as some place knows it."""

    number: int
    hash: str
    where: str


def keep(settings: Settings, entry: Entry, run: str = "") -> None:
    """Notes a head."""
    from assets.catalog.store.versions import Versions

    said = {"number": entry.number, "hash": entry.hash}
    Versions(settings.catalog).measure(KIND, {KEY: said}, run)
    path = read(settings).anchor
    if path:
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        with os.fdopen(handle, "ab", buffering=0) as file:
            fcntl.flock(file, fcntl.LOCK_EX)
            file.write(json.dumps(said | {"at": entry.document["at"]}).encode() + b"\n")
            os.fsync(file.fileno())


def known(settings: Settings) -> Iterator[Anchor]:
    """The heads that the catalogue and the file know."""
    from assets.catalog.store.versions import KEPT_MEASURES, Versions

    for _at, _run, said in Versions(settings.catalog).measured(KIND, KEY, KEPT_MEASURES):
        yield Anchor(int(said["number"]), str(said["hash"]), "the catalogue")
    path = read(settings).anchor
    if path and Path(path).exists():
        for line in Path(path).read_text(encoding="utf-8").splitlines():
            try:
                said = json.loads(line)
                yield Anchor(int(said["number"]), str(said["hash"]), path)
            except (ValueError, KeyError, TypeError):  # the last line of a killed process
                continue
