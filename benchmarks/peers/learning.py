"""What the contestants have in common: what they return, and where they read."""

from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from charrnn.text.parts import window_count


class Block(NamedTuple):
    """Some updates in a row.

    Attributes
    ----------
    updates : int
        How many were made; at least as many as asked for.
    smooth_losses : (updates,) float64
        The smooth loss after each, nats per window; of ours only where training
        yields: at the points of the curve that the pipeline draws.
    """

    updates: int
    smooth_losses: NDArray[np.float64]


Learn = Callable[[int], Block]


def smoothed(smooth_loss: float | None, loss: float) -> float:
    """Return the smooth loss after another window; it starts at the first loss."""
    return loss if smooth_loss is None else 0.999 * smooth_loss + 0.001 * loss


def windows_for_ever(ids: Any, T: int) -> Iterator[tuple[bool, Any, Any]]:
    """Yield whether it is the text's first window, its inputs and its targets, (T,).

    `ids`, (N,), is an array or a tensor; so are the inputs and the targets.
    """
    while True:
        for start in range(0, window_count(len(ids), T) * T, T):
            yield start == 0, ids[start : start + T], ids[start + 1 : start + T + 1]
