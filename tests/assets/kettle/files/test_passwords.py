"""Kettle's password obfuscation."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assets.kettle.errors import KettleError
from assets.kettle.files.passwords import is_password_name, is_secret_name, obscure, reveal

KNOWN = {
    "password": "Encrypted 2be98afc86aa7f2e4bb18bd63c99dbdde",
    "admin": "Encrypted 2be98afc86aa7f2e4cb79ce71da9fa6d4",
}


@pytest.mark.parametrize(("clear", "encoded"), KNOWN.items())
def test_known_pairs(clear: str, encoded: str) -> None:
    assert reveal(encoded) == clear
    assert obscure(clear) == encoded


@given(st.text(min_size=1).filter(lambda t: not t.startswith(("\0", "Encrypted ", "AES ")) and "$" not in t))
def test_round_trip(text: str) -> None:
    if "%%" not in text:
        assert reveal(obscure(text)) == text


@pytest.mark.parametrize("text", ["${PWD}", "a${PWD}b", "%%PWD%%", "Encrypted 2be98", "AES xyz"])
def test_what_is_not_obscured(text: str) -> None:
    assert obscure(text) == text


def test_what_is_not_encoded_is_the_password() -> None:
    assert reveal("clear") == "clear"
    assert reveal("${PWD}") == "${PWD}"
    assert reveal("") == ""
    assert reveal("Encrypted ") == ""
    assert reveal("Encrypted not hexadecimal") == ""
    with pytest.raises(KettleError, match="AES"):
        reveal("AES xyz")


def test_a_site_may_have_its_own_seed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KETTLE_TWO_WAY_PASSWORD_ENCODER_SEED", "12345")
    assert obscure("password") != KNOWN["password"]
    assert reveal(obscure("password")) == "password"
    monkeypatch.setenv("KETTLE_TWO_WAY_PASSWORD_ENCODER_SEED", "x")
    with pytest.raises(KettleError, match="whole decimal number"):
        reveal(KNOWN["password"])


@pytest.mark.parametrize("name", ["password", "proxyPassword", "CLUSTER_PASSWORD_0", "user_password", "passPhrase"])
def test_names_of_passwords(name: str) -> None:
    assert is_password_name(name) and is_secret_name(name)


@pytest.mark.parametrize("name", ["password_field", "use_password", "passphraseFromField", "name", "usetoken"])
def test_names_that_hold_none(name: str) -> None:
    assert not is_password_name(name) and not is_secret_name(name)


def test_keys_and_tokens_are_secret_too() -> None:
    assert is_secret_name("openAiApiKey") and is_secret_name("oauth_client_secret")
    assert not is_password_name("openAiApiKey")
