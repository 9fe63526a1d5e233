"""The graph of a transformation: which steps run, along which hops, in which order."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from assets.kettle.errors import KettleError
from assets.kettle.model import Transformation


@dataclass(slots=True)
class Graph:
    """Active steps in topological order, their inputs and targets in the file's order of hops.

    Attributes:
        errors: step -> the step that takes its failing rows.
    """

    order: list[str]
    inputs: dict[str, list[str]] = field(default_factory=dict)
    targets: dict[str, list[str]] = field(default_factory=dict)
    errors: dict[str, str] = field(default_factory=dict)

    def between(self, source: str, target: str) -> bool:
        """Whether rows can get from `source` to `target`."""
        waiting, seen = [source], {source}
        while waiting:
            for following in self._following(waiting.pop()):
                if following == target:
                    return True
                if following not in seen:
                    seen.add(following)
                    waiting.append(following)
        return False

    def _following(self, name: str) -> list[str]:
        error = self.errors.get(name)
        return self.targets[name] + ([error] if error else [])


def build_graph(transformation: Transformation) -> Graph:
    """The graph of the enabled hops.

    A step all of whose hops are disabled does not run; one without any hop does, as in PDI 9.3. The target of an
    enabled error handling is taken out of the step's normal targets.

    Raises:
        KettleError: a hop names a step that is not there, or the graph has a cycle.
    """
    where = str(transformation.path or transformation.name)
    drawn: set[str] = set()
    inputs: dict[str, list[str]] = {name: [] for name in transformation.steps}
    targets: dict[str, list[str]] = {name: [] for name in transformation.steps}
    for hop in transformation.hops:
        for end in (hop.source, hop.target):
            if end not in transformation.steps:
                raise KettleError(f"{where}: a hop names the step {end!r}, which is not there", "remove the hop")
        drawn |= {hop.source, hop.target}
        if hop.enabled and hop.target not in targets[hop.source]:
            targets[hop.source].append(hop.target)
            inputs[hop.target].append(hop.source)
    # the order of the hops decides which of several sources is read first, as in PDI
    by_hops = dict.fromkeys(end for hop in transformation.hops for end in (hop.source, hop.target))
    named = dict.fromkeys([*by_hops, *transformation.steps])
    active = [n for n in named if inputs[n] or targets[n] or n not in drawn]
    graph = Graph(_sorted(active, targets, where), {n: inputs[n] for n in active}, {n: targets[n] for n in active})
    for name in active:
        handling = transformation.steps[name].error
        if handling and handling.enabled and handling.target in graph.targets[name]:
            graph.targets[name] = [t for t in graph.targets[name] if t != handling.target]
            graph.errors[name] = handling.target
    return graph


def _sorted(names: list[str], targets: Mapping[str, list[str]], where: str) -> list[str]:
    missing = dict.fromkeys(names, 0)
    for name in names:
        for target in targets[name]:
            missing[target] += 1
    ready = [n for n in names if not missing[n]]
    order: list[str] = []
    while ready:
        name = ready.pop(0)
        order.append(name)
        for target in targets[name]:
            missing[target] -= 1
            if not missing[target]:
                ready.append(target)
    if len(order) < len(names):
        stuck = [n for n in names if n not in order]
        raise KettleError(f"{where}: the hops form a loop through {', '.join(stuck)}", "remove one of these hops")
    return order
