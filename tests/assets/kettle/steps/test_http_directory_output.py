"""LDAP output against the in-memory directory of ldap3."""

from typing import Any

import pytest

from assets.kettle.errors import StepError
from assets.kettle.steps.http_directory_output import LdapOutput
from tests.assets.kettle.flow import Flow, Outcome, grid

ldap3 = pytest.importorskip("ldap3")
BASE = "ou=people,dc=x"
ANN = f"cn=ann,{BASE}"


@pytest.fixture
def directory(monkeypatch: pytest.MonkeyPatch) -> Any:
    connection = ldap3.Connection(ldap3.Server("fake"), client_strategy=ldap3.MOCK_SYNC)
    connection.strategy.add_entry("cn=admin", {"userPassword": "x", "sn": "a", "objectClass": "person"})
    connection.strategy.add_entry(ANN, {"cn": "ann", "sn": "Old", "mail": ["a@x"], "objectClass": "person"})
    connection.bind()
    monkeypatch.setattr(LdapOutput, "connect", lambda self: connection)
    monkeypatch.setattr(connection, "unbind", lambda: None)
    return connection


def entry(directory: Any, dn: str) -> dict[str, list[str]] | None:
    if not directory.search(dn, "(objectClass=*)", search_scope=ldap3.BASE, attributes=["*"]):
        return None
    found: dict[str, list[str]] = directory.entries[0].entry_attributes_as_dict
    return found


def run(operation: str, *rows: tuple[str | None, ...], errors: bool = False, **tags: str) -> Outcome:
    wanted = (("sn", "sn", "Y"), ("mail", "mail", "N"), ("objectClass", "kind", "N"))
    fields = [("field", [("name", name), ("field", item), ("update", update)]) for name, item, update in wanted]
    plain = {"operationType": operation, "dnFieldName": "dn", "multivaluedseparator": ";", "host": "h", **tags}
    flow = Flow().step("in", "DataGrid", grid(dict.fromkeys(("dn", "sn", "mail", "kind"), "String"), list(rows)))
    flow.step("out", "LDAPOutput", [*plain.items(), ("fields", fields)]).hop("in", "out")
    if errors:
        flow.step("bad", "Dummy").errors("out", "bad", descriptions_valuename="why", codes_valuename="code")
    return flow.run()


def test_entries_are_inserted_with_several_values(directory: Any) -> None:
    done = run("insert", (f"cn=bob,{BASE}", "Bob", "b@x;c@x", "person"), (f"cn=cy,{BASE}", "Cy", None, "person"))
    assert (done.counters["out"].output, len(done.rows("out"))) == (2, 2)
    bob, cy = entry(directory, f"cn=bob,{BASE}"), entry(directory, f"cn=cy,{BASE}")
    assert bob is not None
    assert cy is not None
    assert (bob["mail"], "mail" in cy) == (["b@x", "c@x"], False)


def test_an_upsert_changes_only_the_marked_attributes(directory: Any) -> None:
    done = run("upsert", (ANN, "New", "z@x", "person"), (f"cn=dee,{BASE}", "Dee", "d@x", "person"))
    assert (done.counters["out"].updated, done.counters["out"].output) == (1, 1)
    ann = entry(directory, ANN)
    assert ann is not None
    assert (ann["sn"], ann["mail"]) == (["New"], ["a@x"])
    assert entry(directory, f"cn=dee,{BASE}") is not None


def test_values_are_added_or_replaced_and_entries_deleted(directory: Any) -> None:
    run("add", (ANN, None, "b@x", None))
    ann = entry(directory, ANN)
    assert ann is not None
    assert sorted(ann["mail"]) == ["a@x", "b@x"]
    run("update", (ANN, "Next", "only@x", "person"))
    ann = entry(directory, ANN)
    assert ann is not None
    assert (ann["sn"], ann["mail"]) == (["Next"], ["only@x"])
    done = run("delete", (ANN, None, None, None), (f"cn=gone,{BASE}", None, None, None))
    assert (done.counters["out"].updated, len(done.rows("out"))) == (1, 2)
    assert entry(directory, ANN) is None


def test_an_entry_is_renamed(directory: Any) -> None:
    run("rename", (ANN, f"cn=anna,{BASE}", None, None), oldDnFieldName="dn", newDnFieldName="sn")
    assert entry(directory, f"cn=anna,{BASE}") is not None
    assert entry(directory, ANN) is None


def test_what_the_directory_refuses_goes_to_the_error_hop(directory: Any) -> None:
    rows = (ANN, "Again", None, "person"), (f"cn=new,{BASE}", "New", None, "person")
    done = run("insert", *rows, errors=True)
    (refused,) = done.rejected("out")
    assert refused[0] == ANN
    assert (f"insert '{ANN}'" in refused[-2], refused[-1]) == (True, "LDAPOutput001")
    assert len(done.rows("out")) == 1
    with pytest.raises(StepError, match="delete 'cn=gone"):
        run("delete", (f"cn=gone,{BASE}", None, None, None), failIfNotExist="Y")


def test_what_cannot_work_is_told() -> None:
    with pytest.raises(StepError, match="no operation 'merge'"):
        run("merge")
    with pytest.raises(StepError, match="the field with the distinguished name 'gone'"):
        run("delete", dnFieldName="gone")
