"""Pairs that people judged, in `<file>.labels.yaml` beside the declaration: who said what and when."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path

from pydantic import BaseModel, ConfigDict

from assets.documents import loaded, saved, shaped
from core.errors import ConflictError, SourceError
from core.locks import locked

_HEAD = "# Pairs that people judged, by `heddle fuse review` or in the studio. A record is `source:id`.\n"
_FIX = "correct the file, or restore it from git"


class Label(BaseModel):
    """One judged pair."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    left: str
    right: str
    same: bool
    by: str
    at: str

    @property
    def pair(self) -> tuple[str, str]:
        """Its records, whichever came first."""
        return min(self.left, self.right), max(self.left, self.right)


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
    content = loaded(path) or {}
    entries = content.get("labels") or [] if isinstance(content, dict) else content
    if not isinstance(entries, list):
        raise SourceError(f"{path}: labels is no list", _FIX)
    return [shaped(entry, Label, f"{path}: label {number}") for number, entry in enumerate(entries, 1)]


def state(label: Label | None) -> str:
    """What tells one word on a pair from another; "" where there is none."""
    return "" if label is None else f"{label.same} {label.by} {label.at}"


def judge(path: Path, left: str, right: str, same: bool, by: str, *, expected: str | None = None) -> list[Label]:
    """Keeps a person's word on a pair, the last one on it; returns all labels. Of two at once none is lost.

    Args:
        left, right: records, `source:id`.
        expected: `state` of the pair when the person looked; None for any.

    Raises:
        SourceError: no person is named, or a record is paired with itself.
        ConflictError: somebody else judged the pair meanwhile.
    """
    if not by.strip() or left == right:
        raise SourceError("a judged pair needs a person and two records", "name them")
    a, b = sorted((left, right))
    with locked(path.parent):
        known = read_labels(path)
        if expected not in (None, state(next((k for k in known if k.pair == (a, b)), None))):
            raise ConflictError("somebody else judged this pair meanwhile", "look at it again, then decide")
        at = datetime.now(UTC).isoformat(timespec="seconds")
        kept = [*(k for k in known if k.pair != (a, b)), Label(left=a, right=b, same=same, by=by.strip(), at=at)]
        kept.sort(key=lambda k: k.pair)  # so that two people's entries rarely meet in one place
        saved(path, {"labels": [k.model_dump() for k in kept]}, _HEAD)
    return kept


def places(labels: Sequence[Label], keys: Mapping[str, int]) -> list[tuple[int, int, bool]]:
    """The judged pairs as places of records; those whose records are gone are left out."""
    return [(keys[k.left], keys[k.right], k.same) for k in labels if k.left in keys and k.right in keys]
