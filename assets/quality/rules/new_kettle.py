"""A transformation of its own for a CSV file: reads it, and writes what the rules leave."""

from collections.abc import Mapping
from pathlib import Path

import polars as pl

from assets.kettle.errors import KettleError
from assets.kettle.files.edit import add_hop, add_step
from assets.kettle.files.new import Settings, new_step, new_transformation
from assets.kettle.generate.part import Row
from assets.kettle.generate.sinks import ToFile, sink_step
from assets.kettle.model import Transformation
from assets.kettle.values.fields import ValueType

READ, WRITE = "read rows", "write clean rows"


def for_csv(name: str, source: Path, schema: Mapping[str, pl.DataType], into: Path) -> Transformation:
    """CSV input and Text file output with a hop; the rules' steps come between.

    Args:
        schema: as `reading.scan` gives it.
        into: the clean file, without its ending.

    Raises:
        KettleError: the file is no CSV.
    """
    if source.suffix.lower() not in (".csv", ".tsv"):
        raise KettleError(f"{source} is no CSV file", "name a .ktr that reads the table, and a step with --after")
    model = new_transformation(name)
    add_step(model, new_step(READ, "CsvInput", csv_input(source, schema), x=64, y=160))
    sink = sink_step(ToFile(str(into)), "write", WRITE)
    add_step(model, new_step(WRITE, sink.type, sink.settings, x=64 + 9 * 160, y=160))
    add_hop(model, READ, WRITE)
    return model


def csv_input(source: Path, schema: Mapping[str, pl.DataType]) -> Settings:
    """Settings of CSV input for a file of UTF-8 with a header; integers, numbers and texts."""
    fields: Row = [("field", _field(name, type_)) for name, type_ in schema.items()]
    return [
        ("filename", str(source)),
        ("filename_field", ""),
        ("rownum_field", ""),
        ("include_filename", "N"),
        ("separator", "\t" if source.suffix.lower() == ".tsv" else ","),
        ("enclosure", '"'),
        ("header", "Y"),
        ("buffer_size", "50000"),
        ("lazy_conversion", "N"),
        ("add_filename_result", "N"),
        ("parallel", "N"),
        ("newline_possible", "Y"),
        ("encoding", "UTF-8"),
        ("fields", fields),
    ]


def _field(name: str, type_: pl.DataType) -> Settings:
    kind = ValueType.INTEGER if type_.is_integer() else ValueType.NUMBER if type_.is_float() else ValueType.STRING
    return [
        ("name", name),
        ("type", kind.value),
        ("format", "#" if kind is ValueType.INTEGER else ""),
        ("currency", ""),
        ("decimal", "." if kind is ValueType.NUMBER else ""),
        ("group", ""),
        ("length", "-1"),
        ("precision", "-1"),
        ("trim_type", "none"),
    ]
