"""The figures of docs/recipe.md, from what the study of the warm-up measured."""

from pathlib import Path
from statistics import mean
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.ticker import MultipleLocator, StrMethodFormatter

from benchmarks.chart import drawing
from benchmarks.warmup_results import (
    LEARNING_RATES,
    REPORT,
    WARMED,
    WARMUPS,
    Figures,
    losses_of,
    name_of,
)

FIGURES = Path(__file__).parent.parent / "docs"
LABELS = {
    REPORT: "no warm-up,\nas in the report",
    WARMED: "warm-up over\n1,000 updates",
}
RED, BLUE, BLACK = "#b5452c", "#1f5fa8", "#222222"


def draw_first_updates(done: Figures) -> None:
    """Draw the loss of each of the first windows, and the saturated share after it."""
    with drawing(FIGURES / "warmup_first_updates.svg", 8, 5.4) as figure:
        above, below = figure.subplots(2, 1, sharex=True)
        for cell, colour in ((REPORT, RED), (WARMED, BLUE)):
            first = done["first_updates"][name_of(cell)]
            percent = [100 * share for share in first["saturated_shares"]]
            for axes, heights in ((above, first["losses"]), (below, percent)):
                axes.plot(
                    range(1, len(heights) + 1), heights, color=colour, linewidth=1
                )
            # where the losses of neither are
            label(above, 60, 180 if cell == REPORT else 30, LABELS[cell], colour)
            label(below, 120, 58 if cell == REPORT else 10, LABELS[cell], colour)
        above.set_ylabel("loss of a window\n(nats per 25 characters)")
        below.set_ylabel("units with |h| > 0.99\nat its end (%)")
        below.set_xlabel("updates")
        above.set_ylim(bottom=0)
        below.set_ylim(0, 100)
        below.set_xlim(0, len(percent))
        figure.subplots_adjust(
            left=0.11, right=0.97, top=0.97, bottom=0.09, hspace=0.12
        )


def draw_seeds(done: Figures) -> None:
    """Draw the validation loss of each of the runs that are compared."""
    best = done["best"]["warmup_updates"], done["best"]["learning_rate"]
    text = f"warm-up over\n{best[0]:,} updates,\nlearning rate {best[1]}"
    with drawing(FIGURES / "warmup_seeds.svg", 8, 4.4) as figure:
        axes = figure.subplots()
        for cell, colour, lift in (
            (REPORT, RED, 0.0),
            (WARMED, BLUE, 0.06),
            (best, BLACK, -0.05),
        ):
            runs = done["compared"][name_of(cell)].values()
            for run in runs:
                updates, losses = zip(*run["validations"], strict=True)
                axes.plot(updates, losses, color=colour, linewidth=1)
            last = mean(run["validations"][-1][1] for run in runs)
            label(axes, updates[-1], last + lift, LABELS.get(cell, text), colour)
        axes.set_xlabel("updates (six epochs, five seeds of each)")
        axes.set_ylabel("validation loss (nats per character)")
        axes.xaxis.set_major_locator(MultipleLocator(50_000))
        axes.xaxis.set_major_formatter(StrMethodFormatter("{x:,.0f}"))
        axes.set_xlim(0, updates[-1])
        axes.set_ylim(bottom=1.25)
        figure.subplots_adjust(left=0.09, right=0.8, top=0.97, bottom=0.12)


def draw_grid(done: Figures) -> None:
    """Draw a table of the best validation losses, the lower the brighter."""
    table = np.array(
        [
            [mean(losses_of(done, (warmup, rate))) for rate in LEARNING_RATES]
            for warmup in WARMUPS
        ]
    )
    with drawing(FIGURES / "warmup_grid.svg", 8, 4.4) as figure:
        axes = figure.subplots()
        axes.pcolormesh(table, cmap="viridis_r", vmin=table.min(), vmax=1.7)
        for (row, column), loss in np.ndenumerate(table):
            axes.annotate(
                f"{loss:.3f}",
                (column + 0.5, row + 0.5),
                ha="center",
                va="center",
                color="white" if loss > 1.53 else "black",
                fontweight="bold" if loss < table.min() + 0.003 else "normal",
            )
        axes.set_xticks(
            np.arange(len(LEARNING_RATES)) + 0.5,
            [f"{rate:g}" for rate in LEARNING_RATES],
        )
        axes.set_yticks(
            np.arange(len(WARMUPS)) + 0.5, [f"{warmup:,}" for warmup in WARMUPS]
        )
        axes.invert_yaxis()
        axes.tick_params(length=0)
        axes.set_xlabel("learning rate")
        axes.set_ylabel("updates of warm-up")
        figure.subplots_adjust(left=0.11, right=0.98, top=0.98, bottom=0.12)


def label(axes: Axes, x: float, y: float, text: str, colour: Any) -> None:
    """Write beside a curve's end what it is."""
    axes.annotate(
        text, (x, y), (7, 0), textcoords="offset points", va="center", color=colour
    )
