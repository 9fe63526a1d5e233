"""What the ops of a transformation do: one of a single step, and the final one that commits."""

import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import dagster as dg

from assets.kettle.catalog_defs import ENTRY, hold_back, take_back
from assets.kettle.described import FileInfo
from assets.kettle.keys import Keys
from assets.kettle.layout_defs import FilePlan, code_of
from assets.kettle.pieces import Op, together
from assets.kettle.report_defs import log_metadata, published_metadata, run_metadata
from assets.kit import VERSION
from assets.security.trace.trace_defs import trace_outputs
from core.errors import HeddleError
from core.hashing import digest
from core.naming import Key
from core.settings import Settings

if TYPE_CHECKING:
    from assets.kettle.engine.result import Counters
    from assets.kettle.handover import Sent, Stretch
    from assets.kettle.publish import Done, Published

NATIVE = "native"  # HEDDLE_KETTLE: the engine in assets/kettle/engine
HANDED = "handed_bytes"  # metadata: the rows that the op hands over, in memory
_METRICS = ("read", "written", "input", "output", "updated", "rejected", "errors")


def input_name(op: str) -> str:
    """The input that takes what an op hands over."""
    return f"from_{op}"


def single(plan: FilePlan, ops: Sequence[Op], op: Op) -> Callable[..., Iterator[Any]]:
    """What an op of one step does: it runs its step, and what can run with it, unless an op before has done so."""
    loaded, step = code_of(plan), op.steps[0]

    def run(context: dg.OpExecutionContext, inputs: Mapping[str, Any]) -> Iterator[dg.Output[Any]]:
        from assets.kettle.handover import Sent, Stretch, ahead

        present, given = _present(plan), _given(op, inputs)
        if present != loaded:
            context.log.warning(
                f"{plan.info.name} changed since the definitions were loaded: the last op runs it whole"
            )
            yield dg.Output(Sent(step, Stretch((), present, _rows(context))), "rows")
            return
        made_of = digest([present, *(f"{k}={v}" for k, v in sorted((context.op_config or {}).items()))])
        stretch = ahead(given, step, made_of)
        if stretch is None:
            with failing(plan):
                hold_back(context.resources.settings, plan)
                stretch = _run(context, plan, ops, op, given, made_of)
        sent = Sent(step, stretch)
        counters = stretch.counters[step]
        _tell(context, stretch.counters, stretch.examples, [step])
        figures = {name: getattr(counters, name) for name in (*_METRICS, "seconds")}
        log = log_metadata([line for line in stretch.log if line.startswith(f"{step} - ")])
        yield dg.Output(sent, "rows", metadata={**figures, HANDED: sent.bytes, **log})

    return run


def _run(
    context: dg.OpExecutionContext,
    plan: FilePlan,
    ops: Sequence[Op],
    op: Op,
    given: "Mapping[str, Sent]",
    made_of: str,
) -> "Stretch":
    from assets.kettle.stretch import run_stretch

    steps = together(ops, op, _present_ops(context, ops))
    settings: Settings = context.resources.settings
    parameters = dict(context.op_config or {})
    stretch = run_stretch(settings, plan.path, plan.info, steps, given, parameters, made_of, _rows(context))
    if len(stretch.steps) > 1:
        context.log.info(f"ran {len(stretch.steps)} steps together, {op.steps[0]!r} to {stretch.steps[-1]!r}")
    return stretch


def _present_ops(context: dg.OpExecutionContext, ops: Sequence[Op]) -> dict[str, set[str]]:
    """The ops of this graph that this process runs, each with the steps of other graphs that it waits for."""
    here = context.get_step_execution_context()
    graph = here.step.key.rpartition(".")[0]
    keys = {f"{graph}.{op.name}": op.name for op in ops}
    here_too = set(here.execution_plan.step_keys_to_execute)  # what runs elsewhere has ended before a bundle begins
    steps = (here.execution_plan.get_executable_step_by_key(key) for key in keys if key in here_too)
    return {keys[s.key]: (s.get_execution_dependency_keys() & here_too) - keys.keys() for s in steps}


def _rows(context: dg.OpExecutionContext) -> Path:
    """Where what an op hands over goes when it has to outlive the process."""
    settings: Settings = context.resources.settings
    *graph, op = context.get_step_execution_context().step.key.split(".")
    return settings.home.joinpath("kettle", "rows", context.run_id, *graph, f"{op}.rows")


def _given(op: Op, inputs: Mapping[str, Any]) -> "dict[str, Sent]":
    return {sent.step: sent for s in op.sources if (sent := inputs[input_name(s)]) is not None}


def final(plan: FilePlan, keys: Keys, op: Op, outs: Mapping[str, Key]) -> Callable[..., Iterator[Any]]:
    """What the last op does: it runs what is left in one transaction, and reports on the assets."""
    loaded = code_of(plan)

    def run(context: dg.OpExecutionContext, inputs: Mapping[str, Any]) -> Iterator[dg.Output[Any]]:
        settings: Settings = context.resources.settings
        parameters = dict(context.op_config or {})
        given = _given(op, inputs)
        with failing(plan):
            hold_back(settings, plan)
            if settings.kettle == NATIVE:
                done, info = _run_last(settings, plan, op, given, parameters, _present(plan) == loaded)
            else:
                from assets.kettle.publish import run_outside

                done, info = run_outside(settings, plan.path, plan.info, parameters, context.log.info), plan.info
            from assets.kettle.publish import published

            found = published(settings, plan.path, info, done, parameters, context.run_id)
        changed = info.order != plan.info.order
        _tell(context, done.counters, done.watch.errors, list(done.counters) if changed else op.steps)
        _forget(context, given)
        by_key: dict[Key, list[Published]] = {}
        for one in found.values():
            key = _key_of(keys, plan, one)
            if key is not None:
                by_key.setdefault(key, []).append(one)
        common = run_metadata(info, done) | trace_outputs(
            context, settings, {str(k): f"{plan.info.name}: {ones[0].output.place.step}" for k, ones in by_key.items()}
        )
        numbers = take_back(context, plan, by_key)

        def reported(key: Key) -> dict[str, Any]:
            number = {ENTRY: numbers[key]} if key in numbers else {}
            return published_metadata(plan, keys, by_key.get(key, [])) | number

        for key in by_key:
            if key not in outs.values():
                context.log_event(
                    dg.AssetMaterialization(asset_key=list(key), metadata=common | reported(key), tags=None)
                )
        for name, key in outs.items():
            metadata = common | reported(key)
            version = str(metadata.setdefault(VERSION, context.run_id))
            yield _output(name, metadata, version)

    return run


def _forget(context: dg.OpExecutionContext, given: "Mapping[str, Sent]") -> None:
    """Removes the rows of this graph, those of the run that is retried too."""
    from assets.kettle.handover import clear

    settings: Settings = context.resources.settings
    graphs = {_rows(context).parent, *(sent.stretch.folder.parent for sent in given.values())}
    clear(settings.home / "kettle" / "rows", graphs)


def _output(name: str, metadata: Mapping[str, Any], version: str) -> dg.Output[None]:
    """An output with its content version, as the assets of ops carry it."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", dg.BetaWarning)  # a graph's op has no other way to give a data version
        return dg.Output(None, name, metadata=metadata, data_version=dg.DataVersion(version))


def _run_last(
    settings: Settings,
    plan: FilePlan,
    op: Op,
    given: "dict[str, Sent]",
    parameters: Mapping[str, str],
    unchanged: bool,
) -> "tuple[Done, FileInfo]":
    from assets.kettle.publish import describe_for, run_steps

    if unchanged and not plan.info.error:
        return run_steps(settings, plan.path, plan.info, op.steps, given, parameters), plan.info
    info = describe_for(settings, plan.path)
    if info.error:
        raise HeddleError(info.error, "correct the file")
    return run_steps(settings, plan.path, info, info.order, {}, parameters), info


def _present(plan: FilePlan) -> str:
    try:
        return code_of(plan)
    except OSError:  # removed: running it tells
        return ""


@contextmanager
def failing(plan: FilePlan) -> Iterator[None]:
    """Errors of the file or its run as Dagster's failure, which names file and step."""
    try:
        yield
    except HeddleError as error:
        step = getattr(error, "step", "")
        metadata = {"file": str(plan.path), "fix": error.fix} | ({"step": step} if step else {})
        raise dg.Failure(f"{plan.info.name}: {error}", metadata=metadata) from error


def _key_of(keys: Keys, plan: FilePlan, one: "Published") -> Key | None:
    """The key of an output; None for one that the file did not write when the definitions were loaded."""
    try:
        return keys.of(one.output.place)
    except KeyError:
        return None


def _tell(
    context: dg.OpExecutionContext,
    counted: "Mapping[str, Counters]",
    examples: Mapping[str, Sequence[str]],
    steps: Sequence[str],
) -> None:
    """A line per step in the run's log, with the figures that Spoon shows."""
    for step in steps:
        counters = counted.get(step)
        if counters is not None:
            figures = ", ".join(f"{name} {getattr(counters, name)}" for name in _METRICS)
            context.log.info(f"step {step!r}: {figures}, {counters.seconds:.3f} s")
        if examples.get(step):
            context.log.warning(f"step {step!r} rejected rows, such as: {examples[step][0]}")
