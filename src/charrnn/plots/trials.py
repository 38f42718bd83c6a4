"""The figures of a sweep, as SVG: every trial by each value, and the means of points."""

import itertools
import math
from collections.abc import Sequence
from typing import Any, NamedTuple

import matplotlib as mpl
from matplotlib.axes import Axes
from matplotlib.colors import Normalize
from matplotlib.patches import Rectangle

from charrnn.plots.canvas import drawn_figure

_DOT, _BEST, _BASELINE = "#9aa0a8", "#1f5fa8", "#b8501c"
_LIGHT, _INK, _ON_PAPER = "#fefefe", "#010101", "#333333"  # of text
_UNIT = "validation loss (bits per character)"
_MOST_AXES = 3  # of which each point has a cell; of more, the best points have
_MOST_PANELS = 15
_LEAST_ROWS = 3  # whose height has room for the name of the axis beside them
_DARK = 0.56  # the share of the colours from which a text on them is white
_SPREAD = 0.5  # of a value's width, over which the trials are spread


class Axis(NamedTuple):
    """A swept value: its key, and its values in their order, as text."""

    key: str
    values: tuple[str, ...]


class PointFigures(NamedTuple):
    """What is drawn of a point.

    Attributes
    ----------
    values : tuple of str
        One of each axis; another value for a baseline outside of the grid.
    losses : tuple of float
        Of the trials that are ok, bits per character.
    loss, deviation : float or None
        Their mean, None if a trial is not ok; their standard deviation, None also if
        there is one trial only.
    is_best, is_baseline : bool
    """

    values: tuple[str, ...]
    losses: tuple[float, ...]
    loss: float | None
    deviation: float | None
    is_best: bool
    is_baseline: bool


def trial_strips(axes: Sequence[Axis], points: Sequence[PointFigures]) -> bytes:
    """Draw the loss of every trial above each of its values: a panel for each axis.

    Parameters
    ----------
    axes : sequence of Axis
        At least one.
    points : sequence of PointFigures

    Returns
    -------
    bytes
        The figure as SVG.
    """
    columns = min(3, len(axes))
    rows = math.ceil(len(axes) / columns)
    with drawn_figure(9.6, 0.6 + 3.0 * rows) as (figure, content):
        panels = figure.subplots(rows, columns, sharey=True, squeeze=False).ravel()
        for place, (axis, panel) in enumerate(zip(axes, panels, strict=False)):
            _strip(panel, axis, place, points)
        for panel in panels[len(axes) :]:
            panel.set_axis_off()
        for panel in panels[::columns]:
            panel.set_ylabel(_UNIT)
        handles, labels = panels[0].get_legend_handles_labels()
        figure.legend(handles, labels, loc="upper left", ncols=3, frameon=False)
        height = 0.6 + 3.0 * rows
        figure.subplots_adjust(
            left=0.075, right=0.99, top=1 - 0.45 / height, bottom=0.6 / height,
            wspace=0.06, hspace=0.32,
        )  # fmt: skip
    return content.getvalue()


def _strip(panel: Axes, axis: Axis, place: int, points: Sequence[PointFigures]) -> None:
    """Draw the trials of a point above each other, the points of a value side by side."""
    kinds: dict[str, tuple[str, float, list[tuple[float, float]]]] = {
        "a trial": (_DOT, 3.5, []),
        "of the baseline": (_BASELINE, 5.0, []),
        "of the best point": (_BEST, 5.0, []),
    }
    for number, value in enumerate(axis.values):
        there = [point for point in points if point.values[place] == value]
        for row, point in enumerate(there):
            at = number + _SPREAD * ((row + 0.5) / len(there) - 0.5)
            label = "of the baseline" if point.is_baseline else "a trial"
            kind = kinds["of the best point" if point.is_best else label]
            kind[2].extend((at, loss) for loss in point.losses)
    for label, (colour, size, dots) in kinds.items():
        panel.plot(
            [at for at, _ in dots], [loss for _, loss in dots], "o", color=colour,
            markersize=size, markeredgewidth=0, label=label,
        )  # fmt: skip
    panel.set_xticks(range(len(axis.values)), axis.values)
    panel.set_xlim(-0.5, len(axis.values) - 0.5)
    panel.set_xlabel(axis.key)
    panel.grid(visible=False, axis="x")


def mean_maps(axes: Sequence[Axis], points: Sequence[PointFigures]) -> bytes:
    """Draw the means of the points as colours, with mean and deviation as text.

    Of two axes there is one panel; of three, a panel for each value of the shortest; of
    more, a panel for each pair of axes, whose cells show their best points.  Parameters
    and result are those of `trial_strips`; an axis has at least two values.
    """
    panels = _panels(axes, points)
    columns = min(3, len(panels))
    rows = math.ceil(len(panels) / columns)
    height = max(len(panel.rows.values) for panel in panels)
    height = max(height, _LEAST_ROWS) if height > 1 else 1
    inches = 0.35 + rows * (0.75 + 0.5 * height)
    means = sorted(point.loss for point in points if point.loss is not None)
    with drawn_figure(9.6, inches) as (figure, content):
        drawn = figure.subplots(rows, columns, squeeze=False).ravel()
        for panel, on in zip(panels, drawn, strict=False):
            _map(on, panel, means)
        for on in drawn[len(panels) :]:
            on.set_axis_off()
        figure.subplots_adjust(
            left=0.1, right=0.99, top=1 - 0.3 / inches, bottom=0.5 / inches,
            wspace=0.38, hspace=0.75 / (0.5 * height),
        )  # fmt: skip
    return content.getvalue()


class _Panel(NamedTuple):
    """A table of points: a title, two axes, and the point of each cell, by their places."""

    title: str
    rows: Axis
    columns: Axis
    cells: dict[tuple[int, int], PointFigures]


def _panels(axes: Sequence[Axis], points: Sequence[PointFigures]) -> list[_Panel]:
    """Divide the points into tables."""
    if len(axes) == 1:
        return [_table("", Axis("", ("",)), axes[0], (-1, 0), points)]
    if len(axes) > _MOST_AXES:
        pairs = itertools.combinations(range(len(axes)), 2)
        return [
            _table("", axes[i], axes[j], (i, j), points)
            for i, j in itertools.islice(pairs, _MOST_PANELS)
        ]
    # The shortest axis makes the panels.
    order = sorted(range(len(axes)), key=lambda place: len(axes[place].values))
    *of_panels, i, j = sorted(order[:-2]) + sorted(order[-2:])
    if not of_panels:
        return [_table("", axes[i], axes[j], (i, j), points)]
    place = of_panels[0]
    return [
        _table(
            f"{axes[place].key} {value}", axes[i], axes[j], (i, j),
            [point for point in points if point.values[place] == value],
        )
        for value in axes[place].values
    ]  # fmt: skip


def _table(
    title: str,
    rows: Axis,
    columns: Axis,
    places: tuple[int, int],
    points: Sequence[PointFigures],
) -> _Panel:
    """Put points into a table; of several in a cell, the one of the lowest mean."""
    cells: dict[tuple[int, int], PointFigures] = {}
    for point in points:
        values = [("", *point.values)[place + 1] for place in places]
        if values[0] in rows.values and values[1] in columns.values:
            at = rows.values.index(values[0]), columns.values.index(values[1])
            other = cells.get(at)
            if other is None or _order(point) < _order(other):
                cells[at] = point
    return _Panel(title, rows, columns, cells)


def _order(point: PointFigures) -> float:
    return math.inf if point.loss is None else point.loss


def _map(on: Axes, panel: _Panel, means: Sequence[float]) -> None:
    """Draw a table: the lower the mean, the brighter."""
    # Colours tell the good points apart: all beyond twice the median's distance are dark.
    lowest, middle = means[0], means[len(means) // 2]
    viridis = mpl.colormaps["viridis_r"]
    scale = Normalize(lowest, lowest + 2 * (middle - lowest) or 1.0, clip=True)
    for (row, column), point in panel.cells.items():
        face: Any = "none"
        ink = _ON_PAPER
        if point.loss is not None:
            share = float(scale(point.loss))
            face, ink = viridis(share), _LIGHT if share > _DARK else _INK
        cell = column - 0.5, row - 0.5
        on.add_patch(Rectangle(cell, 1, 1, facecolor=face, linewidth=0))
        if point.is_baseline:
            frame = column - 0.46, row - 0.46
            on.add_patch(Rectangle(frame, 0.92, 0.92, fill=False, edgecolor=ink))
        on.annotate(
            _text(point), (column, row), ha="center", va="center", fontsize=8.5,
            color=ink, fontweight="bold" if point.is_best else "normal",
        )  # fmt: skip
    on.set_xticks(range(len(panel.columns.values)), panel.columns.values)
    on.set_yticks(range(len(panel.rows.values)), panel.rows.values)
    on.set_xlim(-0.5, len(panel.columns.values) - 0.5)
    on.set_ylim(len(panel.rows.values) - 0.5, -0.5)
    on.set_xlabel(panel.columns.key)
    on.set_ylabel(panel.rows.key)
    on.set_title(panel.title, fontsize=10, loc="left", color="#333333")
    on.grid(visible=False)
    on.tick_params(length=0)
    for spine in on.spines.values():
        spine.set_visible(False)


def _text(point: PointFigures) -> str:
    if point.loss is None:
        return "not finite"
    text = f"{point.loss:.3f}"
    if point.deviation is not None:
        text += f"\n± {point.deviation:.3f}"
    return text
