"""pydruid's connection with an end to waiting, and with answers whose end is known.

pydruid waits for ever, and takes an answer that breaks off for a complete one: Druid has sent its status by then. In
lines, the last of which is empty, what is missing shows.
"""

import json
from collections.abc import Iterator
from typing import Any

import requests
from pydruid.db import exceptions
from pydruid.db.api import BearerAuth, Connection, Cursor


class BoundedConnection(Connection):  # type: ignore[misc]  # pydruid has no types
    """A connection of pydruid's; `seconds` without a byte are an error.

    To close it a second time does nothing, as with other drivers: SQLAlchemy closes what a time limit closed before.
    """

    def __init__(self, seconds: float, **options: Any) -> None:
        self.seconds = seconds
        super().__init__(**options)

    def cursor(self) -> "BoundedCursor":
        """A cursor."""
        made = BoundedCursor(
            self.url, self.user, self.password, self.context, False, self.ssl_verify_cert, self.ssl_client_cert,
            self.proxies, self.jwt,
        )  # fmt: skip
        made.seconds = self.seconds
        self.cursors.append(made)
        return made

    def close(self) -> None:
        """Closes it and its cursors."""
        if not self.closed:
            super().close()


class BoundedCursor(Cursor):  # type: ignore[misc]
    """A cursor of pydruid's over an answer of lines."""

    seconds = 60.0

    def close(self) -> None:
        """Closes it; a second time does nothing."""
        if not self.closed:
            super().close()

    def _stream_query(self, query: str) -> Iterator[tuple[Any, ...]]:
        """The rows; the description is known when the first is asked for, also where there is none.

        Raises:
            exceptions.Error: Druid refuses, cannot be reached, answers what is no answer, or breaks off.
        """
        self.description: list[tuple[Any, ...]] | None = None
        asked = {"query": query, "context": self.context, "header": True, "resultFormat": "arrayLines"}
        auth = requests.auth.HTTPBasicAuth(self.user, self.password or "") if self.user else None
        try:
            with requests.post(
                self.url, json=asked, auth=auth or (BearerAuth(self.jwt) if self.jwt else None), stream=True,
                timeout=self.seconds, verify=self.ssl_verify_cert, cert=self.ssl_client_cert, proxies=self.proxies,
            ) as answer:  # fmt: skip
                if answer.status_code != 200:
                    raise exceptions.ProgrammingError(_refusal(answer))
                yield from self._rows(answer)
        except requests.RequestException as error:
            raise exceptions.OperationalError(str(error)) from None
        except ValueError as error:
            raise exceptions.OperationalError(f"the answer is no JSON: {error}") from None

    def _rows(self, answer: requests.Response) -> Iterator[tuple[Any, ...]]:
        ended = False
        for line in answer.iter_lines(chunk_size=2**16):
            ended = not line
            if ended:
                continue
            row = json.loads(line)
            if not isinstance(row, list):
                raise exceptions.OperationalError(f"the answer is no row: {str(row)[:300]}")
            if self.description is None:
                self.description = [(name, None, None, None, None, None, True) for name in row]
            else:
                yield tuple(row)
        if not ended:
            raise exceptions.OperationalError("the answer broke off before its end")


def _refusal(answer: requests.Response) -> str:
    """Druid's message; `errorMessage` since Druid 28, with `error` and `errorClass` before."""
    try:
        told = answer.json()
    except ValueError:
        told = {}
    said = told.get("errorMessage") or told.get("error") if isinstance(told, dict) else ""
    return f"{answer.status_code} {answer.reason}: {said or answer.text[:300]}".rstrip(": ")
