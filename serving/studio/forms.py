"""Forms that were sent: read within limits, and only from our own pages."""

import hmac
from typing import TYPE_CHECKING
from urllib.parse import parse_qsl, urlsplit

if TYPE_CHECKING:
    from starlette.requests import Request

Form = dict[str, str]
MOST_BYTES = 1_000_000
MOST_FIELDS = 200


class RefusedError(Exception):
    """A form that is not taken; `why` is the name of a text."""

    def __init__(self, why: str) -> None:
        self.why = why
        super().__init__(why)


async def read(request: "Request", token: str) -> Form:
    """The fields of a form, without its token; of a repeated one the last.

    Raises:
        RefusedError: it was sent by another origin's page, has not this server's token, is too large or malformed.
    """
    if not _from_here(request):
        raise RefusedError("foreign_form")
    if not request.headers.get("content-type", "").startswith("application/x-www-form-urlencoded"):
        raise RefusedError("bad_form")
    body = bytearray()
    async for part in request.stream():
        body += part
        if len(body) > MOST_BYTES:
            raise RefusedError("bad_form")
    try:
        fields = parse_qsl(body.decode(), keep_blank_values=True, max_num_fields=MOST_FIELDS, errors="strict")
    except ValueError:
        raise RefusedError("bad_form") from None
    form = {name: value.replace("\r\n", "\n").replace("\0", "") for name, value in fields}
    if not hmac.compare_digest(form.pop("token", "").encode(), token.encode()):
        raise RefusedError("old_form")
    return form


def _from_here(request: "Request") -> bool:
    """Whether the browser says that our own page sent it: by Origin, which each sends with a form."""
    origin = urlsplit(request.headers.get("origin", ""))
    return origin.scheme == request.url.scheme and bool(origin.netloc) and origin.netloc == request.headers.get("host")
