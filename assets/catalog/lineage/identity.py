"""What nodes are called outside, and what outside names are called here."""

from core.errors import HeddleError
from core.naming import Key, TableName, table_key

NAMESPACE = "heddle"  # of names that are keys of this graph as they stand
FOREIGN = "dataset:"  # in front of what another tool calls a data set


def key_of(namespace: str, name: str) -> str:
    """The key of a data set that another tool names.

    Its own names come back as they are; a table that is named as Heddle names tables is that asset; all else is
    `dataset:<namespace>/<name>`.
    """
    if namespace == NAMESPACE:
        return name
    parts = name.split(".")
    if len(parts) > 1:
        try:
            return str(table_key(TableName(parts[-2].lower(), parts[-1].lower())))
        except HeddleError:
            pass
    return f"{FOREIGN}{namespace}/{name}"


def name_of(key: str) -> tuple[str, str]:
    """Namespace and name for other tools; the reverse of `key_of`, but for tables, which keep their keys."""
    if key.startswith(FOREIGN):
        namespace, _, name = key.removeprefix(FOREIGN).rpartition("/")
        return namespace, name
    return NAMESPACE, key


def is_asset(key: str) -> bool:
    """Whether a node is an asset: `layer/domain/noun`."""
    try:
        Key.parse(key)
    except HeddleError:
        return False
    return True
