"""Classes of a table's columns, beside presidio's batch engine over a sample of the same table.

Run: POLARS_MAX_THREADS=1 python -m benchmarks.security.sensitive_scan [--rows 1000000] [--sample 1000]

A generated table of 20 columns: 10 sensitive (identity card, mobile, names in Chinese and English, e-mail, bank card,
credit card, US social security number, address, IP) and 10 that are not (order numbers, amounts, times, codes, …).
  ours: one decision per column, from a sample of its values (CPU seconds of this process).
  presidio: BatchAnalyzerEngine.analyze_dict over the first `--sample` rows with its own pattern recognisers, no model;
    a column is what most of its cells are, as presidio-structured decides (PandasAnalysisBuilder, most_common).
Two ratios: of rows decided per second, where ours reads a sample of the whole table and presidio would read it all; and
on the same few rows, both reading everything. Both are judged by whether a column is sensitive at all. Nine string
columns are timed apart.
"""

import argparse
import logging
import random
import time
from collections import Counter
from collections.abc import Callable
from functools import cache
from typing import Any

import polars as pl

from assets.security.sensitive.columns import decide

WEIGHTS = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
ENGLISH = ("John Smith", "Mary Johnson", "David Brown", "Linda Davis", "Susan Miller", "Paul Wilson", "Karen Moore")
DISTINCT = 20_000  # different values made for each column


def table(rows: int) -> tuple[pl.DataFrame, set[str]]:
    """The table, and which of its columns are sensitive."""
    r = random.Random(0)
    made = {**_sensitive(r), **_plain(r)}
    names = {f"c{i + 1:02d}": one for i, one in enumerate(made.values())}
    columns = {}
    for name, one in names.items():
        values = pl.Series(name, [one() for _ in range(min(rows, DISTINCT))])
        columns[name] = values.sample(rows, with_replacement=True, seed=1).rename(name)
    return pl.DataFrame(columns), set(list(names)[: len(_sensitive(r))])


def _sensitive(r: random.Random) -> dict[str, Callable[[], str]]:
    return {
        "id": lambda: _id_card(r),
        "mobile": lambda: f"1{r.choice(('38', '59', '86'))}{r.randrange(10**8):08d}",
        "name": lambda: r.choice("王李张刘陈") + r.choice("伟芳娜敏静强磊") + r.choice("华明丽军"),
        "english": lambda: r.choice(ENGLISH),
        "mail": lambda: f"user{r.randrange(10**6)}@example.com",
        "bank": lambda: _luhn(r, "622848", 19),
        "credit": lambda: _luhn(r, "4539", 16),
        "ssn": lambda: f"{r.randint(1, 665):03d}-{r.randint(1, 99):02d}-{r.randint(1, 9999):04d}",
        "address": lambda: f"浙江省杭州市西湖区文{r.choice('一二三')}路{r.randint(1, 900)}号{r.randint(1, 30)}室",
        "ip": lambda: ".".join(str(r.randint(1, 254)) for _ in range(4)),
    }


def _plain(r: random.Random) -> dict[str, Callable[[], str]]:
    return {
        "order": lambda: f"SO-2023{r.randrange(10**6):06d}",
        "amount": lambda: f"{r.random() * 1000:.2f}",
        "stamp": lambda: str(1637446730000 + r.randrange(10**10)),
        "day": lambda: f"2023-{r.randint(1, 12):02d}-{r.randint(1, 28):02d}",
        "state": lambda: r.choice(("已完成", "待审核", "关闭")),
        "sku": lambda: f"A{r.randint(100, 999)}-{r.randint(10, 99)}",
        "company": lambda: f"杭州{r.choice('宏达盛')}{r.choice('华通源')}科技有限公司",
        "hash": lambda: f"{r.getrandbits(128):032x}",
        "count": lambda: str(r.randint(1, 500)),
        "remark": lambda: f"第{r.randint(1, 99)}批货物已经检查完毕，没有发现任何问题，可以入库。",
    }


def _id_card(r: random.Random) -> str:
    body = f"330106{r.randint(1950, 2005)}{r.randint(1, 12):02d}{r.randint(1, 28):02d}{r.randint(0, 999):03d}"
    return body + "10X98765432"[sum(int(d) * w for d, w in zip(body, WEIGHTS, strict=True)) % 11]


def _luhn(r: random.Random, prefix: str, length: int) -> str:
    body = prefix + "".join(r.choice("0123456789") for _ in range(length - len(prefix) - 1))
    total = 0
    for place, digit in enumerate(reversed(body)):
        worth = int(digit) * (2 if place % 2 == 0 else 1)
        total += worth // 10 + worth % 10
    return body + str(-total % 10)


def ours(frame: pl.DataFrame) -> tuple[set[str], float]:
    """The sensitive columns and CPU seconds."""
    began = time.process_time()
    found = decide({s.name: s for s in frame.get_columns()})
    return {c for c, f in found.items() if f and f.flagged}, time.process_time() - began


def _engine() -> Any:
    """Presidio with its own recognisers for English, without a model."""
    from presidio_analyzer import AnalyzerEngine, BatchAnalyzerEngine, RecognizerRegistry

    from assets.security.sensitive.text.analyzer import no_model

    registry = RecognizerRegistry(supported_languages=["en"])
    registry.load_predefined_recognizers(languages=["en"])
    alone = AnalyzerEngine(registry=registry, nlp_engine=no_model(), supported_languages=["en"])
    engine = BatchAnalyzerEngine(alone)
    list(engine.analyze_dict({"warm": ["warm@example.com"]}, language="en"))  # what it loads on first use
    return engine


ENGINE = cache(_engine)


def presidio(frame: pl.DataFrame) -> tuple[set[str], float]:
    """The sensitive columns and CPU seconds, of the rows given."""
    engine = ENGINE()
    began = time.process_time()
    found = set()
    for result in engine.analyze_dict(frame.to_dict(as_series=False), language="en"):
        cells = [max(cell, key=lambda r: r.score).entity_type if cell else "-" for cell in result.recognizer_results]
        if Counter(cells).most_common(1)[0][0] != "-":
            found.add(result.key)
    return found, time.process_time() - began


def recognised(texts: list[str]) -> list[list[tuple[int, int, str]]]:
    """Spans of texts, surest first: start, end, entity."""
    found = ENGINE().analyze_iterator(texts, language="en")
    return [[(r.start, r.end, r.entity_type) for r in sorted(one, key=lambda r: -r.score)] for one in found]


def _f1(found: set[str], truth: set[str]) -> str:
    right = len(found & truth)
    p, r = right / max(len(found), 1), right / len(truth)
    return f"P {p:.3f} R {r:.3f} F1 {2 * p * r / max(p + r, 1e-9):.3f}"


def main() -> None:
    """Prints rows per CPU second, accuracy and the ratio."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--sample", type=int, default=1000, help="rows that presidio reads")
    arguments = parser.parse_args()
    logging.disable()  # presidio's e-mail recogniser tries to download a list of domains
    frame, truth = table(arguments.rows)
    ours(frame.head(100))
    nine = frame.select(frame.columns[:5] + frame.columns[-4:])
    for rows in (1_000, 10_000, 100_000, arguments.rows):
        part = nine.head(rows)
        seconds = min(ours(part)[1] for _ in range(3))
        print(f"nine string columns, {rows:>9,} rows: {seconds * 1000:6.1f} CPU ms, {rows / seconds:>12,.0f} rows/s")
    found, seconds = min((ours(frame) for _ in range(3)), key=lambda one: one[1])
    mine = arguments.rows / seconds
    print(f"20 columns, {arguments.rows:,} rows: {seconds * 1000:.0f} CPU ms, {mine:,.0f} rows/s; {_f1(found, truth)}")
    theirs, seconds = presidio(frame.head(arguments.sample))
    rate = arguments.sample / seconds
    print(f"presidio, {arguments.sample} rows: {seconds:.1f} CPU s, {rate:,.0f} rows/s; {_f1(theirs, truth)}")
    part = frame.head(arguments.sample)
    same, seconds = min((ours(part) for _ in range(3)), key=lambda one: one[1])
    print(f"ours, the same {arguments.sample} rows: {arguments.sample / seconds:,.0f} rows/s; {_f1(same, truth)}")
    print(f"ratio: {mine / rate:,.0f} times presidio's rows/s on the whole table")
    print(f"ratio: {arguments.sample / seconds / rate:,.0f} times on the sample")


if __name__ == "__main__":
    main()
