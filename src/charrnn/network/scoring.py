"""How well the network predicts a text, given as ids of its vocabulary."""

from collections.abc import Iterable, Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from charrnn.errors import BookError
from charrnn.exact import mean
from charrnn.network.kernels import forward
from charrnn.network.model import Scores, Weights
from charrnn.text.parts import Pieces
from charrnn.text.vocabulary import Ids, check_ids

# Characters that the network reads before a held-out block.
CONTEXT = 1000


def steps_at_once(weights: Weights) -> int:
    """Return about how many characters the network reads in 0.1 s.

    Compiled code cannot be interrupted: no call processes more characters than this.
    """
    m, K = weights.hidden_size, weights.vocabulary_size
    return max(1, 10**9 // (m * (m + K)))


def read_text(weights: Weights, ids: Ids, hidden: NDArray[Any]) -> NDArray[Any]:
    """Return the state, (m,), after reading a text, (N,), from the state `hidden` on."""
    size = steps_at_once(weights)
    for at in range(0, len(ids), size):
        hidden = forward.state_after(weights, ids[at : at + size], hidden)
    return hidden


def pieces_of_scores(
    weights: Weights, ids: Ids, hidden: NDArray[Any]
) -> Iterator[Scores]:
    """Score a text piece by piece, from its second character on.

    Parameters
    ----------
    weights : Weights
    ids : (N,) unsigned integer, N >= 2
    hidden : (m,) float
        The state before the text, which is carried through all of it; not changed.

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
    size = steps_at_once(weights)
    for at in range(0, len(ids) - 1, size):
        text = ids[at : at + size + 1]
        nats, hits, hidden = forward.score_ids(weights, text[:-1], text[1:], hidden)
        yield Scores(nats, hits)


def block_scores(
    weights: Weights, hidden: NDArray[Any], ids: Ids, blocks: Pieces
) -> Iterator[Scores]:
    """Score every character of some blocks of a book.

    Before each block the network reads the `CONTEXT` characters before it, or all there
    are, from the state `hidden` on.

    Parameters
    ----------
    weights : Weights
    hidden : (m,) float
        The state that training reached; not changed.
    ids : (N,) unsigned integer
        The book.
    blocks : tuple of Piece
        None begins at character 0.

    Raises
    ------
    VocabularyError
        If an id is not below K.
    """
    for block in blocks:
        before = state_before(weights, hidden, ids, block.start - 1)
        yield from pieces_of_scores(weights, ids[block.start - 1 : block.end], before)


def state_before(
    weights: Weights, hidden: NDArray[Any], ids: Ids, at: int
) -> NDArray[Any]:
    """Return the state, (m,), before the character `at` of a book, as in `block_scores`."""
    context = ids[max(0, at + 1 - CONTEXT) : at]
    check_ids(context, weights.vocabulary_size)
    return read_text(weights, context, hidden)


def all_scores(pieces: Iterable[Scores]) -> Scores:
    """Return the scores of all pieces as one."""
    nats, hits = zip(*pieces, strict=True)
    return Scores(np.concatenate(nats), np.concatenate(hits))


def nats_per_character(weights: Weights, ids: Ids, hidden: NDArray[Any]) -> float:
    """Return the mean loss over a text; parameters and errors as for `pieces_of_scores`."""
    return mean(all_scores(pieces_of_scores(weights, ids, hidden)).nats)
