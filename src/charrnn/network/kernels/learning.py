"""Learning, compiled: a window's gradients, then AdaGrad, many updates in one call.

What makes it fast, and how many times as long an update takes without:

* all products are those of `products`, on aligned arrays (`padding`), of matrices in the
  orientation in which they are multiplied: W and V for the backward pass, and their
  transposes for the forward pass;
* the logits and their gradients are computed for all T steps after the recurrence: 1.04
  (AVX2), 0.98 (SSE2);
* U is changed only in the columns of the characters that occur in the window, since a
  zero gradient changes nothing: 1.04, 1.06, and more the larger K is;
* AdaGrad takes W and V as one long row each, and not 100 elements at a time: 1.02;
* many updates are made in one call: 3.3 with one update a call.

Measured at m = 100, K = 65, T = 25, float32, on one core of a busy Zen 3.  Programs with
and without took turns, 100 updates at a time: compiled for AVX2, 48,000 updates in 6 fresh
starts, and for SSE2 (NUMBA_CPU_NAME=generic), 9,600 in 4.  The figure is the mean, over
the starts, of the ratio of the least times; two equal programs differ by up to 0.02.
AVX-512 was not at hand.
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
    int64_ids,
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
from charrnn.network.model import Model, Pass, Weights
from charrnn.settings import Recipe
from charrnn.text.vocabulary import Ids

Array = NDArray[Any]


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
    forward : ForwardWeights
        b, c and UT are those of the weights; WT and VT are filled for each window.
    H : (T + 1, M) float
        The states h_0 ... h_T.
    P : (T, L) float
        The o_t, then the p_t, then the d_o_t.
    D : (T, M) float
        d_a_t.
    d : BackwardWeights
        The gradients of the loss, without the penalty.
    occurs : (K,) bool
        The characters of the window: the rows of d.UT that are not zero.
    """

    forward: ForwardWeights
    H: Array
    P: Array
    D: Array
    d: BackwardWeights
    occurs: Array


def workspace_for(weights: BackwardWeights, T: int) -> Workspace:
    """Return the workspace of updates by windows of T characters."""
    b, c, UT, W, V = weights
    (m, M), (K, _), L = W.shape, V.shape, c.size
    shapes = [(m, M), (m, L), (T + 1, M), (T, L), (T, M)]
    shapes += [array.shape for array in weights]
    WT, VT, H, P, D, *d = aligned_zeros(shapes, b.dtype)
    forward = ForwardWeights(b, c, UT, WT, VT)
    return Workspace(forward, H, P, D, BackwardWeights(*d), np.zeros(K, np.bool_))


@jit
def _differentiate(
    weights: BackwardWeights, x: Array, y: Array, workspace: Workspace
) -> float:
    """Return the loss of a window, nats, and fill its gradients, given h_0 in H[0].

    ::

        d_c = sum_t d_o_t            d_V = sum_t d_o_t h_t'
        d_b = sum_t d_a_t            d_W = sum_t d_a_t h_{t-1}'
                                     d_U = sum_t d_a_t onehot(x_t)'
    """
    m, K = weights.W.shape[0], weights.V.shape[0]
    forward, H, P, D, d, occurs = workspace
    transpose(weights.W, m, forward.WT)
    transpose(weights.V, m, forward.VT)
    fill_states(forward, x, H)
    fill_logits(forward, H, P)
    loss = 0.0
    for t in range(x.shape[0]):
        loss += softmax_loss(P[t, :K], y[t])
    back_propagate(weights, y, H, P, D)
    sum_rows(d.b, D)
    sum_rows(d.c, P)
    sum_by_character(x, D, d.UT, occurs)
    d.W[:] = 0
    add_products(d.W, D[:, :m].T, H)
    d.V[:] = 0
    add_products(d.V, P[:, :K].T, H[1:])
    return loss


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
def _copy(to: BackwardWeights, arrays: BackwardWeights) -> None:
    copy_row(to.b, arrays.b)
    copy_row(to.c, arrays.c)
    copy_row(to.UT.reshape(-1), arrays.UT.reshape(-1))
    copy_row(to.W.reshape(-1), arrays.W.reshape(-1))
    copy_row(to.V.reshape(-1), arrays.V.reshape(-1))


@jit
def _make_updates(
    weights: BackwardWeights,
    G: BackwardWeights,
    ids: Array,
    etas: Array,
    constants: StepConstants,
    smooth_loss: float,
    smooth_losses: Array,
    workspace: Workspace,
    lowest: float,
    best: BackwardWeights,
    best_G: BackwardWeights,
    best_state: Array,
) -> None:
    """Make an update for each of the learning rates `etas`, (n,), in place.

    Before it and after, the state is in the last row of `workspace.H`.  `smooth_losses`,
    (n,), is filled.  All else is as in `train_windows`.
    """
    H, d, T = workspace.H, workspace.d, workspace.D.shape[0]
    # Not `twice_l2 * 0`, which is a double and would make the step in double.
    unpenalised = StepConstants(
        constants.epsilon, constants.clip, weights.b.dtype.type(0)
    )
    for n in range(etas.size):
        x, y, eta = ids[n * T : n * T + T], ids[n * T + 1 : n * T + T + 1], etas[n]
        copy_row(H[0], H[T])
        loss = _differentiate(weights, x, y, workspace)
        smooth_loss = 0.999 * smooth_loss + 0.001 * loss
        smooth_losses[n] = smooth_loss
        if not np.isfinite(loss):
            smooth_losses[n:] = np.nan
            return
        _adagrad(weights.b, G.b, d.b, eta, unpenalised)
        _adagrad(weights.c, G.c, d.c, eta, unpenalised)
        for k in range(weights.UT.shape[0]):
            if workspace.occurs[k] or constants.twice_l2 != 0:
                _adagrad(weights.UT[k], G.UT[k], d.UT[k], eta, constants)
        _adagrad(
            weights.W.reshape(-1), G.W.reshape(-1), d.W.reshape(-1), eta, constants
        )
        _adagrad(
            weights.V.reshape(-1), G.V.reshape(-1), d.V.reshape(-1), eta, constants
        )
        if smooth_loss < lowest:
            lowest = smooth_loss
            _copy(best, weights)
            _copy(best_G, G)
            copy_row(best_state, H[T])


def train_windows(
    model: Model,
    ids: Ids,
    recipe: Recipe,
    *,
    first_update: int,
    last_update: int | None = None,
    smooth_loss: float,
    lowest: float = -math.inf,
    best: Model | None = None,
) -> NDArray[np.float64]:
    """Make an update for each window of a text, in place.

    Parameters
    ----------
    model : Model
        theta, the state before the first window, and G; changed in place.
    ids : (n T + 1,) unsigned integer
        n windows in a row.
    recipe : Recipe
        Its `epochs` are of no effect here.
    first_update : int
        The number of updates already made.
    last_update : int, optional
        The number of updates of the whole training; without it, this call ends it.
    smooth_loss : float
        The smooth loss before the first update, nats per window.
    lowest : float
        A smooth loss, nats per window.
    best : Model, optional
        Becomes the model after the update with the lowest smooth loss, if that is below
        `lowest`.

    Returns
    -------
    (n,) float64
        The smooth loss after each update, nats per window; NaN from the first update on
        whose loss is not finite.  That update is not made, and the arrays are of no use.
    """
    dtype, T = model.hidden.dtype, recipe.sequence_length
    windows, m = (len(ids) - 1) // T, model.hidden.size
    theta, G = backward_weights(model.weights), backward_weights(model.squares)
    workspace = workspace_for(theta, T)
    state = workspace.H[T]
    state[:m] = model.hidden
    best_theta, best_G, best_state = theta, G, state
    if best is not None:
        best_theta = backward_weights(best.weights)
        best_G, best_state = backward_weights(best.squares), state.copy()
        best_state[:m] = best.hidden
    smooth_losses = np.empty(windows)
    n = np.arange(first_update + 1, first_update + windows + 1)
    N = first_update + windows if last_update is None else last_update
    rise = np.minimum(n / max(recipe.warmup_updates, 1), 1.0)
    fall = np.minimum((N + 1 - n) / max(int(recipe.decay_fraction * N), 1), 1.0)
    _make_updates(
        theta,
        G,
        int64_ids(ids),
        (recipe.learning_rate * rise * fall).astype(dtype),
        StepConstants(*map(dtype.type, (recipe.epsilon, recipe.clip, 2 * recipe.l2))),
        smooth_loss,
        smooth_losses,
        workspace,
        lowest if best is not None else -math.inf,
        best_theta,
        best_G,
        best_state,
    )
    _write_back(theta, G, state, model)
    if best is not None:
        _write_back(best_theta, best_G, best_state, best)
    return smooth_losses


def _write_back(
    theta: BackwardWeights, G: BackwardWeights, state: Array, model: Model
) -> None:
    for changed, arrays in ((theta, model.weights), (G, model.squares)):
        for array, values in zip(arrays, unpadded(changed, arrays), strict=True):
            array[:] = values
    model.hidden[:] = state[: model.hidden.size]


def window_gradients(
    weights: Weights, inputs: Ids, targets: Ids, hidden: Array, *, l2: float
) -> Pass:
    """Return the loss, the gradients of J before clipping, and the last state.

    The same as `reference.loss_and_gradients`, by the code that trains.
    """
    theta, x, y = backward_weights(weights), int64_ids(inputs), int64_ids(targets)
    workspace = workspace_for(theta, x.size)
    workspace.H[0, : hidden.size] = hidden
    loss = _differentiate(theta, x, y, workspace)
    d_b, d_c, *d_matrices = unpadded(workspace.d, weights)
    penalised = (
        d_loss + 2 * l2 * matrix
        for d_loss, matrix in zip(d_matrices, weights[2:], strict=True)
    )
    last = workspace.H[-1, : hidden.size].copy()
    return Pass(loss, Weights(d_b, d_c, *penalised), last)
