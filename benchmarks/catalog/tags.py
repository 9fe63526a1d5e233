"""Tags along the lineage of many tables: CPU seconds of `flow` by the number of edges.

Run: python -m benchmarks.catalog.tags [--tables 10000] [--columns 20] [--tags 6] [--share 1]

The graph is that of benchmarks.catalog.lineage. Each column of the first layer (--share of them) has a tag by itself.
The same is done with half and a quarter of the tables: the time that a link takes should stay the same.
"""

import argparse
import random
import tempfile
import time
import tracemalloc
from collections.abc import Iterator

from assets.catalog.lineage.store import LineageStore
from assets.catalog.tags.flow import flow
from assets.catalog.tags.ways import Place, masked, ways
from benchmarks.catalog.lineage import _graph

FIRST = 0.2  # part of the tables that are sources


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--tables", type=int, default=10_000)
    parser.add_argument("--columns", type=int, default=20)
    parser.add_argument("--tags", type=int, default=6)
    parser.add_argument("--share", type=float, default=1.0)
    options = parser.parse_args()
    for tables in (options.tables // 4, options.tables // 2, options.tables):
        _measure(tables, options.columns, options.tags, options.share)


def _measure(tables: int, columns: int, tags: int, share: float) -> None:
    stated = list(_graph(tables, columns))
    with tempfile.TemporaryDirectory(prefix="heddle-tags-") as folder:
        store = LineageStore(f"sqlite:///{folder}/catalog.db")
        store.put(stated)
        started = time.process_time()
        links = ways(store, {})
        read = time.process_time() - started
    own = dict(_own(tables, columns, tags, share))
    started = time.process_time()
    found = flow(own, links, stops=masked)
    spent = time.process_time() - started
    carried = sum(len(came) for came in found.came.values())
    started = time.process_time()
    for tag, came in found.came.items():
        for node in came:
            found.path(node, tag)
    paths = time.process_time() - started
    print(
        f"{tables} tables x {columns} columns, {len(links)} links, {len(own)} tagged columns, {tags} tags: "
        f"read {read:.2f} s, flow {spent:.2f} s ({1e6 * spent / len(links):.2f} us a link), "
        f"{carried} tags carried, their ways {paths:.2f} s"
    )
    tracemalloc.start()
    flow(own, links, stops=masked)
    print(f"  memory of the flow: {tracemalloc.get_traced_memory()[1] / 2**20:.0f} MiB")
    tracemalloc.stop()


def _own(tables: int, columns: int, tags: int, share: float) -> Iterator[tuple[Place, dict[str, float]]]:
    chance = random.Random(11)
    for number in range(int(tables * FIRST)):
        for column in range(columns):
            if chance.random() < share:
                tag = f"pii:t{chance.randrange(tags)}"
                yield (f"table/bench/t{number}", f"column_{column}"), {tag: chance.choice((0.7, 0.8, 0.9, 0.95))}


if __name__ == "__main__":
    main()
