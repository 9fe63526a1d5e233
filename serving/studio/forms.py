"""Forms that were sent: read within limits, and only from our own pages."""

import hmac
from collections.abc import AsyncIterator
from typing import TYPE_CHECKING, Any, NamedTuple
from urllib.parse import parse_qsl, urlsplit

if TYPE_CHECKING:
    from starlette.requests import Request

MOST_BYTES = 1_000_000
MOST_UPLOAD = 64 * 2**20  # bytes of a form with a file
MOST_FIELDS = 1_500  # a definition of a table has some for each column
PLAIN, PARTS = "application/x-www-form-urlencoded", "multipart/form-data"


class Upload(NamedTuple):
    """A file that was sent; `name` is what the browser calls it, without folders."""

    name: str
    data: bytes


class Form(dict[str, str]):
    """Fields by name; of a repeated one the last. `files` are those that were chosen."""

    def __init__(self, fields: dict[str, str], files: dict[str, Upload] | None = None) -> None:
        super().__init__(fields)
        self.files = files or {}


class RefusedError(Exception):
    """A form that is not taken; `why` is the name of a text."""

    def __init__(self, why: str) -> None:
        self.why = why
        super().__init__(why)


async def read(request: "Request", token: str, files: bool = False) -> Form:
    """The fields of a form, without its token.

    Args:
        files: the form may have files, and 64 MiB instead of 1 MB.

    Raises:
        RefusedError: it was sent by another origin's page, has not this server's token, is too large or malformed.
    """
    if not _from_here(request):
        raise RefusedError("foreign_form")
    kind = request.headers.get("content-type", "")
    if not kind.startswith((PLAIN, PARTS) if files else PLAIN):
        raise RefusedError("bad_form")
    try:
        if kind.startswith(PARTS):
            form = await _parts(kind, _limited(request, MOST_UPLOAD))
        else:
            body = b"".join([part async for part in _limited(request, MOST_BYTES)])
            fields = parse_qsl(body.decode(), keep_blank_values=True, max_num_fields=MOST_FIELDS, errors="strict")
            form = Form({name: _clean(value) for name, value in fields})
    except ValueError:
        raise RefusedError("bad_form") from None
    if not hmac.compare_digest(form.pop("token", "").encode(), token.encode()):
        raise RefusedError("old_form")
    return form


async def _limited(request: "Request", most: int) -> AsyncIterator[bytes]:
    size = 0
    async for part in request.stream():
        size += len(part)
        if size > most:
            raise RefusedError("bad_form")
        yield part


async def _parts(kind: str, body: AsyncIterator[bytes]) -> Form:
    """A multipart form; raises ValueError when it is none."""
    from werkzeug.http import parse_options_header
    from werkzeug.sansio.multipart import Epilogue, MultipartDecoder, NeedData

    boundary = parse_options_header(kind)[1].get("boundary", "")
    if not 0 < len(boundary) <= 200:
        raise ValueError("no boundary")
    decoder, parts = MultipartDecoder(boundary.encode()), _Parts()
    async for received in body:
        decoder.receive_data(received)
        while not isinstance(event := decoder.next_event(), NeedData | Epilogue):
            parts.take(event)
    decoder.receive_data(None)
    decoder.next_event()  # raises where the last boundary is missing
    return Form(parts.fields, parts.files)


class _Parts:
    """Fields and files as their parts come in."""

    def __init__(self) -> None:
        self.fields: dict[str, str] = {}
        self.files: dict[str, Upload] = {}
        self._name = ""
        self._file: str | None = None
        self._data: list[bytes] = []

    def take(self, event: Any) -> None:
        """The beginning of a part, or some of its data."""
        if hasattr(event, "headers"):
            if not event.name or len(self.fields) + len(self.files) >= MOST_FIELDS:
                raise ValueError("a part without name, or too many")
            self._name, self._file, self._data = event.name, getattr(event, "filename", None), []
        elif hasattr(event, "more_data"):
            self._data.append(event.data)
            if not event.more_data:
                self._finish(b"".join(self._data))

    def _finish(self, data: bytes) -> None:
        if self._file is None:
            self.fields[self._name] = _clean(data.decode())
        elif self._file:  # a browser sends an empty name where no file was chosen
            self.files[self._name] = Upload(self._file.replace("\\", "/").rsplit("/", 1)[-1], data)


def _clean(text: str) -> str:
    return text.replace("\r\n", "\n").replace("\0", "")


def _from_here(request: "Request") -> bool:
    """Whether the browser says that our own page sent it: by Origin, which each sends with a form."""
    origin = urlsplit(request.headers.get("origin", ""))
    return origin.scheme == request.url.scheme and bool(origin.netloc) and origin.netloc == request.headers.get("host")
