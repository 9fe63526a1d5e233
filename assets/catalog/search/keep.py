"""An index in one file: arrays and texts in NumPy's archive format, replaced by a rename, read without pickle."""

import json
import zipfile
from pathlib import Path

import numpy as np

from assets.catalog.search.glossary import Glossary
from assets.catalog.search.index import Content, Embedder, Index
from assets.catalog.search.postings import FIELDS, Postings
from assets.catalog.search.shelf import Shelf
from core.atomic import replacing
from core.errors import StoreError

FORMAT = 1


def save(index: Index, path: Path) -> None:
    """Write an index; a kill at any point leaves the former file."""
    shelf, found = index.content.shelf, index.content.postings
    arrays = {
        "format": np.array([FORMAT, len(FIELDS)]),
        "keys": _bytes(shelf.keys),
        "blob": np.frombuffer(shelf.blob, dtype=np.uint8),
        "sources": _bytes(shelf.sources),
        "names": _bytes(shelf.names),
        "vocabulary": _bytes(found.vocabulary),
        **{name: getattr(shelf, name) for name in ("ends", "source", "dated", "related", "starts")},
        **{f"post_{name}": getattr(found, name) for name in ("term", "entry", "place", "count", "lengths")},
    }
    if index.content.vectors is not None:
        arrays["vectors"] = index.content.vectors
    with replacing(path) as beside, beside.open("wb") as file:
        np.savez(file, **arrays)


def read(path: Path, glossary: Glossary | None = None, embedder: Embedder | None = None) -> Index:
    """An index as it was saved.

    Raises:
        StoreError: the file is missing, damaged or of another version; the index can be built again from the catalogue.
    """
    try:
        with np.load(path, allow_pickle=False) as arrays:
            if list(arrays["format"]) != [FORMAT, len(FIELDS)]:
                raise ValueError("it was written by another version")
            shelf = Shelf(
                _texts(arrays["keys"]),
                arrays["blob"].tobytes(),
                arrays["ends"],
                _texts(arrays["sources"]),
                arrays["source"],
                arrays["dated"],
                _texts(arrays["names"]),
                arrays["related"],
                arrays["starts"],
            )
            words = Postings(
                _texts(arrays["vocabulary"]),
                *(arrays[f"post_{name}"] for name in ("term", "entry", "place", "count", "lengths")),
            )
            vectors = arrays.get("vectors")
    except (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile) as error:
        raise StoreError(f"the search index {path} cannot be read: {error}", "build it again") from None
    return Index(Content(shelf, words, vectors), glossary, embedder)


def _bytes(texts: tuple[str, ...]) -> "np.ndarray[tuple[int], np.dtype[np.uint8]]":
    return np.frombuffer(json.dumps(texts, ensure_ascii=False).encode(), dtype=np.uint8)


def _texts(data: "np.ndarray[tuple[int], np.dtype[np.uint8]]") -> tuple[str, ...]:
    return tuple(json.loads(data.tobytes()))
