"""Pieces of delimited text: UTF-8 cut from any stream, and what the fast splitter leaves to the exact one."""

import io

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
