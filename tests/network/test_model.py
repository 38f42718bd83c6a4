"""The weights that training starts from."""

import hashlib
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from charrnn.network.model import Weights, initial_weights, shapes, zeros_like
from charrnn.network.streams import Purpose, stream

SIZES = st.integers(1, 8)
# SHA-256 of the weights of params.yaml, all five in turn: the same on every machine.
DIGEST = "0093e4ad746fa3d9ad6d12bfcfd371be006fcd164775f487094debbfb6849c13"


def drawn(
    m: int, K: int, sigma: float = 0.1, dtype: Any = np.float32, seed: int = 1
) -> Weights:
    rng = stream(Purpose.INITIAL_WEIGHTS, seed)
    return initial_weights(m, K, sigma=sigma, dtype=dtype, rng=rng)


def bytes_of(weights: Weights) -> bytes:
    return b"".join(array.tobytes() for array in weights)


@given(SIZES, SIZES, st.integers(0, 2**32 - 1))
def test_both_precisions_have_their_shapes_and_the_same_numbers(
    m: int, K: int, seed: int
) -> None:
    sizes = {"b": (m,), "c": (K,), "U": (m, K), "W": (m, m), "V": (K, m)}
    assert shapes(m, K) == sizes
    single, double = (drawn(m, K, dtype=d, seed=seed) for d in (np.float32, np.float64))
    assert (single.hidden_size, single.vocabulary_size) == (m, K)
    for (name, one), other in zip(single.named(), double, strict=True):
        assert (one.dtype.name, other.dtype.name) == ("float32", "float64")
        assert one.shape == sizes[name]
        np.testing.assert_array_equal(one.astype(np.float64), other)


def test_every_array_is_drawn_with_the_standard_deviation_sigma() -> None:
    for name, array in drawn(100, 400, sigma=0.1).named():
        # five standard errors of the mean and of the standard deviation
        error = 5 * 0.1 / np.sqrt(array.size)
        assert abs(float(array.mean())) < error, name
        assert abs(float(array.std()) - 0.1) < error, name
    for one, twice in zip(drawn(4, 5, sigma=0.1), drawn(4, 5, sigma=0.2), strict=True):
        np.testing.assert_array_equal(2 * one, twice)


def test_the_default_weights_are_these_for_ever() -> None:
    assert hashlib.sha256(bytes_of(drawn(100, 65))).hexdigest() == DIGEST


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_copies_and_zeros_have_arrays_of_their_own(dtype: Any) -> None:
    weights = drawn(3, 5, dtype=dtype)
    before = bytes_of(weights)
    for other in (weights.copy(), weights.astype(dtype), zeros_like(weights)):
        for array, original in zip(other, weights, strict=True):
            assert (array.dtype, array.shape) == (original.dtype, original.shape)
            array[:] = 7
    assert bytes_of(weights) == before
    zero = weights.zero_state()
    assert (zero.shape, zero.dtype) == ((3,), dtype)
    assert not any(array.any() for array in (zero, *zeros_like(weights)))
