"""What somebody sees, and which line of the policy says so: worked out once, shown by the command line."""

import json
from collections.abc import Callable
from datetime import UTC, datetime

import pytest
from click.testing import CliRunner, Result

from assets.catalog.store.versions import Versions
from assets.security.access.access import Access
from assets.security.access.effective import effective, found, group, principals, tables
from core.errors import HeddleError
from core.settings import Settings, variables
from orchestration.cli.main import main
from tests.assets.security.access.conftest import NOON, PEOPLE, PLAIN, STAFF

Made = Callable[..., Access]
Run = Callable[..., Result]


@pytest.fixture
def run(settings: Settings, versions: Versions, monkeypatch: pytest.MonkeyPatch) -> Run:
    for name, value in variables(settings).items():
        monkeypatch.setenv(name, value)
    return lambda *words: CliRunner().invoke(main, ["access", *words])


def test_each_column_with_the_line_that_decided(access: Made) -> None:
    seen = effective(access("ann"), (PEOPLE,))
    assert (seen.sees, seen.rows, seen.taken) == ("some rows", ("\"region\" = 'north'",), ("\"name\" = 'nobody'",))
    assert {c.name: (c.seen, c.masks, c.by) for c in seen.columns if c.name in ("name", "phone", "pay")} == {
        "name": ("shown", (), ("own_region: columns.*",)),
        "phone": ("masked", ("partial",), ("own_region: columns.phone",)),
        "pay": ("hidden", (), ("own_region: columns.pay",)),
    }
    assert seen.files["own_region"] == "shop.yaml:6" and seen.files["no_fraud"] == "shop.yaml:17"


def test_rules_that_add_up_tags_deny_rules_and_lineage(access: Made, settings: Settings) -> None:
    bob = {c.name: c for c in effective(access("bob", "audit"), (PEOPLE,)).columns}
    assert bob["pay"].by == ("own_region: columns.pay", "audit: columns.pay") and bob["pay"].masks == ("round",)
    assert (bob["phone"].seen, bob["phone"].masks) == ("masked", ("partial", "hash"))
    assert bob["day"].seen == "some rows" and bob["name"].seen == "shown"
    text = "rules:\n  - {id: all, who: ['*'], tables: ['*']}\n  - id: closed\n    who: ['*']\n    tables: [%s]\n"
    text = text % PLAIN + "    effect: deny\n    columns: {region: deny}\n"
    (settings.protection / "access" / "shop.yaml").write_text(text)
    staff = {c.name: c for c in effective(access("ann"), (STAFF,)).columns}
    assert staff["badge"].by == ("all: its tag guards it, and no entry names it",) and staff["id"].seen == "shown"
    plain = {c.name: c for c in effective(access("ann"), (PLAIN,)).columns}
    assert (plain["region"].seen, plain["region"].by) == ("hidden", ("all: denied by closed",))
    assert effective(access("ann"), (PLAIN,)).files["closed"] == "shop.yaml:3"


def test_groups_stand_for_somebody_who_has_them(settings: Settings, versions: Versions, access: Made) -> None:
    def of(*groups: str, purpose: str = "audit") -> Access:
        return Access(settings, versions, "", purpose, clock=lambda: NOON, groups=frozenset(map(group, groups)))

    assert effective(of("role:auditor"), (PEOPLE,)).sees == "some rows"  # all but those that nobody sees
    assert effective(of("role:auditor", purpose=""), (PEOPLE,)).sees == "nothing"
    team = effective(of("team:shop"), (PEOPLE,))  # a condition needs an attribute of a person
    assert team.sees == "nothing" and "not known of the person" in repr(team.reasons)
    with pytest.raises(HeddleError, match="is no group"):
        of("auditor")
    assert principals(access("ann")) == {
        "person": ["ann", "bob"], "role": ["auditor"], "project": ["refunds"], "team": ["shop"], "purpose": ["audit"]
    }  # fmt: skip


def test_the_page_of_a_table_is_found_by_each_of_its_keys(versions: Versions) -> None:
    keys = next(k for k in tables(versions) if k[-1] == "shop/people")
    assert keys == ("raw/shop/people", "shop/people") and found(versions, keys[0]) == found(versions, keys[1]) == keys


@pytest.mark.parametrize(
    "key", ["table/shop/peopel", "nonsense", "", "doc/retail/handbook/x.md", "'; drop table x; --"]
)
def test_a_table_that_is_not_there_is_no_denied_table(run: Run, settings: Settings, key: str) -> None:
    path = settings.protection / "access" / "shop.yaml"
    path.write_text("default: deny\n" + path.read_text())
    told = run("explain", key, "--person", "ann")
    assert told.exit_code == 2 and f"the catalogue has no table {key}" in told.output and "deny" not in told.output
    assert ("table/shop/people" in told.output) == (key == "table/shop/peopel")


def test_the_command_line(run: Run) -> None:
    at = ("--at", NOON.isoformat())
    told = run("explain", PEOPLE, "--person", "ann", *at).output
    assert told.startswith(f"ann sees some rows of {PEOPLE}\n  rows where \"region\" = 'north'\n")
    assert "  no rows where \"name\" = 'nobody'\n" in told
    assert (
        "  phone: partial  [own_region: columns.phone]\n" in told and "region = :person.region  [shop.yaml:6]" in told
    )
    said = json.loads(run("explain", PEOPLE, "--as", "role:auditor", "--purpose", "audit", *at, "--json").output)
    assert said["person"] == "role:auditor" and said["hidden"] == {"phone": "hash", "pay": "round", "day": "year"}
    assert next(c for c in said["columns"] if c["name"] == "phone")["by"] == ["audit: columns.phone"]
    listed = run("list", "--person", "ann", *at).output.splitlines()
    assert f"{PEOPLE}  some rows; hidden: phone (partial), pay (deny)" in listed and f"{STAFF}  nothing" in listed
    assert not any(line.startswith(PLAIN) for line in listed)
    assert f"{PLAIN}  everything" in run("list", "--person", "ann", "--all", *at).output
    assert "is no group" in run("list", "--as", "people").output


def test_a_moment_that_rules_know_is_that_of_the_question(run: Run) -> None:
    night = datetime(2026, 6, 3, 23, 0, tzinfo=UTC).isoformat()
    told = run("explain", PEOPLE, "--as", "role:auditor", "--purpose", "audit", "--at", night).output
    assert "sees nothing" in told and "audit: off: does not hold at this time  [shop.yaml:11]" in told
