"""What the texts of a file stand for, judged by all the different values that were seen."""

import pyarrow as pa
import pyarrow.compute as pc

from assets.catalog.model import Base

_DAY = r"\d{4}(-\d{1,2}-\d{1,2}|/\d{1,2}/\d{1,2})"
_CLOCK = r"([01]?\d|2[0-3]):[0-5]\d(:[0-5]\d([.,]\d+)?)?"
# the first that all values match; a number with a leading zero is a code
SHAPES: tuple[tuple[Base, str], ...] = (
    (Base.BOOLEAN, r"(?i)^\s*(true|false)\s*$"),
    (Base.INTEGER, r"^\s*[+-]?(0|[1-9]\d{0,17})\s*$"),
    (Base.NUMBER, r"^\s*[+-]?((0|[1-9]\d*)(\.\d*)?|\.\d+)([eE][+-]?\d{1,3})?\s*$"),
    (Base.DATE, rf"^\s*{_DAY}\s*$"),
    (Base.TIME, rf"^\s*{_CLOCK}\s*$"),
    (Base.TIMESTAMP, rf"^\s*{_DAY}([ T]{_CLOCK}(Z| ?[+-]\d\d:?\d\d)?)?\s*$"),
)


def infer(values: pa.Array) -> Base:
    """The base of a column from its different texts, without nulls; text when there are none or they differ."""
    if len(values) == 0:
        return Base.TEXT
    head = values.slice(0, 50)
    for base, shape in SHAPES:
        if pc.all(pc.match_substring_regex(head, shape)).as_py() and (
            len(values) <= 50 or pc.all(pc.match_substring_regex(values, shape)).as_py()
        ):
            return base
    return Base.TEXT
