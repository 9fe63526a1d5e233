"""Methods: deterministic, the form kept, back only with the key, tampering told, unlinkable across domains."""

import datetime as dt
import hashlib
import hmac
import random
import re
import statistics

import polars as pl
import pytest
from fastfpe import ff1
from hypothesis import given, settings
from hypothesis import strategies as st

from assets.catalog.tags.flow import Link
from assets.catalog.tags.ways import masked
from assets.security.protect.base import Scope
from assets.security.protect.checkdigits import CHECKS
from assets.security.protect.errors import ProtectionError
from assets.security.protect.keys import Keyring
from assets.security.protect.methods.encrypt import encrypted
from assets.security.protect.methods.hash import kettle_key
from assets.security.protect.registry import method, names
from core.errors import SettingsError
from tests.assets.security.sensitive import made

OLD, NEW = b"0123456789abcdefghijklmnopqrstuv", b"vutsrqponmlkjihgfedcba9876543210"
RING = Keyring({"k1": OLD})
TEXTS = st.lists(st.none() | st.text(min_size=1, max_size=30), min_size=1, max_size=8)
KEYED = [("hash", {}), ("hash", {"algorithm": "blake2b"}), ("hash", {"algorithm": "kettle"})]
KEYED += [("encrypt", {"equal": True})]
MOBILES = st.lists(st.from_regex(r"1[3-9][0-9]{9}", fullmatch=True), min_size=1, max_size=5)


def scope(domain: str = "d", purpose: str = "p", class_: str = "", ring: Keyring = RING) -> Scope:
    return Scope(purpose, domain, class_, ring)


def done(name: str, values: list[object], at: Scope | None = None, **given_: object) -> list[object]:
    how = method(name)
    params = how.params.read(given_, "test")
    return how.protect(pl.Series("c", values, strict=False), params, at or scope()).to_list()


def back(name: str, values: list[object], at: Scope | None = None, **given_: object) -> list[object]:
    how = method(name)
    return how.reverse(pl.Series("c", values), how.params.read(given_, "test"), at or scope()).to_list()


@pytest.mark.parametrize(("name", "params"), KEYED)
@given(values=TEXTS)
@settings(max_examples=20, deadline=None)
def test_equal_values_come_out_equal_in_a_domain_and_unlike_in_others(
    name: str, params: dict[str, object], values: list[str | None]
) -> None:
    first = done(name, values, **params)
    assert first == done(name, values, **params)
    assert [v is None for v in first] == [v is None for v in values]
    assert len(set(first)) == len(set(values))
    for other in (scope("other"), scope(purpose="other"), scope(ring=Keyring({"k1": NEW}))):
        assert not {v for v in first if v} & {v for v in done(name, values, other, **params) if v}


def test_labels_of_keys_are_not_run_together() -> None:
    assert RING.derive("ab", "c") != RING.derive("a", "bc") != RING.derive("abc")


def test_digests_are_what_others_compute() -> None:
    key = kettle_key(scope())
    assert done("hash", ["13800138000"], algorithm="kettle") == [
        hashlib.sha256(f"{key}13800138000".encode()).hexdigest()
    ]

    assert done("hash", ["x"]) == [hmac.new(scope().key("hash hmac"), b"x", "sha256").hexdigest()]
    assert done("hash", [17, None]) == done("hash", ["17", None])
    assert done("hash", [2.0]) == done("hash", ["2"])


@given(values=TEXTS)
@settings(max_examples=20, deadline=None)
def test_encrypted_values_come_back_with_the_key_alone(values: list[str | None]) -> None:
    texts = done("encrypt", values)
    assert back("encrypt", texts) == values
    there = [t for t in texts if t]
    assert len(set(there)) == len(there)  # also of equal values
    if there:
        with pytest.raises(ProtectionError, match="another one"):
            back("encrypt", texts, scope(ring=Keyring({"k1": NEW})))
        with pytest.raises(SettingsError, match="no key 'k1'"):
            back("encrypt", texts, scope(ring=Keyring({"k2": NEW})))


def test_any_changed_sign_is_told() -> None:
    (text,) = encrypted(["110101199003071234"], scope())
    parts = text.split(".")
    moved = [".".join([*parts[:3], "elsewhere", parts[4]]), ".".join([*parts[:2], "elsewhere", *parts[3:]])]
    moved += [".".join(["hdl1e", *parts[1:]]), text[:-4], "hdl1.k1.p.d.", "hdl1.k1.p.d.****", "nothing"]
    start = len(text) - len(parts[4])
    moved += [text[:n] + ("A" if text[n] != "A" else "B") + text[n + 1 :] for n in range(start, len(text) - 4)]
    for wrong in moved:
        with pytest.raises(ProtectionError) as told:
            back("encrypt", [wrong])
        assert "110101" not in str(told.value)


def test_a_new_key_opens_what_the_old_one_closed() -> None:
    texts = done("encrypt", ["a", "b"])
    both = scope(ring=Keyring({"k2": NEW, "k1": OLD}))
    assert back("encrypt", texts, both) == ["a", "b"]
    assert all(str(t).startswith("hdl1.k2.") for t in done("encrypt", ["a"], both))


NIST = [  # https://csrc.nist.gov/projects/cryptographic-standards-and-guidelines/example-values, FF1 samples 1 to 9
    (32, "", "0123456789", "2433477484"),
    (32, "39383736353433323130", "0123456789", "6124200773"),
    (32, "3737373770717273373737", "0123456789abcdefghi", "a9tv40mll9kdu509eum"),
    (48, "", "0123456789", "2830668132"),
    (48, "39383736353433323130", "0123456789", "2496655549"),
    (48, "3737373770717273373737", "0123456789abcdefghi", "xbj3kv35jrawxv32ysr"),
    (64, "", "0123456789", "6657667009"),
    (64, "39383736353433323130", "0123456789", "1001623463"),
    (64, "3737373770717273373737", "0123456789abcdefghi", "xs8a0azh2avyalyzuwd"),
]
NIST_KEY = "2B7E151628AED2A6ABF7158809CF4F3CEF4359D8D580AA4F7F036D6F04FC6A94"


@pytest.mark.parametrize(("digits", "tweak", "plain", "cipher"), NIST)
def test_ff1_gives_the_samples_of_nist(digits: int, tweak: str, plain: str, cipher: str) -> None:
    alphabet = "0123456789" if plain.isdigit() else "0123456789abcdefghijklmnopqrstuvwxyz"
    assert ff1.encrypt(NIST_KEY[:digits], tweak, alphabet, plain) == cipher
    assert ff1.decrypt(NIST_KEY[:digits], tweak, alphabet, cipher) == plain


@given(values=MOBILES)
@settings(max_examples=20, deadline=None)
def test_fpe_keeps_the_form_and_comes_back(values: list[str]) -> None:
    at = scope("mobile", class_="mobile")
    out = done("fpe", values, at)
    assert all(re.fullmatch(r"1[3-9][0-9]{9}", str(v)) for v in out)
    assert [str(v)[:3] for v in out] == [v[:3] for v in values]
    assert len(set(out)) == len(set(values))
    assert back("fpe", out, at) == values
    assert back("fpe", out, scope("mobile", class_="mobile", ring=Keyring({"k1": NEW}))) != values


def test_fpe_keeps_check_digits_right_or_wrong_and_signs_between() -> None:
    r = random.Random(4)
    cards = [made.id_card(r) for _ in range(200)]
    wrong = [card[:-1] + ("1" if card[-1] != "1" else "2") for card in cards]
    at = scope("id_card", class_="id_card")
    check = CHECKS["id_card"]
    out = [str(v) for v in done("fpe", cards + wrong, at)]
    assert back("fpe", out, at) == cards + wrong
    assert [check.right(v[:17]) == check.value(v[17]) for v in out] == [True] * 200 + [False] * 200
    bank = scope("bank_card", class_="bank_card")
    (spaced,) = done("fpe", ["6222 0212 3456 7890 128"], bank)
    assert re.fullmatch(r"6222 02\d\d \d{4} \d{4} \d{3}", str(spaced)) and back("fpe", [spaced], bank)
    luhn = [str(v) for v in done("fpe", ["4539148803436467"], bank)]
    assert CHECKS["luhn"].right(luhn[0][:-1]) == int(luhn[0][-1]) and luhn[0] != "4539148803436467"


def test_small_domains_are_refused_without_naming_a_value() -> None:
    with pytest.raises(ProtectionError, match="1 of 2 values") as told:
        done("fpe", ["31415", "31415926"])
    assert "31415" not in str(told.value)
    assert done("fpe", ["31415", None], otherwise="suppress") == [None, None]


SHOWN = [
    ("mobile", "13800138000", "138***8000"),
    ("email", "nina@example.org", "n***@example.org"),
    ("email", "no mail", "***"),
    ("person_name", "欧阳娜娜", "欧***"),
    ("id_card", "110101199003071234", "110***34"),
    ("bank_card", "6222021234567890128", "622202***0128"),
    ("address", "广东省深圳市南山区科技路1号", "广东省深圳市***"),
    ("address", "somewhere else***", "***"),
    ("mobile", "12345", "***"),
]


@pytest.mark.parametrize(("class_", "value", "shown"), SHOWN)
def test_masks_go_by_class_and_short_values_show_nothing(class_: str, value: str, shown: str) -> None:
    assert done("mask", [value, None], scope(class_=class_)) == [shown, None]


COARSE = [
    ("birth_date", {}, "1990年3月7日", "1990"),
    ("", {"period": "month"}, dt.date(1990, 3, 7), dt.date(1990, 3, 1)),
    ("", {"period": "quarter"}, "19900507", "1990-04"),
    ("birth_date", {}, "no day", None),
    ("age", {}, 34, 30),
    ("age", {}, 103, 90),
    ("", {"width": 0.5}, 1.7, 1.5),
    ("address", {}, "内蒙古自治区呼和浩特市新城区", "内蒙古自治区呼和浩特市"),
    ("", {"region": "province"}, "北京市朝阳区", "北京市"),
    ("address", {}, "9 Elm St, Reno, NV 89501", "NV"),
    ("ip", {}, "10.1.2.3", "10.1.2.0/24"),
    ("", {"prefix": 3}, "100871", "100"),
    ("", {"prefix": 6}, "100871", None),
]


@pytest.mark.parametrize(("class_", "params", "value", "coarse"), COARSE)
def test_generalisation(class_: str, params: dict[str, object], value: object, coarse: object) -> None:
    assert done("generalise", [value], scope(class_=class_), **params) == [coarse]


def test_noise_is_bounded_repeatable_and_centred() -> None:
    values = [float(n) for n in range(2_000)]
    out = done("noise", values, amount=10)
    gaps = [float(str(a)) - b for a, b in zip(out, values, strict=True)]
    assert out == done("noise", values, amount=10) != done("noise", values, scope("other"), amount=10)
    assert max(map(abs, gaps)) <= 10 and abs(statistics.mean(gaps)) < 0.6 and statistics.stdev(gaps) > 5
    whole = done("noise", list(range(100, 200)), share=0.5, low=120, high=180)
    assert all(isinstance(v, int) and 120 <= v <= 180 for v in whole)
    days = done("noise", [dt.date(2020, 1, 1), None], amount=15)
    assert days[1] is None and abs((days[0] - dt.date(2020, 1, 1)).days) <= 15  # type: ignore[operator]
    with pytest.raises(ProtectionError, match="1 of 2 values are no numbers"):
        done("noise", ["12", "secret"])


@pytest.mark.parametrize("form", ["%Y-%m-%d", "%Y%m%d", "%Y年%m月%d日", "%d.%m.%Y"])
def test_noise_moves_days_that_are_texts(form: str) -> None:
    days = [dt.date(1990, 3, 7) + dt.timedelta(n) for n in range(60)]
    out = done("noise", [f"{day:{form}}" for day in days] + [None], scope(class_="birth_date"), amount=15)
    gaps = [(dt.date.fromisoformat(str(a)) - b).days for a, b in zip(out[:60], days, strict=True)]
    assert max(map(abs, gaps)) <= 15 and len(set(gaps)) > 5 and out[60] is None
    with pytest.raises(ProtectionError, match="1 of 3 values are no numbers, or no days"):
        done("noise", ["1990-03-07", "1990-03-08", "soon"], amount=15)


def test_texts_lose_what_is_found_in_them() -> None:
    r = random.Random(5)
    phone, card = made.mobile(r), made.id_card(r)
    (out,) = done("redact", [f"客户电话{phone}，身份证{card}，订单8812345。"])
    assert phone not in str(out) and card not in str(out) and "8812345" not in str(out) and "客户电话" in str(out)


def test_every_method_says_what_lineage_knows() -> None:
    assert set(names()) == {
        "encrypt", "fpe", "generalise", "hash", "mask", "noise", "pass", "redact", "suppress", "token",
    }  # fmt: skip
    for name in set(names()) - {"pass"}:
        assert masked(Link(("a", "x"), ("b", "x"), method(name).words), "pii:mobile"), name
    assert done("suppress", ["a", None]) == [None, None]
    assert done("suppress", ["a", None], value="gone") == ["gone", None]
    with pytest.raises(ProtectionError, match="why"):
        done("pass", ["a"])
    with pytest.raises(ProtectionError, match="no method"):
        method("rot13")
    with pytest.raises(ProtectionError, match="no way back"):
        back("mask", ["a"])
