"""Keys: named by references, never weak, never shown."""

from collections.abc import Callable
from pathlib import Path

import pytest

from assets.security.protect.keys import Keyring, keyring
from core.errors import SettingsError
from core.settings import Settings, shown

GOOD = "wJ8n2-XkqP0rTfYb5sVhLz7uQe3mCaGd"


def test_keys_come_from_variables_and_files(
    make_settings: Callable[..., Settings], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PROTECT_TEST_KEY", GOOD)
    (tmp_path / "old").write_text(GOOD[::-1] + "\n")
    settings = make_settings(protection_keys=f"k2=env:PROTECT_TEST_KEY;k1=file:{tmp_path}/old")
    ring = keyring(settings)
    assert ring.names() == ("k2", "k1") and ring.current == "k2"
    assert ring.derive("hash", name="k1") == Keyring({"x": GOOD[::-1].encode()}).derive("hash")
    assert GOOD not in repr(ring) and GOOD not in str(shown(settings))


WRONG = [
    ("", "is not set"),
    ("k1", "no list of keys"),
    (f"k1={GOOD}", "not a reference"),
    ("k1=env:PROTECT_TEST_KEY;k1=env:PROTECT_TEST_KEY", "twice"),
    ("k1=env:PROTECT_TEST_WEAK", "too weak"),
    ("k1=env:PROTECT_TEST_SAME", "too weak"),
    ("k1=env:PROTECT_TEST_NONE", "missing or empty"),
]


@pytest.mark.parametrize(("keys", "why"), WRONG)
def test_what_is_no_key_is_told_and_not_shown(
    keys: str, why: str, make_settings: Callable[..., Settings], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PROTECT_TEST_KEY", GOOD)
    monkeypatch.setenv("PROTECT_TEST_WEAK", "password")
    monkeypatch.setenv("PROTECT_TEST_SAME", "a" * 64)
    settings = make_settings(protection_keys=keys)
    with pytest.raises(SettingsError, match=why) as told:
        keyring(settings)
    assert GOOD not in str(told.value) and "password" not in str(told.value)
    assert GOOD not in str(shown(settings))
