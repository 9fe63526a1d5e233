"""The golden table of a declaration: read the sources, link, name the things, let values survive."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import polars as pl

from assets.quality.linkage.block import Limits
from assets.quality.linkage.identity import identities
from assets.quality.linkage.labels import Label, places
from assets.quality.linkage.link import Labels, Linked, Options, Said, link
from assets.quality.linkage.model import Golden, Source
from assets.quality.linkage.survive import survive
from core.errors import SourceError

UNSURE = 200  # pairs that are kept for people to judge
RESERVED = ("entity", "source", "record", "priority", "newest", "records", "conflicts")
Read = Callable[[str], pl.DataFrame]


@dataclass(frozen=True, slots=True)
class Resolved:
    """The golden table and how it came about.

    Attributes:
        cells: where each value came from (assets/quality/linkage/survive.py); links: entity, source, record.
        unsure: pairs that nobody judged and that the model is least sure of, the most helpful first: rank from 1,
            source and record of either side, probability.
        records: all columns of all sources with source, record and entity.
    """

    golden: pl.DataFrame
    cells: pl.DataFrame
    links: pl.DataFrame
    unsure: pl.DataFrame
    records: pl.DataFrame
    linked: Linked


def resolve(
    golden: Golden,
    read: Read,
    labels: Sequence[Label] = (),
    before: Mapping[str, str] | None = None,
    memory: str = "1GB",
    folder: Path | None = None,
    say: Said | None = None,
) -> Resolved:
    """Link the sources of a declaration and make its golden table.

    Args:
        read: rows of a source by its table.
        before: identifiers of the last run by `source:id`.
        memory, folder: as `Limits` has them.

    Raises:
        SourceError: a source lacks a column, or its `id` is missing or not unique, or types of sources do not meet.
    """
    records = _together([_source(s, read(s.table), golden) for s in golden.sources], golden)
    columns = [c for c in records.columns if c not in RESERVED]
    unknown = next((c for c in golden.survivorship if c not in columns), None)
    if unknown is not None:
        raise SourceError(
            f"{golden.asset}: survivorship: no source has a column {unknown!r}", f"there are {', '.join(columns)}"
        )
    keys = (records["source"] + ":" + records["record"]).to_list()
    frames = {s.table: records.filter(pl.col("source") == s.table).select(list(golden.compare)) for s in golden.sources}
    judged = places(labels, {k: n for n, k in enumerate(keys)})
    limits = Limits(golden.candidates, golden.largest_block, memory, folder)
    options = Options(limits, golden.one_to_one, golden.threshold, _labels(judged))
    linked = link(frames, golden.compare, options, say)
    names = identities(keys, linked.cluster.tolist(), before or {})
    records = records.with_columns(pl.Series("entity", names, dtype=pl.String))
    survived = survive(records, columns, golden.survivorship, golden.otherwise)
    links = records.select("entity", "source", "record").sort("entity", "source", "record")
    return Resolved(survived.golden, survived.cells, links, _unsure(records, linked), records, linked)


def _source(source: Source, frame: pl.DataFrame, golden: Golden) -> pl.DataFrame:
    """The rows with common names, and what survivorship asks for."""
    for column in (source.id, *source.rename, *filter(None, [source.newest])):
        if column in source.rename and column == source.id:
            raise SourceError(
                f"{golden.asset}: {source.table}.{column} is the id and cannot be renamed", "leave it out of `rename`"
            )
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
    newest = frame[source.newest] if source.newest else pl.Series([None] * frame.height, dtype=pl.Null)
    names = [source.rename.get(c, c) for c in frame.columns if c != source.id]
    twice = next((n for n in names if names.count(n) > 1), None)
    if twice is not None:
        raise SourceError(
            f"{golden.asset}: two columns of {source.table} would be called {twice!r}", "rename the other one too"
        )
    named = frame.drop(source.id).rename(source.rename)
    odd = next((c for c, t in named.schema.items() if t.is_nested() or t in (pl.Binary, pl.Duration)), None)
    if odd is not None:
        raise SourceError(
            f"{golden.asset}: {source.table}.{odd} is of type {named.schema[odd]}, which has no text to compare",
            "leave it out, or make it a text, in a view",
        )
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


def _together(frames: Sequence[pl.DataFrame], golden: Golden) -> pl.DataFrame:
    """All records; `newest` is a number or a time where it is one in all sources, otherwise its text."""
    newest = [f["newest"] for f in frames if f["newest"].null_count() < f.height]
    if all(s.dtype.is_temporal() for s in newest):
        frames = [f.with_columns(pl.col("newest").cast(pl.Datetime("us"))) for f in frames]
    elif all(s.cast(pl.Float64, strict=False).null_count() == s.null_count() for s in newest):
        frames = [f.with_columns(pl.col("newest").cast(pl.Float64)) for f in frames]
    else:
        frames = [f.with_columns(pl.col("newest").cast(pl.String)) for f in frames]
    try:
        return pl.concat(frames, how="diagonal_relaxed")
    except pl.exceptions.SchemaError as error:
        raise SourceError(
            f"{golden.asset}: a column has types in two sources that do not meet: {str(error).splitlines()[0]}",
            "give one of them another name under `rename`, or read it through a view",
        ) from None


def _unsure(records: pl.DataFrame, linked: Linked) -> pl.DataFrame:
    schema = {"left": pl.Int64, "right": pl.Int64, "probability": pl.Float64}
    pairs = pl.DataFrame(linked.unsure(UNSURE), schema=schema, orient="row").with_row_index("rank", 1)
    sides = {f"{s}_{n}": records[n].gather(pairs[s]) for s in ("left", "right") for n in ("source", "record")}
    return pairs.select("rank", *(pl.Series(name, values) for name, values in sides.items()), "probability")


def _labels(judged: Sequence[tuple[int, int, bool]]) -> Labels | None:
    if not judged:
        return None
    left, right, same = (np.array([j[n] for j in judged]) for n in range(3))
    return Labels(left.astype(np.int64), right.astype(np.int64), same.astype(bool))
