"""Superset's data sets follow tables: through a server that holds requests to Superset's OpenAPI shapes, and fails."""

import json
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from core.errors import BiError, SettingsError
from core.schema import Column, DataSet
from core.settings import Settings, load, shown, variables
from resources import open as ports
from resources.bi_superset import Superset
from resources.superset_session import rison
from tests.fakes import rison as reader
from tests.fakes.superset import PASSWORD, Fault, SupersetServer, superset_server

TABLE = ("shop", "wide")
COLUMNS = {"id": "BIGINT", "city": "VARCHAR", "spend": "DOUBLE"}
EXISTS = {"message": {"table": ["Dataset shop.wide already exists"]}}


def wanted(columns: dict[str, str] | None = None, **more: Any) -> DataSet:
    texts = {"city": "Where the household lives"} | more.pop("texts", {})
    chosen = tuple(Column(n, t.lower(), texts.get(n, "")) for n, t in (columns or COLUMNS).items())
    fields = {"description": "One row per household.", "owner": "team:data", "source": "table/shop/wide"} | more
    return DataSet(*TABLE, chosen, **fields)


@pytest.fixture
def server() -> Iterator[SupersetServer]:
    with superset_server() as found:
        found.tables[TABLE] = dict(COLUMNS)
        yield found


@pytest.fixture
def bi(server: SupersetServer, monkeypatch: pytest.MonkeyPatch) -> Superset:
    monkeypatch.setenv("BI_SECRET", PASSWORD)
    return Superset.from_url(server.url, "env:BI_SECRET")


def only(server: SupersetServer) -> dict[str, Any]:
    assert len(server.datasets) == 1
    return next(iter(server.datasets.values()))


def names(item: dict[str, Any]) -> list[str]:
    return [c["column_name"] for c in item["columns"]]


def test_a_data_set_is_created_once_and_described(server: SupersetServer, bi: Superset) -> None:
    made = bi.sync(wanted())
    item = only(server)
    assert (made.id, made.columns) == (item["id"], ("id", "city", "spend"))
    assert made.url == f"{server.base}/explore/?datasource_type=table&datasource_id={made.id}"
    assert made.changes == ("created", "description", "owner and certification", "columns described: city")
    assert (item["schema"], item["table_name"], item["database"]) == ("shop", "wide", 1)
    assert item["description"] == "One row per household."
    assert {c["column_name"]: c["description"] for c in item["columns"]} == {
        "id": None,
        "city": "Where the household lives",
        "spend": None,
    }
    extra = json.loads(item["extra"])
    assert extra["heddle"]["owner"] == "team:data" and "certification" not in extra
    writes = list(server.writes)
    assert writes == ["POST /api/v1/dataset/", f"PUT /api/v1/dataset/{made.id}"]
    assert bi.sync(wanted()).changes == () and server.writes == writes


def test_columns_follow_the_table_and_what_people_set_stays(server: SupersetServer, bi: Superset) -> None:
    bi.sync(wanted())
    item = only(server)
    spend = next(c for c in item["columns"] if c["column_name"] == "spend")
    spend |= {"description": "written in Superset", "verbose_name": "Spend"}
    item["columns"].append(server.column("per_year", expression="spend / 12", description="theirs"))
    item |= {"always_filter_main_dttm": True, "owners": [{"id": 7}, {"id": 9}]}
    item["extra"] = json.dumps(json.loads(item["extra"]) | {"warning_markdown": "careful"})
    ids = {c["column_name"]: c["id"] for c in item["columns"]}

    renamed = {"id": "BIGINT", "town": "VARCHAR", "spend": "DECIMAL(10,2)", "age": "INTEGER"}
    server.tables[TABLE] = dict(renamed)
    made = bi.sync(wanted(renamed, texts={"town": "Where it lives", "age": "Years"}, description="New words."))
    assert made.changes == (
        "columns added: age, town",
        "columns removed: city",
        "column types changed: spend",
        "description",
        "owner and certification",
        "columns described: age, town",
    )
    item = only(server)
    assert set(names(item)) == {"id", "town", "spend", "age", "per_year"}
    found = {c["column_name"]: c for c in item["columns"]}
    assert found["spend"]["description"] == "written in Superset" and found["spend"]["verbose_name"] == "Spend"
    assert found["spend"]["id"] == ids["spend"] and found["spend"]["type"] == "DECIMAL(10,2)"
    assert found["per_year"]["expression"] == "spend / 12" and found["per_year"]["description"] == "theirs"
    assert found["town"]["description"] == "Where it lives" and item["description"] == "New words."
    assert item["always_filter_main_dttm"] is True and item["owners"] == [{"id": 7}, {"id": 9}]
    assert json.loads(item["extra"])["warning_markdown"] == "careful"
    writes = list(server.writes)
    assert (
        bi.sync(wanted(renamed, texts={"town": "Where it lives", "age": "Years"}, description="New words.")).changes
        == ()
    )
    assert server.writes == writes


def test_a_description_alone_is_one_put(server: SupersetServer, bi: Superset) -> None:
    bi.sync(wanted())
    before = len(server.writes)
    assert bi.sync(wanted(texts={"id": "Household"})).changes == ("columns described: id",)
    assert server.writes[before:] == ["PUT /api/v1/dataset/1"]


def test_a_type_alone_is_refreshed(server: SupersetServer, bi: Superset) -> None:
    bi.sync(wanted())
    server.tables[TABLE]["spend"] = "DECIMAL(10,2)"
    made = bi.sync(wanted(dict(server.tables[TABLE])))
    assert made.changes[0] == "column types changed: spend"
    assert {c["column_name"]: c["type"] for c in only(server)["columns"]}["spend"] == "DECIMAL(10,2)"


def test_certification_comes_and_goes_with_the_tag_and_others_own_stay(server: SupersetServer, bi: Superset) -> None:
    bi.sync(wanted(certified=True))
    certificate = {"certified_by": "team:data", "details": "Made by asset table/shop/wide"}
    assert json.loads(only(server)["extra"])["certification"] == certificate
    bi.sync(wanted())
    assert "certification" not in json.loads(only(server)["extra"])
    theirs = {"certified_by": "Finance"}
    only(server)["extra"] = json.dumps(json.loads(only(server)["extra"]) | {"certification": theirs})
    bi.sync(wanted())
    assert json.loads(only(server)["extra"])["certification"] == theirs


def test_an_existing_data_set_is_taken_over(server: SupersetServer, bi: Superset) -> None:
    server.add(2, "shop", "wide")
    server.add(1, "other", "wide")
    mine = server.add(1, "shop", "wide")
    server.tables[TABLE]["more"] = "DATE"
    made = bi.sync(wanted(server.tables[TABLE]))
    assert made.id == mine["id"] and len(server.datasets) == 3
    assert made.changes[0] == "columns added: more"


def test_without_known_columns_superset_decides(server: SupersetServer, bi: Superset) -> None:
    plain = DataSet("shop", "wide")
    assert bi.sync(plain).columns == tuple(COLUMNS)
    del server.tables[TABLE]["city"]
    made = bi.sync(plain)
    assert made.columns == ("id", "spend") and made.changes == ("columns removed: city",)
    assert bi.sync(plain).changes == ()


def test_a_login_that_ended_is_renewed_once(server: SupersetServer, bi: Superset) -> None:
    server.faults.append(Fault("GET /api/v1/dataset/", before=server.expire))
    server.faults.append(Fault("PUT /api/v1/dataset/1", before=server.sessions.clear))
    assert bi.sync(wanted()).changes[0] == "created"
    statuses = [status for what, status in server.requests]
    assert statuses.count(401) == 1 and statuses.count(400) == 1  # the second: no CSRF token for this session
    assert len([w for w, _ in server.requests if w.endswith("/login")]) == 3


def test_a_wrong_password_is_tried_once_and_told_without_it(
    server: SupersetServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("BI_SECRET", "wrong horse")
    with pytest.raises(BiError, match="answered with status 401: Not authorized") as caught:
        Superset.from_url(server.url, "env:BI_SECRET").sync(wanted())
    assert "HEDDLE_BI_PASSWORD" in caught.value.fix and "wrong horse" not in str(caught.value)
    assert len(server.requests) == 1


def test_a_token_that_is_never_accepted_does_not_loop(server: SupersetServer, bi: Superset) -> None:
    server.faults.append(Fault("GET /api/v1/database", 401, {"msg": "Bad"}, times=9))
    with pytest.raises(BiError, match="status 401: Bad"):
        bi.sync(wanted())
    assert len([w for w, _ in server.requests if w.endswith("/login")]) == 2


@pytest.mark.parametrize("start", ["GET /api/v1/database", "GET /api/v1/dataset", "PUT /api/v1/dataset"])
def test_a_passing_fault_is_retried(server: SupersetServer, bi: Superset, start: str) -> None:
    server.faults.append(Fault(start, 500, times=2))
    assert bi.sync(wanted()).changes[0] == "created"
    assert names(only(server)) == list(COLUMNS)


@pytest.mark.parametrize(
    ("start", "status", "body", "message", "fix"),
    [
        (
            "GET /api/v1/dataset",
            500,
            {"message": "Fatal"},
            "failed at GET /api/v1/dataset/ with status 500: Fatal",
            "runs",
        ),
        ("POST /api/v1/security", 503, {}, "failed at POST /api/v1/security/login with status 503", "runs"),
        ("POST /api/v1/dataset", 409, {"message": "busy"}, "status 409: busy", "run the asset again"),
        ("POST /api/v1/dataset", 422, EXISTS, r"status 422: .*Dataset shop\.wide already exists", "Superset"),
        ("POST /api/v1/dataset", 403, {"message": "Forbidden"}, "status 403: Forbidden", "role"),
        (
            "PUT /api/v1/dataset/1",
            404,
            {"message": "Not found"},
            "PUT /api/v1/dataset/1, answered with status 404",
            "delet",
        ),
        ("GET /api/v1/database", 302, {}, "status 302", "address"),
        ("GET /api/v1/database", 200, {}, "not Superset's JSON", "proxy"),
        ("GET /api/v1/database", 400, {"message": f"I got {PASSWORD}"}, r"I got \*\*\*", "version"),
    ],
)
def test_a_lasting_fault_names_the_call_the_reason_and_the_fix(
    server: SupersetServer, bi: Superset, start: str, status: int, body: dict[str, Any], message: str, fix: str
) -> None:
    server.faults.append(Fault(start, status, body, times=9))
    with pytest.raises(BiError, match=message) as caught:
        bi.sync(wanted())
    assert fix in caught.value.fix
    assert not any(secret in str(caught.value) for secret in (PASSWORD, *server.tokens, *server.sessions.values()))


def test_a_slow_or_absent_server_is_told(server: SupersetServer, bi: Superset) -> None:
    bi.timeout = 0.1
    server.faults.append(Fault("POST /api/v1/dataset", seconds=0.4))
    with pytest.raises(BiError, match=r"did not answer within 0\.1 s"):
        bi.sync(wanted())
    bi.timeout = 30.0
    until = time.monotonic() + 10
    while not server.datasets and time.monotonic() < until:
        time.sleep(0.02)
    made = bi.sync(wanted())  # the POST that nobody waited for was carried out
    assert made.changes[0] != "created" and len(server.datasets) == 1
    bi.base = "http://127.0.0.1:9"
    with pytest.raises(BiError, match="cannot be reached"):
        bi.sync(wanted())


def test_somebody_who_creates_it_at_the_same_moment_makes_no_second_one(server: SupersetServer, bi: Superset) -> None:
    server.faults.append(Fault("POST /api/v1/dataset", before=lambda: server.add(1, "shop", "wide")))
    assert bi.sync(wanted()).id == only(server)["id"]


def test_a_data_set_that_this_user_may_not_see(server: SupersetServer, bi: Superset) -> None:
    server.hidden.add(server.add(1, "shop", "wide")["id"])
    with pytest.raises(BiError, match="already exists"):
        bi.sync(wanted())


def test_an_unknown_database_is_named_with_those_there_are(server: SupersetServer, bi: Superset) -> None:
    bi.database = "Werehouse"
    with pytest.raises(BiError, match="no database called 'Werehouse'") as caught:
        bi.sync(wanted())
    assert "Examples, Warehouse" in caught.value.fix
    server.databases.clear()
    with pytest.raises(BiError) as caught:
        bi.sync(wanted())
    assert "add the warehouse" in caught.value.fix


def test_a_table_that_superset_does_not_have(server: SupersetServer, bi: Superset) -> None:
    server.tables.clear()
    with pytest.raises(BiError, match=r"status 422: .*Table \[shop\.wide\] could not be found"):
        bi.sync(wanted())
    assert server.datasets == {}


def test_columns_that_superset_does_not_see_are_an_error(server: SupersetServer, bi: Superset) -> None:
    with pytest.raises(BiError, match=r"table shop\.wide as Superset sees it lacks columns late") as caught:
        bi.sync(wanted(COLUMNS | {"late": "DATE"}))
    assert "the database in HEDDLE_BI" in caught.value.fix


def test_names_match_whatever_their_case(server: SupersetServer, bi: Superset) -> None:
    bi.sync(wanted({n.upper(): t for n, t in COLUMNS.items()}, texts={"CITY": "Town"}))
    assert {c["column_name"]: c["description"] for c in only(server)["columns"]}["city"] == "Town"


def test_queries_and_twins_are_not_touched(server: SupersetServer, bi: Superset) -> None:
    server.add(1, "shop", "wide", sql="select 1")
    with pytest.raises(BiError, match="is a query"):
        bi.sync(wanted())
    server.datasets[1]["sql"] = None
    server.add(1, "shop", "wide", catalog="other")
    with pytest.raises(BiError, match=r"several data sets of table shop\.wide: 1, 2"):
        bi.sync(wanted())
    assert server.writes == []


@pytest.mark.parametrize(
    ("url", "words"),
    [
        ("superset+https://h/?database=W", "USER"),
        ("superset+https://u@h/", "database"),
        ("superset+https://u@h/?database=W&schema=x", "schema"),
        ("superset+https://u:SECRET@h/?database=W", "holds a password"),
    ],
)
def test_a_wrong_address_says_what_is_missing(make_settings: Callable[..., Settings], url: str, words: str) -> None:
    with pytest.raises(SettingsError, match=words) as caught:
        ports.bi(make_settings(bi=url))
    assert "SECRET" not in str(caught.value)


def test_settings(make_settings: Callable[..., Settings]) -> None:
    settings = make_settings(bi="superset+https://me%40x@h:8/bi/?database=My%20W&provider=ldap", bi_password="pasted")
    found = ports.bi(settings)
    assert isinstance(found, Superset)
    assert (found.base, found.user, found.database, found.provider) == ("https://h:8/bi", "me@x", "My W", "ldap")
    assert shown(settings)["bi_password"] == "***"
    assert load(variables(settings)) == settings
    with pytest.raises(SettingsError, match="HEDDLE_BI_PASSWORD is not a reference") as caught:
        found.sync(wanted())
    assert "pasted" not in str(caught.value)
    with pytest.raises(SettingsError, match="HEDDLE_BI=none"):
        ports.bi(make_settings())


@pytest.mark.parametrize(
    "value",
    [
        {"filters": [{"col": "a", "value": "it's! (x),:'"}], "page": 0},
        {},
        [],
        [1, -2, True, False, None],
        "",
        "宽表 &=+#",
    ],
)
def test_rison_reads_back(value: object) -> None:
    assert reader.loads(rison(value)) == value
