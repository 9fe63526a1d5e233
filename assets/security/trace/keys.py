"""The secret of the trace and the keyed hashes made with it.

Hashes are SHA-256 with a secret prefix per table and column, cut to 64 or 128 bits: nobody without the key can try out
values, equal values of two columns differ, and a cut digest cannot be extended.
"""

import hashlib
import hmac
import os
import secrets
from collections.abc import Sequence
from pathlib import Path

from core.settings import Settings

FILE = "trace.key"


def secret(settings: Settings) -> bytes:
    """The key of HEDDLE_TRACE_KEY; without one that of a file under home, made on first use and readable by its owner.

    Raises:
        SettingsError: the reference names nothing.
    """
    from resources.secrets import resolve

    if settings.trace_key:
        return hashlib.sha256(resolve(settings.trace_key, "HEDDLE_TRACE_KEY").encode()).digest()
    path = settings.home / FILE
    if not path.exists():
        _make(path)
    return hashlib.sha256(path.read_bytes().strip()).digest()


def derived(key: bytes, *what: str) -> str:
    """A key of its own for one purpose: 32 hex digits."""
    return mac(key, "\0".join(what))[:32]


def mac(key: bytes, text: str) -> str:
    """HMAC-SHA256 as hex digits."""
    return hmac.new(key, text.encode("utf-8", "surrogatepass"), hashlib.sha256).hexdigest()


def row_key(key: bytes, table: str, values: Sequence[str | None]) -> tuple[int, int]:
    """The two halves of a row key's hash, as `state` computes them."""
    text = "".join("-" if v is None else f"{len(v)}:{v}" for v in values)
    found = hashlib.sha256((derived(key, table, "key") + text).encode()).hexdigest()
    return int(found[:16], 16), int(found[16:32], 16)


def file_hash(path: Path) -> str:
    """SHA-256 of a file as hex digits, all of them: half a digest could be forged."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def subject_hash(key: bytes, value: str) -> str:
    """What reports and logs say in place of a person's value: 32 hex digits."""
    return mac(key, f"subject\0{value}")[:32]


def _make(path: Path) -> None:
    """Whole or not at all: two processes that make it at once end up with the same one."""
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
    handle = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(handle, "w") as file:
        file.write(secrets.token_hex(32))
        file.flush()
        os.fsync(file.fileno())
    try:
        os.link(temporary, path)
    except FileExistsError:
        pass
    finally:
        temporary.unlink()
