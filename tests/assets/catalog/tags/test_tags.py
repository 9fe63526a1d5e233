"""Tags of a small shop: proposed, decided, carried along lineage, taken away, given to Dagster, kept from search."""

import json
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Barrier
from typing import Any

import dagster as dg
import pytest
from click.testing import CliRunner

from assets.catalog.card import card
from assets.catalog.changes.entry import TableEntry
from assets.catalog.edit import Edit, edit
from assets.catalog.facts import AssetFacts
from assets.catalog.find import find
from assets.catalog.lineage.model import Edge, Stated
from assets.catalog.lineage.store import LineageStore
from assets.catalog.model import Base, ColumnInfo, Meaning, Profile, Scan, ScannedTable, TableInfo, Top
from assets.catalog.record import record
from assets.catalog.register import register
from assets.catalog.semantics import classify, registry
from assets.catalog.semantics.spec import SemanticsError
from assets.catalog.store.versions import Change, Versions
from assets.catalog.tags.decide import decide, publish
from assets.catalog.tags.kept import Tag, of_asset
from assets.catalog.tags.propose import of_table
from assets.catalog.tags.refresh import refresh
from assets.catalog.tags.tag_defs import COLUMN_TAGS, with_tags
from assets.catalog.tags.vocabulary import load
from assets.catalog.tags.ways import ways
from core.errors import ConflictError, HeddleError
from core.settings import Settings
from orchestration.cli.main import main
from tests.assets.catalog.semantics.made import MADE
from tests.assets.catalog.semantics.made import column as made

USERS, CLEAN, SALES, MODEL = "raw/crm/users", "table/crm/users", "table/crm/sales", "model/crm/churn"
PHONE = "pii:phone"
RUN = Change("catalogue", "run", "run-1")


def column(name: str, base: Base = Base.TEXT) -> ColumnInfo:
    return ColumnInfo(name=name, type=base.value, base=base)


def scan(mobile: str = "cn_mobile") -> Scan:
    grade = Profile(rows=900, distinct=3, lengths=(1, 2), top=(Top(value="A1", count=300),))
    nick = Profile(rows=900, distinct=3, lengths=(2, 9), top=(Top(value="zebra", count=300),))
    users = ScannedTable(
        table=TableInfo(
            name="users",
            columns=(column("mob"), column("grade"), column("seen", Base.TIMESTAMP), column("nick")),
        ),
        profiles={"grade": grade, "nick": nick},
        meanings={"mob": Meaning(type=mobile, confidence=0.93, evidence=("all 200 values are mobile numbers",))},
    )
    return Scan(source="crm", url="", at="", seconds=0, tables=(users,))


EDGES = (
    Edge(USERS, "mob", CLEAN, "phone"),
    Edge(USERS, "mob", CLEAN, "phone_hash", detail="SHA-256 of mob"),
    Edge(USERS, "", CLEAN, ""),
    Edge(CLEAN, "phone", SALES, "contact"),
    Edge(CLEAN, "phone_hash", SALES, "who"),
    Edge(CLEAN, "seen", SALES, "", "filter"),
    Edge(SALES, "", MODEL, ""),
)


@pytest.fixture
def shop(tmp_path: Path, make_settings: Callable[..., Settings]) -> tuple[Settings, Versions]:
    files = tmp_path / "files"
    files.mkdir()
    settings = make_settings(catalog_files=files)
    versions = Versions(settings.catalog)
    facts = [
        AssetFacts(key=CLEAN, columns=(column("phone"), column("phone_hash")), upstream=(USERS,)),
        AssetFacts(key=SALES, columns=(column("contact"), column("who")), upstream=(CLEAN,)),
        AssetFacts(key=MODEL, upstream=(SALES,)),
    ]
    register(versions, facts)
    record(versions, scan())
    LineageStore(settings.catalog).put([Stated("definition", SALES, EDGES, {"sql": "abc"})])
    refresh(settings, versions, RUN)
    return settings, versions


def tag(versions: Versions, key: str, name: str, tag: str = PHONE) -> Tag | None:
    return of_asset(versions, key).tags.columns.get(name, {}).get(tag)


@pytest.mark.covers("DATA-015")
def test_tags_come_from_meaning_content_and_lineage_with_their_evidence(shop: tuple[Settings, Versions]) -> None:
    versions = shop[1]
    own = tag(versions, USERS, "mob")
    assert own and (own.state, own.confidence, own.by) == ("proposed", 0.93, "content")
    assert own.evidence == ("it means cn_mobile", "all 200 values are mobile numbers")
    assert tag(versions, USERS, "seen", "time") and tag(versions, USERS, "grade", "code")
    derived = tag(versions, SALES, "contact")
    assert derived and (derived.by, derived.confidence) == ("lineage", 0.93)
    assert derived.path == (f"{USERS}.mob", f"{CLEAN}.phone", f"{SALES}.contact")
    whole = tag(versions, MODEL, "")
    assert whole and whole.path[-2:] == (SALES, MODEL)


@pytest.mark.covers("DATA-015")
def test_tags_of_labelled_columns_are_right() -> None:
    types = registry.builtin()
    words, right, given, there = load(Path(), types), 0, 0, 0
    for seed in (21, 22, 23):
        columns = {f"c{i}": made(type_, 60, seed) for i, type_ in enumerate(MADE)}
        wanted = {f"c{i}": set(words.tags(type_)) for i, type_ in enumerate(MADE)}
        meanings = {c: m for c, m in classify.table(columns).items() if m}
        entry = TableEntry(table=TableInfo(name="t", columns=tuple(column(c) for c in columns)), meanings=meanings)
        found = of_table(entry, {}, words)
        for name, tags in wanted.items():
            proposed = {t for t in found.get(name, {}) if t.startswith("pii:")}
            personal = {t for t in tags if t.startswith("pii:")}
            right += len(proposed & personal)
            given += len(proposed)
            there += len(personal)
    assert there > 50 and right / given >= 0.95 and right / there >= 0.8


def test_a_masking_step_stops_what_is_personal(shop: tuple[Settings, Versions]) -> None:
    versions = shop[1]
    assert tag(versions, CLEAN, "phone_hash") is None and tag(versions, SALES, "who") is None
    assert tag(versions, SALES, "", "time") is None  # a filter gives no values


@pytest.mark.covers("DATA-015")
def test_decisions_flow_are_remembered_and_versioned(shop: tuple[Settings, Versions]) -> None:
    settings, versions = shop
    decide(settings, versions, ("crm/users", "mob"), PHONE, True, "ann", "asked the team")
    assert tag(versions, USERS, "mob").state == "accepted"  # type: ignore[union-attr]
    assert tag(versions, SALES, "contact").state == "inherited"  # type: ignore[union-attr]
    last = versions.history("tags", USERS)[-1]
    assert (last.change.author, last.change.cause) == ("ann", "accepted pii:phone of mob")
    assert versions.history("tags", SALES)[-1].change.author == "ann"
    decide(settings, versions, (CLEAN, "phone"), PHONE, False, "bob")
    for key, name in ((SALES, "contact"), (SALES, ""), (MODEL, "")):
        assert tag(versions, key, name) is None
    assert refresh(settings, versions, RUN) == []  # the same again is no version, and decisions stay
    assert tag(versions, CLEAN, "phone").who == "bob"  # type: ignore[union-attr]
    decide(settings, versions, (CLEAN, "phone"), PHONE, True, "bob")
    record(versions, scan("url"))  # the origin loses it; a person's word below stays
    refresh(settings, versions, RUN)
    decide(settings, versions, (USERS, "mob"), PHONE, False, "ann")
    assert tag(versions, SALES, "contact").path[0] == f"{CLEAN}.phone"  # type: ignore[union-attr]


def test_of_decisions_at_once_none_is_lost(shop: tuple[Settings, Versions], monkeypatch: pytest.MonkeyPatch) -> None:
    settings, versions = shop
    decided = iter(["seen", "nick"])

    def meanwhile(*given: Any) -> Any:  # somebody decides while the tags of all assets are worked out
        if (name := next(decided, None)) is not None:
            decide(settings, versions, (USERS, name), "code", True, "ann")
        return ways(*given)

    monkeypatch.setattr("assets.catalog.tags.refresh.ways", meanwhile)
    refresh(settings, versions, RUN)
    for name in ("seen", "nick"):
        found = tag(versions, USERS, name, "code")
        assert found and (found.state, found.who) == ("accepted", "ann")
    barrier = Barrier(2)

    def at_once(who: str, name: str) -> None:
        barrier.wait()
        decide(settings, Versions(settings.catalog), (USERS, name), PHONE, True, who)

    with ThreadPoolExecutor(2) as pool:
        list(pool.map(at_once, ("bob", "eve"), ("grade", "nick")))
    assert {tag(versions, USERS, n).who for n in ("grade", "nick")} == {"bob", "eve"}  # type: ignore[union-attr]


def test_a_tag_goes_with_its_origin(shop: tuple[Settings, Versions]) -> None:
    settings, versions = shop
    record(versions, scan("url"))
    changed = refresh(settings, versions, Change("catalogue", "run", "run-2"))
    assert {v.key for v in changed} == {USERS, CLEAN, SALES, MODEL}
    assert all(tag(versions, key, name) is None for key, name in ((USERS, "mob"), (CLEAN, "phone"), (SALES, "contact")))
    assert tag(versions, SALES, "contact", "web").path[0] == f"{USERS}.mob"  # type: ignore[union-attr]
    LineageStore(settings.catalog).put([Stated("definition", SALES, EDGES[:3], {"sql": "abd"})])
    refresh(settings, versions, RUN)
    assert versions.get("tags", SALES) is None and versions.history("tags", SALES)[-1].document is None


@pytest.mark.covers("DATA-015")
def test_dagster_s_assets_have_those_in_force(shop: tuple[Settings, Versions]) -> None:
    settings, versions = shop
    defs = dg.Definitions(assets=[dg.AssetSpec(SALES.split("/"), tags={"domain": "crm"}), dg.AssetSpec("other")])
    assert with_tags(settings, defs) is defs  # nothing is decided yet
    publish(settings, versions)
    decide(settings, versions, (USERS, "mob"), PHONE, True, "ann")
    graph = with_tags(settings, defs).resolve_asset_graph()
    node = graph.get(dg.AssetKey(SALES.split("/")))
    assert node.tags == {"domain": "crm", "heddle/pii.phone": ""}
    assert node.metadata[COLUMN_TAGS].value == {"contact": [PHONE]}
    assert not graph.get(dg.AssetKey("other")).tags
    (settings.home / "tags.json").write_text("{")
    assert with_tags(settings, defs) is defs


def test_values_of_what_is_personal_are_found_and_shown_no_more(shop: tuple[Settings, Versions]) -> None:
    settings, versions = shop
    assert find(settings, versions, "zebra", "ann")
    assert card(versions, USERS).lines[3].profile.top  # type: ignore[union-attr]
    decide(settings, versions, (USERS, "nick"), "pii:name", True, "ann")
    assert not find(settings, versions, "zebra", "ann")
    shown = card(versions, USERS).lines[3].profile
    assert shown and shown.withheld and not shown.top
    assert USERS.replace("raw/crm", "crm") in [h.key for h in find(settings, versions, "pii name", "ann")]
    edit(versions, "table", "crm/users", Edit(tags=["private"], owners=["ann"]), "ann")
    assert "crm/users" not in [h.key for h in find(settings, versions, "pii name users", "bob")]


def test_mistakes_are_named(shop: tuple[Settings, Versions]) -> None:
    settings, versions = shop
    with pytest.raises(HeddleError, match="no entry raw/x/y"):
        decide(settings, versions, ("raw/x/y", ""), PHONE, True, "ann")
    with pytest.raises(HeddleError, match="has no column 'x'"):
        decide(settings, versions, (USERS, "x"), PHONE, True, "ann")
    with pytest.raises(SemanticsError, match="is no name of a tag"):
        decide(settings, versions, (USERS, "mob"), "<b>", True, "ann")
    with pytest.raises(ConflictError):
        decide(settings, versions, (USERS, "mob"), PHONE, True, "ann", expected=9)
    (settings.catalog_files / "tags.yaml").write_text("loyalty: {en: loyalty, types: [no_such]}\n")
    with pytest.raises(SemanticsError, match=r"tags\.yaml, tag loyalty, types: there is no semantic type no_such"):
        refresh(settings, versions, RUN)


def test_a_team_s_own_tags(shop: tuple[Settings, Versions]) -> None:
    settings, versions = shop
    (settings.catalog_files / "tags.yaml").write_text("contact: {en: contact, zh: 联系方式, types: [cn_mobile]}\n")
    refresh(settings, versions, RUN)
    assert tag(versions, SALES, "contact", "contact") and tag(versions, SALES, "contact")


def test_on_the_command_line(shop: tuple[Settings, Versions], monkeypatch: pytest.MonkeyPatch) -> None:
    settings = shop[0]
    for name in ("home", "catalog_files"):
        monkeypatch.setenv(f"HEDDLE_{name.upper()}", str(getattr(settings, name)))

    def call(*words: str) -> str:
        done = CliRunner().invoke(main, ["catalog", "tags", *words])
        assert done.exit_code == 0, done.output
        return done.output

    assert "4 assets have tags" in call("propose")
    assert call("accept", "crm/users", "mob", PHONE, "--author", "ann") == "accepted; 3 other assets changed\n"
    shown = call("show", SALES, "--zh")
    assert "+ contact: pii:phone (电话号码) 100% inherited" in shown and f"{USERS}.mob -> {CLEAN}.phone" in shown
    call("refuse", SALES, "contact", PHONE, "--note", "only counted", "--author", "bob")
    assert "- contact: pii:phone (phone number) 100% refused by bob" in call("show", SALES)
    assert "only counted" in call("show", SALES) and f"{USERS}: +pii:phone" in call("show")
    assert json.loads((settings.home / "tags.json").read_text())[USERS]["mob"] == [PHONE]
