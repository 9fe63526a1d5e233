"""The calculations of the Calculator step by code, with the result types that hold when the file names none."""

from collections.abc import Mapping

import polars as pl

from assets.kettle.steps import calc_dates, calc_numbers, calc_rounding
from assets.kettle.steps.calc_files import FILE_CALCULATIONS
from assets.kettle.steps.calc_operands import Calculation, Call, Outcome
from assets.kettle.steps.calc_texts import TEXT_CALCULATIONS
from assets.kettle.values.fields import ValueType

_CODES = (
    "- CONSTANT COPY_FIELD ADD SUBTRACT MULTIPLY DIVIDE SQUARE SQUARE_ROOT PERCENT_1 PERCENT_2 PERCENT_3 COMBINATION_1 "
    "COMBINATION_2 ROUND_1 ROUND_2 ROUND_STD_1 ROUND_STD_2 CEIL FLOOR NVL ADD_DAYS YEAR_OF_DATE MONTH_OF_DATE "
    "DAY_OF_YEAR DAY_OF_MONTH DAY_OF_WEEK WEEK_OF_YEAR WEEK_OF_YEAR_ISO8601 YEAR_OF_DATE_ISO8601 BYTE_TO_HEX_ENCODE "
    "HEX_TO_BYTE_DECODE CHAR_TO_HEX_ENCODE HEX_TO_CHAR_DECODE CRC32 ADLER32 MD5 SHA1 LEVENSHTEIN_DISTANCE METAPHONE "
    "DOUBLE_METAPHONE ABS REMOVE_TIME_FROM_DATE DATE_DIFF ADD3 INIT_CAP UPPER_CASE LOWER_CASE MASK_XML USE_CDATA "
    "REMOVE_CR REMOVE_LF REMOVE_CRLF REMOVE_TAB GET_ONLY_DIGITS REMOVE_DIGITS STRING_LEN LOAD_FILE_CONTENT_BINARY "
    "ADD_TIME_TO_DATE QUARTER_OF_DATE SUBSTITUTE_VARIABLE UNESCAPE_XML ESCAPE_HTML UNESCAPE_HTML ESCAPE_SQL "
    "DATE_WORKING_DIFF ADD_MONTHS CHECK_XML_FILE_WELL_FORMED CHECK_XML_WELL_FORMED GET_FILE_ENCODING "
    "DAMERAU_LEVENSHTEIN NEEDLEMAN_WUNSH JARO JARO_WINKLER SOUNDEX REFINED_SOUNDEX ADD_HOURS ADD_MINUTES "
    "DATE_DIFF_MSEC DATE_DIFF_SEC DATE_DIFF_MN DATE_DIFF_HR HOUR_OF_DAY MINUTE_OF_HOUR SECOND_OF_MINUTE "
    "ROUND_CUSTOM_1 ROUND_CUSTOM_2 ADD_SECONDS REMAINDER"
)
CODES = _CODES.split()
"""In the order of the numbers that old files hold, from 0."""

_FORMULAS = {
    "A + B": "ADD",
    "A - B": "SUBTRACT",
    "A * B": "MULTIPLY",
    "A / B": "DIVIDE",
    "A * A": "SQUARE",
    "SQRT( A )": "SQUARE_ROOT",
    "100 * A / B": "PERCENT_1",
    "A - ( A * B / 100 )": "PERCENT_2",
    "A + ( A * B / 100 )": "PERCENT_3",
    "A + B * C": "COMBINATION_1",
    "SQRT( A*A + B*B )": "COMBINATION_2",
    "A + B + C": "ADD3",
}


def code_of(text: str) -> str:
    """The code that a file means by a code, by its number, or by the formula that old files hold.

    Raises ValueError when there is none such.
    """
    text = text.strip()
    if text.isdigit() and int(text) < len(CODES):
        return CODES[int(text)]
    folded = text.upper()
    if folded in CALCULATIONS:
        return folded
    if text in _FORMULAS:
        return _FORMULAS[text]
    raise ValueError(f"{text!r} is no calculation")


_BY_TYPE: Mapping[ValueType, str] = {
    ValueType.NUMBER: "ADD SUBTRACT MULTIPLY DIVIDE SQUARE SQUARE_ROOT PERCENT_1 PERCENT_2 PERCENT_3 COMBINATION_1 "
    "COMBINATION_2 ROUND_2 ROUND_STD_2 ROUND_CUSTOM_1 ROUND_CUSTOM_2 ADD3 JARO JARO_WINKLER REMAINDER",
    ValueType.INTEGER: "ROUND_1 ROUND_STD_1 CEIL FLOOR ABS YEAR_OF_DATE MONTH_OF_DATE DAY_OF_YEAR DAY_OF_MONTH "
    "DAY_OF_WEEK WEEK_OF_YEAR WEEK_OF_YEAR_ISO8601 YEAR_OF_DATE_ISO8601 CRC32 ADLER32 LEVENSHTEIN_DISTANCE DATE_DIFF "
    "STRING_LEN QUARTER_OF_DATE DATE_WORKING_DIFF DAMERAU_LEVENSHTEIN NEEDLEMAN_WUNSH DATE_DIFF_MSEC DATE_DIFF_SEC "
    "DATE_DIFF_MN DATE_DIFF_HR HOUR_OF_DAY MINUTE_OF_HOUR SECOND_OF_MINUTE",
    ValueType.DATE: "ADD_DAYS ADD_HOURS ADD_MINUTES ADD_SECONDS ADD_MONTHS REMOVE_TIME_FROM_DATE ADD_TIME_TO_DATE "
    "FIRST_DAY_OF_MONTH LAST_DAY_OF_MONTH",
    ValueType.BOOLEAN: "CHECK_XML_FILE_WELL_FORMED CHECK_XML_WELL_FORMED",
    ValueType.BINARY: "LOAD_FILE_CONTENT_BINARY",
    ValueType.NONE: "- COPY_FIELD NVL",
}
DEFAULT_TYPES = {code: kind for kind, codes in _BY_TYPE.items() for code in codes.split()}
"""Result type by code where the file names none; codes not listed give a String."""


def _constant(call: Call) -> Outcome:
    return call.done(pl.repeat(call.constant, call.rows, dtype=pl.String, eager=True), ValueType.STRING)


def _copy(call: Call) -> Outcome:
    return call.done(call.first().values, call.first().field.type)


def _none(call: Call) -> Outcome:
    return call.done(pl.repeat(None, call.rows, dtype=pl.String, eager=True), ValueType.STRING)


CALCULATIONS: dict[str, Calculation] = {
    "-": _none,
    "CONSTANT": _constant,
    "COPY_FIELD": _copy,
    "ADD": calc_numbers.plus("ADD"),
    "ADD3": calc_numbers.plus("ADD3"),
    "MULTIPLY": calc_numbers.multiply_or_repeat,
    "NVL": calc_numbers.first_not_null,
    **{code: calc_numbers.arithmetic(code) for code in calc_numbers.NUMERIC_CODES},
    "ROUND_2": calc_rounding.round_fixed(places_given=True, mode=calc_rounding.HALF_CEILING),
    "ROUND_STD_1": calc_rounding.round_fixed(places_given=False, mode=4),
    "ROUND_STD_2": calc_rounding.round_fixed(places_given=True, mode=4),
    "ROUND_CUSTOM_1": calc_rounding.round_custom(places_given=False),
    "ROUND_CUSTOM_2": calc_rounding.round_custom(places_given=True),
    **{code: calc_dates.part(code) for code in calc_dates.PARTS},
    "HOUR_OF_DAY": calc_dates.hour_of_day,
    "REMOVE_TIME_FROM_DATE": calc_dates.without_time,
    "DATE_DIFF": calc_dates.difference(calc_dates.DAY),
    "DATE_DIFF_HR": calc_dates.difference(3_600_000),
    "DATE_DIFF_MN": calc_dates.difference(60_000),
    "DATE_DIFF_SEC": calc_dates.difference(1000),
    "DATE_DIFF_MSEC": calc_dates.difference(1),
    "DATE_WORKING_DIFF": calc_dates.working_days,
    "ADD_DAYS": calc_dates.shift("d"),
    "ADD_HOURS": calc_dates.shift("h"),
    "ADD_MINUTES": calc_dates.shift("m"),
    "ADD_SECONDS": calc_dates.shift("s"),
    "ADD_MONTHS": calc_dates.shift("mo"),
    "ADD_TIME_TO_DATE": calc_dates.add_time,
    "FIRST_DAY_OF_MONTH": calc_dates.month_edge(last=False),
    "LAST_DAY_OF_MONTH": calc_dates.month_edge(last=True),
    **TEXT_CALCULATIONS,
    **FILE_CALCULATIONS,
}
