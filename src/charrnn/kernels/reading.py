"""Reading, compiled by Numba: the forward pass alone.

Scores a text and carries the state through it.  The same bits anywhere, like all of
`kernels` but `reference`.
"""

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from charrnn.corpus import Ids
from charrnn.kernels.jit import jit
from charrnn.kernels.padding import Reader, indices, padded, reader_of
from charrnn.kernels.passes import likeliest, outputs, softmax, states
from charrnn.model import Weights

Array = NDArray[Any]

# Steps that are scored before their scores' place is used again.
_BLOCK = 64


class Score(NamedTuple):
    """How a text was predicted, character by character.

    Attributes
    ----------
    nats : (N,) float64
        -log p_t[y_t].
    hits : (N,) bool
        Whether y_t was the most likely character (of equals, the lowest id).
    hidden : (m,) float
        The state after the text.
    """

    nats: NDArray[np.float64]
    hits: NDArray[np.bool_]
    hidden: Array


@jit
def _score(
    reader: Reader, hidden: Array, x: Array, y: Array, K: int, nats: Array, hits: Array
) -> None:
    block = min(_BLOCK, x.shape[0])
    H = np.zeros((block + 1, hidden.size), hidden.dtype)
    P = np.zeros((block, reader.c.size), hidden.dtype)
    H[0] = hidden
    for start in range(0, x.shape[0], _BLOCK):
        steps = min(block, x.shape[0] - start)
        states(reader, x[start : start + steps], H)
        outputs(reader, H, P[:steps])
        for t in range(steps):
            logits, target = P[t, :K], y[start + t]
            hits[start + t] = likeliest(logits) == target
            nats[start + t] = softmax(logits, target)
        H[0] = H[steps]
    hidden[:] = H[0]


def score(weights: Weights, inputs: Ids, targets: Ids, hidden: Array) -> Score:
    """Say how each target was predicted, reading the inputs one after another.

    Parameters
    ----------
    weights : Weights
    inputs, targets : (N,) unsigned integer
    hidden : (m,) float
        The state before the first input; not changed.
    """
    state = padded(hidden)
    nats, hits = np.empty(len(inputs)), np.empty(len(inputs), np.bool_)
    x, y = indices(inputs), indices(targets)
    _score(reader_of(weights), state, x, y, weights.vocabulary_size, nats, hits)
    return Score(nats, hits, state[: hidden.size].copy())


def losses_in_place(
    weights: Weights, inputs: Ids, targets: Ids, hidden: Array
) -> tuple[Weights, Callable[[], NDArray[np.float64]]]:
    """Return views of the weights, and a function of no argument for the losses there.

    For finite differences, which ask for the loss hundreds of thousands of times and
    change one number between: nothing is copied then.

    Returns
    -------
    views : Weights
        To be changed in place; the weights given here stay as they are.
    losses : callable
        Returns -log p_t[y_t] in nats, (T,), at what `views` hold now.
    """
    reader, start = reader_of(weights), padded(hidden)
    x, y, K = indices(inputs), indices(targets), weights.vocabulary_size
    nats, hits = np.empty(len(inputs)), np.empty(len(inputs), np.bool_)

    def losses() -> NDArray[np.float64]:
        _score(reader, start.copy(), x, y, K, nats, hits)
        return nats.copy()

    m = weights.hidden_size
    b, c, UT, WT, VT = reader
    return Weights(b[:m], c[:K], UT[:, :m].T, WT[:, :m].T, VT[:, :K].T), losses


def read(weights: Weights, inputs: Ids, hidden: Array) -> Array:
    """Return the state, (m,), after reading the inputs, (N,), from `hidden` on."""
    if len(inputs) == 0:
        return hidden.copy()
    return score(weights, inputs, inputs, hidden).hidden


@jit
def _states(reader: Reader, hidden: Array, x: Array, m: int, all_states: Array) -> None:
    H = np.zeros((_BLOCK + 1, hidden.size), hidden.dtype)
    H[0] = hidden
    for start in range(0, x.shape[0], _BLOCK):
        steps = min(_BLOCK, x.shape[0] - start)
        states(reader, x[start : start + steps], H)
        all_states[start : start + steps] = H[1 : steps + 1, :m]
        H[0] = H[steps]


def states_after(weights: Weights, inputs: Ids, hidden: Array) -> Array:
    """Return the state after each input, (N, m), reading from `hidden`, (m,), on."""
    m, state = weights.hidden_size, padded(hidden)
    all_states = np.empty((len(inputs), m), hidden.dtype)
    _states(reader_of(weights), state, indices(inputs), m, all_states)
    return all_states
