"""Names in SQL: how each dialect folds their case, and what a table is called in the end.

Two spellings that differ in case only are taken for one name, as warehouses' listings often give another case than the
SQL, unless a schema or query really holds both; then the dialect's rules decide.
"""

import re
from collections.abc import Iterable, Mapping

from sqlglot import Dialect, exp
from sqlglot.dialects.dialect import NormalizationStrategy

Schemas = Mapping[str, Mapping[str, str]]
PARTS = re.compile(r'"((?:[^"]|"")*)"|([^."]+)')
PLAIN = re.compile(r'[^."]+')
# BigQuery: a decorator chooses partitions of one table; tables with a date at the end, or a star, are its shards
DECORATOR = re.compile(r"\$\w+$")
SHARD = re.compile(r"^(.+\D)[_$]?(?:\d{4}(?:0[1-9]|1[0-2])(?:0[1-9]|[12]\d|3[01])|\d*\*)$")


def split(name: str) -> tuple[str, ...]:
    """`a.b."c.d"` -> (a, b, c.d)."""
    return tuple(m[1].replace('""', '"') if m[1] is not None else m[2] for m in PARTS.finditer(name))


def join(parts: Iterable[str]) -> str:
    """The reverse of `split`."""
    return ".".join(p if PLAIN.fullmatch(p) else '"' + p.replace('"', '""') + '"' for p in parts)


def physical(parts: tuple[str, ...], dialect: str) -> tuple[str, ...]:
    """The table that a reference means: partitions and shards of a table are that table."""
    if dialect != "bigquery" or not parts:
        return parts
    name = DECORATOR.sub("", parts[-1])
    shard = SHARD.match(name)
    return (*parts[:-1], f"{shard[1].rstrip('_')}_yyyymmdd" if shard else name)


class Folding:
    """One spelling for each name of a statement.

    Args:
        exact: keep what the dialect's own rules tell apart.
    """

    def __init__(self, dialect: str, *, exact: bool) -> None:
        self.dialect = Dialect.get_or_raise(dialect or None)
        self.exact = exact
        self._written: dict[str, str] = {}

    def fold(self, identifier: exp.Identifier) -> str:
        """The name that is compared; what was written is remembered."""
        spelled = self.spelled(identifier)
        if self.exact:
            return spelled
        low = spelled.lower()
        self._written.setdefault(low, spelled)
        return low

    def name(self, written: str) -> str:
        """A name that a schema gives, as it is compared."""
        return written if self.exact else written.lower()

    def written(self, name: str) -> str:
        """The spelling of a folded name, as the database would show it."""
        return self._written.get(name, name)

    def remember(self, folded: str, written: str) -> None:
        """Spell a name so from now on."""
        self._written[folded] = written

    def spelled(self, identifier: exp.Identifier) -> str:
        """What the database makes of an identifier."""
        text: str = identifier.this
        if identifier.args.get("quoted"):
            return text
        strategy = self.dialect.normalization_strategy
        if strategy is NormalizationStrategy.UPPERCASE:
            return text.upper()
        return text.lower() if strategy is NormalizationStrategy.LOWERCASE else text


def needs_exact(query: exp.Expr, schemas: Schemas, dialect: str) -> bool:
    """Whether a table or a select has two columns that differ in case only."""
    if any(len({c.lower() for c in columns}) < len(columns) for columns in schemas.values()):
        return True
    folding = Folding(dialect, exact=True)
    for select in query.find_all(exp.Select):
        spelled = {folding.spelled(a) for p in select.expressions if (a := alias_of(p)) is not None}
        if len({s.lower() for s in spelled}) < len(spelled):
            return folding.dialect.normalization_strategy is not NormalizationStrategy.CASE_INSENSITIVE
    return False


def alias_of(projection: exp.Expr) -> exp.Identifier | None:
    """The identifier that names an output column, if there is one."""
    found = projection.args.get("alias") if isinstance(projection, exp.Alias) else projection.args.get("this")
    return found if isinstance(found, exp.Identifier) else None
