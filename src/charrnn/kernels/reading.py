"""Reading and writing, compiled by Numba: the forward pass alone.

Scores a text, carries the state through it, and writes by drawing from what is
expected next.  The same bits anywhere, like all of `kernels` but `reference`.
"""

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from charrnn import exact
from charrnn.corpus import Ids
from charrnn.kernels.jit import jit
from charrnn.kernels.padding import Reader, indices, padded, reader_of
from charrnn.kernels.passes import likeliest, outputs, softmax, states
from charrnn.model import Weights

Array = NDArray[Any]

# Steps that are scored before their scores' place is used again.
_BLOCK = 64


class Score(NamedTuple):
    """How a text was foreseen, character by character.

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
    H = np.zeros((_BLOCK + 1, hidden.size), hidden.dtype)
    P = np.zeros((_BLOCK, reader.c.size), hidden.dtype)
    H[0] = hidden
    for start in range(0, x.shape[0], _BLOCK):
        steps = min(_BLOCK, x.shape[0] - start)
        states(reader, x[start : start + steps], H)
        outputs(reader, H, P[:steps])
        for t in range(steps):
            scores, target = P[t, :K], y[start + t]
            hits[start + t] = likeliest(scores) == target
            nats[start + t] = softmax(scores, target)
        H[0] = H[steps]
    hidden[:] = H[0]


def score(weights: Weights, inputs: Ids, targets: Ids, hidden: Array) -> Score:
    """Say how each target was foreseen, reading the inputs one after another.

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
def _sample(
    reader: Reader,
    hidden: Array,
    x: int,
    K: int,
    uniforms: Array,
    temperature: float,
    ids: Array,
) -> None:
    H = np.zeros((2, hidden.size), hidden.dtype)
    P = np.zeros((1, reader.c.size), hidden.dtype)
    p = np.empty(K)
    H[0] = hidden
    last = np.full(1, x)
    for n in range(uniforms.size):
        states(reader, last, H)
        outputs(reader, H, P)
        scores = P[0, :K]
        if temperature == 0:
            last[0] = likeliest(scores)
        else:
            highest = scores[likeliest(scores)]
            for k in range(K):
                p[k] = exact.exp(np.float64(scores[k] - highest) / temperature)
            total = 0.0
            for k in range(K):
                total += p[k]
            # The first character at which the cumulative sum passes a uniform draw.
            threshold, passed = uniforms[n] * total, 0.0
            for k in range(K):
                passed += p[k]
                if passed > threshold:
                    last[0] = k
                    break
        ids[n] = last[0]
        H[0] = H[1]


def sample(
    weights: Weights, x: int, hidden: Array, uniforms: Array, temperature: float
) -> NDArray[np.int64]:
    """Write a character for each uniform draw from [0, 1), having read x last.

    Parameters
    ----------
    weights : Weights
    x : int
        The id that is read first.
    hidden : (m,) float
        The state before it; not changed.
    uniforms : (N,) float64
    temperature : float
        Divides the scores; at 0 the most likely character is taken.

    Returns
    -------
    (N,) int64
    """
    ids = np.empty(len(uniforms), np.int64)
    K, state = weights.vocabulary_size, padded(hidden)
    _sample(reader_of(weights), state, x, K, uniforms, float(temperature), ids)
    return ids
