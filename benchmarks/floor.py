"""The least time that an update could take, out of what this machine was measured to do.

Counted for one update, K characters, m hidden units, T steps, k distinct characters in
the window, in whole vectors: M, L and S are the widths that m, K and T are padded to,
since no instruction does less than a vector:

* products: T m M to the states and as many from them to d_W, (T - 1) m M back through
  time, T K M each for d_h and d_V, and for the logits the less of T L m and K S m, every
  one a multiplication and an addition that may not be fused (CONTRIBUTING.md, rules of
  exactness);
* of these, the recurrence forward and back reads all of W at every step, 2 T - 1 times,
  as one step cannot begin before the last one has ended;
* T M tanh, and exp for the less of T L and K S;
* AdaGrad, a root and a division, for m M + K M + k M + M + L elements.

Each is divided by a rate: the best of many trials of a small compiled loop on aligned
data.  Products are those of `add_products`, tanh and exp those of `exact`, on data that
stay in the level-1 cache.  The recurrence takes one row at a time, so its rate is that of
one row; elsewhere it is the better of one row and of whole tiles, each at the width at
which it is fastest.  AdaGrad runs on matrices of the size of W and its G, with one row of
a gradient, as they are read and written where they lie.  W is read, added up as integers,
where it lies after being read whole, by turns from its first part and from its last, so that
what level 1 still holds is read first.  The recurrence takes the longer of its
products and its reading, as if they overlapped perfectly; the other times are added.  Not
counted: transposing W and H, reading V, G and the outputs, the greatest logit and the sum
of a softmax, the sums of d_b, d_c and d_U, the calls and loops around it all.
"""

import time
from collections.abc import Callable
from typing import Any, NamedTuple, TypeVar, cast

import numba
import numpy as np
from numpy.typing import DTypeLike, NDArray

from benchmarks.setting import HIDDEN_SIZE, RECIPE, Text
from charrnn import exact
from charrnn.network.kernels.padding import aligned_zeros
from charrnn.network.kernels.passes import add_products
from charrnn.network.kernels.products import TILE_ROWS, VECTOR_BYTES, padded_width

Function = TypeVar("Function", bound=Callable[..., Any])


def compiled(function: Function) -> Function:
    """Compile without fastmath, as exact code is compiled; nothing is kept on disk."""
    decorate: Any = numba.njit(error_model="numpy")
    return cast("Function", decorate(function))


_tanh32, _exp32 = compiled(exact.tanh32), compiled(exact.exp32)
_tanh64, _exp64 = compiled(exact.tanh64), compiled(exact.exp64)
_REPEATS = 200
_SECONDS = 0.8  # of trials, for each rate but the products'
_SECONDS_A_WIDTH = 0.2
_WIDTHS = range(1, 8)  # of a tile, in vectors
_PARTS = 8  # of W, read from the first or from the last on
_CACHED = 16384  # bytes: at most a half of a level-1 cache


class Rates(NamedTuple):
    """What this machine does, a nanosecond.

    Attributes
    ----------
    row_products, products : float
        Multiplications, each with its addition: of one row; and the best.
    reading : float
        Bytes of W.
    tanh, exp, adagrad : float
        Elements.
    """

    row_products: float
    products: float
    reading: float
    tanh: float
    exp: float
    adagrad: float


class Floor(NamedTuple):
    """Microseconds per update, part by part.

    Attributes
    ----------
    recurrence : float
        The longer of `recurrence_products` and `recurrence_reading`.
    recurrence_products, recurrence_reading : float
        For information: not added.
    other_products, functions, adagrad : float
    """

    recurrence: float
    recurrence_products: float
    recurrence_reading: float
    other_products: float
    functions: float
    adagrad: float

    @property
    def total(self) -> float:
        """The floor, microseconds per update."""
        return self.recurrence + self.other_products + self.functions + self.adagrad


def floor_of(
    rates: Rates, m: int, K: int, T: int, distinct: float, dtype: DTypeLike
) -> Floor:
    """Return the floor; `distinct` is the mean number of characters a window has."""
    M, L, S = (padded_width(n, dtype) for n in (m, K, T))
    outputs = min(T * L, K * S)
    recurrent = (2 * T - 1) * m * M
    elsewhere = T * m * M + 2 * T * K * M + outputs * m
    products = recurrent / rates.row_products
    reading = recurrent * np.dtype(dtype).itemsize / rates.reading
    learned = m * M + K * M + distinct * M + M + L
    return Floor(
        recurrence=max(products, reading) / 1e3,
        recurrence_products=products / 1e3,
        recurrence_reading=reading / 1e3,
        other_products=elsewhere / rates.products / 1e3,
        functions=(T * M / rates.tanh + outputs / rates.exp) / 1e3,
        adagrad=learned / rates.adagrad / 1e3,
    )


def floor_of_book(text: Text, dtype: DTypeLike) -> tuple[Rates, Floor]:
    """Return what this machine does, and the floor of an update of the benchmarks."""
    T, rates = RECIPE.sequence_length, measure(HIDDEN_SIZE, dtype)
    distinct = distinct_characters(text.ids, T)
    K = text.vocabulary_size
    return rates, floor_of(rates, HIDDEN_SIZE, K, T, distinct, dtype)


def distinct_characters(ids: NDArray[Any], T: int) -> float:
    """Return the mean number of distinct characters in a window's inputs."""
    windows = ids[: len(ids) // T * T].reshape(-1, T)
    return float(np.mean([len(set(window)) for window in windows[:1000].tolist()]))


def measure(m: int, dtype: DTypeLike) -> Rates:
    """Measure this machine, on one thread; takes some seven seconds."""
    dtype = np.dtype(dtype)
    width = padded_width(m, dtype)
    row, flat = (
        _small_numbers(width, dtype),
        _small_numbers(_CACHED // dtype.itemsize, dtype),
    )
    theta, G = _small_numbers((m, width), dtype), _small_numbers((m, width), dtype)
    G += np.ones(1, dtype)
    W = _small_numbers((m, width), dtype).reshape(-1).view(np.int64)
    small = np.array(1e-3, dtype)[()]
    tanh, exp = (_tanh32, _exp32) if dtype == np.float32 else (_tanh64, _exp64)
    out, _ = aligned_zeros([flat.shape], dtype)
    one, tile = (
        max(_rate_of_products(rows, vectors, dtype) for vectors in _WIDTHS)
        for rows in (1, TILE_ROWS)
    )
    return Rates(
        row_products=one,
        products=max(one, tile),
        reading=W.nbytes / _best(lambda: _read(W)),
        tanh=flat.size / _best(lambda: _map(tanh, flat, out)),
        exp=flat.size / _best(lambda: _map(exp, flat, out)),
        adagrad=theta.size / _best(lambda: _adagrad(theta, G, row, small)),
    )


def _small_numbers(shape: int | tuple[int, ...], dtype: np.dtype[Any]) -> NDArray[Any]:
    """Return random numbers at an address that a cache line begins at."""
    array, _ = aligned_zeros([shape if isinstance(shape, tuple) else (shape,)], dtype)
    array[...] = 0.01 * np.random.default_rng(1).standard_normal(shape)
    return array


def _rate_of_products(rows: int, vectors: int, dtype: np.dtype[Any]) -> float:
    """Return the products a nanosecond in a tile, its terms in level 1."""
    width = vectors * VECTOR_BYTES // dtype.itemsize
    terms = _small_numbers((_CACHED // VECTOR_BYTES // vectors, width), dtype)
    factors = _small_numbers((rows, len(terms)), dtype)
    sums, _ = aligned_zeros([(rows, width)], dtype)
    best = _best(lambda: _products(sums, factors, terms), _SECONDS_A_WIDTH)
    return rows * terms.size / best


def _best(run: Callable[[], object], seconds: float = _SECONDS) -> float:
    """Return the least time of one of the `_REPEATS` that `run` makes, nanoseconds."""
    run()
    best, end = float("inf"), time.perf_counter() + seconds
    while time.perf_counter() < end:
        start = time.perf_counter_ns()
        run()
        best = min(best, (time.perf_counter_ns() - start) / _REPEATS)
    return best


@compiled
def _products(out: Any, factors: Any, terms: Any) -> None:
    for _ in range(_REPEATS):
        add_products(out, factors, terms, factors.shape[1], False)


@compiled
def _read(numbers: Any) -> int:
    total = 0
    for repeat in range(_REPEATS):
        for n in range(_PARTS):
            part = n if repeat % 2 == 0 else _PARTS - 1 - n
            begin = numbers.shape[0] * part // _PARTS
            those = numbers[begin : numbers.shape[0] * (part + 1) // _PARTS]
            # A different sum each time, so that none can be left out.
            for i in range(those.shape[0]):
                total += those[i] ^ repeat
    return total


@compiled
def _map(function: Any, x: Any, out: Any) -> None:
    for _ in range(_REPEATS):
        for i in range(x.shape[0]):
            out[i] = function(x[i])


@compiled
def _adagrad(theta: Any, G: Any, gradient: Any, small: Any) -> None:
    for _ in range(_REPEATS):
        for k in range(theta.shape[0]):
            for i in range(theta.shape[1]):
                g = min(max(gradient[i], -small), small)
                G[k, i] += g * g
                theta[k, i] -= small * g / np.sqrt(G[k, i] + small)
