"""Generating text, compiled: each character is drawn from p_t and read next."""

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from charrnn import exact
from charrnn.network.kernels.jit import jit
from charrnn.network.kernels.padding import (
    ForwardWeights,
    aligned_zeros,
    forward_weights,
    states_from,
)
from charrnn.network.kernels.passes import copy_row, fill_logits, fill_states, likeliest
from charrnn.network.model import Weights

Array = NDArray[Any]


@jit
def _take_likeliest(p: Array, is_taken: Array) -> int:
    """Mark and return the most likely id not yet taken; ties go to the lowest id."""
    best = -1
    for k in range(p.size):
        if not is_taken[k] and (best < 0 or p[k] > p[best]):
            best = k
    is_taken[best] = True
    return best


@jit
def _keep_likeliest(p: Array, top_k: int, top_p: float) -> None:
    """Set all probabilities (K,), whatever their sum, to 0 except the greatest ones.

    Kept are the `top_k` greatest (ties go to the lowest ids), and of these as few as
    have `top_p` of their sum.
    """
    K = p.size
    is_taken = np.zeros(K, np.bool_)
    if top_k < K:
        for _ in range(top_k):
            _take_likeliest(p, is_taken)
        for k in range(K):
            if not is_taken[k]:
                p[k] = 0.0
    if top_p < 1:
        total = 0.0
        for k in range(K):
            total += p[k]
        is_taken[:] = False
        kept = p[_take_likeliest(p, is_taken)]
        for _ in range(1, top_k):
            if kept >= top_p * total:
                break
            kept += p[_take_likeliest(p, is_taken)]
        for k in range(K):
            if not is_taken[k]:
                p[k] = 0.0


@jit
def _draw_one_by_one(
    weights: ForwardWeights,
    H: Array,
    P: Array,
    last: Array,
    uniforms: Array,
    temperature: float,
    top_k: int,
    top_p: float,
    ids: Array,
) -> None:
    K = weights.UT.shape[0]
    p = np.empty(K)
    for n in range(uniforms.size):
        fill_states(weights, last, H)
        fill_logits(weights, H, P)
        logits = P[0, :K]
        best = likeliest(logits)
        if temperature == 0:
            last[0] = best
        else:
            for k in range(K):
                p[k] = exact.exp(np.float64(logits[k] - logits[best]) / temperature)
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
        copy_row(H[0], H[1])


class DrawnIds(NamedTuple):
    """A text that the network generated.

    Attributes
    ----------
    ids : (N,) int64
    hidden : (m,) float
        The state before the network reads the last of `ids`.
    """

    ids: NDArray[np.int64]
    hidden: Array


def draw_ids(
    weights: Weights,
    x: int,
    hidden: Array,
    uniforms: Array,
    *,
    temperature: float,
    top_k: int,
    top_p: float,
) -> DrawnIds:
    """Draw a character for each uniform draw from [0, 1), after reading x.

    Parameters
    ----------
    weights : Weights
    x : int
        The id to read first.
    hidden : (m,) float
        The state before `x`; not changed.
    uniforms : (N,) float64
    temperature : float
        Divides the logits; at 0 the most likely character is taken.
    top_k : int
        Draw from this many of the most likely characters only; 1 to K.
    top_p : float
        And of these only from as few as have this part of their probability.
    """
    padded, ids = forward_weights(weights), np.empty(len(uniforms), np.int64)
    H = states_from(hidden, 1, padded)
    (P,) = aligned_zeros([(1, padded.c.size)], padded.c.dtype)
    last = np.array([x])
    _draw_one_by_one(padded, H, P, last, uniforms, temperature, top_k, top_p, ids)
    return DrawnIds(ids, H[0, : hidden.size].copy())
