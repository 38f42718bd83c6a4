"""N-gram models: a baseline of counts to compare the network with.

Each order is interpolated with the order below by the method of Witten and Bell [1]_:
after a context seen n times and followed by r distinct characters,

    p(x | context) = (count(context x) + r p(x | shorter context)) / (n + r)

and p(x | shorter context) alone after a context never seen.  Below the unigram model
is the uniform model, 1 / K.  There is no parameter to tune.

References
----------
.. [1] Witten, Bell, "The Zero-Frequency Problem: Estimating the Probabilities of Novel
   Events in Adaptive Text Compression", IEEE Trans. Inf. Theory 37(4), 1991 (method C).
"""

from collections.abc import Iterator

import numpy as np

from charrnn import exact
from charrnn.errors import BookError
from charrnn.evaluation.measures import Measures, measures_of
from charrnn.network.kernels.counting import fit_level, raise_order, uniform_level
from charrnn.network.model import Scores
from charrnn.text.parts import Pieces, size
from charrnn.text.vocabulary import Ids, check_ids

_CODES = 1 << 63
_PIECE = 1 << 16


def fits(vocabulary_size: int, order: int) -> bool:
    """Return whether an int64 can number all strings of `order` characters out of K."""
    return bool(vocabulary_size**order <= _CODES)


def uniform(vocabulary_size: int) -> Measures:
    """Return the measures of the uniform model on any text; its accuracy is 1 / K."""
    K = vocabulary_size
    return measures_of(float(exact.log(float(K))), accuracy=1 / K)


def ngram_scores(
    ids: Ids, training: Pieces, blocks: Pieces, vocabulary_size: int, highest: int
) -> Iterator[Iterator[Scores]]:
    """Yield the scores of blocks of a book by the models of order 1, 2, ..., highest.

    The contexts are the book's: only a character with fewer than n - 1 before it in the
    book is scored by a lower model.  Take the pieces of one order before the next.

    Parameters
    ----------
    ids : (N,) unsigned integer
        The book.
    training : tuple of Piece
        The pieces whose strings are counted; none reaches across a gap.
    blocks : tuple of Piece
        At least one.
    vocabulary_size : int
        K.
    highest : int

    Raises
    ------
    BookError
        If `highest` is below 1 or above the number of characters of all training
        pieces, or K to its power is beyond 2^63.
    VocabularyError
        If an id is not below K.
    """
    K, order = vocabulary_size, highest
    if not 1 <= order <= size(training):
        message = f"order {order} does not fit a text of {size(training)} characters"
        raise BookError(message)
    if not fits(K, order):
        message = f"K = {K} to the power of order {order} is beyond 2^63"
        raise BookError(message)
    check_ids(ids, K)
    counted = [ids[start:end] for start, end in training]
    texts = [ids[max(0, start - highest + 1) : end] for start, end in blocks]
    p = np.full(size(blocks), 1 / K)
    hits = np.zeros(len(p), np.bool_)
    level = uniform_level(K)
    for order in range(1, highest + 1):
        level = fit_level(counted, texts, K, order, level)
        at = 0
        for text, (start, end) in zip(texts, blocks, strict=True):
            to = at + end - start
            raise_order(text, K, order, level, p[at:to], hits[at:to])
            at = to
        yield (
            Scores(-exact.log(p[at : at + _PIECE]), hits[at : at + _PIECE])
            for at in range(0, len(p), _PIECE)
        )
