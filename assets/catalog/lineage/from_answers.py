"""Lineage of answers: what the journal says that they rest on."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from assets.catalog.lineage.from_sql import select_lineage
from assets.catalog.lineage.model import Edge, Stated
from core.errors import HeddleError
from core.hashing import digest
from core.naming import Key, TableName, table_key

INDEX, DOCUMENTS = "index/retail/handbook", "doc/retail/handbook"


def answer_lineage(records: Iterable[Mapping[str, Any]], dialect: str = "duckdb") -> Iterator[Stated]:
    """Each answer as `answer:<id>`: from the index version and the documents that it cites, or from the SQL it ran.

    Args:
        records: of the journal; those that rest on nothing are left out.
        dialect: of `sql` in records that do not say it.
    """
    for record in records:
        name = f"answer:{record['id']}"
        edges = list(dict.fromkeys([*_cited(record, name), *_queried(record, name, dialect), *_metrics(record, name)]))
        if edges:
            evidence = {"index": str(record.get("index") or ""), "question": str(record.get("question") or "")}
            evidence |= {"mode": str(record.get("mode") or ""), "model": str(record.get("model") or "")}
            evidence["sql"] = digest([str(record["sql"])]) if record.get("sql") else ""
            told = {k: v for k, v in evidence.items() if v} | {"journal": record["id"]}
            yield Stated("run", name, tuple(edges), told, record["id"], str(record.get("time") or ""))


def document_key(document: str) -> str:
    """The node of one document, by its path in the handbook."""
    return f"document:{document}"


def _cited(record: Mapping[str, Any], name: str) -> Iterator[Edge]:
    documents = record.get("documents") or []
    cited = [documents[n - 1] for n in record.get("cited") or [] if 0 < n <= len(documents)]
    if not cited:
        return
    yield Edge(INDEX, "", name, "", detail=f"version {record.get('index')}")
    for document in cited:
        yield Edge(document_key(document), "", name, "", detail="cited")
        yield Edge(document_key(document), "", DOCUMENTS, "", detail="parsed")


def _queried(record: Mapping[str, Any], name: str, dialect: str) -> Iterator[Edge]:
    sql = record.get("sql")
    if not sql:
        return
    from assets.catalog.lineage.sql.identifiers import split
    from assets.catalog.lineage.sql.script import script_lineage

    spoken = str(record.get("dialect") or dialect)
    upstream = []
    for table in sorted({t for s in script_lineage(str(sql), spoken).statements for t in s.reads}):
        try:
            upstream.append(str(table_key(TableName(*split(table)[-2:]))))
        except (HeddleError, TypeError):
            continue  # a table that is no asset
    yield from select_lineage(name, str(sql), spoken, [str(Key.parse(key)) for key in upstream], {})


def _metrics(record: Mapping[str, Any], name: str) -> Iterator[Edge]:
    for metric in record.get("metrics") or []:
        yield Edge(f"metric:{metric}", "value", name, str(metric))
