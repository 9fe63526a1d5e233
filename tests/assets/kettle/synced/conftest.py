"""A project with one scanned source and Kettle files on the same database."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import dagster as dg
import pytest
from sqlalchemy import create_engine, text

from assets.catalog.observe import Observed, observe
from assets.catalog.scan.sources import load_sources
from assets.catalog.store.versions import Versions
from assets.kettle.defs import kettle_assets
from assets.kettle.files.write import to_bytes
from assets.kettle.model import Connection
from core.settings import Settings, load
from tests.assets.kettle.flow import Flow


@dataclass
class Site:
    """Settings, a database that is the source `shop` and the connection `shop`, an instance."""

    settings: Settings
    url: str
    instance: dg.DagsterInstance = field(default_factory=dg.DagsterInstance.ephemeral)

    @property
    def versions(self) -> Versions:
        return Versions(self.settings.catalog)

    def sql(self, *statements: str) -> list[Any]:
        """Runs statements; the rows of the last one."""
        engine = create_engine(self.url)
        with engine.begin() as connection:
            for statement in statements:
                done = connection.execute(text(statement))
            rows = [tuple(r) for r in done] if done.returns_rows else []
        engine.dispose()
        return rows

    def scan(self) -> Observed:
        (source,) = load_sources(self.settings)
        return observe(self.settings, self.versions, source)

    def add(self, name: str, flow: Flow) -> Path:
        path = self.settings.kettle_files / name
        path.write_bytes(to_bytes(flow.model))
        return path

    def connection(self, name: str = "shop") -> Connection:
        """A connection that the settings lead to the database."""
        return Connection(name, "SQLITE" if self.url.startswith("sqlite") else "POSTGRESQL", database="elsewhere")

    def definitions(self, *others: dg.Definitions) -> dg.Definitions:
        settings = dg.ResourceDefinition.hardcoded_resource(self.settings)
        base = dg.Definitions(resources={"settings": settings}, executor=dg.in_process_executor)
        return dg.Definitions.merge(kettle_assets(self.settings.kettle_files, self.settings), *others, base)

    def run(self, keys: Sequence[str] = ()) -> dg.ExecuteInProcessResult:
        job = self.definitions().resolve_implicit_global_asset_job_def()
        chosen = [dg.AssetKey(k.split("/")) for k in keys] or None
        return job.execute_in_process(instance=self.instance, raise_on_error=False, asset_selection=chosen)


def make_site(tmp_path: Path, url: str, **fields: object) -> Site:
    for name in ("kettle", "home", "catalog"):
        (tmp_path / name).mkdir(exist_ok=True)
    (tmp_path / "catalog" / "sources.yaml").write_text(f"sources:\n  - name: shop\n    url: {url}\n", encoding="utf-8")
    values = {
        "home": tmp_path / "home",
        "kettle_files": tmp_path / "kettle",
        "catalog_files": tmp_path / "catalog",
        "kettle_connections": f"shop={url}",
        "warehouse": f"duckdb:///{tmp_path}/home/warehouse.duckdb",
    } | fields
    return Site(load({f"HEDDLE_{k.upper()}": str(v) for k, v in values.items()}, project=tmp_path), url)


@pytest.fixture
def lite(tmp_path: Path) -> Site:
    return make_site(tmp_path, f"sqlite:///{tmp_path}/shop.db")


@pytest.fixture
def postgres(tmp_path: Path, postgres_url: str) -> Site:
    return make_site(tmp_path, postgres_url)


@pytest.fixture
def site_on(tmp_path: Path) -> Callable[..., Site]:
    return lambda url, **fields: make_site(tmp_path, url, **fields)


def failure(result: dg.ExecuteInProcessResult) -> str:
    """Why the first failing step failed."""
    event = next(e for e in result.all_events if e.is_step_failure)
    error = event.step_failure_data.error
    while error is not None and error.cls_name != "Failure" and error.cause is not None:
        error = error.cause
    return str(error.message) if error else ""
