"""A published index, opened for questions: three routes, fused. Imports NumPy and the tokenizers of the dense route."""

import json
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from assets.knowledge import tokens
from assets.knowledge.blocks import Chunk, language, read_chunks
from assets.knowledge.coverage import Coverage
from assets.knowledge.fusion import Scores, Weights, fuse
from assets.knowledge.sparse import Sparse
from core.errors import StoreError
from core.naming import Key, index_name
from core.settings import Settings
from resources.ports import Objects

if TYPE_CHECKING:
    from resources.embed_minilm import MiniLm

KEY = Key("index", "retail", "handbook")
LIVE = "live"
MANIFEST, CHUNKS, VECTORS = "index.json", "chunks.jsonl", "vectors.npy"
ASKED, ASKED_VECTORS = "questions.json", "questions.npy"  # the labelled questions, embedded when the index was built
TOKENIZERS: dict[str, Callable[[str], list[str]]] = {"bigram": tokens.bigrams, "word": tokens.words}
EXACT = 50_000  # chunks up to which all cosines are computed (77 MB of vectors, 10 ms); beyond, the vector store


NEAREST = 200  # chunks asked of the vector store
Nearest = Callable[[Scores, int], list[tuple[str, float]]]


@dataclass(frozen=True)
class Hit:
    """A chunk found for a question, with its fused score in [0, 1] and its score per route."""

    chunk: Chunk
    score: float
    routes: dict[str, float]


class HandbookIndex:
    """One version of the index; a folder that never changes once it is published."""

    def __init__(self, folder: Path, models: Path, nearest: Nearest | None = None) -> None:
        """Open a version's folder.

        Args:
            models: keeps the embedding model's graph.
            nearest: finds (id, cosine) of the nearest chunks in the vector store; asked by `search` in an index of
                more than EXACT chunks.
        """
        self.folder = folder
        self._nearest = nearest
        self.version = folder.name
        self._models = models
        self.manifest: dict[str, Any] = json.loads((folder / MANIFEST).read_text(encoding="utf-8"))

    @classmethod
    def live(cls, settings: Settings, objects: Objects) -> "HandbookIndex":
        """The version that is live now; the alias is read once.

        Raises:
            StoreError: no version was published yet.
        """
        version = objects.alias(KEY, LIVE)
        if version is None:
            raise StoreError("the handbook has no published index", "run `heddle run index/retail/handbook`")
        return cls(objects.path(KEY, version), settings.home / "models", _stored(settings, version))

    @cached_property
    def chunks(self) -> list[Chunk]:
        """All chunks, in the order of score columns."""
        return read_chunks(self.folder / CHUNKS)

    @cached_property
    def vectors(self) -> Scores:
        """Unit vectors, float32 [chunks, dimensions], memory-mapped."""
        vectors: Scores = np.load(self.folder / VECTORS, mmap_mode="r", allow_pickle=False)
        return vectors

    @cached_property
    def known(self) -> dict[str, Scores]:
        """Question -> unit vector, of the labelled questions and of those asked in this object's life."""
        path = self.folder / ASKED
        if not path.exists():
            return {}
        texts: list[str] = json.loads(path.read_text(encoding="utf-8"))
        return dict(zip(texts, np.load(self.folder / ASKED_VECTORS, allow_pickle=False), strict=True))

    @cached_property
    def embedder(self) -> "MiniLm":
        """The model the vectors were made with."""
        from resources.embed_minilm import MiniLm

        return MiniLm(self._models, self.manifest["embedder"])

    def embed(self, questions: Sequence[str]) -> Scores:
        """Unit vectors of questions, float32 [questions, dimensions]; each is embedded once in this object's life."""
        fresh = [question for question in dict.fromkeys(questions) if question not in self.known]
        if fresh:
            self.known |= zip(fresh, self.embedder.embed(fresh), strict=True)
        return np.array([self.known[question] for question in questions], dtype=np.float32)

    def weights(self, of: str) -> Weights:
        """The weights of the routes for a language."""
        weights: Weights = self.manifest["weights"][of]
        return weights

    def scores(self, questions: Sequence[str], routes: Sequence[str]) -> dict[str, Scores]:
        """For each route the scores of all chunks, float32 [questions, chunks]."""
        found: dict[str, Scores] = {}
        for route in routes:
            if route == "dense":
                found[route] = self.embed(questions) @ self.vectors.T
            else:
                index = self._sparse[route]
                found[route] = np.stack([index.scores(TOKENIZERS[route](q)) for q in questions])
        return found

    def search(
        self, question: str, top: int = 5, of: str | None = None, documents: Collection[str] | None = None
    ) -> list[Hit]:
        """The best chunks for a question, best first.

        Args:
            of: the question's language, zh or en; default: as its characters tell.
            documents: the only ones that may be found; all where it is None.
        """
        weights = self.weights(of or language(question))
        routes = [route for route, weight in weights.items() if weight > 0]
        scores = self._search_scores(question, routes)
        fused = fuse(scores, weights)
        if documents is not None:
            fused = fused * np.array([chunk.document in documents for chunk in self.chunks], dtype=fused.dtype)
        order = np.argsort(-fused, kind="stable")[:top]
        return [
            Hit(self.chunks[i], float(fused[i]), {route: round(float(scores[route][i]), 4) for route in routes})
            for i in order
            if fused[i] > 0
        ]

    def _search_scores(self, question: str, routes: Sequence[str]) -> dict[str, Scores]:
        if self._nearest is None or len(self.chunks) <= EXACT or "dense" not in routes:
            return {route: values[0] for route, values in self.scores([question], routes).items()}
        sparse = [route for route in routes if route != "dense"]
        found = {route: values[0] for route, values in self.scores([question], sparse).items()}
        places = {chunk.id: place for place, chunk in enumerate(self.chunks)}
        near = self._nearest(self.embed([question])[0], NEAREST)
        found["dense"] = np.zeros(len(self.chunks), dtype=np.float32)
        for name, cosine in near:
            found["dense"][places[name]] = cosine
        return found

    @cached_property
    def coverage(self) -> Coverage:
        """Tells how much of a question a text holds, by the rarities in this index."""
        return Coverage([chunk.searched for chunk in self.chunks])

    @cached_property
    def _sparse(self) -> dict[str, Sparse]:
        return {route: Sparse(self.folder / route, len(self.chunks)) for route in TOKENIZERS}


def collection(version: str) -> str:
    """The name of a version's collection in the vector store."""
    return f"{index_name(KEY)}_{version}"


def _stored(settings: Settings, version: str) -> Nearest:
    def nearest(vector: Scores, top: int) -> list[tuple[str, float]]:
        from resources.open import vectors

        return vectors(settings).search(collection(version), vector, top)

    return nearest
