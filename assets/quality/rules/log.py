"""What people decided on rules: a line of JSON each, in `history/` beside the rule files; git merges lines."""

import json
import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Self

from pydantic import BaseModel, ConfigDict, ValidationError

from assets.quality.rules.model import Action, Rule, Status

FOLDER = "history"


class Decision(BaseModel):
    """One rule decided on once; `was` is its status before, `changed` the fields before it: action and parameters."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    at: str
    by: str
    rule: str
    was: Status
    status: Status
    action: Action
    note: str = ""
    changed: dict[str, Any] = {}

    @classmethod
    def of(cls, was: Rule, rule: Rule) -> Self:
        """The decision that made one out of the other."""
        changed = {n: getattr(was, n) for n in ("action", "params") if getattr(was, n) != getattr(rule, n)}
        return cls(at=rule.at, by=rule.by, rule=rule.id, was=was.status, status=rule.status, action=rule.action,
                   note=rule.note if rule.note != was.note else "", changed=changed)  # fmt: skip


def append(rules: Path, lines: Sequence[Decision]) -> None:
    """Adds lines to the log of a rule file, in one write: of processes at once, and of one that is killed."""
    path = _path(rules)
    path.parent.mkdir(exist_ok=True)
    text = "".join(line.model_dump_json(exclude_defaults=True) + "\n" for line in lines)
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o644)
    try:
        os.write(descriptor, text.encode())
    finally:
        os.close(descriptor)


def read_log(rules: Path) -> list[Decision]:
    """The log of a rule file, the last line first; lines that are none (a merge of git) are left out."""
    path = _path(rules)
    if not path.exists():
        return []
    found = []
    for line in path.read_text("utf-8", "replace").splitlines():
        try:
            found.append(Decision.model_validate(json.loads(line)))
        except (ValueError, ValidationError):
            continue
    return found[::-1]


def _path(rules: Path) -> Path:
    return rules.parent / FOLDER / f"{rules.stem}.jsonl"
