"""Rows as delimited text exactly as "Text file output" writes them, a whole batch at a time."""

import gzip
import io
import zipfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import IO, cast

import polars as pl

from assets.kettle.errors import KettleError
from assets.kettle.values.convert import to_text
from assets.kettle.values.defaults import mask_of, symbols_of
from assets.kettle.values.fields import Field, ValueType
from assets.kettle.values.java_numbers import double_text
from assets.kettle.values.masks_number import doubles_as_printed, each_unique
from assets.kettle.values.plain_texts import joined

PLAIN_LONG = (None, "", "#", "0", "####0;-####0")


@dataclass(frozen=True, slots=True)
class Cell:
    """How one field is written: the stream's field with the length, mask and symbols of the output, and null text.

    Attributes:
        raw: the raw text of a lazily read value stands for it, where there is one.
    """

    field: Field
    null_if: str = ""
    raw: bool = False


@dataclass(frozen=True, slots=True)
class TextStyle:
    """Separator, enclosure (forced, or only where a String needs it, or never), line end, codec."""

    separator: str
    enclosure: str
    newline: str
    encoding: str
    forced: bool = False
    never: bool = False
    fast_dump: bool = False


def written_header(cells: list[Cell], style: TextStyle) -> str:
    """The line of names: Strings' enclosed when forced, any name with a separator or enclosure in it."""
    names = []
    for cell in cells:
        name = cell.field.name
        forced = style.forced and style.enclosure and cell.field.type == ValueType.STRING
        needed = not style.never and any(mark and mark in name for mark in (style.separator, style.enclosure))
        names.append(f"{style.enclosure}{name}{style.enclosure}" if forced or needed else name)
    return style.separator.join(names) + style.newline


def write_rows(
    handle: IO[bytes], frame: pl.DataFrame, cells: list[Cell], style: TextStyle, raw: pl.DataFrame | None = None
) -> None:
    """Writes the rows in the encoding of the style; fields that are in `raw` are written as their raw text."""
    texts = _columns(frame, cells, style, raw)
    if type(handle) is io.BufferedWriter and style.encoding == "utf-8" and _by_polars(texts, style) and style.newline:
        handle.flush()  # polars writes to the file itself
        _write_csv(texts, handle, style)
        return
    data = _joined(texts, frame.height, style)
    handle.write(data if style.encoding == "utf-8" else data.decode("utf-8").encode(style.encoding, "replace"))


def _columns(frame: pl.DataFrame, cells: list[Cell], style: TextStyle, raw: pl.DataFrame | None) -> pl.DataFrame:
    """What is to be written, by position; numbers whose shortest digits serve are still numbers."""
    columns = {}
    for i, cell in enumerate(cells):
        known = raw is not None and cell.raw and cell.field.name in raw.columns
        column = raw[cell.field.name] if raw is not None and known else frame[cell.field.name]
        columns[str(i)] = column if known else _texts(column, cell, style)
    return pl.DataFrame(columns)


def _by_polars(texts: pl.DataFrame, style: TextStyle) -> bool:
    return bool(texts.width) and len(style.separator.encode()) == 1


def _write_csv(texts: pl.DataFrame, target: IO[bytes], style: TextStyle) -> None:
    texts.write_csv(
        target,
        include_header=False,
        separator=style.separator,
        quote_style="never",
        line_terminator=style.newline or "\n",
    )


def _joined(texts: pl.DataFrame, rows: int, style: TextStyle) -> bytes:
    """The rows in UTF-8."""
    if not texts.width:  # rows without fields are empty lines
        return (style.newline * rows).encode()
    if _by_polars(texts, style):
        buffer = io.BytesIO()
        _write_csv(texts, buffer, style)
        return buffer.getvalue() if style.newline else buffer.getvalue().replace(b"\n", b"")
    lines = texts.select(pl.concat_str([pl.all().cast(pl.String).fill_null("")], separator=style.separator)).to_series()
    return "".join(f"{line}{style.newline}" for line in lines).encode()


def _texts(column: pl.Series, cell: Cell, style: TextStyle) -> pl.Series:
    field = cell.field
    if field.type == ValueType.INTEGER and field.length <= 0 and field.mask in PLAIN_LONG and not cell.null_if:
        return column
    if field.type == ValueType.NUMBER and not (style.fast_dump or cell.null_if):
        doubles = doubles_as_printed(column, mask_of(field), symbols_of(field))
        if doubles is not None:
            return doubles
    text = dumped(column, field) if style.fast_dump else _formatted(column, field)
    if cell.null_if:
        missing = column.is_null()
        if field.type == ValueType.STRING:
            missing = missing | (column == "").fill_null(value=False)
        text = text.set(missing, cell.null_if)
    return _enclosed(text, style) if field.type == ValueType.STRING else text


def _formatted(column: pl.Series, field: Field) -> pl.Series:
    """The text of the value; Strings are cut or padded to a declared length, null too."""
    if field.type != ValueType.STRING:
        return to_text(column, field)
    text = to_text(column, field)
    if field.length < 0:
        return text
    return text.fill_null("").str.slice(0, field.length).str.pad_end(field.length)


def dumped(column: pl.Series, field: Field) -> pl.Series:
    """The text that Java's toString gives: "fast data dump" uses no mask."""
    if field.type == ValueType.NUMBER:
        return each_unique(column, double_text, pl.String())[0]
    if field.type == ValueType.BOOLEAN:
        return column.cast(pl.String)
    if field.type == ValueType.DATE:
        return to_text(column, field.but(mask="EEE MMM dd HH:mm:ss zzz yyyy"))
    if field.type == ValueType.INTEGER:
        return column.cast(pl.String)
    return to_text(column, field.but(mask=None, length=-1))


def _enclosed(text: pl.Series, style: TextStyle) -> pl.Series:
    """Strings with their enclosures, doubled inside; an empty text gets none."""
    mark = style.enclosure
    if not mark or (style.never and not style.forced):
        return text
    if not style.forced:
        data = joined(text)  # looking into all texts together is far cheaper than into each
        if mark.encode() not in data and (not style.separator or style.separator.encode() not in data):
            return text
    needed = text.fill_null("") != ""
    if not style.forced:
        held = text.str.contains(mark, literal=True)
        if style.separator:
            held = held | text.str.contains(style.separator, literal=True)
        needed = needed & held.fill_null(value=False)
    if not needed.any():
        return text
    inside = text.str.replace_all(mark, mark * 2, literal=True)
    frame = pl.DataFrame({"text": text, "inside": inside, "needed": needed})
    whole = pl.concat_str(pl.lit(mark), pl.col("inside"), pl.lit(mark))
    return frame.select(pl.when("needed").then(whole).otherwise("text")).to_series()


def _zip_entry(path: Path, name: str) -> IO[bytes]:
    archive = zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED)
    entry = archive.open(name, "w", force_zip64=True)
    close = entry.close

    def both() -> None:
        close()
        archive.close()

    entry.close = both  # type: ignore[method-assign]
    return entry


PACK: dict[str, Callable[[Path, str], IO[bytes]]] = {
    "": lambda path, _: path.open("ab"),
    "none": lambda path, _: path.open("ab"),
    "gzip": lambda path, _: cast(IO[bytes], gzip.GzipFile(path, "ab")),
    "zip": _zip_entry,
}


def open_packed(path: Path, compression: str, entry: str) -> IO[bytes]:
    """A staged file opened for writing at its end; in a Zip archive `entry` names the content.

    Raises:
        KettleError: the compression cannot be written.
    """
    pack = PACK.get(compression.strip().lower())
    if pack is None:
        raise KettleError(f"compression {compression!r} cannot be written", "use None, GZip or Zip")
    return pack(path, entry)
