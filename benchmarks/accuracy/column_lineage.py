"""Column lineage of SQL against the cases of DataHub and sqllineage, beside sqlglot's own tracer and sqllineage.

Run: HEDDLE_BENCH_DATA=<folder of public data> python -m benchmarks.accuracy.column_lineage [--details] [--only text]

A case is exact when the set of (source column, target column) pairs is the expected one; case and spaces do not count.
sqllineage's file has cases of which one SQL stands with several contradicting expectations: these are left out and
counted. Its cases that need a schema which the file does not give are counted apart. sqllineage is measured where it is
installed.
"""

import argparse
import importlib.util
import json
import os
import re
import statistics
import sys
import time
from collections import defaultdict
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from assets.catalog.lineage.sql.script import script_lineage
from benchmarks.accuracy.column_lineage_peers import sqlglot_edges, sqllineage_edges

Edge = tuple[str, str, str, str]  # source table, source column, target table, target column


@dataclass(frozen=True)
class Case:
    """SQL with the edges that it is to give."""

    set: str
    id: str
    dialect: str
    sql: str
    schemas: dict[str, dict[str, str]]
    default: str
    edges: frozenset[Edge]


def heddle_edges(case: Case) -> Iterable[Edge]:
    """What Heddle says."""
    statements = script_lineage(case.sql, case.dialect, case.schemas, case.default).statements
    for statement in statements:
        for column, leaves in statement.columns.items():
            for table, source in leaves:
                yield table, source, statement.target, column


ENGINES: dict[str, Callable[[Case], Iterable[Edge]]] = {"heddle": heddle_edges, "sqlglot": sqlglot_edges}
if importlib.util.find_spec("sqllineage"):
    ENGINES["sqllineage"] = sqllineage_edges


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--details", action="store_true", help="each difference of Heddle's")
    parser.add_argument("--only", default="", help="cases whose name has this text")
    options = parser.parse_args()
    folder = os.environ.get("HEDDLE_BENCH_DATA")
    if not folder:
        sys.exit("set HEDDLE_BENCH_DATA to the folder of public data that holds governance/7_lineage")
    data = Path(folder) / "governance" / "7_lineage"
    contradicting: list[str] = []
    cases = [*datahub(data / "datahub_column_lineage.json"), *_sqllineage(data, contradicting)]
    cases = [c for c in cases if options.only in c.id]
    print(f"{len(cases)} cases; {len(contradicting)} left out, as their expectations contradict each other")
    for name, engine in ENGINES.items():
        _measure(name, engine, cases, details=options.details and name == "heddle")


def _measure(name: str, engine: Callable[[Case], Iterable[Edge]], cases: list[Case], *, details: bool) -> None:
    for case in cases:
        _edges(engine, case)  # what is imported once, such as a dialect, does not count
    scores: dict[str, list[tuple[int, int, int]]] = defaultdict(list)
    seconds = []
    for case in cases:
        started = time.process_time()
        found, error = _edges(engine, case)
        seconds.append(time.process_time() - started)
        expected = _comparable(case.edges)
        scores[case.set].append((len(found & expected), len(found), len(expected)))
        if details and (found != expected or error):
            _explain(case, found, expected, error)
    for title in dict.fromkeys(c.set for c in cases):
        print(f"{name:11} {title:28} {_figures(scores[title])}")
    given = [s for title, s in scores.items() if "no schema" not in title]
    print(f"{name:11} {'together':28} {_figures([s for group in given for s in group])}")
    ranked = sorted(seconds)
    worst = f"p95 {1000 * ranked[int(0.95 * (len(ranked) - 1))]:.1f} ms, most {1000 * ranked[-1]:.1f} ms"
    print(f"{name:11} CPU a case: mean {1000 * statistics.mean(seconds):.1f} ms, {worst}\n")


def _edges(engine: Callable[[Case], Iterable[Edge]], case: Case) -> tuple[frozenset[Edge], str]:
    try:
        return _comparable(_ends(engine(case))), ""
    except Exception as error:  # a peer may fail in any way; it has found nothing then
        return frozenset(), f"{type(error).__name__}: {error}"


def _figures(scores: list[tuple[int, int, int]]) -> str:
    hits, found, expected = (sum(s[i] for s in scores) for i in range(3))
    precision, recall = hits / max(1, found), hits / max(1, expected)
    exact = sum(h == f == e for h, f, e in scores)
    f1 = 2 * precision * recall / max(1e-9, precision + recall)
    share = 100 * exact / max(1, len(scores))
    return f"P {precision:.3f} R {recall:.3f} F1 {f1:.3f}, exact {exact} of {len(scores)} = {share:.1f} %"


def _comparable(edges: Iterable[Edge]) -> frozenset[Edge]:
    """Without case, spaces, and edges from nowhere."""
    plain = [tuple(re.sub(r'[\s"]', "", part or "").lower() for part in edge) for edge in edges]
    return frozenset((a, b, c, d) for a, b, c, d in plain if a and b and b != "none")


def _ends(edges: Iterable[Edge]) -> set[Edge]:
    """From the first to the last: what a script makes and reads again is passed through."""
    given = {e for e in edges if e[0]}
    after: dict[tuple[str, str], set[tuple[str, str]]] = defaultdict(set)
    for table, column, target, name in given:
        after[table, column].add((target, name))
    made = {(e[2], e[3]) for e in given}
    if not made & set(after):
        return given
    found: set[Edge] = set()
    for start in [s for s in after if s not in made]:
        waiting, seen = [start], {start}
        while waiting:
            for following in after[waiting.pop()] - seen:
                seen.add(following)
                if following in after:
                    waiting.append(following)
                else:
                    found.add((*start, *following))
    return found or given


def _explain(case: Case, found: frozenset[Edge], expected: frozenset[Edge], error: str) -> None:
    print(f"-- {case.set}: {case.id} ({case.dialect or 'no dialect'})\n{case.sql.strip()}")
    for sign, edges in (("missing", expected - found), ("too many", found - expected)):
        for table, column, target, name in sorted(edges):
            print(f"   {sign}: {table}.{column} -> {target}.{name}")
    print(f"   {error}\n" if error else "")


def datahub(path: Path) -> list[Case]:
    """DataHub's golden files; queries without a target have "" for it."""
    cases = []
    for given in json.loads(path.read_text()):
        edges = {
            (table, column, line["down_table"] or "", line["down_col"])
            for line in given["column_lineage"]
            for table, column in line["up"]
        }
        default = ".".join(p for p in (given["default_db"], given["default_schema"]) if p)
        schemas = {table: dict(columns) for table, columns in (given["schemas"] or {}).items()}
        cases.append(Case("DataHub", given["id"], given["dialect"], given["sql"], schemas, default, frozenset(edges)))
    return cases


def _sqllineage(data: Path, contradicting: list[str]) -> list[Case]:
    grouped: dict[tuple[str, str], list[dict[str, Any]]] = defaultdict(list)
    for given in json.loads((data / "sqllineage_column_cases.json").read_text()):
        grouped[given["sql"], given["dialect"]].append(given)
    cases = []
    for (sql, dialect), group in grouped.items():
        edges = {
            frozenset(
                (e["src"]["table"] or "", e["src"]["column"], e["dst"]["table"], e["dst"]["column"])
                for e in given["lineage"]
            )
            for given in group
        }
        if len(edges) > 1:
            contradicting.append(group[0]["id"])
            continue
        title = "sqllineage, no schema given" if group[0]["uses_metadata"] else "sqllineage"
        known = "" if dialect == "ansi" else dialect
        cases.append(Case(title, group[0]["id"], known, sql, {}, "", edges.pop()))
    return cases


if __name__ == "__main__":
    main()
