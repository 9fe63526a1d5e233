"""Check digits over many values at once: texts become a matrix of symbol values, and a weighted sum is one product.

Every validator takes a series of texts that already fit the type's pattern and gives which of them are valid.
`stdnum:<module>` calls python-stdnum value by value instead, for what a user adds; it sees a sample only.
"""

import re
from collections.abc import Callable
from importlib import import_module
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from assets.catalog.semantics.spec import SemanticsError

if TYPE_CHECKING:
    import polars as pl

Flags = npt.NDArray[np.bool_]
Symbols = npt.NDArray[np.int64]
Validator = Callable[["pl.Series"], Flags]

_ALPHANUMERIC = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"
_USCC = "0123456789ABCDEFGHJKLMNPQRTUWXY"
_NONE = -1


def validate(name: str, values: "pl.Series") -> Flags:
    """Which values are valid by the named validator.

    Raises:
        SemanticsError: there is no such validator.
    """
    if not len(values):
        return np.zeros(0, dtype=np.bool_)
    if name.startswith("stdnum:"):
        return _by_stdnum(name.removeprefix("stdnum:"), values)
    if name not in VALIDATORS:
        raise SemanticsError(f"there is no validator {name}", f"use one of {', '.join(VALIDATORS)} or stdnum:<module>")
    return VALIDATORS[name](values)


def symbols(values: "pl.Series", width: int, alphabet: str, fill: str = "\0", right: bool = False) -> Symbols:
    """Places in the alphabet, [values, width], -1 where a symbol is not in it.

    Shorter values are filled at the start, or at the end with `right`; longer ones are cut.
    """
    import polars as pl

    v = pl.col("v").str.to_uppercase()
    ascii_only = pl.when(v.str.len_bytes() == v.str.len_chars()).then(v).otherwise(pl.lit("")).str.slice(0, width)
    padded = ascii_only.str.pad_end(width, fill) if right else ascii_only.str.pad_start(width, fill)
    text = "".join(values.alias("v").to_frame().select_seq(padded).to_series().to_list())
    codes = np.frombuffer(text.encode(), dtype=np.uint8).reshape(len(values), width)
    table = np.full(256, _NONE, dtype=np.int64)
    table[np.frombuffer(alphabet.encode(), dtype=np.uint8)] = np.arange(len(alphabet))
    return table[codes]


def _luhn(values: "pl.Series") -> Flags:
    """ISO/IEC 7812: every second digit from the right doubled, digit sums add up to a multiple of 10."""
    digits = symbols(values, 24, "0123456789", fill="0")
    odd, even = digits[:, 1::2], digits[:, 0::2] * 2
    total = odd.sum(1) + (even - 9 * (even > 9)).sum(1)
    return np.asarray((digits >= 0).all(1) & (total % 10 == 0))


def _cn_id_card(values: "pl.Series") -> Flags:
    """GB 11643: MOD 11-2 for 18 places, a real day and a known province; the 15-digit form has no check digit."""
    import polars as pl

    v = pl.col("v")
    day, short_day = v.str.slice(6, 8), pl.lit("19") + v.str.slice(6, 6)
    held = (
        values.alias("v")
        .to_frame()
        .select_seq(
            day.str.to_date("%Y%m%d", strict=False).is_not_null().alias("long"),
            ((v.str.len_bytes() == 15) & short_day.str.to_date("%Y%m%d", strict=False).is_not_null()).alias("short"),
            v.str.slice(0, 2).is_in(list(_PROVINCES)).alias("province"),
        )
    )
    long, short, province = (held.get_column(c).to_numpy() for c in held.columns)
    return np.asarray((_mod11_2(values, 18) & long | short) & province)


_PROVINCES = tuple(
    str(n)
    for low, high in ((11, 15), (21, 23), (31, 37), (41, 46), (50, 54), (61, 65), (71, 71), (81, 83))
    for n in range(low, high + 1)
)


def _mod11_2(values: "pl.Series", width: int) -> Flags:
    """ISO 7064 MOD 11-2 over `width` places; the last may be X for ten."""
    places = symbols(values, width, "0123456789X")
    weights = np.array([pow(2, width - 1 - i, 11) for i in range(width)])
    fits = (values.str.len_bytes() == width).to_numpy() & (places >= 0).all(1) & (places[:, :-1] < 10).all(1)
    return np.asarray(fits & ((places * weights).sum(1) % 11 == 1))


def _orcid(values: "pl.Series") -> Flags:
    return _mod11_2(values.str.extract(r"(\d{4}-\d{4}-\d{4}-\d{3}[\dXx])$").fill_null("").str.replace_all("-", ""), 16)


def _uscc(values: "pl.Series") -> Flags:
    """GB 32100: weights 3^i mod 31 over an alphabet of 31 symbols."""
    places = symbols(values, 18, _USCC)
    weights = np.array([pow(3, i, 31) for i in range(17)])
    check = (31 - (places[:, :17] * weights).sum(1) % 31) % 31
    return np.asarray((places >= 0).all(1) & (check == places[:, 17]))


def _cn_organisation_code(values: "pl.Series") -> Flags:
    """GB 11714: weights 3 7 9 10 5 8 4 2, check 11 minus the rest, X for 10."""
    places = symbols(values.str.replace_all("-", ""), 9, _ALPHANUMERIC)
    check = 11 - (places[:, :8] * np.array([3, 7, 9, 10, 5, 8, 4, 2])).sum(1) % 11
    given = np.where(places[:, 8] == _ALPHANUMERIC.index("X"), 10, places[:, 8])
    return np.asarray((places >= 0).all(1) & (check % 11 == given))


def _mod97(values: "pl.Series") -> Flags:
    """ISO 7064 MOD 97-10: letters count as 10 to 35, the whole number leaves 1."""
    return np.asarray(_rest97(symbols(values, 36, _ALPHANUMERIC, right=True)) == 1)


def _iban(values: "pl.Series") -> Flags:
    """ISO 13616: the first four places behind the rest, then MOD 97-10; lengths of each country from python-stdnum."""
    lengths = dict(_iban_lengths())
    expected = values.str.slice(0, 2).str.to_uppercase().replace_strict(lengths, default=0).cast(int)
    fits = (values.str.len_bytes() == expected).to_numpy()
    return np.asarray(fits & _mod97(values.str.slice(4) + values.str.slice(0, 4)))


def _iban_lengths() -> list[tuple[str, int]]:
    from stdnum import numdb

    found = []
    for _, code, _, properties, _ in numdb.get("iban").prefixes:
        structure = str(properties.get("bban", ""))
        found.append((code, 4 + sum(int(n) for n in re.findall(r"(\d+)!", structure))))
    return found


def _rest97(places: Symbols) -> Symbols:
    rest = np.zeros(len(places), dtype=np.int64)
    for place in places.T:
        longer = np.where(place > 9, rest * 100 + place, rest * 10 + place) % 97
        rest = np.where(place < 0, rest, longer)
    return rest


def _ean(values: "pl.Series") -> Flags:
    """GS1: weights 3 and 1 from the right, sum a multiple of 10."""
    digits = symbols(values, 14, "0123456789", fill="0")
    weights = np.array([3, 1] * 7)
    return np.asarray((digits >= 0).all(1) & ((digits * weights).sum(1) % 10 == 0) & (digits.sum(1) > 0))


def _isbn(values: "pl.Series") -> Flags:
    """ISBN-13 by GS1's weights with prefix 978 or 979, ISBN-10 by weights 10 to 1 modulo 11."""
    thirteen = _ean(values) & values.str.contains(r"^97[89]\d{10}$").to_numpy()
    places = symbols(values, 10, "0123456789X")
    fits = (values.str.len_bytes() == 10).to_numpy() & (places >= 0).all(1) & (places[:, :-1] < 10).all(1)
    return np.asarray(thirteen | (fits & ((places * np.arange(10, 0, -1)).sum(1) % 11 == 0)))


def _issn(values: "pl.Series") -> Flags:
    places = symbols(values.str.replace_all("-", ""), 8, "0123456789X")
    return np.asarray((places >= 0).all(1) & ((places * np.arange(8, 0, -1)).sum(1) % 11 == 0))


def _isin(values: "pl.Series") -> Flags:
    """ISO 6166: letters written as two digits, then Luhn."""
    places = symbols(values, 12, _ALPHANUMERIC)
    known = values.str.slice(0, 2).is_in(_country_codes()).to_numpy()
    digits = ["".join(str(p) for p in row if p >= 0) for row in places]
    import polars as pl

    return np.asarray(known & (places >= 0).all(1) & _luhn(pl.Series(digits)))


def _vin(values: "pl.Series") -> Flags:
    """ISO 3779 with the check digit of North America and China at place nine."""
    places = symbols(values, 17, "0123456789.ABCDEFGH..JKLMN.P.R..STUVWXYZ")
    worth = np.array([*range(10), 0, *range(1, 9), 0, 0, 1, 2, 3, 4, 5, 0, 7, 0, 9, 0, 0, *range(2, 10)])
    total = (worth[places] * np.array([8, 7, 6, 5, 4, 3, 2, 10, 0, 9, 8, 7, 6, 5, 4, 3, 2])).sum(1) % 11
    check = (
        values.str.slice(8, 1).str.to_uppercase().replace_strict({"X": 10} | {str(d): d for d in range(10)}, default=-1)
    )
    return np.asarray((places >= 0).all(1) & (total == check.to_numpy()))


def _hk_id(values: "pl.Series") -> Flags:
    """Weights 9 to 1 modulo 11; a missing first letter counts as 36."""
    bare = values.str.replace_all(r"[()]", "")
    places = symbols(bare, 9, _ALPHANUMERIC)
    places = np.where((places < 0) & (np.arange(9) == 0), 36, places)
    return np.asarray((places >= 0).all(1) & ((places * np.arange(9, 0, -1)).sum(1) % 11 == 0))


def _tw_id(values: "pl.Series") -> Flags:
    """The letter becomes two digits by its place of issue, weights 1 9 8 7 6 5 4 3 2 1 1, multiple of 10."""
    letters = "ABCDEFGHJKLMNPQRSTUVXYWZIO"
    first = symbols(values, 1, letters)[:, 0] + 10
    second = (
        values.str.slice(1, 1).str.to_uppercase().replace_strict({"A": "0", "B": "1", "C": "2", "D": "3"}, default=None)
    )
    rest = symbols(second.fill_null(values.str.slice(1, 1)) + values.str.slice(2), 9, "0123456789")
    total = first // 10 + first % 10 * 9 + (rest * np.array([8, 7, 6, 5, 4, 3, 2, 1, 1])).sum(1)
    return np.asarray((rest >= 0).all(1) & (total % 10 == 0))


def _bic_country(values: "pl.Series") -> Flags:
    return np.asarray(values.str.slice(4, 2).is_in(_country_codes()).to_numpy())


def _country_codes() -> list[str]:
    from assets.catalog.semantics.dictionaries import builtin

    return sorted(code.upper() for code in builtin()["country_codes"] if len(code) == 2)


def _by_stdnum(module: str, values: "pl.Series") -> Flags:
    if not re.fullmatch(r"[a-z][a-z0-9_]*(\.[a-z][a-z0-9_]*)?", module):
        raise SemanticsError(f"stdnum:{module} is not a module of python-stdnum", "write it as stdnum:cn.ric")
    try:
        check: Any = import_module(f"stdnum.{module}")
    except ImportError as error:
        raise SemanticsError(f"python-stdnum has no module {module}", "see its documentation for the names") from error
    return np.fromiter((bool(check.is_valid(v)) for v in values.to_list()), dtype=np.bool_, count=len(values))


VALIDATORS: dict[str, Validator] = {
    "luhn": _luhn,
    "cn_id_card": _cn_id_card,
    "uscc": _uscc,
    "cn_organisation_code": _cn_organisation_code,
    "mod11_2": _orcid,
    "mod97": _mod97,
    "iban": _iban,
    "ean": _ean,
    "isbn": _isbn,
    "issn": _issn,
    "isin": _isin,
    "vin": _vin,
    "hk_id": _hk_id,
    "tw_id": _tw_id,
    "bic_country": _bic_country,
}
