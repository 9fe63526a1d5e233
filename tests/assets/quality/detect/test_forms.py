"""Writings that a column does not use."""

import pytest

from assets.quality.detect.coded import recode
from assets.quality.detect.forms.encoding import reread
from assets.quality.detect.forms.registry import forms


def changed(values: list[str]) -> dict[str, str]:
    """What each different value becomes."""
    column = recode("c", values)
    return {column.values[code]: form.after for code, form in forms(column).items()}


def test_marks_of_missing_values() -> None:
    found = changed(["12", "15", "N/A", "NULL", "无", "17", "-"] * 5)
    assert found == {"N/A": "", "NULL": "", "无": "", "-": ""}


def test_codes_that_look_like_marks_stay() -> None:
    assert changed(["NA", "DE", "FR", "ZA"] * 10) == {}


def test_blanks_and_full_width() -> None:
    found = changed(["ab", " ab", "a\u3000 b", "１３８00", "x\u200by", "x\ufeff"])
    assert found == {" ab": "ab", "a\u3000 b": "a b", "１３８00": "13800", "x\u200by": "xy", "x\ufeff": "x"}


@pytest.mark.parametrize("text", ["杭州市", "北京", "Café Müller", "naïve – “quoted”"])
def test_texts_read_as_latin_1_come_back(text: str) -> None:
    assert reread(text.encode().decode("latin-1")) == text


def test_gbk_read_as_latin_1() -> None:
    assert reread("杭州市".encode("gbk").decode("latin-1")) == "杭州市"


@pytest.mark.parametrize("text", ["Café", "Müller", "Åse Ødegård", "São Paulo", "北京", "plain", "€ 100", "naïve café"])
def test_right_texts_are_not_read_again(text: str) -> None:
    assert reread(text) is None


def test_days_take_the_main_writing() -> None:
    days = [f"2024-03-{d:02d}" for d in range(1, 29)]
    assert changed([*days, "31.12.2023", "2024/1/5"]) == {"31.12.2023": "2023-12-31", "2024/1/5": "2024-01-05"}


def test_days_that_may_be_months_stay() -> None:
    days = [f"2024-03-{d:02d}" for d in range(1, 29)]
    assert changed([*days, "03/04/2024"]) == {}


def test_spellings_of_one_unit_become_numbers() -> None:
    found = changed(["12.0 oz", "16.0 OZ.", "8.4 ounce", "12"] * 10)
    assert found == {"12.0 oz": "12", "16.0 OZ.": "16", "8.4 ounce": "8.4"}


def test_percent_among_fractions_is_scaled() -> None:
    fractions = [f"0.{n:02d}" for n in range(1, 90)]
    found = changed([*fractions, "5%", "12%", "44%", "61%"])
    assert found == {"5%": "0.05", "12%": "0.12", "44%": "0.44", "61%": "0.61"}


def test_units_of_one_thing_are_converted_and_currencies_are_not() -> None:
    weights = [f"{n} kg" for n in range(10, 60)]
    assert changed([*weights, "12500 g", "20000 g", "11000g"] + ["7"] * 30)["12500 g"] == "12.5"
    prices = [f"${n}" for n in range(10, 60)]
    assert "€30" not in changed([*prices, "€30", "€31", "€32"] + ["7"] * 30)


def test_a_sign_that_all_have_is_kept_and_put_back() -> None:
    found = changed([*(f"{n}%" for n in range(10, 100)), "55", "66", "77", "101"])
    assert found == {"55": "55%", "66": "66%", "77": "77%", "101": "101%"}


def test_codes_are_no_units() -> None:
    assert changed(["hrt-1", "hrt-2", "sgy-1", "sgy-9"] * 10) == {}
    assert changed([*(str(n) for n in range(20000, 20400)), "2011x", "2044x", "2033g"]) == {}


def test_noise_of_binary_arithmetic() -> None:
    assert changed(["0.30000000000000004", "0.1", "1.25"]) == {"0.30000000000000004": "0.3"}


def test_rare_case_takes_the_usual_one() -> None:
    assert changed(["Hamburg"] * 9 + ["HAMBURG", "ham-burg", "Bremen"]) == {"HAMBURG": "Hamburg", "ham-burg": "Hamburg"}
