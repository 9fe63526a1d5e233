"""Pairs that people judged, in `<file>.labels.yaml` beside the declaration: who said what and when."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path

import yaml
from pydantic import BaseModel, ConfigDict, ValidationError

from core.errors import SourceError

_HEAD = "# Pairs that people judged; written by `heddle fuse review`. A record is `source:id`.\n"


class Label(BaseModel):
    """One judged pair."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    left: str
    right: str
    same: bool
    by: str
    at: str


def labels_path(declaration: Path) -> Path:
    """The labels of a declaration."""
    return declaration.with_suffix(".labels.yaml")


def read_labels(path: Path) -> list[Label]:
    """All judged pairs, none where there is no file.

    Raises:
        SourceError: malformed; the message names entry and field.
    """
    if not path.exists():
        return []
    try:
        entries = (yaml.safe_load(path.read_text(encoding="utf-8")) or {}).get("labels", [])
    except (yaml.YAMLError, UnicodeDecodeError, AttributeError, RecursionError) as error:
        raise SourceError(f"{path} cannot be read: {error}", "correct the file, or restore it from git") from None
    found = []
    for number, entry in enumerate(entries, 1):
        try:
            found.append(Label.model_validate(entry))
        except ValidationError as error:
            first = error.errors()[0]
            where = ".".join(map(str, first["loc"]))
            raise SourceError(f"{path}: label {number}: {where}: {first['msg']}", "correct that entry") from None
    return found


def add_label(known: Sequence[Label], left: str, right: str, same: bool, by: str) -> list[Label]:
    """The labels with one more; a later word on the same pair replaces the earlier one.

    Raises:
        SourceError: no person is named, or a record is paired with itself.
    """
    if not by.strip() or left == right:
        raise SourceError("a judged pair needs a person and two records", "name them")
    at = datetime.now(UTC).replace(microsecond=0).isoformat()
    a, b = sorted((left, right))
    kept = [k for k in known if tuple(sorted((k.left, k.right))) != (a, b)]
    return [*kept, Label(left=a, right=b, same=same, by=by.strip(), at=at)]


def labels_text(labels: Sequence[Label]) -> str:
    """The file's text, sorted, so that two people's entries rarely meet in one place."""
    entries = [k.model_dump() for k in sorted(labels, key=lambda k: (k.left, k.right))]
    return _HEAD + yaml.safe_dump({"labels": entries}, allow_unicode=True, sort_keys=False, width=110)


def places(labels: Sequence[Label], keys: Mapping[str, int]) -> list[tuple[int, int, bool]]:
    """The judged pairs as places of records; those whose records are gone are left out."""
    return [(keys[k.left], keys[k.right], k.same) for k in labels if k.left in keys and k.right in keys]
