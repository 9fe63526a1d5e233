"""Messages of Kettle files reach the log of alerts."""

from collections.abc import Callable

from assets.kettle.publish import notify
from core.settings import Settings


def test_two_messages_of_a_file_are_both_kept(make_settings: Callable[..., Settings]) -> None:
    settings = make_settings()
    for subject in ("loaded", "loaded"):
        notify(settings, {"subject": subject, "text": "7 rows"})
    logs = [p for p in settings.home.rglob("*") if p.is_file() and "7 rows" in p.read_text(errors="ignore")]
    assert sum(p.read_text().count("7 rows") for p in logs) == 2
