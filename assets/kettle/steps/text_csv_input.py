"""CSV file input: delimited files by the fast reader where it gives Kettle's records, by the exact one elsewhere."""

from collections import deque
from collections.abc import Iterator, Mapping

import polars as pl

from assets.kettle.engine.background import ahead
from assets.kettle.engine.result import ResultFile
from assets.kettle.engine.step import DataSet, Derivation, Ref, Step
from assets.kettle.errors import KettleError, StepError
from assets.kettle.formats.columns import declared, described, integer_field
from assets.kettle.formats.csv_exact import BrokenLineEnd, CsvScanner
from assets.kettle.formats.encodings import utf8_chunks
from assets.kettle.formats.fast_csv import Dialect, fast_rows, raw_key, text_frame
from assets.kettle.formats.sources import open_compressed
from assets.kettle.formats.text_lines import split_line
from assets.kettle.values.convert import convert
from assets.kettle.values.defaults import symbols_of
from assets.kettle.values.fields import Field, Layout, ValueType
from assets.kettle.values.masks_number import reads_long

CHUNK = 6 << 20


def header_mapping(header: list[str], wanted: list[str]) -> list[int]:
    """Per column of the file the position of the field it fills, or -1.

    Columns fill the field of their name; the others, in order, the fields that are left.
    """
    free: dict[str, list[int]] = {}
    for position, name in enumerate(wanted):
        free.setdefault(name, []).append(position)
    mapping = [free[name].pop(0) if free.get(name) else -1 for name in header]
    left = iter(sorted(position for positions in free.values() for position in positions))
    return [next(left, -1) if position < 0 else position for position in mapping]


class CsvInput(Step):
    """Reads one file, or those named in a field of the input. The header tells which column fills which field.

    Empty fields are null. Rows whose values cannot be converted go to the error hop with code CSVINPUT001, bad values
    null; the header line counts as input. Lazy conversion is carried out at once, but a text output that follows
    directly gets the raw texts as well, so that what is written out with the same mask is what was read.
    """

    types = ("CsvInput", "CSVInput", "S3CSVINPUT", "S3CsvInput", "ParallelGzipCsvInput", "GzipCsvInput")
    reads_ahead = True

    def setup(self) -> None:
        """Reads the options."""
        o = self.options
        self.dialect = Dialect(self.text("separator", "delimiter", default=","), self.text("enclosure"))
        self.header = o.flag("header")
        self.newlines = o.flag("newline_possible")
        self.encoding = self.text("encoding")
        self.line_format = self.text("format", default="mixed").upper().strip()
        if self.line_format not in ("DOS", "UNIX"):
            self.line_format = "MIXED"
        self.filename_field = self.text("filename_field")
        self.include_filename = o.flag("include_filename")
        self.rownum = self.text("rownum_field")
        self.parallel = o.flag("parallel")
        gzipped = "zip" in self.node.type.lower()
        self.compression = "GZip" if gzipped else "None"
        self.lazy = o.flag("lazy_conversion")
        storage = "lazy" if self.lazy else "normal"
        self.columns = [declared(f, self.name).but(storage=storage) for f in o.rows("fields/field")]
        if not self.dialect.separator:
            raise StepError(self.name, "no separator is given", "set the delimiter")
        if not self.columns:
            raise StepError(self.name, "no fields are given", "list the fields of the file")
        self.files: list[str] = []

    def fields(self, inputs: Mapping[str, Layout]) -> Layout:
        """The declared fields, then file name and row number; input fields are dropped."""
        self.fed = bool(inputs)
        self.incoming = next(iter(inputs.values()), Layout())
        extra = []
        if self.include_filename and self.filename_field:
            extra.append(Field(self.filename_field, origin=self.name))
        if self.rownum:
            extra.append(integer_field(self.rownum, self.name))
        self.layout = Layout([*self.columns, *extra])
        return self.layout

    def main(self, inputs: Mapping[str, Layout]) -> Layout:
        """Rejected rows are rows of the file."""
        return self.layout

    def start(self) -> None:
        """Of several copies that read in parallel one reads all."""
        key = ("CsvInput", id(self.run), self.name)
        self.silent = self.parallel and self.run.shared.setdefault(str(key), self) is not self
        steps = self.run.transformation.steps
        direct = len(self.targets) == 1 or not self.node.distribute
        self.takers = (
            [t for t in self.targets if steps[t].type.startswith("TextFileOutput")] if self.lazy and direct else []
        )
        self.all_raw = bool(self.takers) and len(self.takers) == len(self.targets)

    def rows(self, frame: pl.DataFrame, source: str) -> None:
        """Takes file names."""
        found = self.field(self.incoming, self.filename_field, "the file name field")
        self.files += [str(name) for name in frame[found.name] if name]

    def produce(self) -> Iterator[pl.DataFrame]:
        """The rows of all files."""
        if self.silent:
            return
        files = self.files if self.fed else [self._path()]
        for path in files:
            if not path:
                raise StepError(self.name, "no file name is given", "set the file name")
            if self.options.flag("add_filename_result"):
                self.run.result.files.append(ResultFile(path, origin=self.name))
            try:
                yield from self._file(path)
            except BrokenLineEnd as error:
                raise StepError(self.name, f"{path}: {error}", "set the file format to mixed") from error
            except KettleError as error:
                if isinstance(error, StepError):
                    raise
                raise StepError(self.name, str(error)) from error

    def _path(self) -> str:
        """The file's name; the S3 step names a bucket beside it."""
        name, bucket = self.text("filename"), self.text("bucket")
        return f"s3://{bucket}/{name.lstrip('/')}" if bucket and name and "://" not in name else name

    def _file(self, path: str) -> Iterator[pl.DataFrame]:
        number = 0
        with open_compressed(self.run, path, self.compression) as stream:
            for texts in self._batches(stream):
                frame = self._convert(texts)
                self.count(input=texts.height)
                extra = []
                if self.include_filename and self.filename_field:
                    extra.append(pl.lit(path).alias(self.layout.names[len(self.columns)]))
                if self.rownum:
                    counter = pl.int_range(number + 1, number + 1 + texts.height, dtype=pl.Int64, eager=True)
                    extra.append(pl.lit(counter).alias(self.layout.names[-1]))
                number += texts.height
                frame = frame.with_columns(extra) if extra else frame
                self._hand_raw(texts)
                yield self._without_failures(frame)

    def _batches(self, stream: object) -> Iterator[pl.DataFrame]:
        """Batches as the runtime would cut them, so that raw texts and rows stay side by side."""
        if self.takers:
            for texts in self._records(stream):
                yield from texts.iter_slices(self.run.settings.batch_rows)
        else:
            yield from ahead(self._records(stream))  # the next piece is split while this one is converted

    def _hand_raw(self, texts: pl.DataFrame) -> None:
        """The raw texts for the text outputs that follow directly."""
        if self.failed and not self.all_raw:
            texts = texts.clear()
        for target in self.takers:
            queue = self.run.shared.setdefault(raw_key(id(self.run), self.name, target), deque())
            queue.append(texts.rename(dict(zip(texts.columns, [c.name for c in self.columns], strict=True))))

    def _records(self, stream: object) -> Iterator[pl.DataFrame]:
        """Frames of raw texts (or whole numbers), one column per declared field, named by its position."""
        pending = b""
        reader: CsvScanner | None = None
        mapping: list[int] = []
        longs: frozenset[int] = frozenset()
        chunks = utf8_chunks(stream, self.encoding, CHUNK)  # type: ignore[arg-type]
        chunk: bytes | None = next(chunks, None)
        while chunk is not None:
            following = next(chunks, None)
            final = following is None
            pending += chunk
            if reader is None:
                mapping = self._mapping(pending)
                longs = self._longs(mapping)
                reader = self._scanner(len(mapping))
                if self.header:
                    skipped = self._skip_header(pending, reader)
                    pending = pending[skipped:]
                    self.count(input=1)
            frame, used = self._split(pending, reader, longs, final=final)
            if longs and frame.height and pl.Int64 not in frame.dtypes:
                longs = frozenset()  # this file writes its numbers in another way: not tried again
            pending = pending[used:]
            if frame.height:
                yield self._placed(frame, mapping)
            chunk = following

    def _scanner(self, width: int) -> CsvScanner:
        return CsvScanner(self.dialect, width, newlines=self.newlines, line_format=self.line_format)

    def _mapping(self, head: bytes) -> list[int]:
        if not self.header:
            return list(range(len(self.columns)))
        line = head.replace(b"\r", b"\n").split(b"\n", 1)[0].decode("utf-8", "replace")
        names = split_line(line, self.dialect)
        return header_mapping([n.strip() for n in names], [c.name for c in self.columns])

    def _skip_header(self, data: bytes, reader: CsvScanner) -> int:
        text = data.decode("utf-8")
        single = CsvScanner(self.dialect, reader.width, newlines=self.newlines, line_format=self.line_format)
        found = single.first(text)
        return len(text[:found].encode("utf-8"))

    def _longs(self, mapping: list[int]) -> frozenset[int]:
        """The columns of the file whose plain whole numbers need no conversion."""
        if self.takers:
            return frozenset()
        plain = [c.type is ValueType.INTEGER and reads_long(c.mask, symbols_of(c)) for c in self.columns]
        return frozenset(place for place, position in enumerate(mapping) if position >= 0 and plain[position])

    def _split(
        self, data: bytes, reader: CsvScanner, longs: frozenset[int], *, final: bool
    ) -> tuple[pl.DataFrame, int]:
        """Rows of the complete records and how many bytes they take."""
        end = len(data) if final else data.rfind(b"\n") + 1
        piece = data[:end]
        returns = piece.count(b"\r") if b"\r" in piece else 0  # looking is far faster than counting
        if returns and returns == piece.count(b"\r\n") == piece.count(b"\n") and self.line_format != "UNIX":
            piece = piece.replace(b"\r\n", b"\n")
        frame = fast_rows(piece, reader.width, self.dialect, collapsing=False, full=self.newlines, longs=longs)
        if frame is not None and (self.line_format != "DOS" or returns):
            return frame, end
        text = data.decode("utf-8")
        rows, used = reader.records(text, final=final)
        return text_frame(rows, reader.width), len(text[:used].encode("utf-8"))

    def _placed(self, frame: pl.DataFrame, mapping: list[int]) -> pl.DataFrame:
        if mapping == list(range(len(self.columns))):
            return frame
        sources = {position: str(place) for place, position in enumerate(mapping) if position >= 0}
        nothing = pl.lit(None, pl.String)
        picked = [pl.col(sources[i]) if i in sources else nothing for i in range(len(self.columns))]
        return frame.select(e.alias(str(i)) for i, e in enumerate(picked))

    def _convert(self, texts: pl.DataFrame) -> pl.DataFrame:
        self.failed: dict[int, list[tuple[Field, str]]] = {}
        columns = []
        for text, field in zip(texts.get_columns(), self.columns, strict=True):
            if text.dtype == pl.Int64:
                columns.append(text.alias(field.name))
                continue
            converted = convert(text, field.but(type=ValueType.STRING), field)
            columns.append(converted.values.alias(field.name))
            for row, reason in converted.reasons.items():
                self.failed.setdefault(row, []).append((field, reason))
        return pl.DataFrame(dict(zip(self.layout.names, columns, strict=False)))

    def _without_failures(self, frame: pl.DataFrame) -> pl.DataFrame:
        """Rejects rows with bad values, in their order."""
        if not self.failed or self.all_raw:
            return frame
        rows = sorted(self.failed)
        found = [self.failed[row] for row in rows]
        reasons = pl.Series([", ".join(reason for _, reason in bad) for bad in found])
        fields = pl.Series([", ".join(f"{described(f)}<binary-string>" for f, _ in bad) for bad in found])
        self.reject(frame[rows], reasons, fields, "CSVINPUT001", pl.Series([len(bad) for bad in found]))
        keep = pl.Series([True]).new_from_index(0, frame.height).scatter(rows, False)
        return frame.filter(keep)

    def reads(self) -> list[DataSet]:
        """The file."""
        names = {c.name: c.name for c in self.columns}
        return [] if self.fed else [DataSet("file", "", self._path(), names)]

    def derive(self) -> dict[str, Derivation]:
        """Each field comes from its column of the file."""
        path = "" if self.fed else self._path()
        return {c.name: Derivation((Ref(c.name, dataset=path),), f"read as {c.type}") for c in self.columns}
