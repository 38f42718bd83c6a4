"""The compiled forward pass, judged by the oracle."""

import numpy as np
import pytest
from hypothesis import given

from charrnn.network import reference
from charrnn.network.kernels import forward, learning
from tests.problems import Window, make_window, windows


@given(window=windows)
def test_scores_and_states_agree_with_the_reference(window: Window) -> None:
    weights, x, y, hidden = window
    scores = forward.score_ids(*window)
    H, log_p = reference.forward(weights, x, hidden)
    nats = -log_p[np.arange(len(y)), y]
    np.testing.assert_allclose(scores.nats, nats, rtol=1e-9, atol=1e-11)
    np.testing.assert_allclose(scores.hidden, H[-1], rtol=1e-9, atol=1e-9)
    states = forward.states_after(weights, x, hidden)
    np.testing.assert_allclose(states, H[1:], rtol=1e-9, atol=1e-9)
    margin = np.sort(log_p, axis=1)
    is_clear = margin[:, -1] - margin[:, -2] > 1e-9
    hits = np.argmax(log_p, axis=1) == y
    np.testing.assert_array_equal(scores.hits[is_clear], hits[is_clear])
    # The window that trains has the loss that is scored, to the bit.
    loss = learning.window_gradients(*window, l2=0.0).loss
    assert loss == np.cumsum(scores.nats)[-1]


@pytest.mark.parametrize("length", [1, 64, 65, 200])
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
