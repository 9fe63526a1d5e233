"""Which schedule and sensor runs by itself where; all can be started and stopped by hand in the UI."""

import dagster as dg

from core.settings import Settings

# name -> profiles in which it runs from the start
RUNS_IN: dict[str, set[str]] = {
    "retail__tables__daily": {"cluster"},  # a laptop sleeps at night; drops__changed keeps it up to date
    "endpoint__health__quarterhourly": {"local", "cluster"},
    "drops__changed": {"local", "cluster"},
    "kettle__changed": {"local", "cluster"},
    "dataset__changed": {"cluster"},  # training takes a laptop's processors for minutes
    "assets__conditions": {"local", "cluster"},
    "source__changed": {"local", "cluster"},
    "run__registered": {"local", "cluster"},
    "run__failed": {"local", "cluster"},
    "check__failed": {"local", "cluster"},
}


def runs(settings: Settings, name: str) -> bool:
    """Whether a schedule or sensor of RUNS_IN starts by itself under these settings."""
    return settings.profile in RUNS_IN[name]


def sensor_status(settings: Settings, name: str) -> dg.DefaultSensorStatus:
    """The status a sensor has until somebody changes it."""
    return dg.DefaultSensorStatus.RUNNING if runs(settings, name) else dg.DefaultSensorStatus.STOPPED


def schedule_status(settings: Settings, name: str) -> dg.DefaultScheduleStatus:
    """The status a schedule has until somebody changes it."""
    return dg.DefaultScheduleStatus.RUNNING if runs(settings, name) else dg.DefaultScheduleStatus.STOPPED
