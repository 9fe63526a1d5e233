"""Looks at a masked table as it stands, whoever wrote it last: values of the raw table, and what is still flagged."""

from typing import TYPE_CHECKING

import polars as pl

from assets.quality.rules.reading import size
from assets.security.protect.apply import sampled
from assets.security.protect.listed import Masked
from assets.security.protect.plan import decide
from assets.security.protect.policy import Policies
from assets.security.protect.sources import of_warehouse, tags_of
from assets.security.protect.texts import as_text
from assets.security.protect.verify import SHORTEST, Leak, still_sensitive

if TYPE_CHECKING:
    from core.settings import Settings
    from resources.ports import WarehouseReader

SHARE = 0.05  # of raw values found again; a dense number may be encrypted to that of another row


def look_again(settings: "Settings", warehouse: "WarehouseReader", one: Masked) -> list[Leak]:
    """What shows in a masked table that its policy hides. Raises StoreError: one of the tables is gone."""
    policy = Policies(settings.protection).get(one.policy)
    memory = size(settings.memory)
    raw = sampled(of_warehouse(warehouse, one.table, memory))
    decisions = decide(policy, one.table, raw, tags_of(settings, one.table))
    masked = of_warehouse(warehouse, one.key, memory)
    hidden = [d.column for d in decisions if d.protected and d.use.how.hides]
    values = {c: _long(raw[c]) for c in hidden}
    found: dict[str, set[str]] = {c: set() for c in hidden}
    for frame in masked():
        for column in hidden:
            made = as_text(frame[column]).unique()
            found[column] |= set(made.filter(made.is_in(values[column].implode())).to_list())
    what = "raw values stand in it"
    counts = {c: len(found[c]) for c in hidden if len(found[c]) > SHARE * max(1, len(values[c]))}
    return [Leak(c, n, what) for c, n in counts.items()] + still_sensitive(sampled(masked), decisions)


def _long(values: pl.Series) -> pl.Series:
    texts = as_text(values).unique().drop_nulls()
    return texts.filter(texts.str.len_chars() >= SHORTEST)
