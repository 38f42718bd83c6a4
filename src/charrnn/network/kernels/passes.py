"""The passes over a window, compiled: forward, backward, and the sums over its steps.

The equations are those of `reference`.  M, L and S are the widths that m, K and T are
padded to, `Scratch` what the passes fill (`padding`); D, (T, M) holds the d_a_t.  Sums
run in the order of their index; exp, log and tanh come from `exact`.
"""

from typing import Any

from numpy.typing import NDArray

from charrnn import exact
from charrnn.network.kernels.jit import jit
from charrnn.network.kernels.padding import PaddedWeights
from charrnn.network.kernels.products import (
    TILE_ROWS,
    VECTOR_BYTES,
    add_one_row,
    add_tile_rows,
    transpose_square,
)

Array = NDArray[Any]


@jit
def add_products(out: Array, A: Array, B: Array, terms: int, from_zero: bool) -> None:
    """Add A B to out, in place, or to zero: A (rows, terms), B (terms, w), out (rows, w).

    A and B may be larger; the rest of them takes no part.
    """
    whole = out.shape[0] - out.shape[0] % TILE_ROWS
    for r in range(0, whole, TILE_ROWS):
        add_tile_rows(out, A, B, r, terms, from_zero, False)
    for r in range(whole, out.shape[0]):
        add_one_row(out, A, B, r, terms, from_zero, False)


@jit
def copy_row(out: Array, row: Array) -> None:
    """Copy a row.  ``out[:] = row`` would compile a message on shapes, for seconds."""
    for i in range(out.shape[0]):
        out[i] = row[i]


@jit
def fill_states(weights: PaddedWeights, x: Array, WT: Array, H: Array) -> None:
    """Fill H: h_t = tanh(W h_{t-1} + U[:, x_t] + b), t = 1 ... T, given h_0 in H[0]."""
    m = WT.shape[0]
    for t in range(x.shape[0]):
        h, u = H[t + 1], weights.UT[x[t]]
        for i in range(h.shape[0]):
            h[i] = u[i] + weights.b[i]
        add_one_row(H[t + 1 : t + 2], H[t : t + 1], WT, 0, m, False, t % 2 == 1)
        for i in range(h.shape[0]):
            h[i] = exact.tanh(h[i])


@jit
def fill_logits(weights: PaddedWeights, H: Array, HT: Array, P: Array) -> None:
    """Fill P: o_t = V h_t + c for all t, which need not wait for each other."""
    m = HT.shape[0]
    transpose(H[1:], m, HT)
    for k in range(P.shape[0]):
        for t in range(P.shape[1]):
            P[k, t] = weights.c[k]
    add_products(P, weights.V, HT, m, False)


@jit
def likeliest(o: Array) -> int:
    """Return the id with the highest logit; ties go to the lowest id."""
    best = 0
    for k in range(o.shape[0]):
        if o[k] > o[best]:
            best = k
    return best


@jit
def softmax_losses(P: Array, y: Array, softmax: Array) -> Any:
    """Turn o_t in P into p_t = softmax(o_t); return -log p_t[y_t] in nats, (S,).

    All steps at once, so that whole vectors are filled, whatever K is.
    """
    K, S = P.shape
    highest, total, losses = softmax[0], softmax[1], softmax[2]
    for t in range(S):
        greatest = P[0, t]
        for k in range(1, K):
            greatest = max(greatest, P[k, t])
        highest[t] = greatest
    for t in range(y.shape[0]):
        losses[t] = highest[t] - P[y[t], t]
    total[:] = 0
    for k in range(K):
        row = P[k]
        for t in range(S):
            e = exact.exp(row[t] - highest[t])
            row[t] = e
            total[t] += e
    for k in range(K):
        row = P[k]
        for t in range(S):
            row[t] /= total[t]
    for t in range(y.shape[0]):
        losses[t] += exact.log(total[t])
    return losses


@jit
def back_propagate(
    weights: PaddedWeights, y: Array, H: Array, P: Array, D: Array
) -> None:
    """Turn p_t into d_o_t in P and fill D with d_a_t, for t = T ... 1.

    ::

    d_o_t = p_t - onehot(y_t)
    d_h_t = V' d_o_t + W' d_a_{t+1}
    d_a_t = (1 - h_t^2) d_h_t
    """
    m, one = weights.W.shape[0], D.dtype.type(1)
    for t in range(y.shape[0]):
        P[y[t], t] -= one
    add_products(D, P.T, weights.V, P.shape[0], True)
    for t in range(y.shape[0] - 1, -1, -1):
        d, h = D[t], H[t + 1]
        if t + 1 < y.shape[0]:
            row, after = D[t : t + 1], D[t + 1 : t + 2]
            add_one_row(row, after, weights.W, 0, m, False, t % 2 == 1)
        for i in range(d.shape[0]):
            d[i] *= one - h[i] * h[i]


@jit
def sum_steps(x: Array, D: Array, db: Array, dUT: Array, occurs: Array) -> None:
    """Fill db and dUT: d_b = sum_t d_a_t, d_U = sum_t d_a_t onehot(x_t)'.

    occurs, (K,), says which rows of dUT are not zero; before, of the window before.
    """
    db[:] = 0
    for k in range(dUT.shape[0]):
        if occurs[k]:
            dUT[k] = 0
            occurs[k] = False
    for t in range(x.shape[0]):
        occurs[x[t]] = True
        d, row = D[t], dUT[x[t]]
        for i in range(d.shape[0]):
            db[i] += d[i]
            row[i] += d[i]


@jit
def transpose(matrix: Array, width: int, out: Array) -> None:
    """Fill the leading part of `out` with the transpose of matrix[:, :width]."""
    rows, lanes = matrix.shape[0], VECTOR_BYTES // matrix.itemsize
    if min(rows, width) < lanes:
        for i in range(rows):
            for j in range(width):
                out[j, i] = matrix[i, j]
        return
    for i in range(0, rows, lanes):  # the last squares overlap those before
        for j in range(0, width, lanes):
            transpose_square(matrix, min(i, rows - lanes), min(j, width - lanes), out)
