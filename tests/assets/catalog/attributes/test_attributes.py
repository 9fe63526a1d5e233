"""Attributes of a company's own: defined, tested on edit, versioned, found, and part of each kind's schema."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import jsonschema
import polars as pl
import pytest

from assets.catalog.attributes.edit import merged
from assets.catalog.attributes.model import FILE, KINDS, Attribute, read
from assets.catalog.attributes.survey import survey
from assets.catalog.card import card
from assets.catalog.edit import Edit, difference, edit, revert
from assets.catalog.entities import DRAFT, schema, schemas
from assets.catalog.facts import AssetFacts
from assets.catalog.find import find
from assets.catalog.metrics.model import MetricRecord, metric_records
from assets.catalog.model import Base, ColumnInfo, Scan
from assets.catalog.record import record
from assets.catalog.register import register
from assets.catalog.store.versions import Versions
from core.errors import HeddleError, SourceError
from core.settings import Settings
from tests.assets.catalog.changes.made import scanned

TEXT = """attributes:
  - {name: tier, kinds: [table, model, metric], type: choice, required: true, label: {en: Service tier, zh: 服务等级},
     choices: [{value: gold, label: {en: Gold, zh: 黄金}}, silver]}
  - {name: reviewed, kinds: [table, metric], type: date, label: {zh: 复核日期}}
  - {name: cost, kinds: [table], type: number}
  - {name: shared, kinds: [table], type: bool}
  - {name: steward, kinds: [column], label: {en: Data steward}}
"""
SALES = "table/shop/sales"


@pytest.fixture
def shop(tmp_path: Path, make_settings: Callable[..., Settings]) -> tuple[Settings, Versions]:
    files = tmp_path / "files"
    files.mkdir()
    (files / FILE).write_text(TEXT, encoding="utf-8")
    settings = make_settings(catalog_files=files)
    versions = Versions(settings.catalog)
    columns = (ColumnInfo(name="amt", type="double", base=Base.NUMBER),)
    register(versions, [AssetFacts(key=SALES, columns=columns), AssetFacts(key="model/shop/churn")])
    orders = scanned("orders", pl.DataFrame({"id": [1, 2], "mob": ["a", "b"]}))
    record(versions, Scan(source="db", url="", at="", seconds=0, tables=(orders,)))
    return settings, versions


def known(shop: tuple[Settings, Versions]) -> dict[str, Attribute]:
    return read(shop[0].catalog_files)


@pytest.mark.parametrize(("kind", "key", "column"), [("asset", SALES, "amt"), ("table", "db/orders", "mob")])
def test_given_shown_compared_restored(shop: tuple[Settings, Versions], kind: str, key: str, column: str) -> None:
    versions = shop[1]
    given = {"tier": "gold", "reviewed": "2024-05-01", "cost": "12.50", "shared": "是"}
    own = {column: {"steward": "ann"}}
    made = edit(versions, kind, key, Edit(attributes=given, column_attributes=own), "ann", known=known(shop))
    found = card(versions, key)
    assert dict(found.attributes) == {"tier": "gold", "reviewed": "2024-05-01", "cost": 12.5, "shared": True}
    assert {line.column.name: dict(line.attributes) for line in found.lines}[column] == {"steward": "ann"}
    owner = Edit(attributes={"cost": "", "tier": "silver"}, column_owners={column: "bob"})
    later = edit(versions, kind, key, owner, "bob", known=known(shop))
    assert made and later
    told = [str(d) for d in difference(versions, kind, key, made.number, later.number)]
    assert [t.split(": ", 1)[1] for t in told] == [
        "attribute: cost=12.5", "attribute: tier=gold -> tier=silver", "owner: bob"
    ]  # fmt: skip
    assert next(line for line in card(versions, key).lines if line.column.name == column).owner == "bob"
    revert(versions, kind, key, made.number, "ann")
    assert card(versions, key).attributes["cost"] == 12.5


def test_what_runs_and_scans_bring_leaves_them(shop: tuple[Settings, Versions]) -> None:
    versions = shop[1]
    edit(versions, "table", "db/orders", Edit(attributes={"tier": "gold"}, column_attributes={"mob": {"steward": "x"}}),
         "ann", known=known(shop))  # fmt: skip
    edit(versions, "asset", SALES, Edit(attributes={"tier": "gold"}), "ann", known=known(shop))
    wider = scanned("orders", pl.DataFrame({"id": [1, 2], "mob": ["a", "b"], "more": [1, 2]}))
    record(versions, Scan(source="db", url="", at="", seconds=0, tables=(wider,)))
    register(versions, [AssetFacts(key=SALES, description="Other words.")])
    assert card(versions, "db/orders").attributes == {"tier": "gold"} == card(versions, SALES).attributes
    narrow = scanned("orders", pl.DataFrame({"id": [1, 2]}))
    record(versions, Scan(source="db", url="", at="", seconds=0, tables=(narrow,)))
    assert "column_attributes" not in (versions.get("table", "db/orders") or pytest.fail()).document  # type: ignore[operator]


@pytest.mark.parametrize(
    ("typed", "said"),
    [
        ({}, "attribute tier is missing"),
        ({"tier": "bronze"}, "'bronze' is none of gold, silver"),
        ({"tier": "gold", "cost": "many"}, "attribute cost: 'many' is no number"),
        ({"tier": "gold", "cost": "1e999"}, "attribute cost: "),
        ({"tier": "gold", "cost": "٣"}, "is no number"),
        ({"tier": "gold", "cost": "nan"}, "is no number"),
        ({"tier": "gold", "reviewed": "2024-02-30"}, "is no date"),
        ({"tier": "gold", "shared": "maybe"}, "neither true nor false"),
        ({"tier": "gold", "steward": "ann"}, "no attribute 'steward' for table"),
        ({"tier": "gold", "x" * 900: "ann"}, "no attribute"),
    ],
)
def test_an_edit_that_does_not_fit_is_refused(
    shop: tuple[Settings, Versions], typed: dict[str, str], said: str
) -> None:
    before = shop[1].history("asset", SALES)
    with pytest.raises(HeddleError, match=said) as refused:
        edit(shop[1], "asset", SALES, Edit(description="New.", attributes=typed), "ann", known=known(shop))
    assert len(str(refused.value)) < 300
    assert shop[1].history("asset", SALES) == before


def test_long_texts_are_refused_and_former_values_without_definition_stay() -> None:
    note = {"note": Attribute(name="note", kinds=("table",))}
    with pytest.raises(HeddleError, match="2001 characters"):
        merged(note, "table", {}, {"note": "长" * 2001}, "x")
    assert merged(note, "table", {"gone": 1}, {"note": " a "}, "x") == {"gone": 1, "note": "a"}
    assert merged(note, "table", {"gone": 1}, {"gone": ""}, "x") == {}


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("attributes: 3", "field attributes: a list"),
        ("- a", "field attributes: a list"),
        ("attributes: [{name: a}]", "attribute 1: field kinds"),
        ("attributes: [{name: A, kinds: [table]}]", "attribute 1: field name"),
        ("attributes: [{name: a, kinds: [tables]}]", "field kinds.0"),
        ("attributes: [{name: a, kinds: [table], type: choice}]", "choices"),
        ("attributes: [{name: a, kinds: [table], choices: [x]}]", "choices"),
        ("attributes: [{name: a, kinds: [table], type: choice, choices: [x, x]}]", "twice"),
        ("attributes: [{name: a, kinds: [table]}, {name: a, kinds: [model]}]", "attribute 2: field name: 'a'"),
        ("attributes: [{name: a, kinds: [table], kind: x}]", "field kind"),
        ("a: [", "cannot be read"),
    ],
)
def test_mistakes_of_the_file_are_named(tmp_path: Path, text: str, said: str) -> None:
    (tmp_path / FILE).write_text(text)
    with pytest.raises(SourceError, match=said):
        read(tmp_path)


@pytest.mark.parametrize("question", ["service tier gold", "黄金", "服务等级", "data steward zhang"])
def test_search_finds_them_in_both_languages(shop: tuple[Settings, Versions], question: str) -> None:
    edit(shop[1], "asset", SALES, Edit(attributes={"tier": "gold"}, column_attributes={"amt": {"steward": "zhang"}}),
         "ann", known=known(shop))  # fmt: skip
    hit = find(*shop, question, "ann")[0]
    assert hit.key == SALES and any("attributes" in reason for reason in hit.reasons)


def test_records_keep_them_in_their_files(shop: tuple[Settings, Versions]) -> None:
    settings, versions = shop
    records = metric_records(settings, versions)
    with pytest.raises(HeddleError, match="metric visits: attribute tier is missing"):
        records.put(MetricRecord(name="visits", calibre="Visits."), "ann")
    made = MetricRecord(name="visits", calibre="Visits.", attributes={"tier": "silver", "reviewed": "2024-05-01"})
    records.put(made, "ann")
    path = settings.catalog_files / "metrics" / "visits.yaml"
    path.write_text(path.read_text().replace("'2024-05-01'", "2024-05-01"))  # a date to YAML
    assert records.get("visits").record == made
    assert find(settings, versions, "复核日期", "ann")[0].key == "metric:visits"


def test_the_survey_names_what_a_new_definition_asks_for(shop: tuple[Settings, Versions]) -> None:
    settings, versions = shop
    edit(versions, "asset", SALES, Edit(attributes={"tier": "gold"}), "ann", known=known(shop))
    (settings.catalog_files / "metrics").mkdir()
    (settings.catalog_files / "metrics" / "m.yaml").write_text(
        "{name: m, calibre: x, attributes: {tier: bronze, cost: 1}}"
    )
    assert {f"{key} {name} {said}" for key, name, said in survey(settings, versions, known(shop))} == {
        "model/shop/churn tier is missing",
        "db/orders tier is missing",
        "metric:m tier 'bronze' is none of gold, silver",
        "metric:m cost is not defined for metric",
    }


def test_schemas_are_schemas_and_take_what_the_catalogue_holds(shop: tuple[Settings, Versions]) -> None:
    versions = shop[1]
    for key in (SALES, "model/shop/churn"):
        edit(versions, "asset", key, Edit(attributes={"tier": "gold"}, owners=["ann"]), "ann", known=known(shop))
    columns = {"mob": {"steward": "ann"}}
    wanted = Edit(attributes={"tier": "gold"}, column_attributes=columns)
    edit(versions, "table", "db/orders", wanted, "ann", known=known(shop))
    made = schemas(known(shop))
    assert tuple(made) == KINDS
    for document in made.values():
        jsonschema.Draft202012Validator.check_schema(document)
        assert document["$schema"] == DRAFT
    for version in [*versions.latest("asset"), *versions.latest("table")]:
        kind = version.key.split("/")[0] if version.kind == "asset" else "table"
        validator(made[kind]).validate(version.document)
    assert not validator(made["table"]).is_valid({"table": {"name": "x"}})  # tier is required
    assert validator(schema("table", {})).is_valid({"table": {"name": "x"}})


@pytest.mark.parametrize(
    ("attributes", "fits"),
    [
        ({"tier": "gold", "reviewed": "2024-05-01"}, True),
        ({"tier": "bronze"}, False),
        ({"tier": "gold", "reviewed": "2024-13-01"}, False),
        ({"tier": "gold", "cost": 3}, False),
        ({"reviewed": "2024-05-01"}, False),
    ],
)
def test_a_schema_knows_the_attributes(shop: tuple[Settings, Versions], attributes: dict[str, Any], fits: bool) -> None:
    document = {"name": "visits", "calibre": "Visits.", "attributes": attributes}
    assert validator(schema("metric", known(shop))).is_valid(document) == fits


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_has_an_owner_and_attributes(kind: str) -> None:
    own = {"own": Attribute(name="own", kinds=(kind,))}
    made = schema(kind, own)
    holders = [made, *made.get("anyOf", []), *made.get("$defs", {}).values()]
    fields = {name for holder in holders for name in holder.get("properties", {})}
    assert fields & {"owner", "owners"} and "attributes" in fields
    given = [h["properties"]["attributes"]["properties"] for h in holders if "attributes" in h.get("properties", {})]
    assert given and all(g == {"own": {"type": "string", "maxLength": 2000}} for g in given)


def test_an_unknown_kind_is_told() -> None:
    with pytest.raises(HeddleError, match="no kind of entity 'tabel'"):
        schema("tabel", {})


def validator(document: dict[str, Any]) -> jsonschema.Draft202012Validator:
    return jsonschema.Draft202012Validator(document, format_checker=jsonschema.FormatChecker())
