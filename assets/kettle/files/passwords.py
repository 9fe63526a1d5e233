"""Kettle's password obfuscation: "Encrypted " and the hexadecimal of the bytes, as a number, XOR a known seed.

It keeps nobody from reading a password; it only keeps it from being seen in passing. The other encoder, the AES plugin,
writes "AES ..." and needs the site's key file: such a password is not readable here.
"""

import os
import re

from assets.kettle.errors import KettleError

PREFIX = "Encrypted "
SEED_VARIABLE = "KETTLE_TWO_WAY_PASSWORD_ENCODER_SEED"
SEED = 933910847463829827159347601486730416058

_VARIABLE = re.compile(r"\$\{[^}]+\}|%%.+?%%", re.DOTALL)
# endings of names (without a number at the end) of what Kettle obscures, and of what else nobody should see
PASSWORDS = ("password", "passwd", "passphrase")
SECRETS = (
    *PASSWORDS,
    "secret",
    "secret_key",
    "secret_access_key",
    "apikey",
    "api_key",
    "access_token",
    "accesstoken",
    "refresh_token",
    "bearer_token",
    "security_token",
)
_SWITCHES = ("use", "is", "has", "include", "ask")
_HEX = re.compile(r"-?[0-9a-fA-F]+")


def seed() -> int:
    """The site's seed (environment variable KETTLE_TWO_WAY_PASSWORD_ENCODER_SEED) or Kettle's own."""
    text = os.environ.get(SEED_VARIABLE, "").strip()
    if not text:
        return SEED
    try:
        return int(text)
    except ValueError:
        raise KettleError(
            f"{SEED_VARIABLE} is not a whole decimal number", f"correct or unset {SEED_VARIABLE}"
        ) from None


def has_variable(text: str) -> bool:
    """Whether the text holds `${X}` or `%%X%%`, which Kettle then leaves in clear."""
    return _VARIABLE.search(text) is not None


def reveal(text: str) -> str:
    """The password: an "Encrypted ..." one is decoded, any other text is the password itself (it may hold variables).

    Kettle decodes what is no hexadecimal number to "" without a word, and so does this.
    Raises KettleError for a password of the AES encoder.
    """
    if text.startswith("AES "):
        raise KettleError("a password is encoded by the AES plugin", "give it as a variable or in the settings")
    if not text.startswith(PREFIX):
        return text
    code = text[len(PREFIX) :]
    if not _HEX.fullmatch(code):
        return ""
    number = int(code, 16) ^ seed()
    # Java's BigInteger.toByteArray: two's complement, as few bytes as hold the sign
    size = (number if number >= 0 else ~number).bit_length() // 8 + 1
    return number.to_bytes(size, "big", signed=True).decode("utf-8", "replace")


def obscure(text: str) -> str:
    """The text as Kettle writes it: "Encrypted ..." unless it is encoded already or holds a variable; "" gives the bare
    prefix, as Kettle does for a connection without a password.
    """
    if text.startswith((PREFIX, "AES ")) or has_variable(text):
        return text
    if not text:
        return PREFIX
    number = int.from_bytes(text.encode("utf-8"), "big", signed=True) ^ seed()
    return PREFIX + format(number, "x")


def is_password_name(name: str) -> bool:
    """Whether a tag, attribute code or key of this name holds a password, such as `proxy_password` or `PASSWORD_0`.

    Names of fields that hold one (`password_field`) and switches (`use_password`) are not meant.
    """
    return _ends(name, PASSWORDS)


def is_secret_name(name: str) -> bool:
    """Whether a tag, attribute code or key of this name holds a password, key or token, to be masked when shown."""
    return _ends(name, SECRETS)


def _ends(name: str, endings: tuple[str, ...]) -> bool:
    bare = name.lower().rstrip("0123456789").rstrip("_")
    switch = bare.startswith(_SWITCHES) and not bare.startswith("user")
    return bare.endswith(endings) and not switch
