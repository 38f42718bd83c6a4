"""Many updates in one call, compiled: a window's passes, then AdaGrad, again and again.

What makes it fast:

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

from charrnn.network.kernels.jit import jit
from charrnn.network.kernels.padding import Net, Reader, all_zeros
from charrnn.network.kernels.passes import (
    add_products,
    back_propagate,
    copy_row,
    outputs,
    softmax,
    states,
    sum_by_character,
    sum_rows,
    transpose,
)
from charrnn.network.kernels.products import TILE_ROWS

Array = NDArray[Any]

# Of a gradient, that are made before they are used.
_ROWS = 8 * TILE_ROWS


class Rates(NamedTuple):
    """What all updates have in common, numbers of the weights' type; l2 doubled, as used."""

    epsilon: Any
    clip: Any
    twice_l2: Any


@jit
def _adagrad(theta: Array, G: Array, d_loss: Array, eta: Any, rates: Rates) -> None:
    """Take one step in place, given the gradient of the loss without the penalty."""
    for i in range(theta.shape[0]):
        g = d_loss[i] + rates.twice_l2 * theta[i]
        g = min(max(g, -rates.clip), rates.clip)
        G[i] += g * g
        theta[i] -= eta * g / np.sqrt(G[i] + rates.epsilon)


@jit
def _step_by_rows(
    theta: Array,
    G: Array,
    factors: Array,
    terms: Array,
    rows: Array,
    eta: Any,
    rates: Rates,
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
            rates,
        )


class Space(NamedTuple):
    """Where an update writes what it computes, so that nothing is allocated meanwhile.

    Attributes
    ----------
    WT : (m, M) float
    VT : (m, L) float
    H : (T + 1, M) float
        The states h_0 ... h_T.
    P : (T, L) float
        The logits, then the probabilities, then d_o.
    D : (T, M) float
        d_a.
    dU : (T, M) float
        Columns of d_U, one for each distinct character of the window.
    rows : (some, M) float
        Rows of d_V or d_W.
    d_b : (M,) float
    d_c : (L,) float
    nothing : (M,) float
        Zeros: the gradient of a column of U whose character does not occur.
    seen : (T,) int64
        The distinct characters of the window, in the order of dU.
    slots : (K,) int64
        Of each character its row in dU, or -1.
    """

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
    seen: Array
    slots: Array


def space_for(net: Net, T: int) -> Space:
    """Return room for the updates of a net with windows of T characters."""
    (m, M), (K, _), L = net.W.shape, net.V.shape, net.c.size
    shapes = ((m, M), (m, L), (T + 1, M), (T, L), (T, M), (T, M), (_ROWS, M))
    arrays = all_zeros((*shapes, (M,), (L,), (M,)), net.b.dtype)
    return Space(*(*arrays, np.zeros(T, np.int64), np.full(K, -1)))


@jit
def train(
    net: Net,
    G: Net,
    hidden: Array,
    ids: Array,
    T: int,
    etas: Array,
    rates: Rates,
    smooth_loss: float,
    smooth_losses: Array,
    space: Space,
    lowest: float,
    best: Net,
) -> None:
    """Make an update for each of the learning rates `etas`, in place.

    Parameters
    ----------
    net, G : Net
        theta and AdaGrad's sums of squares; changed.
    hidden : (M,) float
        The state before the first window; becomes that after the last.
    ids : (n T + 1,) int64
    T : int
    etas : (n,) float
        The learning rate of each update.
    rates : Rates
    smooth_loss : float
        Before the first update, nats per window.
    smooth_losses : (n,) float64
        Is filled; NaN from the first update on whose loss is not finite.
    space : Space
    lowest : float
        A smooth loss; -inf if no lower one is of interest.
    best : Net
        Becomes theta after the update with the lowest smooth loss below `lowest`.
    """
    m, K = net.W.shape[0], net.V.shape[0]
    WT, VT, H, P, D, dU, rows, d_b, d_c, nothing, seen, slots = space
    reader = Reader(net.b, net.c, net.UT, WT, VT)
    # Not `rates.twice_l2 * 0`, which is a double and would make the step in double.
    unpenalised = Rates(rates.epsilon, rates.clip, net.b.dtype.type(0))
    copy_row(H[T], hidden)
    for n in range(etas.size):
        x, y, eta = ids[n * T : n * T + T], ids[n * T + 1 : n * T + T + 1], etas[n]
        transpose(net.W, m, WT)
        transpose(net.V, m, VT)
        copy_row(H[0], H[T])
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

        _step_by_rows(net.V, G.V, P[:, :K].T, H[1:], rows, eta, rates)
        _step_by_rows(net.W, G.W, D[:, :m].T, H, rows, eta, rates)
        count = sum_by_character(x, D, dU, seen, slots)
        if rates.twice_l2 == 0:
            for s in range(count):
                _adagrad(net.UT[seen[s]], G.UT[seen[s]], dU[s], eta, rates)
        else:
            for k in range(K):
                d_u = dU[slots[k]] if slots[k] >= 0 else nothing
                _adagrad(net.UT[k], G.UT[k], d_u, eta, rates)
        for s in range(count):
            slots[seen[s]] = -1
        sum_rows(d_b, D)
        _adagrad(net.b, G.b, d_b, eta, unpenalised)
        sum_rows(d_c, P)
        _adagrad(net.c, G.c, d_c, eta, unpenalised)
        if smooth_loss < lowest:
            lowest = smooth_loss
            copy_row(best.b, net.b)
            copy_row(best.c, net.c)
            copy_row(best.UT.reshape(-1), net.UT.reshape(-1))
            copy_row(best.W.reshape(-1), net.W.reshape(-1))
            copy_row(best.V.reshape(-1), net.V.reshape(-1))
    copy_row(hidden, H[T])
