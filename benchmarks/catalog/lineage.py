"""Questions over a lineage graph of many tables: time of each with a cold process's first question told apart.

Run: python -m benchmarks.catalog.lineage [--tables 10000] [--columns 20] [--questions 200] [--url sqlite:///...]

Five layers; each table selects from up to three tables of the layer before, its columns from one or two columns of
these; one in a hundred is read by a model as a whole. Whole tables, columns, up, down and impact take turns. The peer
is the same graph in networkx, which has to be loaded into memory first.
"""

import argparse
import random
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from assets.catalog.lineage.model import Edge, Point, Stated
from assets.catalog.lineage.store import LineageStore
from assets.catalog.lineage.walk import Lineage

COLD = """
import sys, time
started = time.perf_counter()
from assets.catalog.lineage.model import Point
from assets.catalog.lineage.store import LineageStore
from assets.catalog.lineage.walk import Lineage
lineage = Lineage(LineageStore(sys.argv[1]))
imported = time.perf_counter()
answer = lineage.impact(Point(sys.argv[2], sys.argv[3]))
print(time.perf_counter() - imported, time.perf_counter() - started, len(answer.reached))
"""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--tables", type=int, default=10_000)
    parser.add_argument("--columns", type=int, default=20)
    parser.add_argument("--questions", type=int, default=200)
    parser.add_argument("--url", default="", help="a database of its own; default: SQLite in a scratch folder")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="heddle-lineage-") as folder:
        url = options.url or f"sqlite:///{folder}/catalog.db"
        stated = list(_graph(options.tables, options.columns))
        started = time.process_time()
        LineageStore(url).put(stated)
        edges = sum(len(s.edges) for s in stated)
        print(f"{options.tables} tables x {options.columns} columns, {edges} edges: {_seconds(started):.1f} s to write")
        started = time.process_time()
        LineageStore(url).put(stated)
        print(f"written again, unchanged: {_seconds(started):.1f} s")
        if not options.url:
            print(f"database: {sum(p.stat().st_size for p in Path(folder).iterdir()) / 2**20:.0f} MiB")
        _questions(Lineage(LineageStore(url)), options)
        _cold(url, options.tables)
        _networkx(stated, options)


def _graph(tables: int, columns: int) -> Iterator[Stated]:
    """Layers as warehouses have them: sources, staging, two of tables, marts; most read the layer before theirs."""
    chance = random.Random(7)
    ends = [int(tables * share) for share in (0.2, 0.45, 0.7, 0.9, 1.0)]
    for number in range(tables):
        layer = next(i for i, end in enumerate(ends) if number < end)
        near = range(ends[layer - 2] if layer > 1 else 0, ends[layer - 1]) if layer else range(0)
        above = chance.sample(near, chance.randint(1, 3)) if near else []
        edges = []
        for column in range(columns):
            for parent in chance.sample(above, min(len(above), chance.randint(1, 2))):
                start = chance.randrange(columns)
                edges.append(Edge(_key(parent), f"column_{start}", _key(number), f"column_{column}"))
        edges += [Edge(_key(p), "column_0", _key(number), "", "join") for p in above]
        if number % 100 == 0:
            edges.append(Edge(_key(number), "", f"model/bench/m{number}", ""))
        if edges:
            yield Stated("definition", _key(number), tuple(edges), {"sql": f"{number:016x}"})


def _key(number: int) -> str:
    return f"table/bench/t{number}"


def _seconds(started: float) -> float:
    return time.process_time() - started


def _questions(lineage: Lineage, options: argparse.Namespace) -> None:
    chance = random.Random(11)
    asked: list[tuple[str, Callable[[Point], int], Callable[[], Point]]] = []

    def column() -> Point:
        return Point(_key(chance.randrange(options.tables)), f"column_{chance.randrange(options.columns)}")

    def table() -> Point:
        return Point(_key(chance.randrange(options.tables)))

    for name, ask in (("up", lineage.up), ("down", lineage.down), ("impact", lineage.impact)):
        asked.append((f"{name} of a column", lambda p, a=ask: len(a(p).reached), column))  # type: ignore[misc]
        asked.append((f"{name} of a table, 3 deep", lambda p, a=ask: len(a(p, 3).reached), table))  # type: ignore[misc]
    together = []
    for name, ask_it, point in asked:
        times, sizes = [], []
        for _ in range(options.questions):
            where = point()
            started = time.perf_counter()
            try:
                sizes.append(ask_it(where))
            except Exception:  # a table without any edge is not in the graph
                continue
            times.append(1000 * (time.perf_counter() - started))
        together += times
        print(f"{name:26} {_spread(times)}; nodes reached: median {sorted(sizes)[len(sizes) // 2]}, most {max(sizes)}")
    print(f"{'together':26} {_spread(together)}")


def _spread(times: list[float]) -> str:
    ranked = sorted(times)
    p50, p95 = (ranked[int(share * len(ranked))] for share in (0.5, 0.95))
    return f"p50 {p50:6.1f} ms, p95 {p95:6.1f} ms, most {ranked[-1]:6.1f} ms"


def _cold(url: str, tables: int) -> None:
    """The first question of a new process."""
    found = []
    for number in range(5):
        point = [_key(number), "column_0"]
        done = subprocess.run([sys.executable, "-c", COLD, url, *point], capture_output=True, text=True, check=True)
        found.append([float(part) for part in done.stdout.split()])
    question, whole = (sorted(1000 * f[i] for f in found)[2] for i in (0, 1))
    print(f"cold process, median of 5: question {question:.0f} ms, with imports and opening {whole:.0f} ms")


def _networkx(stated: list[Stated], options: argparse.Namespace) -> None:
    import networkx

    started = time.process_time()
    graph = networkx.DiGraph()
    for one in stated:
        graph.add_edges_from(((e.from_key, e.from_column), (e.to_key, e.to_column)) for e in one.edges)
    loaded = _seconds(started)
    chance, times = random.Random(11), []
    for _ in range(options.questions):
        node = (_key(chance.randrange(options.tables)), f"column_{chance.randrange(options.columns)}")
        started = time.perf_counter()
        if node in graph:
            networkx.descendants(graph, node)
            times.append(1000 * (time.perf_counter() - started))
    print(f"networkx: {loaded:.1f} s to load from memory; descendants of a column {_spread(times)}")


if __name__ == "__main__":
    main()
