"""Reads and writes lineage files of all formats."""

import json
from collections.abc import Callable, Iterable
from pathlib import Path

import yaml

from assets.catalog.lineage.exchange import datahub
from assets.catalog.lineage.exchange.csv_rows import csv_text, read_csv
from assets.catalog.lineage.exchange.openlineage import events, read_events
from assets.catalog.lineage.exchange.openmetadata import read_requests, requests
from assets.catalog.lineage.exchange.taken import Taken
from assets.catalog.lineage.model import Stated
from core.atomic import write_text
from core.errors import HeddleError
from core.jsons import parse

BYTES = 512 << 20  # a file at most
Reader = Callable[[str, str], Taken]


def read(path: Path, form: str, name: str) -> Taken:
    """Read a file.

    Args:
        form: auto, openlineage, csv, datahub or openmetadata.
        name: what the import is called.

    Raises:
        HeddleError: it is too large, no text, or of none of these formats.
    """
    if path.stat().st_size > BYTES:
        raise HeddleError(f"{path} is larger than {BYTES >> 20} MiB", "split it")
    try:
        text = path.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError as error:
        raise HeddleError(f"{path} is no UTF-8 text: {error.reason} at byte {error.start}", "convert it") from None
    chosen = form if form != "auto" else _guess(path, text)
    return READERS[chosen](text, name)


def write(path: Path, form: str, stated: Iterable[Stated]) -> int:
    """Write a file, whole or not at all; returns how many lines or entries it has."""
    lines = list(WRITERS[form](stated, path))
    write_text(path, "".join(lines))
    return len(lines)


def _guess(path: Path, text: str) -> str:
    start = text.lstrip()[:1]
    if path.suffix.lower() in (".csv", ".tsv"):
        return "csv"
    if path.suffix.lower() in (".yml", ".yaml"):
        return "datahub"
    if start in ("{", "["):
        head = text[:100_000]
        for form, word in (
            ("openlineage", '"eventTime"'),
            ("datahub", '"aspectName"'),
            ("openmetadata", '"fromEntity"'),
        ):
            if word in head:
                return form
    raise HeddleError(f"the format of {path} cannot be told", f"give --format: {', '.join(READERS)}")


def _read_datahub(text: str, name: str) -> Taken:
    try:
        if text.lstrip()[:1] in ("[", "{"):
            given = parse(text)
            if isinstance(given, list):
                return datahub.read_proposals(given, name)
            return datahub.read_lineage_file(given, name)
        return datahub.read_lineage_file(yaml.safe_load(text), name)
    except (ValueError, yaml.YAMLError, RecursionError) as error:  # YAML may be nested deeply too
        return Taken(problems=[f"it cannot be read: {' '.join(str(error).split())}"])


def _datahub(stated: Iterable[Stated], path: Path) -> list[str]:
    if path.suffix.lower() == ".json":
        return [json.dumps(datahub.proposals(stated), ensure_ascii=False, indent=1) + "\n"]
    return [yaml.safe_dump(datahub.lineage_file(stated), sort_keys=False, allow_unicode=True)]


READERS: dict[str, Reader] = {
    "openlineage": read_events,
    "csv": read_csv,
    "datahub": _read_datahub,
    "openmetadata": read_requests,
}
WRITERS: dict[str, Callable[[Iterable[Stated], Path], Iterable[str]]] = {
    "openlineage": lambda stated, path: (json.dumps(e, ensure_ascii=False) + "\n" for e in events(stated)),
    "csv": lambda stated, path: csv_text(stated),
    "datahub": _datahub,
    "openmetadata": lambda stated, path: (json.dumps(r, ensure_ascii=False) + "\n" for r in requests(stated)),
}
