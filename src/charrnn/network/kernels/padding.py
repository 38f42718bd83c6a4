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


class BackwardWeights(NamedTuple):
    """The weights as the backward pass reads them; U transposed; rows padded.

    With M and L the widths that m and K are padded to.

    Attributes
    ----------
    b : (M,) float
    c : (L,) float
    UT : (K, M) float
    W : (m, M) float
    V : (K, M) float
    """

    b: Array
    c: Array
    UT: Array
    W: Array
    V: Array


class ForwardWeights(NamedTuple):
    """The weights as the forward pass reads them; widths as in `BackwardWeights`.

    Attributes
    ----------
    b : (M,) float
    c : (L,) float
    UT : (K, M) float
    WT : (m, M) float
    VT : (m, L) float
    """

    b: Array
    c: Array
    UT: Array
    WT: Array
    VT: Array


def aligned_zeros(shapes: Sequence[tuple[int, ...]], dtype: DTypeLike) -> list[Array]:
    """Return zeros in some shapes, one array after another in memory.

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
    return [
        values[start:end].reshape(shape)
        for start, end, shape in zip(starts, ends, shapes, strict=True)
    ]


def padded(*arrays: Array) -> list[Array]:
    """Return copies whose last axes are padded with zeros to whole vectors."""
    dtype = arrays[0].dtype
    shapes = [(*a.shape[:-1], padded_width(a.shape[-1], dtype)) for a in arrays]
    copies = aligned_zeros(shapes, dtype)
    for copy, array in zip(copies, arrays, strict=True):
        copy[..., : array.shape[-1]] = array
    return copies


def states_from(hidden: Array, steps: int, weights: ForwardWeights) -> Array:
    """Return H, (steps + 1, M), of the weights' type: h_0 is `hidden`, (m,), else zeros."""
    (H,) = aligned_zeros([(steps + 1, weights.b.size)], weights.b.dtype)
    H[0, : hidden.size] = hidden
    return H


def backward_weights(weights: Weights) -> BackwardWeights:
    """Return padded copies for the backward pass."""
    b, c, U, W, V = weights
    return BackwardWeights(*padded(b, c, U.T, W, V))


def forward_weights(weights: Weights) -> ForwardWeights:
    """Return padded copies for the forward pass."""
    b, c, U, W, V = weights
    return ForwardWeights(*padded(b, c, U.T, W.T, V.T))


def unpadded(arrays: BackwardWeights, like: Weights) -> Weights:
    """Return views without the padding, in the shapes of `like`."""
    m, K = like.hidden_size, like.vocabulary_size
    b, c, UT, W, V = arrays
    return Weights(b[:m], c[:K], UT[:, :m].T, W[:, :m], V[:, :m])


def int64_ids(ids: Ids) -> NDArray[np.int64]:
    """Return a copy of the one type that compiled code takes, wherever `ids` lie."""
    return np.array(ids, dtype=np.int64)
