"""Rules on the pages: decided, changed, refused when somebody else was quicker; previews; what must not be shown."""

from pathlib import Path

import polars as pl
import pytest

from assets.catalog.store.versions import Change
from assets.catalog.tags.kept import KIND as TAGS
from assets.catalog.tags.kept import Tag, Tags
from assets.quality.fusion.files import PlanFiles
from assets.quality.fusion.model import Plan
from assets.quality.mapping.files import MappingFiles
from assets.quality.mapping.model import FieldMap, Mapping_
from assets.quality.rules.files import RuleFiles
from assets.quality.rules.model import Effect, Example, Rule
from core.naming import TableName
from core.settings import Settings, load
from resources.open import warehouse
from serving.studio.studio import Studio
from tests.serving.studio.conftest import HOSTILE, ORDERS, SECRET
from tests.serving.studio.forms import Reader, filled

SQL = 'a"; drop table t; --'


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    (tmp_path / "files").mkdir()
    home = {"HEDDLE_HOME": str(tmp_path / "home"), "HEDDLE_CATALOG_FILES": str(tmp_path / "files")}
    return load(home | {"HEDDLE_QUALITY": str(tmp_path / "quality")}, project=tmp_path)


def made() -> list[Rule]:
    shown = (Example(row=7, column="state", before=HOSTILE, after="paid"),)
    return [
        Rule.make("normalise", ORDERS, ["state"], {"forms": ["trim"]}, action="repair", confidence=0.97,
                  evidence=f"spaces {HOSTILE}", effect=Effect(rows=1, cells=1, examples=shown)),
        Rule.make("not_null", ORDERS, ["id"], action="report", confidence=0.9),
        Rule.make("range", ORDERS, ["amount"], {"low": 0, "high": 50}, action="report", confidence=0.6),
        Rule.make("replace", ORDERS, ["mobile"], {"mapping": {"13800000000": "13900000000"}}, action="repair",
                  confidence=0.5, evidence="'13800000000' is close to '13900000000'",
                  effect=Effect(rows=1, cells=1, examples=(Example(row=1, column="mobile", before="13800000000"),))),
    ]  # fmt: skip


@pytest.fixture
def rules(studio: Studio) -> list[Rule]:
    files, found = RuleFiles(studio.settings.quality), made()
    files.merge(ORDERS, found)
    files.merge(SECRET, [Rule.make("not_null", SECRET, ["pay"])])
    tag = Tag(state="accepted", confidence=1.0, by="user")
    studio.versions.put(TAGS, ORDERS, Tags(columns={"mobile": {"pii:phone": tag}}).model_dump(), Change("bob", "x"))
    return found


def form_of(page: str, rule: Rule) -> dict[str, str]:
    start = page.index(f'id="{rule.id}"')
    return filled(page[start : page.index("</section>", start)], "/quality/rule")


def test_tables_and_rules_are_shown_and_nothing_that_is_private(studio: Studio, rules: list[Rule]) -> None:
    reader = Reader(studio)
    listed = reader.get("/quality").text
    assert ORDERS in listed and SECRET not in listed
    assert reader.get("/quality/table", table=SECRET).status_code == 404
    page = reader.get("/quality/table", table=ORDERS).text
    assert "Values of amount lie within bounds." in page and "97%" in page and "1 rows, 1 cells" in page
    assert "<script>alert" not in page and "&lt;script&gt;" in page
    assert "13800000000" not in page and "13900000000" not in page and "•••" in page
    chinese = reader.get("/quality/table", table=ORDERS, lang="zh").text
    assert "amount 的值在范围内。" in chinese and "置信度" in chinese


def test_a_decision_has_who_when_note_and_parameters(studio: Studio, rules: list[Rule]) -> None:
    reader, files = Reader(studio), RuleFiles(studio.settings.quality)
    bounds = rules[2]
    form = form_of(reader.get("/quality/table", table=ORDERS).text, bounds)
    sent = form | {"status": "accepted", "action": "reject", "note": HOSTILE, "params": '{"low": 0, "high": 99}'}
    page = reader.done("/quality/rule", sent)
    kept = next(r for r in files.read(ORDERS) if r.id == bounds.id)
    assert (kept.status, kept.action, kept.by, kept.note, kept.params) == (
        "accepted", "reject", "ann", HOSTILE, {"low": 0, "high": 99},
    )  # fmt: skip
    assert kept.at and "<script>alert" not in page and "proposed → accepted (rejected)" in page
    assert files.decisions(ORDERS)[0].changed == {"action": "report", "params": {"low": 0, "high": 50}}
    refused = form_of(page, rules[1]) | {"status": "refused"}
    reader.done("/quality/rule", refused)
    assert next(r for r in files.read(ORDERS) if r.id == rules[1].id).status == "refused"
    assert [d.status for d in files.decisions(ORDERS)] == ["refused", "accepted"]


def test_of_two_editors_the_slower_is_told(studio: Studio, rules: list[Rule]) -> None:
    files = RuleFiles(studio.settings.quality)
    ann, bob = Reader(studio), Reader(Studio(studio.settings, studio.versions, "bob"))
    theirs = form_of(bob.get("/quality/table", table=ORDERS).text, rules[0])
    mine = form_of(ann.get("/quality/table", table=ORDERS).text, rules[0])
    ann.done("/quality/rule", mine | {"status": "refused"})
    late = bob.send("/quality/rule", theirs | {"status": "accepted"})
    assert late.status_code == 409 and "changed meanwhile" in late.text
    bulk = filled(ann.get("/quality/table", table=ORDERS).text, "/quality/several")
    files.path(ORDERS).write_text(files.path(ORDERS).read_text() + "# by hand\n")
    assert ann.send("/quality/several", bulk | {"least": "90"}).status_code == 409
    assert files.accepted(ORDERS) == []


def test_who_comes_back_to_a_page_decides_on_the_state_that_they_saw(studio: Studio, rules: list[Rule]) -> None:
    files, reader = RuleFiles(studio.settings.quality), Reader(studio)
    seen = str(reader.get("/quality/table", table=ORDERS, status="proposed").url)
    files.decide(ORDERS, [rules[0].id], "refused", "bob")
    back = reader.client.get(seen)  # as the browser's Back asks for it: nothing of a page is stored
    assert "Somebody else changed it" in back.text
    late = reader.send("/quality/rule", form_of(back.text, rules[1]) | {"status": "accepted"})
    assert late.status_code == 409 and files.accepted(ORDERS) == []
    fresh = reader.get("/quality/table", table=ORDERS, status="proposed")
    assert "Somebody else changed it" not in fresh.text
    reader.done("/quality/rule", form_of(fresh.text, rules[1]) | {"status": "accepted"})
    assert [r.id for r in files.accepted(ORDERS)] == [rules[1].id]


def test_the_sure_ones_are_accepted_together(studio: Studio, rules: list[Rule]) -> None:
    reader, files = Reader(studio), RuleFiles(studio.settings.quality)
    form = filled(reader.get("/quality/table", table=ORDERS).text, "/quality/several")
    for wrong in ("", "x", "101", "-1", "100"):
        assert reader.send("/quality/several", form | {"least": wrong}).status_code == 400
    reader.done("/quality/several", form | {"least": "90", "note": "sure"})
    assert {r.id for r in files.accepted(ORDERS)} == {rules[0].id, rules[1].id}
    assert {d.note for d in files.decisions(ORDERS)} == {"sure"}


@pytest.mark.parametrize(
    "wrong",
    [
        {"status": "gone"},
        {"action": "drop table"},
        {"params": "{"},
        {"params": "[1]"},
        {"params": '{"nope": 1}'},
        {"params": "[" * 49_000},
        {"params": "x" * 60_000},
        {"note": "x" * 1001},
        {"mark": ""},
        {"rule": SQL},
    ],
)
def test_wrong_forms_change_nothing(studio: Studio, rules: list[Rule], wrong: dict[str, str]) -> None:
    reader, files = Reader(studio), RuleFiles(studio.settings.quality)
    before = files.path(ORDERS).read_bytes()
    form = form_of(reader.get("/quality/table", table=ORDERS).text, rules[2]) | {"status": "accepted"}
    answer = reader.send("/quality/rule", form | wrong)
    assert answer.status_code == 400
    assert files.path(ORDERS).read_bytes() == before and files.decisions(ORDERS) == []


def test_forms_of_others_and_of_hidden_tables_are_refused(studio: Studio, rules: list[Rule]) -> None:
    reader = Reader(studio)
    form = form_of(reader.get("/quality/table", table=ORDERS).text, rules[0]) | {"status": "accepted"}
    null = form_of(reader.get("/quality/table", table=ORDERS).text, rules[1])
    assert reader.send("/quality/rule", null | {"status": "accepted", "action": "repair"}).status_code == 400
    assert reader.send("/quality/rule", form, origin="http://evil").status_code == 403
    assert reader.send("/quality/rule", form | {"token": "x"}).status_code == 403
    for table in (SECRET, "../../etc/passwd", SQL, ""):
        assert reader.send("/quality/rule", form | {"table": table}).status_code == 404


def test_values_that_are_not_shown_are_not_lost_by_a_decision(studio: Studio, rules: list[Rule]) -> None:
    reader, files = Reader(studio), RuleFiles(studio.settings.quality)
    form = form_of(reader.get("/quality/table", table=ORDERS).text, rules[3])
    assert "params" not in form
    reader.done("/quality/rule", form | {"status": "accepted", "params": '{"mapping": {"a": "b"}}'})
    assert files.accepted(ORDERS)[0].params == rules[3].params


def test_the_preview_says_what_the_plan_would_do(studio: Studio, rules: list[Rule]) -> None:
    store = warehouse(studio.settings)
    ids, states = [1, 2, None, 4], [" paid", HOSTILE + " ", "paid", "paid"]
    frame = pl.DataFrame({"id": ids, "amount": [1.0, 2.0, 3.0, 99.0], "state": states, "mobile": ["13800000000"] * 4})
    store.write(TableName("raw_shop", "orders"), frame)
    files = RuleFiles(studio.settings.quality)
    files.decide(ORDERS, [rules[1].id], "accepted", "ann", action="reject")
    files.decide(ORDERS, [rules[0].id, rules[2].id, rules[3].id], "accepted", "ann")
    page = Reader(studio).get("/quality/preview", table=ORDERS).text
    assert "4 rows: 3 stay, 1 are rejected, 5 cells change" in page
    assert "75.000%" in page and "&lt;script&gt;" in page and "<script>alert" not in page
    assert "13800000000" not in page and "13900000000" not in page
    assert store.query("select count(*) as n from raw_shop.orders")["n"].item() == 4
    gone = made()[0].model_copy(update={"id": "gone", "columns": ("nope",)})
    files.merge(ORDERS, [gone])
    files.decide(ORDERS, ["gone"], "accepted", "ann")
    assert "no column" in Reader(studio).get("/quality/preview", table=ORDERS).text


def test_a_broken_file_is_told_and_a_broken_rule_can_be_refused(studio: Studio, rules: list[Rule]) -> None:
    reader, files = Reader(studio), RuleFiles(studio.settings.quality)
    odd = Rule.make("range", "x.csv", ["a"], {"low": "<b>"})
    files.merge("x.csv", [odd, Rule.make("nonsense", "x.csv", [SQL])])
    page = reader.get("/quality/table", table="x.csv").text
    assert "params: field low" in page and "no kind of rule" in page
    form = form_of(page, odd)
    assert reader.send("/quality/rule", form | {"status": "accepted"}).status_code == 400
    reader.done("/quality/rule", form | {"status": "refused"})
    files.decide("x.csv", [odd.id], "proposed", "ann")
    files.path("x.csv").write_text("table: x.csv\nrules: 7\n")
    assert "is no list of rules" in reader.get("/quality").text
    assert reader.get("/quality/table", table="x.csv").status_code == 200


def test_plans_and_mappings_are_decided(studio: Studio, rules: list[Rule]) -> None:
    quality, reader = studio.settings.quality, Reader(studio)
    join = {"right": "raw/shop/customers", "keys": [{"left": "id", "right": "id"}]}
    plan = {"asset": "table/shop/a", "left": ORDERS, "joins": [join]}
    PlanFiles(quality).write(Plan.model_validate(plan))
    hidden = Plan.model_validate(plan | {"asset": "table/shop/b", "left": SECRET})
    PlanFiles(quality).write(hidden)
    fields = (FieldMap(target="total", sources=("amount",)), FieldMap(target="<b>", sources=("state",)))
    MappingFiles(quality).merge(Mapping_(name="to_ledger", source=ORDERS, target="raw/shop/ledger", fields=fields))
    seen = reader.get("/quality")
    page = seen.text
    assert "table/shop/a" in page and "table/shop/b" not in page and "&lt;b&gt;" in page
    form = filled(page, "/quality/plan") | {"status": "accepted"}
    reader.done("/quality/plan", form)
    assert (PlanFiles(quality).read("table/shop/a").status, PlanFiles(quality).read("table/shop/a").by) == (
        "accepted", "ann",
    )  # fmt: skip
    assert reader.send("/quality/plan", form | {"status": "refused"}).status_code == 409
    assert reader.send("/quality/plan", form | {"plan": "table/shop/b"}).status_code == 400
    form = filled(page, "/quality/mapping") | {"status": "accepted"}
    reader.done("/quality/mapping", form)
    assert [f.status for f in MappingFiles(quality).read("to_ledger").fields] == ["accepted", "proposed"]
    assert reader.send("/quality/mapping", form).status_code == 409
    back = reader.client.get(str(seen.url)).text
    assert "Somebody else changed it" in back
    for path in ("/quality/plan", "/quality/mapping"):
        assert reader.send(path, filled(back, path) | {"status": "refused"}).status_code == 409
    assert PlanFiles(quality).read("table/shop/a").status == "accepted"
    assert "Somebody else changed it" not in reader.get("/quality").text
