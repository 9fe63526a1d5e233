"""Tags proposed for columns against labelled columns: precision and recall of what is personal, decoys that are tagged.

Run: HEDDLE_BENCH_DATA=<folder of public data> python -m benchmarks.accuracy.column_tags

Chinese and English tables with classes and decoys (`none:*`), once with their headers and once with c1..cn instead.
Nothing is trained. Each class stands for one personal tag; a decoy or a class that is not personal for none.
"""

import json
import os
from collections import Counter
from pathlib import Path

import polars as pl

from assets.catalog.changes.entry import TableEntry
from assets.catalog.model import ColumnInfo, TableInfo
from assets.catalog.semantics import classify, registry
from assets.catalog.tags.propose import of_table
from assets.catalog.tags.vocabulary import Vocabulary, load

TAGS = {
    "person_name_zh": "pii:name",
    "person_name_en": "pii:name",
    "mobile_cn": "pii:phone",
    "landline_cn": "pii:phone",
    "phone_us": "pii:phone",
    "email": "pii:email",
    "ip": "pii:device",
    "id_card_cn": "pii:id",
    "us_ssn": "pii:id",
    "passport_cn": "pii:id",
    "bank_card": "pii:bank",
    "credit_card": "pii:bank",
    "iban": "pii:bank",
    "plate_cn": "pii:vehicle",
    "address_zh": "pii:address",
    "address_en": "pii:address",
    "birth_date": "pii:birth",
    "text_with_pii": "pii:text",
}


def main() -> None:
    held = Path(os.environ["HEDDLE_BENCH_DATA"]) / "governance" / "4_pii" / "zh_en_tables"
    labels: dict[str, dict[str, str]] = json.loads((held / "labels.json").read_text(encoding="utf-8"))
    words = load(Path(), registry.builtin())
    for headers in (True, False):
        pairs: Counter[tuple[str, str]] = Counter()
        for name, classes in labels.items():
            frame = pl.read_csv(held / name, infer_schema=False)
            names = frame.columns if headers else [f"c{i + 1}" for i in range(frame.width)]
            said = _said(dict(zip(names, frame.get_columns(), strict=True)), words)
            for shown, column in zip(names, frame.columns, strict=True):
                pairs[TAGS.get(classes[column], "-"), said.get(shown, "-")] += 1
        _print("with headers" if headers else "headers c1..cn", pairs)


def _said(columns: dict[str, pl.Series], words: Vocabulary) -> dict[str, str]:
    """Column -> the surest personal tag."""
    meanings = {c: m for c, m in classify.table(columns).items() if m}
    table = TableInfo(name="t", columns=tuple(ColumnInfo(name=c, type="text") for c in columns))
    found = of_table(TableEntry(table=table, meanings=meanings), {}, words)
    personal = {c: [p for p in tags.values() if p.tag.startswith("pii:")] for c, tags in found.items()}
    return {c: max(tags, key=lambda p: p.confidence).tag for c, tags in personal.items() if tags}


def _print(what: str, pairs: Counter[tuple[str, str]]) -> None:
    print(f"\n{what}: {pairs.total()} columns")
    for tag in sorted(set(TAGS.values())):
        right = pairs[tag, tag]
        given = sum(n for (_, s), n in pairs.items() if s == tag)
        there = sum(n for (t, _), n in pairs.items() if t == tag)
        print(f"  {tag:12} P {right / max(given, 1):.3f}  R {right / max(there, 1):.3f}  ({there} columns)")
    right = sum(n for (t, s), n in pairs.items() if t == s != "-")
    given = sum(n for (_, s), n in pairs.items() if s != "-")
    there = sum(n for (t, _), n in pairs.items() if t != "-")
    wrong = sum(n for (t, s), n in pairs.items() if t == "-" != s)
    plain = sum(n for (t, _), n in pairs.items() if t == "-")
    print(f"  all          P {right / given:.3f}  R {right / there:.3f}; not personal and tagged: {wrong} of {plain}")


if __name__ == "__main__":
    main()
