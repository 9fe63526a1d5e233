"""Templates of a log's messages, batch by batch: equal messages are counted in columns, Drain sees each once."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from assets.catalog.model import ColumnInfo, LogTemplate, TableInfo, TableKind
from assets.catalog.scan.templates.drain import Drain, Group
from assets.catalog.scan.templates.masks import VARIABLE, masked

if TYPE_CHECKING:
    import polars as pl
    import pyarrow as pa

MESSAGES = ("message", "msg", "line", "log", "event", "text")
LEVELS = ("level", "severity", "levelname", "loglevel", "priority")
TIMES = ("time", "timestamp", "@timestamp", "ts", "asctime", "date")
_LEVEL = r"\b(TRACE|DEBUG|INFO|NOTICE|WARN|WARNING|ERROR|CRITICAL|FATAL|SEVERE)\b"
_TIME = r"^\W?(\d{4}[-/]\d\d[-/]\d\d[T ]\d\d:\d\d:\d\d|[A-Z][a-z]{2} [ \d]\d \d\d:\d\d:\d\d)"
REMEMBERED = 100_000  # different messages whose group is known without going down the tree
KEPT = 500  # templates of a table, the most frequent


def miner_of(table: TableInfo, columns: Sequence[ColumnInfo]) -> "Miner | None":
    """A miner where the table is a log and has a column of messages."""
    log = table.kind is TableKind.LOG or ".log" in table.name.rsplit("/", 1)[-1].lower()
    names = [c.name.lower() for c in columns]
    places = [next((names.index(n) for n in wanted if n in names), None) for wanted in (MESSAGES, LEVELS, TIMES)]
    return Miner(places[0], places[1], places[2]) if log and places[0] is not None else None


class Miner:
    """Takes a log's batches.

    Args:
        message, level, time: places of the columns; without a level or a time they are looked for in the message.
    """

    def __init__(self, message: int, level: int | None = None, time: int | None = None) -> None:
        self.message = message
        self._level = level
        self._time = time
        self._drain = Drain()
        self._seen = 0
        self._known: dict[str, Group | None] = {}

    def add(self, batch: "pa.RecordBatch") -> None:
        """Counts the messages of a batch."""
        import polars as pl

        messages = _text(batch, self.message)
        levels = messages.str.head(200).str.extract(_LEVEL) if self._level is None else _text(batch, self._level)
        times = messages.str.extract(_TIME) if self._time is None else _text(batch, self._time)
        frame = pl.DataFrame({"m": masked(messages), "l": levels.str.to_uppercase(), "t": times}).with_row_index("i")
        counted = frame.filter(pl.col("m") != "").group_by("m", "l", maintain_order=True)
        at, when = pl.col("i"), pl.col("t").fill_null("")
        held = counted.agg(pl.len(), at.first().alias("a"), when.first().alias("b"), at.last(), when.last())
        for message, level, count, *ends in held.iter_rows():
            group = self._group(message)
            if group is not None:
                group.count_in(count, (self._seen + ends[0], ends[1]), (self._seen + ends[2], ends[3]))
                group.levels[level or ""] = group.levels.get(level or "", 0) + count
        self._seen += batch.num_rows

    def finish(self) -> tuple[LogTemplate, ...]:
        """The most frequent templates; those that became the same are one."""
        made: dict[str, Group] = {}
        for group in self._drain.groups:
            same = made.setdefault(group.text, group)
            if same is not group:
                same.count_in(group.count, group.first, group.last)
                for level, count in group.levels.items():
                    same.levels[level] = same.levels.get(level, 0) + count
        most = sorted(made.items(), key=lambda item: (-item[1].count, item[0]))[:KEPT]
        return tuple(_template(text, group) for text, group in most)

    def _group(self, message: str) -> Group | None:
        if message not in self._known:
            if len(self._known) >= REMEMBERED:
                self._known.clear()
            self._known[message] = self._drain.find(message)
        return self._known[message]


def _template(text: str, group: Group) -> LogTemplate:
    return LogTemplate(
        text=text,
        count=group.count,
        variables=tuple(VARIABLE.findall(text)),
        levels={level: count for level, count in sorted(group.levels.items()) if level},
        first=group.first[1],
        last=group.last[1],
    )


def _text(batch: "pa.RecordBatch", place: int) -> "pl.Series":
    import polars as pl

    column: Any = pl.from_arrow(batch.column(place))
    made: pl.Series = column.cast(pl.String)
    return made
