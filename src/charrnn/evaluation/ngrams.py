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

import functools
from dataclasses import dataclass
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from charrnn import exact
from charrnn.errors import BookError
from charrnn.evaluation.measures import Measures, measures_of
from charrnn.network.model import Scores
from charrnn.text.vocabulary import Ids, check_ids

Array = NDArray[Any]

_LARGEST_TABLE = 1 << 22
_PIECE = 1 << 22

# A context is one number: its ids are the digits to base K, the latest character last.
# So a remainder leaves out the earliest character.
_CODES = 1 << 63


def fits(vocabulary_size: int, order: int) -> bool:
    """Return whether an int64 can number all strings of `order` characters out of K."""
    return bool(vocabulary_size**order <= _CODES)


@dataclass(frozen=True, slots=True)
class Uniform:
    """Every character is as likely as any other."""

    vocabulary_size: int

    def probabilities(self, contexts: Array, ids: Array) -> Array:  # noqa: ARG002
        """Return p(id | context), (N,)."""
        return np.full(len(ids), 1 / self.vocabulary_size)

    def likeliest(self, contexts: Array) -> Array:
        """Return the most likely id after each context, (N,); of a tie, the lowest."""
        return np.zeros(len(contexts), dtype=np.int64)


def uniform(vocabulary_size: int) -> Measures:
    """Return the measures of `Uniform` on any text; its accuracy is 1 / K."""
    K = vocabulary_size
    return measures_of(float(exact.log(float(K))), accuracy=1 / K)


@dataclass(frozen=True, slots=True)
class NGram:
    """Counts of strings of n characters, interpolated with a model of n - 1.

    Attributes
    ----------
    order : int
        n, 1 or more.
    vocabulary_size : int
        K.
    keys, key_counts : (P,) int64
        The distinct strings of n characters (context times K plus id), sorted, and the
        number of times each occurs.
    contexts, totals, distinct, best : (C,) int64
        The distinct contexts, sorted; for each, the number of times it occurs, the
        number of distinct characters after it, and the most likely id after it.
    lower : NGram or Uniform
    """

    order: int
    vocabulary_size: int
    keys: Array
    key_counts: Array
    contexts: Array
    totals: Array
    distinct: Array
    best: Array
    lower: "NGram | Uniform"

    @classmethod
    def fit(cls, ids: Ids, vocabulary_size: int, order: int) -> Self:
        """Count the strings of `order` and of fewer characters in a text.

        Parameters
        ----------
        ids : (N,) unsigned integer, N >= order
        vocabulary_size : int
            K.
        order : int

        Raises
        ------
        BookError
            If `order` is below 1 or above N, or K to its power is beyond 2^63.
        VocabularyError
            If an id is not below K.
        """
        K = vocabulary_size
        if not 1 <= order <= len(ids):
            message = f"order {order} does not fit a text of {len(ids)} characters"
            raise BookError(message)
        if not fits(K, order):
            message = f"K = {K} to the power of order {order} is beyond 2^63"
            raise BookError(message)
        check_ids(ids, K)
        lower = cls.fit(ids, K, order - 1) if order > 1 else Uniform(K)
        keys, key_counts = _count(ids, K, order)
        contexts, first, distinct = np.unique(
            keys // K, return_index=True, return_counts=True
        )
        totals = np.add.reduceat(key_counts, first)
        # The most likely character was seen in the context, or it is the most likely one
        # of the lower model: no other unseen character is more likely.
        n, r = np.repeat(totals, distinct), np.repeat(distinct, distinct)
        shorter = keys // K % K ** max(order - 2, 0)
        p = (key_counts + r * lower.probabilities(shorter, keys % K)) / (n + r)
        highest = np.maximum.reduceat(p, first)
        is_highest = p == np.repeat(highest, distinct)
        best = np.minimum.reduceat(np.where(is_highest, keys % K, K), first)
        shorter = contexts % K ** max(order - 2, 0)
        other = lower.likeliest(shorter)
        p_other = distinct * lower.probabilities(shorter, other) / (totals + distinct)
        other_is_better = (p_other > highest) | ((p_other == highest) & (other < best))
        best = np.where(other_is_better, other, best)
        return cls(order, K, keys, key_counts, contexts, totals, distinct, best, lower)

    def probabilities(self, contexts: Array, ids: Array) -> Array:
        """Return p(id | context), (N,), for contexts of n - 1 characters."""
        below = self.lower.probabilities(self._shorter(contexts), ids)
        at, seen = _find(self.contexts, contexts)
        key, counted = _find(self.keys, contexts * self.vocabulary_size + ids)
        count = np.where(counted, self.key_counts[key], 0)
        n, r = self.totals[at], self.distinct[at]
        p: Array = np.where(seen, (count + r * below) / (n + r), below)
        return p

    def likeliest(self, contexts: Array) -> Array:
        """Return the most likely id after each context, (N,)."""
        at, seen = _find(self.contexts, contexts)
        below = self.lower.likeliest(self._shorter(contexts))
        best: Array = np.where(seen, self.best[at], below)
        return best

    def scores(self, ids: Ids) -> Scores:
        """Score a text from its second character on.

        A character with fewer than n - 1 before it is scored by a lower model.
        """
        if len(ids) < self.order:
            return self._lower_scores(ids)
        skipped = max(self.order - 2, 0)
        contexts = _contexts(ids, self.vocabulary_size, self.order - 1)
        if self.order == 1:
            contexts = contexts[1:]
        scores = _scores(self, contexts, ids[1 + skipped :])
        if skipped == 0:
            return scores
        early = self._lower_scores(ids[: 1 + skipped])
        return Scores(
            *(np.concatenate(both) for both in zip(early, scores, strict=True))
        )

    def _lower_scores(self, ids: Ids) -> Scores:
        assert isinstance(self.lower, NGram)  # this model is of order 2 or more
        return self.lower.scores(ids)

    def _shorter(self, contexts: Array) -> Array:
        shorter: Array = contexts % self.vocabulary_size ** max(self.order - 2, 0)
        return shorter


def _count(ids: Ids, vocabulary_size: int, order: int) -> tuple[Array, Array]:
    """Return the distinct strings of `order` characters, sorted, and their counts."""
    K = vocabulary_size
    # Piece by piece, so that a long text needs little more memory than its ids.
    pieces = (
        _contexts(piece, K, order - 1) * K + piece[order - 1 :]
        for at in range(0, len(ids) - order + 1, _PIECE)
        for piece in [ids[at : at + _PIECE + order - 1]]
    )
    if K**order > _LARGEST_TABLE:
        return functools.reduce(_merged, map(_sorted_counts, pieces))
    table = np.zeros(K**order, dtype=np.int64)
    for codes in pieces:
        table += np.bincount(codes, minlength=len(table))
    keys = np.flatnonzero(table)
    return keys, table[keys]


def _sorted_counts(codes: Array) -> tuple[Array, Array]:
    return np.unique(codes, return_counts=True)


def _merged(
    one: tuple[Array, Array], other: tuple[Array, Array]
) -> tuple[Array, Array]:
    """Return the keys of two tables, sorted, and the sums of their counts."""
    keys, counts = (np.concatenate(both) for both in zip(one, other, strict=True))
    order = np.argsort(keys, kind="stable")  # merges two sorted halves
    keys, first = np.unique(keys[order], return_index=True)
    return keys, np.add.reduceat(counts[order], first)


def _contexts(ids: Ids, vocabulary_size: int, length: int) -> Array:
    """Return the context of each character with at least `length` before it."""
    codes = np.zeros(len(ids) - length, dtype=np.int64)
    for i in range(length):
        codes = codes * vocabulary_size + ids[i : len(ids) - length + i]
    return codes


def _scores(model: NGram, contexts: Array, ids: Ids) -> Scores:
    targets = ids.astype(np.int64)
    p = model.probabilities(contexts, targets)
    return Scores(-exact.log(p), model.likeliest(contexts) == targets)


def _find(ordered: Array, values: Array) -> tuple[Array, Array]:
    """Return the index of each value in a sorted array, and whether it is present."""
    place = np.minimum(np.searchsorted(ordered, values), len(ordered) - 1)
    return place, ordered[place] == values
