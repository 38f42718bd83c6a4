"""The coordinates of the curves in the report.

A coordinate is a percentage: of the width of the chart, from the left, or of its height,
from the top.
"""

import math
from collections.abc import Iterable
from decimal import Decimal
from itertools import count
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

_SIDE = 0.02  # left and right of the curves, as a share of the longest epoch
_MARGIN = 0.05  # below and above the losses, as a share of their range
_MOST_TICKS = 6
_CHARACTERS = 30  # of labels that fit below a printed panel, the narrowest chart
_STOPS = 4  # of the gradient of epoch colours: --epochs-1 to --epochs-4 in report.css


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
    """The curves of all epochs, the ticks of the axes, and the loss at the top of the chart."""

    curves: list[Curve]
    x: list[Tick]
    y: list[Tick]
    top: float


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
) -> Chart:
    """Return the coordinates of the curves, the dots and the ticks.

    Parameters
    ----------
    curve : (rows, 4) float64
        The fields of `charrnn.training.state.Row`; at least one row.
    validations : (n, 3) float64
        The fields of `charrnn.training.state.Validation`; n may be 0.
    sequence_length : int
        Characters in a window, to draw the validation losses in nats per window.
    highest_loss : float or None
        The end of the loss axis, nats per window.  If it is None, or no smooth loss is
        below it, the axis shows all losses.
    """
    tables = curve, validations * (1, 1, sequence_length)
    epochs, start = {}, 0.0
    for epoch in sorted(set(curve[:, 0].tolist())):
        rows, dots = (t[t[:, 0] == epoch, 1:3] - (start, 0) for t in tables)
        epochs[int(epoch)] = rows, dots
        start += rows[-1, 0]
    updates, losses = np.concatenate([t for both in epochs.values() for t in both]).T
    longest = max(1.0, *updates.tolist())
    lowest, end = min(losses.tolist()), max(losses.tolist())
    if highest_loss is not None and highest_loss > min(curve[:, 2].tolist()):
        end = highest_loss
    margin = _MARGIN * (max(end - lowest, end / 100) or 1)
    x = _Axis(-_SIDE * longest, (1 + _SIDE) * longest)
    y = _Axis(end if end == highest_loss else end + margin, lowest - margin)

    def places(points: NDArray[np.float64]) -> list[str]:
        both = zip(x.places(points[:, 0]), y.places(points[:, 1]), strict=True)
        return [" ".join(pair) for pair in both]

    curves = [
        Curve(
            epoch,
            _colour(number, len(epochs)),
            f"M{' '.join(places(rows))}h0",  # a single row is drawn as a dot
            "".join(f"M{place}h0" for place in places(dots)),
        )
        for number, (epoch, (rows, dots)) in enumerate(epochs.items())
    ]
    most = max(1, min(_MOST_TICKS, _CHARACTERS // len(f"{longest:,.0f} ")))
    return Chart(curves, x.ticks(most, 0), y.ticks(_MOST_TICKS, -12), y.first)


def _colour(number: int, of: int) -> str:
    """Return the colour of an epoch, counted from 0: even steps along the gradient."""
    steps = max(of - 1, 1)
    stop = min(number * (_STOPS - 1) // steps, _STOPS - 2)
    share = 100 * (number * (_STOPS - 1) - stop * steps) / steps
    first, second = f"var(--epochs-{stop + 1})", f"var(--epochs-{stop + 2})"
    return f"color-mix(in srgb, {first}, {second} {share:.1f}%)"
