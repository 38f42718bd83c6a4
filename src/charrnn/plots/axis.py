"""What is drawn of a curve: where the loss axis ends, and which epochs.

The figures and the report's charts share these rules.
"""

from collections.abc import Sequence
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

Item = TypeVar("Item")

MOST_PANELS = 12
MOST_OVERLAID = 24

# The first updates, which the end of the axis ignores: at most a tenth of all, five time
# constants of the smooth loss, and, where each epoch has a panel, half of the first one.
_SHARE, _UPDATES, _SHARE_OF_EPOCH = 0.1, 5_000, 0.5
_ROOM = 0.05  # above the highest loss, as a share of the axis
_LEAST_SAVING = 0.25  # of the axis; a cut that saves less hides a curve for nothing


def axis_end(
    curve: NDArray[np.float64],
    validations: NDArray[np.float64],
    highest_loss: float | None,
    *,
    by_epoch: bool,
) -> tuple[float, bool]:
    """Return where the loss axis ends, and whether losses are above its end.

    Parameters
    ----------
    curve : (rows, 4) float64
        The fields of `charrnn.training.state.Row`; at least one row.
    validations : (n, 3) or (n, 4) float64
        The first fields of `charrnn.training.state.Validation`, with losses in the unit of
        the curve; those that the axis shows; n may be 0.
    highest_loss : float or None
        The end, in the unit of the curve; a value that is not between the losses has no
        effect.  None: the end is above all losses but those of the first updates.
    by_epoch : bool
        Whether the epochs share the axis, so that it has to show most of the first epoch.
    """
    checked = validations[:, 2:].ravel()
    losses = np.concatenate([curve[:, 2], checked])
    lowest, highest = float(losses.min()), float(losses.max())
    if highest_loss is None:
        first = min(_SHARE * curve[-1, 1], _UPDATES)
        if by_epoch:
            first_epoch = curve[curve[:, 0] == curve[0, 0]][-1, 1]
            first = min(first, _SHARE_OF_EPOCH * first_epoch)
        settled = curve[curve[:, 1] > first, 2]
        top = max(settled.tolist() + checked.tolist())
        end = top + _ROOM * (top - lowest)
        is_cut = end - lowest < (1 - _LEAST_SAVING) * (highest - lowest)
    else:
        end = highest_loss
        is_cut = float(curve[:, 2].min()) < end < highest
    return (end, True) if is_cut else (highest, False)


def evenly_chosen(items: Sequence[Item], most: int) -> list[Item]:
    """Return at most `most` items, evenly spaced, with the first and the last."""
    if len(items) <= most:
        return list(items)
    last = len(items) - 1
    return [items[round(i * last / (most - 1))] for i in range(most)]


def averaged(validations: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the updates and the losses of the averaged weights, (k, 2); k may be 0."""
    differing = validations[:, 3] != validations[:, 2]
    found: NDArray[np.float64] = validations[differing][:, [1, 3]]
    return found


def best_point(
    curve: NDArray[np.float64],
    validations: NDArray[np.float64],
    update: int,
) -> tuple[float, float]:
    """Return the update of the best weights and the loss there.

    The loss is the lower validation loss at that update, or else the smooth loss at the
    last point of the curve up to there.
    """
    checked = validations[validations[:, 1] == update]
    if len(checked):
        return float(update), float(checked[0, 2:].min())
    before = np.searchsorted(curve[:, 1], update, side="right")
    return float(update), float(curve[max(int(before) - 1, 0), 2])
