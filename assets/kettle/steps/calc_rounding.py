"""Rounding calculations: on the decimal digits that Java prints for a Number, not on its binary value."""

from decimal import ROUND_HALF_DOWN, ROUND_HALF_UP, Decimal

import numpy as np
import polars as pl

from assets.kettle.steps.calc_operands import Calculation, Call, Outcome
from assets.kettle.text.columns import mapped_rows
from assets.kettle.values.fields import ValueType
from assets.kettle.values.java_numbers import ROUNDINGS, decimal_long, double_decimal, plain, set_scale

HALF_CEILING = -1
_MODES = [*ROUNDINGS.values()]
_HALVES = (HALF_CEILING, 4, 5, 6)  # half towards +infinity, up, down, even


def round_decimal(value: Decimal, places: int, mode: int) -> Decimal:
    """BigDecimal.setScale with Java's mode numbers; -1 is Kettle's own: half towards plus infinity.

    Raises ValueError for another mode, and for mode 7 (no rounding allowed) where digits would be lost.
    """
    if mode == HALF_CEILING:
        return set_scale(value, places, ROUND_HALF_DOWN if value < 0 else ROUND_HALF_UP)
    if mode == len(_MODES):
        exact = set_scale(value, places, ROUND_HALF_UP)
        if exact != value:
            raise ValueError("Rounding necessary")
        return exact
    if not 0 <= mode < len(_MODES):
        raise ValueError(f"Invalid rounding mode {mode}")
    return set_scale(value, places, _MODES[mode])


def _round_double(value: float, places: int, mode: int) -> float:
    if not np.isfinite(value):
        return value
    return float(round_decimal(double_decimal(value), places, mode)) + 0.0


def _round_long(value: int, places: int, mode: int) -> int:
    return value if places >= 0 else decimal_long(round_decimal(Decimal(value), places, mode))


def round_numbers(values: pl.Series, places: int, mode: int) -> tuple[pl.Series, dict[int, str]]:
    """A Number column rounded to one number of places: vectorised but for values near a half and very large ones."""
    if mode not in _HALVES or not 0 <= places <= 9:
        return _exact_numbers(values, pl.repeat(places, values.len(), eager=True), mode)
    data = values.fill_null(0.0).to_numpy()
    with np.errstate(invalid="ignore", over="ignore"):
        scaled = data * 10.0**places
        floor = np.floor(scaled)
        rest = scaled - floor
        plain_case = (np.abs(scaled) < 2.0**43) & (np.abs(rest - 0.5) > 1e-3)
        fast = np.where(rest > 0.5, floor + 1, floor) / 10.0**places + 0.0
    result = pl.Series(values.name, fast)
    reasons: dict[int, str] = {}
    slow = np.flatnonzero(~plain_case)
    if slow.size:
        rows = pl.Series(slow)
        exact, failed = _exact_numbers(values.gather(rows), pl.repeat(places, rows.len(), eager=True), mode)
        result = result.scatter(rows, exact)
        reasons = {int(slow[i]): reason for i, reason in failed.items()}
    return result.set(values.is_null(), None), reasons


def _exact_numbers(values: pl.Series, places: pl.Series, mode: int) -> tuple[pl.Series, dict[int, str]]:
    return mapped_rows([values, places], lambda v, p: _round_double(v, p, mode), pl.Float64())


def _rounded(call: Call, places: pl.Series, mode: int) -> Outcome:
    a = call.first()
    kind = a.field.type
    if kind is ValueType.NUMBER:
        single = places.n_unique() == 1 and places[0] is not None
        values, reasons = (
            round_numbers(a.values, int(places[0]), mode) if single else _exact_numbers(a.values, places, mode)
        )
    elif kind is ValueType.INTEGER:
        values, reasons = mapped_rows([a.values, places], lambda v, p: _round_long(v, p, mode), pl.Int64())
    elif kind is ValueType.BIGNUMBER:
        values, reasons = mapped_rows(
            [a.values, places], lambda v, p: plain(round_decimal(Decimal(v), p, mode)), pl.String()
        )
    else:
        return call.nothing(call.target, "the 'round' function only works on numeric data", [a])
    call.reasons |= reasons
    return call.done(values, kind)


def round_fixed(*, places_given: bool, mode: int) -> Calculation:
    """Rounding in one mode, to no places or to those of B."""

    def calculate(call: Call) -> Outcome:
        if places_given:
            (places,) = call.all_as(ValueType.INTEGER, call.second())
        else:
            places = pl.repeat(0, call.rows, dtype=pl.Int64, eager=True)
        return _rounded(call, places, mode)

    return calculate


def round_custom(*, places_given: bool) -> Calculation:
    """Rounding in the mode whose number B gives (or C, when B gives the places); a null mode fails the row."""

    def calculate(call: Call) -> Outcome:
        holder = call.third() if places_given else call.second()
        (numbers,) = call.all_as(ValueType.NUMBER, holder)
        call.fail_where(numbers.is_null(), "the rounding mode is null")
        modes = numbers.fill_null(0.0).cast(pl.Int64, strict=False)
        outcome: pl.Series | None = None
        for mode in modes.unique().to_list():
            part = round_fixed(places_given=places_given, mode=mode)(
                Call(call.run, call.rows, call.target, a=call.a, b=call.b)
            )
            chosen = modes == mode
            call.reasons |= {row: reason for row, reason in part.reasons.items() if chosen[row]}
            outcome = part.values if outcome is None else part.values.zip_with(chosen, outcome)
        if outcome is None:
            outcome = call.first().values.clear()
        return call.done(outcome, call.first().field.type)

    return calculate
