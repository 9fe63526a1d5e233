"""Alerts posted as JSON to a webhook."""

import time
from typing import Any
from urllib.parse import urlsplit

from core.errors import NotifyError, NotifyRefusedError

TIMEOUT = 5.0
TRIES = 2
PAUSE = 0.2
REFUSED = {400, 409, 410, 413, 415, 422}  # what the alert says is the trouble, not the state of the receiver


class WebhookNotifier:
    """See ports.Notifier. The receiver can tell a repeated delivery by the header Idempotency-Key.

    Args:
        url: where to post; many services put the secret into its path, so messages name its host only.
    """

    name = "webhook"

    def __init__(self, url: str, timeout: float = TIMEOUT) -> None:
        self.url = url
        self.timeout = timeout
        self.host = urlsplit(url).hostname or "?"

    def send(self, alert: dict[str, Any]) -> None:
        """See ports.Notifier."""
        for attempt in range(TRIES):
            if attempt:
                time.sleep(PAUSE)
            trouble = self._post(alert)
            if not trouble:
                return
        raise NotifyError(f"HEDDLE_ALERTS: the webhook at {self.host} {trouble}", "check the receiver")

    def _post(self, alert: dict[str, Any]) -> str:
        """Post once; returns what went wrong, in words."""
        import httpx

        headers = {"Idempotency-Key": str(alert["id"])}
        try:
            code = httpx.post(self.url, json=alert, headers=headers, timeout=self.timeout).status_code
        except httpx.TimeoutException:
            return f"did not answer within {self.timeout:g} s"
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            return f"cannot be reached ({type(error).__name__})"
        if code in REFUSED:
            raise NotifyRefusedError(
                f"HEDDLE_ALERTS: the webhook at {self.host} refused an alert with status {code}",
                "check what format the receiver wants",
            )
        return "" if 200 <= code < 300 else f"answered with status {code}"
