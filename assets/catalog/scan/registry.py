"""Which reader serves a URL; its module is imported on first use. One more kind of source is one more row."""

from importlib import import_module

from assets.catalog.scan.reader import Reader
from assets.catalog.scan.references import Address, scheme_of
from assets.catalog.scan.sources import Source
from core.errors import SourceError

_FILES = "assets.catalog.scan.files.folder:FolderReader"
_LOGS = "assets.catalog.scan.files.logs:LogReader"
_ENDPOINTS = "assets.catalog.scan.endpoints:EndpointReader"
# scheme without its +driver -> class, opened by `Class.open(address, source)`
READERS: dict[str, str] = {
    "duckdb": "assets.catalog.scan.databases.duckdb:DuckdbReader",
    "sqlite": "assets.catalog.scan.databases.sqlite:SqliteReader",
    "postgresql": "assets.catalog.scan.databases.postgres:PostgresReader",
    "mysql": "assets.catalog.scan.databases.mysql:MysqlReader",
    "mariadb": "assets.catalog.scan.databases.mysql:MysqlReader",
    "clickhouse": "assets.catalog.scan.databases.clickhouse:ClickhouseReader",
    "hive": "assets.catalog.scan.databases.hive:HiveReader",
    "druid": "assets.catalog.scan.databases.druid:DruidReader",
    **dict.fromkeys(("file", "s3", "gs", "gcs", "az", "abfs", "hdfs", "sftp", "ftp", "memory", "zip"), _FILES),
    "logs": _LOGS,
    "http": _ENDPOINTS,
    "https": _ENDPOINTS,
    "openapi": _ENDPOINTS,
}
ANY_DATABASE = "assets.catalog.scan.databases.generic:DatabaseReader"


def open_reader(address: Address, source: Source) -> Reader:
    """Opens a source.

    Raises:
        SourceError: no reader or driver serves its scheme, or it cannot be reached.
    """
    scheme = scheme_of(address.url)
    if not scheme.isidentifier():
        raise SourceError(f"source {source.name}: field url: {address.shown} has no scheme", "write scheme://…")
    module, name = READERS.get(scheme, ANY_DATABASE).split(":")
    reader: Reader = getattr(import_module(module), name).open(address, source)
    return reader
