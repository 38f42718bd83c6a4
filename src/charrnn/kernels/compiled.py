"""Learning, compiled by Numba: written to be fast and to give the same bits anywhere.

The equations are those of `reference`, which judges this module.  How it is fast is said
in `updates`, `passes` and `products`.
"""

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

from charrnn.corpus import Ids
from charrnn.kernels.jit import jit
from charrnn.kernels.padding import (
    Net,
    Reader,
    indices,
    padded,
    padded_net,
    reader_of,
    unpadded_net,
)
from charrnn.kernels.passes import (
    add_products,
    back_propagate,
    outputs,
    softmax,
    states,
    sum_by_character,
    sum_rows,
)
from charrnn.kernels.updates import Rates, space_for, train
from charrnn.model import Pass, Weights

Array = NDArray[Any]


def train_windows(
    weights: Weights,
    squares: Weights,
    hidden: Array,
    ids: Ids,
    *,
    first_update: int,
    smooth_loss: float,
    sequence_length: int,
    learning_rate: float,
    epsilon: float,
    clip: float,
    l2: float,
    warmup_updates: int,
    lowest: float = -math.inf,
    best: Weights | None = None,
) -> NDArray[np.float64]:
    """Make an update for each window of a text, in place.

    Parameters
    ----------
    weights, squares : Weights
        theta and G; changed in place.
    hidden : (m,) float
        The state before the first window; becomes that after the last.
    ids : (n T + 1,) unsigned integer
        n windows in a row.
    first_update : int
        How many updates were made before.
    smooth_loss : float
        The smooth loss before, nats per window.
    sequence_length : int
        T.
    learning_rate, epsilon, clip, l2, warmup_updates
        See `charrnn.runs.Recipe`.
    lowest : float
        A smooth loss, nats per window.
    best : Weights, optional
        Is changed to the weights after the update with the lowest smooth loss, if that is
        below `lowest`.

    Returns
    -------
    (n,) float64
        The smooth loss after each update, nats per window; NaN from the update on at
        which the loss was not finite, which is not made, and after which the arrays are
        of no use.
    """
    dtype = weights.b.dtype
    windows = (len(ids) - 1) // sequence_length
    net, G = padded_net(weights), padded_net(squares)
    state = padded(hidden)
    smooth_losses = np.empty(windows)
    kept = net if best is None else padded_net(best)
    updates = np.arange(first_update + 1, first_update + windows + 1)
    rise = np.minimum(updates / max(warmup_updates, 1), 1.0)
    train(
        net,
        G,
        state,
        indices(ids),
        sequence_length,
        (learning_rate * rise).astype(dtype),
        Rates(dtype.type(epsilon), dtype.type(clip), dtype.type(2 * l2)),
        smooth_loss,
        smooth_losses,
        space_for(net, sequence_length),
        lowest if best is not None else -math.inf,
        kept,
    )
    changes = [(net, weights), (G, squares)]
    if best is not None:
        changes.append((kept, best))
    for changed, arrays in changes:
        for array, values in zip(arrays, unpadded_net(changed, arrays), strict=True):
            array[:] = values
    hidden[:] = state[: hidden.size]
    return smooth_losses


@jit
def _gradients(D: Array, H: Array, P: Array, x: Array, d: Net) -> None:
    """Fill the gradients of the loss, zeros so far, from d_a in D and d_o in P."""
    add_products(d.V, P[:, : d.V.shape[0]].T, H[1:])
    add_products(d.W, D[:, : d.W.shape[0]].T, H)
    sum_rows(d.b, D)
    sum_rows(d.c, P)
    dU, slots = np.zeros_like(D), np.full(d.UT.shape[0], -1)
    seen = np.zeros(x.shape[0], np.int64)
    for s in range(sum_by_character(x, D, dU, seen, slots)):
        d.UT[seen[s]] = dU[s]


@jit
def _one_window(
    net: Net, reader: Reader, hidden: Array, x: Array, y: Array, d: Net
) -> float:
    """Fill d with the gradients of the loss; return it; `hidden` becomes the last."""
    H = np.zeros((x.shape[0] + 1, hidden.size), hidden.dtype)
    P = np.zeros((x.shape[0], net.c.size), hidden.dtype)
    D = np.zeros_like(H[1:])
    H[0] = hidden
    states(reader, x, H)
    outputs(reader, H, P)
    loss = 0.0
    for t in range(x.shape[0]):
        loss += softmax(P[t, : net.V.shape[0]], y[t])
    back_propagate(net, y, H, P, D)
    _gradients(D, H, P, x, d)
    hidden[:] = H[x.shape[0]]
    return loss


def loss_and_gradients(
    weights: Weights, inputs: Ids, targets: Ids, hidden: Array, *, l2: float
) -> Pass:
    """Return the loss, the gradients of J before clipping, and the last state.

    The same as `reference.loss_and_gradients`, by the code that trains.
    """
    net, reader = padded_net(weights), reader_of(weights)
    d = Net(*(np.zeros_like(array) for array in net))
    state = padded(hidden)
    loss = _one_window(net, reader, state, indices(inputs), indices(targets), d)
    d_b, d_c, *d_matrices = unpadded_net(d, weights)
    penalised = (
        d_loss + 2 * l2 * theta
        for d_loss, theta in zip(d_matrices, weights[2:], strict=True)
    )
    return Pass(loss, Weights(d_b, d_c, *penalised), state[: hidden.size].copy())
