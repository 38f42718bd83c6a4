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
    training: Ids, text: Ids, vocabulary_size: int, highest: int
) -> Iterator[Iterator[Scores]]:
    """Yield the scores of a text, in pieces, by the models of order 1, 2, ..., highest.

    A character with fewer than n - 1 before it is scored by a lower model.  Take the
    pieces of one order before the next.

    Parameters
    ----------
    training : (N,) unsigned integer, N >= highest
        The text whose strings are counted.
    text : (M,) unsigned integer, M >= 2
    vocabulary_size : int
        K.
    highest : int

    Raises
    ------
    BookError
        If `highest` is below 1 or above N, or K to its power is beyond 2^63.
    VocabularyError
        If an id is not below K.
    """
    K, order = vocabulary_size, highest
    if not 1 <= order <= len(training):
        message = f"order {order} does not fit a text of {len(training)} characters"
        raise BookError(message)
    if not fits(K, order):
        message = f"K = {K} to the power of order {order} is beyond 2^63"
        raise BookError(message)
    check_ids(training, K)
    check_ids(text, K)
    p, hits = np.full(len(text) - 1, 1 / K), np.zeros(len(text) - 1, np.bool_)
    level = uniform_level(K)
    for order in range(1, highest + 1):
        level = fit_level(training, text, K, order, level)
        raise_order(text, K, order, level, p, hits)
        yield (
            Scores(-exact.log(p[at : at + _PIECE]), hits[at : at + _PIECE])
            for at in range(0, len(p), _PIECE)
        )
