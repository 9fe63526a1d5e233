"""Meaning of columns against ground truth.

Run: HEDDLE_BENCH_DATA=<folder of public data> python -m benchmarks.accuracy.semantic_types [--kind <kind>]

columns: types of web-table columns (SOTAB V2, 82 types; T2Dv2, 16), at most five values each, no headers. The learned
  classifier is trained on a part of the tables and tested on the rest: no table is in both, folds are stratified and
  fixed by a seed, every column is tested once per split. Two splits: half of the tables for training, and
  four fifths.
  Peer: logistic regression on tf-idf of character n-grams (1 to 4), fitted on the same folds.
tables: Chinese and English tables with classes and decoys (`none:*`), with their headers and with c1..cn instead.
  Nothing is trained. Printed are P, R, F1 per class, decoys that were given one of the classes, rows per second.
speed: a million generated rows in nine text columns.
"""

import argparse
import json
import os
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl

from assets.catalog.semantics import classify, registry
from assets.catalog.semantics.learned import train
from assets.catalog.semantics.learned_features import Column
from resources.embed_minilm import MiniLm

SETS = {"t2dv2-webtables-cta-train": (0.759, 0.85), "sotabv2-cta-train": (0.570, 0.72)}
CLASSES = {  # classes of the tables and the types that stand for them
    "person_name_zh": ("person_name_zh",),
    "person_name_en": ("person_name_en",),
    "mobile_cn": ("cn_mobile",),
    "landline_cn": ("cn_landline",),
    "phone_us": ("us_phone", "phone"),
    "email": ("email",),
    "ip": ("ip",),
    "id_card_cn": ("cn_id_card",),
    "uscc": ("uscc",),
    "bank_card": ("bank_card_cn",),
    "credit_card": ("payment_card",),
    "iban": ("iban",),
    "us_ssn": ("us_ssn",),
    "passport_cn": ("cn_passport",),
    "plate_cn": ("plate_cn",),
    "address_zh": ("address_zh",),
    "address_en": ("address_en", "street_en"),
    "birth_date": ("birth_date",),
    "text_with_pii": ("text_with_personal_data",),
}


class Kept:
    """An embedder that embeds a text once, however many folds see it; it learns nothing from them."""

    def __init__(self, model: MiniLm) -> None:
        self._model, self.name = model, model.name
        self._vectors: dict[str, Any] = {}

    def embed(self, texts: Sequence[str]) -> Any:
        new = [t for t in dict.fromkeys(texts) if t not in self._vectors]
        if new:
            self._vectors |= dict(zip(new, self._model.embed(new), strict=True))
        return np.stack([self._vectors[t] for t in texts])


def columns(folder: Path, seeds: int, only: str = "") -> None:
    """Micro-F1 of the learned classifier and of the peer on the same folds."""
    with tempfile.TemporaryDirectory() as models:
        embedder = Kept(MiniLm(Path(models)))
        for name, (peer, aim) in SETS.items():
            if only not in name:
                continue
            held = json.loads((folder / "1_semantic_type" / f"{name}.json").read_text(encoding="utf-8"))
            data = [Column(tuple(c["values"]), c["table"]) for c in held]
            labels = np.array([c["label"] for c in held])
            print(f"\n{name}: {len(data)} columns, {len(set(labels))} types, {len({c.table for c in data})} tables")
            for folds, what in ((2, "half"), (5, "four fifths")):
                ours, base, seconds = _cross(data, labels, folds, seeds, embedder)
                print(
                    f"  trained on {what} of the tables: micro-F1 {_spread(ours)} (aim {aim}), character n-grams "
                    f"{_spread(base)} on the same folds ({peer} measured elsewhere); {seconds:.1f} CPU s a split"
                )


def _cross(
    data: list[Column], labels: Any, folds: int, seeds: int, embedder: Kept
) -> tuple[list[float], list[float], float]:
    from sklearn.model_selection import StratifiedGroupKFold

    ours, base = [], []
    tables = [c.table for c in data]
    began = time.process_time()
    spent = 0.0
    for seed in range(seeds):
        right = np.zeros((2, len(data)), dtype=bool)
        for learn, test in StratifiedGroupKFold(folds, shuffle=True, random_state=seed).split(data, labels, tables):
            seen, unseen = [data[i] for i in learn], [data[i] for i in test]
            began = time.process_time()
            model = train(seen, labels[learn].tolist(), embedder.embed, embedder.name)
            right[0, test] = [p.type for p in model.predict(unseen, embedder.embed)] == labels[test]
            spent += time.process_time() - began
            right[1, test] = _peer(seen, labels[learn], unseen) == labels[test]
        ours.append(float(right[0].mean()))
        base.append(float(right[1].mean()))
    return ours, base, spent / seeds / folds


def _peer(seen: list[Column], labels: Any, unseen: list[Column]) -> Any:
    from sklearn.feature_extraction.text import TfidfVectorizer
    from sklearn.linear_model import LogisticRegression

    vectors = TfidfVectorizer(analyzer="char_wb", ngram_range=(1, 4), min_df=2, sublinear_tf=True, dtype=np.float32)
    features = vectors.fit_transform([" | ".join(c.values) for c in seen])
    model = LogisticRegression(C=10, max_iter=200).fit(features, labels)
    return model.predict(vectors.transform([" | ".join(c.values) for c in unseen]))


def _spread(figures: list[float]) -> str:
    return f"{np.mean(figures):.3f}" + (f" ({min(figures):.3f} to {max(figures):.3f})" if len(figures) > 1 else "")


def tables(folder: Path) -> None:
    """Figures per class with headers and without."""
    held = folder / "4_pii" / "zh_en_tables"
    labels = json.loads((held / "labels.json").read_text(encoding="utf-8"))
    frames = {name: pl.read_csv(held / name, infer_schema=False) for name in labels}
    kind = {type_: class_ for class_, types in CLASSES.items() for type_ in types}
    classify.table({"warm": pl.Series(["a1", "北京", "1"])})
    for headers in (True, False):
        truth: list[str] = []
        said: list[str] = []
        began, cpu = time.perf_counter(), time.process_time()
        for name, frame in frames.items():
            names = frame.columns if headers else [f"c{i + 1}" for i in range(frame.width)]
            found = classify.table(dict(zip(names, frame.get_columns(), strict=True)))
            said += [kind.get(m.type, "-") if m else "-" for m in found.values()]
            truth += [labels[name][c] for c in frame.columns]
        seconds, cpu = time.perf_counter() - began, time.process_time() - cpu
        rows = sum(len(f) for f in frames.values())
        print(f"\n{'with headers' if headers else 'headers c1..cn'}")
        _print_classes(truth, said)
        cost = f"{1000 * cpu / len(truth):.2f} CPU ms and {1000 * seconds / len(truth):.2f} ms a column"
        print(f"  {rows} rows in {len(frames)} tables, {len(truth)} columns: {rows / seconds:,.0f} rows/s, {cost}")


def _print_classes(truth: list[str], said: list[str]) -> None:
    pairs = Counter(zip(truth, said, strict=True))
    for class_ in CLASSES:
        right = pairs[class_, class_]
        given = sum(n for (_, s), n in pairs.items() if s == class_)
        there = sum(n for (t, _), n in pairs.items() if t == class_)
        precision, recall = right / max(given, 1), right / max(there, 1)
        f1 = 2 * precision * recall / max(precision + recall, 1e-9)
        print(f"  {class_:16} P {precision:.3f}  R {recall:.3f}  F1 {f1:.3f}  ({there} columns)")
    decoys = [s for t, s in zip(truth, said, strict=True) if t.startswith("none:")]
    flagged = sum(s != "-" for s in decoys)
    print(f"  decoys flagged: {flagged} of {len(decoys)} = {100 * flagged / len(decoys):.1f} %")


def speed(rows: int) -> None:
    """Rows per second on nine generated text columns, sampled as always."""
    random = np.random.default_rng(0)
    digits = random.integers(0, 10**8, rows)
    text = pl.Series(digits).cast(pl.String)
    frame = {
        "c1": "138" + text.str.zfill(8),
        "c2": "user" + text + "@example.com",
        "c3": pl.Series(random.integers(0, 3, rows))
        .cast(pl.String)
        .replace_strict(["0", "1", "2"], ["待审核", "已完成", "关闭"]),
        "c4": "浙江省杭州市西湖区文三路" + text.str.slice(0, 3) + "号",
        "c5": "20" + text.str.slice(0, 2).str.zfill(2) + "-01-15",
        "c6": "10.0." + (pl.Series(digits % 256)).cast(pl.String) + ".7",
        "c7": text.str.slice(0, 4) + "." + text.str.slice(-2, 2),
        "c8": "SO-" + text.str.zfill(10),
        "c9": "the quick brown fox jumps over " + text + " lazy dogs, again",
    }
    frame = {name: pl.Series(values) for name, values in frame.items()}
    classify.table({name: values.head(500) for name, values in frame.items()})
    for size in (100, 1_000, 10_000, rows):
        part = {name: values.head(size) for name, values in frame.items()}
        times = [_timed(part) for _ in range(5)]
        wall, cpu = min(t[0] for t in times), min(t[1] for t in times)
        per = f"{wall * 1000:.1f} ms ({cpu * 1000:.1f} CPU), {1000 * cpu / len(part):.2f} CPU ms a column"
        print(f"{size:>9,} rows, {len(part)} columns: {per}, {size / wall:,.0f} rows/s")
    print({name: meaning.type if meaning else None for name, meaning in classify.table(frame).items()})


def _timed(frame: dict[str, pl.Series]) -> tuple[float, float]:
    began, cpu = time.perf_counter(), time.process_time()
    classify.table(frame)
    return time.perf_counter() - began, time.process_time() - cpu


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--kind", choices=("columns", "tables", "speed", "all"), default="all")
    parser.add_argument("--seeds", type=int, default=1, help="how many times columns are split anew")
    parser.add_argument("--set", default="", help="part of the name of the one set of columns to take")
    parser.add_argument("--rows", type=int, default=1_000_000, help="rows of the speed run")
    arguments = parser.parse_args()
    registry.builtin()
    if arguments.kind in ("speed", "all"):
        speed(arguments.rows)
    if arguments.kind == "speed":
        return
    folder = Path(os.environ.get("HEDDLE_BENCH_DATA", "")) / "governance"
    if not os.environ.get("HEDDLE_BENCH_DATA") or not folder.is_dir():
        sys.exit("set HEDDLE_BENCH_DATA to the folder of public data")
    if arguments.kind in ("tables", "all"):
        tables(folder)
    if arguments.kind in ("columns", "all"):
        columns(folder, arguments.seeds, arguments.set)


if __name__ == "__main__":
    main()
