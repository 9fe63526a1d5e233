"""MongoDB input and output: the requests that are made and the rows that documents become."""

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from assets.kettle.errors import StepError
from assets.kettle.files.new import Settings
from assets.kettle.formats.mongo import split_path, unwound
from tests.assets.kettle.flow import Flow, grid

bson = pytest.importorskip("bson")
pymongo = pytest.importorskip("pymongo")

DOCUMENT = {"_id": bson.ObjectId("0" * 24), "n": 7, "who": {"name": "Ann"}, "tags": [{"t": "a"}, {"t": "b"}], "x": 1.5}


class Collection:
    """Records the requests; finds what it was given."""

    def __init__(self) -> None:
        self.calls: list[tuple[Any, ...]] = []
        self.documents: list[dict[str, Any]] = [DOCUMENT]

    def find(self, *arguments: Any) -> list[dict[str, Any]]:
        self.calls.append(("find", *arguments))
        return self.documents

    def find_one(self, query: Any) -> dict[str, Any] | None:
        return self.documents[0] if self.documents else None

    def aggregate(self, stages: Any, allowDiskUse: bool) -> list[dict[str, Any]]:  # the driver's name
        self.calls.append(("aggregate", stages, allowDiskUse))
        return self.documents

    def __getattr__(self, name: str) -> Any:
        def call(*arguments: Any, **named: Any) -> None:
            self.calls.append((name, *arguments, *named.items()))

        return call


class Client:
    """Leads every database and collection to one recorder."""

    collection: Collection
    made: list[str]

    def __init__(self, url: str, **_: Any) -> None:
        type(self).made.append(url)

    def __getitem__(self, name: str) -> dict[str, Collection]:
        found = self.collection

        class Database(dict[str, Collection]):
            def __missing__(self, key: str) -> Collection:
                return found

        return Database()

    def close(self) -> None:
        """Nothing to close."""


@pytest.fixture
def collection(monkeypatch: pytest.MonkeyPatch) -> Collection:
    Client.collection, Client.made = Collection(), []
    monkeypatch.setattr(pymongo, "MongoClient", Client)
    return Client.collection


def reading(*fields: tuple[str, str, str], **tags: str) -> Settings:
    rows = [("mongo_field", [("field_name", n), ("field_path", p), ("field_type", t)]) for n, p, t in fields]
    base = {"db_name": "d", "collection": "c", "output_json": "N" if fields else "Y", **tags}
    return [*base.items(), ("mongo_fields", rows)]


def test_documents_as_json_with_query_and_fields(collection: Collection) -> None:
    tags = {"hostname": "one,two:27018", "port": "27017", "auth_user": "me@x", "auth_password": "p:w"}
    options = reading(json_query='{"n": {"$gt": ${LOW}}}', fields_name='{"n": 1}', **tags)
    done = Flow().step("in", "MongoDbInput", options).run(variables={"LOW": "3"})
    assert json.loads(done.rows("in")[0][0])["_id"] == {"$oid": "0" * 24}
    assert collection.calls == [("find", {"n": {"$gt": 3}}, {"n": 1})]
    assert Client.made == ["mongodb://me%40x:p%3Aw@one:27017,two:27018/"]


def test_fields_by_path_unwind_one_array(collection: Collection) -> None:
    fields = [("name", "$.who.name", "String"), ("n", "n", "String"), ("tag", "$.tags[*].t", "String")]
    options = reading(*fields, ("second", "tags[1].t", "String"), ("x", "$.x", "Integer"), ("gone", "$.a[3]", "Date"))
    done = Flow().step("in", "MongoDbInput", options).run()
    assert done.rows("in") == [("Ann", "7", "a", "b", 1, None), ("Ann", "7", "b", "b", 1, None)]


def test_a_pipeline_per_row_takes_the_rows_values(collection: Collection) -> None:
    options = reading(
        query_is_pipeline="Y", execute_for_each_row="Y", json_query='{"$match": {"n": ?{n}}}, {"$limit": 1}'
    )
    flow = Flow().step("keys", "DataGrid", grid({"n": "Integer"}, [(1,), (2,)])).step("in", "MongoDbInput", options)
    assert len(flow.hop("keys", "in").run().rows("in")) == 2
    assert [call[1][0] for call in collection.calls] == [{"$match": {"n": 1}}, {"$match": {"n": 2}}]


def test_what_cannot_be_read_is_told(collection: Collection) -> None:
    with pytest.raises(StepError, match="json_query is no JSON"):
        Flow().step("in", "MongoDbInput", reading(json_query="{n: 1")).run()
    with pytest.raises(StepError, match="a document is no Integer"):
        Flow().step("in", "MongoDbInput", reading(("who", "$.who", "Integer"))).run()
    with pytest.raises(StepError, match="unwind several arrays"):
        Flow().step("in", "MongoDbInput", reading(("a", "$.a[*]", "String"), ("b", "$.b[*]", "String"))).run()
    with pytest.raises(StepError, match="no MongoDB connection 'gone'"):
        Flow().step("in", "MongoDbInput", reading(connection="gone")).run()


def test_a_connection_of_a_hop_project(collection: Collection, tmp_path: Path) -> None:
    folder = tmp_path / "metadata" / "mongodb-connection"
    folder.mkdir(parents=True)
    (folder / "m.json").write_text(json.dumps({"hostname": "h", "port": "${P}", "dbName": "d", "connectionString": ""}))
    Flow().step("in", "MongoDbInput", reading(connection="m")).run(path=tmp_path / "a.ktr", variables={"P": "1"})
    assert Client.made == ["mongodb://h:1/"]


ROWS = grid(
    {"id": "Integer", "name": "String", "at": "Date", "doc": "String", "sum": "BigNumber"},
    [(1, "Ann", "2020-01-02", '{"k": [1]}', "1.5"), (2, None, None, None, None)],
    at="yyyy-MM-dd",
)


def entry(name: str, path: str = "", own: str = "Y", **tags: str) -> tuple[str, Settings]:
    plain = [("incoming_field_name", name), ("mongo_doc_path", path)]
    return ("mongo_field", [*plain, ("use_incoming_field_name_as_mongo_field_name", own), *tags.items()])


def write(*fields: tuple[str, Settings], **tags: str) -> Flow:
    options = [("mongo_db", "d"), ("mongo_collection", "c"), *tags.items(), ("mongo_fields", list(fields))]
    return Flow().step("in", "DataGrid", ROWS).step("out", "MongoDbOutput", options).hop("in", "out")


def test_rows_are_inserted_in_batches_as_nested_documents(collection: Collection) -> None:
    fields = [
        entry("id", "_id", own="N"),
        entry("name", "who"),
        entry("name", "all[1].n", own="N", allow_null="Y"),
        entry("at"),
        entry("doc", json_field="Y"),
        entry("sum"),
    ]
    done = write(*fields, truncate="Y", batch_insert_size="1").run()
    moment = datetime(2020, 1, 2, tzinfo=UTC)
    first = {
        "_id": 1,
        "who": {"name": "Ann"},
        "all": [None, {"n": "Ann"}],
        "at": moment,
        "doc": {"k": [1]},
        "sum": "1.5",
    }
    assert collection.calls == [
        ("delete_many", {}),
        ("insert_many", [first]),
        ("insert_many", [{"_id": 2, "all": [None, {"n": None}]}]),
    ]
    assert len(done.rows("out")) == 2


def test_rows_replace_what_matches(collection: Collection) -> None:
    write(entry("id", update_match_field="Y"), entry("name", "p"), update="Y", upsert="Y").run()
    assert collection.calls == [
        ("replace_one", {"id": 1}, {"id": 1, "p": {"name": "Ann"}}, ("upsert", True)),
        ("replace_one", {"id": 2}, {"id": 2}, ("upsert", True)),
    ]


def test_rows_change_fields_by_operators_and_policies(collection: Collection) -> None:
    fields = [
        entry("id", update_match_field="Y"),
        entry("name", modifier_update_operation="$set"),
        entry("sum", modifier_update_operation="$inc", modifier_policy="Insert"),
        entry("name", "log[0].by", own="N", modifier_update_operation="$push"),
        entry("sum", "log[0].sum", own="N", modifier_update_operation="$push"),
        entry("at", modifier_update_operation="$set"),
    ]
    write(*fields, update="Y", modifier_update="Y", multi="Y").run()
    moment = datetime(2020, 1, 2, tzinfo=UTC)
    change = {"$set": {"name": "Ann", "at": moment}, "$push": {"log": {"by": "Ann", "sum": "1.5"}}}
    assert collection.calls == [("update_many", {"id": 1}, change, ("upsert", False))]


def test_an_update_without_match_fields_or_operations_is_refused(collection: Collection) -> None:
    with pytest.raises(StepError, match="which documents to update"):
        write(entry("name"), update="Y").run()
    with pytest.raises(StepError, match="no field has an operation"):
        write(entry("id", update_match_field="Y"), entry("name"), update="Y", modifier_update="Y").run()
    options = [("mongo_db", "d"), ("mongo_collection", "c"), ("mongo_fields", [entry("doc", json_field="Y")])]
    flow = Flow().step("in", "DataGrid", grid({"doc": "String"}, [("{",)])).step("out", "MongoDbOutput", options)
    with pytest.raises(StepError, match="'doc' is no JSON"):
        flow.hop("in", "out").run()


def test_paths() -> None:
    assert split_path("$.a.b[0][*].c") == ["a", "b", 0, "*", "c"]
    assert split_path("") == []
    assert list(unwound({"a": None}, [["a", "*", "b"], ["a"]])) == [[None, None]]


def delete(*conditions: tuple[str, str, str, str], **tags: str) -> Flow:
    names = ("doc_path", "comparator", "incoming_field_1", "incoming_field_2")
    fields = [("field", list(zip(names, condition, strict=True))) for condition in conditions]
    options = [("db_name", "d"), ("collection", "c"), *tags.items(), ("fields", fields)]
    return Flow().step("in", "DataGrid", ROWS).step("out", "MongoDbDelete", options).hop("in", "out")


def test_documents_are_deleted_by_the_rows_values(collection: Collection) -> None:
    conditions = [("a[0].n", "=", "name", ""), ("n", "BETWEEN", "sum", "id"), ("gone", "IS NULL", "", "")]
    done = delete(*conditions).run()
    assert collection.calls == [
        ("delete_many", {"a.0.n": "Ann", "n": {"$gt": "1.5", "$lt": 1}, "gone": {"$exists": False}}),
        ("delete_many", {"n": {"$gt": None, "$lt": 2}, "gone": {"$exists": False}}),
    ]
    assert len(done.rows("out")) == 2


def test_a_row_without_values_deletes_nothing(collection: Collection) -> None:
    delete(("name", "<>", "name", "")).run()
    assert collection.calls == [("delete_many", {"name": {"$ne": "Ann"}})]


def test_a_query_deletes_once_or_per_row(collection: Collection) -> None:
    delete(use_json_query="Y", json_query='{"x": 1}').run()
    delete(use_json_query="Y", json_query='{"x": ?{id}}', execute_for_each_row="Y").run()
    assert [call[1] for call in collection.calls] == [{"x": 1}, {"x": 1}, {"x": 2}]
    with pytest.raises(StepError, match="nothing says which documents"):
        delete().run()
    with pytest.raises(StepError, match="no comparator 'LIKE'"):
        delete(("a", "LIKE", "name", "")).run()
