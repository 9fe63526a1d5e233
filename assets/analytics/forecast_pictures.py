"""Pictures of a forecast, as PNG bytes."""

import io
from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from assets.analytics.daily import DailySales
from assets.analytics.forecast_scores import Scores

if TYPE_CHECKING:
    from matplotlib.figure import Figure

SHOWN_DAYS = 63
TOP = 6


def fan(sales: DailySales, forecast: pl.DataFrame) -> bytes:
    """History and forecast with both intervals for the largest departments."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(8.5, 6), layout="constrained")
    names = sales.departments[:TOP]
    for name, axes in zip(names, figure.subplots(3, 2, sharex=True).flat, strict=False):
        row = sales.values[sales.departments.index(name)]
        part = forecast.filter(pl.col("department") == name).sort("sale_date")
        days = part["sale_date"].to_list()
        axes.plot(sales.days[-SHOWN_DAYS:], row[-SHOWN_DAYS:], color="#444444", linewidth=0.9)
        axes.fill_between(days, part["lo95"], part["hi95"], color="#1f77b4", alpha=0.15, linewidth=0, label="95 %")
        axes.fill_between(days, part["lo80"], part["hi80"], color="#1f77b4", alpha=0.3, linewidth=0, label="80 %")
        axes.plot(days, part["forecast"], color="#1f77b4", linewidth=1.2, label="forecast")
        axes.set_title(f"{name} ({part['model'][0]})", fontsize=9)
        axes.set_ylim(bottom=0)
        axes.tick_params(labelsize=7)
        axes.tick_params(axis="x", rotation=30)
    figure.axes[0].legend(fontsize=7, loc="upper left")
    figure.supylabel("daily sales", fontsize=9)
    return png(figure, dpi=80)


def errors(scores: Scores) -> bytes:
    """Backtest error of each department that is modelled alone, against seasonal naive."""
    from matplotlib.figure import Figure

    rows = [r for r in scores.rows if not r[1].startswith("pooled") and not np.isnan(r[2])][::-1]
    figure = Figure(figsize=(7, 0.9 + 0.3 * len(rows)), layout="constrained")
    axes = figure.subplots()
    place = np.arange(len(rows))
    axes.barh(place + 0.2, [r[2] for r in rows], 0.38, label="chosen model", color="#1f77b4")
    axes.barh(place - 0.2, [r[3] for r in rows], 0.38, label="seasonal naive", color="#bbbbbb")
    axes.set_yticks(place, [r[0] for r in rows], fontsize=7)
    axes.set_xlabel(f"MASE over {len(scores.windows)} backtest windows (lower is better)", fontsize=8)
    axes.legend(fontsize=7)
    return png(figure)


def png(figure: "Figure", dpi: int = 70) -> bytes:
    """The figure as a small PNG of at most 64 colours."""
    from PIL import Image

    drawn, small = io.BytesIO(), io.BytesIO()
    figure.savefig(drawn, format="png", dpi=dpi)
    Image.open(drawn).convert("RGB").quantize(64).save(small, format="png", optimize=True)
    return small.getvalue()
