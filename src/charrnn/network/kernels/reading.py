"""Reading, compiled by Numba: the forward pass alone.

Scores a text and carries the state through it.  The same bits anywhere, like all of
`kernels` but `reference`.
"""

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from charrnn.network.kernels.jit import jit
from charrnn.network.kernels.padding import (
    Reader,
    indices,
    reader_of,
    room_for_states,
    zeros,
)
from charrnn.network.kernels.passes import copy_row, likeliest, outputs, softmax, states
from charrnn.network.model import Weights
from charrnn.text.vocabulary import Ids

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
    reader: Reader, H: Array, P: Array, x: Array, y: Array, nats: Array, hits: Array
) -> None:
    K, block = reader.UT.shape[0], P.shape[0]
    for start in range(0, x.shape[0], block):
        steps = min(block, x.shape[0] - start)
        states(reader, x[start : start + steps], H)
        outputs(reader, H, P[:steps])
        for t in range(steps):
            logits, target = P[t, :K], y[start + t]
            hits[start + t] = likeliest(logits) == target
            nats[start + t] = softmax(logits, target)
        copy_row(H[0], H[steps])


def _room_for_a_block(reader: Reader, steps: int, hidden: Array) -> tuple[Array, Array]:
    """Return H, with the state before, and P, for as many steps as are done at once."""
    block = max(min(_BLOCK, steps), 1)
    H = room_for_states(block, hidden)
    return H, zeros((block, reader.c.size), hidden.dtype)


def score(weights: Weights, inputs: Ids, targets: Ids, hidden: Array) -> Score:
    """Say how each target was predicted, reading the inputs one after another.

    Parameters
    ----------
    weights : Weights
    inputs, targets : (N,) unsigned integer
    hidden : (m,) float
        The state before the first input; not changed.
    """
    reader, x, y = reader_of(weights), indices(inputs), indices(targets)
    nats, hits = np.empty(x.size), np.empty(x.size, np.bool_)
    H, P = _room_for_a_block(reader, x.size, hidden)
    _score(reader, H, P, x, y, nats, hits)
    return Score(nats, hits, H[0, : hidden.size].copy())


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
    reader, x, y = reader_of(weights), indices(inputs), indices(targets)
    nats, hits = np.empty(x.size), np.empty(x.size, np.bool_)
    H, P = _room_for_a_block(reader, x.size, hidden)
    m, K = hidden.size, weights.vocabulary_size

    def losses() -> NDArray[np.float64]:
        H[0, :m] = hidden
        _score(reader, H, P, x, y, nats, hits)
        return nats.copy()

    b, c, UT, WT, VT = reader
    return Weights(b[:m], c[:K], UT[:, :m].T, WT[:, :m].T, VT[:, :K].T), losses


def read(weights: Weights, inputs: Ids, hidden: Array) -> Array:
    """Return the state, (m,), after reading the inputs, (N,), from `hidden` on."""
    if len(inputs) == 0:
        return hidden.copy()
    return score(weights, inputs, inputs, hidden).hidden


def states_after(weights: Weights, inputs: Ids, hidden: Array) -> Array:
    """Return the state after each input, (N, m), reading from `hidden`, (m,), on."""
    H = room_for_states(len(inputs), hidden)
    states(reader_of(weights), indices(inputs), H)
    return H[1:, : hidden.size].copy()
