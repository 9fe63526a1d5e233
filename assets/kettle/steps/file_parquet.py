"""Parquet files: input and output, with Hop's options."""

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

import polars as pl

from assets.kettle.engine.outputs import local_path, open_binary
from assets.kettle.engine.step import DataSet, Derivation, Ref, Step
from assets.kettle.errors import StepError
from assets.kettle.formats.columns import number
from assets.kettle.values.convert import convert, text_of
from assets.kettle.values.fields import DTYPES, Field, Layout, ValueType

if TYPE_CHECKING:
    from polars._typing import ParquetCompression

# compression codec of the file -> polars' name, ending that Hop appends to the file name
CODECS: dict[str, tuple["ParquetCompression", str]] = {
    "UNCOMPRESSED": ("uncompressed", ""),
    "SNAPPY": ("snappy", ".snappy"),
    "GZIP": ("gzip", ".gz"),
    "BROTLI": ("brotli", ".br"),
    "ZSTD": ("zstd", ".zstd"),
    "LZ4_RAW": ("lz4", ".lz4raw"),
}


class ParquetInput(Step):
    """The rows of the file that each input row names, behind that row's own fields; null names are passed over."""

    types = ("ParquetFileInput",)

    def setup(self) -> None:
        """Reads the field with the name, and the wanted columns."""
        self.file_field = self.text("filename_field")
        self.columns = [(o.text("source_field"), self._declared(o)) for o in self.options.rows("fields/field")]
        self.empty_row = self.options.flag("nulls_when_empty")

    def _declared(self, option: Any) -> Field:
        kind = ValueType.parse(option.text("target_type"))
        length, precision = number(option.text("target_length")), number(option.text("target_precision"))
        name = option.text("target_field", "source_field")
        return Field(name, kind, length, precision, option.text("target_format") or None, origin=self.name)

    def fields(self, inputs: Mapping[str, Layout]) -> Layout:
        """The input's fields, then the columns; without any declared, those of the file named for its metadata."""
        layout = self.main(inputs)
        self.file_column = self.field(layout, self.file_field, "the field with the file name").name
        sample = self.text("metadata_filename")
        if not self.columns and sample:
            schema = pl.read_parquet_schema(self._source(sample))
            self.columns = [(name, self._found(name, dtype).but(origin=self.name)) for name, dtype in schema.items()]
        if not self.columns:
            raise StepError(self.name, "no columns are declared", "declare them, or name a file for the metadata")
        output = layout.plus(*(item for _, item in self.columns))
        self.new = output.fields[len(layout) :]
        return output

    def _source(self, path: str) -> Any:
        local = local_path(self.run.outputs.resolve(path))
        return open_binary(path) if local is None else local

    @staticmethod
    def _found(name: str, dtype: pl.DataType) -> Field:
        """The field that a column of the file is."""
        if dtype.is_integer():
            return Field(name, ValueType.INTEGER)
        if dtype.is_float():
            return Field(name, ValueType.NUMBER)
        if dtype.is_decimal():
            return Field(name, ValueType.BIGNUMBER)
        if dtype.is_temporal():
            return Field(name, ValueType.DATE)
        simple = {pl.Boolean: ValueType.BOOLEAN, pl.Binary: ValueType.BINARY}
        return Field(name, simple.get(dtype.base_type(), ValueType.STRING))

    def start(self) -> None:
        """No row has been read."""
        self.read_any = False

    def rows(self, frame: pl.DataFrame, source: str) -> None:
        """Reads the files in the order of the rows."""
        for position, name in enumerate(frame[self.file_column]):
            if name:
                self._read(self.resolve(str(name)), frame[position])

    def _read(self, path: str, row: pl.DataFrame) -> None:
        try:
            table = pl.scan_parquet(self._source(path))
            schema = table.collect_schema()
            missing = [name for name, _ in self.columns if name not in schema]
            if missing:
                raise StepError(self.name, f"{path} has no column {missing[0]!r}", f"there are: {', '.join(schema)}")
            size = self.run.settings.batch_rows
            total = int(table.select(pl.len()).collect().item())
            picked = table.select(list(dict.fromkeys(name for name, _ in self.columns)))
            for begin in range(0, total, size):
                self._send(picked.slice(begin, size).collect(), row)
        except (pl.exceptions.PolarsError, OSError) as error:
            raise StepError(self.name, f"cannot read {path}: {error}", "check the file") from error

    def _send(self, read: pl.DataFrame, row: pl.DataFrame) -> None:
        self.read_any = True
        self.count(input=read.height)
        columns = [row[name].new_from_index(0, read.height) for name in row.columns]
        failed: dict[int, str] = {}
        for (name, _), item in zip(self.columns, self.new, strict=True):
            found = self._found(name, read[name].dtype)
            values = read[name].cast(DTYPES[found.type]) if read[name].dtype != found.dtype else read[name]
            converted = convert(values, found, item)
            columns.append(converted.values.alias(item.name))
            failed |= converted.reasons
        if failed:
            raise StepError(self.name, next(iter(failed.values())), "declare the column with another type")
        self.emit(pl.DataFrame(columns))

    def produce(self) -> Iterator[pl.DataFrame]:
        """A row of nulls where nothing was read and that is wanted."""
        if self.empty_row and not self.read_any:
            yield pl.DataFrame({name: [None] for name in self.output.names}, schema=self.output.schema)

    def derive(self) -> dict[str, Derivation]:
        """Each column from the file."""
        source = Ref(self.file_column, next(iter(self.inputs), ""))
        pairs = zip(self.columns, self.new, strict=True)
        return {item.name: Derivation((source,), f"column {name} of the Parquet file") for (name, _), item in pairs}


class ParquetOutput(Step):
    """Writes the rows to Parquet files and hands them on.

    Dates and time stamps are written with milliseconds, BigNumbers as text. With split numbers a new file begins
    after `filename_split_size` rows. No file is made without rows.
    """

    types = ("ParquetFileOutput",)

    def setup(self) -> None:
        """Reads codec and split size."""
        name = self.text("compression_codec", default="UNCOMPRESSED").upper()
        if name not in CODECS:
            raise StepError(self.name, f"the codec {name} is not supported", f"choose one of {', '.join(CODECS)}")
        self.codec, self.codec_ending = CODECS[name]
        self.splits = self.options.flag("filename_include_split")
        self.split_size = self.integer("filename_split_size") if self.splits else 0

    def fields(self, inputs: Mapping[str, Layout]) -> Layout:
        """The layout stays."""
        layout = self.main(inputs)
        rows = self.options.rows("fields/field")
        pairs = [(o.text("source_field"), o.text("target_field", "source_field")) for o in rows]
        self.pairs = [(self.field(layout, s), t) for s, t in pairs] or [(f, f.name) for f in layout]
        return layout

    def start(self) -> None:
        """Opens the buffer of the present file."""
        self.held = self.buffer()
        self.size = 0
        self.part = 0

    def rows(self, frame: pl.DataFrame, source: str) -> None:
        """Keeps the rows of the file, hands all on."""
        self.emit(frame)
        while self.split_size and self.size + frame.height >= self.split_size:
            take = self.split_size - self.size
            self._keep(frame[:take])
            self._write()
            frame = frame[take:]
        self._keep(frame)

    def _keep(self, frame: pl.DataFrame) -> None:
        if frame.height:
            self.held.append(frame)
            self.size += frame.height

    def produce(self) -> Iterator[pl.DataFrame]:
        """Writes the last file."""
        if self.size:
            self._write()
        return iter(())

    def _write(self) -> None:
        self.part += 1
        columns = [self._column(item).alias(name) for item, name in self.pairs]
        make = self.options.flag("filename_create_parent_folders", default=True)
        staged = self.run.outputs.stage(self._path(self.part), make_folder=make)
        group = self.integer("row_group_size", default=20_000)
        self.held.lazy().select(columns).sink_parquet(staged, compression=self.codec, row_group_size=group)
        self.count(output=self.size)
        self.held.clear()
        self.size = 0

    @staticmethod
    def _column(item: Field) -> pl.Expr:
        return pl.col(item.name).cast(pl.Datetime("ms")) if item.is_date else pl.col(item.name)

    def _path(self, part: int) -> str:
        parts = [self.text("filename_base")]
        masks = (
            ("filename_include_date", "yyyyMMdd"),
            ("filename_include_time", "HHmmss"),
            ("filename_include_datetime", self.text("filename_datetime_format")),
        )
        for flag, mask in masks:
            if self.options.flag(flag):
                parts.append(text_of(self.run.started, Field("now", ValueType.DATE, mask=mask)) or "")
        if self.options.flag("filename_include_copy"):
            parts.append("00")
        if self.splits:
            parts.append(f"{part:04}")
        ending = "." + self.text("filename_ext", default="parquet")
        endings = [ending, self.codec_ending]
        return "-".join(parts) + "".join(
            reversed(endings) if self.options.flag("filename_compression_before_extension") else endings
        )

    def writes(self) -> list[DataSet]:
        """The file, by the name of its first part."""
        return [DataSet("file", "", self._path(1), {name: item.name for item, name in self.pairs})]
