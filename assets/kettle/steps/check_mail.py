"""Mail validator: the form of addresses."""

import re
from collections.abc import Mapping

import polars as pl

from assets.kettle.engine.step import Derivation, Ref, RowStep
from assets.kettle.errors import StepError
from assets.kettle.text.columns import mapped
from assets.kettle.values.convert import to_text
from assets.kettle.values.fields import Field, Layout, ValueType

# letters and digits with single separators, at least one dot in the domain, which ends in two letters or more
_ADDRESS = re.compile(
    r"[A-Za-z0-9_+%-]+(?:\.[A-Za-z0-9_+%-]+)*@(?:[A-Za-z0-9](?:[A-Za-z0-9-]*[A-Za-z0-9])?\.)+[A-Za-z]{2,}"
)


def well_formed(address: str) -> bool:
    """Whether a text has the form of a mail address."""
    return _ADDRESS.fullmatch(address) is not None


class MailValidator(RowStep):
    """Checks the form of mail addresses. The check with the mail server is refused: it would contact other machines."""

    types = ("MailValidator",)

    def fields(self, inputs: Mapping[str, Layout]) -> Layout:
        """The input's fields, the result (Boolean, or one of two texts) and the message."""
        if self.options.flag("smtpCheck"):
            raise StepError(self.name, "checks addresses with mail servers", "switch the SMTP check off")
        base = self.main(inputs)
        self.source = self.field(base, self.options.text("emailfield"), "the field with the address")
        self.as_text = self.options.flag("ResultAsString", "resultasstring")
        kind = ValueType.STRING if self.as_text else ValueType.BOOLEAN
        if not self.text("resultfieldname"):
            raise StepError(self.name, "the result field has no name", "name it")
        layout = base.plus(Field(self.text("resultfieldname"), kind, origin=self.name))
        self.result, self.message = layout.fields[-1].name, ""
        if self.text("errorsFieldName"):
            layout = layout.plus(Field(self.text("errorsFieldName"), ValueType.STRING, origin=self.name))
            self.message = layout.fields[-1].name
        return layout

    def transform(self, frame: pl.DataFrame) -> pl.DataFrame:
        """The rows with the results."""
        texts = to_text(frame[self.source.name], self.source)
        valid = mapped(texts, well_formed, pl.Boolean())[0].fill_null(value=False)
        result: pl.Expr = pl.lit(valid)
        if self.as_text:
            result = (
                pl.when(valid)
                .then(pl.lit(self.text("emailValideMsg")))
                .otherwise(pl.lit(self.text("emailNotValideMsg")))
            )
        columns = [result.alias(self.result)]
        if self.message:
            empty = texts.is_null() | (texts == "")
            why = (
                pl.when(pl.lit(empty))
                .then(pl.lit("the address is empty"))
                .otherwise(pl.lit("the address is malformed"))
            )
            columns.append(pl.when(valid).then(pl.lit(None, pl.String)).otherwise(why).alias(self.message))
        return frame.with_columns(columns)

    def derive(self) -> dict[str, Derivation]:
        """The result comes from the address."""
        source = (Ref(self.source.name, next(iter(self.inputs), "")),)
        return {name: Derivation(source, "check of a mail address") for name in (self.result, self.message) if name}
