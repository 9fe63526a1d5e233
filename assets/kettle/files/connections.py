"""Database connections: in the file itself, in shared.xml, in Hop's project metadata, and JNDI names."""

import json
from pathlib import Path
from typing import Any

from assets.kettle.errors import FileFormatError
from assets.kettle.files.document import parse
from assets.kettle.files.variables import read_properties
from assets.kettle.model import Connection, Options

ACCESS = {"0": "Native", "1": "ODBC", "2": "OCI", "3": "Plugin", "4": "JNDI"}


def connections_of(root: Any) -> dict[str, Connection]:
    """The connections under a root element by name; of a repeated name the last counts."""
    found = (_connection(options) for options in Options(root).rows("connection"))
    return {connection.name: connection for connection in found if connection.name}


def _connection(options: Options) -> Connection:
    attributes = {
        row.text("code"): row.text("attribute") for row in options.rows("attributes/attribute") if row.text("code")
    }
    return Connection(
        name=options.text("name"),
        type=options.text("type"),
        access=options.text("access", default="Native"),
        host=options.text("server"),
        port=options.text("port") or attributes.get("PORT_NUMBER", ""),
        database=options.text("database"),
        user=options.text("username"),
        password=options.text("password"),
        server_name=options.text("servername"),
        attributes=attributes,
    )


def read_shared(path: Path) -> dict[str, Connection]:
    """The connections of a shared.xml (`<sharedobjects>`). Raises FileFormatError."""
    root = parse(path.read_bytes(), str(path)).root
    if root.tag != "sharedobjects":
        raise FileFormatError(f"{path}: the root element is <{root.tag}>, not <sharedobjects>", "give a shared.xml")
    return connections_of(root)


def read_hop_metadata(project: Path) -> dict[str, Connection]:
    """The connections of a Hop project: `metadata/rdbms/*.json` under its folder. Raises FileFormatError."""
    found = (_hop_connection(path) for path in sorted((project / "metadata" / "rdbms").glob("*.json")))
    return {connection.name: connection for connection in found}


def _hop_connection(path: Path) -> Connection:
    try:
        content = json.loads(path.read_text("utf-8-sig"))
        ((kind, details),) = content["rdbms"].items()
        attributes = {str(key): str(value) for key, value in (details.get("attributes") or {}).items()}
    except (ValueError, KeyError, TypeError, AttributeError):
        raise FileFormatError(f"{path}: not a relational connection of Hop", "save it again in Hop") from None

    def text(name: str) -> str:
        return str(details.get(name) or "")

    if text("manualUrl"):
        attributes.setdefault("CUSTOM_URL", text("manualUrl"))
    if text("driverClass"):
        attributes.setdefault("CUSTOM_DRIVER_CLASS", text("driverClass"))
    return Connection(
        name=str(content.get("name") or path.stem),
        type=text("pluginId") or str(kind),
        access=ACCESS.get(str(details.get("accessType", 0)), "Native"),
        host=text("hostname"),
        port=text("port"),
        database=text("databaseName"),
        user=text("username"),
        password=text("password"),
        server_name=text("servername"),
        attributes=attributes,
    )


def read_jndi(path: Path) -> dict[str, dict[str, str]]:
    """The data sources of a simple-jndi `jdbc.properties` by name: type, driver, url, user, password."""
    sources: dict[str, dict[str, str]] = {}
    for key, value in read_properties(path).items():
        name, _, attribute = key.rpartition("/")
        if name:
            sources.setdefault(name, {})[attribute] = value
    return sources
