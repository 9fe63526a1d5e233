"""Rules as a pandera schema (Python for its polars backend) and as dbt's tests (schema.yml)."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from sqlglot import exp

from assets.quality.rules.expressions import ascii_classes
from assets.quality.rules.model import Rule
from assets.quality.rules.registry import params_of
from assets.quality.rules.sql import missing, statements
from core.naming import Key, TableName, table_name

NO_FORM = "there is no form of it"
_MOSTLY = "a part of the rows cannot be asked for there"


@dataclass(frozen=True, slots=True)
class Exported:
    """The text, and the rules that are not in it with the reason."""

    text: str
    left_out: tuple[tuple[Rule, str], ...]


def pandera_code(table: str, rules: Sequence[Rule]) -> Exported:
    """A module with `schema`, a pandera DataFrameSchema; it fails for the rows that break these rules.

    Values go into the code by `repr`, so that none of them can be more than a value.
    """
    left: list[tuple[Rule, str]] = []
    columns: dict[str, list[str]] = {}
    required: set[str] = set()
    unique: list[list[str]] = []
    for rule in rules:
        given: Any = params_of(rule)
        if given.mostly < 1:
            left.append((rule, _MOSTLY))
        elif rule.kind == "not_null" and not given.empty:
            required |= set(rule.columns)
            columns |= {c: columns.get(c, []) for c in rule.columns}
        elif rule.kind == "unique" and len(rule.columns) == 1:
            columns.setdefault(rule.columns[0], [])
            unique.append(list(rule.columns))
        elif made := _CHECKS[rule.kind](given) if rule.kind in _CHECKS else []:
            columns.setdefault(rule.columns[0], []).extend(made)
        else:
            left.append((rule, NO_FORM))
    title = repr(f"Rules of {table} as pandera checks.")
    lines = [title, "", "import datetime", "", "import pandera.polars as pa", ""]
    lines += ["schema = pa.DataFrameSchema(", "    {"]
    for name, checks in columns.items():
        flags = f"nullable={name not in required}, unique={[name] in unique}"
        lines.append(f"        {name!r}: pa.Column(checks=[{', '.join(checks)}], {flags}),")
    return Exported("\n".join([*lines, "    }", ")", ""]), tuple(left))


def _range(given: Any) -> list[str]:
    checks = []
    if given.low is not None:
        checks.append(f"pa.Check.{'gt' if given.low_open else 'ge'}({given.low!r})")
    if given.high is not None:
        checks.append(f"pa.Check.{'lt' if given.high_open else 'le'}({given.high!r})")
    return checks


# none where pandera has no check that means the same
_CHECKS: dict[str, Callable[[Any], list[str]]] = {
    "range": _range,
    "in_set": lambda given: [] if given.ignore_case else [f"pa.Check.isin({list(given.values)!r})"],
    "pattern": lambda given: [f"pa.Check.str_contains({ascii_classes(given.full())!r})"],
    "length": lambda given: [f"pa.Check.str_length(min_value={given.least!r}, max_value={given.most!r})"],
}


def dbt_yaml(table: str, rules: Sequence[Rule]) -> Exported:
    """The text of a schema.yml with the tests of one model: not_null, unique, accepted_values, relationships."""
    import yaml

    left: list[tuple[Rule, str]] = []
    columns: dict[str, list[Any]] = {}
    for rule in rules:
        given: Any = params_of(rule)
        made = _TESTS[rule.kind](given) if rule.kind in _TESTS else None
        single = len(rule.columns) == 1 or rule.kind == "not_null"
        if given.mostly < 1 or made is None or not single:
            left.append((rule, _MOSTLY if given.mostly < 1 else NO_FORM))
            continue
        for column in rule.columns:
            columns.setdefault(column, []).append(made)
    described = [{"name": column, "data_tests": tests} for column, tests in columns.items()]
    content = {"version": 2, "models": [{"name": table.split("/")[-1], "columns": described}]}
    return Exported(yaml.safe_dump(content, allow_unicode=True, sort_keys=False), tuple(left))


def _accepted(given: Any) -> Any:
    words = given.texts()
    if words is None or given.ignore_case or any("{{" in w or "{%" in w for w in words):
        return None  # dbt renders the values as templates
    return {"accepted_values": {"arguments": {"values": words}}}


def _relation(given: Any) -> Any:
    if not given.table or len(given.table.split("/")) != 3:
        return None
    model = given.table.split("/")[-1]
    return {"relationships": {"arguments": {"to": f"ref('{model}')", "field": given.references[0]}}}


_TESTS: dict[str, Callable[[Any], Any]] = {
    "not_null": lambda given: None if given.empty else "not_null",
    "unique": lambda given: "unique",
    "in_set": _accepted,
    "inclusion": _relation,
}


def sql_script(table: str, rules: Sequence[Rule], columns: Sequence[str], dialect: str) -> Exported:
    """The plan of a table of the warehouse as CREATE TABLE statements; only where all rules have a form in SQL."""
    source = table_name(Key.parse(table))
    work = TableName(source.schema, f"{source.name}_work")
    found = statements(rules, columns, source, work, dialect)
    if found is None:
        without = missing(rules, dialect)
        return Exported("", tuple((rule, NO_FORM) for rule in rules if rule.id in without))
    parts = {"work": found.work, "clean": found.clean, "rejected": found.rejected, "changes": found.changes}
    texts = [
        f"CREATE TABLE {exp.table_(f'{source.name}_{name}', db=source.schema, quoted=True).sql(dialect)} AS\n{text};\n"
        for name, text in parts.items()
    ]
    return Exported("\n".join(texts), ())
