"""Where rows come from: a select of a database."""

from assets.kettle.errors import KettleError
from assets.kettle.files.new import Settings


def plain(sql: str, of: str, places: int = 0) -> str:
    """The SQL as it is, where nothing in it but `places` question marks is filled in by Kettle.

    Raises:
        KettleError: a name has `${`, `%%` or `?` in it.
    """
    if "${" in sql or "%%" in sql or sql.count("?") != places:
        raise KettleError(f"{of} has a name that Kettle would read as a variable", "read it through a view")
    return sql


def table_input(connection: str, sql: str, of: str) -> Settings:
    """The settings of a TableInput step with a select of the table `of`, without variables. Raises as `plain`."""
    return [
        ("connection", connection),
        ("sql", plain(sql, of)),
        ("limit", "0"),
        ("lookup", ""),
        ("execute_each_row", "N"),
        ("variables_active", "N"),
        ("lazy_conversion_active", "N"),
        ("cached_row_meta_active", "N"),
    ]
