"""Pictures of an index's figures as PNG."""

import io
from collections.abc import Mapping

SIZE = (7.0, 3.2)  # inches
COLOURS = {"zh": "#c2573a", "en": "#3a6ea5"}


def recall_by_route(routes: Mapping[str, Mapping[str, Mapping[str, float]]]) -> bytes:
    """Bars of recall@1 and recall@5 by route and language.

    Args:
        routes: language -> route -> figures, as evaluate.route_figures gives.
    """
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure(figsize=SIZE, dpi=90, layout="constrained")
    FigureCanvasAgg(figure)
    axes = figure.subplots(1, 2, sharey=True)
    width = 0.8 / max(len(routes), 1)
    for axis, measure in zip(axes, ("recall@1", "recall@5"), strict=True):
        for number, (language, ways) in enumerate(routes.items()):
            places = [position + number * width for position in range(len(ways))]
            axis.bar(places, [f[measure] for f in ways.values()], width, label=language, color=COLOURS[language])
            axis.set_xticks([p + width / 2 for p in range(len(ways))], list(ways), fontsize=8)
        axis.set_title(f"{measure}, held-out questions", fontsize=9)
        axis.set_ylim(0, 1.05)
        axis.spines[["top", "right"]].set_visible(False)
    axes[1].legend(fontsize=8, frameon=False)
    data = io.BytesIO()
    figure.savefig(data, format="png")
    return data.getvalue()
