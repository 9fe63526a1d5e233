"""Alerts in a log file, one JSON object per line."""

import json
import os
from pathlib import Path
from typing import Any

from core.errors import NotifyError

TAIL = 256 * 1024  # bytes at the end of the file that are searched for an alert already written


class LogNotifier:
    """See ports.Notifier. An alert whose id is in the end of the file is not written again."""

    name = "log"

    def __init__(self, path: Path) -> None:
        self.path = path

    def send(self, alert: dict[str, Any]) -> None:
        """See ports.Notifier."""
        line = json.dumps(alert, ensure_ascii=False, sort_keys=True).encode()
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            with self.path.open("ab+") as file:
                file.seek(max(0, file.tell() - TAIL))
                tail = file.read()
                if str(alert["id"]) in _ids(tail):
                    return
                # a process killed while writing leaves half a line: close it, so that only that line is lost
                begin = b"\n" if tail and not tail.endswith(b"\n") else b""
                file.write(begin + line + b"\n")
                file.flush()
                os.fsync(file.fileno())
        except OSError as error:
            raise NotifyError(f"cannot write {self.path}: {error.strerror}", "free space or check the folder") from None


def _ids(tail: bytes) -> set[str]:
    found = set()
    for line in tail.splitlines():
        try:
            found.add(str(json.loads(line)["id"]))
        except (ValueError, KeyError, TypeError):  # half a line
            continue
    return found
