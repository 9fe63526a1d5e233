"""What rules decide: precedence, times, mistakes in files, inheritance along lineage, and what is logged."""

import json
from collections.abc import Callable
from datetime import UTC, datetime

import pytest
from click.testing import CliRunner

from assets.catalog.facts import AssetFacts
from assets.catalog.lineage.model import Edge, Stated
from assets.catalog.lineage.store import LineageStore
from assets.catalog.model import Base, ColumnInfo
from assets.catalog.register import register
from assets.catalog.store.versions import Versions
from assets.security.access.access import Access
from assets.security.access.decide import Decision
from assets.security.access.model import AccessError, When
from core.settings import Settings, variables
from orchestration.cli.main import main
from tests.assets.security.access.conftest import PEOPLE, PLAIN, STAFF, TYPES

OUTPUT = "table/shop/output"


def facts(key: str, names: tuple[str, ...]) -> AssetFacts:
    columns = (ColumnInfo(name=n, type="VARCHAR", base=Base.TEXT, place=i) for i, n in enumerate(names, 1))
    return AssetFacts(key=key, description="", columns=tuple(columns))


def decided(access: Access, *keys: str) -> Decision:
    return access.decide(access.resource(keys))


def policy(settings: Settings, *rules: str, head: str = "") -> None:
    text = head + ("rules:\n" if rules else "") + "".join(f"  - {{{r}}}\n" for r in rules)
    (settings.protection / "access" / "shop.yaml").write_text(text)


@pytest.mark.parametrize(
    ("moment", "holds"),
    [
        ("2026-06-03T12:00+00:00", True),
        ("2026-06-03T18:00+00:00", False),
        ("2026-06-03T07:59+00:00", False),
        ("2026-06-06T12:00+00:00", False),
        ("2027-01-04T12:00+00:00", False),
        ("2026-06-03T20:00+08:00", True),
    ],
)
def test_times(moment: str, holds: bool, access: Callable[..., Access]) -> None:
    found = decided(access("bob", "audit", datetime.fromisoformat(moment)), PEOPLE)
    assert any(b.rule == "audit" for b in found.branches) is holds


def test_hours_over_midnight_belong_to_the_day_before() -> None:
    night = When.model_validate({"hours": "22:00-06:00", "days": ["mon"]})
    assert night.holds(datetime(2026, 6, 1, 23, 0, tzinfo=UTC)) and night.holds(datetime(2026, 6, 2, 5, 0, tzinfo=UTC))
    assert not night.holds(datetime(2026, 6, 1, 5, 0, tzinfo=UTC)) and not night.holds(
        datetime(2026, 6, 2, 23, 0, tzinfo=UTC)
    )


def test_rules_add_up_cell_by_cell(access: Callable[..., Access]) -> None:
    found = decided(access("bob", "audit"), PEOPLE)
    assert found.allowed and found.filtered and {b.rule for b in found.branches} == {"own_region", "audit"}
    assert found.hidden["phone"] in ("partial", "hash") and found.hidden["pay"] == "round"


def test_tables_with_tags_are_closed_and_others_open(access: Callable[..., Access], settings: Settings) -> None:
    assert not decided(access("ann"), STAFF).allowed
    assert decided(access("ann"), PLAIN).whole
    policy(settings, 'id: a, who: [ann], tables: ["table/*"]')
    assert decided(access("ann"), STAFF).hidden == {"badge": "deny"}  # a tag is opened by its name alone
    policy(settings, 'id: a, who: [ann], tables: ["table/*"], columns: {"*": allow}')
    assert decided(access("ann"), STAFF).hidden == {"badge": "deny"}
    policy(settings, 'id: a, who: [ann], tags: ["pii:*"], columns: {"*": allow, "pii:badge": {mask: partial, last: 2}}')
    assert decided(access("ann"), STAFF).hidden == {"badge": "partial"}
    policy(settings, 'id: a, who: [ann], tables: ["table/*"], columns: {BADGE: allow}')
    assert decided(access("ann"), STAFF).hidden == {"id": "deny"}
    policy(settings, head="default: deny\n")
    assert not decided(access("ann"), PLAIN).allowed


def test_deny_wins_and_what_is_not_known_closes(access: Callable[..., Access], settings: Settings) -> None:
    allow = f"id: a, who: ['*'], tables: [{PEOPLE}]"
    policy(settings, allow, f"id: d, who: [ann], tables: [{PEOPLE}], effect: deny, columns: {{name: deny}}")
    assert decided(access("ann"), PEOPLE).hidden == {"name": "deny"} and decided(access("bob"), PEOPLE).whole
    policy(settings, allow, f"id: d, who: [ann], tables: [{PEOPLE}], effect: deny, rows: 'region = :person.region'")
    assert not decided(access("ann"), PEOPLE).allowed  # nothing is known of ann
    policy(settings, f"id: a, who: ['*'], tables: [{PEOPLE}], rows: 'region = :person.region'")
    found = decided(access("ann"), PEOPLE)
    assert not found.allowed and "not known" in found.reasons[0].text


@pytest.mark.parametrize(
    ("rule", "says"),
    [
        ("id: a, who: [x], tables: [t], rows: 'a = (select 1)'", "rule a, field rows"),
        ("id: a, who: [x], tables: [t], rows: 'a = 1; drop table b'", "rule a, field rows"),
        ("id: a, who: [x], tables: [t], columns: {p: {mask: rot13}}", "rule a, field columns.p"),
        ("id: a, who: [x]", "neither `tables` nor `tags`"),
        ("id: a, who: [], tables: [t]", "rule a, field who"),
        ("id: a, who: [x], tables: [t], when: {hours: '8-18'}", "rule a, field when.hours"),
        ("id: a, who: [x], tables: [t], nonsense: 1", "rule a, field nonsense"),
        ("id: a, who: [x], tables: [t], effect: deny, columns: {p: allow}", "can only say `deny`"),
        ("id: a, who: [x], tables: [t], when: {zone: Mars/Base}", "no time zone"),
    ],
)
def test_mistakes_name_file_rule_and_field(
    rule: str, says: str, access: Callable[..., Access], settings: Settings
) -> None:
    policy(settings, rule)
    with pytest.raises(AccessError) as caught:
        decided(access("ann"), PLAIN)  # and so nothing is shown
    assert "shop.yaml" in str(caught.value) and says in str(caught.value)


@pytest.mark.covers("DATA-074")
def test_outputs_inherit(access: Callable[..., Access], settings: Settings, versions: Versions) -> None:
    names = ("id", "who", "area")
    tables = {OUTPUT: names, PEOPLE: tuple(TYPES[PEOPLE])}
    register(versions, [facts(key, columns) for key, columns in tables.items()])
    edges = tuple(Edge(PEOPLE, a, OUTPUT, b) for a, b in (("id", "id"), ("phone", "who"), ("region", "area")))
    LineageStore(settings.catalog).put([Stated("definition", "orders.ktr", edges, {"file": "orders.ktr"})])
    found = decided(access("ann"), OUTPUT)
    assert not found.allowed and f"made from {PEOPLE}" in found.reasons[-1].text
    allow = f"who: [ann], tables: [{PEOPLE}], columns: {{'*': allow, phone: null}}"
    policy(settings, f"id: a, {allow.replace('null', 'deny')}")
    assert decided(access("ann"), OUTPUT).hidden == {"who": "deny"} and not decided(access("eve"), OUTPUT).allowed
    policy(settings, f"id: a, outputs: open, {allow.replace('null', 'deny')}")
    assert decided(access("eve"), OUTPUT).whole
    policy(settings, f"id: a, {allow.replace('null', 'deny')}", f"id: b, who: ['*'], tables: [{OUTPUT}]")
    assert decided(access("eve"), OUTPUT).whole


def test_the_command_explains(settings: Settings, versions: Versions, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in variables(settings).items():
        monkeypatch.setenv(name, value)

    def heddle(*words: str) -> str:
        return CliRunner().invoke(main, ["access", *words]).output

    assert "ann sees some rows" in heddle("explain", PEOPLE, "--person", "ann")
    told = heddle("explain", PEOPLE, "--person", "bob", "--at", "2026-06-03T20:00+00:00", "--purpose", "audit")
    assert "audit: off: does not hold at this time" in told
    said = json.loads(heddle("explain", STAFF, "--person", "ann", "--json"))
    assert said["sees"] == "nothing" and said["rules"][0]["rule"] == "default"
    assert f"{STAFF}  nothing" in heddle("list", "--person", "ann") and PLAIN not in heddle("list")
    assert "3 rules, 2 persons, default open: no mistakes" in heddle("check")
    assert "has no roles" in heddle("grants", "plan", "shop")
