"""Where OpenLineage events go: a file, one event a line, or an HTTP endpoint."""

import json
import os
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, Protocol
from urllib.parse import unquote, urlsplit

from core.errors import StoreError
from core.settings import Settings, redact
from resources.secrets import resolve

TIMEOUT = 5.0
Event = Mapping[str, Any]


class EventSink(Protocol):
    """Takes events."""

    def send(self, events: Iterable[Event]) -> int:
        """Send all events and return how many these were. Raises StoreError when one cannot be delivered."""


def sink(settings: Settings) -> EventSink | None:
    """The sink of HEDDLE_OPENLINEAGE, or None when that is none.

    Raises:
        SettingsError: the reference to the key is wrong.
    """
    url = urlsplit(settings.openlineage)
    if url.scheme == "file":
        return FileSink(Path(unquote(url.path)))
    if url.scheme in ("http", "https"):
        key = resolve(settings.openlineage_key, "HEDDLE_OPENLINEAGE_KEY") if settings.openlineage_key else ""
        return HttpSink(settings.openlineage, key)
    return None


class FileSink:
    """Appends to a file; the lines of one call are written together, so that two writers do not mix."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def send(self, events: Iterable[Event]) -> int:
        """See EventSink."""
        lines = [json.dumps(event, ensure_ascii=False) + "\n" for event in events]
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            handle = os.open(self.path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o644)
            try:
                os.write(handle, "".join(lines).encode())
            finally:
                os.close(handle)
        except OSError as error:
            raise StoreError(
                f"HEDDLE_OPENLINEAGE: {self.path} cannot be written: {error.strerror}", "check it"
            ) from None
        return len(lines)


class HttpSink:
    """Posts each event, as OpenLineage's HTTP transport does; nothing is tried again."""

    def __init__(self, url: str, key: str = "", timeout: float = TIMEOUT) -> None:
        self.url = url
        self.timeout = timeout
        self._headers = {"Authorization": f"Bearer {key}"} if key else {}

    def send(self, events: Iterable[Event]) -> int:
        """See EventSink."""
        import httpx

        count = 0
        with httpx.Client(timeout=self.timeout, headers=self._headers) as client:
            for event in events:
                try:
                    code = client.post(self.url, json=dict(event)).status_code
                except (httpx.HTTPError, httpx.InvalidURL) as error:
                    raise self._failed(f"cannot be reached ({type(error).__name__})") from None
                if code >= 300:
                    raise self._failed(f"answered with status {code}")
                count += 1
        return count

    def _failed(self, what: str) -> StoreError:
        return StoreError(f"HEDDLE_OPENLINEAGE: {redact(self.url)} {what}", "check the receiver and its key")
