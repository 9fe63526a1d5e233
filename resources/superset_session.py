"""A conversation with Superset's REST API: login by JWT, CSRF token in the same session, retries, errors in words."""

import json
import time
from collections.abc import Mapping
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self
from urllib.parse import urlsplit

from core.errors import BiError

if TYPE_CHECKING:
    import httpx

API = "/api/v1"
TIMEOUT = 30.0
TRIES = 3
PAUSE = 0.2
LONGEST = 500  # characters shown of what the server says
FIXES = {
    400: "check that Superset's version has the calls of docs/bi.md",
    401: "check the user in HEDDLE_BI and the password that HEDDLE_BI_PASSWORD names",
    403: "give the user in HEDDLE_BI a role that may read databases and write data sets, and make it one of the owners",
    404: "check the address in HEDDLE_BI; the data set may also have been deleted in the meantime: run the asset again",
    409: "somebody changed the data set at the same time: run the asset again",
    422: "correct in Superset or in HEDDLE_BI what the message says, then run the asset again",
    429: "wait a minute, then run the asset again",
}


class Session:
    """Logs in at the first call; a context manager that closes its connections.

    Args:
        base: address of Superset without a slash at its end.
        provider: `db` or `ldap`, where Superset looks the user up.
    """

    def __init__(self, base: str, user: str, password: str, provider: str = "db", timeout: float = TIMEOUT) -> None:
        self.base, self.user, self.provider, self.timeout = base, user, provider, timeout
        self.host = urlsplit(base).hostname or "?"
        self._password = password
        self._headers: dict[str, str] = {}

    def __enter__(self) -> Self:
        import httpx

        # flask-wtf compares the Referer with the host when Superset is served over HTTPS
        self._client = httpx.Client(base_url=self.base + API, timeout=self.timeout, headers={"Referer": self.base})
        return self

    def __exit__(self, kind: type[BaseException] | None, error: object, trace: TracebackType | None) -> None:
        self._client.close()

    def get(self, path: str, query: Mapping[str, Any] | None = None) -> Any:
        """The `result` of a GET; the query goes along as Rison in `q`."""
        return self.field(self.call("GET", path, query=query), "result")

    def put(self, path: str, body: Mapping[str, Any] | None = None) -> None:
        """A PUT that has to succeed."""
        answer = self.call("PUT", path, body=body)
        if not 200 <= answer.status_code < 300:
            raise self.refused(answer)

    def call(
        self, method: str, path: str, *, query: Mapping[str, Any] | None = None, body: Mapping[str, Any] | None = None
    ) -> "httpx.Response":
        """One request, logged in; what was refused as not or no longer logged in is asked a second time.

        A POST is sent once: after a timeout nobody knows whether it was carried out.

        Raises:
            BiError: Superset cannot be reached or fails.
        """
        options: dict[str, Any] = {"params": {"q": rison(query)}} if query is not None else {}
        options |= {"json": body} if body is not None else {}
        if not self._headers:
            self._login()
        answer = self._send(method, path, **options)
        if answer.status_code == 401 or (answer.status_code == 400 and "CSRF" in answer.text):
            self._login()
            answer = self._send(method, path, **options)
        return answer

    def field(self, answer: "httpx.Response", name: str) -> Any:
        """A field of a success's JSON. Raises BiError with the server's message and what to do about it."""
        if not 200 <= answer.status_code < 300:
            raise self.refused(answer)
        try:
            read = answer.json()
        except ValueError:
            read = None
        if not isinstance(read, dict) or name not in read:
            fix = "check that HEDDLE_BI leads to Superset itself, not to a login page or proxy"
            raise BiError(f"HEDDLE_BI: {self._at(answer)} answered with something that is not Superset's JSON", fix)
        return read[name]

    def refused(self, answer: "httpx.Response") -> BiError:
        """The error of a response that is none of the successes."""
        code = answer.status_code
        fix = FIXES.get(code, "check the address in HEDDLE_BI and Superset's own log")
        return BiError(f"HEDDLE_BI: {self._at(answer)} answered with status {code}{self._said(answer)}", fix)

    def _login(self) -> None:
        self._headers = {}
        self._client.cookies.clear()
        login = {"username": self.user, "password": self._password, "provider": self.provider, "refresh": True}
        token = self.field(self._send("POST", "/security/login", json=login), "access_token")
        self._headers = {"Authorization": f"Bearer {token}"}
        # the token is bound to the session cookie of this answer, which the client keeps
        csrf = self.field(self._send("GET", "/security/csrf_token/"), "result")
        self._headers["X-CSRFToken"] = str(csrf)

    def _send(self, method: str, path: str, **options: Any) -> "httpx.Response":
        import httpx

        trouble = ""
        for attempt in range(1 if method == "POST" else TRIES):
            if attempt:
                time.sleep(PAUSE)
            try:
                answer = self._client.request(method, path, headers=self._headers, **options)
            except httpx.TimeoutException:
                trouble = f"did not answer within {self.timeout:g} s"
            except (httpx.HTTPError, httpx.InvalidURL) as error:
                trouble = f"cannot be reached ({type(error).__name__})"
            else:
                if answer.status_code < 500:
                    return answer
                trouble = f"failed at {method} {API}{path} with status {answer.status_code}{self._said(answer)}"
        raise BiError(f"HEDDLE_BI: Superset at {self.host} {trouble}", "check that Superset runs, and its own log")

    def _at(self, answer: "httpx.Response") -> str:
        return f"Superset at {self.host}, asked for {answer.request.method} {answer.request.url.path},"

    def _said(self, answer: "httpx.Response") -> str:
        """What the server gives as the reason, after a colon; no password, no token."""
        try:
            read = answer.json()
        except ValueError:
            return ""
        said = (read.get("message") or read.get("msg")) if isinstance(read, dict) else None
        if not said and isinstance(read, dict) and isinstance(read.get("errors"), list):
            said = "; ".join(str(e.get("message", "")) for e in read["errors"] if isinstance(e, dict))
        text = said if isinstance(said, str) else json.dumps(said, ensure_ascii=False) if said else ""
        bearer = self._headers.get("Authorization", "").removeprefix("Bearer ")
        for secret in (self._password, bearer, self._headers.get("X-CSRFToken", "")):
            text = text.replace(secret, "***") if secret else text
        return f": {text[:LONGEST]}" if text else ""


def rison(value: Any) -> str:
    """Plain data in Rison, the notation of Superset's query parameter `q`; texts are always quoted."""
    if value is None or isinstance(value, bool):
        return {None: "!n", True: "!t", False: "!f"}[value]
    if isinstance(value, int):
        return str(value)
    if isinstance(value, str):
        return "'" + value.replace("!", "!!").replace("'", "!'") + "'"
    if isinstance(value, Mapping):
        return "(" + ",".join(f"{name}:{rison(inner)}" for name, inner in value.items()) + ")"
    return "!(" + ",".join(rison(inner) for inner in value) + ")"
