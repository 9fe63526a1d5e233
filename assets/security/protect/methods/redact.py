"""redact: texts stay readable; the sensitive places in them become the name of their class: `[mobile]`."""

from collections.abc import Sequence

import polars as pl
from pydantic import Field

from assets.security.protect.base import OneWay, Params, Scope
from assets.security.protect.texts import each


class Redact(Params):
    """Parameters of redact."""

    least: float = Field(default=0.4, ge=0, le=1, description="confidence from which a place is taken out")
    digits: int = Field(default=6, ge=0, le=20, description="runs of this many digits go in any case; 0 leaves them")


class Method(OneWay):
    """Spans of sensitive classes replaced; as good as the detector is (docs/benchmarks.md)."""

    words = "redacted"
    params: type[Params] = Redact
    hides = False

    def protect(self, values: pl.Series, params: Redact, scope: Scope) -> pl.Series:
        """Texts without what the detector finds."""
        made = each(values, lambda texts: _redacted(texts, params))
        return made.str.replace_all(rf"[0-9０-９]{{{params.digits},}}", "[number]") if params.digits else made


def _redacted(texts: Sequence[str], params: Redact) -> list[str | None]:
    from assets.security.sensitive.classes import builtin
    from assets.security.sensitive.text.engine import detector

    classes = builtin()
    made: list[str | None] = []
    for text, spans in zip(texts, detector().many(texts), strict=True):
        parts, at = [], 0
        for span in sorted(spans, key=lambda s: s.start):
            if span.confidence >= params.least and classes[span.class_].flagged and span.start >= at:
                parts += [text[at : span.start], f"[{span.class_}]"]
                at = span.end
        made.append("".join([*parts, text[at:]]))
    return made
