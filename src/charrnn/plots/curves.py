"""The figures of a run, as SVG."""

import math
from typing import Any

import matplotlib as mpl
import numpy as np
from matplotlib.axes import Axes
from matplotlib.cm import ScalarMappable
from matplotlib.colors import ListedColormap, Normalize
from matplotlib.ticker import MaxNLocator, StrMethodFormatter
from numpy.typing import NDArray

from charrnn.plots.axis import (
    MOST_OVERLAID,
    MOST_PANELS,
    averaged,
    axis_end,
    best_point,
    evenly_chosen,
)
from charrnn.plots.canvas import drawn_figure

COLUMNS = ("epoch", "update", "smooth_loss", "saturated_share")
VALIDATION_COLUMNS = (
    "epoch",
    "update",
    "nats_per_character",
    "averaged_nats_per_character",
)

_BLUE, _GREY, _DARK_GREY, _ORANGE = "#1f5fa8", "#d5d5d5", "#555555", "#b8501c"
_VALIDATION_DOT: Any = {
    "linestyle": "none",
    "marker": "o",
    "markersize": 5.0,
    "markeredgecolor": "white",
    "markeredgewidth": 0.8,
}
_BACKGROUND_EVERY = 5  # of the rows, for the grey curves: keeps the file small
_MOST_LABELS = 8  # in a legend; more epochs get a colour bar
_MOST_TICKS = 6  # of the colour bar
_MOST_POINTS = 4_000  # of a curve over all updates
_MOST_DOTS = 60  # on a validation curve
_X_LABEL = "updates since the start of the epoch"
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
    twelve evenly spaced ones are drawn, including the first and the last; the figure says so.

    Parameters
    ----------
    curve : (rows, 4) float64
        `COLUMNS`; the smooth loss in nats per window.
    sequence_length : int
        Characters in a window, T, for the label of the axis.
    width, height : float
        Of the figure, inches.
    highest_loss : float or None
        Upper end of the loss axis, nats per window; None: see `charrnn.plots.axis`.

    Returns
    -------
    bytes
        The figure as SVG.
    """
    epochs = _by_epoch(curve)
    chosen = evenly_chosen(list(epochs), MOST_PANELS)
    columns = min(3, len(chosen))
    rows = math.ceil(len(chosen) / columns)
    with drawn_figure(width, height * max(rows, 2) / 2) as (figure, content):
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
        _set_axes(axes, curve, np.empty((0, 3)), highest_loss, by_epoch=True)
        label = _X_LABEL + _chosen_of(chosen, epochs)
        figure.supxlabel(label, fontsize=10, y=0.01)
        figure.supylabel(_Y_LABEL.format(T=sequence_length), fontsize=10, x=0.008)
        figure.subplots_adjust(
            left=0.075,
            right=0.985,
            top=1 - 0.12 / max(rows, 2),
            bottom=0.24 / max(rows, 2),
            wspace=0.08,
            hspace=0.24,
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
    More than eight epochs have a colour bar instead of a legend; of more than 24, 24 are
    drawn, as in `epoch_panels`.

    Parameters
    ----------
    validations : (n, 4) float64
        `VALIDATION_COLUMNS`; n may be 0.  The averaged weights are not drawn.
    **others
        As for `epoch_panels`, and so is the result.
    """
    epochs, starts = _by_epoch(curve), _starts(curve)
    chosen = evenly_chosen(list(epochs), MOST_OVERLAID)
    checked = validations[:, :3] * np.array([1.0, 1.0, sequence_length])
    checked = checked[np.isin(checked[:, 0], chosen)]
    colours = mpl.colormaps["viridis"](np.linspace(0.0, 0.8, len(chosen)))
    with drawn_figure(width, height) as (figure, content):
        axes = figure.subplots()
        for epoch, colour in zip(chosen, colours, strict=True):
            axes.plot(*epochs[epoch], color=colour, label=f"epoch {epoch}")
            there = checked[checked[:, 0] == epoch]
            axes.plot(
                there[:, 1] - starts[epoch],
                there[:, 2],
                color=colour,
                **_VALIDATION_DOT,
            )
        handles = axes.get_legend_handles_labels()[0]
        if len(chosen) > _MOST_LABELS:
            handles = []
            bar = figure.colorbar(
                ScalarMappable(
                    Normalize(0.5, max(chosen) + 0.5), ListedColormap(colours)
                ),
                cax=figure.add_axes((0.9, 0.12, 0.015, 0.68)),
                ticks=evenly_chosen(chosen, _MOST_TICKS),
            )
            bar.set_label("epoch")
            assert bar.solids is not None
            bar.solids.set_edgecolor("face")
            bar.outline.set_visible(False)
        if len(checked) > 0:
            label = f"validation\n(times {sequence_length})"
            handles += axes.plot(
                [], [], color=_DARK_GREY, label=label, **_VALIDATION_DOT
            )
        _set_axes(axes, curve, checked, highest_loss, by_epoch=True)
        axes.set_xlabel(_X_LABEL + _chosen_of(chosen, epochs))
        axes.set_ylabel(_Y_LABEL.format(T=sequence_length))
        if handles:
            axes.legend(
                handles=handles,
                loc="upper left",
                bbox_to_anchor=(1.0, 1.0),
                frameon=False,
                borderaxespad=0.5,
            )
        figure.subplots_adjust(left=0.075, right=0.88, top=0.96, bottom=0.12)
    return content.getvalue()


def loss_and_validation(
    curve: NDArray[np.float64],
    validations: NDArray[np.float64],
    best_update: int,
    *,
    sequence_length: int,
    width: float,
    height: float,
    highest_loss: float | None,
) -> bytes:
    """Draw the smooth loss and the validation loss over all updates, nats per character.

    A line marks the update of the best weights, `best_update`.  The other parameters and
    the result are those of `epochs_overlaid`.
    """
    scaled = curve / np.array([1.0, 1.0, sequence_length, 1.0])
    at, loss = best_point(scaled, validations, best_update)
    end = None if highest_loss is None else highest_loss / sequence_length
    every = -(-len(curve) // _MOST_POINTS)
    drawn = np.concatenate([scaled[:-1:every], scaled[-1:]])
    with drawn_figure(width, height) as (figure, content):
        axes = figure.subplots()
        axes.axvline(at, color=_DARK_GREY, linewidth=1.0, linestyle=(0, (4, 3)))
        label = "smooth loss, training"
        axes.plot(drawn[:, 1], drawn[:, 2], color=_BLUE, linewidth=1.0, label=label)
        if len(validations) > 0:
            style = _VALIDATION_DOT | {"linestyle": "-", "linewidth": 1.2}
            if len(validations) > _MOST_DOTS:
                style["marker"] = ""
            axes.plot(
                validations[:, 1],
                validations[:, 2],
                color=_ORANGE,
                label="validation loss",
                **style,
            )
        if len(mean := averaged(validations)):
            label = "of averaged weights"
            style = {"color": _ORANGE, "linewidth": 1.2, "linestyle": (0, (2, 1.5))}
            axes.plot(mean[:, 0], mean[:, 1], label=label, **style)
        label = f"best weights: update {best_update:,}, {loss:.3f}"
        ring: Any = {"linestyle": "none", "marker": "o", "fillstyle": "none"}
        axes.plot([at], [loss], color=_DARK_GREY, markersize=9.0, label=label, **ring)
        _set_axes(axes, scaled, validations, end, by_epoch=False)
        axes.set_xlabel("updates")
        axes.set_ylabel("nats per character")
        axes.legend(loc="lower left", bbox_to_anchor=(0.0, 1.0), ncols=4, frameon=False)
        figure.subplots_adjust(left=0.075, right=0.97, top=0.92, bottom=0.12)
    return content.getvalue()


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


def _chosen_of(chosen: list[int], epochs: dict[int, Any]) -> str:
    """Say which epochs are drawn, if not all are."""
    if len(chosen) == len(epochs):
        return ""
    return f"; {len(chosen)} of {len(epochs)} epochs, evenly chosen"


def _set_axes(
    axes: Axes,
    curve: NDArray[np.float64],
    validations: NDArray[np.float64],
    highest_loss: float | None,
    *,
    by_epoch: bool,
) -> None:
    axes.xaxis.set_major_locator(MaxNLocator(nbins=6, integer=True))
    axes.xaxis.set_major_formatter(StrMethodFormatter("{x:,.0f}"))
    lowest = min(curve[:, 2].tolist() + validations[:, 2:].ravel().tolist())
    end, is_cut = axis_end(curve, validations, highest_loss, by_epoch=by_epoch)
    if is_cut:
        axes.set_ylim(lowest - 0.05 * (end - lowest), end)
