"""Texts made alike, in Python and in the SQL of each engine, so that engines find what may name a person.

Engines differ in what they take as equal: SQLite, and PostgreSQL in the locale C, know upper and lower case of ASCII
alone; MySQL takes accents, cases and blanks at the end as equal, or not, as the collation says. So SQL here writes out
what is alike for the signs that are looked for, and compares character by character. SQLite, whose parser does not take
that many calls in each other, calls `folded` itself (`prepare`).
"""

import json
import re
import unicodedata
from collections.abc import Iterable, Sequence
from typing import Any

BETWEEN = " -\u3000\uff0d\u00a0"  # what people write between the digits of a number: blanks and hyphens of any width
# letters, digits and signs of identifiers in full width
_WIDE = {sign: chr(ord(sign) + 0xFEE0) for sign in map(chr, range(0x21, 0x7F)) if sign.isalnum() or sign in "@._+-:/#"}
_NARROW = {ord(broad): sign for sign, broad in _WIDE.items()}
_ESCAPE = re.compile(r"\\\\|\\u([0-9a-fA-F]{4})")  # of JSON; a backslash that is one itself begins none
_FUNCTION = "heddle_folded"
_TEXT = {"mysql": "CHAR", "duckdb": "VARCHAR"}
_ASCII = {  # whether a text has ASCII alone, which is told fast and needs little more
    "sqlite": "{0} NOT GLOB '*[^ -~]*'",
    "mysql": "LENGTH({0}) = CHAR_LENGTH({0})",
    "duckdb": "STRLEN({0}) = LENGTH({0})",
    "postgres": "OCTET_LENGTH({0}) = LENGTH({0})",
}
_EXACT = {  # two texts compared character by character, whatever the column's collation says
    "sqlite": "{0} = {1} COLLATE BINARY",
    "mysql": "CAST({0} AS BINARY) = CAST({1} AS BINARY)",
    "duckdb": "ENCODE({0}) = ENCODE({1})",
    "postgres": '{0} COLLATE "C" = {1}',
}


def wide(sign: str) -> str:
    """The full-width form of a letter, digit or sign; "" of others."""
    return _WIDE.get(sign, "")


def folded(text: str) -> str:
    """Lower case in composed form, in usual width, without blanks and hyphens."""
    plain = unicodedata.normalize("NFC", text.translate(_NARROW).lower())
    return "".join(sign for sign in plain if sign not in BETWEEN)


def unescaped(text: str) -> str:
    """JSON with letters in place of their escapes; it means the same."""

    def sign(found: re.Match[str]) -> str:
        code = int(found[1], 16) if found[1] else 0
        return chr(code) if code >= 0xA0 and not 0xD800 <= code < 0xE000 else found[0]

    return _ESCAPE.sub(sign, text)


def prepare(connection: Any) -> None:
    """Teaches SQLite to fold; other engines need nothing.

    Args:
        connection: of SQLAlchemy or DuckDB.
    """
    dialect = getattr(connection, "dialect", None)
    if dialect is not None and dialect.name == "sqlite":
        own = connection.connection.driver_connection
        own.create_function(_FUNCTION, 1, _of_bytes, deterministic=True)


def _of_bytes(text: bytes | None) -> str | None:
    """`folded`, of bytes: a cell of SQLite need not be UTF-8."""
    return None if text is None else folded(unescaped(text.decode("utf-8", "replace")))


def as_text(column: str, dialect: str) -> str:
    """SQL for the text of a quoted column."""
    return f"CAST({column} AS {_TEXT.get(dialect, 'TEXT')})"


def exactly(column: str, dialect: str, mark: str) -> str:
    """SQL: a quoted column's text is that of a parameter, and not only equal as its collation has it."""
    return _EXACT[dialect].format(as_text(column, dialect), mark)


def holding(column: str, dialect: str, cores: Sequence[str], marks: Iterable[str], *, escapes: bool = False) -> str:
    """SQL: a quoted column's text, folded, has one of some folded texts.

    Args:
        cores: of which `pattern` gives the parameters.
        marks: of these parameters.
        escapes: letters may stand in escapes of JSON.
    """
    text, short = as_text(column, dialect), _ASCII[dialect]
    plain = f"REPLACE(REPLACE(LOWER({text}), ' ', ''), '-', '')"
    if escapes:
        short += r" AND {0} NOT LIKE '%\u%' ESCAPE '!'"
    full = _replaced(plain, _pairs(cores, escapes), dialect)
    if dialect == "sqlite":
        full = f"{_FUNCTION}(CAST({column} AS BLOB))"
    alike = f"CASE WHEN {short.format(text)} THEN {plain} ELSE {full} END"
    return f"({' OR '.join(_like(alike, mark) for mark in marks)})"


def pattern(core: str) -> str:
    """The parameter of `holding`."""
    return f"%{core.replace('!', '!!').replace('%', '!%').replace('_', '!_')}%"


def _like(text: str, mark: str) -> str:
    return f"{text} LIKE {mark} ESCAPE '!'"


def _pairs(cores: Sequence[str], escapes: bool) -> list[tuple[str, str]]:
    """Other ways to write the signs of these texts, and the sign."""
    found = dict.fromkeys(BETWEEN[2:], "")
    for sign in sorted(set("".join(cores))):
        either = {sign, sign.upper()}
        others = either | {unicodedata.normalize("NFD", s) for s in either} | {_WIDE.get(s, sign) for s in either}
        found |= {other: sign for other in sorted(others - {sign}) if not other.isascii()}
        if escapes and not sign.isascii():
            found[sign] = sign
    in_json = {json.dumps(old)[1:-1]: new for old, new in found.items()} if escapes else {}
    return [(old, new) for old, new in (found | in_json).items() if old != new]


def _replaced(text: str, pairs: Sequence[tuple[str, str]], dialect: str) -> str:
    one_pass = [(old, new) for old, new in pairs if len(old) == len(new) == 1 and dialect in ("duckdb", "postgres")]
    if one_pass:
        olds, news = ("".join(part) for part in zip(*one_pass, strict=True))
        text = f"TRANSLATE({text}, '{olds}', '{news}')"
    for old, new in pairs:
        if (old, new) not in one_pass:
            text = f"REPLACE({text}, '{old}', '{new}')"
    return text
