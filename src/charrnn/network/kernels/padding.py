"""The weights as compiled code reads them: rows padded with zeros to whole vectors.

Zeros take part in every product and change none of them.
"""

import itertools
import math
from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import DTypeLike, NDArray

from charrnn.network.kernels.products import VECTOR_BYTES, padded_width
from charrnn.network.model import Weights
from charrnn.text.vocabulary import Ids

Array = NDArray[Any]


class PaddedWeights(NamedTuple):
    """The weights as compiled code reads them: M and L are m and K, padded."""

    b: Array  # (M,)
    c: Array  # (L,)
    UT: Array  # (K, M): U transposed
    W: Array  # (m, M)
    V: Array  # (K, M)
    whole: Array  # (M + L + 2 K M + m M,): all of these, one after another


class Scratch(NamedTuple):
    """What the passes over T steps read and fill beside the weights; S is T, padded."""

    WT: Array  # (m, M): W transposed, which the forward pass reads
    H: Array  # (T + 1, M): the states h_0 ... h_T
    HT: Array  # (m, S): h_1 ... h_T, a column each
    P: Array  # (K, S): the o_t, then the p_t, then the d_o_t, a column each
    softmax: Array  # (3, S): the greatest of o_t; softmax's sum; -log p_t[y_t]


def aligned_zeros(shapes: Sequence[tuple[int, ...]], dtype: DTypeLike) -> list[Array]:
    """Return zeros in some shapes, one array after another in memory; then all in a row.

    Each last axis must fill whole vectors.  Each array then begins at the address of a
    vector: 16 bytes off, vectors lie across two cache lines, and an update takes 1.12
    times as long (AVX2; as long as before with SSE2's vectors of 16 bytes).
    """
    ends = list(itertools.accumulate(map(math.prod, shapes)))
    size = ends[-1] * np.dtype(dtype).itemsize
    store = np.zeros(size + VECTOR_BYTES, np.uint8)
    first = -store.ctypes.data % VECTOR_BYTES
    values = store[first : first + size].view(dtype)
    starts = [0, *ends[:-1]]
    arrays = [
        values[start:end].reshape(shape)
        for start, end, shape in zip(starts, ends, shapes, strict=True)
    ]
    return [*arrays, values]


def padded(*arrays: Array) -> list[Array]:
    """Return copies whose last axes are padded with zeros; then all of them in a row."""
    dtype = arrays[0].dtype
    shapes = [(*a.shape[:-1], padded_width(a.shape[-1], dtype)) for a in arrays]
    copies = aligned_zeros(shapes, dtype)
    for copy, array in zip(copies[:-1], arrays, strict=True):
        copy[..., : array.shape[-1]] = array
    return copies


def scratch_for(weights: Weights, hidden: Array, T: int) -> Scratch:
    """Return room, of the weights' type, for T steps from the state `hidden`, (m,), on."""
    m, K, dtype = weights.hidden_size, weights.vocabulary_size, weights.b.dtype
    M, S = padded_width(m, dtype), padded_width(T, dtype)
    shapes = [(m, M), (T + 1, M), (m, S), (K, S), (3, S)]
    scratch = Scratch(*aligned_zeros(shapes, dtype)[:-1])
    scratch.WT[:, :m], scratch.H[0, :m] = weights.W.T, hidden
    return scratch


def padded_weights(weights: Weights) -> PaddedWeights:
    """Return padded copies."""
    b, c, U, W, V = weights
    return PaddedWeights(*padded(b, c, U.T, W, V))


def unpadded(arrays: PaddedWeights, like: Weights) -> Weights:
    """Return views without the padding, in the shapes of `like`."""
    m, K = like.hidden_size, like.vocabulary_size
    b, c, UT, W, V, _ = arrays
    return Weights(b[:m], c[:K], UT[:, :m].T, W[:, :m], V[:, :m])


def int64_ids(ids: Ids) -> NDArray[np.int64]:
    """Return a copy of the one type that compiled code takes, wherever `ids` lie."""
    return np.array(ids, dtype=np.int64)
