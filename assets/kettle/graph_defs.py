"""A transformation as a graph-backed asset: ops for its steps, rows along its hops, one final op that commits."""

from collections.abc import Mapping, Sequence
from typing import Any

import dagster as dg

from assets.kettle.described import FileInfo
from assets.kettle.keys import Keys
from assets.kettle.layout_defs import FilePlan, code_of, specs
from assets.kettle.op_defs import final, input_name, single
from assets.kettle.pieces import Op, Pieces, cut
from assets.kettle.rows_defs import ROWS
from core.naming import Key
from core.slug import slug

LAST = "write"  # the final op's name where it holds several steps


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
        node_defs=[_op_definition(plan, keys, ops, op, outs) for op in ops],
        dependencies={
            # names of definitions are unique in a whole job, those of nodes in their graph
            dg.NodeInvocation(_definition(plan, op), op.name): {
                input_name(s): dg.DependencyDefinition(s, "rows") for s in op.sources
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


def _ops(plan: FilePlan, pieces: Pieces) -> list[Op]:
    """The ops in order; names are those of the steps as far as Dagster allows them."""
    groups = [*((step,) for step in pieces.alone), pieces.last]
    names: dict[str, str] = {}
    taken: set[str] = set()
    ops: list[Op] = []
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
        ops.append(Op(name, tuple(steps), tuple(dict.fromkeys(sources)), tuple(waits), final))
    return ops


def _definition(plan: FilePlan, op: Op) -> str:
    return f"kettle__{plan.noun}__{op.name}"


def _wait(key: Key) -> str:
    return slug("after_" + "_".join(key))


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


def _op_definition(plan: FilePlan, keys: Keys, ops: Sequence[Op], op: Op, outs: Mapping[str, Key]) -> dg.OpDefinition:
    ins = {input_name(s): dg.In(input_manager_key=None) for s in op.sources} | {w: dg.In(dg.Nothing) for w in op.waits}
    out = {name: dg.Out(dg.Nothing) for name in outs} if op.final else {"rows": dg.Out(io_manager_key=ROWS)}
    types = {step.name: step.type for step in plan.info.steps}
    kinds = ", ".join(f"{step} ({types.get(step, '?')})" for step in op.steps)
    return dg.OpDefinition(
        compute_fn=final(plan, keys, op, outs) if op.final else single(plan, ops, op),
        name=_definition(plan, op),
        ins=ins,
        outs=out,
        description=f"Kettle {'steps' if len(op.steps) > 1 else 'step'} {kinds}" if kinds else "Says what is wrong.",
        config_schema=parameters_schema(plan.info) or None,
        required_resource_keys={"settings"},
        tags={"kind": "kettle"},
        code_version=code_of(plan),
    )
