"""Columns of every type: protected, searched, written; what is nested is looked into."""

import datetime as dt
import random
from decimal import Decimal
from pathlib import Path

import polars as pl
import pytest

from assets.security.protect.apply import Tools, apply, planned
from assets.security.protect.base import Scope
from assets.security.protect.errors import ProtectionError
from assets.security.protect.keys import Keyring
from assets.security.protect.policy import Policy
from assets.security.protect.registry import method
from assets.security.protect.texts import as_text
from assets.security.protect.verify import Watch
from tests.assets.security.sensitive import made

R = random.Random(9)
N = 40
PHONES = [made.mobile(R) for _ in range(N)]
FRAME = pl.DataFrame(
    {
        "list": [[1, 2]] * N,
        "bytes": [b"\xff\x00abc"] * N,
        "decimal": [Decimal("12.50")] * N,
        "flag": [True] * N,
        "time": [dt.time(1, 2)] * N,
        "span": [dt.timedelta(days=1)] * N,
        "kind": pl.Series(["x"] * N, dtype=pl.Categorical),
        "empty": [None] * N,
        "at": [dt.datetime(2020, 1, 1, tzinfo=dt.UTC)] * N,
        "contact": [{"tel": phone, "n": n} for n, phone in enumerate(PHONES)],
    }
)
TOOLS = Tools(Keyring({"k1": b"wJ8n2-XkqP0rTfYb5sVhLz7uQe3mCaGd"}))


def test_values_of_all_types_pass_or_are_hashed(tmp_path: Path) -> None:
    policy = Policy.model_validate({"name": "p", "purpose": "p"})
    decisions = planned(policy, "t.csv", lambda: iter([FRAME]))
    assert {d.column: d.use.method for d in decisions if d.protected} == {"contact": "redact"}
    apply(lambda: iter([FRAME]), policy, decisions, TOOLS, tmp_path / "out.parquet")
    out = pl.read_parquet(tmp_path / "out.parquet")
    assert out.drop("contact", "empty", "kind").equals(FRAME.drop("contact", "empty", "kind"))
    assert not [phone for phone in PHONES if phone in str(out["contact"].to_list())]
    columns = {c: {"method": "hash", "domain": "d"} for c in FRAME.columns}
    all_ = Policy.model_validate({"name": "p", "purpose": "p", "tables": {"raw/a/b": {"columns": columns}}})
    decisions = planned(all_, "raw/a/b", lambda: iter([FRAME]))
    apply(lambda: iter([FRAME]), all_, decisions, TOOLS, tmp_path / "hashed.parquet")
    hashed = pl.read_parquet(tmp_path / "hashed.parquet")
    assert all(hashed[c].str.len_chars().eq(64).all() for c in FRAME.columns if c != "empty")
    assert hashed["empty"].null_count() == N and hashed["contact"].n_unique() == N


def test_texts_of_values() -> None:
    texts = {c: as_text(FRAME[c])[0] for c in FRAME.columns}
    assert texts["list"] == "[1,2]" and texts["bytes"] == "ff00616263" and texts["decimal"] == "12.50"
    assert texts["at"] == "2020-01-01T00:00:00.000" and texts["span"] == "P1D" and texts["empty"] is None
    assert as_text(pl.Series([[1], None])).to_list() == ["[1]", None]
    assert as_text(pl.Series([b"\xff", "张".encode(), None, b""])).to_list() == ["ff", "张", None, ""]
    assert as_text(pl.Series([b"a", None])).to_list() == ["a", None]


def test_bytes_are_protected_as_the_texts_that_they_are(tmp_path: Path) -> None:
    frame = pl.DataFrame({"raw": [phone.encode() for phone in PHONES], "tel": PHONES, "all": [PHONES[:2]] * N})
    policy = Policy.model_validate({"name": "p", "purpose": "p", "classes": {"mobile": "hash"}})
    decisions = planned(policy, "t.csv", lambda: iter([frame]))
    assert {d.column: (d.use.method, d.class_) for d in decisions} == dict.fromkeys(frame.columns, ("hash", "mobile"))
    apply(lambda: iter([frame]), policy, decisions, TOOLS, tmp_path / "out.parquet")
    out = pl.read_parquet(tmp_path / "out.parquet")
    assert out["raw"].to_list() == out["tel"].to_list() and not set(PHONES) & set(out["tel"])


@pytest.mark.parametrize("field", ["姓名", "诊断"])
def test_what_redaction_leaves_in_a_field_is_not_written(tmp_path: Path, field: str) -> None:
    """A name alone, or what a header says, is found by the field and not in the text."""
    value = {"姓名": made.name, "诊断": lambda r: r.choice(["胃炎", "感冒"])}[field]
    frame = pl.DataFrame({"x": [{field: value(R), "n": n} for n in range(N)]})
    policy = Policy.model_validate({"name": "p", "purpose": "p"})
    decisions = planned(policy, "t.csv", lambda: iter([frame]))
    with pytest.raises(ProtectionError, match="'x': it still looks like text"):
        apply(lambda: iter([frame]), policy, decisions, TOOLS, tmp_path / "out.parquet")
    assert not list(tmp_path.iterdir())
    gone = Policy.model_validate({"name": "p", "purpose": "p", "classes": {"text": "suppress"}})
    decisions = planned(gone, "t.csv", lambda: iter([frame]))
    apply(lambda: iter([frame]), gone, decisions, TOOLS, tmp_path / "out.parquet")
    assert pl.read_parquet(tmp_path / "out.parquet")["x"].null_count() == N


def test_without_values_there_is_nothing_to_protect(tmp_path: Path) -> None:
    policy = Policy.model_validate({"name": "p", "purpose": "p"})
    with pytest.raises(ProtectionError, match="no rows"):
        planned(policy, "t.csv", lambda: iter([]))


def test_an_engine_that_quotes_a_value_is_not_quoted(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    def fails(*_: object) -> pl.Series:
        raise pl.exceptions.ComputeError(f"conversion of '{PHONES[0]}' failed")

    policy = Policy.model_validate({"name": "p", "purpose": "p", "others": "suppress"})
    decisions = planned(policy, "t.csv", lambda: iter([FRAME]))
    for place, name, why in ((type(method("redact")), "protect", "redact: ComputeError"), (Watch, "_see", "searched")):
        with monkeypatch.context() as patched, pytest.raises(ProtectionError, match=why) as told:
            patched.setattr(place, name, fails)
            apply(lambda: iter([FRAME]), policy, decisions, TOOLS, tmp_path / "out.parquet")
        assert PHONES[0] not in str(told.value) and told.value.__cause__ is None
    assert not list(tmp_path.iterdir())


def test_a_scope_without_keys_or_vault_says_so() -> None:
    for name in ("hash", "token"):
        how = method(name)
        with pytest.raises(ProtectionError, match="needs"):
            how.protect(pl.Series(["a"]), how.params(), Scope("p", "d"))
