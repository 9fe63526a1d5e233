"""New files and elements in Kettle's own tag order, the same bytes each time: no dates, no user."""

from collections.abc import Iterable, Sequence
from typing import Any, TypeAlias, Union

from lxml import etree

from assets.kettle.errors import KettleError
from assets.kettle.files.edit import layout
from assets.kettle.files.passwords import obscure
from assets.kettle.files.read import read_transformation
from assets.kettle.model import Connection, Parameter, Transformation

# tags in order, each with its text or with the tags inside it; a tag may repeat
Settings: TypeAlias = Sequence[tuple[str, Union[str, "Settings"]]]

_RUN: Settings = [
    ("size_rowset", "10000"),
    ("sleep_time_empty", "50"),
    ("sleep_time_full", "50"),
    ("unique_connections", "N"),
    ("feedback_shown", "Y"),
    ("feedback_size", "50000"),
    ("using_thread_priorities", "Y"),
]
_EMPTY = "\n  "


def new_transformation(name: str, parameters: Iterable[Parameter] = (), description: str = "") -> Transformation:
    """A .ktr without steps that Kettle loads and runs. Raises KettleError for a name that XML cannot hold."""
    info: Settings = [
        ("name", name),
        ("description", description),
        ("extended_description", ""),
        ("trans_version", ""),
        ("trans_type", "Normal"),
        ("directory", "/"),
        ("parameters", [("parameter", _parameter(parameter)) for parameter in parameters]),
        *_RUN,
    ]
    root = element(
        "transformation",
        [
            ("info", info),
            ("notepads", _EMPTY),
            ("order", _EMPTY),
            ("step_error_handling", _EMPTY),
            ("slave-step-copy-partition-distribution", _EMPTY),
            ("slave_transformation", "N"),
            ("attributes", ""),
        ],
    )
    layout(root, "\n")
    body = etree.tostring(root, encoding="unicode")
    return read_transformation(f'<?xml version="1.0" encoding="UTF-8"?>\n{body}\n'.encode())


def new_step(name: str, type_id: str, settings: Settings, *, x: int, y: int, distribute: bool = True) -> Any:
    """A `<step>` with its own settings between the tags that all steps have. Raises KettleError."""
    return element(
        "step",
        [
            ("name", name),
            ("type", type_id),
            ("description", ""),
            ("distribute", "Y" if distribute else "N"),
            ("custom_distribution", ""),
            ("copies", "1"),
            ("partitioning", [("method", "none"), ("schema_name", "")]),
            *settings,
            ("attributes", ""),
            ("cluster_schema", ""),
            ("remotesteps", [("input", ""), ("output", "")]),
            ("GUI", [("xloc", str(x)), ("yloc", str(y)), ("draw", "Y")]),
        ],
    )


def new_connection(connection: Connection) -> Any:
    """A `<connection>`. The password is obscured unless it is a variable. Raises KettleError."""
    attributes = {"PORT_NUMBER": connection.port} | connection.attributes
    return element(
        "connection",
        [
            ("name", connection.name),
            ("server", connection.host),
            ("type", connection.type),
            ("access", connection.access),
            ("database", connection.database),
            ("port", connection.port),
            ("username", connection.user),
            ("password", obscure(connection.password)),
            ("servername", connection.server_name),
            ("data_tablespace", ""),
            ("index_tablespace", ""),
            (
                "attributes",
                [("attribute", [("code", k), ("attribute", v)]) for k, v in sorted(attributes.items())],
            ),
        ],
    )


def element(tag: str, content: str | Settings) -> Any:
    """An element with a text or with elements inside. Raises KettleError for a text that XML cannot hold."""
    made = etree.Element(tag)
    if not isinstance(content, str):
        made.extend([element(name, inner) for name, inner in content])
        return made
    try:
        made.text = content or None
    except ValueError:
        raise KettleError(f"<{tag}> gets a control character", "XML cannot hold it; leave it out") from None
    return made


def _parameter(parameter: Parameter) -> Settings:
    return [
        ("name", parameter.name),
        ("default_value", parameter.default),
        ("description", parameter.description),
    ]
