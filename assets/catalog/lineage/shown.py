"""Answers as text, JSON, Mermaid and Graphviz."""

import json
from collections.abc import Mapping
from typing import Any, NamedTuple

from assets.catalog.lineage.model import DATA, Answer, Point

MOST = 400  # edges of a drawing
COMMIT = 12  # characters of a commit
Evidence = Mapping[int, Mapping[str, str]]  # by the sources of steps
WORDS = {"data": "values", "rows": "which rows there are", "whole": "read as a whole"}
SHOWN = ("question", "file", "step", "sql", "commit", "code_version", "run", "mlflow_run", "index", "line", "event")


def as_json(answer: Answer, evidence: Evidence) -> str:
    """The whole answer."""
    told: dict[str, Any] = {
        "start": str(answer.start),
        "direction": answer.direction,
        "cut": answer.cut,
        "reached": [
            {
                "key": r.point.key,
                "column": r.point.column,
                "distance": r.distance,
                "how": r.how,
                "path": [str(p) for p in answer.path(r.point)],
            }
            for r in answer.reached
        ],
        "edges": [
            {
                "from": {"key": s.start.key, "column": s.start.column},
                "to": {"key": s.end.key, "column": s.end.column},
                "kind": s.kind,
                "detail": s.detail,
                "evidence": [dict(evidence[source]) for source in s.sources if source in evidence],
            }
            for s in answer.steps
        ],
    }
    return json.dumps(told, ensure_ascii=False, indent=1)


def as_text(answer: Answer, evidence: Evidence) -> str:
    """One line for each key that was reached, with its columns, the way there and the evidence of its last edge."""
    arrow = "is made from" if answer.direction == "up" else "goes into"
    by_key: dict[str, list[Any]] = {}
    for reached in answer.reached:
        by_key.setdefault(reached.point.key, []).append(reached)
    lines = [f"{answer.start} {arrow} {len(by_key)} nodes" + (f" ({answer.cut})" if answer.cut else "")]
    edges = {(s.start, s.end): s for s in answer.steps}
    for key, found in by_key.items():
        first = found[0]
        columns = ", ".join(f"{r.point.column}" for r in found if r.point.column)
        lines.append(f"{'  ' * first.distance}{key}" + (f" ({columns})" if columns else "") + _how(first.how))
        ends = (first.point, first.before) if answer.direction == "up" else (first.before, first.point)
        step = edges.get(ends)
        if step is not None:
            told = [_evidence(evidence[s]) for s in step.sources if s in evidence]
            detail = f"then {step.detail}" if answer.direction == "up" else step.detail
            words = [detail] * bool(step.detail) + [f"{step.kind} of {step.start}"] * (step.kind != DATA) + told
            lines.append(f"{'  ' * first.distance}  | " + "; ".join(w for w in words if w))
    return "\n".join(lines)


def as_impact(answer: Answer, evidence: Evidence, change: str) -> str:
    """What a change of the start breaks itself, and what lies behind that."""
    nearest = {r.point.key for r in answer.reached if r.distance == 1}
    broken = [r for r in answer.reached if r.distance == 1]
    behind = [r for r in answer.reached if r.point.key not in nearest]
    names = {"drop": "dropped", "rename": "renamed", "change": "changed"}
    lines = [f"If {answer.start} is {names[change]}:" + (f" ({answer.cut})" if answer.cut else "")]
    title = "names it and has other content" if change == "change" else "names it and breaks"
    whole = "reads all of it" if change == "change" else "reads all of it and may break"
    edges = {(s.start, s.end): s for s in answer.steps}
    for r in broken:
        step = edges[r.before, r.point]
        told = [step.detail] * bool(step.detail) + [_evidence(evidence[s]) for s in step.sources if s in evidence]
        said = whole if r.how == "whole" else title
        lines.append(f"  {said}: {r.point}{_how(r.how)} | {'; '.join(told)}")
    ways = {r: " -> ".join(map(str, answer.path(r.point))) for r in behind}
    lines += [f"  gets it from there: {r.point}{_how(r.how)} | {way}" for r, way in ways.items()]
    return "\n".join(lines if answer.reached else [*lines, "  nothing that the graph knows"])


def as_mermaid(answer: Answer) -> str:
    """A flowchart: a box for each key with its columns as nodes; filters and joins dashed."""
    drawing = _drawing(answer)
    lines = ["flowchart LR"]
    for number, (key, points) in enumerate(drawing.boxes.items()):
        if points == [Point(key)]:
            lines.append(f'  {drawing.names[points[0]]}["{_plain(key)}"]')
            continue
        lines.append(f'  subgraph b{number}["{_plain(key)}"]')
        lines += [f'    {drawing.names[p]}["{_plain(p.column or "all columns")}"]' for p in points]
        lines.append("  end")
    lines += [f"  {a} {'-->' if kind == DATA else f'-. {kind} .->'} {b}" for a, b, kind in drawing.arrows]
    lines.append(f"  style {drawing.start} stroke-width:3px")
    return "\n".join([*lines, *([f"  %% {drawing.left}"] if drawing.left else [])])


def as_dot(answer: Answer) -> str:
    """A digraph for Graphviz, laid out from left to right."""
    drawing = _drawing(answer)
    lines = ["digraph lineage {", "  rankdir=LR; node [shape=box];"]
    for number, (key, points) in enumerate(drawing.boxes.items()):
        if points == [Point(key)]:
            lines.append(f"  {drawing.names[points[0]]} [label={_label(key)}];")
            continue
        lines.append(f"  subgraph cluster_{number} {{ label={_label(key)};")
        lines += [f"    {drawing.names[p]} [label={_label(p.column or 'all columns')}];" for p in points]
        lines.append("  }")
    lines += [
        f"  {a} -> {b}{'' if kind == DATA else f' [style=dashed, label={kind}]'};" for a, b, kind in drawing.arrows
    ]
    lines.append(f"  {drawing.start} [penwidth=3];")
    return "\n".join([*lines, *([f"  // {drawing.left}"] if drawing.left else []), "}"])


def _label(text: str) -> str:
    return json.dumps(text, ensure_ascii=False)


class _Drawing(NamedTuple):
    """Boxes by key, short names of their points, and arrows (from, to, kind) between these."""

    start: str
    boxes: dict[str, list[Point]]
    names: dict[Point, str]
    arrows: list[tuple[str, str, str]]
    left: str


def _drawing(answer: Answer) -> _Drawing:
    steps = answer.steps[:MOST]
    points = list(dict.fromkeys([answer.start, *(p for s in steps for p in (s.start, s.end))]))
    names = {point: f"n{number}" for number, point in enumerate(points)}
    boxes: dict[str, list[Point]] = {}
    for point in points:
        boxes.setdefault(point.key, []).append(point)
    arrows = [(names[s.start], names[s.end], s.kind) for s in steps]
    left = f"{len(answer.steps) - MOST} more edges are not drawn" if len(answer.steps) > MOST else ""
    return _Drawing(names[answer.start], boxes, names, arrows, left)


def _plain(text: str) -> str:
    """Text inside Mermaid's quotes."""
    return text.replace("#", "#35;").replace('"', "#quot;").replace("<", "#lt;").replace(">", "#gt;")


def _how(how: str) -> str:
    return "" if how == DATA else f" [{WORDS[how]}]"


def _evidence(known: Mapping[str, str]) -> str:
    parts = [f"{name} {_short(name, known[name])}" for name in SHOWN if known.get(name)]
    return ", ".join([known.get("origin", ""), *parts])


def _short(name: str, value: str) -> str:
    """Commits as git shows them; JSON has them whole."""
    return value[:COMMIT] + value[40:] if name == "commit" else value
