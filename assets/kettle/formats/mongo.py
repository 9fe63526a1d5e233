"""Documents of MongoDB: connections, paths into documents, values of fields."""

import importlib
import json
from collections.abc import Iterator
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any
from urllib.parse import quote_plus

from assets.kettle.engine.step import Step
from assets.kettle.errors import StepError
from assets.kettle.files.passwords import reveal
from assets.kettle.files.site import hop_project
from assets.kettle.values.convert import text_of
from assets.kettle.values.fields import Field, ValueType

_AS_IS = (ValueType.NUMBER, ValueType.BOOLEAN, ValueType.BINARY, ValueType.STRING)
ALL = "*"  # an index in a path: every element


def library(step: Step, name: str) -> Any:
    """A module of the MongoDB driver. Raises StepError where it is not installed."""
    try:
        return importlib.import_module(name)
    except ImportError as error:
        raise StepError(step.name, "needs the package pymongo", "install it") from error


def open_database(step: Step) -> tuple[Any, Any]:
    """Client and database that a step's options, or in Hop its named connection, lead to. Raises StepError."""
    settings = _named(step) if step.text("connection") else _own(step)
    if not settings["database"]:
        raise StepError(step.name, "no database is named", "name it")
    driver = library(step, "pymongo")
    try:
        client = driver.MongoClient(settings["url"], serverSelectionTimeoutMS=30_000)
    except driver.errors.PyMongoError as error:
        raise StepError(step.name, f"cannot connect to MongoDB: {error}", "check the connection") from error
    return client, client[settings["database"]]


def _own(step: Step) -> dict[str, str]:
    database = step.text("db_name", "mongo_db")
    if step.options.flag("use_connection_string"):
        return {"url": step.resolve(reveal(step.text("connection_string"))), "database": database}
    user, password = step.text("auth_user", "mongo_user"), step.text("auth_password", "mongo_password")
    host, port = step.text("hostname", "mongo_host", default="localhost"), step.text("port", "mongo_port")
    source = step.text("auth_database", "mongo_auth_database")
    return {"url": _url(host, port, user, reveal(password), source), "database": database}


def _url(host: str, port: str, user: str, password: str, source: str) -> str:
    hosts = [part.strip() for part in host.split(",") if part.strip()]
    named = ",".join(part if ":" in part or not port else f"{part}:{port}" for part in hosts)
    login = f"{quote_plus(user)}:{quote_plus(password)}@" if user else ""
    return f"mongodb://{login}{named}/" + (f"?authSource={quote_plus(source)}" if source else "")


def _named(step: Step) -> dict[str, str]:
    """A connection of the Hop project around the file."""
    name = step.text("connection")
    path = step.run.transformation.path
    project = hop_project(path) if path else None
    roots = [project] if project else list(path.absolute().parents) if path else []
    files = [root / "metadata" / "mongodb-connection" / f"{name}.json" for root in roots]
    found = next((file for file in files if file.is_file()), None)
    if found is None:
        raise StepError(step.name, f"there is no MongoDB connection {name!r}", "add it to the project's metadata")
    values = {key: step.resolve(str(value or "")) for key, value in json.loads(found.read_text("utf-8")).items()}
    if values.get("connectionString"):
        return {"url": values["connectionString"], "database": values.get("dbName", "")}
    password = reveal(values.get("authenticationPassword", ""))
    login = values.get("authenticationUser", ""), password, values.get("authenticationDatabaseName", "")
    host = values.get("hostname") or "localhost"
    return {"url": _url(host, values.get("port", ""), *login), "database": values.get("dbName", "")}


def split_path(path: str) -> list[str | int]:
    """`$.a.b[0].c` as names and indexes; `[*]` is ALL."""
    parts: list[str | int] = []
    for name in path.removeprefix("$").removeprefix(".").split("."):
        head, *indexes = name.split("[")
        if head:
            parts.append(head)
        for index in indexes:
            text = index.rstrip("]").strip()
            parts.append(int(text) if text.isdigit() else ALL)
    return parts


def at(value: Any, parts: list[str | int]) -> Any:
    """The value at a path without ALL; None where it leads nowhere."""
    for part in parts:
        if isinstance(part, int):
            value = value[part] if isinstance(value, list) and part < len(value) else None
        else:
            value = value.get(part) if isinstance(value, dict) else None
    return value


def unwound(document: dict[str, Any], paths: list[list[str | int]]) -> Iterator[list[Any]]:
    """One row per element of the array that paths with ALL go through, or one row where there are none."""
    array = next((path[: path.index(ALL)] for path in paths if ALL in path), None)
    if array is None:
        yield [at(document, path) for path in paths]
        return
    elements = at(document, array)
    for element in elements if isinstance(elements, list) else [None]:
        yield [at(element, p[len(array) + 1 :]) if ALL in p else at(document, p) for p in paths]


def value_for(value: Any, field: Field, dumps: Any) -> Any:
    """A document's value as one of the field's type. Raises ValueError when it cannot be one."""
    if value is None:
        return None
    if isinstance(value, dict | list) and field.type is not ValueType.STRING:
        raise ValueError(f"{field.name}: a document is no {field.type}")
    if field.type is ValueType.STRING:
        return _text(value, dumps)
    if field.type in (ValueType.DATE, ValueType.TIMESTAMP):
        return _moment(value)
    if field.type is ValueType.BOOLEAN:
        return value if isinstance(value, bool) else str(value).lower() in ("y", "yes", "true", "1")
    if field.type is ValueType.BINARY:
        return bytes(value) if isinstance(value, bytes | bytearray) else str(value).encode()
    return _number(value, field)


def stored(value: Any, field: Field, long: Any) -> Any:
    """A row's value as it is put into a document; `long` makes 64 bit integers. BigNumbers become text."""
    if value is None or field.type in _AS_IS:
        return value
    if field.type is ValueType.INTEGER:
        return long(value)
    if field.type in (ValueType.DATE, ValueType.TIMESTAMP):
        return value.replace(tzinfo=UTC)
    return text_of(value, field)


def _text(value: Any, dumps: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, dict | list):
        return str(dumps(value))
    return str(value)


def _moment(value: Any) -> datetime:
    if isinstance(value, datetime):
        return value.astimezone(UTC).replace(tzinfo=None) if value.tzinfo else value
    if isinstance(value, int | float):
        return datetime.fromtimestamp(value / 1000, UTC).replace(tzinfo=None)
    return datetime.fromisoformat(str(value))


def _number(value: Any, field: Field) -> Any:
    if isinstance(value, datetime):
        value = int(value.replace(tzinfo=value.tzinfo or UTC).timestamp() * 1000)
    exact = Decimal(str(int(value)) if isinstance(value, bool) else str(value))
    if field.type is ValueType.INTEGER:
        return int(exact)
    return float(exact) if field.type is ValueType.NUMBER else format(exact, "f")
