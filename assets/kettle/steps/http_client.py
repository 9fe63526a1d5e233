"""HTTP client, HTTP post, REST client, and the test whether a web service answers: one request per row."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from time import perf_counter
from typing import Any, ClassVar
from urllib.parse import quote, urlencode

import httpx
import polars as pl

from assets.kettle.engine.step import DataSet, Derivation, Ref, RowStep
from assets.kettle.errors import StepError
from assets.kettle.files.passwords import reveal
from assets.kettle.formats.columns import INTEGER_MASK
from assets.kettle.formats.encodings import codec
from assets.kettle.formats.http_client import client, reason, shown
from assets.kettle.formats.json_text import json_text
from assets.kettle.formats.sources import open_path
from assets.kettle.values.convert import to_text
from assets.kettle.values.fields import Field, Layout, ValueType


@dataclass(slots=True)
class Request:
    """What is sent for one row."""

    method: str
    url: str
    headers: dict[str, str] = field(default_factory=dict)
    body: bytes | None = None


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back; seconds become milliseconds in the response time field."""

    text: str | None
    code: int
    milliseconds: int
    headers: str


def with_query(url: str, pairs: list[tuple[str, str]], encoding: str = "utf-8") -> str:
    """The address with more parameters."""
    if not pairs:
        return url
    joint = "&" if "?" in url else "?"
    return url + joint + urlencode(pairs, encoding=encoding, quote_via=quote)


class HttpStep(RowStep):
    """The common part: address from the options or a field, credentials, time limits, result fields.

    Answers of any status but 401 are results. A row whose request fails goes to the error hop.
    """

    code: ClassVar[str] = ""
    connect_tags: ClassVar[tuple[str, ...]] = ("connectionTimeout",)
    read_tags: ClassVar[tuple[str, ...]] = ("socketTimeout", "readTimeout")

    def setup(self) -> None:
        """Reads the options."""
        o = self.options
        self.encoding = codec(self.text("encoding"))
        self.url_field = o.text("urlField") if o.flag("urlInField") else ""
        tags = ("name", "code", "response_time", "response_header")
        self.results = [self.text(f"result/{tag}") for tag in tags]
        self._client: httpx.Client | None = None
        self.read()

    def read(self) -> None:
        """Reads the options of the subclass."""

    def fields(self, inputs: Mapping[str, Layout]) -> Layout:
        """Body, status, time and headers, each where it has a name."""
        layout = self.main(inputs)
        self.incoming = layout
        kinds = (ValueType.STRING, ValueType.INTEGER, ValueType.INTEGER, ValueType.STRING)
        added = []
        for name, kind in zip(self.results, kinds, strict=True):
            if name:
                whole = kind == ValueType.INTEGER
                added.append(
                    Field(name, kind, -1, 0 if whole else -1, INTEGER_MASK if whole else None, origin=self.name)
                )
        for name in self.used():
            self.field(layout, name)
        return layout.plus(*added)

    def used(self) -> list[str]:
        """The input fields that requests are made of."""
        return [self.url_field] if self.url_field else []

    def session(self) -> httpx.Client:
        """The client of this step."""
        if self._client is None:
            proxy = self.text("proxyHost")
            self._client = client(
                timeout=self._seconds(self.read_tags, 10_000),
                connect=self._seconds(self.connect_tags, 10_000),
                user=self.text("httpLogin"),
                password=reveal(self.text("httpPassword")),
                proxy=f"http://{proxy}:{self.text('proxyPort', default='8080')}" if proxy else "",
                verify=not self.options.flag("ignoreSsl"),
            )
        return self._client

    def _seconds(self, tags: tuple[str, ...], default: int) -> float:
        milliseconds = self.integer(*tags, default=default)
        return milliseconds / 1000 if milliseconds > 0 else 3600.0

    def request(self, row: Mapping[str, str | None], raw: Mapping[str, Any]) -> Request:
        """The request for a row: texts and values of its fields."""
        raise NotImplementedError

    def address(self, row: Mapping[str, str | None]) -> str:
        """Where to."""
        url = row[self.field(self.incoming, self.url_field).name] if self.url_field else self.text("url")
        if not url:
            raise StepError(self.name, "the address is empty", "give one")
        return self.resolve(url)

    def pairs(
        self, row: Mapping[str, str | None], path: str, tags: tuple[str, str] = ("name", "parameter")
    ) -> list[tuple[str, str]]:
        """Parameter names and texts of a table of the step's options."""
        found = []
        for option in self.options.rows(path):
            source, target = option.text(tags[0]), option.text(tags[1])
            if source:
                found.append((self.resolve(target) or source, row[self.field(self.incoming, source).name] or ""))
        return found

    def transform(self, frame: pl.DataFrame) -> pl.DataFrame:
        """One request per row."""
        texts = {f.name: to_text(frame[f.name], f).to_list() for f in self.incoming}
        answers: list[Answer | None] = []
        failed: dict[int, str] = {}
        for position in range(frame.height):
            row = {name: values[position] for name, values in texts.items()}
            try:
                answers.append(self._ask(self.request(row, frame.row(position, named=True))))
            except (httpx.HTTPError, httpx.InvalidURL, OSError) as error:
                answers.append(None)
                failed[position] = f"request to {shown(self.address(row))} failed: {reason(error)}"
        names = self.output.names[frame.width :]
        values = [
            [None if a is None else getattr(a, part) for a in answers]
            for part, name in zip(("text", "code", "milliseconds", "headers"), self.results, strict=True)
            if name
        ]
        columns = [pl.Series(n, v, dtype=self.output[n].dtype) for n, v in zip(names, values, strict=True)]
        made = frame.with_columns(columns)
        return made.filter(self.split(frame, failed, "", self.code)) if failed else made

    def _ask(self, request: Request) -> Answer:
        started = perf_counter()
        answer = self.session().request(request.method, request.url, headers=request.headers, content=request.body)
        taken = int((perf_counter() - started) * 1000)
        if answer.status_code == 401:
            raise httpx.HTTPStatusError("status 401", request=answer.request, response=answer)
        self.count(input=1)
        headers: dict[str, Any] = {}
        for key, value in answer.headers.multi_items():
            headers[key] = (
                value
                if key not in headers
                else [*([headers[key]] if isinstance(headers[key], str) else headers[key]), value]
            )
        charset = self.encoding if self.text("encoding") else (answer.charset_encoding or "utf-8")
        return Answer(answer.content.decode(codec(charset), "replace"), answer.status_code, taken, json_text(headers))

    def close(self) -> None:
        """Closes the connections."""
        if self._client is not None:
            self._client.close()

    def reads(self) -> list[DataSet]:
        """The address."""
        return [] if self.url_field else [DataSet("file", "", shown(self.text("url")), {})]

    def derive(self) -> dict[str, Derivation]:
        """The result fields come from the answer to the fields sent."""
        source = next(iter(self.inputs), "")
        refs = tuple(Ref(name, source) for name in self.used())
        return {n: Derivation(refs, "answer of a web service") for n in self.output.names[len(self.incoming) :]}


class Http(HttpStep):
    """HTTP client: GET with parameters from fields."""

    types = ("HTTP", "Http")
    code = "HTTP001"

    def used(self) -> list[str]:
        """Address, parameters, headers."""
        tables = [*self.options.rows("lookup/arg"), *self.options.rows("lookup/header")]
        return [*super().used(), *[o.text("name") for o in tables if o.text("name")]]

    def request(self, row: Mapping[str, str | None], raw: Mapping[str, Any]) -> Request:
        """A GET."""
        url = with_query(self.address(row), self.pairs(row, "lookup/arg"), self.encoding)
        return Request("GET", url, dict(self.pairs(row, "lookup/header")))


class HttpPost(HttpStep):
    """HTTP post: a field (or the file it names) as the body, or parameters as a form."""

    types = ("HTTPPOST", "HttpPost")
    code = "HTTPPOST001"

    def used(self) -> list[str]:
        """Address, body, parameters."""
        tables = [*self.options.rows("lookup/arg"), *self.options.rows("lookup/query")]
        body = [self.options.text("requestEntity")] if self.options.text("requestEntity") else []
        return [*super().used(), *body, *[o.text("name") for o in tables if o.text("name")]]

    def request(self, row: Mapping[str, str | None], raw: Mapping[str, Any]) -> Request:
        """A POST; XML is the content type where none is given."""
        headers: dict[str, str] = {}
        form: list[tuple[str, str]] = []
        for option in self.options.rows("lookup/arg"):
            source = option.text("name")
            if source:
                pair = (
                    self.resolve(option.text("parameter")) or source,
                    row[self.field(self.incoming, source).name] or "",
                )
                if option.flag("header"):
                    headers[pair[0]] = pair[1]
                else:
                    form.append(pair)
        url = with_query(self.address(row), self.pairs(row, "lookup/query"), self.encoding)
        entity = self.options.text("requestEntity")
        body: bytes | None = urlencode(form, encoding=self.encoding).encode() if form else None
        kind = "application/x-www-form-urlencoded"
        if entity:
            body = self._entity(
                raw[self.field(self.incoming, entity).name], row[self.field(self.incoming, entity).name]
            )
            kind = f"text/xml; charset={self.text('encoding')}" if self.text("encoding") else "text/xml"
        if not any(name.lower() == "content-type" for name in headers):
            headers["Content-Type"] = kind
        return Request("POST", url, headers, body)

    def _entity(self, value: Any, text: str | None) -> bytes:
        if self.options.flag("postafile") and text:
            with open_path(self.run, self.resolve(text)) as stream:
                return stream.read()
        return value if isinstance(value, bytes) else (text or "").encode(self.encoding, "replace")


CONTENT = {
    "TEXT PLAIN": "text/plain",
    "XML": "application/xml",
    "JSON": "application/json",
    "OCTET STREAM": "application/octet-stream",
    "XHTML": "application/xhtml+xml",
    "FORM URLENCODED": "application/x-www-form-urlencoded",
    "ATOM XML": "application/atom+xml",
    "SVG XML": "application/svg+xml",
    "TEXT XML": "text/xml",
}
WITH_BODY = ("POST", "PUT", "PATCH", "DELETE")


class Rest(HttpStep):
    """REST client: any method, body from a field, query and matrix parameters, headers."""

    types = ("Rest",)
    code = "Rest001"

    def read(self) -> None:
        """Reads method and content type."""
        o = self.options
        self.method = self.text("method", default="GET").upper()
        self.method_field = o.text("methodFieldName") if o.flag("dynamicMethod") else ""
        self.body_field = o.text("bodyField")
        self.content = CONTENT.get(o.text("applicationType"), "text/plain")

    def used(self) -> list[str]:
        """Address, method, body, parameters, headers."""
        tables = ("headers/header", "parameters/parameter", "matrixParameters/matrixParameter")
        named = [o.text("field") for path in tables for o in self.options.rows(path) if o.text("field")]
        return [*super().used(), *[n for n in (self.method_field, self.body_field) if n], *named]

    def request(self, row: Mapping[str, str | None], raw: Mapping[str, Any]) -> Request:
        """The method's request."""
        tags = ("field", "name")
        method = self.method
        if self.method_field:
            method = (row[self.field(self.incoming, self.method_field).name] or "").upper()
        matrix = self.pairs(row, "matrixParameters/matrixParameter", tags)
        url = self.address(row) + "".join(f";{quote(k)}={quote(v)}" for k, v in matrix)
        url = with_query(url, self.pairs(row, "parameters/parameter", tags))
        headers = dict(self.pairs(row, "headers/header", tags))
        body = None
        if self.body_field and method in WITH_BODY:
            body = (row[self.field(self.incoming, self.body_field).name] or "").encode("utf-8")
            if not any(name.lower() == "content-type" for name in headers):
                headers["Content-Type"] = self.content
        return Request(method, url, headers, body)


class WebServiceAvailable(RowStep):
    """Whether the address of each row answers with a success."""

    types = ("WebServiceAvailable",)

    def fields(self, inputs: Mapping[str, Layout]) -> Layout:
        """One Boolean more."""
        layout = self.main(inputs)
        self.source = self.field(layout, self.options.text("urlField"), "the address field").name
        return layout.plus(Field(self.text("resultfieldname", default="result"), ValueType.BOOLEAN, origin=self.name))

    def transform(self, frame: pl.DataFrame) -> pl.DataFrame:
        """Asks each distinct address once."""
        connect, read = self.integer("connectTimeOut", default=15_000), self.integer("readTimeOut", default=60_000)
        with client(timeout=read / 1000 or 3600.0, connect=connect / 1000 or 3600.0) as session:
            known = {url: self._answers(session, str(url)) for url in frame[self.source].unique() if url}
        found = [known.get(url, False) for url in frame[self.source]]
        return frame.with_columns(pl.Series(self.output.names[-1], found, dtype=pl.Boolean))

    def _answers(self, session: httpx.Client, url: str) -> bool:
        try:
            return session.get(self.resolve(url)).status_code < 400
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            self.log(f"{shown(url)}: {reason(error)}")
            return False
