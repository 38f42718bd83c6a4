"""The weights as compiled code reads them: rows filled up with zeros to whole vectors.

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


class Net(NamedTuple):
    """The weights as back-propagation reads them; U transposed; rows padded.

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


class Reader(NamedTuple):
    """The weights as the forward pass reads them; rows padded, widths as in `Net`.

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


def all_zeros(shapes: Sequence[tuple[int, ...]], dtype: DTypeLike) -> list[Array]:
    """Return zeros in some shapes, one array after another in memory.

    The last axes fill whole vectors, so that each begins where a vector may: one across
    two cache lines is slow.
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


def zeros(shape: tuple[int, ...], dtype: DTypeLike) -> Array:
    """Return zeros that begin where a vector may; the last axis fills whole vectors."""
    return all_zeros([shape], dtype)[0]


def padded(*arrays: Array) -> list[Array]:
    """Return copies whose last axes are filled up with zeros to whole vectors."""
    dtype = arrays[0].dtype
    shapes = [(*a.shape[:-1], padded_width(a.shape[-1], dtype)) for a in arrays]
    filled_up = all_zeros(shapes, dtype)
    for copy, array in zip(filled_up, arrays, strict=True):
        copy[..., : array.shape[-1]] = array
    return filled_up


def room_for_states(steps: int, hidden: Array) -> Array:
    """Return H, (steps + 1, M): the state before them, (m,), and zeros."""
    H = zeros((steps + 1, padded_width(hidden.size, hidden.dtype)), hidden.dtype)
    H[0, : hidden.size] = hidden
    return H


def padded_net(weights: Weights) -> Net:
    """Return padded copies for back-propagation."""
    b, c, U, W, V = weights
    return Net(*padded(b, c, U.T, W, V))


def reader_of(weights: Weights) -> Reader:
    """Return padded copies for the forward pass."""
    b, c, U, W, V = weights
    return Reader(*padded(b, c, U.T, W.T, V.T))


def unpadded_net(net: Net, like: Weights) -> Weights:
    """Return views of what is not padding, in the shapes of `like`."""
    m, K = like.hidden_size, like.vocabulary_size
    b, c, UT, W, V = net
    return Weights(b[:m], c[:K], UT[:, :m].T, W[:, :m], V[:, :m])


def indices(ids: Ids) -> NDArray[np.int64]:
    """Return a copy that compiled code takes, whatever type and store `ids` have."""
    return np.array(ids, dtype=np.int64)
