"""The passes over a window, compiled: forward, backward, and the sums over its steps.

The equations are those of `reference`.  M and L are the widths that m and K are padded
to (`padding`).  H, (T + 1, M), holds h_0 ... h_T; P, (T, L), the o_t, then the p_t, then
the d_o_t; D, (T, M), the d_a_t.  Sums run in the order of their index; exp, log and tanh
come from `exact`.
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from charrnn import exact
from charrnn.network.kernels.jit import jit
from charrnn.network.kernels.padding import BackwardWeights, ForwardWeights
from charrnn.network.kernels.products import TILE_ROWS, add_one_row, add_tile_rows

Array = NDArray[Any]

# Rows transposed at once, so that a cache line of the result is written at once: row by
# row an update takes 1.02 times as long at m = 100, and 1.6 times at m = 512 and 1,024.
_BLOCK_ROWS = 8


@jit
def add_products(out: Array, A: Array, B: Array) -> None:
    """Add A B to out, in place: A is (rows, n), B (n or more, w), out (rows, w)."""
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
def fill_states(weights: ForwardWeights, x: Array, H: Array) -> None:
    """Fill H: h_t = tanh(W h_{t-1} + U[:, x_t] + b), t = 1 ... T, given h_0 in H[0]."""
    m = weights.WT.shape[0]
    for t in range(x.shape[0]):
        h, u = H[t + 1], weights.UT[x[t]]
        for i in range(h.shape[0]):
            h[i] = u[i] + weights.b[i]
        add_one_row(H[t + 1 : t + 2], H[t : t + 1, :m], weights.WT)
        for i in range(h.shape[0]):
            h[i] = exact.tanh(h[i])


@jit
def fill_logits(weights: ForwardWeights, H: Array, P: Array) -> None:
    """Fill P: o_t = V h_t + c for all t, which need not wait for each other."""
    m = weights.VT.shape[0]
    for t in range(P.shape[0]):
        copy_row(P[t], weights.c)
    add_products(P, H[1 : P.shape[0] + 1, :m], weights.VT)


@jit
def likeliest(o: Array) -> int:
    """Return the id with the highest logit; ties go to the lowest id."""
    best = 0
    for k in range(o.shape[0]):
        if o[k] > o[best]:
            best = k
    return best


@jit
def softmax_loss(o: Array, y: int) -> float:
    """Turn o, (K,), into p = softmax(o) in place; return -log p[y] in nats."""
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
def back_propagate(
    weights: BackwardWeights, y: Array, H: Array, P: Array, D: Array
) -> None:
    """Turn p_t into d_o_t in P and fill D with d_a_t, for t = T ... 1.

    ::

    d_o_t = p_t - onehot(y_t)
    d_h_t = V' d_o_t + W' d_a_{t+1}
    d_a_t = (1 - h_t^2) d_h_t
    """
    m, K = weights.W.shape[0], weights.V.shape[0]
    one = H.dtype.type(1)
    for t in range(y.shape[0]):
        P[t, y[t]] -= one
    D[:] = 0
    add_products(D, P[:, :K], weights.V)
    for t in range(y.shape[0] - 1, -1, -1):
        d, h = D[t], H[t + 1]
        if t + 1 < y.shape[0]:
            add_one_row(D[t : t + 1], D[t + 1 : t + 2, :m], weights.W)
        for i in range(d.shape[0]):
            d[i] *= one - h[i] * h[i]


@jit
def sum_rows(row: Array, rows: Array) -> None:
    """Fill row: d_b = sum_t d_a_t, or d_c = sum_t d_o_t."""
    row[:] = 0
    for t in range(rows.shape[0]):
        for i in range(row.shape[0]):
            row[i] += rows[t, i]


@jit
def sum_by_character(x: Array, D: Array, dUT: Array, occurs: Array) -> None:
    """Fill dUT, (K, M): d_U = sum_t d_a_t onehot(x_t)', transposed.

    occurs, (K,), says which rows are not zero; before, of the window before.
    """
    for k in range(dUT.shape[0]):
        if occurs[k]:
            dUT[k] = 0
            occurs[k] = False
    for t in range(x.shape[0]):
        occurs[x[t]] = True
        for i in range(D.shape[1]):
            dUT[x[t], i] += D[t, i]


@jit
def transpose(matrix: Array, width: int, out: Array) -> None:
    """Fill the leading part of `out` with the transpose of matrix[:, :width]."""
    whole = matrix.shape[0] - matrix.shape[0] % _BLOCK_ROWS
    for first in range(0, whole, _BLOCK_ROWS):
        for j in range(width):
            for i in range(_BLOCK_ROWS):
                out[j, first + i] = matrix[first + i, j]
    for i in range(whole, matrix.shape[0]):
        for j in range(width):
            out[j, i] = matrix[i, j]
