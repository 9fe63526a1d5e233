"""All accepted rules of a table as one plan: repairs in the order of the file, then what rejects and reports.

Rules that judge a row by itself are expressions over batches. Those that judge rows together (`Kind.scope`) are run
before, over their own columns and in as many partitions as memory asks for; what is left of them are the numbers of the
failing rows, and the values that repair them, which are put into the batches.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

import polars as pl

from assets.quality.rules.expressions import Tables
from assets.quality.rules.kind import ROW, Kind
from assets.quality.rules.model import Rule
from assets.quality.rules.registry import kind
from core.errors import SourceError

RULES = "heddle_rules"  # column of the reject table: ids of the rules that the row breaks, separated by commas
OWN = "heddle_"
CHANGES: dict[str, pl.DataType] = {
    "row": pl.UInt32(),
    "column": pl.String(),
    "before": pl.String(),
    "after": pl.String(),
    "rule": pl.String(),
    "confidence": pl.Float64(),
}


@dataclass(frozen=True, slots=True)
class Repair:
    """A rule that changes cells: the column and its new value."""

    rule: Rule
    column: str
    value: pl.Expr
    reads: frozenset[str]
    joint: bool


@dataclass(frozen=True, slots=True)
class Test:
    """A rule that judges rows after all repairs."""

    rule: Rule
    failing: pl.Expr
    reads: frozenset[str]
    joint: bool

    @property
    def rejects(self) -> bool:
        """Whether rows that fail leave the table."""
        return self.rule.action == "reject"


@dataclass(frozen=True, slots=True)
class Plan:
    """What is done to a table.

    Attributes:
        schema: of the table as it comes.
        stages: repairs of one stage neither read nor write a column that another of them writes.
    """

    rules: tuple[Rule, ...]
    schema: Mapping[str, pl.DataType]
    stages: tuple[tuple[Repair, ...], ...]
    tests: tuple[Test, ...]

    @property
    def repairs(self) -> Iterable[Repair]:
        """All repairs in order."""
        return (repair for stage in self.stages for repair in stage)

    def clean_schema(self) -> dict[str, pl.DataType]:
        """The schema after the repairs; a cast changes it."""
        empty = pl.DataFrame(schema=dict(self.schema) | {ROW: pl.UInt32()})
        for stage in self.stages:
            empty = empty.with_columns(repair.value for repair in stage)
        return {name: type_ for name, type_ in empty.schema.items() if name != ROW}


def plan(rules: Sequence[Rule], schema: Mapping[str, pl.DataType], tables: Tables | None = None) -> Plan:
    """The plan of these rules, whatever their status; the caller chooses.

    Args:
        tables: gives another table by name, for rules that look into one.

    Raises:
        SourceError: a rule names a column that is not there, or its parameters are wrong; two have one id.
    """
    ids = [rule.id for rule in rules]
    twice = next((i for i in ids if ids.count(i) > 1), None)
    if twice:
        raise SourceError(f"{rules[0].table}: there are two rules {twice}", "remove one of them")
    taken = next((name for name in schema if name in (ROW, RULES)), None)
    if taken:
        raise SourceError(f"the table has a column {taken}", "rename it: the name is used for row numbers and rules")
    repairs: list[Repair] = []
    tests: list[Test] = []
    for rule in rules:
        how = kind(rule.kind)
        how.read(rule)
        reads = frozenset(how.reads(rule))
        missing = sorted(reads - set(schema))
        if missing:
            known = ", ".join(list(schema)[:30])
            raise SourceError(f"{rule.table}: rule {rule.id}: there is no column {missing[0]!r}", f"there are: {known}")
        made = _repairs(rule, how, reads, schema) if rule.action == "repair" else []
        repairs += made
        if not made:
            tests.append(Test(rule, how.failing(rule, tables).alias(_fail(rule)), reads, how.scope(rule) is not None))
    made_plan = Plan(tuple(rules), dict(schema), tuple(_staged(repairs)), tuple(tests))
    _tried(made_plan)
    return made_plan


def _tried(made: Plan) -> None:
    """Runs the rules over no rows. Raises SourceError for one that the columns' types do not allow."""
    empty = pl.DataFrame(schema=dict(made.schema) | {ROW: pl.UInt32()})
    for stage in made.stages:
        for repair in stage:
            _try(empty, repair.rule, repair.value)
        empty = empty.with_columns(repair.value for repair in stage)
    for test in made.tests:
        _try(empty, test.rule, test.failing)


def _try(empty: pl.DataFrame, rule: Rule, value: pl.Expr) -> None:
    try:
        empty.select(value)
    except pl.exceptions.PolarsError as error:
        types = ", ".join(f"{name} {empty.schema[name]}" for name in kind(rule.kind).reads(rule))
        raise SourceError(
            f"{rule.table}: rule {rule.id} does not fit the columns {types}: {str(error).splitlines()[0]}",
            "change the rule, or accept a cast rule that comes before it",
        ) from None


def _fail(rule: Rule) -> str:
    return f"{OWN}fail {rule.id}"


def _repairs(rule: Rule, how: Kind, reads: frozenset[str], schema: Mapping[str, pl.DataType]) -> list[Repair]:
    found = []
    for column in how.writes(rule):
        value = how.repaired(rule, column)
        if value is not None and column in schema:
            found.append(Repair(rule, column, value.alias(column), reads, how.scope(rule) is not None))
    return found


def _staged(repairs: Sequence[Repair]) -> list[tuple[Repair, ...]]:
    """Groups of repairs that can be computed at once, in order; a joint one stands alone."""
    stages: list[list[Repair]] = []
    for repair in repairs:
        last = stages[-1] if stages else []
        written = {r.column for r in last}
        clash = written & (repair.reads | {repair.column}) or any(repair.column in r.reads for r in last)
        same = bool(last) and last[0].rule.id == repair.rule.id
        if last and not repair.joint and not last[0].joint and (not clash or same):
            last.append(repair)
        else:
            stages.append([repair])
    return [tuple(stage) for stage in stages]


@dataclass(slots=True)
class Joint:
    """What a rule over rows together came to: numbers of rows (sorted), and for a repair their values."""

    rows: pl.Series
    values: pl.Series | None = None


@dataclass(slots=True)
class Outcome:
    """A batch, or a whole table, after the plan.

    Attributes:
        clean: rows that stay, repaired.
        rejected: rows that leave, as they came, with ROW and RULES.
        changes: the cells that differ between a row of `clean` and the same row as it came, by rule.
        failing: rule id -> rows that break it after the repairs; for repairs the rows it changed.
    """

    clean: pl.DataFrame
    rejected: pl.DataFrame
    changes: pl.DataFrame
    failing: dict[str, int] = field(default_factory=dict)


def run_batch(made: Plan, frame: pl.DataFrame, joint: Mapping[str, Joint]) -> Outcome:
    """The plan over a batch of consecutive rows.

    Args:
        frame: the columns of the schema, and ROW.
        joint: by rule id (repairs: id and column), from `joint.run`.
    """
    work, steps = frame, []
    for stage in made.stages:
        before = work
        if stage[0].joint:
            work = _put(work, stage[0].column, joint[key(stage[0])])
        else:
            work = work.lazy().with_columns(repair.value for repair in stage).collect()
        steps.append((stage, before, work))
    fails = _fails(made, work, joint)
    out = [_fail(test.rule) for test in made.tests if test.rejects]
    failing = dict(
        zip((t.rule.id for t in made.tests), (int(fails[_fail(t.rule)].sum()) for t in made.tests), strict=True)
    )
    if not any(failing[t.rule.id] for t in made.tests if t.rejects):
        rejected = frame.clear().with_columns(pl.lit("").alias(RULES))
        changes, counts = _changes(steps, None)
        return Outcome(work.drop(ROW), rejected, changes, failing | counts)
    gone = fails.select(pl.any_horizontal(out)).to_series()
    names = [pl.when(pl.col(name)).then(pl.lit(name.partition(" ")[2])) for name in out]
    why = fails.filter(gone).select(pl.concat_str(names, separator=",", ignore_nulls=True).alias(RULES))
    rejected = frame.filter(gone).hstack(why)
    changes, counts = _changes(steps, ~gone)
    return Outcome(work.filter(~gone).drop(ROW), rejected, changes, failing | counts)


def failing_rows(made: Plan, frame: pl.DataFrame, joint: Mapping[str, Joint]) -> dict[str, pl.Series]:
    """Rule id -> Booleans, of the tests of a plan without repairs, over a batch."""
    fails = _fails(made, frame, joint)
    return {test.rule.id: fails[_fail(test.rule)] for test in made.tests}


def _fails(made: Plan, work: pl.DataFrame, joint: Mapping[str, Joint]) -> pl.DataFrame:
    alone = [test.failing for test in made.tests if not test.joint]
    fails = work.lazy().select(alone).collect() if alone else pl.DataFrame()
    together = [_mask(work, joint[test.rule.id].rows).alias(_fail(test.rule)) for test in made.tests if test.joint]
    return fails.hstack(together) if alone else pl.DataFrame(together)


def key(repair: Repair) -> str:
    """Of a joint repair in the mapping that `run_batch` takes."""
    return f"{repair.rule.id} {repair.column}"


def _changes(
    steps: Sequence[tuple[tuple[Repair, ...], pl.DataFrame, pl.DataFrame]], stays: pl.Series | None
) -> tuple[pl.DataFrame, dict[str, int]]:
    """The changed cells of rows that stay, and the number of them by rule."""
    found: list[pl.DataFrame] = []
    counts: dict[str, int] = {}
    for stage, before, after in steps:
        for repair in stage:
            was, now = before[repair.column], after[repair.column]
            if was.dtype != now.dtype:
                was, now = was.cast(pl.String), now.cast(pl.String)
            differs = was.ne_missing(now)
            if stays is not None:
                differs &= stays
            rows = int(differs.sum())
            counts[repair.rule.id] = counts.get(repair.rule.id, 0) + rows
            if rows:
                found.append(_cells(repair, before[ROW], was, now, differs))
    return pl.concat(found) if found else pl.DataFrame(schema=CHANGES), counts


def _cells(repair: Repair, rows: pl.Series, was: pl.Series, now: pl.Series, differs: pl.Series) -> pl.DataFrame:
    return pl.DataFrame(
        {"row": rows.filter(differs), "before": was.filter(differs), "after": now.filter(differs)}
    ).select(
        pl.col("row").cast(pl.UInt32),
        pl.lit(repair.column).alias("column"),
        pl.col("before").cast(pl.String),
        pl.col("after").cast(pl.String),
        pl.lit(repair.rule.id).alias("rule"),
        pl.lit(repair.rule.confidence, dtype=pl.Float64).alias("confidence"),
    )


def _slice(frame: pl.DataFrame, rows: pl.Series) -> tuple[int, int]:
    if not len(frame) or not len(rows):
        return 0, 0
    first, last = frame[ROW][0], frame[ROW][-1]
    return int(rows.search_sorted(first, side="left")), int(rows.search_sorted(last, side="right"))


def _mask(frame: pl.DataFrame, rows: pl.Series) -> pl.Series:
    """True for the rows of the batch that are among the (sorted) rows."""
    import numpy as np

    found = np.zeros(len(frame), dtype=bool)
    start, end = _slice(frame, rows)
    if end > start:
        found[rows[start:end].to_numpy().astype(np.int64) - frame[ROW][0]] = True
    return pl.Series(found)


def _put(frame: pl.DataFrame, column: str, found: Joint) -> pl.DataFrame:
    """The batch with the values put into their rows."""
    start, end = _slice(frame, found.rows)
    if end == start or found.values is None:
        return frame
    places = (found.rows[start:end] - frame[ROW][0]).cast(pl.Int64)
    values = found.values[start:end]
    if values.dtype != frame.schema[column] and not values.dtype.is_(frame.schema[column]):
        frame = frame.with_columns(pl.col(column).cast(values.dtype))
    return frame.with_columns(frame[column].clone().scatter(places, values))
