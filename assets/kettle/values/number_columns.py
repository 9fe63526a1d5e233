"""Whole columns of numbers to text and back, for the values whose text needs no exact arithmetic.

Every function also returns which rows it could settle; the caller converts the others one by one.
"""

import re

import polars as pl

from assets.kettle.values.fields import ValueType
from assets.kettle.values.number_pattern import MINUS, NumberPattern, Symbols
from assets.kettle.values.plain_texts import made_of
from assets.kettle.values.printed_doubles import printed

_SAFE = 2.0**46  # up to here the scaled value carries enough bits to see which way it rounds
_MOST_FRACTION = 18  # digits of an Int64

Settled = tuple[pl.Series, pl.Series]
"""A column, and a Boolean column: the rows that are right (null input counts as right)."""


def texts(column: pl.Series, pattern: NumberPattern, symbols: Symbols) -> Settled | None:
    """The texts of a Float64, Int64 or String (BigNumber) column; None for a mask with an exponent."""
    if pattern.exponent_digits:
        return None
    if column.dtype == pl.Float64 and _as_shortest(pattern, symbols):
        return _shortest_texts(column, pattern, symbols)
    return _split_texts(column, pattern, symbols)


def _as_shortest(pattern: NumberPattern, symbols: Symbols) -> bool:
    """Whether a value whose shortest digits fit the mask is printed by just them, as with the default mask."""
    plain = pattern.affixes(symbols) == ("", "", MINUS, "") and symbols.decimal == "." and not pattern.currency
    digits = (pattern.min_int, pattern.min_frac, pattern.multiplier, pattern.group)
    return plain and digits == (1, 1, 1, 0)


def printed_doubles(column: pl.Series, pattern: NumberPattern, symbols: Symbols) -> pl.Series | None:
    """A Float64 column whose shortest digits are the texts of this one; None where that is not sure for all rows."""
    if pattern.exponent_digits or not _as_shortest(pattern, symbols):
        return None
    values, settled = _as_printed(column, pattern)
    return values if settled.all() else None


def _as_printed(column: pl.Series, pattern: NumberPattern) -> Settled:
    places = min(pattern.max_frac, _MOST_FRACTION)
    values, settled = printed(column, places)
    if pattern.max_frac > places:
        settled &= (values == column).fill_null(value=True)
    return values, settled


def _shortest_texts(column: pl.Series, pattern: NumberPattern, symbols: Symbols) -> Settled:
    """Most values by their shortest digits; only the others are taken apart."""
    values, sure = _as_printed(column, pattern)
    text = values.cast(pl.String)
    if sure.all():
        return text, sure
    rows = (~sure).arg_true()
    rest = column.gather(rows)
    found, settled = _rounded_shortest(rest.cast(pl.String), min(pattern.max_frac, _MOST_FRACTION))
    if not settled.all():
        split = _split_texts(rest, pattern, symbols)
        if split is not None:
            found, settled = found.zip_with(settled, split[0]), settled | split[1]
    return text.scatter(rows, found).alias(column.name), sure.scatter(rows, settled)


def _rounded_shortest(text: pl.Series, places: int) -> Settled:
    """Shortest digits rounded to so many decimals, as long as they are no tie: then the exact value rounds alike."""
    frame = pl.DataFrame({"t": text})
    value = pl.col("t").str.strip_chars_start(MINUS)
    parts = value.str.split_exact(".", 1).struct
    whole, fraction = parts.field("field_0"), parts.field("field_1")
    kept, behind = fraction.str.slice(0, places), fraction.str.slice(places)
    number = kept.str.pad_end(places, "0").cast(pl.Int64, strict=False) + (behind >= "5").cast(pl.Int64)
    carry = number >= 10**places
    digits = _zero_filled(pl.when(carry).then(number - 10**places).otherwise(number), places).str.strip_chars_end("0")
    rounded = pl.concat_str(
        pl.when(pl.col("t").str.starts_with(MINUS)).then(pl.lit(MINUS)).otherwise(pl.lit("")),
        (whole.cast(pl.Int64, strict=False) + carry.cast(pl.Int64)).cast(pl.String),
        pl.lit("."),
        pl.when(digits == "").then(pl.lit("0")).otherwise(digits),
    )
    settled = pl.col("t").str.contains(r"^-?[0-9]{1,17}\.[0-9]+$") & (behind != "5")
    found = frame.select(rounded.alias("text"), settled.fill_null(value=False).alias("ok"))
    return found["text"], found["ok"]


def _split_texts(column: pl.Series, pattern: NumberPattern, symbols: Symbols) -> Settled | None:
    frame = pl.DataFrame({"x": column})
    if column.dtype == pl.Float64:
        whole, fraction, negative, settled = _split_double(pattern)
    elif column.dtype == pl.Int64:
        whole, fraction, negative, settled = _split_long(pattern)
    elif pattern.multiplier == 1:
        whole, fraction, negative, settled = _split_text(pattern)
    else:
        return None
    parts = frame.select(
        whole.alias("whole"), fraction.alias("fraction"), negative.alias("negative"), settled.alias("ok")
    )
    text = parts.select(_assembled(parts, pattern, symbols)).to_series().alias(column.name)
    return text, parts["ok"] | column.is_null()


_Split = tuple[pl.Expr, pl.Expr, pl.Expr, pl.Expr]
_X = pl.col("x")


def _split_double(pattern: NumberPattern) -> _Split:
    """Digits before and behind the point, the sign, and whether the rounding is certain."""
    places = min(pattern.max_frac, _MOST_FRACTION)
    value = (_X * pattern.multiplier).abs()
    negative = (_X < 0) | ((_X == 0) & (1.0 / _X < 0))
    whole = value.floor()
    scaled = (value - whole) * 10.0**places
    low = scaled.floor()
    # how far the computed fraction may be off, in units of the last place
    doubt = (value + 1.0) * (10.0**places * 4.5e-16) + 1e-9
    above = scaled - low
    certain = (value * 10.0**places < _SAFE) & ((above - 0.5).abs() > doubt) & (pattern.max_frac <= _MOST_FRACTION)
    number = (low + (above > 0.5).cast(pl.Float64)).cast(pl.Int64, strict=False)
    carry = number >= 10**places
    whole_number = whole.cast(pl.Int64, strict=False) + carry.cast(pl.Int64)
    computed_fraction = pl.when(carry).then(pl.lit("")).otherwise(_zero_filled(number, places).str.strip_chars_end("0"))
    if places == 0:
        return whole_number.cast(pl.String), pl.lit(""), negative, certain.fill_null(value=False)
    # beyond that the shortest digits serve where they already fit the mask
    shortest = value.cast(pl.String)
    fits = shortest.str.contains(rf"^[0-9]+\.[0-9]{{1,{places}}}$")
    digits = shortest.str.split_exact(".", 1).struct
    whole_text = pl.when(fits).then(digits.field("field_0")).otherwise(whole_number.cast(pl.String))
    fraction = pl.when(fits).then(digits.field("field_1").str.strip_chars_end("0")).otherwise(computed_fraction)
    return whole_text, fraction, negative, (fits | certain).fill_null(value=False)


def _split_long(pattern: NumberPattern) -> _Split:
    limit = (2**63 - 1) // pattern.multiplier
    settled = _X.is_between(-limit, limit)
    value = pl.when(settled).then(_X).otherwise(0) * pattern.multiplier
    return value.abs().cast(pl.String), pl.lit(""), _X < 0, settled.fill_null(value=False)


def _split_text(pattern: NumberPattern) -> _Split:
    """A BigNumber's own digits, where the mask rounds none of them away."""
    most = min(pattern.max_frac, 1000)
    settled = _X.str.contains(rf"^-?[0-9]+(\.[0-9]{{0,{most}}})?$")
    digits = _X.str.strip_chars_start(MINUS).str.split_exact(".", 1).struct
    whole = digits.field("field_0").str.strip_chars_start("0")
    fraction = digits.field("field_1").fill_null("").str.strip_chars_end("0")
    negative = _X.str.starts_with(MINUS) & ((whole != "") | (fraction != ""))
    return pl.when(whole == "").then(pl.lit("0")).otherwise(whole), fraction, negative, settled.fill_null(value=False)


def _zero_filled(number: pl.Expr, places: int) -> pl.Expr:
    return (
        (number + 10**places).cast(pl.String).str.slice(1)
        if places < _MOST_FRACTION
        else number.cast(pl.String).str.zfill(places)
    )


def _assembled(parts: pl.DataFrame, pattern: NumberPattern, symbols: Symbols) -> pl.Expr:
    """Padding, grouping, decimal symbol and affixes around the digits."""
    whole, fraction = pl.col("whole"), pl.col("fraction")
    if pattern.min_int == 0:
        whole = pl.when(whole == "0").then(pl.lit("")).otherwise(whole)
    elif pattern.min_int > 1:
        whole = whole.str.zfill(pattern.min_int)
    if pattern.group:
        longest = parts["whole"].str.len_bytes().max()
        digits = max(longest if isinstance(longest, int) else 0, pattern.min_int)
        whole = _grouped(whole, digits, pattern.group, symbols.grouping)
    if pattern.min_frac:
        fraction = fraction.str.pad_end(pattern.min_frac, "0")
    if pattern.min_int == 0:
        whole = pl.when((whole == "") & (fraction == "")).then(pl.lit("0")).otherwise(whole)
    point = pl.lit(symbols.monetary if pattern.currency else symbols.decimal)
    if pattern.point_always or pattern.min_frac:
        body = pl.concat_str(whole, point, fraction)
    elif pattern.max_frac == 0:
        body = whole
    else:
        body = pl.when(fraction == "").then(whole).otherwise(pl.concat_str(whole, point, fraction))
    prefix, suffix, negative_prefix, negative_suffix = pattern.affixes(symbols)
    negative = pl.concat_str(pl.lit(negative_prefix), body, pl.lit(negative_suffix))
    positive = pl.concat_str(pl.lit(prefix), body, pl.lit(suffix)) if prefix or suffix else body
    return pl.when(pl.col("negative")).then(negative).otherwise(positive)


def _grouped(whole: pl.Expr, digits: int, size: int, mark: str) -> pl.Expr:
    """Digits in groups from the right; `digits` is the most there are."""
    length = whole.str.len_bytes().cast(pl.Int64)
    grouped = whole
    for groups in range(1, (digits - 1) // size + 1):
        head = whole.str.head(length - groups * size)
        tail = [whole.str.slice(length - g * size, size) for g in range(groups, 0, -1)]
        grouped = pl.when(length > groups * size).then(pl.concat_str(head, *tail, separator=mark)).otherwise(grouped)
    return grouped


def reads_plainly(pattern: NumberPattern, symbols: Symbols) -> bool:
    """Whether digits behind at most a minus sign are just the number that they spell."""
    plain = pattern.multiplier == 1 and pattern.affixes(symbols) == ("", "", MINUS, "")
    return plain and not pattern.currency and symbols.decimal != MINUS


def numbers(column: pl.Series, kind: ValueType, pattern: NumberPattern, symbols: Symbols) -> Settled | None:
    """The numbers of plain texts (sign, digits, regular grouping, fraction); None for masks with affixes or %."""
    if not reads_plainly(pattern, symbols):
        return None
    decimal, grouping = re.escape(symbols.decimal), re.escape(symbols.grouping)
    grouped = (
        rf"[0-9]{{1,3}}(?:{grouping}[0-9]{{3}})+|" if pattern.group and symbols.grouping != symbols.decimal else ""
    )
    quick = _plain_numbers(column, kind) if symbols.decimal == "." else None
    if quick is not None:
        return quick, pl.Series([True]).new_from_index(0, column.len())
    settled = column.str.contains(rf"^-?(?:{grouped}[0-9]+)(?:{decimal}[0-9]+)?$")
    text = column
    if grouped:
        text = text.str.replace_all(symbols.grouping, "", literal=True)
    if symbols.decimal != ".":
        text = text.str.replace(symbols.decimal, ".", literal=True)
    values, sure = _NUMBERS[kind](text)
    return values.alias(column.name), (settled & sure).fill_null(value=False) | column.is_null()


def _plain_numbers(column: pl.Series, kind: ValueType) -> pl.Series | None:
    """The numbers of texts of digits, points and minus signs alone: what polars can read of these, Java reads alike.

    None where one text has another character or cannot be read.
    """
    plain = _PLAIN.get(kind)
    if plain is None:
        return None
    dtype, characters = plain
    values = column.cast(dtype, strict=False)
    return values if values.null_count() == column.null_count() and made_of(column, characters) else None


_PLAIN: dict[ValueType, tuple[pl.DataType, bytes]] = {
    ValueType.NUMBER: (pl.Float64(), b"0123456789.-"),
    ValueType.INTEGER: (pl.Int64(), b"0123456789-"),
}


def _doubles(text: pl.Series) -> Settled:
    values = text.cast(pl.Float64, strict=False)
    return values, values.is_not_null()


def _longs(text: pl.Series) -> Settled:
    """Whole numbers; a fraction is cut off by way of the double, as Java does."""
    values = text.cast(pl.Int64, strict=False)
    if values.null_count() > text.null_count():
        cut = text.cast(pl.Float64, strict=False)
        small = cut.is_between(-1e15, 1e15)
        values = pl.select(pl.coalesce(values, pl.when(small).then(cut).cast(pl.Int64))).to_series()
    return values, values.is_not_null()


def _big_numbers(text: pl.Series) -> Settled:
    """Canonical digits stand for themselves (no leading zeros, no negative zero)."""
    canonical = text.str.contains(r"^-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?$") & ~text.str.contains(r"^-0(?:\.0*)?$")
    return text, canonical


_NUMBERS = {ValueType.NUMBER: _doubles, ValueType.INTEGER: _longs, ValueType.BIGNUMBER: _big_numbers}
