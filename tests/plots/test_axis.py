"""Where the loss axis ends, and which epochs are drawn."""

import itertools
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from charrnn.plots.axis import axis_end, best_point, evenly_chosen
from charrnn.training.state import Row

NONE = np.empty((0, 4))
losses = st.floats(1e-3, 1e6)


@st.composite
def runs(draw: st.DrawFn) -> tuple[Any, Any]:
    """Draw a curve and validations, epochs of equal length, any losses."""
    epochs, rows = draw(st.integers(1, 12)), draw(st.integers(1, 20))
    per_row = draw(st.sampled_from([1, 7, 1_000, 40_000]))
    n = epochs * rows
    found = draw(st.lists(losses, min_size=n, max_size=n))
    curve = np.array(
        [
            Row(1 + i // rows, per_row * (i + 1), loss, 0.5)
            for i, loss in enumerate(found)
        ]
    )
    return curve, curve[rows - 1 :: draw(st.integers(1, 9)), :3]


@given(runs(), st.booleans())
def test_only_first_updates_and_no_validation_are_above_the_end(
    run: tuple[Any, Any], by_epoch: bool
) -> None:
    curve, checked = run
    end, is_cut = axis_end(curve, checked, None, by_epoch=by_epoch)
    above = curve[curve[:, 2] > end]
    assert is_cut == (len(above) > 0)
    assert (checked[:, 2] <= end).all()
    assert (above[:, 1] <= min(5_000, 0.1 * curve[-1, 1])).all()
    if by_epoch:  # each panel has the second half of its curve
        assert (above[:, 0] == 1).all()
        assert (above[:, 1] <= curve[curve[:, 0] == 1][-1, 1] / 2).all()


@given(runs(), losses)
def test_the_axis_ends_where_it_is_told_if_that_cuts(
    run: tuple[Any, Any], told: float
) -> None:
    curve, checked = run
    end, is_cut = axis_end(curve, checked, told, by_epoch=True)
    highest = max(curve[:, 2].max(), checked[:, 2].max(initial=0))
    assert is_cut == (curve[:, 2].min() < told < highest)
    assert end == (told if is_cut else highest)


@pytest.mark.parametrize(
    ("first", "floor", "epochs", "updates", "most"),
    [
        (110, 40, 6, 34_000, 46),  # the default book
        (110, 2, 6, 34_000, 4),  # a list of lines that repeat
        (110, 100, 6, 40, 110),  # a book of 1,200 characters: nothing is hidden
        (110, 40, 11, 3_000, 60),
        (110, 40, 100, 800, 90),
    ],
)
def test_the_axis_fits_curves_that_fall(
    first: float, floor: float, epochs: int, updates: int, most: float
) -> None:
    """The smooth loss falls by e in a thousand updates."""
    at = np.linspace(updates / 50, epochs * updates, 50 * epochs)
    loss = floor + (first - floor) * np.exp(-at / 1_000)
    curve = np.column_stack([np.repeat(np.arange(1, epochs + 1), 50), at, loss, loss])
    end, is_cut = axis_end(curve, NONE, None, by_epoch=True)
    assert loss[-1] < end <= most
    assert (loss[25:] <= end).all()  # each panel has the second half of its curve
    assert is_cut == (most < first)


def test_a_validation_far_above_the_curve_is_shown() -> None:
    at = np.linspace(1_000, 90_000, 90)
    loss = 40 + 70 * np.exp(-at / 1_000)
    curve = np.column_stack([np.ones(90), at, loss, loss])
    checked = np.array([(1, 90_000, 80.0)])
    for by_epoch in (False, True):
        end, _ = axis_end(curve, checked, None, by_epoch=by_epoch)
        assert end >= 80


@given(st.integers(1, 700), st.integers(2, 30))
def test_evenly_chosen_items_include_both_ends(length: int, most: int) -> None:
    chosen = evenly_chosen(range(length), most)
    assert chosen[0] == 0
    assert chosen[-1] == length - 1
    assert len(chosen) == min(length, most)
    assert {b - a for a, b in itertools.pairwise(chosen)} <= {
        step + (length - 1) // (max(len(chosen), 2) - 1) for step in (0, 1)
    }


def test_the_best_point_is_that_of_the_validation_or_the_last_of_the_curve() -> None:
    curve = np.array([(1, 10, 5.0, 0), (1, 20, 4.0, 0), (2, 30, 3.0, 0)])
    checked = np.array([(1, 20, 4.5), (2, 30, 4.25)])
    assert best_point(curve, checked, 20) == (20, 4.5)
    assert best_point(curve, NONE, 29) == (29, 4.0)
    assert best_point(curve, NONE, 1) == (1, 5.0)
