"""Search for tables: Spider's questions over all its tables, and Chinese questions over English names.

Run: HEDDLE_BENCH_DATA=<folder of public data> python -m benchmarks.accuracy.table_search [--vectors] [--misses]

The folder holds governance/db/spider and governance/5_nl2sql. A hit is a table that the gold SQL reads. Weights were
chosen on the training questions, dev questions are only reported; their databases share one corpus. The Chinese
questions, table_search_zh.yaml, are our own; the glossary is older than they are.
"""

import argparse
import json
import os
import sqlite3
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import sqlglot
import yaml
from sqlglot import exp

from assets.catalog.model import Base
from assets.catalog.relations.find import find
from assets.catalog.relations.model import TableSample
from assets.catalog.relations.sources import sample_sqlite
from assets.catalog.search.index import Embedder, Index
from assets.catalog.search.model import Column, Entry

Asked = tuple[str, set[str]]
Search = Callable[[str], list[str]]
DEPTH = 10
VALUES = 50  # different texts of a column whose values are indexed
DATES = ("date", "year", "time", "month")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--vectors", action="store_true", help="with MiniLM's vectors fused in too")
    parser.add_argument("--misses", action="store_true", help="list Chinese questions without the right first hit")
    options = parser.parse_args()
    if "HEDDLE_BENCH_DATA" not in os.environ:
        raise SystemExit("HEDDLE_BENCH_DATA is not set: give the folder that holds governance/")
    folder = Path(os.environ["HEDDLE_BENCH_DATA"]) / "governance"
    entries = corpus(folder / "db" / "spider")
    dev, train = (spider_questions(folder / "5_nl2sql" / f"spider_{part}_en.json") for part in ("dev", "train"))
    print(f"{len(entries)} tables; {len(train)} training and {len(dev)} dev questions")
    print(f"{'':44} {'hit@1':>6} {'hit@3':>6} {'MRR':>6}")
    _line("dev, plain BM25, measured before", (".732", "", ".812"))
    for words in ("names", "names, stems, source"):
        _line(f"dev, bm25s ({words})", figures(plain(entries, "," in words), dev))
    index = Index.build(entries)
    _line("dev, Heddle", figures(asks(index), dev))
    _line("train (weights chosen here), Heddle", figures(asks(index), train))
    if options.vectors:
        _line("dev, Heddle with MiniLM", figures(asks(Index.build(entries, embedder=_embedder())), dev))
    alone = [entry.model_copy(update={"related": ()}) for entry in entries]
    _line("dev, without joined tables", figures(asks(Index.build(alone)), dev))
    bare = [
        e.model_copy(update={"columns": tuple(c.model_copy(update={"values": ()}) for c in e.columns)}) for e in entries
    ]
    _line("dev, without values", figures(asks(Index.build(bare)), dev))
    tables, chinese, fresh = chinese_set()
    search = asks(Index.build(tables))
    _line(f"{len(chinese)} Chinese questions, {len(tables)} tables", figures(search, chinese))
    _line(f"{len(fresh)} more, written afterwards", figures(search, fresh))
    if options.misses:
        for question, gold in (*chinese, *fresh):
            if (found := search(question))[:1] and found[0] not in gold:
                print(f"  {question}: {found[:3]}, right: {sorted(gold)}")


def corpus(folder: Path) -> list[Entry]:
    """Every table of the databases, empty ones too, with relations as Heddle finds them."""
    found: list[Entry] = []
    for path in sorted(folder.glob("*.sqlite")):
        connection = sqlite3.connect(f"file:{path}?mode=ro", uri=True)
        connection.text_factory = lambda data: data.decode("utf-8", "replace")
        names = [r[0] for r in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
        samples = [sample_sqlite(path.stem, name, connection) for name in names]
        related: dict[str, list[str]] = {}
        for relation in find(samples):
            for one, other in ((relation.child, relation.parent), (relation.parent, relation.child)):
                related.setdefault(one.table, []).append(f"{path.stem}/{other.table.lower()}")
        found += [_entry(path.stem, s, connection, related.get(s.table, [])) for s in samples]
        connection.close()
    return found


def _entry(source: str, table: TableSample, connection: sqlite3.Connection, related: list[str]) -> Entry:
    columns = []
    for column in table.columns:
        values: list[str] = []
        if column.base is Base.TEXT and column.distinct <= VALUES:
            name, of = (x.replace('"', '""') for x in (column.name, table.table))
            rows = connection.execute(f'SELECT DISTINCT "{name}" FROM "{of}" WHERE "{name}" IS NOT NULL LIMIT {VALUES}')
            values = [str(row[0])[:40] for row in rows]
        dated = any(word in column.name.lower() for word in DATES)
        columns.append(Column(name=column.name, values=tuple(values), date=dated))
    key = f"{source}/{table.table.lower()}"
    return Entry(
        key=key, title=table.table, source=source, columns=tuple(columns), related=tuple(dict.fromkeys(related))
    )


def spider_questions(path: Path) -> list[Asked]:
    """Questions with the tables of their gold SQL."""
    found = []
    for item in json.loads(path.read_text(encoding="utf-8")):
        tree = sqlglot.parse_one(item["query"], read="sqlite")
        found.append((item["question"], {f"{item['db_id']}/{t.name.lower()}" for t in tree.find_all(exp.Table)}))
    return found


def chinese_set() -> tuple[list[Entry], list[Asked], list[Asked]]:
    """The tables, the Chinese questions that faults were found on, and those written afterwards."""
    text = Path(__file__).with_name("table_search_zh.yaml").read_text(encoding="utf-8")
    made = yaml.safe_load(text)
    near: dict[str, list[str]] = {}
    for one, other in made["relations"]:
        near.setdefault(one, []).append(other)
        near.setdefault(other, []).append(one)
    entries = [
        Entry(
            key=f"{source}/{name}",
            title=name,
            source=source,
            columns=tuple(Column(name=c, date=any(word in c.lower() for word in DATES)) for c in columns.split()),
            related=tuple(near.get(f"{source}/{name}", ())),
        )
        for source, tables in made["tables"].items()
        for name, columns in tables.items()
    ]
    asked = [[(item["ask"], set(item["about"])) for item in made[part]] for part in ("questions", "fresh")]
    return entries, asked[0], asked[1]


def without_values(entry: Entry) -> Entry:
    """The entry with nothing of the data in it."""
    return entry.model_copy(update={"columns": tuple(c.model_copy(update={"values": ()}) for c in entry.columns)})


def asks(index: Index) -> Search:
    """The index as a function from a question to keys."""
    return lambda question: [hit.key for hit in index.search(question, DEPTH)]


def plain(entries: Sequence[Entry], rich: bool) -> Search:
    """bm25s over the names of tables and columns; richer with stems and the name of the source."""
    import bm25s

    from assets.catalog.search.words import terms

    texts = [
        f"{e.source if rich else ''} {e.title} {' '.join(c.name for c in e.columns)}".replace("_", " ") for e in entries
    ]
    index = bm25s.BM25()

    def split(text: str) -> list[str]:
        return list(terms(text)) if rich else text.lower().split()

    index.index([split(text) for text in texts], show_progress=False)

    def search(question: str) -> list[str]:
        found, _ = index.retrieve([split(question.strip("?."))], k=DEPTH, show_progress=False)
        return [entries[n].key for n in found[0]]

    return search


def figures(search: Search, asked: Sequence[Asked]) -> tuple[str, str, str]:
    """hit@1, hit@3 and the mean reciprocal rank to DEPTH."""
    ranks = []
    for question, gold in asked:
        found = search(question)[:DEPTH]
        ranks.append(next((n for n, key in enumerate(found, 1) if key in gold), DEPTH + 1))
    places = np.array(ranks)
    mrr = np.where(places <= DEPTH, 1 / places, 0).mean()
    return f"{(places == 1).mean():.3f}", f"{(places <= 3).mean():.3f}", f"{mrr:.3f}"


def _line(name: str, values: tuple[str, str, str]) -> None:
    print(f"{name:44} {values[0]:>6} {values[1]:>6} {values[2]:>6}")


def _embedder() -> Embedder:
    from resources.embed_minilm import MiniLm

    return MiniLm(Path(tempfile.gettempdir()) / "heddle-models")


if __name__ == "__main__":
    main()
