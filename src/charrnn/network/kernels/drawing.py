"""Generating text, compiled: each character is drawn from p_t and read next."""

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from charrnn import exact
from charrnn.network.kernels.jit import jit
from charrnn.network.kernels.padding import (
    PaddedWeights,
    padded,
    padded_weights,
    scratch_for,
)
from charrnn.network.kernels.passes import (
    add_products,
    copy_row,
    fill_states,
    likeliest,
)
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
    weights: PaddedWeights,
    WT: Array,
    VT: Array,
    H: Array,
    logits: Array,
    last: Array,
    uniforms: Array,
    temperature: float,
    top_k: int,
    top_p: float,
    ids: Array,
) -> None:
    K, m = weights.V.shape[0], weights.W.shape[0]
    p = np.empty(K)
    for n in range(uniforms.size):
        fill_states(weights, last, WT, H)
        o = logits[0, :K]
        copy_row(logits[0], weights.c)
        add_products(logits, H[1:], VT, m, False)
        best = likeliest(o)
        if temperature == 0:
            last[0] = best
        else:
            for k in range(K):
                p[k] = exact.exp(np.float64(o[k] - o[best]) / temperature)
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
    """A text that the network generated."""

    ids: NDArray[np.int64]  # (N,)
    hidden: Array  # (m,): the state before the network reads the last of `ids`


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
    theta, ids = padded_weights(weights), np.empty(len(uniforms), np.int64)
    VT, logits, _ = padded(weights.V.T, weights.c[np.newaxis])
    (WT, H, *_), last = scratch_for(weights, hidden, 1), np.array([x])
    _draw_one_by_one(
        theta, WT, VT, H, logits, last, uniforms, temperature, top_k, top_p, ids
    )
    return DrawnIds(ids, H[0, : hidden.size].copy())
