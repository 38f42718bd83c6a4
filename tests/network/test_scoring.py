"""The state is carried through the whole text."""

import numpy as np
import pytest

from charrnn.network import reference
from charrnn.network.scoring import nats_per_character, network_scores
from tests.problems import make_text, make_window


def test_a_text_is_scored_from_a_zero_state_that_is_carried_through_it() -> None:
    weights = make_window(K=5, m=4, T=6, seed=1).weights
    text = make_text(300, 5)
    losses, _ = reference.losses(weights, text[:-1], text[1:], np.zeros(4))
    scores = network_scores(weights, text)
    np.testing.assert_allclose(scores.nats, losses, rtol=1e-7, atol=1e-9)
    assert nats_per_character(weights, text) == pytest.approx(losses.mean(), rel=1e-9)
    forgetful = [  # as if the state were dropped every 25 characters
        reference.losses(weights, text[i : i + 25], text[i + 1 : i + 26], np.zeros(4))
        for i in range(0, 275, 25)
    ]
    nats = np.concatenate([nats for nats, _ in forgetful])
    assert nats.mean() != pytest.approx(scores.nats.mean())
