"""Addresses that servers of this project listen on, and places that URLs name."""

import socket
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import unquote, urlsplit

from core.errors import SettingsError


@dataclass(frozen=True)
class Address:
    """A host and port to listen on, and the setting that changes them."""

    host: str
    port: int
    setting: str

    @property
    def advice(self) -> str:
        """How to move to another port."""
        return f"stop the program that holds port {self.port}, or set {self.setting} to another one"

    def held(self) -> str | None:
        """Why the port cannot be listened on, or None when it is free."""
        family = socket.AF_INET6 if ":" in self.host else socket.AF_INET
        with socket.socket(family, socket.SOCK_STREAM) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)  # a port in TIME_WAIT is free
            try:
                probe.bind((self.host, self.port))
            except OSError as error:
                return f"port {self.port} on {self.host}: {error.strerror}"
        return None


def address(url: str, setting: str) -> Address:
    """The address in an http:// URL.

    Raises:
        SettingsError: the URL has no host, or a port that is not one.
    """
    parts = urlsplit(url)
    try:
        port = parts.port or 80
    except ValueError:
        raise SettingsError(f"{setting}={url} has no valid port", "write http://127.0.0.1:8601") from None
    if not parts.hostname:
        raise SettingsError(f"{setting}={url} has no host", "write http://127.0.0.1:8601")
    return Address(parts.hostname, port, setting)


def local_path(url: str) -> Path:
    """The file or folder that a URL such as file:///folder or sqlite:////file.db names on this machine."""
    return Path("/" + unquote(urlsplit(url).path).lstrip("/"))
