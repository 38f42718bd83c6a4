"""The benchmarks' figures, as SVG: the same numbers give the same bytes."""

import io
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

import matplotlib as mpl
from matplotlib.axes import Axes
from matplotlib.backends.backend_svg import FigureCanvasSVG
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, LogLocator, NullFormatter

from charrnn.files.artifacts import write_bytes

_STYLE: Any = {
    "svg.hashsalt": "charrnn",
    "svg.fonttype": "none",
    "font.family": "sans-serif",
    "font.size": 10,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.labelcolor": "#333333",
    "axes.edgecolor": "#888888",
    "xtick.color": "#555555",
    "ytick.color": "#333333",
}
_OURS, _PEER, _FLOOR = "#1f5fa8", "#8c98a6", "#b5452c"


class Panel(NamedTuple):
    """One curve: what stands below and beside it, and its points."""

    x_label: str
    y_label: str
    x: list[float]
    y: list[float]
    log: bool


@contextmanager
def drawing(path: Path, width: float, height: float) -> Iterator[Figure]:
    """Give a figure to draw on, inches wide and high; write it as SVG at the end."""
    content = io.BytesIO()
    with mpl.rc_context(_STYLE):
        figure = Figure(figsize=(width, height))
        FigureCanvasSVG(figure)
        yield figure
        figure.savefig(content, format="svg", metadata={"Date": None, "Creator": None})
    write_bytes(path, content.getvalue())


def draw_bars(path: Path, times: dict[str, float], floor: float, ours: str) -> None:
    """Draw microseconds per update, a bar a contestant, the fastest above.

    `ours` is what the names of our own begin with; `floor` is a line.
    """
    names = sorted(times, key=lambda name: times[name], reverse=True)
    widths = [times[name] for name in names]
    colours = [_OURS if name.startswith(ours) else _PEER for name in names]
    below = 0.6  # inches for the axis
    height = below + 0.2 + 0.36 * len(names)
    with drawing(path, 8, height) as figure:
        axes = figure.subplots()
        bars = axes.barh(names, widths, height=0.62, color=colours)
        labels = [f"{width:,.0f} µs" for width in widths]
        axes.bar_label(bars, labels, padding=6, color="#333333")
        axes.axvline(floor, color=_FLOOR, linewidth=1, linestyle=(0, (4, 3)))
        axes.set_xlim(0, 1.12 * max(widths))
        axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:,g}"))
        axes.tick_params(axis="y", length=0)
        axes.spines["left"].set_visible(False)
        axes.set_xlabel(
            f"microseconds per update, one thread (dashed: the floor, {floor:.0f} µs)"
        )
        figure.subplots_adjust(left=0.32, right=0.98, top=0.98, bottom=below / height)


def draw_panels(path: Path, panels: list[Panel]) -> None:
    """Draw curves, three a row, each point with its value."""
    columns = 3
    rows = -(-len(panels) // columns)
    with drawing(path, 3.1 * columns, 2.7 * rows) as figure:
        grid = list(figure.subplots(rows, columns, squeeze=False).flat)
        for axes, panel in zip(grid, panels, strict=False):
            _draw_panel(axes, panel)
        for axes in grid[len(panels) :]:
            axes.set_axis_off()
        figure.subplots_adjust(
            left=0.07, right=0.96, top=0.94, bottom=0.1, wspace=0.27, hspace=0.45
        )


def _draw_panel(axes: Axes, panel: Panel) -> None:
    axes.plot(panel.x, panel.y, color=_OURS, marker="o", markersize=4)
    for x, y in zip(panel.x, panel.y, strict=True):
        axes.annotate(
            f"{y:,.0f}" if y >= 10 else f"{y:.1f}",
            (x, y),
            # A curve that rises is not in the way on the left.
            (-3, 4) if panel.log else (0, 6),
            textcoords="offset points",
            ha="right" if panel.log else "center",
            fontsize=8,
            color="#333333",
        )
    axes.margins(0.14)
    axes.set_xscale("log")
    _plain(axes, "x")
    if panel.log:
        axes.set_yscale("log")
        _plain(axes, "y")
    else:
        axes.set_ylim(0, 1.3 * max(panel.y))
    axes.set_xlabel(panel.x_label)
    axes.set_title(panel.y_label, fontsize=10, loc="left", color="#333333")


def _plain(axes: Axes, name: str) -> None:
    """Write 10, 100 and 1000 and not powers of ten; 20 and 50 where there is room."""
    axis = axes.xaxis if name == "x" else axes.yaxis
    low, high = sorted(axis.get_view_interval())
    steps = (1.0, 2.0, 5.0) if high / low < 40 else (1.0,)
    axis.set_major_locator(LogLocator(subs=steps))
    axis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:,g}"))
    axis.set_minor_formatter(NullFormatter())
