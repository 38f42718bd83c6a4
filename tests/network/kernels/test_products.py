"""The product adds in its written order, to the bit."""

import numpy as np
import pytest

from charrnn.network.kernels.padding import aligned_zeros
from charrnn.network.kernels.passes import add_products, transpose
from charrnn.network.kernels.products import VECTOR_BYTES, padded_width


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("vectors", [*range(1, 17), 40])
@pytest.mark.parametrize(
    ("rows", "terms"), [(1, 0), (1, 1), (1, 33), (2, 1), (3, 5), (4, 0), (8, 7)]
)
def test_terms_are_added_in_their_order(
    dtype: type[np.floating], vectors: int, rows: int, terms: int
) -> None:
    rng = np.random.default_rng([vectors, rows, terms])
    width = vectors * padded_width(1, dtype)
    out = rng.standard_normal((rows, width)).astype(dtype)
    B = rng.standard_normal((terms + 2, width)).astype(dtype)
    A = rng.standard_normal((2 * terms, 3 * rows)).astype(dtype)[::2, 1::3].T  # strides
    expected = out.copy()
    for j in range(terms):
        expected = expected + A[:, j : j + 1] * B[j]
    add_products(out, A, B)
    np.testing.assert_array_equal(out, expected)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_transposes_are_exact(dtype: type[np.floating]) -> None:
    rng = np.random.default_rng(0)
    for rows in range(1, 20):
        for width in range(1, 20):
            matrix = rng.standard_normal((rows, 24)).astype(dtype)
            out = np.full((width + 1, 32), np.nan, dtype)
            transpose(matrix, width, out)
            np.testing.assert_array_equal(out[:width, :rows], matrix[:, :width].T)
            assert np.isnan(out[width:]).all()
            assert np.isnan(out[:, rows:]).all()  # nothing beside it is touched


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_widths_fill_whole_vectors_and_arrays_begin_at_one(
    dtype: type[np.floating],
) -> None:
    itemsize = np.dtype(dtype).itemsize
    for width in range(1, 200):
        padded = padded_width(width, dtype)
        assert 0 <= padded - width < VECTOR_BYTES // itemsize
        assert (padded * itemsize) % VECTOR_BYTES == 0
        _, array = aligned_zeros([(2, padded), (3, padded)], dtype)
        assert array.ctypes.data % VECTOR_BYTES == 0
        assert array.shape == (3, padded)
        assert not array.any()
