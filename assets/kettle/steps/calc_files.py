"""Calculations on files that field A names: checksums, content, encoding, well-formed XML.

A missing file fails the row, or with "fail if no file" off gives no value (0 for CRC32 and ADLER32, false for XML).
"""

import hashlib
import zlib
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from assets.kettle.errors import KettleError
from assets.kettle.formats.sources import open_path
from assets.kettle.steps.calc_operands import Calculation, Call, Outcome
from assets.kettle.text.columns import mapped
from assets.kettle.values.fields import DTYPES, ValueType

if TYPE_CHECKING:
    from assets.kettle.engine.run import Run

_MARKS = ((b"\xef\xbb\xbf", "UTF-8"), (b"\xff\xfe", "UTF-16LE"), (b"\xfe\xff", "UTF-16BE"))


def well_formed(data: bytes) -> bool:
    """Whether the bytes are one well-formed XML document; entities and network are never followed."""
    from lxml import etree

    try:
        etree.fromstring(data, etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False))
    except (etree.XMLSyntaxError, ValueError):
        return False
    return True


def guess_encoding(data: bytes) -> str:
    """By the byte order mark; without one it is the default, UTF-8, as the original guesses too."""
    return next((name for mark, name in _MARKS if data.startswith(mark)), "UTF-8")


def _read(run: "Run", path: str) -> bytes:
    with open_path(run, path) as stream:
        return stream.read()


# code: what is made of the bytes, the type, the value for null or a missing file
_OF_BYTES: dict[str, tuple[Callable[[bytes], Any], ValueType, Any]] = {
    "CRC32": (zlib.crc32, ValueType.INTEGER, 0),
    "ADLER32": (zlib.adler32, ValueType.INTEGER, 0),
    "MD5": (lambda d: hashlib.md5(d, usedforsecurity=False).hexdigest(), ValueType.STRING, None),
    "SHA1": (lambda d: hashlib.sha1(d, usedforsecurity=False).hexdigest(), ValueType.STRING, None),
    "LOAD_FILE_CONTENT_BINARY": (lambda d: d, ValueType.BINARY, None),
    "CHECK_XML_FILE_WELL_FORMED": (well_formed, ValueType.BOOLEAN, False),
    "GET_FILE_ENCODING": (guess_encoding, ValueType.STRING, None),
}


def _of_file(function: Callable[[bytes], Any], kind: ValueType, missing: Any) -> Calculation:
    def calculate(call: Call) -> Outcome:
        def of_path(path: str) -> Any:
            try:
                return function(_read(call.run, path))
            except KettleError as error:
                if call.fail_if_no_file:
                    raise ValueError(str(error)) from error
                return missing

        values, reasons = mapped(call.first().plain_text(), of_path, DTYPES[kind])
        call.reasons |= reasons
        return call.done(values if missing is None else values.fill_null(missing), kind)

    return calculate


def xml_text_well_formed(call: Call) -> Outcome:
    """Whether the text A is well-formed XML; false for null."""
    values, _ = mapped(call.first().plain_text(), lambda text: well_formed(text.encode()), DTYPES[ValueType.BOOLEAN])
    return call.done(values.fill_null(value=False), ValueType.BOOLEAN)


FILE_CALCULATIONS: dict[str, Calculation] = {
    **{code: _of_file(*how) for code, how in _OF_BYTES.items()},
    "CHECK_XML_WELL_FORMED": xml_text_well_formed,
}
