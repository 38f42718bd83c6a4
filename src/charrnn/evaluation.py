"""How well the network foresees a text that it did not learn."""

import numpy as np

from charrnn.corpus import Ids
from charrnn.kernels import reading
from charrnn.measures import Scores, mean
from charrnn.model import Weights


def network_scores(weights: Weights, ids: Ids) -> Scores:
    """Score a text by the network, from a zero state carried through all of it."""
    hidden = np.zeros(weights.hidden_size, dtype=weights.b.dtype)
    scores = reading.score(weights, ids[:-1], ids[1:], hidden)
    return Scores(scores.nats, scores.hits)


def nats_per_character(weights: Weights, ids: Ids) -> float:
    """Return the network's mean loss over a text of two characters or more."""
    return mean(network_scores(weights, ids).nats)
