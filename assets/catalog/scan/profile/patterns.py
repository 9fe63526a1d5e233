"""Shapes of texts: `9` for a digit, `A` and `a` for letters, `中` for Chinese; runs as `9{11}`, the rest as it is.

Works on the bytes of all texts at once: a table maps each byte of UTF-8 to its class (the later bytes of a character
to none), runs of a class become one number each, and a text's runs one hash, so that texts of a shape are found equal
without spelling any; only one text of each frequent shape is spelt.
"""

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from assets.catalog.model import Top

CHARACTERS = 64  # looked at of each text
VALUES = 200_000  # texts looked at
_CHINESE, _OTHER = 1, 2
_NAMES = {_CHINESE: "中", _OTHER: "·"}


def _classes() -> npt.NDArray[np.uint8]:
    table = np.arange(256, dtype=np.uint8)
    table[:32] = _OTHER
    table[0x30:0x3A] = ord("9")
    table[0x41:0x5B] = ord("A")
    table[0x61:0x7B] = ord("a")
    table[0x80:0xC0] = 0  # later bytes
    table[0xC0:0xE0] = ord("a")  # Latin with accents, Greek, Cyrillic
    table[0xE0:] = _OTHER
    table[0xE4:0xEA] = _CHINESE  # U+4000 to U+9FFF
    return table


_CLASS = _classes()
# odd multipliers of well mixed bits; a place in a text weighs its own
_PLACE = np.random.default_rng(7).integers(1, 2**63, CHARACTERS + 1, dtype=np.uint64) * np.uint64(2) + np.uint64(1)
_RUN = np.random.default_rng(8).integers(1, 2**63, (256, CHARACTERS + 1), dtype=np.uint64)


def patterns(values: pa.Array, counts: npt.NDArray[np.int64], most: int) -> tuple[Top, ...]:
    """The most frequent shapes with their number of rows.

    Args:
        values: different texts without nulls.
        counts: rows of each, int64 [n].
    """
    step = -(-len(values) // VALUES)
    if step > 1:
        values, counts = values.take(pa.array(np.arange(0, len(values), step))), counts[::step] * step
    values = pc.utf8_slice_codeunits(values.cast(pa.large_string()), 0, CHARACTERS)
    owner, kind, length = _runs(values)
    found: list[Top] = []
    empty = np.ones(len(values), dtype=bool)
    empty[owner] = False
    if empty.any():
        found.append(Top.model_construct(value="", count=int(counts[empty].sum())))
    if len(owner):
        first = np.flatnonzero(np.diff(owner, prepend=-1))
        bounds = np.append(first, len(owner))
        place = np.arange(len(owner)) - np.repeat(first, np.diff(bounds))
        with np.errstate(over="ignore"):
            hashes = np.add.reduceat(_RUN[kind, length] * _PLACE[place], first)
        _, one, shape = np.unique(hashes, return_index=True, return_inverse=True)
        rows = np.bincount(shape, weights=counts[owner[first]])
        for at in np.argsort(-rows, kind="stable")[:most]:
            runs = range(bounds[one[at]], bounds[one[at] + 1])
            text = "".join(_spelt(int(kind[i]), int(length[i])) for i in runs)
            found.append(Top.model_construct(value=text, count=int(rows[at])))
    return tuple(sorted(found, key=lambda top: -top.count)[:most])


def _runs(values: pa.Array) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.uint8], npt.NDArray[np.int64]]:
    """Per run of one class: the text it lies in, its class and its length; int64, uint8, int64 [runs]."""
    _, starts, data = values.buffers()
    offsets = np.frombuffer(starts, dtype=np.int64)[values.offset : values.offset + len(values) + 1]
    if data is None or offsets[-1] == offsets[0]:
        return np.empty(0, dtype=np.int64), np.empty(0, dtype=np.uint8), np.empty(0, dtype=np.int64)
    classes = _CLASS[np.frombuffer(data, dtype=np.uint8)[offsets[0] : offsets[-1]]]
    texts = np.repeat(np.arange(len(values)), np.diff(offsets))
    there = classes != 0
    classes, texts = classes[there], texts[there]
    begins = np.flatnonzero((np.diff(classes, prepend=0) != 0) | (np.diff(texts, prepend=-1) != 0))
    return texts[begins], classes[begins], np.diff(np.append(begins, len(classes)))


def _spelt(kind: int, length: int) -> str:
    name = _NAMES.get(kind) or chr(kind)
    return name if length == 1 else f"{name}{{{length}}}"
