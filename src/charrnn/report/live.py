"""The page of ``charrnn watch``: the curve of a training so far."""

import numpy as np
from numpy.typing import NDArray

from charrnn.html.rendering import rendered
from charrnn.report.charts import history
from charrnn.report.content import TEMPLATES


def render_live(
    curve: NDArray[np.float64],
    validations: NDArray[np.float64],
    *,
    sequence_length: int,
    updates: int,
    is_running: bool,
) -> bytes:
    """Return the page in UTF-8; while the training runs, the page renews itself.

    Parameters
    ----------
    curve, validations : float64 arrays
        As in `charrnn.report.charts.chart`; the curve may have no rows.
    sequence_length : int
    updates : int
        Of the whole training.
    is_running : bool
    """
    done = int(curve[-1, 1]) if len(curve) else 0
    # The best so far: by the validation loss, or without one by the smooth loss.
    table = validations if len(validations) else curve
    losses = validations[:, 2:].min(axis=1) if len(validations) else curve[:, 2]
    best = int(table[losses.argmin(), 1]) if len(table) else 0
    chosen_by = float(losses.min()) if len(table) else 0.0
    if not len(validations):
        chosen_by /= max(sequence_length, 1)
    runs = [(curve, validations, best, sequence_length)]
    context = {
        "is_running": is_running,
        "done": done,
        "updates": updates,
        "epoch": int(curve[-1, 0]) if len(curve) else 1,
        "loss": float(curve[-1, 2]) / sequence_length if len(curve) else None,
        "validation": float(validations[-1, 2]) if len(validations) else None,
        "best": best,
        "best_loss": chosen_by,
        "whole": history(runs, highest_loss=None) if len(curve) else None,
    }
    return rendered(TEMPLATES, "live.html", context).encode("utf-8")
