"""The prepared description of the dbt project: what definitions need to know of it without importing dbt."""

import json
import subprocess
import sys
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from core.errors import HeddleError
from core.hashing import digest
from core.settings import PROJECT

FOLDER = PROJECT / "dbt_project"
PREPARED = Path(__file__).parent / "prepared"
SPECS = "specs.json"
SEMANTICS = "semantic_manifest.json"
_HOW = "run `heddle dbt prepare`"


@dataclass(frozen=True)
class ColumnSpec:
    """A documented column; `required` when a test forbids nulls in it."""

    name: str
    description: str
    required: bool


@dataclass(frozen=True)
class TestSpec:
    """A dbt data test, shown as an asset check of the model it belongs to."""

    name: str
    description: str
    file: str


@dataclass(frozen=True)
class ModelSpec:
    """A dbt model, shown as an asset.

    Attributes:
        key: asset key as text.
        deps: asset keys it selects from.
        stage: models of one stage are built by one dbt call; see `prepare`.
        weekly: whether it is built week by week.
        version: digest of its SQL, configuration and the project's macros it uses.
        file: path inside the dbt project.
        sql: digest of the compiled SQL.
        lineage: column -> (asset key, column) of what its values come from.
        rows: (asset key, column, how) of what decides which rows there are: filter, join, group.
    """

    name: str
    key: str
    deps: tuple[str, ...]
    stage: str
    weekly: bool
    area: str
    pii: bool
    description: str
    materialized: str
    version: str
    file: str
    columns: tuple[ColumnSpec, ...]
    tests: tuple[TestSpec, ...]
    sql: str = ""
    lineage: dict[str, tuple[tuple[str, str], ...]] = field(default_factory=dict)
    rows: tuple[tuple[str, str, str], ...] = ()


def fingerprint(folder: Path = FOLDER) -> str:
    """A digest of the dbt project's files: their names and bytes."""
    files = sorted(p for p in folder.rglob("*") if p.suffix in (".sql", ".yml") and "target" not in p.parts)
    return digest(part for p in files for part in (p.relative_to(folder).as_posix(), p.read_bytes()))


def dump(models: tuple[ModelSpec, ...]) -> str:
    """The specs file's text."""
    content = {"fingerprint": fingerprint(), "models": [asdict(m) for m in models]}
    return json.dumps(content, indent=1, ensure_ascii=False) + "\n"


def load(prepared: Path = PREPARED) -> tuple[ModelSpec, ...]:
    """All models, upstream first; prepares them first in another process if the dbt project has changed.

    Raises:
        HeddleError: preparing failed, for example because a model has an error; the message is dbt's own.
    """
    path = prepared / SPECS
    content = _read(path)
    if content is None or content.get("fingerprint") != fingerprint():
        command = [sys.executable, "-m", "assets.tables.prepare_defs"]
        done = subprocess.run(command, cwd=PROJECT, capture_output=True, text=True, check=False)  # noqa: S603
        content = _read(path)
        if done.returncode or content is None:
            raise HeddleError(f"the dbt project cannot be prepared: {done.stderr.strip()[-2000:]}", _HOW)
    return tuple(_model(m) for m in content["models"])


def _read(path: Path) -> dict[str, Any] | None:
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return None
    except ValueError as error:
        raise HeddleError(f"{path} is not valid JSON: {error}", _HOW) from None
    return content if isinstance(content, dict) else None


def _model(fields: dict[str, Any]) -> ModelSpec:
    columns = tuple(ColumnSpec(**c) for c in fields.pop("columns"))
    tests = tuple(TestSpec(**t) for t in fields.pop("tests"))
    lineage = {column: tuple((key, name) for key, name in found) for column, found in fields.pop("lineage").items()}
    rows = tuple((key, name, how) for key, name, how in fields.pop("rows"))
    plain = fields | {"deps": tuple(fields["deps"])}
    return ModelSpec(**plain, columns=columns, tests=tests, lineage=lineage, rows=rows)
