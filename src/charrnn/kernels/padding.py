"""The weights as compiled code reads them: rows filled up with zeros to whole vectors.

Zeros take part in every product and change none of them.
"""

import math
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import DTypeLike, NDArray

from charrnn.corpus import Ids
from charrnn.kernels.products import VECTOR_BYTES, padded_width
from charrnn.model import Weights

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


def zeros(shape: tuple[int, ...], dtype: DTypeLike) -> Array:
    """Return zeros that begin where a vector may: one across two cache lines is slow."""
    size = math.prod(shape) * np.dtype(dtype).itemsize
    store = np.zeros(size + VECTOR_BYTES, np.uint8)
    first = -store.ctypes.data % VECTOR_BYTES
    return store[first : first + size].view(dtype).reshape(shape)


def padded(array: Array) -> Array:
    """Return a copy whose last axis is filled up with zeros to whole vectors."""
    *rows, width = array.shape
    filled_up = zeros((*rows, padded_width(width, array.dtype)), array.dtype)
    filled_up[..., :width] = array
    return filled_up


def room_for_states(steps: int, hidden: Array) -> Array:
    """Return H, (steps + 1, M): the state before them, (m,), and zeros."""
    H = zeros((steps + 1, padded_width(hidden.size, hidden.dtype)), hidden.dtype)
    H[0, : hidden.size] = hidden
    return H


def padded_net(weights: Weights) -> Net:
    """Return padded copies for back-propagation."""
    b, c, U, W, V = weights
    return Net(*map(padded, (b, c, U.T, W, V)))


def reader_of(weights: Weights) -> Reader:
    """Return padded copies for the forward pass."""
    b, c, U, W, V = weights
    return Reader(*map(padded, (b, c, U.T, W.T, V.T)))


def unpadded_net(net: Net, like: Weights) -> Weights:
    """Return views of what is not padding, in the shapes of `like`."""
    m, K = like.hidden_size, like.vocabulary_size
    b, c, UT, W, V = net
    return Weights(b[:m], c[:K], UT[:, :m].T, W[:, :m], V[:, :m])


def indices(ids: Ids) -> NDArray[np.int64]:
    """Return a copy that compiled code takes, whatever type and store `ids` have."""
    return np.array(ids, dtype=np.int64)
