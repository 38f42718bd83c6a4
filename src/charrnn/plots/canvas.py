"""What all figures share; only the modules of this package import matplotlib.

The same data gives the same bytes: element ids are made from a fixed salt, there is no
date, and text stays text, so that the file does not depend on the installed fonts.
"""

import io
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import matplotlib as mpl
from matplotlib.backends.backend_svg import FigureCanvasSVG
from matplotlib.figure import Figure

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


@contextmanager
def drawn_figure(width: float, height: float) -> Iterator[tuple[Figure, io.BytesIO]]:
    """Give a figure to draw on, in inches, and what holds its SVG in the end."""
    content = io.BytesIO()
    with mpl.rc_context():
        mpl.rcdefaults()  # removes the style of the user
        mpl.rcParams.update(_STYLE)
        figure = Figure(figsize=(width, height))
        FigureCanvasSVG(figure)
        yield figure, content
        figure.savefig(content, format="svg", metadata={"Date": None, "Creator": None})
