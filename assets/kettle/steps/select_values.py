"""Select values: choose and rename, remove, change metadata, in this order."""

from collections.abc import Mapping

import polars as pl

from assets.kettle.engine.step import Derivation, Ref, RowStep
from assets.kettle.errors import StepError
from assets.kettle.model import Options
from assets.kettle.values.convert import convert
from assets.kettle.values.fields import Field, Layout, ValueType

UNCHANGED = "-2"


class SelectValues(RowStep):
    """Three tabs; a conversion that fails goes to the error hop with code SELECT001.

    Length and precision -2 leave what is there. A new type keeps the old mask (PDI 9.3). The origin becomes this step
    for renamed fields and for those whose length, precision, mask or symbols change.
    """

    types = ("SelectValues",)

    def setup(self) -> None:
        """Reads the three tabs."""
        self.select = self.options.rows("fields/field")
        self.unspecified = self.options.flag("fields/select_unspecified")
        self.remove = [r.text("name") for r in self.options.rows("fields/remove")]
        self.changes = self.options.rows("fields/meta")

    def fields(self, inputs: Mapping[str, Layout]) -> Layout:
        """The layout after the three tabs."""
        layout = self.main(inputs)
        self.taken: list[tuple[str, str]] = [(f.name, f.name) for f in layout]
        if self.select:
            layout = self._selected(layout)
        for name in self.remove:
            self.field(layout, name, "the field to remove")
        removed = {name.lower() for name in self.remove}
        self.taken = [pair for pair in self.taken if pair[1].lower() not in removed]
        layout = layout.without(*self.remove)
        self.conversions: list[tuple[int, Field, Field]] = []
        for change in self.changes:
            layout = self._changed(layout, change)
        self.taken = [(old, new.name) for (old, _), new in zip(self.taken, layout, strict=True)]
        return layout

    def _selected(self, layout: Layout) -> Layout:
        chosen: list[Field] = []
        self.taken = []
        for option in self.select:
            found = self.field(layout, option.text("name"))
            rename = option.text("rename") or found.name
            chosen.append(self._sized(found, option, {"name": rename} if rename != found.name else {}))
            self.taken.append((found.name, rename))
        if len({n.lower() for _, n in self.taken}) < len(self.taken):
            raise StepError(self.name, f"a field is selected twice: {[n for _, n in self.taken]}", "rename one of them")
        if self.unspecified:
            named = {option.text("name") for option in self.select}
            extra = sorted((f for f in layout if f.name not in named), key=lambda f: f.name)
            chosen += extra
            self.taken += [(f.name, f.name) for f in extra]
        return Layout(chosen)

    def _sized(self, item: Field, option: Options, changes: dict[str, object]) -> Field:
        for tag in ("length", "precision"):
            text = option.text(tag, default=UNCHANGED).strip()
            if text != UNCHANGED:
                changes[tag] = int(text)
        return item.but(**changes, origin=self.name) if changes else item

    def _changed(self, layout: Layout, option: Options) -> Layout:
        found = self.field(layout, option.text("name"), "the field to change")
        position = layout.index(found.name)
        changes: dict[str, object] = {}
        if option.text("rename"):
            changes["name"] = option.text("rename")
        texts = {
            "mask": option.text("conversion_mask"),
            "decimal": option.text("decimal_symbol"),
            "grouping": option.text("grouping_symbol"),
            "currency": option.text("currency_symbol"),
        }
        changes |= {name: text for name, text in texts.items() if text}
        changed = self._sized(found, option, changes)
        changed = changed.but(
            lenient=option.flag("date_format_lenient") or option.flag("lenient_string_to_number"),
            locale=option.text("date_format_locale") or None,
            timezone=option.text("date_format_timezone") or None,
        )
        kind = ValueType.parse(option.text("type"), default=ValueType.NONE)
        if kind not in (ValueType.NONE, found.type):
            changed = changed.but(type=kind, storage="normal")
            source = changed.but(name=found.name, type=found.type, length=found.length, precision=found.precision)
            self.conversions.append((position, source, changed))
        return Layout([changed if i == position else f for i, f in enumerate(layout)])

    def transform(self, frame: pl.DataFrame) -> pl.DataFrame:
        """Chooses the columns, then converts; rows that cannot be converted are rejected."""
        chosen = frame.select(pl.col(old).alias(new) for old, new in self.taken)
        keep: pl.Series | None = None
        for position, source, target in self.conversions:
            converted = convert(chosen.to_series(position), source, target)
            chosen.replace_column(position, converted.values.alias(target.name))
            bad = {i: r for i, r in converted.reasons.items() if keep is None or keep[i]}
            if bad:
                stays = self.split(frame, bad, target.name, "SELECT001")
                keep = stays if keep is None else keep & stays
        return chosen if keep is None else chosen.filter(keep)

    def derive(self) -> dict[str, Derivation]:
        """Renames and conversions."""
        source = next(iter(self.inputs), "")
        converted = {position: (old, new) for position, old, new in self.conversions}
        found: dict[str, Derivation] = {}
        for position, (old, new) in enumerate(self.taken):
            words = []
            if old != new:
                words.append(f"renamed from {old}")
            if position in converted:
                before, after = converted[position]
                mask = f" with the mask {after.mask}" if after.mask else ""
                words.append(f"converted from {before.type} to {after.type}{mask}")
            if words:
                found[new] = Derivation((Ref(old, source),), ", ".join(words))
        return found
