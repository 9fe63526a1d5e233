"""A person's word about a column wins, is kept, and can be learned from."""

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from assets.catalog.semantics import classify, corrections, registry
from assets.catalog.semantics.classify import Context
from assets.catalog.semantics.corrections import Correction
from assets.catalog.semantics.spec import SemanticsError
from tests.assets.catalog.semantics.made import column

TYPES = registry.builtin()
HERE = Context(source="shop", table="public.客户")


def _said(type_: str, column_: str = "c1", **more: str) -> Correction:
    return Correction(source="shop", table="public.客户", column=column_, type=type_, who="ann", **{"when": "", **more})


def test_a_correction_wins_and_keeps_what_was_computed(tmp_path: Path) -> None:
    corrections.correct(tmp_path, _said("account_name", note="logins"), TYPES)
    corrections.correct(tmp_path, _said("", "c2"), TYPES)
    held = corrections.read(tmp_path, TYPES)
    found = classify.table(
        {"c1": column("email"), "c2": column("email"), "c3": column("email")}, HERE, corrections=held
    )
    one = found["c1"]
    assert one is not None and (one.type, one.by, one.confidence) == ("account_name", "user", 1.0)
    assert one.others[0][0] == "email" and "ann" in one.evidence[0] and "logins" in one.evidence[0]
    assert found["c2"] is None
    assert found["c3"] and found["c3"].type == "email"
    elsewhere = classify.table({"c1": column("email")}, Context(source="shop", table="other"), corrections=held)
    assert elsewhere["c1"] and elsewhere["c1"].type == "email"


def test_a_later_word_replaces_an_earlier_one(tmp_path: Path) -> None:
    corrections.correct(tmp_path, _said("email"), TYPES)
    corrections.correct(tmp_path, _said("url"), TYPES)
    entries = corrections.read(tmp_path).entries
    assert [e.type for e in entries] == ["url"] and entries[0].when


def test_wrong_files_and_types_are_named_and_leave_the_file(tmp_path: Path) -> None:
    corrections.correct(tmp_path, _said("email"), TYPES)
    before = (tmp_path / corrections.FILE).read_text(encoding="utf-8")
    with pytest.raises(SemanticsError, match="no semantic type nope"):
        corrections.correct(tmp_path, _said("nope"), TYPES)
    assert (tmp_path / corrections.FILE).read_text(encoding="utf-8") == before
    (tmp_path / corrections.FILE).write_text("- {source: a, table: b}", encoding="utf-8")
    with pytest.raises(SemanticsError, match="entry 1: field column"):
        corrections.read(tmp_path)
    (tmp_path / corrections.FILE).write_text(before.replace("email", "nope"), encoding="utf-8")
    with pytest.raises(SemanticsError, match="entry 1: there is no semantic type nope"):
        corrections.read(tmp_path, TYPES)


def test_of_two_people_at_once_no_word_is_lost(tmp_path: Path) -> None:
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda n: corrections.correct(tmp_path, _said("email", f"c{n}"), TYPES), range(24)))
    assert len(corrections.read(tmp_path).entries) == 24
    with ThreadPoolExecutor(8) as pool:
        gone = list(
            pool.map(lambda n: corrections.remove(tmp_path, ("shop", "public.客户", f"c{n}"), TYPES), range(25))
        )
    assert gone == [True] * 24 + [False] and corrections.read(tmp_path).entries == ()


def test_no_file_means_no_corrections(tmp_path: Path) -> None:
    assert corrections.read(tmp_path).entries == ()
