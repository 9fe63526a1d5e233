"""Check digits over arrays agree with python-stdnum, value by value."""

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from stdnum import iban, isbn, isin, issn, luhn
from stdnum.cn import ric, uscc
from stdnum.iso7064 import mod_97_10

from assets.catalog.semantics.prefilter import Needs, look, need
from assets.catalog.semantics.validators import validate

CASES = {
    "luhn": (luhn.is_valid, r"[0-9]{2,19}"),
    "isbn": (isbn.is_valid, r"[0-9]{9}[0-9X]|97[89][0-9]{10}"),
    "issn": (issn.is_valid, r"[0-9]{4}-[0-9]{3}[0-9X]"),
    "uscc": (uscc.is_valid, r"91310115[0-9A-HJ-NPQRTUWXY]{10}"),
    "iban": (iban.is_valid, r"DE[0-9]{20}|NL[0-9]{2}[A-Z]{4}[0-9]{10}"),
    "mod97": (mod_97_10.is_valid, r"[A-Z0-9]{18}[0-9]{2}"),
    "cn_id_card": (ric.is_valid, r"110101(19[5-9][0-9]|200[0-9])(0[1-9]|1[0-9])[0-3][0-9][0-9]{3}[0-9X]"),
    "isin": (isin.is_valid, r"(US|DE|CN)[A-Z0-9]{9}[0-9]"),
}
LAST = {
    "isbn": "0123456789X",
    "issn": "0123456789X",
    "cn_id_card": "0123456789X",
    "uscc": "0123456789ABCDEFGHJKLMNPQRTUWXY",
}


@pytest.mark.parametrize("name", CASES)
@settings(max_examples=25, deadline=None)
@given(data=st.data())
def test_arrays_agree_with_the_library(name: str, data: st.DataObject) -> None:
    library, shape = CASES[name]
    values = data.draw(st.lists(st.from_regex(f"({shape})", fullmatch=True), min_size=1, max_size=12))
    near = [v[:-1] + last for v in values[:2] for last in LAST.get(name, "0123456789")]  # some of these are valid
    values += [v for v in near if name != "isbn" or len(v) == 10 or v[-1] != "X"]
    assert validate(name, pl.Series(values)).tolist() == [library(v) for v in values]


TEXTS = st.text(st.characters(codec="utf-8", exclude_characters="\n\x00"), min_size=1, max_size=12)
PATTERNS = (
    r"\d{2,4}", r"(?i)ab+|x?", r"[^a-c]+", r"a.*z|\p{Han}{2}", r"[A-Z][\p{L}'-]*", r"(?:a|bc)?\d*[-/]?", r"\S+@\S+",
    r".*", r"(?:x|(?i:y))[\]-]?\w*", r"\PL+|é",
)  # fmt: skip


@settings(max_examples=60, deadline=None)
@given(values=st.lists(TEXTS, min_size=1), pattern=st.sampled_from(PATTERNS))
def test_what_fits_a_pattern_meets_its_conditions(values: list[str], pattern: str) -> None:
    series = pl.Series([*values, "12", "ABB", "aXz", "中文", "Anna", "bc12/", "a@b.com"])
    possible = Needs([need(pattern)]).possible(look(series.to_list()))[0]
    fits = series.str.contains(f"^(?:{pattern})$").to_numpy()
    assert not np.any(fits & ~possible), series.filter(pl.Series(fits & ~possible)).to_list()


def test_the_conditions_leave_most_patterns_out() -> None:
    phone = look(["13812345678"])
    assert not Needs([need(r"\S+@\S+"), need(r"\d{18}"), need("[A-Z]+"), need("(?:a|b).*")]).possible(phone).any()
    assert Needs([need(r"1\d{10}")]).possible(phone).all()
