"""A transformation as a graph-backed asset: ops for its steps, rows along its hops, one final op that commits."""

import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import dagster as dg

from assets.kettle.described import FileInfo
from assets.kettle.keys import Keys, slug
from assets.kettle.layout_defs import FilePlan, code_of, specs
from assets.kettle.pieces import Pieces, cut
from assets.kettle.report_defs import log_metadata, published_metadata, run_metadata
from assets.kettle.rows_defs import ROWS
from assets.kit import VERSION
from core.errors import HeddleError
from core.naming import Key
from core.settings import Settings

if TYPE_CHECKING:
    from assets.kettle.handover import Sent
    from assets.kettle.publish import Done, Published

NATIVE = "native"  # HEDDLE_KETTLE: the engine in assets/kettle/engine
LAST = "write"  # the final op's name where it holds several steps
_METRICS = ("read", "written", "input", "output", "updated", "rejected", "errors")


@dataclass(frozen=True)
class _Op:
    """One op: its steps, the ops whose rows it takes, the assets that it waits for."""

    name: str
    steps: tuple[str, ...]
    sources: tuple[str, ...]
    waits: tuple[str, ...]
    final: bool


def graph_asset(plan: FilePlan, keys: Keys, limit: int | None) -> dg.AssetsDefinition:
    """The asset of a file.

    Args:
        limit: see `pieces.cut`.
    """
    ops = _ops(plan, _pieces(plan.info, limit))
    name = f"kettle__{plan.noun}"
    outs = {slug("_".join(key)): key for key in plan.keys}
    graph = dg.GraphDefinition(
        name=name,
        description=plan.info.description or None,
        node_defs=[_op_definition(plan, keys, op, name, outs) for op in ops],
        dependencies={
            # names of definitions are unique in a whole job, those of nodes in their graph
            dg.NodeInvocation(_definition(name, op), op.name): {
                _input(s): dg.DependencyDefinition(s, "rows") for s in op.sources
            }
            for op in ops
        },
        input_mappings=[
            dg.InputMapping(graph_input_name=wait, mapped_node_name=op.name, mapped_node_input_name=wait)
            for op in ops
            for wait in op.waits
        ],
        output_mappings=[
            dg.OutputMapping(graph_output_name=out, mapped_node_name=ops[-1].name, mapped_node_output_name=out)
            for out in outs
        ],
        config=_config(plan.info, [op.name for op in ops]),
    )
    return dg.AssetsDefinition(
        node_def=graph,
        keys_by_input_name={_wait(key): dg.AssetKey(list(key)) for key in plan.reads},
        keys_by_output_name={out: dg.AssetKey(list(key)) for out, key in outs.items()},
        specs=specs(plan, keys),
    )


def _pieces(info: FileInfo, limit: int | None) -> Pieces:
    targets: dict[str, list[str]] = {name: [] for name in info.order}
    for source, target in info.hops:
        targets[source].append(target)
    pieces = cut(info.order, targets, [step.name for step in info.steps if step.alone], limit)
    return Pieces((), info.order) if info.unsupported else pieces


def _ops(plan: FilePlan, pieces: Pieces) -> list[_Op]:
    """The ops in order; names are those of the steps as far as Dagster allows them."""
    groups = [*((step,) for step in pieces.alone), pieces.last]
    names: dict[str, str] = {}
    taken: set[str] = set()
    ops: list[_Op] = []
    for number, steps in enumerate(groups):
        final = number == len(groups) - 1
        base = slug(steps[0]) if len(steps) == 1 else LAST
        name = base if base not in taken else f"{base}_{number}"
        taken.add(name)
        names |= dict.fromkeys(steps, name)
        sources = [names[s] for s, t in plan.info.hops if t in steps and s not in steps]
        if final:  # it waits for steps without a hop to the others too
            sent = {source for op in ops for source in op.sources}
            sources += [op.name for op in ops if op.name not in sent]
        waits = [_wait(key) for key, readers in plan.reads.items() if set(readers) & set(steps)]
        ops.append(_Op(name, tuple(steps), tuple(dict.fromkeys(sources)), tuple(waits), final))
    return ops


def _definition(graph: str, op: _Op) -> str:
    return f"{graph}__{op.name}"


def _wait(key: Key) -> str:
    return slug("after_" + "_".join(key))


def _input(op: str) -> str:
    return f"from_{op}"


def _config(info: FileInfo, ops: Sequence[str]) -> dg.ConfigMapping | None:
    """Parameters are given once for the graph: `ops: {kettle__x: {config: {NAME: value}}}`."""
    if not info.parameters:
        return None

    def spread(given: Mapping[str, Any]) -> dict[str, Any]:
        return {op: {"config": dict(given)} for op in ops}

    return dg.ConfigMapping(config_fn=spread, config_schema=parameters_schema(info))


def parameters_schema(info: FileInfo) -> dict[str, dg.Field]:
    """The named parameters of a file as run config."""
    return {
        p.name: dg.Field(str, default_value=p.default, is_required=False, description=p.description or None)
        for p in info.parameters
    }


def _op_definition(plan: FilePlan, keys: Keys, op: _Op, graph: str, outs: Mapping[str, Key]) -> dg.OpDefinition:
    ins = {_input(s): dg.In(input_manager_key=None) for s in op.sources} | {w: dg.In(dg.Nothing) for w in op.waits}
    out = {name: dg.Out(dg.Nothing) for name in outs} if op.final else {"rows": dg.Out(io_manager_key=ROWS)}
    types = {step.name: step.type for step in plan.info.steps}
    kinds = ", ".join(f"{step} ({types.get(step, '?')})" for step in op.steps)
    return dg.OpDefinition(
        compute_fn=_final(plan, keys, op, graph, outs) if op.final else _alone(plan, op),
        name=_definition(graph, op),
        ins=ins,
        outs=out,
        description=f"Kettle {'steps' if len(op.steps) > 1 else 'step'} {kinds}" if kinds else "Says what is wrong.",
        config_schema=parameters_schema(plan.info) or None,
        required_resource_keys={"settings"},
        tags={"kind": "kettle"},
        code_version=code_of(plan),
    )


def _given(op: _Op, inputs: Mapping[str, Any]) -> "dict[str, Sent]":
    return {sent.step: sent for s in op.sources if (sent := inputs[_input(s)]) is not None}


def _alone(plan: FilePlan, op: _Op) -> Callable[..., Iterator[Any]]:
    loaded = code_of(plan)

    def run(context: dg.OpExecutionContext, inputs: Mapping[str, Any]) -> Iterator[dg.Output[Any]]:
        from assets.kettle.handover import Sent

        if _present(plan) != loaded:
            context.log.warning(
                f"{plan.info.name} changed since the definitions were loaded: the last op runs it whole"
            )
            yield dg.Output(Sent(op.steps[0], {}), "rows")
            return
        settings: Settings = context.resources.settings
        with failing(plan):
            from assets.kettle.publish import run_steps

            spill = settings.home / "kettle" / "rows" / context.run_id / f"{op.name}-spill"
            parameters = dict(context.op_config or {})
            done = run_steps(settings, plan.path, plan.info, op.steps, _given(op, inputs), parameters, spill)
        counters = done.counters[op.steps[0]]
        _tell(context, done, op.steps)
        figures = {name: getattr(counters, name) for name in (*_METRICS, "seconds")}
        yield dg.Output(done.sent[op.steps[0]], "rows", metadata={**figures, **log_metadata(done)})

    return run


def _final(plan: FilePlan, keys: Keys, op: _Op, graph: str, outs: Mapping[str, Key]) -> Callable[..., Iterator[Any]]:
    loaded = code_of(plan)

    def run(context: dg.OpExecutionContext, inputs: Mapping[str, Any]) -> Iterator[dg.Output[Any]]:
        settings: Settings = context.resources.settings
        parameters = dict(context.op_config or {})
        with failing(plan):
            if settings.kettle == NATIVE:
                done, info = _run_last(settings, plan, op, _given(op, inputs), parameters, _present(plan) == loaded)
            else:
                from assets.kettle.publish import run_outside

                done, info = run_outside(settings, plan.path, plan.info, parameters, context.log.info), plan.info
            from assets.kettle.handover import clear
            from assets.kettle.publish import published

            found = published(settings, plan.path, info, done, parameters, context.run_id)
        _tell(context, done, list(done.counters) if info.order != plan.info.order else op.steps)
        clear(settings.home / "kettle" / "rows", context.run_id, graph)
        by_key: dict[Key, list[Published]] = {}
        for one in found.values():
            key = _key_of(keys, plan, one)
            if key is not None:
                by_key.setdefault(key, []).append(one)
        common = run_metadata(info, done)
        for key, shared in by_key.items():
            if key not in outs.values():
                context.log_event(
                    dg.AssetMaterialization(
                        asset_key=list(key), metadata=common | published_metadata(plan, keys, shared), tags=None
                    )
                )
        for name, key in outs.items():
            metadata = common | published_metadata(plan, keys, by_key.get(key, []))
            version = str(metadata.setdefault(VERSION, context.run_id))
            yield _output(name, metadata, version)

    return run


def _output(name: str, metadata: Mapping[str, Any], version: str) -> dg.Output[None]:
    """An output with its content version, as the assets of ops carry it."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", dg.BetaWarning)  # a graph's op has no other way to give a data version
        return dg.Output(None, name, metadata=metadata, data_version=dg.DataVersion(version))


def _run_last(
    settings: Settings,
    plan: FilePlan,
    op: _Op,
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


def _tell(context: Any, done: "Done", steps: Sequence[str]) -> None:
    """A line per step in the run's log, with the figures that Spoon shows."""
    for step in steps:
        counters = done.counters.get(step)
        if counters is not None:
            figures = ", ".join(f"{name} {getattr(counters, name)}" for name in _METRICS)
            context.log.info(f"step {step!r}: {figures}, {counters.seconds:.3f} s")
    for step, examples in done.watch.errors.items():
        context.log.warning(f"step {step!r} rejected rows, such as: {examples[0]}")
