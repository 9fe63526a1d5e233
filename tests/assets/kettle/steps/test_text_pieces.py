"""Pieces of delimited text: UTF-8 cut from any stream, and what the fast splitter leaves to the exact one."""

import io

import polars as pl
import pytest

from assets.kettle.formats.encodings import utf8_chunks
from assets.kettle.formats.fast_csv import Dialect, fast_rows


@pytest.mark.parametrize("size", [1, 2, 3, 5, 7, 100])
@pytest.mark.parametrize("data", ["aß€😀\nx\n\n€", "ohne Ende €", "a;b\r\nc;d\r\n", ""])
def test_chunks_of_any_size_hold_whole_characters(data: str, size: int) -> None:
    chunks = list(utf8_chunks(io.BytesIO(data.encode()), "UTF-8", size))
    assert "".join(chunk.decode("utf-8") for chunk in chunks) == data


def test_malformed_bytes_become_the_replacement_character() -> None:
    chunks = utf8_chunks(io.BytesIO(b"a\xffb\nc\xe2\x82"), "UTF-8", 4)
    assert b"".join(chunks).decode() == "a\ufffdb\nc\ufffd"


def test_big_chunks_end_at_a_line_end() -> None:
    data = b"0123456789\nabcdefgh\nxy"
    assert list(utf8_chunks(io.BytesIO(data), "UTF-8", 16)) == [b"0123456789\n", b"abcdefgh\n", b"xy"]


@pytest.mark.parametrize("data", [b"a;b\n\nc;d\n", b"\na;b\n", b"a;b\nc;d\n\n", b"a;b\r\n", b'a;"b\nc"\n'])
def test_empty_lines_and_odd_enclosures_are_left_to_the_exact_reader(data: bytes) -> None:
    assert fast_rows(data, 2, Dialect(";", '"'), collapsing=False, full=False) is None


def test_rows_without_a_value_in_front_are_no_empty_lines() -> None:
    frame = fast_rows(b"a;b\n;d\n;\n", 2, Dialect(";", '"'), collapsing=False, full=False)
    assert frame is not None
    assert frame.rows() == [("a", "b"), (None, "d"), (None, None)]


def whole(data: bytes, *longs: int) -> pl.DataFrame | None:
    return fast_rows(data, 2, Dialect(";", '"'), collapsing=False, full=False, longs=frozenset(longs))


@pytest.mark.parametrize("data", [b"7;a\n10;b\n;c\n-3;\n", b"7;a\n99;b", b"7\n8;x\n", b";\n;\n"])
def test_whole_numbers_as_one_writes_them_are_read_as_such(data: bytes) -> None:
    typed, texts = whole(data, 0), whole(data)
    assert typed is not None and texts is not None
    assert typed.dtypes == [pl.Int64, pl.String]
    assert typed.equals(texts.with_columns(pl.col("0").cast(pl.Int64)))


@pytest.mark.parametrize("cell", ["+7", " 7", "007", "-0", "7.0", "7 ", "1e2", "x", "99999999999999999999"])
@pytest.mark.parametrize("rest", ["5;b\n", "5\n", "5;b;c\n", "-12345;\n"])
def test_other_spellings_stay_texts(cell: str, rest: str) -> None:
    frame = whole(f"{cell};a\n{rest}".encode(), 0)
    assert frame is not None and frame.dtypes == [pl.String, pl.String]
    assert frame["0"].to_list() == [cell, rest.split(";")[0].strip()]


def test_text_that_is_left_out_is_not_taken_for_digits() -> None:
    frame = whole(b"1;a\n2\n3;c;\n", 0)  # as many separators as whole lines would have
    assert frame is not None and frame.rows() == [(1, "a"), (2, None), (3, "c")]
