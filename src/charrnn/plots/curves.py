"""The two figures of a run, as SVG; the only importer of matplotlib.

The same curves give the same bytes: element ids are made from a fixed salt, there is no
date, and text stays text, so that the file does not depend on the installed fonts.
"""

import io
import math
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import matplotlib as mpl
import numpy as np
from matplotlib.axes import Axes
from matplotlib.backends.backend_svg import FigureCanvasSVG
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator, StrMethodFormatter
from numpy.typing import NDArray

COLUMNS = ("epoch", "update", "smooth_loss", "saturated_share")
VALIDATION_COLUMNS = ("epoch", "update", "nats_per_character")

_STYLE: Any = {
    "svg.hashsalt": "charrnn",
    "svg.fonttype": "none",
    "font.family": "sans-serif",
    "font.size": 10,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.grid": True,
    "axes.labelcolor": "#333333",
    "axes.edgecolor": "#888888",
    "xtick.color": "#555555",
    "ytick.color": "#555555",
    "grid.color": "#e4e4e4",
    "grid.linewidth": 0.8,
    "lines.linewidth": 1.4,
    "path.simplify": False,
}
_BLUE, _GREY, _DARK_GREY = "#1f5fa8", "#d5d5d5", "#555555"
_VALIDATION_DOT: Any = {
    "linestyle": "none",
    "marker": "o",
    "markersize": 5.0,
    "markeredgecolor": "white",
    "markeredgewidth": 0.8,
}
_BACKGROUND_EVERY = 5  # of the rows, for the grey curves: keeps the file small
_MOST_PANELS = 12
_MOST_LABELS = 8
_Y_LABEL = "smooth loss (nats per {T} characters)"


def epoch_panels(
    curve: NDArray[np.float64],
    *,
    sequence_length: int,
    width: float,
    height: float,
    highest_loss: float | None,
) -> bytes:
    """Draw the smooth loss: a panel for each epoch, common axes, three panels in a row.

    The other epochs are drawn in grey behind each epoch.  Of more than twelve epochs,
    twelve evenly spaced ones are drawn, including the first and the last.

    Parameters
    ----------
    curve : (rows, 4) float64
        `COLUMNS`; the smooth loss in nats per window.
    sequence_length : int
        Characters in a window, T, for the label of the axis.
    width, height : float
        Of the figure, inches.
    highest_loss : float or None
        Upper end of the loss axis, nats per window; None shows all.

    Returns
    -------
    bytes
        The figure as SVG.
    """
    epochs = _by_epoch(curve)
    chosen = _evenly(list(epochs), _MOST_PANELS)
    columns = min(3, len(chosen))
    rows = math.ceil(len(chosen) / columns)
    with _figure(width, height * max(rows, 2) / 2) as (figure, content):
        panels = figure.subplots(
            rows, columns, sharex=True, sharey=True, squeeze=False
        ).ravel()
        for axes, epoch in zip(panels, chosen, strict=False):
            for updates, losses in (epochs[n] for n in chosen if n != epoch):
                every = _BACKGROUND_EVERY
                axes.plot(updates[::every], losses[::every], color=_GREY, linewidth=0.8)
            axes.plot(*epochs[epoch], color=_BLUE)
            axes.set_title(f"epoch {epoch}", fontsize=10, loc="left", color="#333333")
        for above, axes in zip(panels[-2 * columns :], panels[-columns:], strict=False):
            if axes in panels[len(chosen) :]:
                axes.set_axis_off()
                above.tick_params(labelbottom=True)
        _set_axes(axes, curve[:, 2].tolist(), highest_loss)
        figure.supxlabel("updates since the start of the epoch", fontsize=10, y=0.01)
        figure.supylabel(_Y_LABEL.format(T=sequence_length), fontsize=10, x=0.008)
        figure.subplots_adjust(
            left=0.075, right=0.985, top=0.94, bottom=0.12, wspace=0.08, hspace=0.24
        )
    return content.getvalue()


def epochs_overlaid(
    curve: NDArray[np.float64],
    validations: NDArray[np.float64],
    *,
    sequence_length: int,
    width: float,
    height: float,
    highest_loss: float | None,
) -> bytes:
    """Draw all epochs in one panel, the first dark, the last bright.

    Dots show the validation loss times `sequence_length`: the unit of the smooth loss.

    Parameters
    ----------
    validations : (n, 3) float64
        `VALIDATION_COLUMNS`; n may be 0.
    **others
        As for `epoch_panels`, and so is the result.
    """
    epochs, starts = _by_epoch(curve), _starts(curve)
    checked = validations * np.array([1.0, 1.0, sequence_length])
    labelled = _evenly(list(epochs), _MOST_LABELS)
    colours = mpl.colormaps["viridis"](np.linspace(0.0, 0.8, len(epochs)))
    with _figure(width, height) as (figure, content):
        axes = figure.subplots()
        for (epoch, (updates, losses)), colour in zip(
            epochs.items(), colours, strict=True
        ):
            label = f"epoch {epoch}" if epoch in labelled else None
            axes.plot(updates, losses, color=colour, label=label)
            there = checked[checked[:, 0] == epoch]
            axes.plot(
                there[:, 1] - starts[epoch],
                there[:, 2],
                color=colour,
                **_VALIDATION_DOT,
            )
        if len(checked) > 0:
            label = f"validation\n(times {sequence_length})"
            axes.plot([], [], color=_DARK_GREY, label=label, **_VALIDATION_DOT)
        _set_axes(axes, [*curve[:, 2], *checked[:, 2]], highest_loss)
        axes.set_xlabel("updates since the start of the epoch")
        axes.set_ylabel(_Y_LABEL.format(T=sequence_length))
        axes.legend(
            loc="upper left",
            bbox_to_anchor=(1.0, 1.0),
            frameon=False,
            borderaxespad=0.5,
        )
        figure.subplots_adjust(left=0.075, right=0.88, top=0.96, bottom=0.12)
    return content.getvalue()


@contextmanager
def _figure(width: float, height: float) -> Iterator[tuple[Figure, io.BytesIO]]:
    content = io.BytesIO()
    with mpl.rc_context():
        mpl.rcdefaults()  # removes the style of the user
        mpl.rcParams.update(_STYLE)
        figure = Figure(figsize=(width, height))
        FigureCanvasSVG(figure)
        yield figure, content
        figure.savefig(content, format="svg", metadata={"Date": None, "Creator": None})


def _by_epoch(curve: NDArray[np.float64]) -> dict[int, tuple[Any, Any]]:
    """Return the updates since the start of each epoch, and its smooth losses."""
    epochs = {}
    for epoch, start in _starts(curve).items():
        rows = curve[curve[:, 0] == epoch]
        epochs[epoch] = (rows[:, 1] - start, rows[:, 2])
    return epochs


def _starts(curve: NDArray[np.float64]) -> dict[int, float]:
    """Return the update at which each epoch starts: the last of the epoch before."""
    starts, start = {}, 0.0
    for epoch in np.unique(curve[:, 0]):
        starts[int(epoch)] = start
        start = curve[curve[:, 0] == epoch][-1, 1]
    return starts


def _evenly(items: list[int], most: int) -> list[int]:
    if len(items) <= most:
        return items
    last = len(items) - 1
    return [items[round(i * last / (most - 1))] for i in range(most)]


def _set_axes(axes: Axes, losses: list[float], highest_loss: float | None) -> None:
    axes.xaxis.set_major_locator(MaxNLocator(nbins=6, integer=True))
    axes.xaxis.set_major_formatter(StrMethodFormatter("{x:,.0f}"))
    lowest = min(losses)
    if highest_loss is not None and highest_loss > lowest:
        axes.set_ylim(lowest - 0.05 * (highest_loss - lowest), highest_loss)
