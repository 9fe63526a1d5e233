"""The golden table of a declaration: read the sources, link, name the things, let values survive."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import polars as pl

from assets.quality.linkage.block import Limits
from assets.quality.linkage.identity import identities
from assets.quality.linkage.labels import Label, places
from assets.quality.linkage.link import Labels, Linked, Options, Said, link
from assets.quality.linkage.model import Golden, Source
from assets.quality.linkage.survive import survive
from core.errors import SourceError

RESERVED = ("entity", "source", "record", "priority", "newest", "records", "conflicts")
Read = Callable[[str], pl.DataFrame]


@dataclass(frozen=True, slots=True)
class Resolved:
    """The golden table and how it came about.

    Attributes:
        cells: where each value came from (assets/quality/linkage/survive.py); links: entity, source, record.
        records: all columns of all sources with source, record and entity.
    """

    golden: pl.DataFrame
    cells: pl.DataFrame
    links: pl.DataFrame
    records: pl.DataFrame
    linked: Linked


def resolve(
    golden: Golden,
    read: Read,
    labels: Sequence[Label] = (),
    before: Mapping[str, str] | None = None,
    memory: str = "1GB",
    say: Said | None = None,
) -> Resolved:
    """Link the sources of a declaration and make its golden table.

    Args:
        read: rows of a source by its table.
        before: identifiers of the last run by `source:id`.

    Raises:
        SourceError: a source lacks a column, or its `id` is missing or not unique.
    """
    records = pl.concat([_source(s, read(s.table), golden) for s in golden.sources], how="diagonal_relaxed")
    keys = (records["source"] + ":" + records["record"]).to_list()
    frames = {s.table: records.filter(pl.col("source") == s.table).select(list(golden.compare)) for s in golden.sources}
    judged = places(labels, {k: n for n, k in enumerate(keys)})
    limits = Limits(golden.candidates, golden.largest_block, memory)
    options = Options(limits, golden.one_to_one, golden.one_to_one, golden.threshold, _labels(judged))
    linked = link(frames, golden.compare, options, say)
    names = identities(keys, linked.cluster.tolist(), before or {})
    records = records.with_columns(pl.Series("entity", names, dtype=pl.String))
    columns = [c for c in records.columns if c not in ("entity", "source", "record", "priority", "newest")]
    survived = survive(records, columns, golden.survivorship, golden.otherwise)
    links = records.select("entity", "source", "record").sort("entity", "source", "record")
    return Resolved(survived.golden, survived.cells, links, records, linked)


def _source(source: Source, frame: pl.DataFrame, golden: Golden) -> pl.DataFrame:
    """The rows with common names, and what survivorship asks for."""
    for column in (source.id, *source.rename, *filter(None, [source.newest])):
        if column not in frame.columns:
            raise SourceError(
                f"{golden.asset}: source {source.table} has no column {column!r}", f"it has {', '.join(frame.columns)}"
            )
    record = frame[source.id].cast(pl.String)
    if record.null_count() or record.n_unique() < record.len():
        raise SourceError(
            f"{golden.asset}: {source.table}.{source.id} is missing or repeated in some rows",
            "name a column that identifies every row",
        )
    newest = (
        frame[source.newest].cast(pl.String) if source.newest else pl.Series([None] * frame.height, dtype=pl.String)
    )
    named = frame.drop(source.id).rename(source.rename)
    taken = [c for c in RESERVED if c in named.columns]
    if taken:
        raise SourceError(
            f"{golden.asset}: the golden table has a column {taken[0]!r} of its own, and so has {source.table}",
            f"give it another name there: rename: {{{taken[0]}: {taken[0]}_of_source}}",
        )
    for column in golden.compare:
        if column not in named.columns:
            raise SourceError(
                f"{golden.asset}: source {source.table} has no column {column!r} to compare",
                "give its name there under `rename`",
            )
    return named.with_columns(
        pl.lit(source.table).alias("source"),
        record.alias("record"),
        pl.lit(source.priority).alias("priority"),
        newest.alias("newest"),
    )


def _labels(judged: Sequence[tuple[int, int, bool]]) -> Labels | None:
    if not judged:
        return None
    left, right, same = (np.array([j[n] for j in judged]) for n in range(3))
    return Labels(left.astype(np.int64), right.astype(np.int64), same.astype(bool))
