"""Keys under which records meet: one hash per record, or several where any shared word is enough."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import polars as pl

from assets.quality.linkage.kinds import Kind
from assets.quality.linkage.prepare import Column, Records

Hashes = npt.NDArray[np.uint64]
Parts = Callable[[pl.Series], pl.Series]  # texts -> lists of their parts, or of hashes of these
BANDS = 8  # of two min-hashes each: texts that share half of their triples meet with .9
LONG = 20  # characters from which a text is min-hashed
SLICE = 100_000  # texts that are taken apart at a time
_PRIME = np.uint64(0x9E3779B97F4A7C15)


@dataclass(frozen=True, slots=True)
class Keys:
    """Keys of one predicate: `hashes` [keys] with the record of each; `single`: at most one per record."""

    name: str
    column: str
    hashes: Hashes
    records: npt.NDArray[np.int32]
    single: bool = True

    def combined(self, other: "Keys") -> "Keys":
        """Both keys must be the same."""
        _, ours, theirs = np.intersect1d(self.records, other.records, assume_unique=True, return_indices=True)
        mixed = self.hashes[ours] * _PRIME
        mixed ^= other.hashes[theirs] + (mixed >> np.uint64(29))
        return Keys(combined_name(self, other), f"{self.column}+{other.column}", mixed, self.records[ours])


def combined_name(one: Keys, two: Keys) -> str:
    """What both keys together are called."""
    return f"{one.name} + {two.name}"


def keys_of(records: Records) -> Iterator[Keys]:
    """The keys of all columns."""
    for column in records.columns:
        text = column.text
        seen: set[int] = set()
        for name, values in _singles(column, text):
            keys = _keys(f"{column.name}: {name}", column.name, values)
            mark = hash(keys.hashes.tobytes())
            if len(keys.records) and mark not in seen:
                seen.add(mark)
                yield keys
        for name, parts in _several(column, text):
            yield _exploded(f"{column.name}: {name}", column.name, text, parts)


def _singles(column: Column, text: pl.Series) -> Iterator[tuple[str, pl.Series]]:
    frame = text.to_frame()
    yield "same", text
    if column.kind is Kind.NUMBER:
        return
    if column.kind is Kind.DATE:
        yield "year and month", text.str.head(6)
        yield "year and day", frame.select(pl.col("t").str.head(4) + pl.col("t").str.tail(2)).to_series()
        yield "month and day", text.str.tail(4)
        yield "year", text.str.head(4)
    elif column.kind is Kind.CODE:
        yield "first 6", text.str.head(6)
        yield "last 6", text.str.tail(6)
        if text.str.contains("@").any():
            yield "before the @", text.str.extract(r"^([^@]+)@", 1)
    else:
        words = pl.col("t").str.split(" ").list.sort().list.join(" ")
        yield "words in any order", frame.select(words).to_series()
        if column.kind in (Kind.NAME, Kind.COMPANY):
            yield "sound", _sounds(column, text)
        yield "first 4", text.str.head(4)
        yield "last 4", text.str.tail(4)


def _several(column: Column, text: pl.Series) -> Iterator[tuple[str, Parts]]:
    if column.kind in (Kind.NUMBER, Kind.DATE, Kind.CODE):
        return
    yield "a word", lambda some: some.str.split(" ")
    if column.kind in (Kind.TEXT, Kind.ADDRESS, Kind.COMPANY) and text.str.contains(r"\S \S").any():
        yield "two words", lambda some: some.str.extract_all(r"\S+ \S+")
    if column.sound is not None:
        yield "four characters", lambda some: _grams(some, 4)
    mean = text.str.len_chars().mean()
    if isinstance(mean, float) and mean >= LONG:
        yield "min-hash", _minhashes


def _keys(name: str, column: str, values: pl.Series) -> Keys:
    filled = values.is_not_null() & (values != "")
    places = filled.fill_null(False).arg_true()
    hashes = values.gather(places).hash(seed=11).to_numpy()
    return Keys(name, column, np.asarray(hashes, dtype=np.uint64), places.to_numpy().astype(np.int32))


def _exploded(name: str, column: str, text: pl.Series, parts: Parts) -> Keys:
    """A slice of the texts at a time: their parts take many times their memory, the hashes of these little."""
    made = []
    for start in range(0, len(text), SLICE):
        listed = parts(text.slice(start, SLICE))
        records = pl.int_range(start, start + len(listed), dtype=pl.Int32, eager=True)
        frame = pl.DataFrame({"r": records, "w": listed}).explode("w").drop_nulls()
        if frame["w"].dtype == pl.String:
            frame = frame.filter(pl.col("w").str.len_chars() > 1).with_columns(pl.col("w").hash(seed=11))
        made.append(frame.unique())
    frame = pl.concat(made) if made else pl.DataFrame(schema={"r": pl.Int32, "w": pl.UInt64})
    return Keys(name, column, frame["w"].to_numpy(), frame["r"].to_numpy(), single=False)


def _sounds(column: Column, text: pl.Series) -> pl.Series:
    """Metaphone of the words of Latin texts, pinyin of Chinese ones; one call per different text."""
    from jellyfish import metaphone

    spoken = text if column.sound is None else column.sound
    known = spoken.drop_nulls().unique()
    codes = [v.replace(" ", "") if column.sound is not None else metaphone(v) for v in known]
    table = pl.DataFrame({"t": known, "c": pl.Series(codes, dtype=pl.String)})
    return spoken.alias("t").to_frame().join(table, on="t", how="left", maintain_order="left")["c"]


def _grams(text: pl.Series, size: int) -> pl.Series:
    """Runs of characters, the text without blanks; lists of text."""
    plain = text.str.replace_all(" ", "")
    longest = min(max(plain.str.len_chars().drop_nulls().to_list(), default=0), 64)
    frame = plain.alias("t").to_frame()
    parts = [pl.col("t").str.slice(n, size) for n in range(max(0, longest - size + 1))]
    listed = frame.select(pl.concat_list(parts) if parts else pl.lit(None, dtype=pl.List(pl.String)))
    return listed.to_series().list.eval(pl.element().filter(pl.element().str.len_chars() == size))


def _minhashes(text: pl.Series) -> pl.Series:
    """Bands of min-hashes of character triples (Broder, 1997), lists of uint64."""
    chance = np.random.default_rng(3)
    frame = pl.DataFrame({"r": np.arange(len(text)), "g": _grams(text, 3)}).explode("g").drop_nulls()
    hashes = frame["g"].hash(seed=5).to_numpy()
    frame = pl.DataFrame({"r": frame["r"]})
    factors = chance.integers(1, 2**63, 2 * BANDS, dtype=np.uint64) | np.uint64(1)
    columns = {f"h{n}": (hashes * f) >> np.uint64(20) for n, f in enumerate(factors)}
    least = frame.with_columns(**{n: pl.Series(v) for n, v in columns.items()}).group_by("r").min()
    bands = [
        pl.struct(pl.lit(n).alias("n"), pl.col(f"h{2 * n}"), pl.col(f"h{2 * n + 1}")).hash(seed=5) for n in range(BANDS)
    ]
    listed = least.select("r", pl.concat_list(bands).alias("b"))
    return pl.DataFrame({"r": np.arange(len(text))}).join(listed, on="r", how="left", maintain_order="left")["b"]
