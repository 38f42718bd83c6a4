"""The product adds in its written order, to the bit."""

import numpy as np
import pytest
from numba import njit

from charrnn.kernels.products import add_products, padded_width


@njit
def _add(out: np.ndarray, a: np.ndarray, B: np.ndarray) -> None:
    add_products(out, a, B)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("vectors", [*range(1, 17), 40])
@pytest.mark.parametrize("terms", [0, 1, 5, 33])
def test_terms_are_added_in_their_order(
    dtype: type[np.floating], vectors: int, terms: int
) -> None:
    rng = np.random.default_rng([vectors, terms])
    width = vectors * padded_width(1, dtype)
    out = rng.standard_normal(width).astype(dtype)
    B = rng.standard_normal((terms + 2, width)).astype(dtype)
    a = rng.standard_normal((terms, 3)).astype(dtype)[:, 1]  # with a stride
    expected = out.copy()
    for factor, row in zip(a, B, strict=False):
        expected = expected + row * factor
    _add(out, a, B)
    np.testing.assert_array_equal(out, expected)


def test_widths_fill_whole_vectors() -> None:
    for width in range(1, 200):
        for dtype in (np.float32, np.float64):
            padded = padded_width(width, dtype)
            assert padded >= width
            assert (padded * np.dtype(dtype).itemsize) % 64 == 0
            assert padded - width < 64 // np.dtype(dtype).itemsize
