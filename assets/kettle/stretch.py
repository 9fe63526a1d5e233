"""Runs the step of an op together with those of the ops after it, as far as they are in the same process.

Between steps that run together rows flow in batches as in a run of the whole file: nothing is kept of them, and each
op only reports its own step's figures. Only what leaves the stretch is handed over.
"""

from collections.abc import Mapping, Sequence
from pathlib import Path

from assets.kettle.described import FileInfo
from assets.kettle.errors import KettleError
from assets.kettle.handover import Sent, Stretch
from assets.kettle.pieces import without
from assets.kettle.publish import run_steps
from core.settings import Settings


def run_stretch(
    settings: Settings,
    path: Path,
    info: FileInfo,
    steps: Sequence[str],
    given: Mapping[str, Sent],
    parameters: Mapping[str, str],
    made_of: str,
    folder: Path,
) -> Stretch:
    """Runs steps that neither write nor change anything outside.

    Where another step than the first fails, those that do not need it run without it: so it fails in its own op, with
    the rows that it needs kept for a retry.

    Args:
        steps: the op's own, then those that get all their rows from it.

    Raises:
        KettleError: the first step failed.
    """
    spill = folder.with_name(f"{folder.name}.spill")
    while True:
        try:
            done = run_steps(settings, path, info, steps, given, parameters, spill)
        except KettleError as error:
            failed = getattr(error, "step", "")
            if len(steps) == 1 or failed == steps[0]:
                raise
            steps = without(steps, failed, info.hops) if failed in steps else steps[:1]
        else:
            return Stretch(tuple(steps), made_of, folder, done.sent, done.counters, done.watch.errors, done.log)
