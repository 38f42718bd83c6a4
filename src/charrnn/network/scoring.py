"""How well the network predicts a text, given as ids of its vocabulary."""

from collections.abc import Iterator

import numpy as np

from charrnn.errors import BookError
from charrnn.exact import mean
from charrnn.network.kernels import forward
from charrnn.network.model import Scores, Weights
from charrnn.text.vocabulary import Ids, check_ids


def steps_at_once(weights: Weights) -> int:
    """Return about how many characters the network reads in 0.1 s.

    Compiled code cannot be interrupted: no call processes more characters than this.
    """
    m, K = weights.hidden_size, weights.vocabulary_size
    return max(1, 10**9 // (m * (m + K)))


def pieces_of_scores(weights: Weights, ids: Ids) -> Iterator[Scores]:
    """Score a text piece by piece, from a zero state carried through all of it.

    Parameters
    ----------
    weights : Weights
    ids : (N,) unsigned integer, N >= 2

    Raises
    ------
    BookError
        If the text has fewer than 2 characters.
    VocabularyError
        If an id is not below K.
    """
    if len(ids) < 2:
        message = f"a text of length {len(ids)} cannot be scored: it takes 2 characters"
        raise BookError(message)
    check_ids(ids, weights.vocabulary_size)
    hidden = weights.zero_state()
    size = steps_at_once(weights)
    for at in range(0, len(ids) - 1, size):
        text = ids[at : at + size + 1]
        nats, hits, hidden = forward.score_ids(weights, text[:-1], text[1:], hidden)
        yield Scores(nats, hits)


def network_scores(weights: Weights, ids: Ids) -> Scores:
    """Return the scores of a whole text; errors as for `pieces_of_scores`."""
    scores = Scores(np.empty(len(ids)), np.empty(len(ids), np.bool_))
    end = 0
    for nats, hits in pieces_of_scores(weights, ids):
        at, end = end, end + len(nats)
        scores.nats[at:end], scores.hits[at:end] = nats, hits
    return Scores(*(array[:end] for array in scores))


def nats_per_character(weights: Weights, ids: Ids) -> float:
    """Return the network's mean loss over a text of two characters or more."""
    return mean(network_scores(weights, ids).nats)
