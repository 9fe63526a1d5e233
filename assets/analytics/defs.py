"""The analytics domain as Dagster definitions."""

import dagster as dg

from core.settings import Settings


def definitions(settings: Settings) -> dg.Definitions:
    """All assets and checks of this domain."""
    return dg.Definitions()
