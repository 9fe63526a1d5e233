"""Numbers that describe a column for a learned classifier: n-grams, embeddings, shape statistics, recogniser hits.

Two blocks: sparse character n-grams of the values, hashed so that no vocabulary has to be kept, and a dense block with
mean and spread of the values' embeddings, the share that each recogniser and word list finds, statistics of the texts,
and the means over the other columns of the table.
"""

import html
import re
from collections import defaultdict
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import numpy.typing as npt

from assets.catalog.semantics.registry import Registry
from assets.catalog.semantics.sample import take

if TYPE_CHECKING:
    pass

Floats = npt.NDArray[np.float32]
Embed = Callable[[Sequence[str]], Floats]

NGRAMS = (1, 4)
BITS = 16  # of the hash: 65,536 places for n-grams
VALUES = 12  # values of a column that are embedded and cut into n-grams
CHARACTERS = 400  # of each value
# how much the parts of the dense block weigh against each other under one regularisation
EMBEDDED, SPREAD, HITS, WORDS, STATISTICS, NEAR = 3.0, 1.0, 1.0, 0.5, 0.1, 1.0
MOST_WORDS = 60  # of a column that are looked up
_WORD = re.compile(r"[^\W\d_]+")
CLASSES = (
    r"[0-9]", r"[A-Z]", r"[a-z]", r"\s", r"[!-/:-@\[-`{-~]", r"[^\x00-\x7f]", r"[.,]", r"[-/:]", r"[$€£¥]", r"&#?\w+;",
    r"<", r"\p{Han}",
)  # fmt: skip


class Column(NamedTuple):
    """A column to learn from or to predict: its values as text, and the table whose other columns are its context."""

    values: tuple[str, ...]
    table: str = ""


def ngrams(columns: Sequence[Column]) -> Any:
    """Hashed counts of character n-grams within words, sparse [columns, 2^BITS], damped by 1 + log."""
    from sklearn.feature_extraction.text import HashingVectorizer

    hashing = HashingVectorizer(
        analyzer="char_wb", ngram_range=NGRAMS, n_features=1 << BITS, norm=None, alternate_sign=False, dtype=np.float32
    )
    counts = hashing.transform([" | ".join(_texts(c)) for c in columns])
    counts.data = 1 + np.log(counts.data)
    return counts


class Known(NamedTuple):
    """Names of the types whose hits and of the word lists whose shares are features, in order."""

    types: tuple[str, ...]
    words: tuple[str, ...]


def known(types: Registry) -> Known:
    """All types and word lists of a registry."""
    return Known(tuple(types.types), tuple(sorted(types.recogniser.dictionaries)))


def dense(columns: Sequence[Column], types: Registry, names: Known, embed: Embed | None) -> Floats:
    """The dense block, [columns, features].

    Without `embed` the embedding's part is left out; the model must be used the way it was trained.
    """
    hits = _hits(columns, types, names.types) * HITS
    parts = [hits, _in_words(columns, types, names.words) * WORDS, _statistics(columns) * STATISTICS]
    if embed is not None:
        mean, spread = _embedded(columns, embed)
        parts += [mean * EMBEDDED, spread * SPREAD, _near(mean, columns) * NEAR]
    return np.hstack([*parts, _near(hits, columns) * NEAR * 0.5])


def _texts(column: Column) -> list[str]:
    return [html.unescape(v)[:CHARACTERS] for v in column.values[:VALUES]] or [""]


def _hits(columns: Sequence[Column], types: Registry, names: Sequence[str]) -> Floats:
    """Share of values that each type's recogniser takes, damped where it alone convinces little."""
    import polars as pl

    place = {name: i for i, name in enumerate(names)}
    everything = set(types.types)
    found = np.zeros((len(columns), len(names)), dtype=np.float32)
    for row, column in enumerate(columns):
        samples = take({"v": pl.Series("v", list(column.values), dtype=pl.String)})
        for name, hit in types.recogniser.find(samples, [everything])[0].items():
            if name in place:
                found[row, place[name]] = hit.share * min(1.0, hit.confidence + 0.3)
    return found


def _in_words(columns: Sequence[Column], types: Registry, names: Sequence[str]) -> Floats:
    """Share of values, and of the words in them, that each word list holds: [columns, 2 x lists]."""
    lists = [types.recogniser.dictionaries.get(name, frozenset()) for name in names]
    found = np.zeros((len(columns), 2 * len(lists)), dtype=np.float32)
    for row, column in enumerate(columns):
        whole = [text.strip().lower() for text in _texts(column)]
        words = [word for text in whole for word in _WORD.findall(text)][:MOST_WORDS]
        for place, held in enumerate(lists):
            found[row, place] = sum(map(held.__contains__, whole)) / len(whole)
            found[row, len(lists) + place] = sum(map(held.__contains__, words)) / max(len(words), 1)
    return found


def _embedded(columns: Sequence[Column], embed: Embed) -> tuple[Floats, Floats]:
    """Mean and standard deviation of the embeddings of each column's values; equal texts are embedded once."""
    texts = [_texts(c) for c in columns]
    distinct = {text: i for i, text in enumerate(dict.fromkeys(t for held in texts for t in held))}
    vectors = embed(list(distinct))
    of = [vectors[[distinct[t] for t in held]] for held in texts]
    return np.stack([v.mean(0) for v in of]), np.stack([v.std(0) for v in of])


def _near(block: Floats, columns: Sequence[Column]) -> Floats:
    """The mean of the block over the other columns of the same table, zero for a column alone."""
    rows: dict[str, list[int]] = defaultdict(list)
    for row, column in enumerate(columns):
        if column.table:
            rows[column.table].append(row)
    near = np.zeros_like(block)
    for held in rows.values():
        if len(held) > 1:
            total = block[held].sum(0)
            near[held] = (total - block[held]) / (len(held) - 1)
    return near


def _statistics(columns: Sequence[Column]) -> Floats:
    """Lengths, shares of kinds of characters, numbers and repetition of values, each of size about one."""
    return np.stack([_of_column(_texts(c)) for c in columns]).astype(np.float32)


def _of_column(texts: list[str]) -> npt.NDArray[np.float64]:
    import polars as pl

    values = pl.Series("v", texts)
    lengths = values.str.len_chars().to_numpy().astype(float)
    words = values.str.count_matches(r"\S+").to_numpy().astype(float)
    shares = [values.str.count_matches(c).to_numpy() / np.maximum(lengths, 1) for c in CLASSES]
    numbers = values.str.replace_all(",", "").cast(pl.Float64, strict=False).drop_nulls().to_numpy()
    parts = [
        *(np.log1p(f(lengths)) for f in (np.mean, np.std, np.min, np.max)),
        *(np.log1p(f(words)) for f in (np.mean, np.std)),
        *(x for share in shares for x in (share.mean() * 4, share.std() * 4, share.max() * 2)),
        len(set(texts)) / len(texts) * 2,
        len(set(lengths)) / len(texts) * 2,
        float(np.mean([t[:1].isupper() for t in texts])) * 2,
        len(numbers) / len(texts) * 2,
        *_of_numbers(numbers),
    ]
    return np.clip(np.array(parts, dtype=float), -6, 6)


def _of_numbers(numbers: npt.NDArray[np.float64]) -> tuple[float, ...]:
    held = numbers[np.isfinite(numbers)]
    if not len(held):
        return (0.0,) * 5
    sizes = np.log10(1 + np.abs(held))
    return (
        float(sizes.mean()),
        float(sizes.std()),
        float((held == np.round(held)).mean()) * 2,
        float((held < 0).mean()) * 2,
        float(sizes.min()),
    )
