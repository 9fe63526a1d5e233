"""Builds a version of the handbook's index beside the live one; embeds only passages no earlier version embedded."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from assets.knowledge import code, documents, evaluate, sparse
from assets.knowledge.blocks import Chunk, write_lines
from assets.knowledge.fusion import Scores
from assets.knowledge.questions import Question, load_questions, questions_path
from assets.knowledge.search import (
    ASKED,
    ASKED_VECTORS,
    CHUNKS,
    KEY,
    LIVE,
    MANIFEST,
    TOKENIZERS,
    VECTORS,
    HandbookIndex,
    collection,
)
from core.errors import StoreError
from core.hashing import code_version, digest
from core.settings import Settings
from resources.embed_minilm import MiniLm
from resources.ports import Objects, Vectors

CANDIDATE = "candidate"
KEEP = 3


@dataclass(frozen=True)
class BuiltIndex:
    """What a build did; counts are of chunks."""

    version: str
    chunks: int
    embedded: int
    reused: int
    removed: int
    manifest: dict[str, Any]


def source_version(settings: Settings) -> str:
    """A fingerprint of the question set, the one file the index reads besides its upstream."""
    path = questions_path(settings)
    return digest([path.read_bytes() if path.exists() else b""])


def build(settings: Settings, objects: Objects, vectors: Vectors) -> BuiltIndex:
    """Build a version from the current documents and name it `candidate`; what is live is not touched."""
    source = objects.alias(documents.KEY, documents.CURRENT)
    if source is None:
        raise StoreError("the handbook's documents were not parsed yet", "materialize doc/retail/handbook first")
    chunks = documents.load_chunks(objects, source)
    questions = load_questions(questions_path(settings))
    embedder = MiniLm(settings.home / "models")
    version = _version(chunks, questions, embedder)
    former = _former(settings, objects)
    matrix, embedded = _embed(chunks, embedder, former)
    if vectors.count(collection(version)) != len(chunks):
        vectors.put(collection(version), [chunk.id for chunk in chunks], matrix)
    models = settings.home / "models"
    folder = objects.write(
        KEY, version, lambda target: _write(target, chunks, matrix, questions, embedder.name, source, models, former)
    )
    objects.set_alias(KEY, CANDIDATE, version)
    ids = {chunk.id for chunk in chunks}
    removed = sum(chunk.id not in ids for chunk in former.chunks) if former else 0
    manifest = HandbookIndex(folder, models).manifest
    return BuiltIndex(version, len(chunks), embedded, len(chunks) - embedded, removed, manifest)


def _version(chunks: Sequence[Chunk], questions: Sequence[Question], embedder: MiniLm) -> str:
    asked = [question.model_dump_json() for question in questions]
    return digest([embedder.name, code_version(*code.INDEX), *(chunk.id for chunk in chunks), "questions", *asked])


def _former(settings: Settings, objects: Objects) -> HandbookIndex | None:
    """The index whose vectors can be reused: the newest candidate, else the live one."""
    version = objects.alias(KEY, CANDIDATE) or objects.alias(KEY, LIVE)
    return HandbookIndex(objects.path(KEY, version), settings.home / "models") if version else None


def _embed(chunks: Sequence[Chunk], embedder: MiniLm, former: HandbookIndex | None) -> tuple[Scores, int]:
    """Unit vectors of all chunks and how many were embedded anew; a text seen before keeps its vector."""
    known: dict[str, Scores] = {}
    if former is not None and former.manifest["embedder"] == embedder.name:
        known = {c.searched: v for c, v in zip(former.chunks, former.vectors, strict=True)}
    fresh = list(dict.fromkeys(chunk.searched for chunk in chunks if chunk.searched not in known))
    known |= zip(fresh, embedder.embed(fresh), strict=True) if fresh else ()
    return np.stack([known[chunk.searched] for chunk in chunks]), len(fresh)


def _write(
    folder: Path,
    chunks: Sequence[Chunk],
    matrix: Scores,
    questions: Sequence[Question],
    embedder: str,
    source: str,
    models: Path,
    former: HandbookIndex | None,
) -> None:
    write_lines(folder / CHUNKS, chunks)
    np.save(folder / VECTORS, matrix)
    for route, tokenize in TOKENIZERS.items():
        (folder / route).mkdir()
        sparse.build([tokenize(chunk.searched) for chunk in chunks], folder / route)
    manifest: dict[str, Any] = {"source": source, "embedder": embedder, "chunks": len(chunks)}
    _save(folder, manifest)
    index = HandbookIndex(folder, models)
    if former is not None and former.manifest["embedder"] == embedder:
        index.known = dict(former.known)
    _save_questions(folder, index, [question.question for question in questions])
    index.manifest["weights"] = evaluate.tune(index, questions)
    index.manifest["evidence"] = evaluate.thresholds(index, questions)
    index.manifest["held_out"] = evaluate.report(index, questions)
    _save(folder, index.manifest)


def _save_questions(folder: Path, index: HandbookIndex, asked: Sequence[str]) -> None:
    """Embed the questions in one batch and keep the vectors, so that the next build and the gate need no model."""
    texts = list(dict.fromkeys(asked))
    vectors = index.embed(texts) if texts else np.empty((0, 0), dtype=np.float32)
    np.save(folder / ASKED_VECTORS, vectors)
    (folder / ASKED).write_text(json.dumps(texts, ensure_ascii=False), encoding="utf-8")


def _save(folder: Path, manifest: dict[str, Any]) -> None:
    (folder / MANIFEST).write_text(json.dumps(manifest, ensure_ascii=False, indent=1), encoding="utf-8")
