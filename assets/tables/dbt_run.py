"""dbt inside this process: the same Python as ours, no second start-up, the same settings.

dbt keeps global state, so one call runs at a time; the DuckDB file is closed again when a call returns.
"""

import json
import os
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

from assets.tables.specs import FOLDER, fingerprint
from core.errors import StoreError
from core.scratch import scratch
from core.settings import Settings
from resources.open import warehouse

OK = ("success", "pass")
QUIET = ("--quiet", "--log-level=none", "--log-level-file=info", "--no-write-json")
_ONE_AT_A_TIME = threading.RLock()
_PARSED: dict[tuple[str, str, str], Any] = {}  # the last parsed state of the project


@dataclass(frozen=True)
class NodeResult:
    """What became of one model or test.

    Attributes:
        name: the model's or test's name.
        status: dbt's word: success, pass, fail, warn, error, skipped.
        message: dbt's own message, empty when all went well.
        failures: rows a test found; 0 for a model.
        seconds: time in the warehouse.
        compiled: SQL of the node with names filled in, without what dbt puts around it.
        file: path inside the dbt project.
    """

    name: str
    status: str
    message: str
    failures: int
    seconds: float
    compiled: str
    file: str


Listener = Callable[[NodeResult], None]


def environment(settings: Settings) -> dict[str, str]:
    """The variables that profiles.yml reads. Only the password is secret; dbt scrubs variables of that prefix."""
    shared = {"DBT_SEND_ANONYMOUS_USAGE_STATS": "false", "DO_NOT_TRACK": "1", "WAREHOUSE_MEMORY": settings.memory}
    url = urlsplit(settings.warehouse)
    if url.scheme == "duckdb":
        path = Path(url.path)
        return shared | {
            "WAREHOUSE_ENGINE": "duckdb",
            "WAREHOUSE_PATH": str(path),
            "WAREHOUSE_SPILL": str(path.parent / "spill"),
        }
    query = parse_qs(url.query)
    return shared | {
        "WAREHOUSE_ENGINE": "postgres",
        "WAREHOUSE_HOST": query.get("host", [url.hostname or "localhost"])[0],
        "WAREHOUSE_PORT": query.get("port", [str(url.port or 5432)])[0],
        "WAREHOUSE_USER": unquote(url.username or "postgres"),
        "WAREHOUSE_DATABASE": unquote(url.path.lstrip("/")) or "postgres",
        "DBT_ENV_SECRET_WAREHOUSE_PASSWORD": unquote(url.password or ""),
    }


class Dbt:
    """The dbt project on the warehouse of these settings; logs and scratch files go under settings.home/dbt."""

    def __init__(self, settings: Settings, project: Path = FOLDER) -> None:
        self.settings = settings
        self.project = project
        self.home = settings.home / "dbt"

    def manifest(self) -> Any:
        """The parsed project as dbt's Manifest, for the caller to change.

        Parsing takes 1 s, or 0.1 s from dbt's own cache on disk; this process does it once per state of the project.

        Raises:
            StoreError: the project has an error; the message is dbt's own and names the file.
        """
        known = environment(self.settings)
        engine = known["WAREHOUSE_ENGINE"]
        key = (fingerprint(self.project), engine, known.get("WAREHOUSE_PATH") or known["WAREHOUSE_DATABASE"])
        with _ONE_AT_A_TIME:
            if key not in _PARSED:
                outcome = self._invoke(["parse", *QUIET], self.home / "parse" / engine)
                if outcome.exception is not None:
                    raise _error(outcome.exception)
                _PARSED.clear()
                _PARSED[key] = outcome.result
            return _PARSED[key].deepcopy()

    def compiled(self) -> dict[str, str]:
        """Model -> its SQL with all names filled in, as for a table that is made anew.

        Raises:
            StoreError: a model cannot be compiled; the message is dbt's own and names the file.
        """
        return {r.name: r.compiled for r in self._nodes(["compile", "--full-refresh"], lambda result: None)}

    def run(self, models: Sequence[str], weeks: Sequence[str] | None, listener: Listener) -> list[NodeResult]:
        """Build models in their order; a model that fails leaves its former table, and those below it are skipped.

        Args:
            models: names; exactly these run.
            weeks: Mondays (YYYY-MM-DD) that weekly models rebuild; None rebuilds them whole.
            listener: called after each model, in one of dbt's threads.

        Raises:
            StoreError: dbt could not start; failed models are in the results instead.
        """
        whole = ["--full-refresh"] if weeks is None else []
        chosen = json.dumps({"weeks": list(weeks or ())})
        return self._nodes(["run", *whole, "--vars", chosen, "--select", *models], listener)

    def test(self, tests: Sequence[str], listener: Listener) -> list[NodeResult]:
        """Run exactly these data tests, or unit tests.

        Raises:
            StoreError: dbt could not start; failing tests are in the results instead.
        """
        return self._nodes(["test", "--indirect-selection", "empty", "--select", *tests], listener)

    def command(self, arguments: Sequence[str]) -> bool:
        """Run any dbt command with these settings, printing as dbt does; returns whether it succeeded."""
        return bool(self._invoke(arguments, self.home / "target").success)

    def _nodes(self, arguments: Sequence[str], listener: Listener) -> list[NodeResult]:
        found: list[NodeResult] = []
        # waits in short steps while another process holds the DuckDB file; dbt-duckdb doubles its pauses instead
        warehouse(self.settings).query("select 1 as reachable")
        with scratch(self.home, "target-") as target, _ONE_AT_A_TIME:
            manifest = self.manifest()  # dbt writes compiled SQL into it

            def on_event(event: Any) -> None:
                if event.info.name == "NodeFinished":
                    found.append(_result(event.data, manifest))
                    listener(found[-1])

            outcome = self._invoke([*arguments, *QUIET], target, manifest, on_event)
        if outcome.exception is not None:
            raise _error(outcome.exception)
        return found

    def _invoke(
        self,
        arguments: Sequence[str],
        target: Path,
        manifest: Any = None,
        on_event: Callable[[Any], None] | None = None,
    ) -> Any:
        known = environment(self.settings)
        with _ONE_AT_A_TIME, _variables(known):
            from dbt.cli.main import dbtRunner

            runner = dbtRunner(manifest=manifest, callbacks=[on_event] if on_event else [])
            folders = [f"--project-dir={self.project}", f"--profiles-dir={self.project}"]
            places = [f"--target-path={target}", f"--log-path={self.home / 'logs'}"]
            try:
                return runner.invoke([*arguments, *folders, *places])
            finally:
                if known["WAREHOUSE_ENGINE"] == "duckdb":
                    _let_go()


def _result(data: Any, manifest: Any) -> NodeResult:
    node = manifest.nodes.get(data.node_info.unique_id) or manifest.unit_tests[data.node_info.unique_id]
    status = str(data.run_result.status)
    return NodeResult(
        name=node.name,
        status=status,
        message="" if status in OK else str(data.run_result.message or ""),
        failures=data.run_result.num_failures,
        seconds=data.run_result.execution_time,
        compiled=getattr(node, "compiled_code", None) or "",
        file=node.original_file_path,
    )


def _let_go() -> None:
    """Close the DuckDB file, which dbt-duckdb would keep open until its objects happen to be collected."""
    from dbt.adapters.duckdb.connections import DuckDBConnectionManager

    environment = DuckDBConnectionManager._ENV  # its accessor raises when there is none
    if environment is not None:
        environment.close()
        DuckDBConnectionManager.close_all_connections()


def _error(exception: BaseException) -> StoreError:
    return StoreError(f"dbt: {exception}", "correct the file that the message names")


@contextmanager
def _variables(values: Mapping[str, str]) -> Iterator[None]:
    """Set environment variables and the working directory back afterwards; dbt reads the first, changes the second."""
    former = {name: os.environ.get(name) for name in values}
    folder = Path.cwd()
    os.environ.update(values)
    try:
        yield
    finally:
        os.chdir(folder)
        for name, value in former.items():
            if value is None:
                del os.environ[name]
            else:
                os.environ[name] = value
