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


@jit
def _keep_likeliest(p: Array, top_k: int, top_p: float) -> None:
    """Set all probabilities (K,), whatever their sum, to 0 but the greatest ones.

    Those are the `top_k` greatest (of equals, the lowest ids), and of these as few as
    have `top_p` of their sum.
    """
    K = p.size
    order, is_taken = np.empty(top_k, np.int64), np.zeros(K, np.bool_)
    total = 0.0
    for n in range(top_k):
        best = -1
        for k in range(K):
            if not is_taken[k] and (best < 0 or p[k] > p[best]):
                best = k
        order[n], is_taken[best] = best, True
        total += p[best]
    is_taken[:] = False
    kept = 0.0
    for n in range(top_k):
        if n > 0 and kept >= top_p * total:
            break
        kept += p[order[n]]
        is_taken[order[n]] = True
    for k in range(K):
        if not is_taken[k]:
            p[k] = 0.0


@jit
def _sample(
    reader: Reader,
    hidden: Array,
    x: int,
    K: int,
    uniforms: Array,
    temperature: float,
    top_k: int,
    top_p: float,
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
        best = likeliest(scores)
        if temperature == 0:
            last[0] = best
        else:
            for k in range(K):
                p[k] = exact.exp(np.float64(scores[k] - scores[best]) / temperature)
            if top_k < K or top_p < 1:
                _keep_likeliest(p, top_k, top_p)
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
    hidden[:] = H[0]


class Written(NamedTuple):
    """A text that the network wrote.

    Attributes
    ----------
    ids : (N,) int64
    hidden : (m,) float
        The state before the last of them is read.
    """

    ids: NDArray[np.int64]
    hidden: Array


def sample(
    weights: Weights,
    x: int,
    hidden: Array,
    uniforms: Array,
    *,
    temperature: float,
    top_k: int,
    top_p: float,
) -> Written:
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
    top_k : int
        Only so many of the most likely characters are drawn from; 1 to K.
    top_p : float
        And of these only as few as have this part of their probability.
    """
    ids = np.empty(len(uniforms), np.int64)
    K, state = weights.vocabulary_size, padded(hidden)
    _sample(
        reader_of(weights), state, x, K, uniforms, temperature, top_k, top_p, ids
    )  # fmt: skip
    return Written(ids, state[: hidden.size].copy())
