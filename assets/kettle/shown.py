"""Figures and lineage as Markdown tables."""

from collections.abc import Mapping, Sequence

from assets.kettle.described import FileInfo, Output
from assets.kettle.engine.result import Counters

METRICS = ("read", "written", "input", "output", "updated", "rejected", "errors")


def metrics_table(info: FileInfo, counters: Mapping[str, Counters], only: Sequence[str] | None = None) -> str:
    """Rows per step as Spoon shows them, as a Markdown table."""
    types = {step.name: step.type for step in info.steps}
    head = ["step", "type", *METRICS, "seconds"]
    lines = [f"| {' | '.join(head)} |", f"|{'---|' * len(head)}"]
    for name in only if only is not None else info.order:
        c = counters.get(name)
        if c is not None:
            cells = [_cell(name), types.get(name, ""), *(str(getattr(c, m)) for m in METRICS), f"{c.seconds:.3f}"]
            lines.append(f"| {' | '.join(cells)} |")
    return "\n".join(lines)


def lineage_table(output: Output) -> str:
    """Source column, steps with what they do, target column, as a Markdown table."""
    lines = ["| column | from | by |", "|---|---|---|"]
    for column, sources in output.lineage.items():
        for source in sources:
            origin = f"{source.place} · {source.column}" if source.place else "—"
            way = " → ".join(f"{hop.step}: {hop.words}" for hop in source.way)
            lines.append(f"| {_cell(column)} | {_cell(origin)} | {_cell(way)} |")
    return "\n".join(lines)


def _cell(text: str) -> str:
    return text.replace("|", "\\|").replace("\n", " ")
