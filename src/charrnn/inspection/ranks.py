"""Rank statistics: the association of two variables, independent of their scales.

All arithmetic before the last division is in whole numbers, so the result is the same to
the bit everywhere and in any order of summation.  Ranks are twice the usual ranks, so that
tied values, which share the mean of their ranks, have whole numbers too.

References
----------
Cureton, "Rank-Biserial Correlation", Psychometrika 21(3), 1956.
Spearman, "The Proof and Measurement of Association between Two Things", American Journal
of Psychology 15(1), 1904.
"""

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray


def strengths(
    ranks: NDArray[np.int64], values: NDArray[np.int64], *, is_graded: bool
) -> NDArray[np.float64]:
    """Return the association of ranked rows, (m, n), with values, (n,): -1 to 1, (m,).

    The rank correlation if the values are counts, else the rank-biserial correlation with
    "greater than 0".
    """
    if is_graded:
        return rank_correlation(ranks, twice_ranks(values[np.newaxis])[0])
    return rank_biserial(ranks, values > 0)


def twice_ranks(rows: NDArray[Any]) -> NDArray[np.int64]:
    """Rank the values of each row, (m, n), from the lowest, 2, to the highest, 2n."""
    ranks = np.empty(rows.shape, np.int64)
    for row, values in zip(ranks, rows, strict=True):
        _, place, count = np.unique(values, return_inverse=True, return_counts=True)
        row[:] = (2 * np.cumsum(count) - count + 1)[place]
    return ranks


def rank_biserial(
    ranks: NDArray[np.int64], has: NDArray[np.bool_]
) -> NDArray[np.float64]:
    """Return the rank-biserial correlation of each row with a binary variable, -1 to 1.

    Of all pairs of a value with `has` true and one with `has` false, the share in which
    the former is higher, minus the share in which it is lower: twice the area under the
    ROC curve, minus 1.

    Parameters
    ----------
    ranks : (m, n) int64
        From `twice_ranks`.
    has : (n,) bool

    Returns
    -------
    (m,) float64
        0 if `has` is constant.
    """
    ones = int(np.count_nonzero(has))
    pairs = ones * (len(has) - ones)
    twice_higher = ranks[:, has].sum(axis=1) - ones * (ones + 1)
    biserial: NDArray[np.float64] = (twice_higher - pairs) / max(1, pairs)
    return biserial


def rank_correlation(
    ranks: NDArray[np.int64], of: NDArray[np.int64]
) -> NDArray[np.float64]:
    """Return Spearman's rank correlation of each row, (m, n), with `of`, (n,).

    Both are from `twice_ranks`.  The correlation with a constant is 0.

    Returns
    -------
    (m,) float64
    """
    middle = ranks.shape[1] + 1
    x, y = ranks - middle, of - middle
    products = (x * y).sum(axis=1).tolist()
    squares, square = (x * x).sum(axis=1).tolist(), int((y * y).sum())
    # Python integers: the product of two squares exceeds 2^63.
    found = [
        xy / math.sqrt(xx * square) if xx * square else 0.0
        for xy, xx in zip(products, squares, strict=True)
    ]
    return np.array(found)
