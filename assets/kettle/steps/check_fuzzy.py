"""Fuzzy match: the entries of a look-up stream that are near a text."""

from collections.abc import Callable, Iterator, Mapping
from typing import Any

import polars as pl

from assets.kettle.engine.step import Derivation, Ref, Step
from assets.kettle.errors import StepError
from assets.kettle.text import distances, phonetics
from assets.kettle.text.double_metaphone import double_metaphone
from assets.kettle.values.convert import to_text
from assets.kettle.values.fields import Field, Layout, ValueType

_DISTANCES: dict[str, Callable[[str, str], int]] = {
    "levenshtein": distances.levenshtein,
    "dameraulevenshtein": distances.damerau_levenshtein,
    "needlemanwunsch": lambda a, b: abs(distances.needleman_wunsch(a, b)),
}
_SIMILARITIES: dict[str, Callable[[str, str], float]] = {
    "jaro": distances.second_jaro,
    "jarowinkler": distances.second_jaro_winkler,
    "pairsimilarity": distances.pair_similarity,
}
_SOUNDS: dict[str, Callable[[str], str | None]] = {
    "metaphone": phonetics.metaphone,
    "doublemetaphone": double_metaphone,
    "soundex": phonetics.soundex,
    "refinedsoundex": phonetics.refined_soundex,
}
_SPELLINGS = {"doublemataphone": "doublemetaphone", "needlemanwunsh": "needlemanwunsch"}

Match = tuple[Any, ...]


class FuzzyMatch(Step):
    """Reads the look-up stream whole, then gives each main row its match.

    Distances take the nearest entry within the limits (the first of equal ones), similarities the most similar; sound
    codes take the last entry of the same code. Without "closer value" all entries within the limits are joined by the
    separator. A null main value has no match; a null entry counts as ''. Only distances mind the case option.
    """

    types = ("FuzzyMatch",)
    joins = True

    def setup(self) -> None:
        """Reads algorithm and limits."""
        code = self.options.text("algorithm").strip().lower().replace("_", "")
        self.algorithm = _SPELLINGS.get(code, code)
        if self.algorithm not in {*_DISTANCES, *_SIMILARITIES, *_SOUNDS}:
            raise StepError(self.name, f"unknown algorithm {code!r}", "choose one of the list")
        mode = self.options.text("matchMode").strip().lower()
        self.closest = mode == "closest" if mode else self.options.flag("closervalue")
        if mode == "all_rows":
            raise StepError(self.name, "gives a row for each match", "choose the closest match or the joined matches")
        self.fold = self.algorithm in _DISTANCES and not self.options.flag("caseSensitive")
        default = 5.0 if self.algorithm in _DISTANCES else 1.0
        self.low, self.high = self._limit("minimalValue", 0.0), self._limit("maximalValue", default)
        self.separator = self.text("separator")
        self.side = self.text("from")
        self.entries: list[Match] = []
        self.ready = False
        self.found: dict[str | None, Match] = {}

    def _limit(self, tag: str, default: float) -> float:
        try:
            return float(self.text(tag) or default)
        except ValueError:
            raise StepError(self.name, f"{tag} is {self.text(tag)!r}, not a number", "correct the option") from None

    def named_inputs(self) -> list[str]:
        """The look-up stream."""
        return [self.side]

    def fields(self, inputs: Mapping[str, Layout]) -> Layout:
        """The main fields, the match, the measure, and fields of the look-up stream."""
        base = self.main(inputs)
        side = inputs.get(self.side)
        if side is None:
            raise StepError(self.name, f"the look-up step {self.side!r} sends no rows here", "draw the hop")
        self.source = self.field(base, self.text("mainstreamfield"), "the main field")
        self.looked = self.field(side, self.text("lookupfield"), "the look-up field")
        layout = base.plus(Field(self.text("outputmatchfield"), ValueType.STRING, origin=self.name))
        self.measured = bool(self.text("outputvaluefield")) and self.closest
        if self.measured:
            layout = layout.plus(self._measure())
        self.extra: list[Field] = []
        if self.closest or self.algorithm in _SOUNDS:
            for option in self.options.rows("lookup/value"):
                item = self.field(side, option.text("name"), "the field to return")
                self.extra.append(item)
                layout = layout.plus(item.but(name=option.text("rename") or item.name, origin=self.name))
        self.new = layout.fields[len(base) :]
        return layout

    def _measure(self) -> Field:
        name = self.text("outputvaluefield")
        if self.algorithm in _DISTANCES:
            return Field(name, ValueType.INTEGER, 10, 0, "####0;-####0", origin=self.name)
        if self.algorithm in _SIMILARITIES:
            return Field(name, ValueType.NUMBER, mask="####0.0#########;-####0.0#########", origin=self.name)
        return Field(name, ValueType.STRING, origin=self.name)

    def start(self) -> None:
        """Opens the buffer for main rows that come before the look-up stream has ended."""
        self.held = self.buffer()

    def rows(self, frame: pl.DataFrame, source: str) -> None:
        """Keeps the entries; matches the main rows, or holds them until all entries are known."""
        if source == self.side:
            keys = to_text(frame[self.looked.name], self.looked).fill_null("")
            self.entries += zip(keys, *(frame[item.name] for item in self.extra), strict=True)
        elif self.ready:
            self._match(frame)
        else:
            self.held.append(frame)

    def ended(self, source: str) -> None:
        """All entries are known."""
        if source != self.side:
            return
        self.ready = True
        if self.algorithm in _SOUNDS:
            self.by_sound = {self._sound(entry[0]): entry for entry in self.entries}
        self._match(self.held.collect())
        self.held.clear()

    def _match(self, frame: pl.DataFrame) -> None:
        if not frame.height:
            return
        texts = to_text(frame[self.source.name], self.source)
        failed: dict[str, str] = {}
        for text in texts.unique().to_list():
            if text is not None and text not in self.found:
                try:
                    self.found[text] = self._best(text)
                except ValueError as error:
                    failed[text] = str(error)
        nothing: Match = (None,) * len(self.new)
        rows = [self.found.get(text, nothing) for text in texts.to_list()]
        columns = [pl.Series(item.name, [row[i] for row in rows], dtype=item.dtype) for i, item in enumerate(self.new)]
        result = frame.with_columns(columns)
        if failed:
            reasons = {row: failed[text] for row, text in enumerate(texts.to_list()) if text in failed}
            result = result.filter(self.split(frame, reasons, self.source.name, "FuzzyMatch001"))
        self.emit(result)

    def _best(self, text: str) -> Match:
        if self.algorithm in _SOUNDS:
            sound = self._sound(text)
            entry = self.by_sound.get(sound)
            return self._row(entry, sound) if entry else (None,) * len(self.new)
        measure = _DISTANCES.get(self.algorithm) or _SIMILARITIES[self.algorithm]
        wanted = text.lower() if self.fold else text
        scored = ((measure(e[0].lower() if self.fold else e[0], wanted), e) for e in self.entries)
        inside = [(score, entry) for score, entry in scored if self.low <= score <= self.high]
        if not self.closest:
            joined = self.separator.join(entry[0] for _, entry in inside) if inside else None
            return (joined, *([None] * (len(self.new) - 1)))
        if self.algorithm in _SIMILARITIES:
            inside = [(-score, entry) for score, entry in inside if score > 0 or entry[0] == text]
        if not inside:
            return (None,) * len(self.new)
        score, entry = min(inside, key=lambda pair: pair[0])
        return self._row(entry, abs(score))

    def _sound(self, text: str) -> str | None:
        return _SOUNDS[self.algorithm](text)

    def _row(self, entry: Match, measure: Any) -> Match:
        return (entry[0], measure, *entry[1:]) if self.measured else entry

    def produce(self) -> Iterator[pl.DataFrame]:
        """Nothing is left; a look-up stream that never was makes rows without a match."""
        if not self.ready:
            self.ended(self.side)
        return iter(())

    def derive(self) -> dict[str, Derivation]:
        """The match comes from the look-up field, near the main field."""
        start = next((name for name in self.inputs if name != self.side), "")
        refs = (Ref(self.looked.name, self.side), Ref(self.source.name, start))
        found = {item.name: Derivation(refs, f"fuzzy match by {self.algorithm}") for item in self.new}
        offset = len(self.new) - len(self.extra)
        for item, source in zip(self.new[offset:], self.extra, strict=True):
            found[item.name] = Derivation(
                (Ref(source.name, self.side), *refs), f"of the fuzzy match by {self.algorithm}"
            )
        return found
