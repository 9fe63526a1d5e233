"""Soda checks (SodaCL): counts of missing, duplicate and invalid values, bounds, rows, freshness, schema."""

import re
from collections.abc import Callable
from typing import Any

from assets.quality.rules.exchange.imported import Reading, line_of

_CHECK = re.compile(
    r"^(?P<metric>[a-z_]+)\s*(?:\((?P<columns>[^)]*)\))?\s*"
    r"(?:(?P<between>between)\s+(?P<low>\S+)\s+and\s+(?P<high>\S+)|(?P<test><=|>=|!=|=|<|>)\s*(?P<value>[^\s%]+)\s*%?)?$"
)
_AGE = re.compile(r"(\d+)\s*([dhms])")
_SECONDS = {"d": 86_400, "h": 3_600, "m": 60, "s": 1}
_EMAIL = r"[A-Za-z0-9._%+-]+@[A-Za-z0-9.-]+\.[A-Za-z]{2,}"
_FORMATS = {
    "email": _EMAIL,
    "integer": r"[+-]?[0-9]+",
    "positive integer": r"\+?[0-9]+",
    "decimal": r"[+-]?[0-9]*\.?[0-9]+",
    "uuid": r"[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}",
    "date iso 8601": r"[0-9]{4}-[0-9]{2}-[0-9]{2}([T ].*)?",
    "ip address": r"[0-9]{1,3}(\.[0-9]{1,3}){3}",
}


class _Check:
    """One line of a checks file."""

    def __init__(self, text: str, options: dict[str, Any], line: int, table: str) -> None:
        self.text, self.options, self.line, self.table = text, options, line, table
        found = _CHECK.match(text)
        self.found = found.groupdict() if found else {}
        self.columns = [
            name.strip().strip('"') for name in (self.found.get("columns") or "").split(",") if name.strip()
        ]

    def tolerance(self) -> float | None:
        """Part of the rows that has to be right; None where the threshold says no such thing."""
        test, value = self.found.get("test"), _number(self.found.get("value"))
        if value is None:
            return None
        if value == 0 and test in ("=", "<="):
            return 1.0
        percent = self.found["metric"].endswith("_percent") and test in ("<", "<=")
        return 1 - value / 100 if percent and 0 <= value <= 100 else None


def read(reading: Reading, content: Any) -> None:
    """Adds the rules of a file; what other keys it has is left out."""
    for key in content:
        checks = content[key]
        words = str(key).split(maxsplit=2)
        if not str(key).startswith("checks for ") or not isinstance(checks, list):
            reading.left(line_of(content, key), str(key), "no checks for a table")
            continue
        for number, item in enumerate(checks):
            text, options = item, None
            if isinstance(item, dict) and len(item) == 1:
                (text, options), *_ = item.items()
            one = _Check(
                str(text).strip(), options if isinstance(options, dict) else {}, line_of(checks, number), words[2]
            )
            with reading.readable(one.line, one.text):
                _read(reading, one)


def _read(reading: Reading, check: _Check) -> None:
    metric = check.found.get("metric", "")
    name = metric.replace("_percent", "_count")
    if check.text == "schema":
        _schema(reading, check)
    elif name in _METRICS:
        _METRICS[name](reading, check)
    else:
        reading.left(check.line, check.text, "there is no rule for this metric")


def _rows_of(reading: Reading, check: _Check, kind: str, **params: Any) -> None:
    mostly = check.tolerance()
    if mostly is None:
        reading.left(check.line, check.text, "the threshold allows a number of rows: only 0, or percent, can be said")
        return
    if kind != "unique" and len(check.columns) != 1:
        reading.left(check.line, check.text, "names not one column")
        return
    given = params | ({"mostly": mostly} if mostly < 1 else {})
    reading.rule(kind, check.columns, given, check.line, check.text, check.table)


def _missing(reading: Reading, check: _Check) -> None:
    if check.options.get("missing values") or check.options.get("missing regex"):
        reading.left(check.line, check.text, "values that stand for null are a rule of their own: `replace`")
    _rows_of(reading, check, "not_null")


def _duplicate(reading: Reading, check: _Check) -> None:
    _rows_of(reading, check, "unique")


def _invalid(reading: Reading, check: _Check) -> None:
    options, rest = check.options, {k: v for k, v in check.options.items() if k not in _ABOUT}
    valid = [name for name in options if str(name).startswith("valid ")]
    if not valid or set(rest) - set(valid):
        reading.left(check.line, check.text, f"what is valid is not said in words that have a rule: {', '.join(rest)}")
        return
    low, high = options.get("valid min"), options.get("valid max")
    if low is not None or high is not None:
        _rows_of(reading, check, "range", **_some(low=low, high=high))
    same = options.get("valid length")
    least, most = options.get("valid min length", same), options.get("valid max length", same)
    if least is not None or most is not None:
        _rows_of(reading, check, "length", **_some(least=least, most=most))
    if "valid values" in options:
        _rows_of(reading, check, "in_set", values=[_plain(v) for v in options["valid values"]])
    if "valid regex" in options:
        _rows_of(reading, check, "pattern", pattern=str(options["valid regex"]), whole=False)
    if "valid format" in options:
        pattern = _FORMATS.get(str(options["valid format"]))
        if pattern is None:
            reading.left(check.line, check.text, f"the format {options['valid format']!r} is not known")
        else:
            _rows_of(reading, check, "pattern", pattern=pattern)
    for name in set(valid) - _KNOWN:
        reading.left(check.line, check.text, f"{name!r} has no rule")


_ABOUT = ("name", "attributes", "identity", "title")
_KNOWN = {
    *("valid min", "valid max", "valid length", "valid min length", "valid max length"),
    *("valid values", "valid regex", "valid format"),
}


def _row_count(reading: Reading, check: _Check) -> None:
    found, value = check.found, _number(check.found.get("value"))
    bounds: dict[str, Any] = {}
    if found.get("between"):
        bounds = _some(least=_number(found["low"]), most=_number(found["high"]))
    elif value is not None:
        whole = int(value)
        bounds = {
            "=": {"least": whole, "most": whole},
            ">": {"least": whole + 1},
            ">=": {"least": whole},
            "<": {"most": whole - 1},
            "<=": {"most": whole},
        }.get(str(found.get("test")), {})
    if not bounds:
        reading.left(check.line, check.text, "the threshold is no bound")
        return
    reading.rule("row_count", [], {k: int(v) for k, v in bounds.items()}, check.line, check.text, check.table)


def _fresh(reading: Reading, check: _Check) -> None:
    parts = _AGE.findall(check.found.get("value") or "")
    if check.found.get("test") not in ("<", "<=") or not parts or len(check.columns) != 1:
        reading.left(check.line, check.text, "is no age of one column, as `freshness(at) < 1d`")
        return
    seconds = sum(int(n) * _SECONDS[unit] for n, unit in parts)
    reading.rule("fresh", check.columns, {"seconds": seconds}, check.line, check.text, check.table)


def _bound(side: str, tests: tuple[str, str]) -> Callable[[Reading, _Check], None]:
    def read_bound(reading: Reading, check: _Check) -> None:
        value, test = _number(check.found.get("value")), check.found.get("test")
        if value is None or test not in tests or len(check.columns) != 1:
            reading.left(check.line, check.text, "says nothing about each row")
            return
        params: dict[str, Any] = {side: value}
        if len(str(test)) == 1:
            params[f"{side}_open"] = True
        reading.rule("range", check.columns, params, check.line, check.text, check.table)

    return read_bound


_METRICS: dict[str, Callable[[Reading, _Check], None]] = {
    "missing_count": _missing,
    "duplicate_count": _duplicate,
    "invalid_count": _invalid,
    "row_count": _row_count,
    "freshness": _fresh,
    "min": _bound("low", (">", ">=")),
    "max": _bound("high", ("<", "<=")),
}


def _schema(reading: Reading, check: _Check) -> None:
    params: dict[str, Any] = {}
    for level in ("fail", "warn"):
        for name, value in (check.options.get(level) or {}).items():
            if name == "when required column missing":
                params["required"] = [*params.get("required", []), *map(str, value)]
            elif name == "when forbidden column present" and not any(set("%*") & set(str(v)) for v in value):
                params["forbidden"] = [*params.get("forbidden", []), *map(str, value)]
            elif name == "when wrong column type":
                params["types"] = {str(k): str(v) for k, v in value.items()}
            else:
                reading.left(check.line, f"schema: {name}", "has no rule")
    if params:
        reading.rule("structure", [], params, check.line, "schema", check.table)


def _some(**values: Any) -> dict[str, Any]:
    return {name: _plain(value) for name, value in values.items() if value is not None}


def _plain(value: Any) -> Any:
    for kind in (bool, int, float, str):
        if isinstance(value, kind):
            return kind(value)
    return value


def _number(text: Any) -> float | None:
    try:
        number = float(str(text))
    except ValueError:
        return None
    return int(number) if number.is_integer() else number
