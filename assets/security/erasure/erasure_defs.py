"""An erasure as a run of Dagster: the person is named by a reference to a secret, so no run's record has values."""

import json

import dagster as dg
from pydantic import ConfigDict, TypeAdapter

from assets.security.trace.trace_defs import user_of
from core.settings import Settings

JOB = "security__erasure"
_ROWS = TypeAdapter(list[tuple[str, str]], config=ConfigDict(hide_input_in_errors=True))  # errors go to the event log


class Person(dg.Config):
    """Who is erased.

    Attributes:
        subject: env:NAME or file:/path of a JSON document {"values": [...], "rows": [["table", "key"]]}.
        by: who asked for it; default who started the run.
    """

    subject: str
    by: str = ""


def definitions(settings: Settings) -> dg.Definitions:
    """The job."""
    return dg.Definitions(jobs=[job(settings)])


def job(settings: Settings) -> dg.JobDefinition:
    """One op that erases, searches again and reports."""

    @dg.op(name="erase", description="Erases a person in all stores and searches them again.")
    def erase(context: dg.OpExecutionContext, config: Person) -> None:
        from assets.security.erasure.run import Erasure
        from resources.secrets import resolve

        asked = json.loads(resolve(config.subject, "subject"))
        rows = _ROWS.validate_python(asked.get("rows", []))
        erasure = Erasure(settings, asked.get("values", []), rows)
        by = config.by or user_of(context.run.tags) or "dagster"
        report = erasure.erase(by, context.run_id, context.log.info)
        places = {f"{f['store']}: {f['place']}": f["count"] for f in report.found}
        context.add_output_metadata(
            {"erasure/id": report.id, "erasure/state": report.state, "erasure/places": dg.MetadataValue.json(places)}
            | {"erasure/left": len(report.left), "erasure/models": dg.MetadataValue.json(report.models)}
        )

    @dg.job(name=JOB, executor_def=dg.in_process_executor, description="Erases a person (docs/trace.md).")
    def made() -> None:
        erase()

    return made
