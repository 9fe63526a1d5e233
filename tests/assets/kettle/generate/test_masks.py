"""Masks built from Kettle's steps: no raw value comes out, hashed keys still join, without a key nothing runs."""

import datetime as dt
import hashlib

import pytest

from assets.kettle.engine.stop import StopRun
from assets.kettle.errors import KettleError
from assets.kettle.files.write import to_bytes
from assets.kettle.generate.joins import Key, merge_join_part
from assets.kettle.generate.masks import Band, Cut, Hashed, Mask, Partial, Period, Suppressed, masks_part
from assets.kettle.generate.place import After, Between, put
from assets.kettle.values.fields import ValueType
from tests.assets.kettle.generate.helpers import Table, base, run, source, with_part

SECRET = "a key that is in no file"
KEYED = {"variables": {"HEDDLE_MASK_KEY": SECRET}}
PEOPLE: Table = (
    {
        "id": "Integer",
        "phone": "String",
        "mail": "String",
        "card": "String",
        "zip": "String",
        "born": "Date",
        "pay": "Integer",
        "rate": "Number",
        "note": "String",
    },
    [
        (
            1001,
            "13800138000",
            "nina@example.org",
            "110101199003071234",
            "100871",
            "1990-03-07 10:00:00",
            12345,
            2.75,
            "calls daily",
        ),
        (1002, "+86 13900139000", "x@y.cn", "11010119900307123X", "1008", "1961-12-31 00:00:00", -120, -2.25, "owes"),
        (1003, "12", "no mail at all", None, "12", None, None, None, None),
        (1001, None, None, "110101199003071234", None, "1990-03-31 23:59:59", 0, 0.0, "line\nend"),
    ],
)
MASKS: list[Mask] = [
    Hashed("id", ValueType.INTEGER),
    Hashed("card"),
    Partial("phone", 3, 4),
    Partial("mail", email=True),
    Cut("zip", 3),
    Period("born", "month"),
    Band("pay", 1000, ValueType.INTEGER),
    Band("rate", 2),
    Suppressed("note", "removed"),
]


def _hash(text: str) -> str:
    return hashlib.sha256((SECRET + text).encode()).hexdigest()


def test_every_mask_gives_what_it_says() -> None:
    out = run(with_part(base(PEOPLE), masks_part("m", MASKS), Between("in", "out")), **KEYED)
    assert out.layouts["out"] == list(PEOPLE[0])
    assert out.column("out", "id") == [_hash("1001"), _hash("1002"), _hash("1003"), _hash("1001")]
    assert out.column("out", "card") == [
        _hash("110101199003071234"),
        _hash("11010119900307123X"),
        None,
        _hash("110101199003071234"),
    ]
    assert out.column("out", "phone") == ["138***8000", "+86***9000", "***", None]
    assert out.column("out", "mail") == ["n***@example.org", "***", "***", None]
    assert [v or None for v in out.column("out", "zip")] == ["100", "100", None, None]
    assert out.column("out", "born") == [
        dt.datetime(1990, 3, 1),
        dt.datetime(1961, 12, 1),
        None,
        dt.datetime(1990, 3, 1),
    ]
    assert out.column("out", "pay") == [12000, -1000, None, 0]
    assert out.column("out", "rate") == [2.0, -4.0, None, 0.0]
    assert out.column("out", "note") == ["removed"] * 4


def test_no_raw_value_comes_out_and_the_key_is_in_no_file() -> None:
    model = with_part(base(PEOPLE), masks_part("m", MASKS), Between("in", "out"))
    rows = run(model, **KEYED).rows("out")
    said = repr(rows)
    raw = {str(v) for row in PEOPLE[1] for v in row if isinstance(v, str) and len(v) > 3} | {"1001", "12345"}
    assert not [value for value in raw if f"'{value}'" in said or f" {value}," in said]
    assert SECRET not in said and SECRET not in to_bytes(model).decode()


def test_hashed_keys_still_join() -> None:
    visits: Table = (
        {"who": "String", "day": "String"},
        [("1002", "mon"), ("1001", "tue"), ("1009", "wed"), (None, "thu")],
    )
    flow = source(base(PEOPLE), "visits", visits).step("masked", "Dummy").hop("visits", "masked")
    model = put(flow.model, masks_part("people", MASKS[:1]), After("in"))
    model = put(model, masks_part("visits", [Hashed("who")]), Between("visits", "masked"))
    part = merge_join_part("j", "masked", [Key("id", "who", ValueType.STRING, ValueType.STRING)])
    out = run(put(model, part, After("mask: hash tidy")), **KEYED)
    assert sorted(zip(out.column("out", "id"), out.column("out", "day"), strict=True)) == sorted(
        [(_hash("1001"), "tue"), (_hash("1001"), "tue"), (_hash("1002"), "mon")]
    )


@pytest.mark.parametrize("variables", [{}, {"HEDDLE_MASK_KEY": "short"}, {"HEDDLE_MASK_KEY": ""}])
def test_without_a_good_key_the_run_stops(variables: dict[str, str]) -> None:
    model = with_part(base(PEOPLE), masks_part("m", [Hashed("card")]), Between("in", "out"))
    with pytest.raises((KettleError, StopRun)):
        run(model, variables=variables)


def test_masks_that_hide_nothing_are_refused() -> None:
    for masks in (
        [],
        [Cut("zip", 0)],
        [Partial("phone", 3, 4, hidden=0)],
        [Band("pay", 0)],
        [Period("born", "week")],
        [Cut("a", 1), Cut("A", 2)],
    ):
        with pytest.raises(KettleError):
            masks_part("m", masks)
