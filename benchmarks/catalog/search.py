"""Search over a large made-up catalogue: time to build, change, save and open, and to answer.

Run: python -m benchmarks.catalog.search [--assets 10000] [--columns 9] [--questions 300]

The default is 100,000 assets and columns together; `--assets 100000` is ten times as much. Questions are made of words
of the catalogue in English and Chinese, with times and synonyms; half of them are asked with a filter that hides every
second asset.
"""

import argparse
import resource
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

import numpy as np

from assets.catalog.search.index import Index
from assets.catalog.search.keep import read, save
from assets.catalog.search.model import Column, Entry

T = TypeVar("T")
_NOUNS = """
    customer order product supplier invoice payment shipment warehouse region employee contract account device ticket
    campaign store category vehicle driver route station policy claim patient doctor course student exam booking hotel
    flight airport league player stadium album artist concert recipe ingredient project task budget asset session user
"""
_ATTRIBUTES = """
    id code name status type amount price quantity city country date month rate score level channel comment owner flag
    address phone email weight size color version start end created updated discount tax currency reason rank unit
"""
NOUNS, ATTRIBUTES = _NOUNS.split(), _ATTRIBUTES.split()
ASKED = ("近30天活跃用户数据", "每个门店的销售额", "客户的订单金额和折扣", "哪张表有供应商的联系电话", "员工考勤记录")
VALUES = (("open", "closed", "pending"), ("Berlin", "Lyon", "Porto"), ("gold", "silver"), ())


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    for name, default in (("assets", 10_000), ("columns", 9), ("questions", 300)):
        parser.add_argument(f"--{name}", type=int, default=default)
    options = parser.parse_args()
    entries = made(options.assets, options.columns)
    index = _timed("build", lambda: Index.build(entries))
    _timed("change of 100 assets", lambda: index.update(entries[:100]))
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "search.npz"
        _timed("save", lambda: save(index, path))
        print(f"{'file':28} {path.stat().st_size / 1e6:8.1f} MB")
        index = _timed("open", lambda: read(path))
    asked = questions(options.questions)
    print(f"{len(index)} assets, {options.assets * options.columns} columns, {len(asked)} questions")
    for name, allowed in (("all visible", None), ("half hidden", lambda key: hash(key) % 2 == 0)):
        seconds = []
        for question in asked:
            start = time.perf_counter()
            index.search(question, allowed=allowed)
            seconds.append(time.perf_counter() - start)
        p50, p95, most = np.quantile(seconds, [0.5, 0.95, 1.0]) * 1000
        print(f"{name:28} p50 {p50:.1f} ms, p95 {p95:.1f} ms, longest {most:.1f} ms")
    print(f"{'peak memory':28} {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024:8.0f} MB")


def made(assets: int, columns: int) -> list[Entry]:
    """Entries with names of two nouns, columns of a noun and an attribute, and two joined assets each."""
    rng = np.random.default_rng(5)
    keys = [f"table/area{n % 40}/{NOUNS[n % len(NOUNS)]}_{n}" for n in range(assets)]
    return [_entry(rng, n, keys, columns) for n in range(assets)]


def _entry(rng: np.random.Generator, number: int, keys: list[str], columns: int) -> Entry:
    nouns = [NOUNS[number % len(NOUNS)], *rng.choice(NOUNS, 2)]
    found = [
        Column(
            name=f"{rng.choice(nouns)}_{(attribute := str(rng.choice(ATTRIBUTES)))}",
            comment=f"{attribute} of the {nouns[1]}",
            values=VALUES[int(rng.integers(len(VALUES)))],
            date=attribute in ("date", "created", "updated", "start", "end"),
        )
        for _ in range(columns)
    ]
    return Entry(
        key=keys[number],
        title=f"{nouns[0]}_{nouns[1]}",
        description=f"Every {nouns[0]} with its {nouns[2]}, loaded daily.",
        source=f"area{number % 40}",
        columns=tuple(found),
        tags=("gold",) if number % 7 == 0 else (),
        related=(keys[int(rng.integers(len(keys)))], keys[int(rng.integers(len(keys)))]),
    )


def questions(amount: int) -> list[str]:
    """Questions of three or four words of the catalogue, one in five Chinese."""
    rng = np.random.default_rng(6)
    found = []
    for number in range(amount):
        if number % 5 == 0:
            found.append(ASKED[number // 5 % len(ASKED)])
        else:
            one, two = rng.choice(NOUNS, 2)
            what = rng.choice(ATTRIBUTES)
            found.append(f"Which {one}s of the last 30 days have the highest {what} per {two} in Berlin?")
    return found


def _timed(name: str, work: Callable[[], T]) -> T:
    start = time.process_time()
    found = work()
    print(f"{name:28} {time.process_time() - start:8.2f} CPU seconds")
    return found


if __name__ == "__main__":
    main()
