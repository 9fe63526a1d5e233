"""Parquet: structure and counts by the footer; texts are read as the dictionary codes they are stored as."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from assets.catalog.model import ColumnInfo
from assets.catalog.scan.arrow import base_of, plain
from assets.catalog.scan.files.file import File, Part
from assets.catalog.scan.reader import BYTES, Content, batch_rows

PIECE = 8_192  # rows taken together in a sample


class Parquet:
    """See file.Format."""

    def describe(self, file: File) -> Sequence[Part]:
        """One table."""
        with file.open() as source:
            opened = pq.ParquetFile(source)
            schema, rows = opened.schema_arrow, opened.metadata.num_rows
        columns = tuple(
            ColumnInfo(
                name=field.name,
                type=str(field.type),
                base=base_of(field.type),
                place=place,
                nullable=field.nullable,
                comment=_comment(field),
            )
            for place, field in enumerate(schema, 1)
        )
        return [Part("", columns, rows)]

    @contextmanager
    def read(self, file: File, part: Part, rows: int) -> Iterator[Content]:
        """A sample is of pieces spread over the file."""
        with file.open() as source:
            schema = pq.ParquetFile(source).schema_arrow
            texts = [f.name for f in schema if pa.types.is_string(f.type) or pa.types.is_large_string(f.type)]
            opened = pq.ParquetFile(source, read_dictionary=texts)
            total = opened.metadata.num_rows
            sampled = 0 < rows < total
            batches = _pieces(opened, rows) if sampled else opened.iter_batches(_batch_rows(opened))
            yield Content(part.columns, map(plain, batches), sampled=sampled, rows=total)


def _pieces(opened: Any, rows: int) -> Iterator[pa.RecordBatch]:
    """Pieces spread evenly over row groups that are, themselves, spread evenly over the file."""
    sizes = [opened.metadata.row_group(i).num_rows for i in range(opened.num_row_groups)]
    share = max(1, int(sum(sizes) / rows / 2))
    groups = list(range(0, len(sizes), share)) if len(sizes) >= 2 * share else list(range(len(sizes)))
    size = min(PIECE, max(256, rows // 16), _batch_rows(opened))
    pieces = sum(-(-sizes[i] // size) for i in groups)
    wanted = min(pieces, -(-rows // size))
    chosen = set(np.linspace(0, pieces - 1, wanted).astype(int).tolist())
    last, left = max(chosen), rows
    for number, batch in enumerate(opened.iter_batches(size, row_groups=groups)):
        if number in chosen:
            yield batch.slice(0, left)
            left -= min(left, batch.num_rows)
        if number >= last or left == 0:
            return


def _batch_rows(opened: Any) -> int:
    """Rows of a batch, fewer where the footer says that they are large."""
    groups = [opened.metadata.row_group(i) for i in range(opened.num_row_groups)]
    size = sum(g.total_byte_size for g in groups) / max(1, opened.metadata.num_rows)
    return max(1, min(batch_rows(opened.metadata.num_columns), int(BYTES / max(1.0, size))))


def _comment(field: pa.Field) -> str:
    told = (field.metadata or {}).get(b"comment", b"")
    return str(told.decode("utf-8", "replace"))
