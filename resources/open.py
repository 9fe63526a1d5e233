"""Opens the adapter a settings URL asks for; an adapter's module is imported on first use."""

from importlib import import_module
from typing import TYPE_CHECKING, Any

from core.errors import SettingsError
from core.settings import Settings

if TYPE_CHECKING:
    from resources.ports import BusinessIntelligence, Notifier, Objects, OnlineStore, Tracking, Vectors, Warehouse

# port -> scheme -> module:class; each class opens with from_url(url, …)
ADAPTERS: dict[str, dict[str, str]] = {
    "warehouse": {
        "duckdb": "resources.warehouse_duckdb:DuckdbWarehouse",
        "postgresql": "resources.warehouse_postgres:PostgresWarehouse",
    },
    "objects": {"file": "resources.objects_file:FileObjects"},
    "tracking": dict.fromkeys(("sqlite", "postgresql", "http", "https"), "resources.tracking_mlflow:MlflowTracking"),
    "vectors": {
        "lancedb": "resources.vectors_lancedb:LanceVectors",
        "postgresql": "resources.vectors_postgres:PostgresVectors",
    },
    "online": {"sqlite": "resources.online_sqlite:SqliteOnline"}
    | dict.fromkeys(("redis", "rediss", "unix"), "resources.online_redis:RedisOnline"),
    "bi": dict.fromkeys(("superset+http", "superset+https"), "resources.bi_superset:Superset"),
}


def adapter(port: str, url: str) -> Any:
    """The adapter class of a port for a URL's scheme.

    Raises:
        SettingsError: no adapter serves the scheme.
    """
    scheme = url.split(":", 1)[0]
    path = ADAPTERS[port].get(scheme)
    if path is None:
        raise SettingsError(
            f"HEDDLE_{port.upper()}={scheme}:… has no adapter", f"use one of {', '.join(ADAPTERS[port])}"
        )
    module, name = path.split(":")
    return getattr(import_module(module), name)


def warehouse(settings: Settings) -> "Warehouse":
    """The warehouse of these settings."""
    opened: Warehouse = adapter("warehouse", settings.warehouse).from_url(settings.warehouse, settings.memory)
    return opened


def objects(settings: Settings) -> "Objects":
    """The object store of these settings."""
    opened: Objects = adapter("objects", settings.objects).from_url(settings.objects)
    return opened


def tracking(settings: Settings) -> "Tracking":
    """The experiment tracking of these settings."""
    opened: Tracking = adapter("tracking", settings.tracking).from_url(settings.tracking, settings.home)
    return opened


def vectors(settings: Settings) -> "Vectors":
    """The vector store of these settings."""
    opened: Vectors = adapter("vectors", settings.vectors).from_url(settings.vectors)
    return opened


def online(settings: Settings) -> "OnlineStore":
    """The online feature store of these settings."""
    opened: OnlineStore = adapter("online", settings.online).from_url(settings.online)
    return opened


def bi(settings: Settings) -> "BusinessIntelligence":
    """The BI tool of these settings. Raises SettingsError when there is none."""
    opened: BusinessIntelligence = adapter("bi", settings.bi).from_url(settings.bi, settings.bi_password)
    return opened


def notifiers(settings: Settings) -> "list[Notifier]":
    """Everywhere alerts go: the log file, and the webhook if one is set."""
    from resources.notify_log import LogNotifier
    from resources.notify_webhook import WebhookNotifier

    found: list[Notifier] = [LogNotifier(settings.home / "alerts.jsonl")]
    if settings.alerts:
        found.append(WebhookNotifier(settings.alerts))
    return found
