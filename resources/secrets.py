"""Secrets are named in settings and read at use: `env:NAME` or `file:/path`. Their values are never printed."""

import os
from collections.abc import Mapping
from pathlib import Path

from core.errors import SettingsError


def resolve(reference: str, setting: str, environ: Mapping[str, str] = os.environ) -> str:
    """The secret a reference names.

    Args:
        reference: env:NAME or file:/path; the file's trailing line break is dropped.
        setting: the setting that holds the reference, for errors.

    Raises:
        SettingsError: the reference is malformed, or names a missing or empty secret.
    """
    scheme, _, place = reference.partition(":")
    if scheme == "env" and place:
        value = environ.get(place, "")
    elif scheme == "file" and place:
        value = _read(Path(place), setting)
    else:
        # The reference itself is not shown: somebody may have put the secret there.
        raise SettingsError(f"{setting} is not a reference to a secret", "use env:NAME or file:/path")
    if not value:
        raise SettingsError(f"{setting} names {scheme}:{place}, which is missing or empty", f"set {place}")
    return value


def _read(path: Path, setting: str) -> str:
    try:
        return path.read_text(encoding="utf-8").rstrip("\r\n")
    except (OSError, UnicodeDecodeError) as error:
        raise SettingsError(f"{setting} names {path}, which cannot be read: {error}", "check the file") from None
