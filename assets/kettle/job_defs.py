"""A Kettle job as a Dagster job: one op that walks it, an event per entry in the order of the walk."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import dagster as dg

from assets.kettle.catalog_defs import hold_back_all, take_back
from assets.kettle.graph_defs import parameters_schema
from assets.kettle.layout_defs import GROUP, FilePlan, Layout, code_of
from assets.kettle.op_defs import NATIVE, failing
from assets.kettle.report_defs import published_metadata, run_metadata
from assets.kettle.schedule import cadence
from assets.kit import spec_options
from core.settings import Settings

if TYPE_CHECKING:
    from assets.kettle.jobs.run import Event


def job_name(plan: FilePlan) -> str:
    """`kettle__<file>`."""
    return f"kettle__{plan.noun}"


def job_asset(plan: FilePlan) -> dg.AssetSpec:
    """What stands for a job in the asset graph: its runs report on it, entry by entry."""
    info = plan.info
    entries = " → ".join(info.order[:12])
    about = f"**Kettle file {info.name} cannot run.** {info.error}" if info.error else f"Entries: {entries}."
    options = spec_options(
        str(plan.own),
        group=GROUP,
        kinds={"kettle", "job"},
        description=f"{info.description or info.title or info.name}\n\nKettle job {info.name}. {about}",
        code=(),
    )
    reference = dg.LocalFileCodeReference(file_path=str(plan.path), line_number=1, label=info.name)
    metadata: dict[str, Any] = {
        "dagster/code_references": dg.CodeReferencesMetadataValue(code_references=[reference]),
        "kettle/file": info.name,
    }
    if info.problems:
        metadata["kettle/problems"] = dg.MetadataValue.json(info.problems)
    return dg.AssetSpec(**options | {"code_version": code_of(plan)}, metadata=metadata)


def job_definition(plan: FilePlan, layout: Layout) -> dg.JobDefinition:
    """The job. Its one op fails when the walk ends without success."""
    name = job_name(plan)
    op = dg.OpDefinition(
        compute_fn=_walk(plan, layout),
        name=f"{name}__walk",
        ins={},
        outs={"result": dg.Out(dg.Nothing)},
        description=f"Walks through {plan.info.name} as Kettle does.",
        config_schema=parameters_schema(plan.info) or None,
        required_resource_keys={"settings"},
    )
    node = dg.NodeInvocation(op.name, "walk")
    graph = dg.GraphDefinition(
        name=name, node_defs=[op], dependencies={node: {}}, description=plan.info.description or None
    )
    return graph.to_job(name=name, tags={"kettle/file": plan.noun})


def schedule_of(plan: FilePlan, settings: Settings) -> dg.ScheduleDefinition:
    """The schedule of the job's START entry; it runs by itself on a cluster."""
    name, cron = job_name(plan), plan.info.cron
    running = settings.profile == "cluster"
    return dg.ScheduleDefinition(
        name=f"{name}__{cadence(cron)}",
        job_name=name,
        cron_schedule=cron,
        default_status=dg.DefaultScheduleStatus.RUNNING if running else dg.DefaultScheduleStatus.STOPPED,
        description=f"As START of {plan.info.name} says.",
    )


def _walk(plan: FilePlan, layout: Layout) -> Any:
    asset = list(plan.own)

    def run(context: dg.OpExecutionContext, inputs: Mapping[str, Any]) -> Iterator[dg.Output[None]]:
        from assets.kettle.files.read import read_job
        from assets.kettle.jobs.start import run_job
        from assets.kettle.publish import Watch, engine_settings

        settings: Settings = context.resources.settings
        parameters = dict(context.op_config or {})
        with failing(plan):
            hold_back_all(settings, plan, layout)
        if settings.kettle != NATIVE:
            from assets.kettle.publish import run_outside

            with failing(plan):
                outside = run_outside(settings, plan.path, plan.info, parameters, context.log.info)
            yield dg.Output(None, "result", metadata={"log": "\n".join(outside.log)[-20_000:]})
            return
        watches: dict[str, Watch] = {}
        writers = [output.place.step for other in layout.files for output in other.info.outputs]

        def observe(entry: str) -> Watch:
            return watches.setdefault(entry, Watch(writers))

        def tell(event: "Event") -> None:
            state = "succeeded" if event.ok else f"failed with {event.errors} errors"
            where = "/".join((*event.path, event.entry))
            context.log.info(f"entry {where} {state} after {event.seconds:.3f} s ({event.reason})")
            metadata: dict[str, Any] = {"entry": event.entry, "ok": event.ok, "errors": event.errors}
            context.log_event(
                dg.AssetObservation(
                    asset_key=asset,
                    description=f"{where} {state}",
                    metadata={
                        **metadata,
                        "seconds": event.seconds,
                        "reason": event.reason,
                        "job": "/".join(event.path),
                    },
                )
            )

        with failing(plan):
            result, events = run_job(
                read_job(plan.path),
                settings=engine_settings(settings),
                parameters=parameters,
                observe=observe,
                listener=tell,
            )
        for called in _called(plan, layout, events):
            for event in _materializations(context, called, layout, watches):
                context.log_event(event)
        table = dg.MetadataValue.md(_events_table(events))
        if not result.ok or result.errors:
            last = next((e.entry for e in reversed(events) if not e.ok), plan.info.title)
            raise dg.Failure(
                f"{plan.info.name}: the job ended without success; the last entry that failed is {last!r}",
                metadata={"entries": table, "log": result.log_text[-20_000:], "step": last},
            )
        yield dg.Output(None, "result", metadata={"entries": table, "log": result.log_text[-20_000:]})

    return run


def _events_table(events: "list[Event]") -> str:
    lines = ["| # | entry | job | ok | errors | seconds | reason |", "|---|---|---|---|---|---|---|"]
    for number, e in enumerate(events, 1):
        cells = [str(number), e.entry, "/".join(e.path), str(e.ok), str(e.errors), f"{e.seconds:.3f}", e.reason]
        lines.append(f"| {' | '.join(c.replace('|', ' ') for c in cells)} |")
    return "\n".join(lines)


def _called(plan: FilePlan, layout: Layout, events: "list[Event]") -> list[FilePlan]:
    """The transformations of the folder that the job's entries ran with success, also through jobs that it calls."""
    ended = {event.entry for event in events if event.ok}
    by_path = {str(other.path.resolve()): other for other in layout.files}
    found: dict[Path, FilePlan] = {}
    waiting, seen = [plan], {plan.path}
    while waiting:
        for entry, path in waiting.pop().info.calls.items():
            called = by_path.get(path)
            if called is None or entry not in ended or called.path in seen:
                continue
            seen.add(called.path)
            if called.info.is_job:
                waiting.append(called)
            else:
                found[called.path] = called
    return list(found.values())


def _materializations(
    context: dg.OpExecutionContext, called: FilePlan, layout: Layout, watches: Mapping[str, Any]
) -> Iterator[dg.AssetMaterialization]:
    """The outputs of a transformation that the job ran, as they are now."""
    from assets.kettle.publish import Done, published

    watch = next((w for w in watches.values() if any(w.rows.get(o.place.step) for o in called.info.outputs)), None)
    if watch is None:
        return
    settings: Settings = context.resources.settings
    done = Done({}, watch.counters, [], watch, 0.0)
    found = published(settings, called.path, called.info, done, {}, context.run_id)
    ours = {
        key: [found[o.place.step, o.place.name] for o in outputs if (o.place.step, o.place.name) in found]
        for key, outputs in {**called.owned, **called.shared}.items()
    }
    take_back(context, called, ours)
    for key, mine in ours.items():
        metadata = run_metadata(called.info, done) | published_metadata(called, layout.keys, mine)
        version = str(metadata.get("heddle/version", context.run_id))
        yield dg.AssetMaterialization(
            asset_key=list(key),
            metadata=metadata,
            tags={"dagster/data_version": version, "dagster/code_version": code_of(called)},
        )
