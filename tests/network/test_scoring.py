"""The state is carried through the whole text."""

import numpy as np
import pytest

from charrnn.network import reference
from charrnn.network.scoring import (
    CONTEXT,
    all_scores,
    block_scores,
    nats_per_character,
    pieces_of_scores,
)
from charrnn.text.parts import Piece
from tests.problems import make_text, make_window

HIDDEN = np.array([0.5, -0.9, 0.1, 0.7])


def test_a_text_is_scored_from_a_state_that_is_carried_through_it() -> None:
    weights = make_window(K=5, m=4, T=6, seed=1).weights
    text = make_text(300, 5)
    losses, _ = reference.losses(weights, text[:-1], text[1:], HIDDEN)
    scores = all_scores(pieces_of_scores(weights, text, HIDDEN))
    np.testing.assert_allclose(scores.nats, losses, rtol=1e-7, atol=1e-9)
    assert nats_per_character(weights, text, HIDDEN) == pytest.approx(
        losses.mean(), rel=1e-9
    )
    forgetful = [  # as if the state were dropped every 25 characters
        reference.losses(weights, text[i : i + 25], text[i + 1 : i + 26], HIDDEN)
        for i in range(0, 275, 25)
    ]
    nats = np.concatenate([nats for nats, _ in forgetful])
    assert nats.mean() != pytest.approx(scores.nats.mean())


@pytest.mark.parametrize("start", [1, 2, CONTEXT, CONTEXT + 1, 1300])
def test_a_block_is_scored_after_the_thousand_characters_before_it(start: int) -> None:
    weights = make_window(K=5, m=4, T=6, seed=1).weights
    text = make_text(1500, 5)
    blocks = (Piece(start, start + 1), Piece(start + 20, start + 90))
    nats = all_scores(block_scores(weights, HIDDEN, text, blocks)).nats
    expected = []
    for begin, end in blocks:
        read = text[max(0, begin - CONTEXT) : end]
        losses, _ = reference.losses(weights, read[:-1], read[1:], HIDDEN)
        expected.append(losses[begin - end :])
    np.testing.assert_allclose(nats, np.concatenate(expected), rtol=1e-7, atol=1e-9)
