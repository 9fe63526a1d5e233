"""Replace in string: by plain text or Java regular expression."""

import polars as pl
import regex

from assets.kettle.errors import StepError
from assets.kettle.model import Options
from assets.kettle.steps.string_edit import TextStep
from assets.kettle.text.java_replace import replace_all, replace_by
from assets.kettle.values.convert import to_text


class ReplaceString(TextStep):
    """Replaces every occurrence. In place, later lines see what earlier ones made of the field.

    The replacement is always read as Java's (`$1` is a group, a backslash takes the next character literally), also
    for a plain search. A replacement field that is null makes null of a text that is found as a whole. A group that is
    not there fails the row with code ReplaceString001.
    """

    types = ("ReplaceString",)
    code = "ReplaceString001"

    def transform(self, frame: pl.DataFrame) -> pl.DataFrame:
        """The rows with the replaced texts."""
        result = frame
        failed: dict[int, str] = {}
        for (source, new), option in zip(self.named, self.changes, strict=True):
            values, reasons = self._replaced(frame, result[source.name], option)
            failed = reasons | failed
            result = result.with_columns(values.alias(new or source.name))
        return result.filter(self.split(frame, failed, code=self.code)) if failed else result

    def _replaced(self, frame: pl.DataFrame, texts: pl.Series, option: Options) -> tuple[pl.Series, dict[int, str]]:
        search = self.resolve(option.text("replace_string"))
        pattern = search if option.flag("use_regex") else regex.escape(search, special_only=True)
        if option.flag("whole_word"):
            pattern = rf"\b{pattern}\b"
        flags = ("" if option.flag("case_sensitive") else "i") + ("u" if option.flag("is_unicode") else "")
        by_field = option.text("replace_field_by_string")
        try:
            if option.flag("set_empty_string"):
                return replace_all(texts, pattern, "", flags)
            if by_field:
                field = self.field(self.base, by_field, "the replacement field")
                return replace_by(texts, pattern, to_text(frame[field.name], field), flags)
            return replace_all(texts, pattern, self.resolve(option.text("replace_by_string")), flags)
        except ValueError as error:
            raise StepError(
                self.name, f"replacing in {option.text('in_stream_name')}: {error}", "correct it"
            ) from error

    def words(self, option: Options) -> str:
        """What is replaced by what."""
        by = option.text("replace_field_by_string") or repr(option.text("replace_by_string"))
        kind = "regular expression " if option.flag("use_regex") else ""
        return f"{kind}{option.text('replace_string')!r} replaced by {by}"
