"""Learning, compiled: a window's gradients, then AdaGrad, many updates in one call.

What makes it fast moves no result: all products are those of `products`, on aligned rows
(`padding`); all that is not the recurrence is done for all T steps at once; U is changed
in the columns of the window's characters only, since a zero gradient changes nothing; and
many updates are made in one call.  benchmarks/README.md has the time of each piece.
"""

import math
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from charrnn.network.kernels.jit import jit
from charrnn.network.kernels.padding import (
    PaddedWeights,
    Scratch,
    aligned_zeros,
    int64_ids,
    padded_weights,
    scratch_for,
    unpadded,
)
from charrnn.network.kernels.passes import (
    add_products,
    back_propagate,
    copy_row,
    fill_logits,
    fill_states,
    softmax_losses,
    sum_steps,
    transpose,
)
from charrnn.network.model import Model, Pass, Weights, zeros_like
from charrnn.settings import Recipe
from charrnn.text.vocabulary import Ids

Array = NDArray[Any]


class StepConstants(NamedTuple):
    """What all AdaGrad steps have in common, in the weights' type; l2 doubled, as used."""

    epsilon: Any
    clip: Any
    twice_l2: Any


class Workspace(NamedTuple):
    """Where an update writes what it computes, so that an update allocates nothing."""

    scratch: Scratch
    D: Array  # (T, M): d_a_t
    d: PaddedWeights  # the gradients of the loss, without the penalty
    occurs: Array  # (K,) bool: the window's characters, the rows of d.UT that are not 0


def workspace_for(weights: Weights, hidden: Array, T: int) -> Workspace:
    """Return the workspace of updates by windows of T characters; h_0 is `hidden`."""
    scratch, d = scratch_for(weights, hidden, T), padded_weights(zeros_like(weights))
    D, _ = aligned_zeros([(T, d.b.size)], d.b.dtype)
    return Workspace(scratch, D, d, np.zeros(len(d.V), np.bool_))


@jit
def _differentiate(
    weights: PaddedWeights, x: Array, y: Array, workspace: Workspace
) -> float:
    """Return the loss of a window, nats, and fill its gradients, given h_0 in H[0].

    ::

        d_c = sum_t d_o_t            d_V = sum_t d_o_t h_t'
        d_b = sum_t d_a_t            d_W = sum_t d_a_t h_{t-1}'
                                     d_U = sum_t d_a_t onehot(x_t)'
    """
    (WT, H, HT, P, softmax), D, d, occurs = workspace
    transpose(weights.W, WT.shape[0], WT)
    fill_states(weights, x, WT, H)
    fill_logits(weights, H, HT, P)
    losses = softmax_losses(P, y, softmax)
    loss, T = 0.0, x.shape[0]
    for t in range(T):
        loss += losses[t]
    back_propagate(weights, y, H, P, D)
    sum_steps(x, D, d.b, d.UT, occurs)
    for k in range(P.shape[0]):
        d.c[k] = 0
        for t in range(T):
            d.c[k] += P[k, t]
    add_products(d.W, D.T, H, T, True)
    add_products(d.V, P, H[1:], T, True)
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
def _make_updates(
    weights: PaddedWeights,
    G: PaddedWeights,
    ids: Array,
    etas: Array,
    constants: StepConstants,
    smooth_loss: float,
    smooth_losses: Array,
    states: Array,
    workspace: Workspace,
    lowest: float,
    best: PaddedWeights,
    best_G: PaddedWeights,
    best_state: Array,
) -> None:
    """Make an update for each of the learning rates `etas`, (n,), in place.

    Before it the state is in the first row of the states H, after it in the last.
    `smooth_losses`, (n,), and `states`, (n, m), are filled; all else is as in
    `train_windows`.
    """
    H, d, T = workspace.scratch.H, workspace.d, workspace.D.shape[0]
    theta, squares, gradients = weights.whole, G.whole, d.whole
    biases = slice(0, weights.b.size + weights.c.size)
    matrices = slice(biases.stop + weights.UT.size, theta.size)
    # Not `twice_l2 * 0`, which is a double and would make the step in double.
    unpenalised = StepConstants(
        constants.epsilon, constants.clip, weights.b.dtype.type(0)
    )
    for n in range(etas.size):
        x, y, eta = ids[n * T : n * T + T], ids[n * T + 1 : n * T + T + 1], etas[n]
        if n > 0:
            copy_row(H[0], H[T])
        loss = _differentiate(weights, x, y, workspace)
        smooth_loss = 0.999 * smooth_loss + 0.001 * loss
        smooth_losses[n] = smooth_loss
        copy_row(states[n], H[T])
        if not np.isfinite(loss):
            smooth_losses[n:] = np.nan
            return
        _adagrad(theta[biases], squares[biases], gradients[biases], eta, unpenalised)
        for k in range(weights.UT.shape[0]):
            if workspace.occurs[k] or constants.twice_l2 != 0:
                _adagrad(weights.UT[k], G.UT[k], d.UT[k], eta, constants)
        _adagrad(
            theta[matrices], squares[matrices], gradients[matrices], eta, constants
        )
        if smooth_loss < lowest:
            lowest = smooth_loss
            copy_row(best.whole, weights.whole)
            copy_row(best_G.whole, G.whole)
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
    states: Array | None = None,
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
    states : (n, m) float, optional
        Filled with the state after each update.

    Returns
    -------
    (n,) float64
        The smooth loss after each update, nats per window; NaN from the first update on
        whose loss is not finite.  That update is not made, and the arrays are of no use.
    """
    dtype, T = model.hidden.dtype, recipe.sequence_length
    windows, m = (len(ids) - 1) // T, model.hidden.size
    theta, G = padded_weights(model.weights), padded_weights(model.squares)
    workspace = workspace_for(model.weights, model.hidden, T)
    state = workspace.scratch.H[T]
    best_theta, best_G, best_state = theta, G, state
    if best is not None:
        best_theta = padded_weights(best.weights)
        best_G, best_state = padded_weights(best.squares), state.copy()
        best_state[:m] = best.hidden
    smooth_losses = np.empty(windows)
    if states is None:
        states = np.empty((windows, m), dtype)
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
        states,
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
    theta: PaddedWeights, G: PaddedWeights, state: Array, model: Model
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
    theta, x, y = padded_weights(weights), int64_ids(inputs), int64_ids(targets)
    workspace = workspace_for(weights, hidden, x.size)
    loss = _differentiate(theta, x, y, workspace)
    d_b, d_c, *d_matrices = unpadded(workspace.d, weights)
    penalised = (
        d_loss + 2 * l2 * matrix
        for d_loss, matrix in zip(d_matrices, weights[2:], strict=True)
    )
    last = workspace.scratch.H[-1, : hidden.size].copy()
    return Pass(loss, Weights(d_b, d_c, *penalised), last)
