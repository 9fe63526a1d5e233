"""Vectors in a LanceDB folder: lancedb:///absolute/folder."""

import os
import warnings
from collections.abc import Sequence
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import numpy as np
import numpy.typing as npt

from core.errors import StoreError

INDEX_FROM = 20_000  # rows from which an approximate index pays


class LanceVectors:
    """Collections are LanceDB tables of (id, vector); a table is replaced as one new version."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    @classmethod
    def from_url(cls, url: str) -> "LanceVectors":
        """Open lancedb:///absolute/folder; the folder is made on the first write."""
        return cls(Path(urlsplit(url).path))

    def put(self, collection: str, ids: Sequence[str], vectors: npt.NDArray[np.float32]) -> int:
        """See ports.Vectors."""
        import pyarrow as pa

        matrix = np.ascontiguousarray(vectors, dtype=np.float32)
        column = pa.FixedSizeListArray.from_arrays(pa.array(matrix.ravel()), matrix.shape[1])
        table = pa.table({"id": pa.array(list(ids), pa.string()), "vector": column})
        try:
            stored = self._connect().create_table(collection, table, mode="overwrite")
            if len(ids) >= INDEX_FROM:
                stored.create_index(metric="cosine", vector_column_name="vector")
        except (OSError, RuntimeError) as error:
            raise StoreError(f"cannot write {self.folder}/{collection}: {error}", "check space and rights") from error
        return len(ids)

    def search(self, collection: str, vector: npt.NDArray[np.float32], top: int) -> list[tuple[str, float]]:
        """See ports.Vectors."""
        table = self._open(collection)
        rows = table.search(vector).distance_type("cosine").select(["id", "_distance"]).limit(top).to_arrow()
        found = zip(rows["id"].to_pylist(), rows["_distance"].to_pylist(), strict=True)
        return [(name, 1 - distance) for name, distance in found]

    def count(self, collection: str) -> int | None:
        """See ports.Vectors."""
        return int(self._open(collection).count_rows()) if collection in self.collections("") else None

    def remove(self, collection: str, ids: Sequence[str]) -> int:
        """See ports.Vectors."""
        from datetime import timedelta

        table = self._open(collection)
        listed = ", ".join("'" + name.replace("'", "''") + "'" for name in ids)
        before = int(table.count_rows())
        if ids:
            table.delete(f"id IN ({listed})")
        gone = before - int(table.count_rows())
        if gone:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore", UserWarning)  # that former versions go is what is wanted
                table.optimize(cleanup_older_than=timedelta(0), delete_unverified=True)
        return gone

    def collections(self, prefix: str) -> list[str]:
        """See ports.Vectors."""
        if not self.folder.is_dir():
            return []
        database, names, page = self._connect(), [], None
        while True:
            found = database.list_tables(page_token=page, limit=1000)
            names += found.tables
            page = found.page_token
            if not page:
                return sorted(name for name in names if name.startswith(prefix))

    def drop(self, collection: str) -> None:
        """See ports.Vectors."""
        self._connect().drop_table(collection, ignore_missing=True)

    def _open(self, collection: str) -> Any:
        try:
            return self._connect().open_table(collection)
        except (ValueError, FileNotFoundError):
            raise StoreError(
                f"no vectors {collection} in {self.folder}", "materialize index/retail/handbook again"
            ) from None

    def _connect(self) -> Any:
        os.environ.setdefault("LANCEDB_LOG", "error")  # a new table is no warning
        import lancedb

        return lancedb.connect(self.folder)
