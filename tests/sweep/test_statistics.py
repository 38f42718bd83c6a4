"""The statistics of a sweep, against cases by hand and numbers of higher precision."""

import math
import statistics

import mpmath
import pytest
from hypothesis import given
from hypothesis import strategies as st

from charrnn.sweep.statistics import _T, difference, spread_of, t_quantile

LOSSES = st.lists(st.floats(0.5, 5, allow_subnormal=False), min_size=2, max_size=9)


def test_the_table_of_t_is_right() -> None:
    mpmath.mp.dps = 30
    for degrees, quantile in _T:
        x = mpmath.mpf(degrees) / (degrees + mpmath.mpf(quantile) ** 2)
        share = mpmath.betainc(degrees / 2, 0.5, 0, x, regularized=True)
        # Half a unit of the sixth digit of the quantile changes the share by less.
        assert abs(share - mpmath.mpf("0.05")) < 3e-6
    assert [degrees for degrees, _ in _T] == sorted(degrees for degrees, _ in _T)


def test_between_rows_the_wider_interval_is_taken() -> None:
    assert t_quantile(1) == 12.7062
    assert t_quantile(30) == t_quantile(39) == 2.04227
    assert t_quantile(10**9) == 1.96234


def test_a_spread_by_hand() -> None:
    # Mean 4, deviations -2, 0, 2: variance 4; t of 2 degrees; 2 / sqrt(3) each.
    spread = spread_of([2.0, 4.0, 6.0])
    reach = 4.30265 * math.sqrt(4 / 3)
    assert spread == (3, 4.0, 2.0, 2.0, 6.0, 4 - reach, 4 + reach)
    assert spread_of([3.0]) == (1, 3.0, None, 3.0, 3.0, None, None)
    assert spread_of([3.0, 3.0]) == (2, 3.0, 0.0, 3.0, 3.0, 3.0, 3.0)


def test_a_difference_by_hand() -> None:
    # Variances 1 and 1 of three each: 4 degrees; standard error sqrt(2 / 3).
    found = difference([1.0, 2.0, 3.0], [4.0, 5.0, 6.0])
    reach = 2.77645 * math.sqrt(1 / 3 + 1 / 3)
    assert (found.mean, found.degrees, found.wins) == (3.0, 4, 1.0)
    assert found.low == pytest.approx(3 - reach, rel=1e-15)
    assert found.high == pytest.approx(3 + reach, rel=1e-15)
    assert found.is_clear
    # Pairs: 2 below 3; 3 equals 3; 2 and 3 above 1: (1 + 1 / 2) / 4.
    assert difference([2.0, 3.0], [3.0, 1.0]).wins == 0.375
    assert difference([2.0, 2.0], [3.0, 3.0])[:4] == (1.0, 1.0, 1.0, 2)
    assert difference([2.0], [3.0, 4.0])[:4] == (1.5, None, None, None)
    assert not difference([2.0], [3.0, 4.0]).is_clear


@given(LOSSES, LOSSES)
def test_welch_by_the_module_statistics(
    these: list[float], others: list[float]
) -> None:
    found, back = difference(these, others), difference(others, these)
    assert found.mean == -back.mean
    assert found.wins == pytest.approx(1 - back.wins)
    a = statistics.variance(these) / len(these)
    b = statistics.variance(others) / len(others)
    if a + b > 1e-20:
        degrees = (a + b) ** 2 / (a**2 / (len(these) - 1) + b**2 / (len(others) - 1))
        assert found.degrees is not None
        assert found.degrees in (int(degrees - 1e-6), int(degrees + 1e-6))
        assert found.low is not None
        reach = found.mean - found.low
        assert reach == pytest.approx(
            t_quantile(found.degrees) * math.sqrt(a + b), rel=1e-6
        )
    assert found.degrees is not None
    assert found.degrees >= min(len(these), len(others)) - 2


@given(LOSSES)
def test_a_spread_by_the_module_statistics(losses: list[float]) -> None:
    spread = spread_of(losses)
    assert spread.mean == statistics.fmean(losses)
    assert spread.standard_deviation == pytest.approx(
        statistics.stdev(losses), rel=1e-9, abs=1e-12
    )
    assert spread_of(losses[::-1]) == spread
