"""Learning, compiled: a window's passes, then AdaGrad, many updates in one call.

What makes it fast:

* `passes.add_products` does all products; each matrix is kept in the orientation in
  which it is multiplied: W and V, which the backward pass reads, and their transposes,
  which the forward pass reads;
* the logits and their gradients are computed for all T steps after the recurrence;
* some rows of a gradient at a time are computed, used for their AdaGrad step, and
  overwritten;
* U is read and written only in the columns of the characters that occur in the window,
  since a zero gradient changes nothing;
* many updates are made in one call.
"""

import math
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from charrnn.network.kernels.jit import jit
from charrnn.network.kernels.padding import (
    BackwardWeights,
    ForwardWeights,
    aligned_zeros,
    backward_weights,
    forward_weights,
    int64_ids,
    padded,
    states_from,
    unpadded,
)
from charrnn.network.kernels.passes import (
    add_products,
    back_propagate,
    copy_row,
    fill_logits,
    fill_states,
    softmax_loss,
    sum_by_character,
    sum_rows,
    transpose,
)
from charrnn.network.kernels.products import TILE_ROWS
from charrnn.network.model import Pass, Weights
from charrnn.settings import Recipe
from charrnn.text.vocabulary import Ids

Array = NDArray[Any]

# Rows of a gradient that are computed before they are used.
_ROWS = 8 * TILE_ROWS


class StepConstants(NamedTuple):
    """What all AdaGrad steps have in common, in the weights' type; l2 doubled, as used."""

    epsilon: Any
    clip: Any
    twice_l2: Any


class Workspace(NamedTuple):
    """Where an update writes what it computes, so that an update allocates nothing.

    M and L are the widths that m and K are padded to.

    Attributes
    ----------
    WT : (m, M) float
    VT : (m, L) float
    H : (T + 1, M) float
        The states h_0 ... h_T.
    P : (T, L) float
        The o_t, then the p_t, then the d_o_t.
    D : (T, M) float
        d_a_t.
    dU : (T, M) float
        Columns of d_U, one for each distinct character of the window.
    rows : (some, M) float
        Rows of d_V or d_W.
    d_b : (M,) float
    d_c : (L,) float
    no_gradient : (M,) float
        Zeros: the gradient of a column of U whose character does not occur.
    seen : (T,) int64
        The distinct characters of the window, in the order of dU.
    slots : (K,) int64
        For each character its row in dU, or -1.
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
    no_gradient: Array
    seen: Array
    slots: Array


def workspace_for(weights: BackwardWeights, T: int) -> Workspace:
    """Return the workspace of updates by windows of T characters."""
    (m, M), (K, _), L = weights.W.shape, weights.V.shape, weights.c.size
    shapes = ((m, M), (m, L), (T + 1, M), (T, L), (T, M), (T, M), (_ROWS, M))
    arrays = aligned_zeros((*shapes, (M,), (L,), (M,)), weights.b.dtype)
    return Workspace(*(*arrays, np.zeros(T, np.int64), np.full(K, -1)))


@jit
def _adagrad(
    theta: Array, G: Array, d_loss: Array, eta: Any, constants: StepConstants
) -> None:
    """Take one step in place, given the gradient of the loss without the penalty.

    ::

        g = clip(d_loss + 2 l2 theta)
        G = G + g^2        theta = theta - eta g / sqrt(G + epsilon)
    """
    for i in range(theta.shape[0]):
        g = d_loss[i] + constants.twice_l2 * theta[i]
        g = min(max(g, -constants.clip), constants.clip)
        G[i] += g * g
        theta[i] -= eta * g / np.sqrt(G[i] + constants.epsilon)


@jit
def _step_by_rows(
    theta: Array,
    G: Array,
    factors: Array,
    terms: Array,
    rows: Array,
    eta: Any,
    constants: StepConstants,
) -> None:
    """Step V or W in place, some rows of the gradient, factors terms, at a time.

    ::

        d_V = sum_t d_o_t h_t'        d_W = sum_t d_a_t h_{t-1}'

    AdaGrad takes these rows as one long row: one of 100 elements ends too soon to be fast.
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
            constants,
        )


@jit
def _make_updates(
    weights: BackwardWeights,
    G: BackwardWeights,
    hidden: Array,
    ids: Array,
    T: int,
    etas: Array,
    constants: StepConstants,
    smooth_loss: float,
    smooth_losses: Array,
    workspace: Workspace,
    lowest: float,
    best: BackwardWeights,
) -> None:
    """Make an update for each of the learning rates `etas`, (n,), in place.

    Everything else is as in `train_windows`; `smooth_losses`, (n,), is filled.
    """
    m, K = weights.W.shape[0], weights.V.shape[0]
    WT, VT, H, P, D, dU, rows, d_b, d_c, no_gradient, seen, slots = workspace
    forward = ForwardWeights(weights.b, weights.c, weights.UT, WT, VT)
    # Not `twice_l2 * 0`, which is a double and would make the step in double.
    unpenalised = StepConstants(
        constants.epsilon, constants.clip, weights.b.dtype.type(0)
    )
    copy_row(H[T], hidden)
    for n in range(etas.size):
        x, y, eta = ids[n * T : n * T + T], ids[n * T + 1 : n * T + T + 1], etas[n]
        transpose(weights.W, m, WT)
        transpose(weights.V, m, VT)
        copy_row(H[0], H[T])
        fill_states(forward, x, H)
        fill_logits(forward, H, P)
        loss = 0.0
        for t in range(T):
            loss += softmax_loss(P[t, :K], y[t])
        smooth_loss = 0.999 * smooth_loss + 0.001 * loss
        smooth_losses[n] = smooth_loss
        if not np.isfinite(loss):
            smooth_losses[n:] = np.nan
            return
        back_propagate(weights, y, H, P, D)

        _step_by_rows(weights.V, G.V, P[:, :K].T, H[1:], rows, eta, constants)
        _step_by_rows(weights.W, G.W, D[:, :m].T, H, rows, eta, constants)
        count = sum_by_character(x, D, dU, seen, slots)
        if constants.twice_l2 == 0:
            for s in range(count):
                _adagrad(weights.UT[seen[s]], G.UT[seen[s]], dU[s], eta, constants)
        else:
            for k in range(K):
                d_u = dU[slots[k]] if slots[k] >= 0 else no_gradient
                _adagrad(weights.UT[k], G.UT[k], d_u, eta, constants)
        for s in range(count):
            slots[seen[s]] = -1
        sum_rows(d_b, D)
        _adagrad(weights.b, G.b, d_b, eta, unpenalised)
        sum_rows(d_c, P)
        _adagrad(weights.c, G.c, d_c, eta, unpenalised)
        if smooth_loss < lowest:
            lowest = smooth_loss
            copy_row(best.b, weights.b)
            copy_row(best.c, weights.c)
            copy_row(best.UT.reshape(-1), weights.UT.reshape(-1))
            copy_row(best.W.reshape(-1), weights.W.reshape(-1))
            copy_row(best.V.reshape(-1), weights.V.reshape(-1))
    copy_row(hidden, H[T])


def train_windows(
    weights: Weights,
    squares: Weights,
    hidden: Array,
    ids: Ids,
    recipe: Recipe,
    *,
    first_update: int,
    smooth_loss: float,
    lowest: float = -math.inf,
    best: Weights | None = None,
) -> NDArray[np.float64]:
    """Make an update for each window of a text, in place.

    Parameters
    ----------
    weights, squares : Weights
        theta and G; changed in place.
    hidden : (m,) float
        The state before the first window; becomes the state after the last.
    ids : (n T + 1,) unsigned integer
        n windows in a row.
    recipe : Recipe
        Its `epochs` are of no effect here.
    first_update : int
        The number of updates already made.
    smooth_loss : float
        The smooth loss before the first update, nats per window.
    lowest : float
        A smooth loss, nats per window.
    best : Weights, optional
        Becomes the weights after the update with the lowest smooth loss, if that is
        below `lowest`.

    Returns
    -------
    (n,) float64
        The smooth loss after each update, nats per window; NaN from the first update on
        whose loss is not finite.  That update is not made, and the arrays are of no use.
    """
    dtype, T = weights.b.dtype, recipe.sequence_length
    windows = (len(ids) - 1) // T
    theta, G = backward_weights(weights), backward_weights(squares)
    (state,) = padded(hidden)
    smooth_losses = np.empty(windows)
    kept = theta if best is None else backward_weights(best)
    updates = np.arange(first_update + 1, first_update + windows + 1)
    rise = np.minimum(updates / max(recipe.warmup_updates, 1), 1.0)
    _make_updates(
        theta,
        G,
        state,
        int64_ids(ids),
        T,
        (recipe.learning_rate * rise).astype(dtype),
        StepConstants(*map(dtype.type, (recipe.epsilon, recipe.clip, 2 * recipe.l2))),
        smooth_loss,
        smooth_losses,
        workspace_for(theta, T),
        lowest if best is not None else -math.inf,
        kept,
    )
    changes = [(theta, weights), (G, squares)]
    if best is not None:
        changes.append((kept, best))
    for changed, arrays in changes:
        for array, values in zip(arrays, unpadded(changed, arrays), strict=True):
            array[:] = values
    hidden[:] = state[: hidden.size]
    return smooth_losses


def window_gradients(
    weights: Weights, inputs: Ids, targets: Ids, hidden: Array, *, l2: float
) -> Pass:
    """Return the loss, the gradients of J before clipping, and the last state.

    The same as `reference.loss_and_gradients`, by the passes that training consists of.
    """
    theta, forward = backward_weights(weights), forward_weights(weights)
    x, y = int64_ids(inputs), int64_ids(targets)
    m, K = weights.hidden_size, weights.vocabulary_size
    H = states_from(hidden, x.size)
    P, D = aligned_zeros([(x.size, theta.c.size), H[1:].shape], hidden.dtype)
    fill_states(forward, x, H)
    fill_logits(forward, H, P)
    loss = 0.0
    for t in range(x.size):
        loss += softmax_loss(P[t, :K], y[t])
    back_propagate(theta, y, H, P, D)

    d = BackwardWeights(*map(np.zeros_like, theta))
    add_products(d.V, P[:, :K].T, H[1:])
    add_products(d.W, D[:, :m].T, H)
    sum_rows(d.b, D)
    sum_rows(d.c, P)
    dU, seen, slots = np.zeros_like(D), np.zeros(x.size, np.int64), np.full(K, -1)
    count = sum_by_character(x, D, dU, seen, slots)
    d.UT[seen[:count]] = dU[:count]
    d_b, d_c, *d_matrices = unpadded(d, weights)
    penalised = (
        d_loss + 2 * l2 * theta
        for d_loss, theta in zip(d_matrices, weights[2:], strict=True)
    )
    return Pass(loss, Weights(d_b, d_c, *penalised), H[-1, :m].copy())
