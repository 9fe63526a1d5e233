"""A folder with a pan.sh that notes its arguments and prints what PDI 9.3 prints of a run that went well."""

from collections.abc import Mapping
from pathlib import Path


def fake_pan(folder: Path, written: Mapping[str, int]) -> Path:
    """The folder; `written` are rows by step."""
    folder.mkdir()
    lines = [
        f"2026/11/20 14:10:04 - {step}.0 - Finished processing (I=0, O=0, R=0, W={rows}, U=0, E=0)"
        for step, rows in written.items()
    ]
    (folder / "log.txt").write_text("\n".join(lines) + "\n")
    script = folder / "pan.sh"
    script.write_text(f"#!/bin/sh\nprintf '%s\\n' \"$@\" > {folder}/arguments.txt\ncat {folder}/log.txt\n")
    script.chmod(0o755)
    return folder
