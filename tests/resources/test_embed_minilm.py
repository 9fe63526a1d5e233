"""The ONNX graph agrees with the same encoder written out in NumPy."""

from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest
from scipy.special import erf, softmax

from core.errors import ModelError
from resources.embed_minilm import MiniLm, load_weights

TEXTS = [
    "How many coupons may be redeemed in one basket?",
    "At most 8 coupons may be redeemed in one basket.",
    "每张购物小票最多使用8张优惠券。",
    "a",
    "long " * 400,
]


@pytest.fixture(scope="module")
def minilm(models: Path) -> MiniLm:
    return MiniLm(models)


def reference(ids: list[int]) -> npt.NDArray[np.float64]:
    """BERT with mean pooling, one text, no padding, float64."""
    weights, config = load_weights()
    w = {name: value.astype(np.float64) for name, value in weights.items() if value.dtype == np.float32}

    def norm(x: npt.NDArray[np.float64], name: str) -> npt.NDArray[np.float64]:
        centred = x - x.mean(-1, keepdims=True)
        scaled = centred / np.sqrt((centred**2).mean(-1, keepdims=True) + config["layer_norm_eps"])
        return scaled * w[f"{name}.weight"] + w[f"{name}.bias"]

    def linear(x: npt.NDArray[np.float64], name: str) -> npt.NDArray[np.float64]:
        return x @ w[f"{name}.weight"].T + w[f"{name}.bias"]

    x = w["embeddings.word_embeddings.weight"][ids] + w["embeddings.position_embeddings.weight"][: len(ids)]
    x = norm(x + w["embeddings.token_type_embeddings.weight"][0], "embeddings.LayerNorm")
    for number in range(config["num_hidden_layers"]):
        layer = f"encoder.layer.{number}"
        heads = config["num_attention_heads"]
        q, k, v = (
            linear(x, f"{layer}.attention.self.{part}").reshape(len(ids), heads, -1).transpose(1, 0, 2)
            for part in ("query", "key", "value")
        )
        shares = softmax(q @ k.transpose(0, 2, 1) / np.sqrt(q.shape[-1]), axis=-1)
        mixed = (shares @ v).transpose(1, 0, 2).reshape(len(ids), -1)
        x = norm(x + linear(mixed, f"{layer}.attention.output.dense"), f"{layer}.attention.output.LayerNorm")
        inner = linear(x, f"{layer}.intermediate.dense")
        inner = inner * 0.5 * (1 + erf(inner / np.sqrt(2)))
        x = norm(x + linear(inner, f"{layer}.output.dense"), f"{layer}.output.LayerNorm")
    mean = x.mean(0)
    return mean / np.linalg.norm(mean)


def test_the_graph_agrees_with_numpy(minilm: MiniLm) -> None:
    vectors = minilm.embed(TEXTS)
    expected = np.stack([reference(e.ids) for e in minilm._tokenizer.encode_batch(TEXTS)])
    assert np.abs(vectors - expected).max() < 1e-5


def test_batching_and_padding_do_not_change_a_vector(minilm: MiniLm) -> None:
    alone = np.concatenate([minilm.embed([text]) for text in TEXTS])
    assert np.abs(alone - minilm.embed(TEXTS)).max() < 1e-5
    assert minilm.embed([]).shape == (0, 384)


def test_like_sentences_are_near(minilm: MiniLm) -> None:
    question, answer, _, other, _ = minilm.embed(TEXTS)
    assert question @ answer > 0.7 > 0.3 > question @ other


def test_an_index_of_another_model_is_refused(models: Path) -> None:
    with pytest.raises(ModelError, match=r"minilm-0000.*not installed"):
        MiniLm(models, "minilm-0000").embed(["x"])
