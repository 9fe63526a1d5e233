"""Sensor run__registered: after each run the catalogue knows what the assets now are."""

import dagster as dg

from assets.catalog.registration_defs import bring_up_to_date
from core.settings import Settings
from sensors.environments import sensor_status

NAME = "run__registered"
SECONDS = 30
ENDED = [dg.DagsterRunStatus.SUCCESS, dg.DagsterRunStatus.FAILURE, dg.DagsterRunStatus.CANCELED]


def run_registered(settings: Settings) -> dg.SensorDefinition:
    """The sensor. Its cursor is the last run that ended; many runs between two ticks are registered together."""

    @dg.sensor(
        name=NAME,
        asset_selection=dg.AssetSelection.all(),
        minimum_interval_seconds=SECONDS,
        default_status=sensor_status(settings, NAME),
        description="Takes the assets into the catalogue as they are after the last run: columns, owners, checks, "
        "freshness, value, lineage.",
    )
    def watch(context: dg.SensorEvaluationContext) -> dg.SkipReason:
        last = last_ended(context.instance)
        if last == (context.cursor or ""):
            return dg.SkipReason("no run ended since the last look")
        assert context.repository_def is not None
        said = bring_up_to_date(settings, context.repository_def.asset_graph, context.instance, last)
        context.update_cursor(last)
        return dg.SkipReason(said)

    return watch


def last_ended(instance: dg.DagsterInstance) -> str:
    """The id of the run that ended last, "" when there is none."""
    found = instance.get_run_records(dg.RunsFilter(statuses=ENDED), limit=1, order_by="update_timestamp")
    return found[0].dagster_run.run_id if found else ""
