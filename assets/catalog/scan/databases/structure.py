"""A schema's structure by SQLAlchemy's inspector: all tables at once where the dialect can, else one by one."""

from collections.abc import Iterator, Mapping
from typing import Any

from sqlalchemy import Inspector
from sqlalchemy.engine.reflection import ObjectKind

from assets.catalog.model import ColumnInfo, ForeignKey, Index, TableKind
from assets.catalog.scan.databases.types import UNKNOWN, base_of_type, type_text

_ASKED = ("columns", "table_comment", "pk_constraint", "unique_constraints", "foreign_keys", "indexes")


class Structure:
    """Tells tables of one schema.

    Args:
        at_once: ask for all tables with six statements; otherwise six for each table.
    """

    def __init__(self, inspector: Inspector, schema: str | None, *, at_once: bool) -> None:
        self._inspector = inspector
        self._schema = schema
        self._known: dict[str, Mapping[Any, Any]] = {}
        if at_once:
            for what in _ASKED:
                ask = getattr(inspector, f"get_multi_{what}")
                self._known[what] = ask(schema=schema, kind=ObjectKind.ANY)

    def of(self, name: str, kind: TableKind, declared: Mapping[str, str]) -> dict[str, Any]:
        """Fields of a TableInfo; `declared` has types of columns that SQLAlchemy does not know.

        Raises what SQLAlchemy or the driver raises.
        """
        made: dict[str, Any] = {
            "columns": self._columns(self._ask("columns", name), declared),
            "comment": (self._ask("table_comment", name) or {}).get("text") or "",
        }
        if kind is TableKind.VIEW:
            return made
        unique = self._ask("unique_constraints", name) or ()
        foreign = self._ask("foreign_keys", name) or ()
        indexes = sorted(self._ask("indexes", name) or (), key=lambda i: i["name"] or "")
        made["primary_key"] = tuple((self._ask("pk_constraint", name) or {}).get("constrained_columns") or ())
        made["unique"] = tuple(sorted(tuple(u["column_names"]) for u in unique))
        made["foreign_keys"] = tuple(sorted((_foreign(f, self._schema or "") for f in foreign), key=repr))
        made["indexes"] = tuple(
            Index(name=i["name"] or "", columns=tuple(_members(i)), unique=bool(i["unique"])) for i in indexes
        )
        return made

    def _ask(self, what: str, name: str) -> Any:
        try:
            if what in self._known and (self._schema, name) in self._known[what]:
                return self._known[what][self._schema, name]
            return getattr(self._inspector, f"get_{what}")(name, schema=self._schema)
        except NotImplementedError:  # not every dialect can tell everything
            return None

    def _columns(self, columns: Any, declared: Mapping[str, str]) -> tuple[ColumnInfo, ...]:
        return tuple(
            ColumnInfo(
                name=c["name"],
                type=_type(c, self._inspector.dialect, declared),
                base=base_of_type(c["type"]),
                place=place,
                nullable=bool(c.get("nullable", True)),
                default=str(c.get("default") or ""),
                comment=c.get("comment") or "",
            )
            for place, c in enumerate(columns, 1)
        )


def _type(column: Mapping[str, Any], dialect: Any, declared: Mapping[str, str]) -> str:
    found = type_text(column["type"], dialect)
    return declared.get(column["name"], found) if found == UNKNOWN else found


def _foreign(key: Mapping[str, Any], schema: str) -> ForeignKey:
    target = key.get("referred_schema") or ""
    return ForeignKey(
        columns=tuple(key["constrained_columns"]),
        table=key["referred_table"],
        targets=tuple(key["referred_columns"]),
        schema_name="" if target == schema else target,
        name=key.get("name") or "",
    )


def _members(index: Mapping[str, Any]) -> Iterator[str]:
    """Its columns, or the expression where it is no column."""
    names = index["column_names"]
    expressions = index.get("expressions") or names
    return (str(name if name is not None else e) for name, e in zip(names, expressions, strict=True))
