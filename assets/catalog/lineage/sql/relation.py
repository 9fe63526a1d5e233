"""What a query, table or table function gives: its columns, each with what flows into it."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from assets.catalog.lineage.sql.result import Leaf, Leaves

NONE: Leaves = frozenset()
LATERAL_ALIASES = frozenset(
    {"snowflake", "redshift", "databricks", "spark", "duckdb", "clickhouse", "teradata", "bigquery"}
)
# what Snowflake's FLATTEN gives beside the value itself
COUNTERS = frozenset({"index", "seq", "ordinality", "offset", "pos"})


@dataclass(frozen=True)
class Output:
    """A column of a relation; `plain` when it is an upstream column as it stands, whose fields keep their path."""

    name: str
    leaves: Leaves
    plain: bool = False


@dataclass(frozen=True)
class Relation:
    """A relation.

    Attributes:
        outputs: columns that are known, in order.
        open: tables of which all columns come through, though nobody knows which these are; those of one group come
            through together, as a UNION's do.
        hidden: names that an open table does not give (EXCEPT).
        function: leaves of a table function's arguments; its column names may be anything.
        whole: of a function, the name that stands for its value.
        table: the table that it is, "" for anything else.
    """

    outputs: tuple[Output, ...] = ()
    open: tuple[tuple[str, ...], ...] = ()
    hidden: frozenset[str] = frozenset()
    function: Leaves | None = None
    whole: str = ""
    table: str = ""

    def column(self, name: str) -> Output | None:
        """A column that is known by name; doubles are one."""
        found = [o for o in self.outputs if o.name == name]
        if len(found) < 2:
            return found[0] if found else None
        return Output(name, frozenset().union(*(o.leaves for o in found)))

    def any_column(self, name: str) -> Output | None:
        """A column, known or not, as far as it can be told."""
        found = self.column(name)
        if found is not None:
            return found
        if self.function is not None:
            return self._of_function(name)
        if len(self.open) == 1 and name not in self.hidden:
            return Output(name, frozenset((table, name) for table in self.open[0]), plain=True)
        return None

    def stated(self, name: str) -> Output:
        """A column that the query names as the table's, though the schema does not have it."""
        return Output(name, frozenset({(self.table, name)}), plain=True)

    def _of_function(self, name: str) -> Output:
        if name in COUNTERS:
            return Output(name, NONE)
        leaves = self.function or NONE
        if name in (self.whole, "value", "this", "key", "col", "unnest"):
            return Output(name, leaves, plain=True)
        return Output(name, under(leaves, (name,)), plain=True)

    def everything(self) -> Leaves:
        """All that flows into any column."""
        known = frozenset().union(*(o.leaves for o in self.outputs)) | (self.function or NONE)
        return known | frozenset((table, "*") for group in self.open for table in group)

    def renamed(self, names: Sequence[str]) -> "Relation":
        """With a list of column aliases, `t as x(a, b)`."""
        if not names or self.open:
            return self
        given = tuple(replace(o, name=n) for o, n in zip(self.outputs, names, strict=False))
        return replace(self, outputs=given + self.outputs[len(given) :])

    def without(self, names: frozenset[str]) -> "Relation":
        """SELECT * EXCEPT (names)."""
        return replace(self, outputs=tuple(o for o in self.outputs if o.name not in names), hidden=self.hidden | names)


def under(leaves: Leaves, path: Sequence[str]) -> Leaves:
    """The fields below columns of a struct type."""
    return frozenset(_field(leaf, path) for leaf in leaves)


def _field(leaf: Leaf, path: Sequence[str]) -> Leaf:
    table, column = leaf
    return leaf if column == "*" else (table, ".".join((column, *path)))


def united(branches: Sequence[Relation], *, by_name: bool) -> Relation:
    """UNION, INTERSECT, EXCEPT: by position, or by name where that is asked for or positions are not known."""
    first = branches[0]
    by_name = by_name or any(b.open for b in branches)
    merged: list[Output] = []
    names = [o.name for o in first.outputs]
    if by_name:
        names = list(dict.fromkeys(o.name for b in branches for o in b.outputs))
    for position, name in enumerate(names):
        if by_name:
            parts = [o for b in branches if (o := b.any_column(name)) is not None]
        else:
            parts = [b.outputs[position] for b in branches if position < len(b.outputs)]
        merged.append(Output(name, frozenset().union(*(o.leaves for o in parts)), all(o.plain for o in parts)))
    groups = [b.open for b in branches if b.open]
    if groups and all(len(g) == 1 for g in groups):
        return Relation(tuple(merged), (tuple(dict.fromkeys(t for g in groups for t in g[0])),))
    return Relation(tuple(merged), tuple(dict.fromkeys(t for g in groups for t in g)))
