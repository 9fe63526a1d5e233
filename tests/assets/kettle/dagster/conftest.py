"""A folder of Kettle files with an installation around it, run by real executors."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import dagster as dg
import pytest

from assets.kettle.defs import kettle_assets
from assets.kettle.files.write import to_bytes
from assets.kettle.model import Connection
from core.naming import Key
from core.settings import Settings, load
from tests.assets.kettle.flow import Flow, grid


@dataclass
class Site:
    """A folder of files, settings, an instance."""

    settings: Settings
    instance: dg.DagsterInstance = field(default_factory=dg.DagsterInstance.ephemeral)
    taken: dict[Key, set[Key]] = field(default_factory=dict)

    @property
    def folder(self) -> Path:
        return self.settings.kettle_files

    @property
    def database(self) -> Path:
        return self.settings.home / "shop.sqlite"

    def add(self, name: str, flow: Flow) -> Path:
        """Writes a transformation."""
        path = self.folder / name
        path.write_bytes(to_bytes(flow.model))
        return path

    def shop(self) -> Connection:
        """A connection to the installation's SQLite file."""
        return Connection("shop", "SQLITE", database=str(self.database))

    def definitions(self) -> dg.Definitions:
        settings = dg.ResourceDefinition.hardcoded_resource(self.settings)
        base = dg.Definitions(resources={"settings": settings}, executor=dg.in_process_executor)
        return dg.Definitions.merge(kettle_assets(self.folder, self.settings, self.taken), base)

    def run(self, config: dict[str, Any] | None = None, keys: Sequence[str] = ()) -> dg.ExecuteInProcessResult:
        """Runs all assets, or those of the keys, with their checks."""
        return (
            self.definitions()
            .resolve_implicit_global_asset_job_def()
            .execute_in_process(
                instance=self.instance,
                run_config=config,
                raise_on_error=False,
                asset_selection=[dg.AssetKey(key.split("/")) for key in keys] or None,
            )
        )

    def metadata(self, key: str) -> dict[str, Any]:
        """What the last materialization reports."""
        event = self.instance.get_latest_materialization_event(dg.AssetKey(key.split("/")))
        assert event is not None and event.asset_materialization is not None
        return {name: value.value for name, value in event.asset_materialization.metadata.items()}


@pytest.fixture
def site(tmp_path: Path) -> Site:
    return make_site(tmp_path)


@pytest.fixture
def site_with(tmp_path: Path) -> Callable[..., Site]:
    return lambda **fields: make_site(tmp_path, **fields)


def make_site(tmp_path: Path, **fields: object) -> Site:
    folder, home = tmp_path / "kettle", tmp_path / "home"
    folder.mkdir(exist_ok=True)
    home.mkdir(exist_ok=True)
    values = {"home": home, "kettle_files": folder} | fields
    return Site(load({f"HEDDLE_{k.upper()}": str(v) for k, v in values.items()}, project=tmp_path))


def loading(site: Site, rows: list[tuple[Any, ...]], table: str = "sales") -> Flow:
    """Rows of text -> a whole number, failing rows aside -> a table of the shop."""
    change = [("name", "amount"), ("rename", "amount"), ("type", "Integer"), ("length", "-2"), ("precision", "-2")]
    script = f"create table if not exists {table} (id integer, amount integer, city varchar(30))"
    flow = (
        Flow()
        .database(site.shop())
        .step("Make table", "ExecSQL", connection="shop", sql=script)
        .step("Orders", "DataGrid", grid({"id": "Integer", "amount": "String", "city": "String"}, rows))
        .step("Read amounts", "SelectValues", [("fields", [("meta", change)])])
        .step("Bad amounts", "Dummy")
        .step("Load", "TableOutput", connection="shop", table=table, truncate="Y", commit="100")
        .hop("Orders", "Read amounts", "Load")
    )
    return flow.errors("Read amounts", "Bad amounts", descriptions_valuename="why", nr_valuename="errors")


def orders(good: int, bad: int = 0, empty: int = 0) -> list[tuple[Any, ...]]:
    """Rows with good, unreadable and no amounts."""
    amounts = [*(str(n) for n in range(good)), *["many"] * bad, *[None] * empty]
    return [(n, amount, "Ulm") for n, amount in enumerate(amounts)]
