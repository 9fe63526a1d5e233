"""What was denied, filtered or masked: who, what, why and by which rule. No values, no queries."""

import json
import logging
import os
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from assets.security.access.decide import Asker, Decision

if TYPE_CHECKING:
    from core.settings import Settings

FILE = "access.jsonl"  # under HEDDLE_HOME
MOST = 20_000_000  # bytes; the former file is kept beside as access.jsonl.1
log = logging.getLogger("heddle.access")


def note(settings: "Settings", asker: Asker, decision: Decision, entry: str) -> None:
    """Logs a decision that hides something; what hides nothing is not logged."""
    if decision.whole:
        return
    effect = "deny" if not decision.allowed else "filter" if decision.filtered else "mask"
    said = {
        "at": datetime.now(UTC).isoformat(timespec="seconds"),
        "person": asker.person,
        "purpose": asker.purpose,
        "entry": entry,
        "table": decision.key,
        "effect": effect,
        "columns": decision.hidden if decision.allowed else {},
        "rules": sorted({r.rule for r in decision.reasons if r.effect != "off"}),
    }
    line = json.dumps(said, ensure_ascii=False)
    log.info("%s", line)
    path = settings.home / FILE
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        if path.exists() and path.stat().st_size > MOST:
            path.replace(path.with_name(f"{FILE}.1"))
        handle = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
        try:
            os.write(handle, f"{line}\n".encode())
        finally:
            os.close(handle)
    except OSError:  # a full disk hides no less
        log.warning("a decision was not written to %s", path, exc_info=True)
