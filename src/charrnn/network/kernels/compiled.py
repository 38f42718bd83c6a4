"""Learning, compiled by Numba: written to be fast and to give the same bits anywhere.

The equations are those of `reference`, which judges this module.  How it is fast is said
in `updates`, `passes` and `products`.
"""

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

from charrnn.network.kernels.padding import (
    Net,
    indices,
    padded,
    padded_net,
    reader_of,
    room_for_states,
    unpadded_net,
    zeros,
)
from charrnn.network.kernels.passes import (
    add_products,
    back_propagate,
    outputs,
    softmax,
    states,
    sum_by_character,
    sum_rows,
)
from charrnn.network.kernels.updates import Rates, space_for, train
from charrnn.network.model import Pass, Weights
from charrnn.text.vocabulary import Ids

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
        See `charrnn.training.state.Recipe`.
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
    (state,) = padded(hidden)
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


def loss_and_gradients(
    weights: Weights, inputs: Ids, targets: Ids, hidden: Array, *, l2: float
) -> Pass:
    """Return the loss, the gradients of J before clipping, and the last state.

    The same as `reference.loss_and_gradients`, by the pieces that training is made of.
    """
    net, reader = padded_net(weights), reader_of(weights)
    x, y, m, K = indices(inputs), indices(targets), hidden.size, weights.vocabulary_size
    H, P = room_for_states(x.size, hidden), zeros((x.size, net.c.size), hidden.dtype)
    states(reader, x, H)
    outputs(reader, H, P)
    loss = 0.0
    for t in range(x.size):
        loss += softmax(P[t, :K], y[t])
    D = np.zeros_like(H[1:])
    back_propagate(net, y, H, P, D)

    d = Net(*map(np.zeros_like, net))
    add_products(d.V, P[:, :K].T, H[1:])
    add_products(d.W, D[:, :m].T, H)
    sum_rows(d.b, D)
    sum_rows(d.c, P)
    dU, seen, slots = np.zeros_like(D), np.zeros(x.size, np.int64), np.full(K, -1)
    count = sum_by_character(x, D, dU, seen, slots)
    d.UT[seen[:count]] = dU[:count]
    d_b, d_c, *d_matrices = unpadded_net(d, weights)
    penalised = (
        d_loss + 2 * l2 * theta
        for d_loss, theta in zip(d_matrices, weights[2:], strict=True)
    )
    return Pass(loss, Weights(d_b, d_c, *penalised), H[-1, :m].copy())
