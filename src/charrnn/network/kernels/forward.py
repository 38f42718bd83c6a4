"""The forward pass alone, compiled: the scores of a text, and the states along it."""

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from charrnn.network.kernels.jit import jit
from charrnn.network.kernels.padding import (
    PaddedWeights,
    Scratch,
    int64_ids,
    padded_weights,
    scratch_for,
)
from charrnn.network.kernels.passes import (
    copy_row,
    fill_logits,
    fill_states,
    likeliest,
    softmax_losses,
)
from charrnn.network.model import Weights
from charrnn.text.vocabulary import Ids

Array = NDArray[Any]

# Steps in a block: the memory of the states and the logits of one serves the next.
_BLOCK = 64


class ScoredIds(NamedTuple):
    """How a text was predicted, character by character."""

    nats: NDArray[np.float64]  # (N,): -log p_t[y_t]
    hits: NDArray[np.bool_]  # (N,): was y_t the likeliest? ties go to the lowest id
    hidden: Array  # (m,): the state after the text


@jit
def _score_blocks(
    weights: PaddedWeights,
    scratch: Scratch,
    x: Array,
    y: Array,
    nats: Array,
    hits: Array,
) -> None:
    WT, H, HT, P, softmax = scratch
    block = H.shape[0] - 1
    for start in range(0, x.shape[0], block):
        targets = y[start : start + block]
        fill_states(weights, x[start : start + block], WT, H)
        fill_logits(weights, H, HT, P)
        for t in range(targets.shape[0]):
            hits[start + t] = likeliest(P[:, t]) == targets[t]
        losses = softmax_losses(P, targets, softmax)
        for t in range(targets.shape[0]):
            nats[start + t] = losses[t]
        copy_row(H[0], H[targets.shape[0]])


def score_ids(weights: Weights, inputs: Ids, targets: Ids, hidden: Array) -> ScoredIds:
    """Score each target, reading the inputs one after another.

    Parameters
    ----------
    weights : Weights
    inputs, targets : (N,) unsigned integer
    hidden : (m,) float
        The state before the first input; not changed.
    """
    x, y = int64_ids(inputs), int64_ids(targets)
    nats, hits = np.empty(x.size), np.empty(x.size, np.bool_)
    scratch = scratch_for(weights, hidden, max(min(_BLOCK, x.size), 1))
    _score_blocks(padded_weights(weights), scratch, x, y, nats, hits)
    return ScoredIds(nats, hits, scratch.H[0, : hidden.size].copy())


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
    x, y = int64_ids(inputs), int64_ids(targets)
    nats, hits = np.empty(x.size), np.empty(x.size, np.bool_)
    theta, scratch = padded_weights(weights), scratch_for(weights, hidden, x.size)
    m, K = hidden.size, weights.vocabulary_size

    def losses() -> NDArray[np.float64]:
        scratch.H[0, :m] = hidden
        _score_blocks(theta, scratch, x, y, nats, hits)
        return nats.copy()

    (b, c, UT, _, V, _), WT = theta, scratch.WT
    return Weights(b[:m], c[:K], UT[:, :m].T, WT[:, :m].T, V[:, :m]), losses


def state_after(weights: Weights, inputs: Ids, hidden: Array) -> Array:
    """Return the state, (m,), after reading the inputs, (N,), from `hidden` on."""
    if len(inputs) == 0:
        return hidden.copy()
    return score_ids(weights, inputs, inputs, hidden).hidden


def states_after(weights: Weights, inputs: Ids, hidden: Array) -> Array:
    """Return the state after each input, (N, m), reading from `hidden`, (m,), on."""
    WT, H, *_ = scratch_for(weights, hidden, len(inputs))
    fill_states(padded_weights(weights), int64_ids(inputs), WT, H)
    return H[1:, : hidden.size].copy()
