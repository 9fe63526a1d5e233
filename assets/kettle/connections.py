"""Where the connections that Kettle files name lead, as the settings say. Nothing heavy: the definitions load it."""

from core.errors import SettingsError
from core.settings import Settings
from resources.secrets import resolve

WAREHOUSE = "warehouse"
_NAME = "HEDDLE_KETTLE_CONNECTIONS"
_REFERENCES = ("env:", "file:")


def connection_urls(settings: Settings) -> dict[str, str]:
    """SQLAlchemy URL per connection name: `warehouse` is the project's, whatever a file says of it.

    Raises:
        SettingsError: HEDDLE_KETTLE_CONNECTIONS is no list of NAME=URL, or a reference in it leads nowhere.
    """
    found = {WAREHOUSE: settings.warehouse} if settings.warehouse else {}
    for number, part in enumerate(filter(None, (p.strip() for p in settings.kettle_connections.split(";"))), 1):
        name, equals, url = (text.strip() for text in part.partition("="))
        if not (name and equals and url):  # the part itself may hold a password and is not shown
            raise SettingsError(f"{_NAME}: part {number} is not NAME=URL", "separate connections by semicolons")
        found[name] = resolve(url, _NAME) if url.startswith(_REFERENCES) else url
    return found
