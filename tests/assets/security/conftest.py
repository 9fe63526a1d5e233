"""What the tests of security share."""

from pathlib import Path

import pytest


@pytest.fixture(params=["sqlite", "postgresql"])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """A database for HEDDLE_VAULT, of both kinds."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path}/vault.db"
    return str(request.getfixturevalue("postgres_url"))
