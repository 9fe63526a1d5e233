"""A run and the catalogue: what holds it back, what it wrote."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import dagster as dg

from assets.kettle.layout_defs import FilePlan, Layout
from core.errors import HeddleError
from core.naming import Key
from core.settings import Settings

if TYPE_CHECKING:
    from assets.kettle.described import FileInfo
    from assets.kettle.publish import Published

ENTRY = "catalog/version"  # metadata: the version of the asset's entry that the run made


def hold_back(settings: Settings, plan: FilePlan, info: "FileInfo | None" = None) -> None:
    """Raises KettleError while a table of the file has a breaking change that waits; see synced/gate.py."""
    from assets.kettle.synced.gate import check

    check(settings, plan.path, info or plan.info)


def hold_back_all(settings: Settings, plan: FilePlan, layout: Layout) -> None:
    """The same for all transformations that a job calls, directly or through others."""
    by_path = {str(other.path.resolve()): other for other in layout.files}
    waiting, met = [plan], {plan.path}
    while waiting:
        for path in waiting.pop().info.calls.values():
            called = by_path.get(path)
            if called is None or called.path in met:
                continue
            met.add(called.path)
            if called.info.is_job:
                waiting.append(called)
            else:
                hold_back(settings, called)


def take_back(
    context: dg.OpExecutionContext, plan: FilePlan, found: "Mapping[Key, Sequence[Published]]"
) -> dict[Key, int]:
    """Takes what the run wrote into the catalogue; output -> number of its new version.

    The data is there already: a catalogue that refuses costs a warning and not the run.
    """
    from sqlalchemy.exc import SQLAlchemyError

    from assets.catalog.store.versions import Versions
    from assets.kettle.synced.taken_back import take_back as take

    settings: Settings = context.resources.settings
    try:
        made = take(Versions(settings.catalog), plan.info.name, found, context.run_id)
    except (HeddleError, SQLAlchemyError) as error:
        context.log.warning(f"{plan.info.name}: the catalogue does not know of this run: {type(error).__name__}")
        return {}
    return {key: version.number for key, version in made.items() if version is not None}
