"""Schedules, sensors and alert rules as Dagster definitions."""

import dagster as dg

from core.settings import Settings


def definitions(settings: Settings) -> dg.Definitions:
    """All schedules and sensors."""
    return dg.Definitions()
