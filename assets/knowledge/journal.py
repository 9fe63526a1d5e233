"""The record of every answer: which index version and chunks it rests on. One JSON line each, a file per day."""

import fcntl
import json
import os
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from assets.knowledge.answer import Answer
from core.hashing import digest
from core.settings import Settings


def folder(settings: Settings) -> Path:
    """Where the records are."""
    return settings.home / "answers"


def record(settings: Settings, answer: Answer, now: datetime | None = None) -> str:
    """Append an answer's record and return its id; a line is written whole or, after a kill, ignored by readers."""
    fields: dict[str, Any] = {
        "question": answer.question,
        "language": answer.language,
        "mode": answer.mode,
        "text": answer.text,
        "index": answer.index,
        "chunks": [hit.chunk.id for hit in answer.hits],
        "documents": [hit.chunk.document for hit in answer.hits],
        "cited": answer.cited,
        "evidence": answer.evidence,
        "model": answer.model,
        "warnings": answer.warnings,
    }
    return append(settings, fields, now)


def append(settings: Settings, told: dict[str, Any], now: datetime | None = None) -> str:
    """Append any record of an answer and return its id.

    Args:
        told: `question`, `mode`, and what the answer rests on: `documents` and `cited`, `sql`, or `metrics`.
    """
    time = now or datetime.now(UTC)
    fields = {"time": time.isoformat()} | told
    identity = digest([json.dumps(fields, ensure_ascii=False), str(os.getpid())])
    line = json.dumps({"id": identity} | fields, ensure_ascii=False) + "\n"
    path = folder(settings) / f"{time:%Y-%m-%d}.jsonl"
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("ab") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        torn = path.stat().st_size > 0 and _last_byte(path) != b"\n"
        file.write((b"\n" if torn else b"") + line.encode())
    return identity


def records(settings: Settings) -> Iterator[dict[str, Any]]:
    """All records, oldest first; a torn line is left out."""
    for path in sorted(folder(settings).glob("*.jsonl")):
        for line in path.read_text(encoding="utf-8", errors="replace").splitlines():
            try:
                yield json.loads(line)
            except json.JSONDecodeError:
                continue


def _last_byte(path: Path) -> bytes:
    with path.open("rb") as file:
        file.seek(-1, os.SEEK_END)
        return file.read(1)
