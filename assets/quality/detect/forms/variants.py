"""One word written in several ways: other case, spaces or punctuation (the fingerprint of OpenRefine)."""

import re
from collections import defaultdict
from collections.abc import Mapping

from assets.quality.detect.coded import Coded
from assets.quality.detect.forms.model import Form

# before a digit a point or a dash may be part of the number: `.5 oz` is not `5 oz`
_BETWEEN = re.compile(r"(?<=[^\W\d_])(?:\s+|[-_.,'’`\"]+)(?=\d)|[\s\-_.,'’`\"]+(?!\d)")
RARER = 3  # times the main writing must be more frequent
LONG = 400


def find(column: Coded, earlier: Mapping[int, Form]) -> dict[int, Form]:
    """Rare writings of a value that is usually written otherwise."""
    alike: dict[str, list[int]] = defaultdict(list)
    for code, text in enumerate(column.values):
        if code and code not in earlier and len(text) <= LONG and any(c.isalpha() for c in text):
            alike[_BETWEEN.sub("", text).lower()].append(code)
    found = {}
    for codes in alike.values():
        if len(codes) < 2:
            continue
        main = max(codes, key=lambda c: (int(column.counts[c]), column.values[c]))
        for code in codes:
            rows, most = int(column.counts[code]), int(column.counts[main])
            if code != main and most >= RARER * rows:
                why = f"{most} rows write {column.values[main]!r}, {rows} {column.values[code]!r}"
                found[code] = Form(column.values[main], "variants", why, min(0.97, 1 - (rows + 1) / (most + 2)))
    return found
