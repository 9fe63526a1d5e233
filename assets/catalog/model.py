"""What a scan finds, as plain values: the catalogue's other modules take and give these and nothing of an engine.

Structure (names, types, keys, comments) is what versions are made of; a profile is a measurement and belongs to one
moment. So a column's profile is kept apart from its structure wherever versions are compared.
"""

from enum import StrEnum

from pydantic import BaseModel, ConfigDict


class Value(BaseModel):
    """Frozen, and strict about unknown fields, so that a document of another shape is refused by name."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class Base(StrEnum):
    """The physical kind of a column, the same for all engines."""

    TEXT = "text"
    INTEGER = "integer"
    NUMBER = "number"
    BOOLEAN = "boolean"
    DATE = "date"
    TIME = "time"
    TIMESTAMP = "timestamp"
    BINARY = "binary"
    NESTED = "nested"
    OTHER = "other"


class Top(Value):
    """A frequent value, as text, and how many of the profiled rows have it."""

    value: str
    count: int


class Bin(Value):
    """A bin of a histogram: numbers in [low, high), the last one closed. Dates count as seconds since 1970."""

    low: float
    high: float
    count: int


class Profile(Value):
    """What was measured of one column.

    Attributes:
        rows: rows looked at; the whole table unless `sampled`.
        nulls: how many of them are null.
        distinct: different values that are not null; an estimate where `distinct_exact` is false.
        low, high: least and greatest value as text in the engine's own order; "" when there is none or it is withheld.
        quantiles: of numbers and dates at 0.05, 0.25, 0.5, 0.75, 0.95.
        patterns: shapes of texts (`9` digit, `A` and `a` letters, `中` Chinese; runs as `9{11}`), the most frequent.
        lengths: shortest and longest text in characters.
        withheld: values are sensitive: `low`, `high`, `top` and `histogram` stay empty.
    """

    rows: int
    nulls: int = 0
    distinct: int = 0
    distinct_exact: bool = True
    low: str = ""
    high: str = ""
    mean: float | None = None
    deviation: float | None = None
    quantiles: tuple[float, ...] = ()
    top: tuple[Top, ...] = ()
    patterns: tuple[Top, ...] = ()
    histogram: tuple[Bin, ...] = ()
    lengths: tuple[int, int] | None = None
    sampled: bool = False
    withheld: bool = False


class Meaning(Value):
    """The semantic type of a column.

    Attributes:
        type: a name of the registry of semantic types, such as `cn_mobile`.
        confidence: 0 to 1.
        evidence: why, in words, the strongest first.
        by: `content`, `name`, `context` or `user`; a user's word wins and stays.
        others: the next best types with their confidence.
    """

    type: str
    confidence: float
    evidence: tuple[str, ...] = ()
    by: str = "content"
    others: tuple[tuple[str, float], ...] = ()


class ColumnInfo(Value):
    """A column: its place counts from 1; `type` is the engine's own name, `base` the same for all engines."""

    name: str
    type: str
    base: Base = Base.OTHER
    place: int = 0
    nullable: bool = True
    default: str = ""
    comment: str = ""


class ForeignKey(Value):
    """A declared foreign key; `schema_name` is "" where the target lies in the table's own schema."""

    columns: tuple[str, ...]
    table: str
    targets: tuple[str, ...]
    schema_name: str = ""
    name: str = ""


class Index(Value):
    """A declared index."""

    name: str
    columns: tuple[str, ...]
    unique: bool = False


class TableKind(StrEnum):
    """What a scanned thing is."""

    TABLE = "table"
    VIEW = "view"
    FILE = "file"
    LOG = "log"
    ENDPOINT = "endpoint"


class TableInfo(Value):
    """A table, view, file or endpoint as a scan found it.

    Attributes:
        schema_name: "" where the source has none.
        rows: None when not counted; an estimate where `rows_exact` is false.
        size: bytes, None when unknown.
        changed: ISO 8601 moment of the last change the source knows of, "" when unknown.
        error: why its structure could not be read. What is wrong with its rows alone is among the scan's errors.
    """

    name: str
    schema_name: str = ""
    kind: TableKind = TableKind.TABLE
    comment: str = ""
    columns: tuple[ColumnInfo, ...] = ()
    primary_key: tuple[str, ...] = ()
    unique: tuple[tuple[str, ...], ...] = ()
    foreign_keys: tuple[ForeignKey, ...] = ()
    indexes: tuple[Index, ...] = ()
    rows: int | None = None
    rows_exact: bool = True
    size: int | None = None
    changed: str = ""
    error: str = ""

    @property
    def path(self) -> str:
        """`schema.table`, or the table alone: unique within its source."""
        return f"{self.schema_name}.{self.name}" if self.schema_name else self.name


class LogTemplate(Value):
    """A form that messages of a log have.

    Attributes:
        text: the words, with `<num>`, `<ip>`, `<*>` and their like where the messages differ.
        variables: the types of these, in order; `*` where only Drain found that words differ.
        count: messages that were looked at and have it.
        levels: level -> how many of them have it.
        first, last: the moments of the first and the last one, as the log writes them.
    """

    text: str
    count: int = 0
    variables: tuple[str, ...] = ()
    levels: dict[str, int] = {}
    first: str = ""
    last: str = ""


class ScannedTable(Value):
    """A table with what was measured of its columns, by column name; `templates` are a log's."""

    table: TableInfo
    profiles: dict[str, Profile] = {}
    meanings: dict[str, Meaning] = {}
    templates: tuple[LogTemplate, ...] = ()


class Scan(Value):
    """One pass over one source.

    Attributes:
        url: without secrets.
        at: ISO 8601 moment it began, UTC.
        errors: what could not be read: (table or "", message); a source that is down has one entry with "".
        unchanged: paths of tables that were skipped because the source says they did not change.
        marks: path -> a token that differs when the table's structure or data do; none where the source cannot tell.
            The next scan skips tables by them, so a summary without `tables` is enough as its `previous`.
    """

    source: str
    url: str
    at: str
    seconds: float
    tables: tuple[ScannedTable, ...] = ()
    errors: tuple[tuple[str, str], ...] = ()
    unchanged: tuple[str, ...] = ()
    marks: dict[str, str] = {}
