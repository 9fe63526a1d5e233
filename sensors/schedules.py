"""Schedules: the daily refresh of the tables, and the endpoint's health."""

from collections.abc import Iterator

import dagster as dg

from assets.partitions import add_weeks
from assets.sources import retail_files
from core.settings import Settings
from sensors.environments import schedule_status
from sensors.jobs import TRANSACTIONS, jobs

TABLES = "retail__tables__daily"
HEALTH = "endpoint__health__quarterhourly"
RANGE_START = "dagster/asset_partition_range_start"
RANGE_END = "dagster/asset_partition_range_end"


def schedules(settings: Settings) -> list[dg.ScheduleDefinition]:
    """All schedules."""
    tables, health = jobs(("retail__tables", "endpoint__health"))

    @dg.schedule(
        name=TABLES,
        job=tables,
        cron_schedule="15 5 * * *",
        execution_timezone="America/New_York",
        default_status=schedule_status(settings, TABLES),
        description="Each morning: weeks never loaded and the newest week, with all tables built from them.",
    )
    def daily(context: dg.ScheduleEvaluationContext) -> list[dg.RunRequest]:
        day = context.scheduled_execution_time.date().isoformat()
        return list(daily_requests(settings, context.instance, day))

    quarter = dg.ScheduleDefinition(
        name=HEALTH,
        job=health,
        cron_schedule="*/15 * * * *",
        default_status=schedule_status(settings, HEALTH),
        description="Every quarter of an hour: does the live endpoint answer, rightly and fast enough?",
    )
    return [daily, quarter]


def daily_requests(settings: Settings, instance: dg.DagsterInstance, day: str) -> Iterator[dg.RunRequest]:
    """One run per unbroken range of weeks to load; the same day gives the same run keys."""
    add_weeks(instance, retail_files.weeks(settings))
    # in Dagster's order, in which a range is read: weeks as they were added, and a late file may add an early week
    known = instance.get_dynamic_partitions("retail_week")
    loaded = instance.get_materialized_partitions(TRANSACTIONS)
    wanted = [i for i, week in enumerate(known) if week not in loaded or week == max(known)]
    for first, last in _ranges(wanted):
        tags = {RANGE_START: known[first], RANGE_END: known[last]}
        yield dg.RunRequest(run_key=f"{day} {known[first]}", tags=tags)


def _ranges(numbers: list[int]) -> Iterator[tuple[int, int]]:
    start = 0
    for i, number in enumerate(numbers):
        if i + 1 == len(numbers) or numbers[i + 1] != number + 1:
            yield numbers[start], number
            start = i + 1
