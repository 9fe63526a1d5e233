"""An identifier is found however it is written, and never in the identifier of somebody else."""

import json
import unicodedata

import pytest

from assets.security.erasure.fold import folded
from assets.security.erasure.match import Needles

PHONE = "13812345678"
ACCENTED = "renée.müller@example.com"


@pytest.mark.parametrize(
    "value, text",
    [
        (PHONE, "call 138-1234-5678!"), (PHONE, "电话13812345678转1"), (PHONE, "１３８１２３４５６７８"),
        (PHONE, "+86 138 1234 5678"), (PHONE, "138１２３４5678"), (PHONE, "＋８６138　1234－5678"),
        ("ann@example.com", "ＡＮＮ＠ｅｘａｍｐｌｅ．ｃｏｍ"), ("ﬁona@example.com", "fiona@example.com"),
        ("ﬁona@example.com", "ﬁona@example.com"), (ACCENTED, "rene\u0301e.müller@example.com"),
        ("１３８１２３４５６７８", PHONE), ("11010119900307123x", "11010119900307123X"), (PHONE, "phone_13812345678"),
        ("ann@example.com", "邮箱ann@example.com。"), ("ann@example.com", "where mail = 'ANN@example.com'"),
        ("ann@example.com", "write to ann@example.com. Thanks"),
        (ACCENTED, unicodedata.normalize("NFD", ACCENTED)), (unicodedata.normalize("NFD", ACCENTED), ACCENTED),
        ("<b>ann</b>", "x <b>ann</b> y"), ("x' or 1=1 --", "says x' or 1=1 -- today"), ("a%b_c", "a%b_c"),
    ],
)  # fmt: skip
def test_found_in_every_form(value: str, text: str) -> None:
    needles = Needles([value])
    assert needles.within(text) and any(core in folded(text) for core in needles.cores)
    assert "[erased]" in needles.redacted(text) and not needles.within(needles.redacted(text))


def test_found_in_escapes_of_json() -> None:
    needles, text = Needles([ACCENTED]), json.dumps({"a": f"say {ACCENTED.upper()}", "b": "C:\\u00e9"})
    assert "\\u" in text and needles.within(text)
    assert json.loads(needles.redacted(text)) == {"a": "say [erased]", "b": "C:\\u00e9"}
    other = json.dumps({"a": "müller"})
    assert needles.redacted(other) == other


@pytest.mark.parametrize(
    "value, text",
    [
        (PHONE, "138123456789"), (PHONE, "9138-1234-5678"), (PHONE, "x13812345678"),
        (PHONE, "１３８１２３４５６７８９"),
        ("wei@example.com", "zhang.wei@example.com"), ("wei@example.com", "wei@example.com.cn"),
        ("ller@example.com", "müller@example.com"), ("ann@example.com", "ann@example.commerce"),
        ("a%b_c", "axxbyc"), ("a.b@example.com", "aXb@example.com"), ("rene", unicodedata.normalize("NFD", "rené")),
    ],
)  # fmt: skip
def test_somebody_elses_is_not(value: str, text: str) -> None:
    assert not Needles([value]).within(text) and Needles([value]).redacted(text) == text
