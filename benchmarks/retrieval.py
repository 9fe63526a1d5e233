"""Retrieval on public question sets: Heddle's routes and fusion beside plain bm25s (words) and plain embeddings.

Run: HEDDLE_BENCH_DATA=<folder of public data> python benchmarks/retrieval.py [--queries 500] [--docs 0]

The folder holds retrieval/<set>/{corpus.jsonl,queries.jsonl,qrels.tsv}. Weights are Heddle's own, chosen on the
handbook's questions (or EQUAL where no index is live): nothing is fitted to these sets.
"""

import argparse
import json
import os
import tempfile
import time
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import TypeVar

import numpy as np
import numpy.typing as npt

from assets.knowledge import sparse
from assets.knowledge.evaluate import EQUAL
from assets.knowledge.fusion import ROUTES, Scores, Weights, figures, first_ranks, fuse, reciprocal_ranks
from assets.knowledge.search import TOKENIZERS, HandbookIndex
from core import settings as config
from core.errors import StoreError
from resources import open as ports
from resources.embed_minilm import MiniLm

T = TypeVar("T")
SETS = {"cmrc2018_dev": "zh", "scifact": "en"}


class Data:
    """A corpus and questions with the right documents, bool [questions, documents]."""

    def __init__(self, folder: Path, queries: int, docs: int) -> None:
        corpus = _lines(folder / "corpus.jsonl")[: docs or None]
        self.texts = [f"{c.get('title', '')}\n{c['text']}" for c in corpus]
        places = {c["_id"]: i for i, c in enumerate(corpus)}
        right: dict[str, list[int]] = {}
        for line in (folder / "qrels.tsv").read_text(encoding="utf-8").splitlines()[1:]:
            query, document, score = line.split("\t")
            if int(score) > 0 and document in places:
                right.setdefault(query, []).append(places[document])
        asked = [q for q in _lines(folder / "queries.jsonl") if q["_id"] in right]
        asked = asked[:: max(1, len(asked) // queries)][:queries]
        self.questions = [q["text"] for q in asked]
        self.relevant: npt.NDArray[np.bool_] = np.zeros((len(asked), len(corpus)), dtype=np.bool_)
        for row, query in enumerate(asked):
            self.relevant[row, right[query["_id"]]] = True


def routes(data: Data, embedder: MiniLm) -> dict[str, Scores]:
    """Scores of Heddle's three routes, with the seconds each took to build."""
    found: dict[str, Scores] = {}
    for route, tokenize in TOKENIZERS.items():
        with tempfile.TemporaryDirectory() as folder:
            _timed(f"{route} index", partial(sparse.build, list(map(tokenize, data.texts)), Path(folder)))
            index = sparse.Sparse(Path(folder), len(data.texts))
            found[route] = np.stack([index.scores(tokenize(q)) for q in data.questions])
    vectors = _timed("embeddings", lambda: embedder.embed(data.texts))
    found["dense"] = embedder.embed(data.questions) @ vectors.T
    return found


def plain_bm25s(data: Data) -> Scores:
    """bm25s as its readme uses it: its own word tokenizer with English stop words."""
    import bm25s

    index = bm25s.BM25()
    index.index(bm25s.tokenize(data.texts, stopwords="en", show_progress=False), show_progress=False)
    asked = bm25s.tokenize(data.questions, stopwords="en", show_progress=False, return_ids=False)
    return np.stack([index.get_scores(q) if q else np.zeros(len(data.texts), np.float32) for q in asked])


def main() -> None:
    """Print one table per set."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--queries", type=int, default=500)
    parser.add_argument("--docs", type=int, default=0, help="use the first N documents only")
    options = parser.parse_args()
    if "HEDDLE_BENCH_DATA" not in os.environ:
        raise SystemExit("HEDDLE_BENCH_DATA is not set: give the folder that holds retrieval/")
    settings = config.load()
    embedder = MiniLm(settings.home / "models")
    for name, language in SETS.items():
        data = Data(Path(os.environ["HEDDLE_BENCH_DATA"]) / "retrieval" / name, options.queries, options.docs)
        print(f"\n{name} ({language}): {len(data.texts)} documents, {len(data.questions)} questions")
        scores = routes(data, embedder)
        weights = _weights(settings, language)
        ways = {r: scores[r] for r in ROUTES} | {
            "peer: bm25s words": plain_bm25s(data),
            "rrf": reciprocal_ranks(scores),
            "fused": fuse(scores, weights),
        }
        for way, values in ways.items():
            print(f"  {way:18}", figures(first_ranks(values, data.relevant)))
        print(f"  weights {weights}; the peer `plain dense` is the route dense")


def _weights(settings: config.Settings, language: str) -> Weights:
    try:
        return HandbookIndex.live(settings, ports.objects(settings)).weights(language)
    except StoreError:
        return EQUAL


def _lines(path: Path) -> Sequence[dict[str, str]]:
    with path.open(encoding="utf-8") as file:
        return [json.loads(line) for line in file]


def _timed(what: str, work: Callable[[], T]) -> T:
    start = time.perf_counter()
    result = work()
    print(f"  {what}: {time.perf_counter() - start:.1f} s")
    return result


if __name__ == "__main__":
    main()
