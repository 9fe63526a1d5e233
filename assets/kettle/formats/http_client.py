"""HTTP for steps: one client per step, time limits, redirects, credentials kept out of messages."""

import re
from urllib.parse import urlsplit, urlunsplit

import httpx

from assets.kettle.errors import KettleError

_SECRET = re.compile(r"(?i)((?:password|passwd|pwd|token|secret|api[-_]?key|access[-_]?key)=)[^&]*")


def shown(url: str) -> str:
    """The address without user, password and secret-looking parameters."""
    parts = urlsplit(url)
    host = parts.netloc.rsplit("@", 1)[-1]
    return urlunsplit((parts.scheme, host, parts.path, _SECRET.sub(r"\1***", parts.query), ""))


def client(
    *,
    timeout: float = 60.0,
    connect: float = 10.0,
    user: str = "",
    password: str = "",
    proxy: str = "",
    verify: bool = True,
    redirects: bool = True,
) -> httpx.Client:
    """A client; times in seconds."""
    return httpx.Client(
        timeout=httpx.Timeout(timeout, connect=connect),
        auth=(user, password) if user else None,
        proxy=proxy or None,
        verify=verify,
        follow_redirects=redirects,
        trust_env=False,
    )


def fetch(url: str) -> bytes:
    """The body behind an address.

    Raises:
        KettleError: it cannot be reached, or the answer is no success.
    """
    try:
        with client() as session:
            answer = session.get(url)
            answer.raise_for_status()
            return answer.content
    except (httpx.HTTPError, httpx.InvalidURL) as error:
        raise KettleError(f"cannot read {shown(url)}: {reason(error)}", "check the address") from error


def reason(error: Exception) -> str:
    """What went wrong, without the address."""
    if isinstance(error, httpx.HTTPStatusError):
        return f"status {error.response.status_code}"
    return type(error).__name__ if "://" in str(error) else str(error) or type(error).__name__
