"""What differs between a golden record and what our step emitted."""

import math
from decimal import Decimal
from typing import Any

from assets.kettle.values.convert import constant
from assets.kettle.values.fields import Field, ValueType
from benchmarks.accuracy.kettle.capture import Emitted, plain
from benchmarks.accuracy.kettle.cases import Case

COUNTERS = ("read", "written", "input", "output", "updated", "rejected", "errors")
FIELD_KEYS = ("name", "type", "length", "precision", "mask", "origin")


def same(expected: Any, found: Any) -> bool:
    """Equal values; Numbers to the last bit or two (the same digits in 15 places)."""
    if isinstance(expected, float) and isinstance(found, float):
        return expected == found or math.isclose(expected, found, rel_tol=1e-14, abs_tol=0.0)
    if isinstance(expected, float | int) and isinstance(found, float | int) and not isinstance(expected, bool):
        return expected == found
    return bool(expected == found)


def _same_row(expected: list[Any], found: list[Any]) -> bool:
    return len(expected) == len(found) and all(map(same, expected, found))


def _key(row: list[Any]) -> tuple[str, ...]:
    return tuple("" if v is None else repr(float(v)) if isinstance(v, int | float) else str(v) for v in row)


def _real(value: Any, roots: dict[str, str]) -> Any:
    if isinstance(value, str) and "${" in value:
        for mark, folder in roots.items():
            value = value.replace(mark, folder)
    return value


def rows_differ(expected: list[list[Any]], found: list[list[Any]], ordered: bool) -> str:
    """The first difference, or ""."""
    if len(expected) != len(found):
        return f"{len(found)} rows instead of {len(expected)}"
    if not ordered:
        expected, found = sorted(expected, key=_key), sorted(found, key=_key)
    for number, (want, got) in enumerate(zip(expected, found, strict=True)):
        if not _same_row(want, got):
            return f"row {number}: {got!r} instead of {want!r}"
    return ""


def step_differs(case: Case, name: str, golden: dict[str, Any], emitted: Emitted | None) -> dict[str, str]:
    """Aspect (rows, fields, counters, rejects) -> the first difference."""
    if emitted is None:
        return {"rows": "the step did not run"}
    found: dict[str, str] = {}
    expected = [[_real(v, case.roots) for v in row] for row in golden["rows"]]
    rows = emitted.rows[: len(expected)] if case.truncated else emitted.rows
    if case.truncated and golden["emitted"] > len(golden["rows"]):
        total = len(emitted.rows) if len(emitted.rows) < golden["emitted"] else golden["emitted"]
        if total < min(golden["emitted"], 100_000):
            found["rows"] = f"{total} rows instead of {golden['emitted']}"
    texts = [i for i, f in enumerate(golden["fields"] or []) if f["name"] in emitted.descriptions]
    expected, rows = _blank(expected, texts), _blank(rows, texts)
    big = [i for i, f in enumerate(golden["fields"] or []) if f["type"] == "BigNumber"]
    expected, rows = _plain_decimals(expected, big), _plain_decimals(rows, big)
    difference = "" if name in case.loose else rows_differ(expected, rows, case.ordered and not emitted.split)
    if difference:
        found["rows"] = difference
    others = {
        "fields": _fields_differ(golden["fields"], emitted) if golden["fields"] is not None else "",
        "counters": "" if name in case.loose else _counters_differ(golden, emitted),
        "rejects": _rejects_differ(case, golden, emitted),
    }
    return found | {aspect: difference for aspect, difference in others.items() if difference}


def _counters_differ(golden: dict[str, Any], emitted: Emitted) -> str:
    counters = {k: getattr(emitted.counters, k) for k in COUNTERS}
    wrong = {k: (counters[k], golden["lines"][k]) for k in COUNTERS if counters[k] != golden["lines"][k]}
    return ", ".join(f"{k} {a} instead of {b}" for k, (a, b) in wrong.items())


def _rejects_differ(case: Case, golden: dict[str, Any], emitted: Emitted) -> str:
    if not golden.get("error_rows"):
        return ""
    width = len(golden["error_rows"][0])
    rejects = [row[:width] for row in emitted.error_rows]
    difference = rows_differ(golden["error_rows"], rejects, case.ordered)
    return difference if difference and not _only_descriptions(golden, emitted) else ""


def _only_descriptions(golden: dict[str, Any], emitted: Emitted) -> bool:
    """Error descriptions are Java's texts: where such fields were asked for, only number and input fields count."""
    inputs = [f for f in golden["error_fields"] if f["origin"] != _step_of(golden)]
    width = len(inputs)
    expected = [row[:width] for row in golden["error_rows"]]
    return not rows_differ(expected, [row[:width] for row in emitted.error_rows], True)


def _step_of(golden: dict[str, Any]) -> str:
    return str(golden["error_fields"][-1]["origin"]) if golden["error_fields"] else ""


def _blank(rows: list[list[Any]], columns: list[int]) -> list[list[Any]]:
    """Rows without the texts of errors, which are Java's own."""
    if not columns:
        return rows
    return [[None if i in columns else v for i, v in enumerate(row)] for row in rows]


def _plain_decimals(rows: list[list[Any]], columns: list[int]) -> list[list[Any]]:
    """BigNumbers without exponent: 1E+3 and 1000 are the same value."""
    if not columns:
        return rows
    return [
        [format(Decimal(v), "f") if i in columns and isinstance(v, str) else v for i, v in enumerate(row)]
        for row in rows
    ]


def _fields_differ(expected: list[dict[str, Any]], emitted: Emitted) -> str:
    found = emitted.layout
    if [f["name"] for f in expected] != [f["name"] for f in found]:
        return f"fields {[f['name'] for f in found]} instead of {[f['name'] for f in expected]}"
    for want, got in zip(expected, found, strict=True):
        for key in FIELD_KEYS:
            wrong = want[key] != got[key]
            if wrong and not (key == "origin" and any({want[key], got[key]} <= same for same in emitted.same_origins)):
                return f"{want['name']}: {key} {got[key]!r} instead of {want[key]!r}"
    return ""


def data_set_differs(golden: dict[str, Any], emitted: Emitted | None) -> dict[str, str]:
    """A Hop data set: texts in a CSV file, compared by value."""
    if emitted is None:
        return {"rows": "the step did not run"}
    position = {f["name"].lower(): i for i, f in enumerate(emitted.layout)}
    names = {c: t for c, t in golden["names"].items() if t.lower() in position}
    missing = set(golden["names"]) - set(names)
    if missing:
        return {"fields": f"fields {sorted(missing)} are missing"}
    columns = list(names)
    fields = {
        c: Field(c, ValueType.parse(str(golden["kinds"][c][0])), mask=golden["kinds"][c][1] or None) for c in names
    }
    expected = [[_text(_parsed(row.get(c, ""), fields[c])) for c in columns] for row in golden["data_set"]]
    found = [[_text(row[position[t.lower()]]) for t in names.values()] for row in emitted.rows]
    ordered = [c for c in golden["order"] if c in names]
    keys = [columns.index(c) for c in ordered]
    for rows in (expected, found):
        rows.sort(key=lambda r: tuple(r[k] for k in keys) + tuple(r))
    difference = rows_differ(expected, found, True)
    return {"rows": difference} if difference else {}


def _parsed(text: str, item: Field) -> Any:
    """A cell of the data set as a value of its declared type; texts that are none stay as they are."""
    if not text or item.type in (ValueType.STRING, ValueType.BOOLEAN):
        return text
    try:
        return plain(constant(text, item), item)
    except ValueError:
        return text


def _text(value: Any) -> str:
    """A canonical text: numbers by value, dates down to what they hold, booleans as Y and N."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "Y" if value else "N"
    text = str(value)
    for true, short in (("true", "Y"), ("false", "N")):
        if text == true:
            return short
    if len(text) > 18 and text[4:5] in "-/" and text[10:11] in "T ":
        return (
            text.replace("T", " ")
            .replace("-", "/")
            .rstrip("0")
            .rstrip(".")
            .removesuffix(" 00:00:00")
            .removesuffix(" 00:00:")
        )
    try:
        # the data sets are written with ten decimals
        return repr(round(float(text), 10)) if text.strip() else text
    except ValueError:
        return text.replace("-", "/") if len(text) == 10 and text[4] == "-" else text
