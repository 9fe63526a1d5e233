"""Date masks: the texts Java's SimpleDateFormat prints and reads."""

import random
from datetime import UTC, datetime

import polars as pl
import pytest

from assets.kettle.values.date_exact import format_date, parse_date
from assets.kettle.values.date_pattern import compile_date_mask
from assets.kettle.values.masks_date import format_dates, parse_dates, settings

LEAP_DAY = 1_709_212_455_167  # 2024-02-29 13:14:15.167
NEW_YEARS_EVE = 1_703_980_800_000  # 2023-12-31
PLAIN = settings(None, None)


def text(epoch: int, mask: str, locale: str | None = None, zone: str | None = None) -> str:
    return format_date(epoch, compile_date_mask(mask), settings(locale, zone))


@pytest.mark.parametrize(
    ("mask", "leap_day", "eve"),
    [
        ("yyyy/MM/dd HH:mm:ss.SSS", "2024/02/29 13:14:15.167", "2023/12/31 00:00:00.000"),
        ("dd-MMM-yy", "29-Feb-24", "31-Dec-23"),
        ("EEE, d MMM yyyy", "Thu, 29 Feb 2024", "Sun, 31 Dec 2023"),
        ("yyyy-MM-dd'T'HH:mm", "2024-02-29T13:14", "2023-12-31T00:00"),
        ("hh:mm a", "01:14 PM", "12:00 AM"),
        ("w W D F u k K", "9 5 60 5 4 13 1", "1 6 365 5 7 24 0"),
        ("z Z X", "UTC +0000 Z", "UTC +0000 Z"),
        ("G YYYY-ww", "AD 2024-09", "AD 2024-01"),
        ("M MMMM S", "2 February 167", "12 December 0"),
        ("yyyy''MM", "2024'02", "2023'12"),
    ],
)
def test_prints_as_java(mask: str, leap_day: str, eve: str) -> None:
    assert text(LEAP_DAY, mask) == leap_day
    assert text(NEW_YEARS_EVE, mask) == eve


def test_locales_and_zones() -> None:
    assert text(LEAP_DAY, "EEEE d. MMMM", "de_DE") == "Donnerstag 29. Februar"
    assert text(LEAP_DAY, "EEE d MMM", "fr_FR") == "jeu. 29 févr."
    assert text(LEAP_DAY, "MMMM a", "zh_CN") == "\u4e8c\u6708 \u4e0b\u5348"
    assert text(LEAP_DAY, "HH:mm z Z XXX", None, "Europe/Berlin") == "14:14 CET +0100 +01:00"
    assert text(NEW_YEARS_EVE, "w", "de_DE") == "52"


def test_masks_java_refuses() -> None:
    for mask in ("yyyy-bb", "'open", "XXXX"):
        with pytest.raises(ValueError, match="date mask"):
            compile_date_mask(mask)


def read(texts: list[str | None], mask: str, *, lenient: bool = False) -> tuple[list[str | None], set[int]]:
    values, reasons = parse_dates(pl.Series(texts, dtype=pl.String), mask, settings(None, None, lenient=lenient))
    return values.dt.strftime("%Y-%m-%d").to_list(), set(reasons)


def test_strict_reading() -> None:
    texts = ["2024/02/29", "2024/02/30", "24/2/9", "2024/13/01", "2024/02/29x", "", None, "2024-02-29", "0001/01/01"]
    values, failed = read(texts, "yyyy/MM/dd")
    assert values == ["2024-02-29", None, "0024-02-09", None, "2024-02-29", None, None, None, "0001-01-01"]
    assert failed == {1, 3, 7}


def test_lenient_reading() -> None:
    values, failed = read(["2024/02/30", "2024/13/01", "02/29/2024"], "yyyy/MM/dd", lenient=True)
    assert values == ["2024-03-01", "2025-01-01", "0009-11-14"]
    assert failed == set()


def test_everything_the_mask_names_is_needed() -> None:
    assert read(["2024/02/29"], "yyyy/MM/dd HH:mm:ss.SSS") == ([None], {0})


def test_two_digit_years_lie_between_80_years_ago_and_in_20_years() -> None:
    near, far = datetime.now(UTC).year + 10, datetime.now(UTC).year + 30
    values, _ = read([f"{near % 100:02d}/06/15", f"{far % 100:02d}/06/15", "2024/06/15"], "yy/MM/dd")
    assert values == [f"{near}-06-15", f"{far - 100}-06-15", "2024-06-15"]


def test_fields_without_anything_between() -> None:
    assert read(["20240229"], "yyyyMMdd") == (["2024-02-29"], set())
    assert read(["2024022", "202402"], "yyyyMMdd") == (["2024-02-02", None], {1})


@pytest.mark.parametrize(
    ("item", "mask", "expected"),
    [
        ("29 february 2024", "dd MMM yyyy", "2024-02-29"),
        ("Thu 29 Feb 2024", "EEE dd MMM yyyy", "2024-02-29"),
        ("2024 060", "yyyy DDD", "2024-02-29"),
        ("2024-W09-4", "YYYY-'W'ww-u", "2024-02-29"),
        ("02/2024", "MM/yyyy", "2024-02-01"),
        ("2024-02-29 01:30 +0200", "yyyy-MM-dd HH:mm Z", "2024-02-28"),
        ("2024-02-29T23:30Z", "yyyy-MM-dd'T'HH:mmX", "2024-02-29"),
        ("2024-02-29 22:00 EST", "yyyy-MM-dd HH:mm z", "2024-03-01"),
    ],
)
def test_reads_other_fields(item: str, mask: str, expected: str) -> None:
    assert read([item], mask) == ([expected], set())


def test_a_wrong_weekday_is_refused() -> None:
    assert read(["Fri 29 Feb 2024"], "EEE dd MMM yyyy") == ([None], {0})


def test_half_days() -> None:
    twelve = parse_date("2024-02-29 12:30 AM", compile_date_mask("yyyy-MM-dd hh:mm a"), PLAIN)
    assert text(twelve, "HH:mm") == "00:30"


COLUMN_MASKS = ["yyyy/MM/dd HH:mm:ss.SSS", "yyyyMMdd", "d.M.yy H:mm", "dd-MMM-yyyy hh:mm a", "EEEE d MMMM yyyy", "D w"]


@pytest.mark.parametrize("mask", COLUMN_MASKS)
@pytest.mark.parametrize(("locale", "zone"), [(None, None), ("de_DE", "Europe/Berlin"), ("en_US", "America/New_York")])
def test_whole_columns_agree_with_single_values(mask: str, locale: str | None, zone: str | None) -> None:
    source = random.Random(5)
    epochs = [source.randint(-(2 * 10**12), 4 * 10**12) for _ in range(300)]
    epochs += [1_711_846_800_000 + i * 1_800_000 for i in range(-4, 5)]  # around a change of clocks
    epochs += [1_729_990_800_000 + i * 1_800_000 for i in range(-4, 5)]
    epochs += [-62_135_596_800_000, 300 * 10**12, 2**63 - 1]
    how, items = settings(locale, zone), compile_date_mask(mask)
    texts = format_dates(pl.Series("d", epochs).cast(pl.Datetime("ms")), mask, how)
    assert texts.to_list() == [format_date(epoch, items, how) for epoch in epochs]
    values, reasons = parse_dates(texts, mask, how)
    for row, (item, value) in enumerate(zip(texts, values.cast(pl.Int64), strict=True)):
        if row in reasons:
            with pytest.raises(ValueError):
                parse_date(item, items, how)
        else:
            assert value == parse_date(item, items, how)


@pytest.mark.parametrize("mask", ["d/M/yyyy", "dd-MMM-yy", "yyMMdd", "M/d/yy h:mm a", "MM/dd/yyyy H:m:s", "yyyyMMMdd"])
@pytest.mark.parametrize("lenient", [False, True])
def test_whole_columns_read_odd_texts_as_single_texts_are_read(mask: str, lenient: bool) -> None:
    source, items, how = random.Random(7), compile_date_mask(mask), settings(None, None, lenient=lenient)
    texts = []
    for _ in range(300):
        parts = []
        for item in items:
            if item.letter == "a":
                parts.append(source.choice(["AM", "pm", "x"]))
            elif item.letter == "M" and item.count == 3:
                parts.append(source.choice(["Jan", "FEB", "mar", "December", "Sept"]))
            elif item.letter:
                top = {"y": 2100, "M": 13, "d": 32, "H": 25, "h": 13}.get(item.letter, 61)
                parts.append(str(source.randint(0, top))[-max(item.count, 2) :].zfill(source.choice([1, item.count])))
            else:
                parts.append(item.literal)
        texts.append("".join(parts) + source.choice(["", "", "", " ", "x", "0"]))
    values, reasons = parse_dates(pl.Series("t", texts), mask, how)
    for row, (item_text, value) in enumerate(zip(texts, values.cast(pl.Int64), strict=True)):
        if row in reasons:
            with pytest.raises(ValueError):
                parse_date(item_text, items, how)
        else:
            assert value == parse_date(item_text, items, how), item_text


@pytest.mark.parametrize("mask", ["yyyy/MM/dd", "EEE dd.MM.yy", "D 'of' yyyy"])
def test_many_dates_print_as_few_do(mask: str) -> None:
    how = settings(None, None)
    moments = pl.Series([None, *range(-40_000_000_000, 40_000_000_000, 3_600_000)], dtype=pl.Int64)
    column = moments.cast(pl.Datetime("ms"))
    few = pl.concat(
        [format_dates(part, mask, how) for part in (column[:10_000], column[10_000:20_000], column[20_000:])]
    )
    assert column.len() > 20_000 and format_dates(column, mask, how).to_list() == few.to_list()
