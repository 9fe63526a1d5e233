"""What a detector of writings says of one value of a column."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Form:
    """A value that should be written otherwise.

    Attributes:
        after: the text it should be; "" for a missing value.
        sort: name of the detector.
        why: the evidence, in words.
        confidence: that the value is wrong and `after` right.
    """

    after: str
    sort: str
    why: str
    confidence: float
