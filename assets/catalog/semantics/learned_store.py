"""A trained classifier as a folder: arrays in one npz and what they mean in JSON, with a version; no pickle."""

import json
import os
import shutil
from datetime import UTC, datetime
from pathlib import Path
from zipfile import BadZipFile

import numpy as np

from assets.catalog.semantics.learned import Learned, Linear
from assets.catalog.semantics.learned_features import BITS, NGRAMS, Known
from core.errors import ModelError

FORMAT = 1
_ARRAYS = ("idf", "text_weights", "text_intercept", "dense_weights", "dense_intercept")


def save(model: Learned, folder: Path) -> None:
    """Writes the model beside `folder` and renames it in place; a model that is there is replaced."""
    temporary = folder.with_name(f".{folder.name}.{os.getpid()}.tmp")
    shutil.rmtree(temporary, ignore_errors=True)
    temporary.mkdir(parents=True)
    used = np.flatnonzero(np.abs(model.text.weights).max(axis=0) > 0)
    np.savez_compressed(
        temporary / "arrays.npz",
        idf=model.idf,
        text_places=used,
        text_weights=model.text.weights[:, used].astype(np.float16),
        text_intercept=model.text.intercept,
        dense_weights=model.dense.weights.astype(np.float16),
        dense_intercept=model.dense.intercept,
    )
    said = {
        "format": FORMAT,
        "bits": BITS,
        "ngrams": NGRAMS,
        "labels": model.labels,
        "types": model.names.types,
        "words": model.names.words,
        "embedder": model.embedder,
        "trained": model.trained,
        "at": datetime.now(UTC).isoformat(timespec="seconds"),
    }
    (temporary / "model.json").write_text(json.dumps(said, ensure_ascii=False, indent=1), encoding="utf-8")
    former = folder.with_name(f".{folder.name}.{os.getpid()}.old")
    if folder.exists():
        folder.replace(former)
    temporary.replace(folder)
    shutil.rmtree(former, ignore_errors=True)


def load(folder: Path) -> Learned:
    """The model in a folder.

    Raises:
        ModelError: it is missing, damaged, or of another format.
    """
    try:
        said = json.loads((folder / "model.json").read_text(encoding="utf-8"))
        with np.load(folder / "arrays.npz", allow_pickle=False) as arrays:
            held = {name: arrays[name] for name in (*_ARRAYS, "text_places")}
    except (OSError, ValueError, KeyError, BadZipFile) as error:
        raise ModelError(f"{folder} holds no classifier of columns: {error}", "train it again") from error
    if (said.get("format"), said.get("bits"), tuple(said.get("ngrams", ()))) != (FORMAT, BITS, NGRAMS):
        raise ModelError(f"{folder}: format {said.get('format')} is not {FORMAT}", "train it again")
    labels = tuple(said["labels"])
    text = np.zeros((len(labels), 1 << BITS), dtype=np.float32)
    text[:, held["text_places"]] = held["text_weights"]
    return Learned(
        labels,
        Known(tuple(said["types"]), tuple(said["words"])),
        held["idf"],
        Linear(text, held["text_intercept"]),
        Linear(held["dense_weights"].astype(np.float32), held["dense_intercept"]),
        str(said["embedder"]),
        int(said["trained"]),
    )
