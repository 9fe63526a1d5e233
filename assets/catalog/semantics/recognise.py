"""Types by values alone: all patterns over the values of all columns of a table at once, then the rest on what is left.

Lengths and characters of a few values leave a handful of patterns for a column (prefilter.py), one lookup finds the
values of the whole table in all word lists. What remains is tested for check digits and the column as a whole.
"""

import re
from collections import defaultdict
from collections.abc import Mapping, Sequence, Set
from functools import cached_property
from itertools import repeat
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import numpy.typing as npt

from assets.catalog.model import Base
from assets.catalog.semantics.column_tests import TESTS
from assets.catalog.semantics.prefilter import ANYTHING, LONGEST, Need, Needs, ascii_digits, enough, look, need
from assets.catalog.semantics.sample import Sample
from assets.catalog.semantics.spec import Kind, SemanticType, Words
from assets.catalog.semantics.validators import validate

if TYPE_CHECKING:
    import polars as pl

Flags = npt.NDArray[np.bool_]
Places = npt.NDArray[np.int64]
PROBE = 32  # values of a column that say which patterns are worth trying
ALONE = 0.4  # weight from which a type is looked for without a header that names it
BEHIND = 0.35  # a type this far behind the best one of a column is not looked for
TRIED = 12  # values of a column that rule patterns out one by one
TRIED_SLACK = 0.4  # by how much their share may stay below the least
NAMED = 0.25  # part of the share asked of an incomplete word list that is enough under a header that agrees
SLACK = 0.3  # by how much their share may stay below the least
ANY_LENGTH = (1, 1_000_000)
_WORD = re.compile(r"[a-z\x80-\U0010FFFF]+")
DOUBT = 0.4  # values by which a sample counts as smaller: one value alone convinces to 1 / 1.4


class Found(NamedTuple):
    """What the values say for one type: confidence 0 to 1, share of values that belong, evidence in words."""

    confidence: float
    share: float
    words: tuple[str, ...]


class Pattern(NamedTuple):
    """One pattern of a type with its weight; `main` is the type's own, to which words and column test belong."""

    type: SemanticType
    regex: str
    weight: float
    main: bool


class Recogniser:
    """The tests of all types, prepared once.

    Args:
        types: in the order in which equals are preferred.
        dictionaries: words by name, lower case.
    """

    def __init__(self, types: Sequence[SemanticType], dictionaries: Mapping[str, frozenset[str]]) -> None:
        self.dictionaries = dictionaries
        self._patterns = [Pattern(t, _whole(t.pattern), t.weight, True) for t in types]
        self._patterns += [Pattern(t, _whole(v.pattern), v.weight, False) for t in types for v in t.variants]
        self._patterns.sort(key=lambda p: -p.weight)
        self._needs = Needs([_need(p) for p in self._patterns])
        self._least = np.array([p.type.least for p in self._patterns])[:, None]
        self._exact = sorted({n for t in types for w in t.words if w.how == "equals" for n in w.of})

    def find(self, samples: Sequence[Sample], hinted: Sequence[Set[str]]) -> list[dict[str, Found]]:
        """For each column the types its values allow.

        Types that cannot reach much by values alone are looked for where `hinted` has them, by column, and where
        neighbours can raise them.
        """
        found: list[dict[str, Found]] = [{} for _ in samples]
        groups: dict[frozenset[Kind], list[int]] = defaultdict(list)
        for place, sample in enumerate(samples):
            if len(sample.values):
                groups[sample.kinds].append(place)
        for places in groups.values():
            self._group([samples[p] for p in places], [hinted[p] for p in places], [found[p] for p in places])
        return found

    def _group(self, samples: Sequence[Sample], hinted: Sequence[Set[str]], found: Sequence[dict[str, Found]]) -> None:
        """Columns made of the same kinds of characters: what is possible in one of them is looked for in all."""
        import polars as pl

        possible = self._possible(samples) & self._worth(hinted)
        self._try(samples, possible)
        patterns = [(self._patterns[row], possible[row]) for row in np.flatnonzero(possible.any(axis=1))]
        values = pl.concat([s.values for s in samples]) if len(samples) > 1 else samples[0].values
        sizes = [len(s.texts) for s in samples]
        ends = np.cumsum(sizes).tolist()
        known = self._lookup([text for s in samples for text in s.lower])
        flags = _match(values, [p for p, _ in patterns])
        for pattern, columns in patterns:
            fits = flags[_test(pattern)]
            if pattern.main:
                fits = self._with_words(pattern.type, fits, known)
            for column in np.flatnonzero(columns):
                place = slice(ends[column] - sizes[column], ends[column])
                part = fits[place]
                if np.count_nonzero(part) < pattern.type.least * sizes[column]:
                    continue
                named = pattern.type.name in hinted[column]
                if named or pattern.weight > self._best(found[column]) - BEHIND:
                    self._verify(pattern, samples[column], part, known[place], found[column], named)

    def _possible(self, samples: Sequence[Sample]) -> Flags:
        """Which patterns may reach their least share in which columns, judged on a few values: [patterns, columns]."""
        probes = [s.texts[:: -(-len(s.texts) // PROBE)] for s in samples]
        sizes = np.array([len(p) for p in probes])
        fits = self._needs.possible(look([text for probe in probes for text in probe]))
        shares = np.add.reduceat(fits, np.concatenate(([0], np.cumsum(sizes)[:-1])), axis=1, dtype=np.int64) / sizes
        apt = np.stack([self._apt(s.kinds, s.base) for s in samples], axis=1)
        return np.asarray((shares >= self._least - SLACK) & apt)

    def _try(self, samples: Sequence[Sample], possible: Flags) -> None:
        """Rules out, in place, what a few values of a column already speak against."""
        for column, sample in enumerate(samples):
            values = sample.texts[:: -(-len(sample.texts) // TRIED)]
            bare: dict[str, list[str]] = {"": values}
            for row in np.flatnonzero(possible[:, column]):
                pattern = self._patterns[row]
                strip = pattern.type.strip
                if strip not in bare:
                    bare[strip] = [v.translate({ord(c): None for c in strip}) for v in values]
                least = (pattern.type.least - TRIED_SLACK) * len(values)
                if pattern.regex and not enough(pattern.regex, bare[strip], least):
                    possible[row, column] = False

    def _worth(self, hinted: Sequence[Set[str]]) -> Flags:
        """Which patterns could matter: [patterns, columns]."""
        strong = np.array([p.weight >= ALONE or bool(p.type.beside) for p in self._patterns])[:, None]
        named = np.zeros((len(self._patterns), len(hinted)), dtype=np.bool_)
        for column, names in enumerate(hinted):
            for name in names:
                named[self._rows[name], column] = True
        return np.asarray(strong | named)

    @cached_property
    def _rows(self) -> dict[str, list[int]]:
        rows: dict[str, list[int]] = defaultdict(list)
        for row, pattern in enumerate(self._patterns):
            rows[pattern.type.name].append(row)
        return rows

    @staticmethod
    def _best(found: Mapping[str, Found]) -> float:
        return max((f.confidence for f in found.values()), default=0.0)

    def _apt(self, kinds: frozenset[Kind], base: Base) -> Flags:
        """Which patterns are for such characters and such a physical kind."""
        if (kinds, base) not in self._kept:
            apt = [bool(kinds & set(p.type.of)) and base in p.type.bases for p in self._patterns]
            self._kept[kinds, base] = np.array(apt)
        return self._kept[kinds, base]

    @cached_property
    def _kept(self) -> dict[tuple[frozenset[Kind], Base], Flags]:
        return {}

    def _with_words(self, type_: SemanticType, fits: Flags, known: Places) -> Flags:
        for words in type_.words:
            if words.how == "equals" and words.least is None:
                fits = fits & (known & self._bits(words) != 0)
        return fits

    def _verify(
        self, pattern: Pattern, sample: Sample, fits: Flags, known: Places, found: dict[str, Found], hinted: bool
    ) -> None:
        """The tests that cost more, on the values that the pattern left."""
        type_, main = pattern.type, pattern.main
        evidence: list[str] = []
        if type_.length != ANY_LENGTH:
            fits = fits & (sample.lengths >= type_.length[0]) & (sample.lengths <= type_.length[1])
        if type_.validator:
            passed = self._validated(type_, sample.values, fits)
            if fits.any():
                evidence.append(f"{passed.sum() / fits.sum():.0%} pass {', '.join(type_.validator)}")
            fits = passed
        listed = 1.0
        for words in type_.words if main else ():
            fits, part = self._words(words, sample, fits, known)
            listed = min(listed, part)
        if listed < (NAMED if hinted else 1):
            return
        share = int(np.count_nonzero(fits)) / len(fits)
        if share < type_.least:
            return
        factor, why = TESTS[type_.column](sample) if type_.column and main else (1.0, "")
        confidence = pattern.weight * share * factor * listed * len(fits) / (len(fits) + DOUBT)
        if confidence > found.get(type_.name, Found(0.0, 0.0, ())).confidence:
            what = "fit the pattern" if pattern.regex else "belong" if type_.words else "were looked at"
            if main and any(w.least is None for w in type_.words):
                what += f" and the words of {', '.join(n for w in type_.words for n in w.of)}"
            words_ = (f"{share:.0%} of the values {what}", *evidence, *([why] if why else []))
            found[type_.name] = Found(confidence, share, words_)

    def _validated(self, type_: SemanticType, values: "pl.Series", fits: Flags) -> Flags:
        passed = np.zeros(len(values), dtype=np.bool_)
        places = np.flatnonzero(fits)
        bare = values.gather(places).alias("v").to_frame().select_seq(_bare(type_.strip)).to_series()
        ok = np.ones(len(places), dtype=np.bool_)
        for name in type_.validator:
            ok &= validate(name, bare)
        passed[places[ok]] = True
        return passed

    def _words(self, words: Words, sample: Sample, fits: Flags, known: Places) -> tuple[Flags, float]:
        """Values with their words known; and how near an incomplete list comes to the share it should know, up to 1."""
        if words.how == "equals" and words.least is None:
            return fits, 1.0
        hits = known & self._bits(words) != 0 if words.how == "equals" else self._hits(words, sample.lower)
        if words.least is None:
            return fits & hits, 1.0
        return fits, min(1.0, float((hits & fits).sum() / max(words.least * fits.sum(), 1e-9))) if fits.any() else 0.0

    def _hits(self, words: Words, texts: Sequence[str]) -> Flags:
        held = self._held(words.of)
        if words.how == "word":
            hits = (not held.isdisjoint(_WORD.findall(text)) for text in texts)
        elif words.how == "characters":
            hits = (held.issuperset(text[1:]) for text in texts)
        else:
            lengths = {"prefix": (1, 2), "prefix2": (2,), "prefix6": (6,)}[words.how]
            hits = (any(text[:n] in held for n in lengths) for text in texts)
        return np.fromiter(hits, dtype=np.bool_, count=len(texts))

    def _held(self, names: tuple[str, ...]) -> frozenset[str]:
        if names not in self._unions:
            self._unions[names] = frozenset().union(*(self.dictionaries[n] for n in names))
        return self._unions[names]

    @cached_property
    def _unions(self) -> dict[tuple[str, ...], frozenset[str]]:
        return {}

    def _lookup(self, texts: Sequence[str]) -> Places:
        """For each text a bit for each dictionary that holds it whole."""
        return np.fromiter(map(self._index.get, texts, repeat(0)), dtype=np.int64, count=len(texts))

    @cached_property
    def _index(self) -> dict[str, int]:
        bits: dict[str, int] = defaultdict(int)
        for place, name in enumerate(self._exact):
            for word in self.dictionaries[name]:
                bits[word] |= 1 << place
        return dict(bits)

    def _bits(self, words: Words) -> int:
        return sum(1 << self._exact.index(name) for name in words.of)


def _test(pattern: Pattern) -> tuple[str, str, str]:
    return pattern.type.strip, pattern.regex, pattern.type.reject


def _match(values: "pl.Series", patterns: Sequence[Pattern]) -> dict[tuple[str, str, str], Flags]:
    """Which values fit each pattern and not what it rejects, each distinct one matched once."""
    import polars as pl

    tests = list(dict.fromkeys(map(_test, patterns)))
    matching = []
    for place, (strip, regex, reject) in enumerate(tests):
        fits = _bare(strip).str.contains(regex) if regex else pl.lit(True)
        if reject:
            fits &= ~pl.col("v").str.contains(_whole(reject))
        if regex or reject:
            matching.append(fits.alias(str(place)))
    matched = values.alias("v").to_frame().select_seq(matching)
    everything = np.ones(len(values), dtype=np.bool_)
    held = set(matched.columns)
    return {
        test: matched.get_column(str(i)).to_numpy() if str(i) in held else everything for i, test in enumerate(tests)
    }


def _whole(pattern: str) -> str:
    """The pattern for a whole value; `\\d` means ASCII digits, which is also quicker to compile."""
    return f"^(?:{ascii_digits(pattern)})$" if pattern else ""


def _need(pattern: Pattern) -> Need:
    """The conditions on a value before characters are stripped: those may stand anywhere."""
    if not pattern.regex:
        return ANYTHING
    found = need(pattern.regex.removeprefix("^(?:").removesuffix(")$"))
    if not pattern.type.strip:
        return found
    more = need(f"[{_escaped(pattern.type.strip)}]").allowed
    return Need(
        found.shortest, LONGEST, found.allowed | more, found.needed & ~more, found.first | more, found.last | more
    )


def _bare(strip: str) -> "pl.Expr":
    import polars as pl

    column = pl.col("v")
    return column.str.replace_all(f"[{_escaped(strip)}]", "") if strip else column


def _escaped(characters: str) -> str:
    return "".join(f"\\{c}" if c in "-]^\\" else c for c in characters)
