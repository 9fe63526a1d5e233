"""Masks in a transformation: found by running it, no raw value behind them, joins by the native digest still match."""

import random
from pathlib import Path

import polars as pl
import pytest

from assets.kettle.errors import KettleError
from assets.kettle.files.write import to_bytes
from assets.kettle.model import Transformation
from assets.quality.rules.to_kettle import fields
from assets.security.protect.base import Scope
from assets.security.protect.errors import ProtectionError
from assets.security.protect.frames import protected
from assets.security.protect.kettle_rows import rows_of
from assets.security.protect.keys import Keyring
from assets.security.protect.methods.hash import kettle_key
from assets.security.protect.plan import Decision, decide
from assets.security.protect.policy import Policy
from assets.security.protect.to_kettle import Merged, merged, variable
from tests.assets.kettle.generate.helpers import Table, base, run, source
from tests.assets.security.sensitive import made

R = random.Random(12)
ROWS = 120
CARDS = [made.id_card(R) for _ in range(ROWS)]
PEOPLE: Table = (
    {"no": "Integer", "姓名": "String", "证件号": "String", "手机": "String", "email": "String", "birthday": "Date"},
    [
        (n, made.name(R), CARDS[n], made.mobile(R), f"ann.{n}@example.org", f"19{50 + n % 50}-03-0{n % 9 + 1} 00:00:00")
        for n in range(ROWS)
    ],
)
RING = Keyring({"k1": b"wJ8n2-XkqP0rTfYb5sVhLz7uQe3mCaGd"})
POLICY = {
    "name": "p",
    "purpose": "analytics",
    "classes": {
        "id_card": {"method": "hash", "algorithm": "kettle"},
        "email": {"method": "hash", "algorithm": "kettle"},
        "person_name": "mask",
        "mobile": "mask",
        "birth_date": {"method": "generalise", "period": "month"},
    },
    "tables": {"raw/crm/people": {"columns": {"no": {"method": "hash", "algorithm": "kettle", "domain": "customer"}}}},
}


def policy(**classes: object) -> Policy:
    return Policy.model_validate(POLICY | {"classes": POLICY["classes"] | classes})  # type: ignore[operator]


def planned(model: Transformation, said: Policy) -> list[Decision]:
    return decide(said, "raw/crm/people", rows_of(model, "in"))


def with_masks(model: Transformation, said: Policy, **more: bool) -> Merged:
    return merged(model, planned(model, said), fields(model, "in"), "in", **more)


def variables() -> dict[str, str]:
    domains = ("customer", "id_card", "email")
    return {variable(domain): kettle_key(Scope("analytics", domain, keys=RING)) for domain in domains}


@pytest.mark.covers("DATA-073")
def test_no_raw_value_passes_the_masks_and_joins_by_the_native_digest_match() -> None:
    model = base(PEOPLE).model
    found = with_masks(model, policy())
    assert found.masked == {
        "no": "hash", "姓名": "mask", "证件号": "hash", "手机": "mask", "email": "hash", "birthday": "generalise",
    }  # fmt: skip
    assert found.emptied == {} and set(found.variables) == set(variables())
    out = run(found.model, variables=variables())
    assert out.layouts["out"] == list(PEOPLE[0])
    said = repr(out.rows("out"))
    raw = {str(v) for row in PEOPLE[1] for v in row[1:5]}
    assert {day.day for day in out.column("out", "birthday")} == {1}
    assert not [value for value in raw if value in said]
    assert not any(key in to_bytes(found.model).decode() for key in variables().values())
    # the same rows protected natively are the same, so that files and tables join
    native = pl.DataFrame({c: [row[n] for row in PEOPLE[1]] for n, c in enumerate(PEOPLE[0])})
    decisions = [d for d in planned(model, policy()) if d.column != "birthday"]
    done = protected(native, [(d, d.scope(policy(), RING, None)) for d in decisions])
    for column in done.columns:
        assert out.column("out", column) == done[column].to_list(), column
    other = source(base(PEOPLE), "visits", ({"who": "String"}, [(CARDS[7],), ("nobody",)]))
    visits = rows_of(other.model, "visits")
    digest = decide(policy(), "visits", pl.DataFrame({"证件号": CARDS}))[0]
    joined = protected(visits.rename({"who": "证件号"}), [(digest, digest.scope(policy(), RING, None))])
    assert [v in out.column("out", "证件号") for v in joined["证件号"]] == [True, False]


def test_what_kettle_cannot_do_is_emptied_and_told() -> None:
    model = base(PEOPLE).model
    found = with_masks(
        model, policy(mobile="fpe", email="token", birth_date={"method": "generalise", "period": "decade"})
    )
    assert set(found.emptied) == {"手机", "email", "birthday"} and "no step for token" in found.emptied["email"]
    out = run(found.model, variables=variables())
    for column in found.emptied:
        assert set(out.column("out", column)) == {None}
    with pytest.raises(ProtectionError, match="algorithm: kettle"):
        with_masks(model, policy(id_card="hash"))


def test_a_field_that_nobody_looked_at_does_not_pass() -> None:
    model = base(PEOPLE).model
    seen = [d for d in planned(model, policy()) if d.column != "手机"]
    for decisions in (seen, []):
        with pytest.raises(ProtectionError, match="which leaves 'in', there are no rows to look at"):
            merged(model, decisions, fields(model, "in"), "in")


def test_steps_follow_the_policy_and_leave_the_rest_alone() -> None:
    model = base(PEOPLE).model
    found = with_masks(model, policy())
    again = with_masks(found.model, policy())
    assert to_bytes(again.model) == to_bytes(found.model)
    free = {c: {"method": "pass", "why": "test"} for c in ("id_card", "email", "person_name", "mobile", "birth_date")}
    nothing = Policy.model_validate(POLICY | {"classes": free, "tables": {}})
    assert set(with_masks(found.model, nothing).model.steps) == set(model.steps)


def test_a_step_that_writes_does_not_run_for_a_look(tmp_path: Path) -> None:
    flow = source(base(PEOPLE), "more", PEOPLE)
    flow.step("file", "TextFileOutput", [("file", [("name", str(tmp_path / "out")), ("extention", "txt")])])
    flow.step("end", "Dummy").hop("more", "file", "end")
    with pytest.raises(KettleError, match="give rows"):
        rows_of(flow.model, "end")
    assert not list(tmp_path.iterdir())
    assert len(rows_of(flow.model, "more", rows=7)) == 7
    with pytest.raises(KettleError, match="no step"):
        rows_of(flow.model, "nowhere")
