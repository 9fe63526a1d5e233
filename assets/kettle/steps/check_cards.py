"""Credit card validator."""

from collections.abc import Mapping

import polars as pl

from assets.kettle.engine.step import Derivation, Ref, RowStep
from assets.kettle.errors import StepError
from assets.kettle.text.card_numbers import Verdict, check_card
from assets.kettle.values.convert import to_text
from assets.kettle.values.fields import Field, Layout, ValueType


class CreditCardValidator(RowStep):
    """Checks card numbers by their check digit; tells the kind of card and why a number is not valid."""

    types = ("CreditCardValidator",)

    def fields(self, inputs: Mapping[str, Layout]) -> Layout:
        """The input's fields, the result, and where they have names the card type and the message."""
        base = self.main(inputs)
        self.source = self.field(base, self.options.text("fieldname"), "the field with the card number")
        if not self.text("resultfieldname"):
            raise StepError(self.name, "the result field has no name", "name it")
        layout = base.plus(Field(self.text("resultfieldname"), ValueType.BOOLEAN, origin=self.name))
        self.parts = [(layout.fields[-1].name, 0)]
        for tag, part in (("cardtype", 1), ("notvalidmsg", 2)):
            if self.text(tag):
                layout = layout.plus(Field(self.text(tag), ValueType.STRING, origin=self.name))
                self.parts.append((layout.fields[-1].name, part))
        return layout

    def transform(self, frame: pl.DataFrame) -> pl.DataFrame:
        """The rows with the verdicts."""
        texts = to_text(frame[self.source.name], self.source)
        if self.options.flag("onlydigits"):
            texts = texts.str.replace_all(r"\P{Nd}", "")
        verdicts: dict[str | None, Verdict] = {text: check_card(text) for text in texts.unique().to_list()}
        rows = [verdicts[text] for text in texts.to_list()]
        columns = [
            pl.Series(name, [row[part] for row in rows], dtype=self.output[name].dtype) for name, part in self.parts
        ]
        return frame.with_columns(columns)

    def derive(self) -> dict[str, Derivation]:
        """All come from the card number."""
        source = (Ref(self.source.name, next(iter(self.inputs), "")),)
        return {name: Derivation(source, "check of a credit card number") for name, _ in self.parts}
