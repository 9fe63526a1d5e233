"""Sensitive data against ground truth: columns of Chinese and English tables, spans in sentences.

Run: HEDDLE_BENCH_DATA=<folder of public data> python -m benchmarks.accuracy.sensitive [--kind columns|text|peer|all]

columns: 30 tables with classes and decoys (`none:*`), with their headers and with c1..cn. Printed are P, R, F1 per
  class, any-class P and R, decoys flagged, rows per CPU second.
text: presidio's generated sentences. A token (run of letters or digits) counts as found when a span of the right entity
  covers it, as presidio-research counts; F2 = 5PR / (4P + R). Three groups of entities: those with a format of their
  own, those and addresses, all; in a group, spans and truth of other entities are left aside.
peer: presidio with its own recognisers, also without a model, on the same tables (first 50 rows) and sentences.
"""

import argparse
import json
import logging
import os
import re
import sys
import time
from collections import Counter
from pathlib import Path
from typing import Any

import polars as pl

from assets.security.sensitive.classes import builtin
from assets.security.sensitive.columns import decide
from assets.security.sensitive.text.engine import detector
from benchmarks.accuracy.semantic_types import CLASSES

FORMATS = (
    "CREDIT_CARD", "PHONE_NUMBER", "EMAIL_ADDRESS", "US_SSN", "IBAN_CODE", "DOMAIN_NAME", "US_DRIVER_LICENSE",
    "IP_ADDRESS", "DATE_TIME",
)  # fmt: skip
GROUPS = {
    "formats (no NER model needed)": FORMATS,
    "formats and addresses": (*FORMATS, "ADDRESS"),
    "all entities": (*FORMATS, "ADDRESS", "LOCATION", "PERSON", "ORGANIZATION", "TITLE", "PREFIX"),
}
SAME = {"URL": "DOMAIN_NAME", "CN_MOBILE": "PHONE_NUMBER", "CN_LANDLINE": "PHONE_NUMBER", "CN_BANK_CARD": "CREDIT_CARD"}
TOKEN = re.compile(r"[^\W_]+")


def columns(folder: Path) -> None:
    """Figures per class, with headers and without."""
    labels = json.loads((folder / "labels.json").read_text(encoding="utf-8"))
    frames = {name: pl.read_csv(folder / name, infer_schema=False) for name in labels}
    decide({"warm": pl.Series(["a1", "北京", "1"])})
    for headers in (True, False):
        pairs: Counter[tuple[str, str]] = Counter()
        cpu = time.process_time()
        for name, frame in frames.items():
            names = frame.columns if headers else [f"c{i + 1}" for i in range(frame.width)]
            found = decide(dict(zip(names, frame.get_columns(), strict=True)))
            for column, finding in zip(frame.columns, found.values(), strict=True):
                pairs[labels[name][column], said(finding)] += 1
        cpu = time.process_time() - cpu
        print(f"\n{'with headers' if headers else 'headers c1..cn'}")
        tell(pairs)
        rows = sum(len(f) for f in frames.values())
        print(f"  {rows} rows in {len(frames)} tables, {sum(pairs.values())} columns: {rows / cpu:,.0f} rows per CPU s")


def said(finding: Any) -> str:
    """The label of the tables that a finding amounts to; "-" for none."""
    if finding is None or not finding.flagged:
        return "-"
    return next((label for label, types in CLASSES.items() if finding.type in types), finding.class_)


def tell(pairs: Counter[tuple[str, str]]) -> None:
    """Prints figures per class, over all, and of the decoys."""
    for label in CLASSES:
        right, given, there = pairs[label, label], _sum(pairs, 1, label), _sum(pairs, 0, label)
        p, r = right / max(given, 1), right / max(there, 1)
        print(f"  {label:16} P {p:.3f}  R {r:.3f}  F1 {2 * p * r / max(p + r, 1e-9):.3f}  ({there} columns)")
    hits = sum(n for (t, s), n in pairs.items() if s != "-" and not t.startswith("none:"))
    given = sum(n for (_, s), n in pairs.items() if s != "-")
    there = sum(n for (t, _), n in pairs.items() if not t.startswith("none:"))
    decoys = {(t, s): n for (t, s), n in pairs.items() if t.startswith("none:")}
    wrong = {k: n for k, n in decoys.items() if k[1] != "-"}
    print(f"  any class: P {hits / max(given, 1):.3f} R {hits / max(there, 1):.3f}")
    print(f"  decoys flagged: {sum(wrong.values())} of {sum(decoys.values())} {wrong or ''}")
    others = {k: n for k, n in pairs.items() if k[0] != k[1] and not k[0].startswith("none:")}
    if others:
        print(f"  taken for another: {others}")


def _sum(pairs: Counter[tuple[str, str]], place: int, label: str) -> int:
    return sum(n for pair, n in pairs.items() if pair[place] == label)


def text(path: Path) -> None:
    """Figures per entity and per group over the sentences."""
    rows = json.loads(path.read_text(encoding="utf-8"))
    detector().many(["warm 1"])
    cpu = time.process_time()
    found = detector().many([r["full_text"] for r in rows])
    cpu = time.process_time() - cpu
    classes = builtin()
    spans = [[(s.start, s.end, classes[s.class_].entity) for s in one] for one in found]
    print(f"\n{len(rows)} sentences, {len(rows) / cpu:,.0f} sentences per CPU s")
    figures(rows, spans)


def peer(folder: Path) -> None:
    """Presidio with its own recognisers and no model: any-class columns of the tables, spans of the sentences."""
    from benchmarks.security.sensitive_scan import presidio, recognised

    labels = json.loads((folder / "zh_en_tables" / "labels.json").read_text(encoding="utf-8"))
    pairs: Counter[tuple[bool, bool]] = Counter()
    for name, truth in labels.items():
        frame = pl.read_csv(folder / "zh_en_tables" / name, infer_schema=False).head(50).fill_null("")
        flagged, _ = presidio(frame)
        pairs.update((not label.startswith("none:"), column in flagged) for column, label in truth.items())
    right, p, r = pairs[True, True], pairs[True, True] + pairs[False, True], pairs[True, True] + pairs[True, False]
    print(f"\npresidio, columns of any class: P {right / max(p, 1):.3f} R {right / max(r, 1):.3f}")
    rows = json.loads((folder / "presidio_generated_large.json").read_text(encoding="utf-8"))
    cpu = time.process_time()
    spans = recognised([r["full_text"] for r in rows])
    print(f"presidio, {len(rows)} sentences, {len(rows) / (time.process_time() - cpu):,.0f} per CPU s")
    figures(rows, spans)


def figures(rows: list[dict[str, Any]], found: list[list[tuple[int, int, str]]]) -> None:
    """Prints figures per entity and per group."""
    counts: Counter[tuple[str, str]] = Counter()
    for row, spans in zip(rows, found, strict=True):
        truth = [(s["start_position"], s["end_position"], s["entity_type"]) for s in row["spans"]]
        ours = [(s, e, SAME.get(name, name)) for s, e, name in spans]
        for token in TOKEN.finditer(row["full_text"]):
            counts[_at(truth, token), _at(ours, token)] += 1
    known = GROUPS["all entities"]
    for entity in sorted(known):
        print(f"  {entity:18} {_figures(counts, (entity,))}")
    for name, group in GROUPS.items():
        print(f"  {name}: {_figures(counts, group)}")
    right = sum(n for (t, s), n in counts.items() if t != "-" and s in known)
    given = sum(n for (_, s), n in counts.items() if s in known)
    there = sum(n for (t, _), n in counts.items() if t != "-")
    p, r = right / max(given, 1), right / there
    print(f"  any entity, whichever it is: P {p:.3f} R {r:.3f} F2 {5 * p * r / (4 * p + r):.3f}")


def _at(spans: list[tuple[int, int, str]], token: re.Match[str]) -> str:
    return next((e for s, t, e in spans if s < token.end() and t > token.start()), "-")


def _figures(counts: Counter[tuple[str, str]], group: tuple[str, ...]) -> str:
    right = sum(n for (t, s), n in counts.items() if t == s and t in group)
    given = sum(n for (_, s), n in counts.items() if s in group)
    there = sum(n for (t, _), n in counts.items() if t in group)
    p, r = right / max(given, 1), right / max(there, 1)
    f1, f2 = 2 * p * r / max(p + r, 1e-9), 5 * p * r / max(4 * p + r, 1e-9)
    return f"P {p:.3f} R {r:.3f} F1 {f1:.3f} F2 {f2:.3f} ({there} tokens)"


def main() -> None:
    """Prints what was asked for."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--kind", choices=("columns", "text", "peer", "all"), default="all")
    kind = parser.parse_args().kind
    folder = Path(os.environ.get("HEDDLE_BENCH_DATA", "")) / "governance" / "4_pii"
    if not os.environ.get("HEDDLE_BENCH_DATA") or not folder.is_dir():
        sys.exit("set HEDDLE_BENCH_DATA to the folder of public data")
    if kind in ("columns", "all"):
        columns(folder / "zh_en_tables")
    if kind in ("text", "all"):
        text(folder / "presidio_generated_large.json")
    if kind in ("peer", "all"):
        logging.disable()  # it tries to download a list of domains
        peer(folder)


if __name__ == "__main__":
    main()
