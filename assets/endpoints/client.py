"""A small client of the endpoint server, over one kept-alive connection."""

import http.client
import json
import time
from types import TracebackType
from typing import Any, Self

from core.address import address
from core.errors import EndpointError

TIMEOUT_SECONDS = 10.0


class EndpointClient:
    """Talks to the server at `url`. Use as a context manager."""

    def __init__(self, url: str, timeout: float = TIMEOUT_SECONDS) -> None:
        self.url = url
        where = address(url, "HEDDLE_ENDPOINTS")
        self._connection = http.client.HTTPConnection(where.host, where.port, timeout=timeout)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, _: TracebackType | None) -> None:
        self._connection.close()

    def about(self) -> dict[str, Any]:
        """What GET /v2 says."""
        found: dict[str, Any] = self._ask("GET", "/v2")
        return found

    def models(self) -> list[dict[str, str]]:
        """Every version of every model, with its state and reason."""
        found: list[dict[str, str]] = self._ask("POST", "/v2/repository/index", {})
        return found

    def predict(
        self, model: str, rows: list[dict[str, Any]], version: str | None = None
    ) -> tuple[dict[str, Any], float]:
        """Score rows with the live or a named version; returns the answer and its seconds.

        Raises:
            EndpointError: nothing answers, or the answer is an error.
        """
        path = f"/predict/{model}" + (f"/versions/{version}" if version else "")
        start = time.perf_counter()
        answer: dict[str, Any] = self._ask("POST", path, {"rows": rows})
        return answer, time.perf_counter() - start

    def _ask(self, method: str, path: str, body: Any = None) -> Any:
        content = None if body is None else json.dumps(body).encode()
        try:
            self._connection.request(method, path, content, {"Content-Type": "application/json"})
            response = self._connection.getresponse()
            status, data = response.status, response.read()
        except (OSError, http.client.HTTPException) as error:
            self._connection.close()
            raise EndpointError(
                f"no answer from the endpoint server at {self.url}: {error or type(error).__name__}",
                "start it with `heddle up` or `heddle serve`, or materialize the endpoint",
            ) from error
        try:
            decoded = json.loads(data)
        except ValueError:
            raise EndpointError(
                f"{self.url}{path} answers {status} with something that is not JSON",
                "another program holds this port: set HEDDLE_ENDPOINTS to another one",
            ) from None
        if status != 200:
            reason = decoded.get("error", decoded) if isinstance(decoded, dict) else decoded
            raise EndpointError(f"{self.url}{path} answers {status}: {reason}")
        return decoded
