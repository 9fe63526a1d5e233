"""What PDI 9.3 itself printed and converted, where the measurements are at hand."""

import base64
import gzip
import json
import os
import re
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import polars as pl
import pytest

from assets.kettle.values.convert import convert, to_text
from assets.kettle.values.date_calendar import days_from_civil
from assets.kettle.values.fields import Field, ValueType

pytestmark = pytest.mark.skipif("HEDDLE_BENCH_DATA" not in os.environ, reason="needs the measured results")

ROOT = Path(os.environ.get("HEDDLE_BENCH_DATA", "/nonexistent")) / "kettle"
PROBES = ROOT / "probes"
MOMENT = re.compile(r"(-?\d+)-(\d\d)-(\d\d)[T ](\d\d):(\d\d):(\d\d)\.(\d+)")


def load(path: Path) -> dict[str, Any]:
    raw = gzip.decompress(path.read_bytes()) if path.suffix == ".gz" else path.read_bytes()
    result: dict[str, Any] = json.loads(raw)
    return result


def nanoseconds(text: str) -> int:
    found = MOMENT.fullmatch(text)
    assert found is not None, text
    year, month, day, hour, minute, second = (int(part) for part in found.groups()[:6])
    seconds = days_from_civil(year, month, day) * 86_400 + (hour * 60 + minute) * 60 + second
    return seconds * 10**9 + int(found.group(7).ljust(9, "0"))


def value(item: Any, kind: ValueType) -> Any:
    if item is None:
        return None
    if kind in (ValueType.DATE, ValueType.TIMESTAMP):
        return nanoseconds(item) // (1_000_000 if kind == ValueType.DATE else 1)
    if kind == ValueType.BIGNUMBER:
        return f"{Decimal(item):f}"
    if kind == ValueType.BINARY:
        return base64.b64decode(item.removeprefix("base64:"))
    return float(item) if kind == ValueType.NUMBER else item


def column(rows: list[list[Any]], position: int, field: Field) -> pl.Series:
    values = [value(row[position], field.type) for row in rows]
    held = pl.Int64() if field.is_date else field.dtype
    return pl.Series(field.name, values, dtype=held).cast(field.dtype)


def field_of(item: dict[str, Any]) -> Field:
    return Field(item["name"], ValueType.parse(item["type"]), item["length"], item["precision"], item["mask"])


def printed() -> Iterator[tuple[Path, str, dict[str, Any]]]:
    for path in sorted(PROBES.glob("expected-pdi-9.3/*.json")) + sorted(ROOT.glob("golden/**/*.json.gz")):
        for name, step in load(path).get("steps", {}).items():
            rows, fields = step.get("rows"), step.get("fields") or []
            if rows and step.get("text") and all(len(row) == len(fields) for row in rows):
                yield path, name, step


def test_every_printed_value() -> None:
    equal, different = 0, []
    for path, name, step in printed():
        for position, item in enumerate(step["fields"]):
            field = field_of(item)
            got = to_text(column(step["rows"], position, field), field).to_list()
            want = [row[position] for row in step["text"]]
            equal += sum(a == b for a, b in zip(got, want, strict=True))
            different += [(path.name, name, field.name, a, b) for a, b in zip(got, want, strict=True) if a != b]
    assert equal > 100_000
    # the measurements do not tell a field's decimal symbol: only those with a comma may differ
    swapped = str.maketrans(".,", ",.")
    assert all(b == a.translate(swapped) for *_, a, b in different), different[:5]


def targets(probe: str, step: str, fields: dict[str, Field]) -> Iterator[Field]:
    """The metadata tab of a Select values step."""
    root = ElementTree.parse(PROBES / "ktr" / f"{probe}.ktr")
    node = next(s for s in root.iter("step") if s.findtext("name") == step)
    for meta in node.iter("meta"):

        def tag(name: str, meta: ElementTree.Element = meta) -> str | None:
            return meta.findtext(name) or None

        yield Field(
            fields[meta.findtext("name", "")].name,
            ValueType.parse(meta.findtext("type", "")),
            mask=tag("conversion_mask"),
            decimal=tag("decimal_symbol"),
            grouping=tag("grouping_symbol"),
            locale=tag("date_format_locale"),
            timezone=tag("date_format_timezone"),
            lenient="true" in (tag("date_format_lenient"), tag("lenient_string_to_number")),
        )


CONVERSIONS = sorted(p.stem for p in PROBES.glob("expected-pdi-9.3/p0[1-9]*.json"))


@pytest.mark.parametrize("probe", CONVERSIONS)
def test_every_conversion(probe: str) -> None:
    steps = load(PROBES / "expected-pdi-9.3" / f"{probe}.json")["steps"]
    step = "conv" if "conv" in steps else "tostr"
    source = {item["name"]: (i, field_of(item)) for i, item in enumerate(steps["copy"]["fields"])}
    places = {item["name"]: i for i, item in enumerate(steps[step]["fields"])}
    for target in targets(probe, step, {name: field for name, (_, field) in source.items()}):
        position, field = source[target.name]
        result = convert(column(steps["copy"]["rows"], position, field), field, target)
        kept = [row for row in range(result.values.len()) if row not in result.reasons]
        got = result.values.gather(kept)
        want = column(steps[step]["rows"], places[target.name], target)
        if target.type == ValueType.BIGNUMBER:
            got, want = got.cast(pl.Float64), want.cast(pl.Float64)
        assert got.to_physical().to_list() == want.to_physical().to_list(), target.name
