"""The compiled forward pass, judged by the oracle."""

import numpy as np
import pytest
from hypothesis import given

from charrnn.network import reference
from charrnn.network.kernels import forward, learning
from tests.problems import Window, make_window, windows


@given(window=windows)
def test_scores_agree_with_the_reference(window: Window) -> None:
    scores = forward.score_ids(*window)
    losses, hidden = reference.losses(*window)
    np.testing.assert_allclose(scores.nats, losses, rtol=1e-9, atol=1e-11)
    np.testing.assert_allclose(scores.hidden, hidden, rtol=1e-9, atol=1e-9)
    _, log_p = reference.forward(window.weights, window.inputs, window.hidden)
    margin = np.sort(log_p, axis=1)
    is_clear = margin[:, -1] - margin[:, -2] > 1e-9
    hits = np.argmax(log_p, axis=1) == window.targets
    np.testing.assert_array_equal(scores.hits[is_clear], hits[is_clear])


@pytest.mark.parametrize("length", [1, 63, 64, 65, 128, 200])
def test_a_long_text_is_scored_as_its_pieces_are(length: int) -> None:
    weights, x, y, hidden = make_window(K=5, m=4, T=length, seed=3)
    whole = forward.score_ids(weights, x, y, hidden)
    state, nats = hidden, []
    for i in range(length):
        score = forward.score_ids(weights, x[i : i + 1], y[i : i + 1], state)
        nats.append(score.nats[0])
        state = score.hidden
    np.testing.assert_array_equal(whole.nats, nats)  # to the bit
    np.testing.assert_array_equal(whole.hidden, state)


@given(window=windows)
def test_the_window_that_trains_has_the_loss_that_is_scored(window: Window) -> None:
    loss = learning.window_gradients(*window, l2=0.0).loss
    assert loss == np.cumsum(forward.score_ids(*window).nats)[-1]
