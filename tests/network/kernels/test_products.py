"""The product adds in its written order, to the bit."""

import os
import subprocess
import sys
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from charrnn.network.kernels.jit import jit
from charrnn.network.kernels.padding import aligned_zeros
from charrnn.network.kernels.passes import add_products, transpose
from charrnn.network.kernels.products import VECTOR_BYTES, add_one_row, padded_width

both = pytest.mark.parametrize("dtype", [np.float32, np.float64])
Array = NDArray[Any]


@jit
def add_backwards(
    out: Array, A: Array, B: Array, row: int, terms: int, from_zero: bool
) -> None:
    add_one_row(out, A, B, row, terms, from_zero, True)


@both
@pytest.mark.parametrize(
    ("rows", "terms"), [(1, 0), (1, 1), (1, 33), (2, 1), (3, 5), (4, 0), (8, 7)]
)
def test_terms_are_added_in_their_order(
    dtype: type[np.floating], rows: int, terms: int
) -> None:
    for vectors in (*range(1, 17), 40):
        rng = np.random.default_rng([vectors, rows, terms])
        width = vectors * padded_width(1, dtype)
        out = rng.standard_normal((rows, width)).astype(dtype)
        B = rng.standard_normal((terms + 2, width)).astype(dtype)
        A = rng.standard_normal((2 * terms, 3 * rows)).astype(dtype)
        A = A[::2, 1::3].T  # strides
        for from_zero in (False, True):
            expected = np.zeros_like(out) if from_zero else out.copy()
            for j in range(terms):
                expected = expected + A[:, j : j + 1] * B[j]
            for layout in (A, A.copy("C"), A.copy("F")):
                found = out.copy()
                add_products(found, layout, B, terms, from_zero)
                np.testing.assert_array_equal(found, expected)
            found = out.copy()
            for r in range(rows):
                add_backwards(found, A, B, r, terms, from_zero)
            np.testing.assert_array_equal(found, expected)


@both
def test_transposes_are_exact_and_touch_nothing_else(dtype: type[np.floating]) -> None:
    matrices = np.random.default_rng(0).standard_normal((20, 24)).astype(dtype)
    for rows in range(1, 20):
        for width in range(1, 20):
            out = np.full((width + 1, 32), np.nan, dtype)
            transpose(matrices[:rows], width, out)
            np.testing.assert_array_equal(out[:width, :rows], matrices[:rows, :width].T)
            assert np.isnan(out[width:]).all()
            assert np.isnan(out[:, rows:]).all()


@both
def test_widths_fill_whole_vectors_and_arrays_begin_at_one(
    dtype: type[np.floating],
) -> None:
    itemsize = np.dtype(dtype).itemsize
    for width in range(1, 200):
        padded = padded_width(width, dtype)
        assert 0 <= padded - width < VECTOR_BYTES // itemsize
        assert (padded * itemsize) % VECTOR_BYTES == 0
        _, array, _ = aligned_zeros([(2, padded), (3, padded)], dtype)
        assert array.ctypes.data % VECTOR_BYTES == 0
        assert array.shape == (3, padded)
        assert not array.any()


@pytest.mark.parametrize(("features", "size"), [("+avx512f", 64), ("+avx2", 32)])
def test_vectors_are_those_of_the_processor_that_is_compiled_for(
    features: str, size: int
) -> None:
    code = "from charrnn.network.kernels import products; print(products.VECTOR_BYTES)"
    done = subprocess.run(
        [sys.executable, "-c", code],
        env=os.environ | {"NUMBA_CPU_NAME": "generic", "NUMBA_CPU_FEATURES": features},
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    assert done.stdout == f"{size}\n"
