"""A hash table of whole numbers, compiled: open addressing with linear probing.

A table is (S, 2) int64, S a power of two: a code in each row, or -1 where the row is free,
and a value.  At most half of the rows may be taken.
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from charrnn.network.kernels.jit import jit

Array = NDArray[Any]

# 2^64 over the golden ratio: Knuth, "The Art of Computer Programming", 6.4.
_FACTOR = np.uint64(0x9E3779B97F4A7C15)
_HALF = np.uint64(32)


def empty_table(codes: int) -> Array:
    """Return a table for at most so many codes; all values are 0."""
    table = np.zeros((2 << max(codes, 1).bit_length(), 2), np.int64)
    table[:, 0] = -1
    return table


@jit
def place(table: Array, code: int) -> int:
    """Return the row of a code, 0 or more, or the free row where it belongs."""
    folded = np.uint64(code)
    mixed = (folded ^ (folded >> _HALF)) * _FACTOR
    row: int = np.int64(mixed >> _HALF) & (table.shape[0] - 1)
    while table[row, 0] >= 0 and table[row, 0] != code:
        row = (row + 1) & (table.shape[0] - 1)
    return row


@jit
def _copy_rows(table: Array, larger: Array) -> None:
    for row in range(table.shape[0]):
        if table[row, 0] >= 0:
            there = place(larger, table[row, 0])
            larger[there, 0] = table[row, 0]
            larger[there, 1] = table[row, 1]


def with_space(table: Array, codes: int) -> Array:
    """Return the table, or a larger one with the same rows, for so many codes in all."""
    if 2 * codes <= len(table):
        return table
    larger = empty_table(codes)
    _copy_rows(table, larger)
    return larger
