"""Training must use the checked gradients: its updates are compared bit by bit."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from charrnn.errors import GradientError
from charrnn.network import reference
from charrnn.network.kernels import learning
from charrnn.network.model import Model, Weights, zeros_like
from charrnn.settings import Recipe
from charrnn.text.vocabulary import Ids

Array = NDArray[Any]


def check_updates(
    weights: Weights, ids: Ids, hidden: Array, sequence_length: int, *, l2: float
) -> int:
    """Check the updates in both precisions, without and with the penalty.

    Parameters and errors as for `judge`.

    Returns
    -------
    int
        The number of updates that were checked.
    """
    return sum(
        judge(
            weights.astype(dtype), ids, hidden.astype(dtype), sequence_length, l2=weight
        )
        for dtype in (np.float32, np.float64)
        for weight in (0.0, l2)
    )


def judge(
    weights: Weights, ids: Ids, hidden: Array, sequence_length: int, *, l2: float
) -> int:
    """Let the training code make an update for each window; check each to the bit.

    The gradients of training, which training does not keep, must equal those of
    `learning.window_gradients`, which `check` compares with numerical derivatives, and
    the step must equal `reference.adagrad_step`.  Half of all gradient entries are
    clipped.

    Parameters
    ----------
    weights : Weights
        In the precision to check; not changed.
    ids : (n T + 1,) unsigned integer
        n consecutive windows.
    hidden : (m,) float
        The state before the first window; not changed.
    sequence_length : int
        T.
    l2 : float
        Weight of the penalty, nats.

    Returns
    -------
    int
        n.

    Raises
    ------
    GradientError
        If a weight or a sum of squares differs; the message names the parameter, its
        element and both values.
    """
    T = sequence_length
    trained = Model(weights.copy(), hidden.copy(), zeros_like(weights))
    expected, expected_squares = weights.copy(), zeros_like(weights)
    windows = (len(ids) - 1) // T
    expected_state = hidden
    for n in range(windows):
        text = ids[n * T : n * T + T + 1]
        _, gradients, expected_state = learning.window_gradients(
            expected, text[:-1], text[1:], expected_state, l2=l2
        )
        sizes = np.abs(np.concatenate([array.ravel() for array in gradients]))
        sizes.partition(len(sizes) // 2)
        clip = float(sizes[len(sizes) // 2])
        recipe = Recipe(epochs=1, sequence_length=T, clip=clip, l2=l2)
        reference.adagrad_step(
            expected,
            expected_squares,
            gradients,
            learning_rate=recipe.learning_rate,
            epsilon=recipe.epsilon,
            clip=clip,
        )
        learning.train_windows(trained, text, recipe, first_update=n, smooth_loss=0.0)
        for kind, found, right in (
            ("G", trained.squares, expected_squares),
            ("theta", trained.weights, expected),
        ):
            _refuse_a_difference(
                f"update {n + 1} ({weights.b.dtype})", kind, found, right
            )
    return windows


def _refuse_a_difference(
    update: str, kind: str, found: Weights, right: Weights
) -> None:
    for (name, array), expected in zip(found.named(), right, strict=True):
        differs = np.argwhere(array != expected)
        if len(differs):
            at = tuple(differs[0].tolist())
            message = (
                f"training does not use the gradient that was checked: after {update} "
                f"{kind} of {name}[{', '.join(map(str, at))}] is {array[at]!r}, and "
                f"AdaGrad's step gives {expected[at]!r}"
            )
            raise GradientError(message)
