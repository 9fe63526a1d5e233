"""A part of a text that a regular expression finds."""

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any, ClassVar

from pydantic import Field, field_validator
from sqlglot import exp

from assets.kettle.files.new import Settings
from assets.kettle.generate.part import Made
from assets.kettle.values.fields import ValueType
from assets.quality.mapping.steps import field_of, through
from assets.quality.mapping.transform import Column, Params, Shown, Transform, Types, sql_func

if TYPE_CHECKING:
    import polars as pl

KNOWN = {
    "first number": r"([0-9]+)",
    "last number": r"([0-9]+)[^0-9]*$",
    "number with decimals": r"([0-9]+\.[0-9]+)",
    "leading letters": r"^([A-Za-z]+)",
    "in brackets": r"[(（\[]([^)）\]]*)[)）\]]",
    "before brackets": r"^([^(（\[]*[^(（\[ ])",
    "mail domain": r"@([^@ ]+)$",
    "mail name": r"^([^@ ]+)@",
    "year": r"((?:19|20)[0-9]{2})",
    "time": r"([0-2]?[0-9]:[0-5][0-9](?::[0-5][0-9])?)",
    "date": r"([0-9]{4}[-/.][0-9]{1,2}[-/.][0-9]{1,2})",
    "area code": r"^\(?(0[0-9]{2,3}|[0-9]{3})\)?[- ]",
    "after the area code": r"^\(?(?:0[0-9]{2,3}|[0-9]{3})\)?[- ](.+)$",
    "postcode": r"\b([0-9]{5,6})\b",
    "province": r"^([^省市区县]{2,8}?(?:省|自治区|特别行政区)|(?:北京|上海|天津|重庆)市)",
    "city": r"^(?:[^省市区县]{2,8}?(?:省|自治区))?([^省市区县]{2,8}?(?:市|自治州|地区|盟))",
    "district": r"(?:市|州|地区|盟|省|自治区)([^省市区县]{1,8}?(?:区|县|旗))",
    "street": r"(?:区|县|旗)(.+)$",
}


class ExtractParams(Params):
    """`pattern` with one group, without look-around. `of`: what it finds, in words."""

    pattern: str = Field(max_length=500)
    of: str = ""

    @field_validator("pattern")
    @classmethod
    def _one_group(cls, value: str) -> str:
        import polars as pl

        from assets.quality.rules.expressions import checked_pattern

        found = pl.DataFrame({"t": [""]}).select(pl.col("t").str.extract_groups(checked_pattern(value)))
        groups = found.to_series().struct.fields
        if len(groups) != 1:
            raise ValueError(f"has {len(groups)} groups instead of one")
        if groups[0] != "1":
            raise ValueError("gives its group a name, which not every engine knows")
        return value

    @property
    def plain(self) -> str:
        r"""The pattern, in which \d, \w and \s mean ASCII in every engine."""
        from assets.quality.rules.expressions import ascii_classes

        return ascii_classes(self.pattern)


class Extract(Transform):
    """A part of the text."""

    params = ExtractParams
    rank: ClassVar[int] = 5

    def value(self, columns: Sequence[Column], p: ExtractParams) -> "pl.Expr":
        """What the group holds at the first place; null where nothing is found."""
        import polars as pl

        found = columns[0].text.str.extract(p.plain, 1).str.strip_chars(" \t")
        return pl.when(found != "").then(found)

    def sql(self, columns: Sequence[Column], p: ExtractParams) -> exp.Expr:
        """The same."""
        text, blanks = columns[0].sql_text, exp.Literal.string(" \t")
        found = sql_func("regexp_extract", text, exp.Literal.string(p.plain), exp.Literal.number(1))
        return sql_func("nullif", sql_func("trim", found, blanks), exp.Literal.string(""))

    def steps(self, fields: Sequence[str], types: Types, target: str, p: ExtractParams) -> list[Made] | None:
        """Regex evaluation with a capture group; Java, which backtracks, might take for ever on nested repetitions."""
        from assets.quality.rules.kinds.pattern import NESTED

        if types[fields[0]] is not ValueType.STRING or NESTED.search(p.pattern):
            return None
        return found_by(p.pattern, fields[0], target)

    def guesses(self, source: Shown, target: Shown, aligned: bool) -> Iterator[dict[str, Any]]:
        """Known parts that the source's texts have; first and last characters where rows are aligned."""
        if not source.column.is_text:
            return
        if "parts" not in source.known:
            source.known["parts"] = _parts(source)
        for of in source.known["parts"]:
            yield {"pattern": KNOWN[of], "of": of}
        theirs = target.values.drop_nulls()
        if aligned and target.column.is_text and len(theirs):
            lengths = theirs.str.len_chars().unique()
            if len(lengths) == 1 and 0 < lengths[0] <= 40:
                yield {"pattern": f"^(.{{{lengths[0]}}})", "of": f"first {lengths[0]} characters"}
                yield {"pattern": f"(.{{{lengths[0]}}})$", "of": f"last {lengths[0]} characters"}

    def words(self, p: ExtractParams) -> str:
        """`part: mail domain`."""
        return f"part: {p.of or p.pattern}"


def found_by(pattern: str, field: str, target: str) -> list[Made]:
    """Steps that put into `target` what the group of the pattern holds in a text field."""
    text, open_, close = f"{target} text", pattern.startswith("^"), pattern.endswith("$")
    middle = pattern[open_ : len(pattern) - close]
    whole = f"{'' if open_ else '(?s:.*?)'}(?:{middle}){'' if close else '(?s:.*)'}"
    settings: Settings = [
        ("script", whole),
        ("matcher", text),
        ("resultfieldname", f"{target} found"),
        ("usevar", "N"),
        ("allowcapturegroups", "Y"),
        ("replacefields", "N"),
        *((flag, "N") for flag in ("canoneq", "caseinsensitive", "comment", "dotall", "multiline", "unicode")),
        ("unix", "N"),
        ("fields", [("field", field_of(target))]),
    ]
    return through(field, text, target, Made(f"{target} part", f"{target}: part of {field}", "RegexEval", settings))


def _parts(source: Shown) -> list[str]:
    """Known parts that half of the texts have."""
    texts = source.values.drop_nulls().head(200)
    if not len(texts):
        return []
    shares = {of: texts.str.contains(pattern).cast(float).to_numpy().mean() for of, pattern in KNOWN.items()}
    return [of for of, share in shares.items() if share > 0.5]
