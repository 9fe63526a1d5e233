"""Web service lookup: SOAP operations described by a WSDL."""

import importlib
from collections.abc import Mapping
from typing import Any

import polars as pl

from assets.kettle.engine.step import DataSet, Derivation, Ref, RowStep
from assets.kettle.errors import StepError
from assets.kettle.files.passwords import reveal
from assets.kettle.formats.http_client import shown
from assets.kettle.formats.json_text import plain_text
from assets.kettle.values.convert import convert, to_text
from assets.kettle.values.fields import Field, Layout, ValueType

XSD_TYPES = {
    "boolean": ValueType.BOOLEAN,
    "date": ValueType.DATE,
    "datetime": ValueType.DATE,
    "time": ValueType.DATE,
    "decimal": ValueType.BIGNUMBER,
    "double": ValueType.NUMBER,
    "float": ValueType.NUMBER,
} | dict.fromkeys(("int", "integer", "short", "byte", "long", "unsignedint", "unsignedshort"), ValueType.INTEGER)
DATE_MASK = "yyyy-MM-dd'T'HH:mm:ss"


class WebServiceLookup(RowStep):
    """Calls the operation once per row; a list in the answer gives several rows.

    What leaves are the fields of the answer, after the input's when those are passed on. Rows whose call fails go to
    the error hop.
    """

    types = ("WebServiceLookup",)

    def setup(self) -> None:
        """Reads the options."""
        o = self.options
        self.url, self.operation = self.text("wsURL"), self.text("wsOperation")
        self.passing = o.flag("passingInputData")
        self.sent = [(f.text("name"), f.text("wsName")) for f in o.rows("fieldsIn/field")]
        self.taken = [(f.text("name"), f.text("wsName"), f.text("xsdType")) for f in o.rows("fieldsOut/field")]
        self.container = o.text("wsInFieldContainer")
        self._service: Any = None
        if not self.url or not self.operation:
            raise StepError(self.name, "no service address or operation is given", "set both")

    def fields(self, inputs: Mapping[str, Layout]) -> Layout:
        """The fields of the answer."""
        layout = self.main(inputs)
        self.arguments = [(self.field(layout, name), target) for name, target in self.sent]
        self.kept = layout.names if self.passing else []
        made = [Field(n, XSD_TYPES.get(t.lower(), ValueType.STRING), origin=self.name) for n, _, t in self.taken]
        whole = Layout([*(layout if self.passing else []), *made])
        self.own = whole.fields[len(self.kept) :]
        return whole

    def service(self) -> Any:
        """The operations. Raises StepError when library or description are not there."""
        if self._service is None:
            try:
                zeep = importlib.import_module("zeep")
                requests = importlib.import_module("requests")
            except ImportError as error:
                raise StepError(self.name, "needs the package zeep", "install the extra `connectors`") from error
            session = requests.Session()
            session.trust_env = False
            if self.text("httpLogin"):
                session.auth = (self.text("httpLogin"), reveal(self.text("httpPassword")))
            if self.text("proxyHost"):
                proxy = f"http://{self.text('proxyHost')}:{self.text('proxyPort', default='8080')}"
                session.proxies = {"http": proxy, "https": proxy}
            self._errors = (zeep.exceptions.Error, requests.RequestException, OSError, TypeError, ValueError)
            self._plain = importlib.import_module("zeep.helpers").serialize_object
            try:
                transport = zeep.Transport(session=session, timeout=30, operation_timeout=120)
                self._service = zeep.Client(self.url, transport=transport).service
            except self._errors as error:
                raise StepError(self.name, f"{shown(self.url)}: {type(error).__name__}", "check the WSDL") from error
        return self._service

    def transform(self, frame: pl.DataFrame) -> pl.DataFrame:
        """One call per row."""
        service = self.service()
        texts = [(target, to_text(frame[field.name], field)) for field, target in self.arguments]
        rows: list[int] = []
        items: list[Any] = []
        failed: dict[int, str] = {}
        for position in range(frame.height):
            values: dict[str, Any] = {target: text[position] for target, text in texts}
            if self.container:
                values = {self.container: values}
            try:
                answer = self._plain(service[self.operation](**values), dict)
            except self._errors as error:
                failed[position] = f"{self.operation} at {shown(self.url)} failed: {type(error).__name__}"
                continue
            found = answer if isinstance(answer, list) else [answer]
            rows += [position] * len(found)
            items += found
        if failed:
            self.split(frame, failed, "", "WebServiceLookup001")
        own = [self._column(items, name, field) for (_, name, _), field in zip(self.taken, self.own, strict=True)]
        left = frame.select(self.kept)[rows].get_columns() if self.kept else []
        return pl.DataFrame([*left, *own], schema=self.output.schema)

    def _column(self, items: list[Any], name: str, field: Field) -> pl.Series:
        values = [_find(item, name) for item in items]
        texts = [v.isoformat()[:19] if hasattr(v, "isoformat") else plain_text(_simple(v)) for v in values]
        mask = DATE_MASK if field.is_date else None
        source = field.but(type=ValueType.STRING, mask=mask)
        converted = convert(pl.Series(texts, dtype=pl.String), source, field)
        if converted.reasons:
            raise StepError(self.name, f"field {field.name!r}: {next(iter(converted.reasons.values()))}")
        return converted.values.alias(field.name)

    def reads(self) -> list[DataSet]:
        """The service."""
        return [DataSet("file", "", shown(self.url), {name: field for field, name, _ in self.taken})]

    def derive(self) -> dict[str, Derivation]:
        """The answer comes from all that is sent."""
        source = next(iter(self.inputs), "")
        refs = tuple(Ref(field.name, source) for field, _ in self.arguments)
        return {f.name: Derivation(refs, f"answer of the web service operation {self.operation}") for f in self.own}


def _simple(value: Any) -> Any:
    return value if value is None or isinstance(value, bool | int | float | str | list | dict) else str(value)


def _find(item: Any, name: str) -> Any:
    """The value of that name in an answer, at whatever depth; a bare value is the answer itself."""
    if not isinstance(item, dict):
        return item
    if name in item:
        return item[name]
    return next((found for v in item.values() if isinstance(v, dict) and (found := _find(v, name)) is not None), None)
