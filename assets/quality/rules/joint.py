"""Rules that judge rows together, over their own columns and in partitions that fit into memory."""

import polars as pl

from assets.quality.rules.kind import ROW
from assets.quality.rules.plan import Joint, Plan, Repair, Test, key
from assets.quality.rules.registry import kind
from core.errors import SourceError

_FAIL, _VALUE, _BUCKET = "heddle_fail", "heddle_value", "heddle_bucket"
_PER_CELL = 60  # bytes that a window over a cell takes beside it, hash tables included; measured with unique keys


def run(made: Plan, source: pl.LazyFrame, rows: int, memory: int) -> dict[str, Joint]:
    """What the plan's joint rules find.

    Args:
        source: the table with ROW.
        rows: about how many there are.
        memory: bytes that a partition may take.
    """
    found: dict[str, Joint] = {}
    work = source
    for stage in made.stages:
        first = stage[0]
        if first.joint:
            found[key(first)] = _run(work, first, rows, memory)
            work = _joined(work, first.column, found[key(first)])
        else:
            work = work.with_columns(repair.value for repair in stage)
    for test in made.tests:
        if test.joint:
            found[test.rule.id] = _run(work, test, rows, memory)
    return found


def _run(work: pl.LazyFrame, what: Repair | Test, rows: int, memory: int) -> Joint:
    scope = kind(what.rule.kind).scope(what.rule) or ()
    columns = sorted(what.reads | ({what.column} if isinstance(what, Repair) else set()))
    if not scope:
        _fits(what, rows, memory)
    needed = work.select(ROW, *columns)
    count = max(1, -(-rows * _PER_CELL * (1 + len(columns)) // memory)) if scope else 1
    parts = []
    for number in range(count):
        part = needed
        if count > 1:
            part = part.filter(pl.struct(scope).hash() % count == number)
        # streamed up to here, so that only the partition is held while the windows run
        parts.append(_judged(part.collect(engine="streaming"), what))
    whole = pl.concat(parts).sort(ROW) if count > 1 else parts[0]
    return Joint(whole[ROW], whole[_VALUE] if _VALUE in whole.columns else None)


def _fits(what: Repair | Test, rows: int, memory: int) -> None:
    """Refuses what would take more than the memory, rather than take it."""
    needed = rows * kind(what.rule.kind).at_once
    if needed > memory:
        said = f"{what.rule.table}: rule {what.rule.id} judges all {rows:,} rows at once, about {needed >> 20:,} MB"
        fix = f"name columns that make groups (`by`, `block`), or give {2 * needed >> 20:,}MB of memory"
        raise SourceError(said, fix)


def _judged(part: pl.DataFrame, what: Repair | Test) -> pl.DataFrame:
    part = part.sort(ROW) if not part[ROW].is_sorted() else part
    if isinstance(what, Test):
        return part.lazy().select(ROW, what.failing.alias(_FAIL)).filter(_FAIL).select(ROW).collect()
    found = part.lazy().select(ROW, pl.col(what.column), what.value.alias(_VALUE)).collect()
    differs = pl.col(what.column).ne_missing(pl.col(_VALUE))
    return found.filter(differs).select(ROW, _VALUE)


def _joined(work: pl.LazyFrame, column: str, found: Joint) -> pl.LazyFrame:
    """The table with a joint repair done, for the rules after it."""
    if found.values is None or not len(found.rows):
        return work
    fixes = pl.LazyFrame({ROW: found.rows, _VALUE: found.values, _FAIL: pl.repeat(True, len(found.rows), eager=True)})
    joined = work.join(fixes, on=ROW, how="left", maintain_order="left")
    put = pl.when(pl.col(_FAIL).fill_null(False)).then(pl.col(_VALUE)).otherwise(pl.col(column)).alias(column)
    return joined.with_columns(put).drop(_VALUE, _FAIL)
