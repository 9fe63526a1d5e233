"""Pictures of a segmentation, as PNG bytes."""

import polars as pl

from assets.analytics.forecast_pictures import png
from assets.analytics.segments import STABLE, Segments


def scatter(found: Segments) -> bytes:
    """Households by frequency and money, coloured by segment, and how the number of segments was chosen."""
    from matplotlib import colormaps
    from matplotlib.figure import Figure

    figure = Figure(figsize=(9, 4.2), layout="constrained")
    left, right = figure.subplots(1, 2, width_ratios=[3, 2])
    for index, name in enumerate(found.profile["segment"]):
        part = found.frame.filter(pl.col("segment") == name)
        label = f"{name} ({len(part)})"
        left.scatter(part["frequency"], part["monetary"], s=3, color=colormaps["tab10"](index), label=label)
    left.set_xscale("log")
    left.set_yscale("symlog", linthresh=1.0)
    left.set_xlabel("baskets in the period", fontsize=8)
    left.set_ylabel("sales value", fontsize=8)
    left.legend(fontsize=7, markerscale=3)
    groups = [t.groups for t in found.trials]
    right.plot(groups, [t.stability for t in found.trials], "o-", label="stability (mean ARI of bootstraps)")
    right.plot(groups, [t.silhouette for t in found.trials], "s-", label="silhouette")
    right.axhline(STABLE, color="#999999", linewidth=0.8, linestyle="--")
    right.axvline(found.chosen.groups, color="#d62728", linewidth=0.8)
    right.set_xlabel("number of segments (red: chosen)", fontsize=8)
    right.set_ylim(0, 1.02)
    right.legend(fontsize=7)
    return png(figure)
