"""Learning, compiled by Numba: written to be fast and to give the same bits anywhere.

The equations are those of `reference`, which judges this module.  What makes it fast:

* `passes.add_products` does all products; each matrix is kept in the orientation in
  which it is multiplied: W and V, which back-propagation needs, and their transposes,
  which the forward pass needs;
* outputs and their gradients are computed for all T steps after the recurrence;
* some rows of a gradient at a time are made, used for their AdaGrad step, forgotten;
* U is touched only in the columns of the characters that occur in the window, since a
  zero gradient changes nothing;
* many updates are made in one call.
"""

from typing import Any, NamedTuple

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
    zeros,
)
from charrnn.kernels.passes import (
    add_products,
    back_propagate,
    outputs,
    softmax,
    states,
    sum_by_character,
    sum_rows,
    transpose,
)
from charrnn.kernels.products import TILE_ROWS
from charrnn.model import Pass, Weights

Array = NDArray[Any]

# Of a gradient, that are made before they are used.
_ROWS = 8 * TILE_ROWS


class _Recipe(NamedTuple):
    """What all updates have in common, in the weights' type; l2 doubled, as used."""

    epsilon: Any
    clip: Any
    twice_l2: Any


@jit
def _adagrad(theta: Array, G: Array, d_loss: Array, eta: Any, recipe: _Recipe) -> None:
    """Take one step in place, given the gradient of the loss without the penalty."""
    for i in range(theta.shape[0]):
        g = d_loss[i] + recipe.twice_l2 * theta[i]
        g = min(max(g, -recipe.clip), recipe.clip)
        G[i] += g * g
        theta[i] -= eta * g / np.sqrt(G[i] + recipe.epsilon)


@jit
def _step_by_rows(
    theta: Array,
    G: Array,
    factors: Array,
    terms: Array,
    rows: Array,
    eta: Any,
    recipe: _Recipe,
) -> None:
    """Step V or W, in place, some rows of the gradient, factors terms, at a time.

    Some rows are as one long one to AdaGrad: its loop is soon done with 100 elements.
    """
    size = rows.shape[0]
    for first in range(0, theta.shape[0], size):
        count = min(size, theta.shape[0] - first)
        rows[:] = 0
        add_products(rows[:count], factors[first : first + count], terms)
        _adagrad(
            theta[first : first + count].reshape(-1),
            G[first : first + count].reshape(-1),
            rows[:count].reshape(-1),
            eta,
            recipe,
        )


class _Space(NamedTuple):
    """Where an update writes what it computes; see `passes` for the letters."""

    WT: Array
    VT: Array
    H: Array
    P: Array
    D: Array
    dU: Array
    rows: Array
    d_b: Array
    d_c: Array
    nothing: Array


def _space(net: Net, T: int) -> _Space:
    m, M = net.W.shape
    K = net.c.size  # with its padding, like M
    shapes = ((m, M), (m, K), (T + 1, M), (T, K), (T, M), (T, M), (_ROWS, M))
    return _Space(*(zeros(shape, net.b.dtype) for shape in (*shapes, (M,), (K,), (M,))))


@jit
def _train(
    net: Net,
    G: Net,
    hidden: Array,
    ids: Array,
    T: int,
    etas: Array,
    recipe: _Recipe,
    smooth_loss: float,
    smooth_losses: Array,
    space: _Space,
) -> None:
    """Make an update for each of the learning rates `etas`, in place."""
    m, K = net.W.shape[0], net.V.shape[0]
    WT, VT, H, P, D, dU, rows, d_b, d_c, nothing = space
    reader = Reader(net.b, net.c, net.UT, WT, VT)
    seen, slots = np.zeros(T, np.int64), np.full(K, -1)
    unpenalised = _Recipe(recipe.epsilon, recipe.clip, recipe.twice_l2 * 0)
    H[T] = hidden
    for n in range(etas.size):
        x, y, eta = ids[n * T : n * T + T], ids[n * T + 1 : n * T + T + 1], etas[n]
        transpose(net.W, m, WT)
        transpose(net.V, m, VT)
        H[0] = H[T]
        states(reader, x, H)
        outputs(reader, H, P)
        loss = 0.0
        for t in range(T):
            loss += softmax(P[t, :K], y[t])
        smooth_loss = 0.999 * smooth_loss + 0.001 * loss
        smooth_losses[n] = smooth_loss
        if not np.isfinite(loss):
            smooth_losses[n:] = np.nan
            return
        back_propagate(net, y, H, P, D)

        _step_by_rows(net.V, G.V, P[:, :K].T, H[1:], rows, eta, recipe)
        _step_by_rows(net.W, G.W, D[:, :m].T, H, rows, eta, recipe)
        count = sum_by_character(x, D, dU, seen, slots)
        if recipe.twice_l2 == 0:
            for s in range(count):
                _adagrad(net.UT[seen[s]], G.UT[seen[s]], dU[s], eta, recipe)
        else:
            for k in range(K):
                d_u = dU[slots[k]] if slots[k] >= 0 else nothing
                _adagrad(net.UT[k], G.UT[k], d_u, eta, recipe)
        for s in range(count):
            slots[seen[s]] = -1
        sum_rows(d_b, D)
        _adagrad(net.b, G.b, d_b, eta, unpenalised)
        sum_rows(d_c, P)
        _adagrad(net.c, G.c, d_c, eta, unpenalised)
    hidden[:] = H[T]


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
        See `charrnn.training.Recipe`.

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
    updates = np.arange(first_update + 1, first_update + windows + 1)
    rise = np.minimum(updates / max(warmup_updates, 1), 1.0)
    _train(
        net,
        G,
        state,
        indices(ids),
        sequence_length,
        (learning_rate * rise).astype(dtype),
        _Recipe(dtype.type(epsilon), dtype.type(clip), dtype.type(2 * l2)),
        smooth_loss,
        smooth_losses,
        _space(net, sequence_length),
    )
    for changed, arrays in ((net, weights), (G, squares)):
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
