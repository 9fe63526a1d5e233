"""Vectors in PostgreSQL with pgvector: one table per collection in the schema `vectors`."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import numpy as np
import numpy.typing as npt
from psycopg2 import Error, connect, errors, sql
from psycopg2.extras import execute_values

from core.errors import StoreError
from core.settings import redact, scrub

SCHEMA = "vectors"
INDEX_FROM = 20_000  # rows from which an approximate (HNSW) index pays
ROWS = 500  # rows per statement


class PostgresVectors:
    """Collections are tables of (id, embedding); a table is replaced within one transaction."""

    def __init__(self, url: str) -> None:
        self._url = url

    @classmethod
    def from_url(cls, url: str) -> "PostgresVectors":
        """Open postgresql://…; the extension and the schema are made on the first write."""
        return cls(url)

    def put(self, collection: str, ids: Sequence[str], vectors: npt.NDArray[np.float32]) -> int:
        """See ports.Vectors."""
        table, fresh = _table(collection), _table(f"{collection}.new")
        with self._cursor() as cursor:
            cursor.execute("SELECT pg_advisory_xact_lock(hashtext(%s))", ("heddle vectors",))
            cursor.execute("CREATE EXTENSION IF NOT EXISTS vector")
            cursor.execute(sql.SQL("CREATE SCHEMA IF NOT EXISTS {}").format(sql.Identifier(SCHEMA)))
            cursor.execute(sql.SQL("DROP TABLE IF EXISTS {}").format(fresh))
            width = sql.Literal(int(vectors.shape[1]))
            make = sql.SQL("CREATE TABLE {} (id text PRIMARY KEY, embedding vector({}) NOT NULL)")
            cursor.execute(make.format(fresh, width))
            rows = ((name, _text(vector)) for name, vector in zip(ids, vectors, strict=True))
            insert = sql.SQL("INSERT INTO {} (id, embedding) VALUES %s").format(fresh)
            execute_values(cursor, insert, rows, template="(%s, %s::vector)", page_size=ROWS)
            if len(ids) >= INDEX_FROM:
                cursor.execute(sql.SQL("CREATE INDEX ON {} USING hnsw (embedding vector_cosine_ops)").format(fresh))
            cursor.execute(sql.SQL("DROP TABLE IF EXISTS {}").format(table))
            cursor.execute(sql.SQL("ALTER TABLE {} RENAME TO {}").format(fresh, sql.Identifier(collection)))
        return len(ids)

    def search(self, collection: str, vector: npt.NDArray[np.float32], top: int) -> list[tuple[str, float]]:
        """See ports.Vectors."""
        query = sql.SQL(
            "SELECT id, 1 - (embedding <=> %(v)s::vector) FROM {} ORDER BY embedding <=> %(v)s::vector LIMIT %(n)s"
        ).format(_table(collection))
        with self._cursor() as cursor:
            try:
                cursor.execute(query, {"v": _text(vector), "n": top})
            except errors.UndefinedTable:
                raise StoreError(
                    f"no vectors {collection} in {redact(self._url)}", "materialize index/retail/handbook again"
                ) from None
            return [(str(name), float(score)) for name, score in cursor.fetchall()]

    def count(self, collection: str) -> int | None:
        """See ports.Vectors."""
        if collection not in self.collections(""):
            return None
        with self._cursor() as cursor:
            cursor.execute(sql.SQL("SELECT count(*) FROM {}").format(_table(collection)))
            return int(cursor.fetchone()[0])

    def remove(self, collection: str, ids: Sequence[str]) -> int:
        """See ports.Vectors."""
        query = sql.SQL("DELETE FROM {} WHERE id = ANY(%s)").format(_table(collection))
        with self._cursor() as cursor:
            cursor.execute(query, (list(ids),))
            return int(cursor.rowcount)

    def collections(self, prefix: str) -> list[str]:
        """See ports.Vectors."""
        with self._cursor() as cursor:
            cursor.execute("SELECT tablename FROM pg_tables WHERE schemaname = %s ORDER BY 1", (SCHEMA,))
            return [name for (name,) in cursor.fetchall() if name.startswith(prefix)]

    def drop(self, collection: str) -> None:
        """See ports.Vectors."""
        if collection in self.collections(""):
            with self._cursor() as cursor:
                cursor.execute(sql.SQL("DROP TABLE IF EXISTS {}").format(_table(collection)))

    @contextmanager
    def _cursor(self) -> Iterator[Any]:
        """A cursor in a transaction of its own, on a connection of its own."""
        try:
            connection = connect(self._url)
        except Error as error:
            raise StoreError(
                f"cannot reach {redact(self._url)}: {scrub(str(error), self._url)}", "check HEDDLE_VECTORS"
            ) from None
        try:
            with connection, connection.cursor() as cursor:
                yield cursor
        except Error as error:
            raise StoreError(f"{redact(self._url)}: {error}", "check that pgvector is installed there") from error
        finally:
            connection.close()


def _table(collection: str) -> sql.Identifier:
    return sql.Identifier(SCHEMA, collection)


def _text(vector: npt.NDArray[np.float32]) -> str:
    """pgvector's input format, with all digits of a float32."""
    return "[" + ",".join(map(str, vector.tolist())) + "]"
