"""Updates that do not use the checked gradients are found."""

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from charrnn.errors import GradientError
from charrnn.gradcheck.updates import check_updates, judge
from charrnn.network.kernels import learning
from charrnn.network.model import Model
from tests.problems import make_text, make_window

UPDATES = make_window(K=7, m=5, T=4, seed=3)
THREE_WINDOWS = make_text(13, 7)
OTHER_RECIPE = {"l2": 0.0, "clip": 1e9, "warmup_updates": 10}


@pytest.mark.slow
def test_updates_of_the_training_code_pass_in_both_precisions_and_with_l2() -> None:
    before = UPDATES.weights.copy()
    found = check_updates(UPDATES.weights, THREE_WINDOWS, UPDATES.hidden, 4, l2=0.1)
    assert found == 2 * 2 * 3
    for one, other in zip(UPDATES.weights, before, strict=True):
        np.testing.assert_array_equal(one, other)


@pytest.mark.parametrize(
    ("bug", "said"),
    [
        ("one entry", r"after update 1 \(float64\) theta of W\[3, 1\] is"),
        ("no squares", r"after update 1 \(float64\) G of U\[\d, \d\] is"),
        *(({field: value}, "after update") for field, value in OTHER_RECIPE.items()),
    ],
)
def test_a_wrong_update_and_one_by_another_recipe_are_found(
    bug: Any, said: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    right = learning.train_windows

    def wrong(model: Model, ids: Any, recipe: Any, **values: Any) -> Any:
        if isinstance(bug, dict):
            recipe = replace(recipe, **bug)
        losses = right(model, ids, recipe, **values)
        if bug == "one entry":
            W = model.weights.W
            W[3, 1] = np.nextafter(W[3, 1], 9)
        elif bug == "no squares":
            model.squares.U[:] = 0
        return losses

    monkeypatch.setattr(learning, "train_windows", wrong)
    rule = f"does not use the gradient that was checked: {said}"
    with pytest.raises(GradientError, match=rule):
        judge(UPDATES.weights, THREE_WINDOWS, UPDATES.hidden, 4, l2=0.1)
