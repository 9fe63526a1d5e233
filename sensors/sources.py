"""Sensor source__changed: tables that changed become proposals for the Kettle files that read or write them."""

import time
from typing import TYPE_CHECKING

import dagster as dg

from core.errors import HeddleError
from core.hashing import digest
from core.settings import Settings
from sensors.environments import sensor_status

if TYPE_CHECKING:
    from assets.kettle.synced.proposals import Proposal

NAME = "source__changed"
SECONDS = 60


def source_changed(settings: Settings) -> dg.SensorDefinition:
    """The sensor. Its cursor is the state of tables, standards and files that it last looked at."""

    @dg.sensor(
        name=NAME,
        asset_selection=dg.AssetSelection.all(),
        minimum_interval_seconds=SECONDS,
        default_status=sensor_status(settings, NAME),
        description="Proposes changed Kettle files under HEDDLE_HOME/proposals where a scanned table that they read, "
        "or a structure or standard that they follow, is another one now. No file is touched.",
    )
    def watch(context: dg.SensorEvaluationContext) -> dg.SkipReason:
        cursor, said = tick(settings, context.cursor or "")
        context.update_cursor(cursor)
        return dg.SkipReason(said)

    return watch


def tick(settings: Settings, cursor: str) -> tuple[str, str]:
    """One look: the new cursor, and what came of it in words. Nothing happens before the first scan."""
    from assets.kettle.synced.gate import there

    if not there(settings):
        return cursor, "nothing was scanned yet"
    from assets.catalog.store.versions import Versions
    from assets.kettle.synced.proposals import propose, state

    versions = Versions(settings.catalog)
    now = state(settings, versions)
    if now == cursor:
        return cursor, "no table, standard or file changed"
    made = propose(settings, versions)
    for proposal in made:
        _tell(settings, proposal)
    words = "; ".join(f"{p.name}: {len(p.notes)} changes{', it does not run' if p.blocked else ''}" for p in made)
    return now, f"proposed {words}; see `heddle kettle proposals list`" if made else "no Kettle file is concerned"


def _tell(settings: Settings, proposal: "Proposal") -> None:
    """Hands the news to where alerts go; one that is not delivered costs nothing, the proposal is there."""
    from resources.open import notifiers

    message = {
        "id": digest([NAME, proposal.name, proposal.at]),
        "title": f"A changed source concerns Kettle file {proposal.name}",
        "text": "\n".join(proposal.notes) or proposal.text,
        "time": time.time(),
        "run_id": "",
    }
    for notifier in notifiers(settings):
        try:
            notifier.send(message)
        except HeddleError:
            continue
