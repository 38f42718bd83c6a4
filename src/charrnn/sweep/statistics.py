"""What the figures of a sweep mean: means, intervals, differences and what they are worth.

Sums are correctly rounded.  Nothing is pooled over points, whose spreads differ by a
factor of a hundred, and trials are not paired by their seed, which explains nothing.
"""

import bisect
import math
from collections.abc import Sequence
from typing import NamedTuple

from charrnn.exact import mean, total

# Quantiles of Student's t for a two-sided interval of 95 %, by degrees of freedom;
# between two rows the lower one is taken, which makes intervals wider.
_T = (
    (1, 12.7062), (2, 4.30265), (3, 3.18245), (4, 2.77645), (5, 2.57058),
    (6, 2.44691), (7, 2.36462), (8, 2.306), (9, 2.26216), (10, 2.22814),
    (11, 2.20099), (12, 2.17881), (13, 2.16037), (14, 2.14479), (15, 2.13145),
    (16, 2.11991), (17, 2.10982), (18, 2.10092), (19, 2.09302), (20, 2.08596),
    (21, 2.07961), (22, 2.07387), (23, 2.06866), (24, 2.0639), (25, 2.05954),
    (26, 2.05553), (27, 2.05183), (28, 2.04841), (29, 2.04523), (30, 2.04227),
    (40, 2.02108), (60, 2.0003), (120, 1.97993), (1000, 1.96234),
)  # fmt: skip


class SeedSpread(NamedTuple):
    """What some trials of the same values came to.

    Attributes
    ----------
    n : int
    mean, least, greatest : float
    standard_deviation, low, high : float or None
        The last two bound the 95 % t-interval of the mean; None for one trial.
    """

    n: int
    mean: float
    standard_deviation: float | None
    least: float
    greatest: float
    low: float | None
    high: float | None


class PointDifference(NamedTuple):
    """How much lower the losses of one point are than those of another.

    Attributes
    ----------
    mean : float
        Of the other point, minus that of this one: above 0 this one is better.
    low, high : float or None
        The 95 % interval of Welch; None if a point has one trial.
    degrees : int or None
        Of freedom, rounded down.
    wins : float
        The share of all pairs of trials, one of each point, in which this one is lower;
        ties count half.
    """

    mean: float
    low: float | None
    high: float | None
    degrees: int | None
    wins: float

    @property
    def is_clear(self) -> bool:
        """Whether the interval is there and leaves out 0."""
        return (
            self.low is not None
            and self.high is not None
            and not (self.low <= 0 <= self.high)
        )


def t_quantile(degrees: int) -> float:
    """Return the quantile of Student's t for a two-sided interval of 95 %."""
    row = bisect.bisect_right(_T, degrees, key=lambda row: row[0]) - 1
    return _T[row][1]


def spread_of(values: Sequence[float]) -> SeedSpread:
    """Return the spread of some figures; at least one."""
    middle, variance = mean(values), _variance(values)
    if variance is None:
        return SeedSpread(1, middle, None, middle, middle, None, None)
    n = len(values)
    reach = t_quantile(n - 1) * math.sqrt(variance / n)
    return SeedSpread(
        n,
        middle,
        math.sqrt(variance),
        min(values),
        max(values),
        middle - reach,
        middle + reach,
    )


def difference(these: Sequence[float], others: Sequence[float]) -> PointDifference:
    """Compare the losses of two points.

    References
    ----------
    B. L. Welch, The generalization of "Student's" problem when several different
    population variances are involved, Biometrika 34, 1947.
    """
    apart = mean(others) - mean(these)
    pairs = [(a, b) for a in these for b in others]
    wins = total((a < b) + (a == b) / 2 for a, b in pairs) / len(pairs)
    first, second = _variance(these), _variance(others)
    if first is None or second is None:
        return PointDifference(apart, None, None, None, wins)
    n, m = len(these), len(others)
    a, b = first / n, second / m
    degrees = n + m - 2
    if a + b > 0:
        shares = (a / (a + b), b / (a + b))
        parts = (shares[0] * shares[0] / (n - 1), shares[1] * shares[1] / (m - 1))
        degrees = int(1 / (parts[0] + parts[1]))
    reach = t_quantile(degrees) * math.sqrt(a + b)
    return PointDifference(apart, apart - reach, apart + reach, degrees, wins)


def _variance(values: Sequence[float]) -> float | None:
    """Return the variance of a sample, or None of one value."""
    if len(values) < 2:
        return None
    middle = mean(values)
    apart = [value - middle for value in values]
    return total(a * a for a in apart) / (len(values) - 1)
