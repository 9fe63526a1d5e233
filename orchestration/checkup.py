"""The checks behind `heddle doctor`: a table of small functions."""

import platform
import shutil
import socket
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from enum import Enum
from importlib.util import find_spec
from urllib.parse import urlsplit

from core import settings as config
from core.errors import HeddleError
from core.naming import TableName
from resources import open as ports

DISK_GB = 3.0  # the demo leaves about 1 GB; engines spill to the same disk
MEMORY_GB = 4.0
# package that the extra brings -> (extra, what it is for)
EXTRAS = {
    "ray": ("ray", "Ray"),
    "rapidocr": ("ocr", "text in scanned pages"),
    "dagster_k8s": ("k8s", "runs on Kubernetes"),
    "presidio_analyzer": ("privacy", "finding personal data"),
    "torch": ("deep", "deep learning"),
}


class Verdict(Enum):
    """How a finding counts."""

    OK = "ok"
    OPTIONAL = "optional"
    BAD = "bad"


@dataclass(frozen=True)
class Finding:
    """One line of the report."""

    verdict: Verdict
    what: str
    found: str
    fix: str = ""


def examine(settings: config.Settings) -> Iterator[Finding]:
    """Run every check."""
    for check in CHECKS:
        yield from check(settings)


def _python(settings: config.Settings) -> Iterator[Finding]:
    good = sys.version_info[:2] == (3, 11)
    yield Finding(Verdict.OK if good else Verdict.BAD, "Python", platform.python_version(), "" if good else "use 3.11")


def _machine(settings: config.Settings) -> Iterator[Finding]:
    import psutil

    settings.home.mkdir(parents=True, exist_ok=True)
    free = shutil.disk_usage(settings.home).free / 1e9
    fix = "" if free >= DISK_GB else "free space, or set HEDDLE_HOME to a larger disk"
    yield Finding(Verdict.BAD if fix else Verdict.OK, "disk", f"{free:.0f} GB free at {settings.home}", fix)
    memory = psutil.virtual_memory().available / 1e9
    fix = "" if memory >= MEMORY_GB else "close other programs, or lower HEDDLE_MEMORY"
    yield Finding(Verdict.BAD if fix else Verdict.OK, "memory", f"{memory:.0f} GB available", fix)


def _libraries(settings: config.Settings) -> Iterator[Finding]:
    for module, why in (("lightgbm", "models"), ("onnxruntime", "endpoints"), ("duckdb", "the warehouse")):
        try:
            __import__(module)
        except (ImportError, OSError) as error:
            fix = "apt-get install libgomp1" if "libgomp" in str(error) else "make install"
            yield Finding(Verdict.BAD, f"{module} for {why}", str(error).splitlines()[0], fix)
        else:
            yield Finding(Verdict.OK, f"{module} for {why}", "loads")


def _warehouse(settings: config.Settings) -> Iterator[Finding]:
    what = f"warehouse {config.redact(settings.warehouse)}"
    try:
        ports.warehouse(settings).exists(TableName("raw_retail", "transactions"))
    except HeddleError as error:
        yield Finding(Verdict.BAD, what, error.what, error.fix)
    else:
        yield Finding(Verdict.OK, what, "answers")


def _source(settings: config.Settings) -> Iterator[Finding]:
    from assets.sources.retail_files import folder

    try:
        found = folder(settings)
    except HeddleError as error:
        yield Finding(Verdict.BAD, "retail data", error.what, error.fix)
    else:
        yield Finding(Verdict.OK, "retail data", f"{len(list(found.glob('*.parquet')))} tables")


def _ports(settings: config.Settings) -> Iterator[Finding]:
    endpoint = urlsplit(settings.endpoints)
    wanted = (
        ("web UI", "127.0.0.1", settings.ui_port, "HEDDLE_UI_PORT"),
        ("MLflow UI", "127.0.0.1", settings.tracking_port, "HEDDLE_TRACKING_PORT"),
        ("endpoints", endpoint.hostname or "127.0.0.1", endpoint.port or 80, "HEDDLE_ENDPOINTS"),
    )
    for name, host, port, variable in wanted:
        with socket.socket() as probe:
            probe.settimeout(0.5)
            used = probe.connect_ex((host, port)) == 0
        found = f"{host}:{port} {'in use (heddle up, or another program)' if used else 'free'}"
        fix = f"if it is not Heddle's, set {variable}" if used else ""
        yield Finding(Verdict.OPTIONAL if used else Verdict.OK, f"port of {name}", found, fix)


def _llm(settings: config.Settings) -> Iterator[Finding]:
    if settings.llm == "none":
        fix = "set HEDDLE_LLM, HEDDLE_LLM_MODEL and HEDDLE_LLM_KEY for generated answers"
        yield Finding(Verdict.OPTIONAL, "language model", "none: answers are extracts", fix)
        return
    parts = urlsplit(settings.llm)
    try:
        with socket.create_connection((parts.hostname or "", parts.port or 443), timeout=3):
            yield Finding(Verdict.OK, "language model", f"{parts.hostname} answers")
    except OSError as error:
        yield Finding(Verdict.BAD, "language model", f"{config.redact(settings.llm)}: {error}", "check HEDDLE_LLM")


def _extras(settings: config.Settings) -> Iterator[Finding]:
    for module, (extra, purpose) in EXTRAS.items():
        here = find_spec(module) is not None
        fix = "" if here else ("make install-deep" if extra == "deep" else "make install-all")
        yield Finding(
            Verdict.OK if here else Verdict.OPTIONAL,
            f"extra {extra}: {purpose}",
            "installed" if here else "not installed",
            fix,
        )


CHECKS: tuple[Callable[[config.Settings], Iterator[Finding]], ...] = (
    _python,
    _machine,
    _libraries,
    _warehouse,
    _source,
    _ports,
    _llm,
    _extras,
)
