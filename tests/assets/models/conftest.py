"""Settings whose tracking store is already there: creating one takes seconds, copying one does not."""

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from core.settings import Settings
from resources.tracking_mlflow import MlflowTracking


@pytest.fixture(scope="package")
def empty_store(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A new MLflow SQLite store without runs."""
    home = tmp_path_factory.mktemp("store")
    with MlflowTracking(f"sqlite:///{home / 'mlflow.db'}", home).open("unused"):
        pass
    return home / "mlflow.db"


@pytest.fixture
def home_settings(make_settings: Callable[..., Settings], empty_store: Path) -> Settings:
    """Settings over that store's copy."""
    settings = make_settings()
    settings.home.mkdir(parents=True)
    shutil.copy(empty_store, settings.home / "mlflow.db")
    return settings
