"""The two passes over a window, compiled: forward, and back-propagation.

The equations are those of `reference`; H holds h_0 ... h_T, (T + 1, m padded), P the
logits, then the probabilities, then d_o, (T, K padded), and D the d_a, (T, m padded).
Sums run in the order of their index.  exp, log and tanh come from `exact`.
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from charrnn import exact
from charrnn.network.kernels.jit import jit
from charrnn.network.kernels.padding import Net, Reader
from charrnn.network.kernels.products import (
    TILE_ROWS,
    add_one_row,
    add_one_row_from_afar,
    add_tile_rows,
    transpose_square,
)

Array = NDArray[Any]


@jit
def add_products(out: Array, A: Array, B: Array) -> None:
    """Add the product of A, (rows, n), and B, (n or more, w), to out, (rows, w)."""
    whole = out.shape[0] - out.shape[0] % TILE_ROWS
    for r in range(0, whole, TILE_ROWS):
        add_tile_rows(out[r : r + TILE_ROWS], A[r : r + TILE_ROWS], B)
    for r in range(whole, out.shape[0]):
        add_one_row(out[r : r + 1], A[r : r + 1], B)


@jit
def copy_row(out: Array, row: Array) -> None:
    """Copy a row.  ``out[:] = row`` would compile a message on shapes, for seconds."""
    for i in range(out.shape[0]):
        out[i] = row[i]


@jit
def states(reader: Reader, x: Array, H: Array) -> None:
    """Fill h_1 ... h_T, given h_0 in H[0]."""
    m = reader.WT.shape[0]
    for t in range(x.shape[0]):
        h, u = H[t + 1], reader.UT[x[t]]
        for i in range(h.shape[0]):
            h[i] = u[i] + reader.b[i]
        add_one_row_from_afar(H[t + 1 : t + 2], H[t : t + 1, :m], reader.WT)
        for i in range(h.shape[0]):
            h[i] = exact.tanh(h[i])


@jit
def outputs(reader: Reader, H: Array, O: Array) -> None:
    """Fill o_1 ... o_T."""
    m = reader.VT.shape[0]
    for t in range(O.shape[0]):
        copy_row(O[t], reader.c)
    add_products(O, H[1 : O.shape[0] + 1, :m], reader.VT)


@jit
def likeliest(o: Array) -> int:
    """Return the id with the highest score; of equals, the lowest id."""
    best = 0
    for k in range(o.shape[0]):
        if o[k] > o[best]:
            best = k
    return best


@jit
def softmax(o: Array, y: int) -> float:
    """Turn logits (K,) into probabilities in place; return -log p[y] in nats."""
    highest = o[0]
    for k in range(o.shape[0]):
        highest = max(highest, o[k])
    for k in range(o.shape[0]):
        o[k] -= highest
    score = o[y]
    for k in range(o.shape[0]):
        o[k] = exact.exp(o[k])
    total = o[0]
    for k in range(1, o.shape[0]):
        total += o[k]
    for k in range(o.shape[0]):
        o[k] /= total
    return np.float64(exact.log(total) - score)


@jit
def back_propagate(net: Net, y: Array, H: Array, P: Array, D: Array) -> None:
    """Turn p_t in P into d_o_t, and fill D with d_a_t."""
    m, K = net.W.shape[0], net.V.shape[0]
    one = H.dtype.type(1)
    for t in range(y.shape[0]):
        P[t, y[t]] -= one
    D[:] = 0
    add_products(D, P[:, :K], net.V)
    for t in range(y.shape[0] - 1, -1, -1):
        d, h = D[t], H[t + 1]
        if t + 1 < y.shape[0]:
            add_one_row_from_afar(D[t : t + 1], D[t + 1 : t + 2, :m], net.W)
        for i in range(d.shape[0]):
            d[i] *= one - h[i] * h[i]


@jit
def sum_rows(row: Array, rows: Array) -> None:
    """Fill d_b or d_c: the sum over t of rows[t]."""
    row[:] = 0
    for t in range(rows.shape[0]):
        for i in range(row.shape[0]):
            row[i] += rows[t, i]


@jit
def sum_by_character(x: Array, D: Array, dU: Array, seen: Array, slots: Array) -> int:
    """Fill a row of dU for each distinct character of x; return how many there are.

    seen[:count] are those characters; slots[k] is the row of character k, or -1.
    """
    count = 0
    for t in range(x.shape[0]):
        slot = slots[x[t]]
        if slot < 0:
            slot = slots[x[t]] = count
            seen[count] = x[t]
            copy_row(dU[count], D[t])
            count += 1
        else:
            for i in range(D.shape[1]):
                dU[slot, i] += D[t, i]
    return count


@jit
def transpose(matrix: Array, width: int, out: Array) -> None:
    """Fill the leading part of `out` with the transpose of matrix[:, :width]."""
    rows, columns = matrix.shape[0] // 8 * 8, width // 8 * 8
    for i in range(0, rows, 8):
        for j in range(0, columns, 8):
            transpose_square(matrix[i : i + 8, j : j + 8], out[j : j + 8, i : i + 8])
        for j in range(columns, width):
            for k in range(i, i + 8):
                out[j, k] = matrix[k, j]
    for i in range(rows, matrix.shape[0]):
        for j in range(width):
            out[j, i] = matrix[i, j]
