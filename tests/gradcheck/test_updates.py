"""Updates that do not use the checked gradients are found."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from charrnn.errors import GradientError
from charrnn.gradcheck.updates import check_updates, judge
from charrnn.network.kernels import learning
from charrnn.network.model import Weights
from tests.problems import make_text, make_window

UPDATES = make_window(K=7, m=5, T=4, seed=3)
THREE_WINDOWS = make_text(13, 7)


@pytest.mark.slow
def test_updates_of_the_training_code_pass_in_both_precisions_and_with_l2() -> None:
    before = UPDATES.weights.copy()
    found = check_updates(UPDATES.weights, THREE_WINDOWS, UPDATES.hidden, 4, l2=0.1)
    assert found == 2 * 2 * 3
    for one, other in zip(UPDATES.weights, before, strict=True):
        np.testing.assert_array_equal(one, other)


def one_entry_off(weights: Weights, _: Weights) -> None:
    weights.W[3, 1] = np.nextafter(weights.W[3, 1], 9)


def squares_not_added(_: Weights, squares: Weights) -> None:
    squares.U[:] = 0


@pytest.mark.parametrize(
    ("bug", "said"),
    [
        (one_entry_off, r"update 1 \(float64\) theta of W\[3, 1\] is"),
        (squares_not_added, r"update 1 \(float64\) G of U\[\d, \d\] is"),
    ],
)
def test_a_wrong_update_is_found(
    bug: Callable[[Weights, Weights], None],
    said: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    right_one = learning.train_windows

    def wrong(weights: Weights, squares: Weights, *rest: Any, **values: Any) -> Any:
        losses = right_one(weights, squares, *rest, **values)
        bug(weights, squares)
        return losses

    monkeypatch.setattr(learning, "train_windows", wrong)
    with pytest.raises(GradientError, match=said):
        judge(UPDATES.weights, THREE_WINDOWS, UPDATES.hidden, 4, l2=0.0)


@pytest.mark.parametrize("lost", ["l2", "clip", "warmup_updates"])
def test_an_update_by_another_recipe_is_found(
    lost: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    right_one = learning.train_windows
    other = {"l2": 0.0, "clip": 1e9, "warmup_updates": 10}[lost]

    def wrong(w: Any, G: Any, h: Any, ids: Any, recipe: Any, **values: Any) -> Any:
        return right_one(w, G, h, ids, replace(recipe, **{lost: other}), **values)

    monkeypatch.setattr(learning, "train_windows", wrong)
    with pytest.raises(GradientError, match="does not use the gradient"):
        judge(UPDATES.weights, THREE_WINDOWS, UPDATES.hidden, 4, l2=0.1)
