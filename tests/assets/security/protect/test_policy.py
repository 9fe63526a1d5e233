"""Policies: mistakes are told with file, field and what to do; decisions by name, tag and content."""

import random
from pathlib import Path

import polars as pl
import pytest

from assets.catalog.tags.kept import Tag, Tags
from assets.security.protect.errors import ProtectionError
from assets.security.protect.listed import masked_tables
from assets.security.protect.plan import decide
from assets.security.protect.policy import Policies, Policy, default
from assets.security.sensitive.classes import builtin
from core.settings import PROJECT
from tests.assets.security.sensitive import made

R = random.Random(8)
ROWS = 120
PEOPLE = pl.DataFrame(
    {
        "id": list(range(ROWS)),
        "name": [made.name(R) for _ in range(ROWS)],
        "mobile": [made.mobile(R) for _ in range(ROWS)],
        "card": [made.id_card(R) for _ in range(ROWS)],
        "city": [R.choice(["Berlin", "Bonn", "Ulm"]) for _ in range(ROWS)],
    }
)

WRONG = [
    ("purpose: [", "cannot be read", "correct the file"),
    ("just words", "is no mapping", "purpose"),
    ("purpose: p\ndescription: 2024-13-45", "cannot be read: it holds a day that does not exist", "correct the file"),
    ("purpose: " + "[" * 50_000, "cannot be read: it is nested too deeply", "correct the file"),
    ("", "field purpose: Field required", "the fields are"),
    ("description: x", "purpose: Field required", "the fields are"),
    ("purpose: p\nmethods: {}", "methods: Extra inputs", "the fields are"),
    ("purpose: p\nname: other", "name: it is 'other'", "leave it out"),
    ("purpose: p\nclasses: {phonenumber: mask}", "classes.phonenumber: no such class", "heddle sensitive classes"),
    ("purpose: p\nclasses: {mobile: rot13}", "classes.mobile.method: there is no method", "the methods are"),
    (
        "purpose: p\nclasses: {mobile: {method: mask, frist: 3}}",
        "classes.mobile: field frist",
        "the fields are first, last",
    ),
    ("purpose: p\nclasses: {mobile: {method: mask, first: 3}}", "first and last belong", "the fields are first, last"),
    ("purpose: p\nclasses: {mobile: pass}", "classes.mobile: field why: Field required", "the fields are why"),
    ("purpose: p\ntables: {customers: {}}", "tables.customers", "layers"),
    ("purpose: p\ntables: {raw/crm/c: {columns: {x: hash}}}", "tables.raw/crm/c.columns.x.domain is missing", "domain"),
]


@pytest.mark.parametrize(("text", "what", "fix"), WRONG)
def test_mistakes_name_file_field_and_fix(tmp_path: Path, text: str, what: str, fix: str) -> None:
    (tmp_path / "policies").mkdir()
    (tmp_path / "policies" / "mine.yaml").write_text(text)
    with pytest.raises(ProtectionError) as told:
        Policies(tmp_path)
    assert "mine.yaml" in told.value.what and what in told.value.what and fix in told.value.fix


def test_two_policies_do_not_make_one_table(tmp_path: Path) -> None:
    (tmp_path / "policies").mkdir()
    for name in ("a", "b"):
        (tmp_path / "policies" / f"{name}.yaml").write_text("purpose: p\ntables: {raw/crm/c: }\n")
    with pytest.raises(ProtectionError, match="both make table/crm/c_masked"):
        Policies(tmp_path)
    (tmp_path / "policies" / "b.yaml").write_text("purpose: p\ntables: {raw/crm/c: {suffix: for_b}}\n")
    policies = Policies(tmp_path)
    assert policies.get("b").masked("raw/crm/c") == "table/crm/c_for_b"
    with pytest.raises(ProtectionError, match="which policy"):
        policies.get(None)


def test_columns_of_files_are_named_too(tmp_path: Path) -> None:
    (tmp_path / "policies").mkdir()
    columns = "{columns: {id: {method: hash, domain: customer}}}"
    for name, file in (("a", "people.csv"), ("b", "exports/people.csv")):  # of two policies, as of no asset
        (tmp_path / "policies" / f"{name}.yaml").write_text(f"purpose: p\ntables:\n  {file}: {columns}\n")
    policies = Policies(tmp_path)
    assert masked_tables(tmp_path) == []
    found = {d.column: d for d in decide(policies.get("a"), "/data/people.csv", PEOPLE)}
    assert (found["id"].use.method, found["id"].domain) == ("hash", "customer")
    assert decide(policies.get("b"), "other/people.csv", PEOPLE)[0].use.method == "pass"
    with pytest.raises(ProtectionError, match=r"tables\.people\.csv\.columns\.id: the table has no such column"):
        decide(policies.get("a"), "people.csv", PEOPLE.drop("id"))


def test_the_shipped_policy_is_right_and_every_class_has_a_method() -> None:
    assert Policies(PROJECT / "examples" / "protection").get("analytics").classes
    for class_ in builtin().all.values():
        default(class_).read("default")


def _policy(**said: object) -> Policy:
    return Policy.model_validate({"name": "p", "purpose": "p"} | said)


def test_classes_tags_and_names_decide() -> None:
    policy = _policy(
        classes={"mobile": "fpe", "id_card": {"method": "hash", "domain": "person"}},
        tables={"raw/crm/c": {"columns": {"id": {"method": "hash", "domain": "customer"}}}},
    )
    tag = {"who": "eva", "confidence": 1.0, "by": "user"}
    tags = Tags(
        columns={
            "name": {"pii:person_name": Tag(state="refused", **tag)},
            "city": {"pii:address": Tag(state="accepted", **tag)},
        }
    )
    found = {d.column: d for d in decide(policy, "raw/crm/c", PEOPLE, tags)}
    assert {c: (d.use.method, d.domain) for c, d in found.items()} == {
        "id": ("hash", "customer"),
        "name": ("pass", "others"),
        "mobile": ("fpe", "mobile"),
        "card": ("hash", "person"),
        "city": ("generalise", "address"),
    }
    assert {d.column: d.use.method for d in decide(_policy(others="suppress"), "t.csv", PEOPLE)}["city"] == "suppress"
    with pytest.raises(ProtectionError, match=r"columns\.id: the table has no such column"):
        decide(policy, "raw/crm/c", PEOPLE.drop("id"))


def test_without_rows_nothing_is_decided() -> None:
    for none in (PEOPLE.clear(), pl.DataFrame()):
        with pytest.raises(ProtectionError, match="no rows"):
            decide(_policy(), "t.csv", none)


def test_level_decides_who_is_protected() -> None:
    found = {d.column: d.use.method for d in decide(_policy(level=3), "t.csv", PEOPLE)}
    assert found["mobile"] == "pass" and found["card"] == "fpe"
