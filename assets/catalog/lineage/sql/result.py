"""What is known of a script's lineage."""

from dataclasses import dataclass, field

Leaf = tuple[str, str]  # (table, column); column "*" stands for all columns of a table whose columns are not known
Leaves = frozenset[Leaf]


@dataclass(frozen=True)
class StatementLineage:
    """One statement.

    Attributes:
        kind: select, create, insert, merge, update, rename.
        target: the table that is written, dotted; "" for a query alone.
        columns: output column -> columns whose values flow into it, in the order of the output.
        influences: columns that decide which rows there are -> how: filter, join, group.
        reads: all tables that are read.
        unresolved: names in the SQL that cannot be told to a table without more of the schema.
        sql: the statement's text.
    """

    kind: str
    target: str
    columns: dict[str, Leaves]
    influences: dict[Leaf, frozenset[str]] = field(default_factory=dict)
    reads: frozenset[str] = frozenset()
    unresolved: frozenset[str] = frozenset()
    sql: str = ""


@dataclass(frozen=True)
class ScriptLineage:
    """All statements of a script that move data, and what could not be read.

    Attributes:
        problems: one sentence for each part that could not be read.
    """

    statements: tuple[StatementLineage, ...]
    problems: tuple[str, ...] = ()
