"""Accepts the present definitions and their lineage as the snapshots: `python -m tests.conventions.accept`."""

import json
from pathlib import Path

from core.settings import load
from orchestration.build import build_definitions
from tests.conventions.test_definitions import SNAPSHOT, snapshot
from tests.serving.studio import demo

if __name__ == "__main__":
    content = snapshot(build_definitions(load({}, Path("nowhere"))))
    SNAPSHOT.write_text(json.dumps(content, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    demo.main()
