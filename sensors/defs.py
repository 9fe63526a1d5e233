"""Schedules, sensors and alert rules as Dagster definitions."""

import dagster as dg

from core.settings import Settings
from sensors.alerts import alert_sensors
from sensors.bi import table_materialized
from sensors.catalog import run_registered
from sensors.drops import drops_changed
from sensors.environments import sensor_status
from sensors.jobs import jobs
from sensors.kettle import kettle_changed
from sensors.retrain import dataset_changed
from sensors.schedules import schedules
from sensors.sources import source_changed

CONDITIONS = "assets__conditions"


def definitions(settings: Settings) -> dg.Definitions:
    """All jobs, schedules and sensors."""
    conditions = dg.AutomationConditionSensorDefinition(
        CONDITIONS,
        target=dg.AssetSelection.all(),
        default_status=sensor_status(settings, CONDITIONS),
        minimum_interval_seconds=30,
        description="Runs the heads of groups when the content of their inputs changed (sensors/conditions.py).",
    )
    return dg.Definitions(
        jobs=jobs(),
        schedules=schedules(settings),
        sensors=[
            drops_changed(settings),
            kettle_changed(settings),
            dataset_changed(settings),
            run_registered(settings),
            source_changed(settings),
            conditions,
            *alert_sensors(settings),
            *([table_materialized()] if settings.bi != "none" else []),
        ],
    )
