"""Suites of Great Expectations (0.x `expectation_type` and 1.x `type`) as rules."""

from collections.abc import Callable
from typing import Any

from assets.quality.rules.exchange.imported import Reading, line_of

_ABOUT = {
    *("column", "column_list", "column_A", "column_B", "mostly", "meta", "result_format", "catch_exceptions"),
    *("include_config", "batch_id", "severity", "notes", "description"),
}
_Made = tuple[str, list[str], dict[str, Any], set[str]]


def read(reading: Reading, content: Any) -> None:
    """Adds the rules of a suite."""
    items = content["expectations"]
    name = str(content.get("expectation_suite_name") or content.get("name") or reading.path.stem)
    for number, item in enumerate(items):
        line = line_of(items, number)
        if not isinstance(item, dict):
            reading.left(line, str(item)[:100], "is no expectation")
            continue
        kind = str(item.get("expectation_type") or item.get("type") or "")
        with reading.readable(line, kind):
            given = {str(k): _plain(v) for k, v in (item.get("kwargs") or {}).items() if v is not None}
            _read(reading, kind, given, line, name)


def _read(reading: Reading, kind: str, given: dict[str, Any], line: int, table: str) -> None:
    make = _KINDS.get(kind)
    if make is None:
        reading.left(line, kind or "?", "there is no rule for this expectation")
        return
    try:
        rule, columns, params, used = make(given)
    except KeyError as error:
        reading.left(line, kind, f"has no {error}")
        return
    # what would change the meaning and is not read makes another expectation of it
    rest = {k for k, v in given.items() if v not in (False, "never", "both_values_are_missing", "any_value_is_missing")}
    unknown = sorted(rest - _ABOUT - used)
    if unknown:
        reading.left(line, kind, f"{', '.join(unknown)} cannot be said in a rule")
        return
    if "mostly" in given and given["mostly"] != 1:
        params["mostly"] = float(given["mostly"])
    reading.rule(rule, columns, params, line, kind, table)


def _column(kind: str, **fixed: Any) -> Callable[[dict[str, Any]], _Made]:
    return lambda given: (kind, [given["column"]], dict(fixed), set())


def _set(given: dict[str, Any]) -> _Made:
    return "in_set", [given["column"]], {"values": list(given["value_set"])}, {"value_set"}


def _regex(given: dict[str, Any]) -> _Made:
    # Python's re.match there: from the beginning, not to the end
    return "pattern", [given["column"]], {"pattern": f"^(?:{given['regex']})", "whole": False}, {"regex"}


def _between(given: dict[str, Any]) -> _Made:
    names = {"min_value": "low", "max_value": "high", "strict_min": "low_open", "strict_max": "high_open"}
    return "range", [given["column"]], {names[k]: v for k, v in given.items() if k in names}, set(names)


def _lengths(given: dict[str, Any]) -> _Made:
    names = {"min_value": "least", "max_value": "most"}
    return "length", [given["column"]], {names[k]: int(v) for k, v in given.items() if k in names}, set(names)


def _length(given: dict[str, Any]) -> _Made:
    return "length", [given["column"]], {"least": int(given["value"]), "most": int(given["value"])}, {"value"}


def _together(given: dict[str, Any]) -> _Made:
    return "unique", list(given["column_list"]), {"keep": "none"}, {"ignore_row_if"}


def _greater(given: dict[str, Any]) -> _Made:
    operator = ">=" if given.get("or_equal") else ">"
    return "compare", [given["column_A"], given["column_B"]], {"operator": operator}, {"or_equal", "ignore_row_if"}


def _rows(given: dict[str, Any]) -> _Made:
    names = {"min_value": "least", "max_value": "most"}
    return "row_count", [], {names[k]: int(v) for k, v in given.items() if k in names}, set(names)


def _equal_rows(given: dict[str, Any]) -> _Made:
    return "row_count", [], {"least": int(given["value"]), "most": int(given["value"])}, {"value"}


def _exists(given: dict[str, Any]) -> _Made:
    return "structure", [], {"required": [given["column"]]}, set()


def _type(given: dict[str, Any]) -> _Made:
    return "structure", [], {"types": {given["column"]: str(given["type_"])}}, {"type_"}


_KINDS: dict[str, Callable[[dict[str, Any]], _Made]] = {
    "expect_column_values_to_not_be_null": _column("not_null"),
    "expect_column_values_to_be_unique": _column("unique", keep="none"),
    "expect_column_values_to_be_in_set": _set,
    "expect_column_values_to_match_regex": _regex,
    "expect_column_values_to_be_between": _between,
    "expect_column_min_to_be_between": lambda g: _extreme(g, "min_value", "low"),
    "expect_column_max_to_be_between": lambda g: _extreme(g, "max_value", "high"),
    "expect_column_value_lengths_to_be_between": _lengths,
    "expect_column_value_lengths_to_equal": _length,
    "expect_compound_columns_to_be_unique": _together,
    "expect_column_pair_values_a_to_be_greater_than_b": _greater,
    "expect_table_row_count_to_be_between": _rows,
    "expect_table_row_count_to_equal": _equal_rows,
    "expect_column_to_exist": _exists,
    "expect_column_values_to_be_of_type": _type,
}


def _extreme(given: dict[str, Any], name: str, side: str) -> _Made:
    """The smallest value is at least so much: each value is. The other bound says nothing about each value."""
    return "range", [given["column"]], {side: given[name]}, {name}


def _plain(value: Any) -> Any:
    if isinstance(value, list):
        return [_plain(v) for v in value]
    if isinstance(value, dict):
        return {str(k): _plain(v) for k, v in value.items()}
    for kind in (bool, int, float, str):
        if isinstance(value, kind):
            return kind(value)
    return value
