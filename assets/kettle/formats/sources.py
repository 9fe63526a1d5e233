"""Opening what a step reads: local paths and VFS addresses, compressed or not, as a stream of bytes.

Kettle's own VFS spellings are understood: `zip:file:///a.zip!/inner.txt`, `gz:/a.gz`, `tar:`, `tgz:`, `ram:`, `s3n:`.
"""

import gzip
import tarfile
import zipfile
from collections.abc import Callable
from typing import IO, TYPE_CHECKING, cast

from assets.kettle.engine.outputs import open_binary
from assets.kettle.errors import KettleError

if TYPE_CHECKING:
    from assets.kettle.engine.run import Run


def _zip_member(stream: IO[bytes], name: str) -> IO[bytes]:
    return zipfile.ZipFile(stream).open(name) if name else _first_of_zip(stream, "archive")


def _tar_member(stream: IO[bytes], name: str) -> IO[bytes]:
    found = tarfile.open(fileobj=stream).extractfile(name)  # noqa: SIM115  # the caller reads from it
    if found is None:
        raise KeyError(f"{name} is no file in the archive")
    return found


MEMBERS: dict[str, Callable[[IO[bytes], str], IO[bytes]]] = {
    "zip": _zip_member,
    "jar": _zip_member,
    "tar": _tar_member,
    "tgz": _tar_member,
    "gz": lambda stream, _: cast(IO[bytes], gzip.GzipFile(fileobj=stream)),
}


def open_path(run: "Run", path: str) -> IO[bytes]:
    """The bytes behind a path, staged ones of this run first.

    Raises:
        KettleError: it cannot be read; the message names the path.
    """
    scheme, _, rest = path.partition(":")
    opener = MEMBERS.get(scheme.lower())
    if opener is not None:
        outer, _, inner = rest.partition("!")
        return _guarded(path, lambda: opener(open_path(run, outer), inner.lstrip("/")))
    return _guarded(path, lambda: open_binary(run.outputs.resolve(path)))


def _guarded(path: str, opener: Callable[[], IO[bytes]]) -> IO[bytes]:
    try:
        return opener()
    except (OSError, ValueError, ImportError, KeyError, zipfile.BadZipFile, tarfile.TarError) as error:
        what = str(error) or type(error).__name__
        raise KettleError(f"cannot read {path}: {what}", "check the path and its rights") from error


def _first_of_zip(stream: IO[bytes], path: str) -> IO[bytes]:
    archive = zipfile.ZipFile(stream)
    names = [entry for entry in archive.infolist() if not entry.is_dir()]
    if not names:
        raise KettleError(f"the archive {path} is empty", "check the file")
    return archive.open(names[0])


def _snappy(stream: IO[bytes], path: str) -> IO[bytes]:
    """Snappy as Java's SnappyOutputStream frames it: a 16-byte head, then blocks with a big-endian length."""
    import io

    import pyarrow as pa

    data = stream.read()
    if not data.startswith(b"\x82SNAPPY\x00"):
        raise KettleError(f"{path} is not in Java's Snappy format", "set the compression that the file really has")
    codec, parts, at = pa.Codec("snappy"), [], 16
    while at < len(data):
        size = int.from_bytes(data[at : at + 4], "big")
        block = data[at + 4 : at + 4 + size]
        parts.append(codec.decompress(block, decompressed_size=_snappy_size(block)).to_pybytes())
        at += 4 + size
    return io.BytesIO(b"".join(parts))


def _snappy_size(block: bytes) -> int:
    """The length that a raw Snappy block starts with (a varint)."""
    size = shift = 0
    for byte in block:
        size |= (byte & 0x7F) << shift
        if byte < 0x80:
            break
        shift += 7
    return size


Unpack = Callable[[IO[bytes], str], IO[bytes]]
UNPACK: dict[str, Unpack] = {
    "": lambda stream, _: stream,
    "none": lambda stream, _: stream,
    "zip": _first_of_zip,
    "gzip": lambda stream, _: cast(IO[bytes], gzip.GzipFile(fileobj=stream)),
    "snappy": _snappy,
}


def open_compressed(run: "Run", path: str, compression: str) -> IO[bytes]:
    """The unpacked bytes of a file; of a Zip archive its first entry.

    Raises:
        KettleError: it cannot be read, or the compression is not known.
    """
    unpack = UNPACK.get(compression.strip().lower())
    if unpack is None:
        raise KettleError(f"compression {compression!r} is not supported", f"use one of {', '.join(UNPACK)}")
    stream = open_path(run, path)
    try:
        return unpack(stream, path)
    except (OSError, zipfile.BadZipFile) as error:
        raise KettleError(f"{path} is not {compression}: {error}", "check the compression setting") from error
