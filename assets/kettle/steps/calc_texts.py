"""Calculations on texts. Most read A as Java's toString, which knows no mask."""

import base64
from collections.abc import Callable
from urllib.parse import quote_plus, unquote_plus

import polars as pl

from assets.kettle.steps.calc_operands import Calculation, Call, Outcome
from assets.kettle.text import distances, escapes, phonetics
from assets.kettle.text.columns import mapped, mapped_rows
from assets.kettle.text.double_metaphone import double_metaphone
from assets.kettle.values.fields import DTYPES, ValueType

_STRING = ValueType.STRING
_ASTRAL = "[\U00010000-\U0010ffff]"

# over whole columns
_COLUMNS: dict[str, Callable[[pl.Series], pl.Series]] = {
    "UPPER_CASE": lambda t: t.str.to_uppercase(),
    "LOWER_CASE": lambda t: t.str.to_lowercase(),
    "USE_CDATA": lambda t: "<![CDATA[" + t + "]]>",
    "REMOVE_CR": lambda t: t.str.replace_all("\r", "", literal=True),
    "REMOVE_LF": lambda t: t.str.replace_all("\n", "", literal=True),
    "REMOVE_CRLF": lambda t: t.str.replace_all("[\r\n]", ""),
    "REMOVE_TAB": lambda t: t.str.replace_all("\t", "", literal=True),
    "GET_ONLY_DIGITS": lambda t: no_empty(t).str.replace_all(r"\P{Nd}", ""),
    "REMOVE_DIGITS": lambda t: no_empty(t).str.replace_all(r"\p{Nd}", ""),
    "ESCAPE_SQL": lambda t: t.str.replace_all("'", "''", literal=True),
}

# for each distinct text; a ValueError fails the row
_SINGLE: dict[str, Callable[[str], str | None]] = {
    "INIT_CAP": escapes.init_cap,
    "MASK_XML": escapes.escape_xml,
    "UNESCAPE_XML": escapes.unescape_xml,
    "ESCAPE_HTML": escapes.escape_html,
    "UNESCAPE_HTML": escapes.unescape_html,
    "METAPHONE": phonetics.metaphone,
    "DOUBLE_METAPHONE": double_metaphone,
    "SOUNDEX": phonetics.soundex,
    "REFINED_SOUNDEX": phonetics.refined_soundex,
}

# of getString, with the mask
_HEX: dict[str, Callable[[str], str]] = {
    "BYTE_TO_HEX_ENCODE": escapes.bytes_to_hex,
    "HEX_TO_BYTE_DECODE": escapes.hex_to_bytes,
    "CHAR_TO_HEX_ENCODE": escapes.chars_to_hex,
    "HEX_TO_CHAR_DECODE": escapes.hex_to_chars,
}

# of getString; Hop has these in addition to Kettle
_CODINGS: dict[str, Callable[[str], str]] = {
    "BASE64_ENCODE": lambda text: base64.b64encode(text.encode()).decode().rstrip("="),
    "BASE64_ENCODE_PADDED": lambda text: base64.b64encode(text.encode()).decode(),
    "BASE64_DECODE": lambda text: base64.b64decode(text + "=" * (-len(text) % 4), validate=True).decode(),
    "URL_ENCODE": lambda text: quote_plus(text, safe="*"),
    "URL_DECODE": unquote_plus,
}

_PAIRS: dict[str, tuple[Callable[[str, str], float], ValueType]] = {
    "LEVENSHTEIN_DISTANCE": (distances.levenshtein, ValueType.INTEGER),
    "DAMERAU_LEVENSHTEIN": (distances.damerau_levenshtein, ValueType.INTEGER),
    "NEEDLEMAN_WUNSH": (distances.needleman_wunsch, ValueType.INTEGER),
    "JARO": (distances.jaro, ValueType.NUMBER),
    "JARO_WINKLER": (distances.jaro_winkler, ValueType.NUMBER),
}


def no_empty(texts: pl.Series) -> pl.Series:
    """'' becomes null: digits of an empty text are null, of one without digits ''."""
    return texts.set((texts == "").fill_null(value=False), None)


def length(texts: pl.Series) -> pl.Series:
    """Number of UTF-16 code units, as Java counts."""
    return texts.str.len_chars().cast(pl.Int64) + texts.str.count_matches(_ASTRAL).cast(pl.Int64)


def string_length(call: Call) -> Outcome:
    """Length of A, 0 for null."""
    return call.done(length(call.first().plain_text()).fill_null(0), ValueType.INTEGER)


def substitute_variables(call: Call) -> Outcome:
    """A with its variables resolved."""
    values, _ = mapped(call.first().plain_text(), call.run.variables.resolve)
    return call.done(values, _STRING)


def _on_column(function: Callable[[pl.Series], pl.Series]) -> Calculation:
    return lambda call: call.done(function(call.first().plain_text()), _STRING)


def _on_each(function: Callable[[str], str | None], *, masked: bool = False) -> Calculation:
    def calculate(call: Call) -> Outcome:
        a = call.first()
        values, reasons = mapped(a.text() if masked else a.plain_text(), function)
        call.reasons |= reasons
        return call.done(values, _STRING)

    return calculate


def _on_pairs(function: Callable[[str, str], float], kind: ValueType) -> Calculation:
    def calculate(call: Call) -> Outcome:
        texts = [call.first().plain_text(), call.second().plain_text()]
        return call.done(mapped_rows(texts, function, DTYPES[kind])[0], kind)

    return calculate


TEXT_CALCULATIONS: dict[str, Calculation] = {
    **{code: _on_column(function) for code, function in _COLUMNS.items()},
    **{code: _on_each(function) for code, function in _SINGLE.items()},
    **{code: _on_each(function, masked=True) for code, function in (_HEX | _CODINGS).items()},
    **{code: _on_pairs(*how) for code, how in _PAIRS.items()},
    "STRING_LEN": string_length,
    "SUBSTITUTE_VARIABLE": substitute_variables,
}
