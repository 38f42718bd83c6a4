"""The coordinates of the curves in the report.

A coordinate is a percentage: of the width of the chart, from the left, or of its height,
from the top.
"""

import math
from collections.abc import Iterable, Sequence
from decimal import Decimal
from itertools import count
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from charrnn.plots.axis import (
    MOST_OVERLAID,
    averaged,
    axis_end,
    best_point,
    evenly_chosen,
)

_SIDE = 0.02  # left and right of the curves, as a share of the longest epoch
_MARGIN = 0.05  # below and above the losses, as a share of their range
_MOST_TICKS = 6
_CHARACTERS = 30  # of labels that fit below a printed panel, the narrowest chart
_CHARACTERS_OF_WHOLE = 45  # of labels that fit below a chart of a phone's width
_MOST_POINTS = 1_500  # of a curve over all updates
_STOPS = 4  # of the gradient of epoch colours: --epochs-1 to --epochs-4 in style.css


class Tick(NamedTuple):
    """A round number on an axis."""

    at: str
    label: str


class Curve(NamedTuple):
    """The curve of an epoch.

    Attributes
    ----------
    epoch : int
    colour : str
        A colour of CSS.
    line, dots : str
        The smooth loss and the validation losses as SVG paths; a dot is a line of
        length 0.  Losses above the end of the axis have a negative y.
    """

    epoch: int
    colour: str
    line: str
    dots: str


class Chart(NamedTuple):
    """The curves of epochs and the ticks of the axes.

    Attributes
    ----------
    curves : list of Curve
        Of all epochs, or of evenly chosen ones.
    x, y : list of Tick
    is_cut : bool
        Whether some losses are above the end of the axis.
    """

    curves: list[Curve]
    x: list[Tick]
    y: list[Tick]
    is_cut: bool


class RunCurves(NamedTuple):
    """The losses of a run over all updates, as SVG paths.

    Attributes
    ----------
    smooth, validation, dots, averaged : str
        The smooth loss, the validation loss as a curve and as dots, and that of the
        averaged weights, empty without such weights.
    best : tuple of str
        The coordinates of the best weights.
    """

    smooth: str
    validation: str
    dots: str
    averaged: str
    best: tuple[str, str]


class History(NamedTuple):
    """The losses of runs over all updates on common axes; `is_cut` as in `Chart`."""

    runs: list[RunCurves]
    x: list[Tick]
    y: list[Tick]
    is_cut: bool


class _Axis(NamedTuple):
    """The values at the left and right ends of the x axis, or top and bottom of the y axis."""

    first: float
    last: float

    def places(self, values: Iterable[float]) -> list[str]:
        """Return the coordinates of values."""
        first, last = self
        return [f"{100 * (value - first) / (last - first):.2f}" for value in values]

    def ticks(self, most: int, smallest: int) -> list[Tick]:
        """Return the ticks: multiples of 1, 2 or 5 times a power of ten.

        The exponent is at least `smallest`; the distance of two ticks is at least
        1 / `most` of the axis.
        """
        low, high = sorted(map(Decimal, self))
        step = next(
            step
            for exponent in count(smallest)
            for step in (Decimal(f"{digit}e{exponent}") for digit in (1, 2, 5))
            if high - low <= most * step
        )
        numbers = range(math.ceil(low / step), math.floor(high / step) + 1)
        values = [number * step for number in numbers]
        return [
            Tick(at, f"{value:,f}")
            for at, value in zip(self.places(map(float, values)), values, strict=True)
        ]


def chart(
    curve: NDArray[np.float64],
    validations: NDArray[np.float64],
    *,
    sequence_length: int,
    highest_loss: float | None,
    most: int = MOST_OVERLAID,
) -> Chart:
    """Return the coordinates of the curves, the dots and the ticks.

    Parameters
    ----------
    curve : (rows, 4) float64
        The fields of `charrnn.training.state.Row`; at least one row.
    validations : (n, 4) float64
        The fields of `charrnn.training.state.Validation`; n may be 0.  The averaged
        weights are not drawn.
    sequence_length : int
        Characters in a window, to draw the validation losses in nats per window.
    highest_loss : float or None
        The end of the loss axis, nats per window; see `charrnn.plots.axis`.
    most : int
        Of more epochs, so many are drawn, evenly chosen.
    """
    tables = curve, validations[:, :3] * (1, 1, sequence_length)
    epochs, start = {}, 0.0
    for epoch in sorted(set(curve[:, 0].tolist())):
        rows, dots = (t[t[:, 0] == epoch, 1:3] - (start, 0) for t in tables)
        epochs[int(epoch)] = rows, dots
        start += rows[-1, 0]
    updates, losses = np.concatenate([t for both in epochs.values() for t in both]).T
    end, is_cut = axis_end(*tables, highest_loss, by_epoch=True)
    x, y = _axes(updates.tolist(), losses.tolist(), end, is_cut)
    curves = [
        Curve(
            epoch,
            _colour(number, len(epochs)),
            _line(x, y, rows),
            _dots(x, y, dots),
        )
        for number, (epoch, (rows, dots)) in enumerate(epochs.items())
    ]
    chosen = evenly_chosen(curves, most)
    return Chart(chosen, _x_ticks(x, _CHARACTERS), y.ticks(_MOST_TICKS, -12), is_cut)


def history(
    runs: Sequence[tuple[NDArray[np.float64], NDArray[np.float64], int, int]],
    *,
    highest_loss: float | None,
) -> History:
    """Return the coordinates of the losses of runs over all updates.

    Parameters
    ----------
    runs : sequence of tuple
        For each run its curve and its validations as in `chart`, the update of its best
        weights, and its `sequence_length`.
    highest_loss : float or None
        The end of the loss axis, nats per character; see `charrnn.plots.axis`.
    """
    tables, ends, updates, losses = [], [], [], []
    for curve, validations, _, T in runs:
        scaled = curve / (1, 1, T, 1)
        tables.append((scaled, validations))
        ends.append(axis_end(scaled, validations, highest_loss, by_epoch=False))
        for table in tables[-1]:
            updates += table[:, 1].tolist()
            losses += table[:, 2].tolist()
        losses += averaged(validations)[:, 1].tolist()
    end = max(end for end, _ in ends)
    is_cut = end < max(losses)
    x, y = _axes(updates, losses, end, is_cut)
    drawn = []
    for (curve, validations), (*_, best, _) in zip(tables, runs, strict=True):
        every = -(-len(curve) // _MOST_POINTS)
        points = np.concatenate([curve[:-1:every], curve[-1:]])[:, 1:3]
        checked = validations[:, 1:3]
        at, loss = best_point(curve, validations, best)
        drawn.append(
            RunCurves(
                _line(x, y, points),
                _line(x, y, checked) if len(checked) else "",
                _dots(x, y, checked),
                _line(x, y, mean) if len(mean := averaged(validations)) else "",
                (x.places([at])[0], y.places([loss])[0]),
            )
        )
    ticks = _x_ticks(x, _CHARACTERS_OF_WHOLE), y.ticks(_MOST_TICKS, -12)
    return History(drawn, *ticks, is_cut)


def _axes(
    updates: list[float], losses: list[float], end: float, is_cut: bool
) -> tuple[_Axis, _Axis]:
    longest, lowest = max(1.0, *updates), min(losses)
    margin = _MARGIN * (max(end - lowest, abs(end) / 100) or 1)
    x = _Axis(-_SIDE * longest, (1 + _SIDE) * longest)
    return x, _Axis(end if is_cut else end + margin, lowest - margin)


def _x_ticks(x: _Axis, characters: int) -> list[Tick]:
    widest = len(f"{x.last:,.0f} ")
    return x.ticks(max(1, min(_MOST_TICKS, characters // widest)), 0)


def _places(x: _Axis, y: _Axis, points: NDArray[np.float64]) -> list[str]:
    both = zip(x.places(points[:, 0]), y.places(points[:, 1]), strict=True)
    return [" ".join(pair) for pair in both]


def _line(x: _Axis, y: _Axis, points: NDArray[np.float64]) -> str:
    return f"M{' '.join(_places(x, y, points))}h0"  # a single row is drawn as a dot


def _dots(x: _Axis, y: _Axis, points: NDArray[np.float64]) -> str:
    return "".join(f"M{place}h0" for place in _places(x, y, points))


def _colour(number: int, of: int) -> str:
    """Return the colour of an epoch, counted from 0: even steps along the gradient."""
    steps = max(of - 1, 1)
    stop = min(number * (_STOPS - 1) // steps, _STOPS - 2)
    share = 100 * (number * (_STOPS - 1) - stop * steps) / steps
    first, second = f"var(--epochs-{stop + 1})", f"var(--epochs-{stop + 2})"
    return f"color-mix(in srgb, {first}, {second} {share:.1f}%)"
