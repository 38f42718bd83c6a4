"""The forward pass alone, compiled: the scores of a text, and the states along it."""

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from charrnn.network.kernels.jit import jit
from charrnn.network.kernels.padding import (
    ForwardWeights,
    aligned_zeros,
    forward_weights,
    int64_ids,
    states_from,
)
from charrnn.network.kernels.passes import (
    copy_row,
    fill_logits,
    fill_states,
    likeliest,
    softmax_loss,
)
from charrnn.network.model import Weights
from charrnn.text.vocabulary import Ids

Array = NDArray[Any]

# Steps in a block: the memory of the states and the logits of one serves the next.
_BLOCK = 64


class ScoredIds(NamedTuple):
    """How a text was predicted, character by character.

    Attributes
    ----------
    nats : (N,) float64
        -log p_t[y_t].
    hits : (N,) bool
        Whether y_t was the most likely character (ties go to the lowest id).
    hidden : (m,) float
        The state after the text.
    """

    nats: NDArray[np.float64]
    hits: NDArray[np.bool_]
    hidden: Array


@jit
def _score_blocks(
    weights: ForwardWeights,
    H: Array,
    P: Array,
    x: Array,
    y: Array,
    nats: Array,
    hits: Array,
) -> None:
    K, block = weights.UT.shape[0], P.shape[0]
    for start in range(0, x.shape[0], block):
        steps = min(block, x.shape[0] - start)
        fill_states(weights, x[start : start + steps], H)
        fill_logits(weights, H, P[:steps])
        for t in range(steps):
            logits, target = P[t, :K], y[start + t]
            hits[start + t] = likeliest(logits) == target
            nats[start + t] = softmax_loss(logits, target)
        copy_row(H[0], H[steps])


def _block_from(
    hidden: Array, weights: ForwardWeights, steps: int
) -> tuple[Array, Array]:
    """Return H, h_0 being `hidden`, and P, for a block, or for `steps` if fewer."""
    block = max(min(_BLOCK, steps), 1)
    (P,) = aligned_zeros([(block, weights.c.size)], weights.c.dtype)
    return states_from(hidden, block, weights), P


def score_ids(weights: Weights, inputs: Ids, targets: Ids, hidden: Array) -> ScoredIds:
    """Score each target, reading the inputs one after another.

    Parameters
    ----------
    weights : Weights
    inputs, targets : (N,) unsigned integer
    hidden : (m,) float
        The state before the first input; not changed.
    """
    padded, x, y = forward_weights(weights), int64_ids(inputs), int64_ids(targets)
    nats, hits = np.empty(x.size), np.empty(x.size, np.bool_)
    H, P = _block_from(hidden, padded, x.size)
    _score_blocks(padded, H, P, x, y, nats, hits)
    return ScoredIds(nats, hits, H[0, : hidden.size].copy())


def losses_in_place(
    weights: Weights, inputs: Ids, targets: Ids, hidden: Array
) -> tuple[Weights, Callable[[], NDArray[np.float64]]]:
    """Return views of the weights, and a function without arguments for the losses there.

    Finite differences compute the loss hundreds of thousands of times and change one
    number in between; nothing is copied then.

    Returns
    -------
    views : Weights
        To be changed in place; the weights given here stay as they are.
    losses : callable
        Returns -log p_t[y_t] in nats, (T,), at the present values of `views`.
    """
    padded, x, y = forward_weights(weights), int64_ids(inputs), int64_ids(targets)
    nats, hits = np.empty(x.size), np.empty(x.size, np.bool_)
    H, P = _block_from(hidden, padded, x.size)
    m, K = hidden.size, weights.vocabulary_size

    def losses() -> NDArray[np.float64]:
        H[0, :m] = hidden
        _score_blocks(padded, H, P, x, y, nats, hits)
        return nats.copy()

    b, c, UT, WT, VT = padded
    return Weights(b[:m], c[:K], UT[:, :m].T, WT[:, :m].T, VT[:, :K].T), losses


def state_after(weights: Weights, inputs: Ids, hidden: Array) -> Array:
    """Return the state, (m,), after reading the inputs, (N,), from `hidden` on."""
    if len(inputs) == 0:
        return hidden.copy()
    return score_ids(weights, inputs, inputs, hidden).hidden


def states_after(weights: Weights, inputs: Ids, hidden: Array) -> Array:
    """Return the state after each input, (N, m), reading from `hidden`, (m,), on."""
    padded = forward_weights(weights)
    H = states_from(hidden, len(inputs), padded)
    fill_states(padded, int64_ids(inputs), H)
    return H[1:, : hidden.size].copy()
