"""A mail entry in an installation: the message lands where alerts go."""

import json
import pickle
from pathlib import Path

from assets.kettle.publish import engine_settings
from core.settings import load
from tests.assets.kettle.jobs.entries.entry import Ran


def test_a_message_lands_in_the_log_of_alerts(tmp_path: Path) -> None:
    settings = engine_settings(load({"HEDDLE_HOME": str(tmp_path)}))
    assert pickle.loads(pickle.dumps(settings)).mail is not None  # executors hand settings over
    assert Ran("MAIL", destination="a@example.org", subject="done", comment="all", settings=settings).ok
    told = json.loads((tmp_path / "alerts.jsonl").read_text())
    assert told["title"] == "done" and told["kind"] == "mail" and told["to"] == ["a@example.org"] and told["time"]
