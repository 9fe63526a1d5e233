"""What varies in log messages by its form, written as its type: `<num>`, `<ip>`, `<time>`, `<path>`, …

Rust's regex syntax, applied to whole columns. The order counts: what is special comes before what is general. Values
behind names such as `password` or `token` are masked first, so that no template holds a secret.
"""

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import polars as pl

LONGEST = 2_000  # characters of a message that are looked at
# (form, what stands in its place)
MASKS: tuple[tuple[str, str], ...] = (
    (r"\b[A-Za-z][A-Za-z0-9+.-]*://[^\s\"'<>,;)\]]+", "<url>"),
    (r"(?i)\b(bearer|basic)\s+[A-Za-z0-9._~+/=-]{8,}", "${1} <secret>"),
    (
        r"(?i)\b(pass(?:word|wd|phrase)?|pwd|secret|token|api[_-]?key|credential|authorization)"
        r"(['\"]?\s*[=:]\s*)(?:\"[^\"]*\"|'[^']*'|[^\s,;&'\"]+)",
        "${1}${2}<secret>",
    ),
    (r"\b\d{4}[-/]\d\d[-/]\d\d[T ]\d\d:\d\d:\d\d(?:[.,]\d+)?(?:Z|[+-]\d\d:?\d\d)?", "<time>"),
    (r"\b(?:[A-Z][a-z]{2} )?[A-Z][a-z]{2} [ \d]\d \d\d:\d\d:\d\d(?: \d{4})?\b", "<time>"),
    (r"\b\d{4}[-/]\d\d[-/]\d\d\b", "<date>"),
    (r"\b\d\d?:\d\d:\d\d(?:[.,]\d+)?\b", "<time>"),
    (r"\b[0-9a-fA-F]{8}-(?:[0-9a-fA-F]{4}-){3}[0-9a-fA-F]{12}\b", "<uuid>"),
    (r"[\w.+-]+@[\w-]+(?:\.[\w-]+)+", "<email>"),
    (r"\b[0-9a-fA-F]{2}(?::[0-9a-fA-F]{2}){5}\b", "<mac>"),
    (r"/?\b\d{1,3}(?:\.\d{1,3}){3}(?::\d+)?\b", "<ip>"),
    (r"(^|[\s=:,('\"\[])(?:/[\w.@%+~*-]+){2,}/?", "${1}<path>"),
    (r"\b0x[0-9a-fA-F]+\b", "<hex>"),
    (
        r"\b(?:(?:[0-9]+[a-fA-F]|[a-fA-F]+[0-9])[0-9a-fA-F]{6,}"
        r"|[0-9a-fA-F]{6,}(?:[0-9][a-fA-F]|[a-fA-F][0-9])[0-9a-fA-F]*)\b",
        "<hex>",
    ),
    (r"([^\w.]|^|[A-Za-z_])[+-]?\d+(?:[.,:]\d+)*", "${1}<num>"),
)
VARIABLE = re.compile(r"<(num|ip|time|date|uuid|url|email|mac|path|hex|secret|\*)>")


def masked(messages: "pl.Series") -> "pl.Series":
    """Messages with types in place of values; text [n]."""
    import polars as pl

    column = pl.col("m").str.slice(0, LONGEST)
    for form, word in MASKS:
        column = column.str.replace_all(form, word)
    return messages.alias("m").to_frame().select_seq(column.str.strip_chars()).to_series()
