"""N-gram models of a long text, compiled, at the contexts of a text to be scored.

A string is one number, its code: its ids are the digits to base K, the latest character
last.  So a remainder leaves out the earliest character, and a quotient the latest.
"""

from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from charrnn.network.kernels.hashing import empty_table, place, with_space
from charrnn.network.kernels.jit import jit
from charrnn.network.kernels.padding import int64_ids
from charrnn.text.vocabulary import Ids

Array = NDArray[Any]

# Characters in one compiled call, which a signal cannot interrupt.
_PIECE = 1 << 16


class Order(NamedTuple):
    """The model of one order n, after those contexts that the scored text has.

    Attributes
    ----------
    counts : (S, 2) int64
        A table (`hashing`) from each string of n characters to its count.
    p : (S,) float64
        The probability of the last character of each string after the others.
    contexts : (R, 2) int64
        A table from each context, a string of n - 1 characters, to an index below C.
    totals, distinct : (C,) int64
        The number of characters after each context, and of distinct ones.
    best : (C,) int64
        The most likely id after each context (ties go to the lowest id).
    best_p : (C,) float64
        The probability of that id.
    """

    counts: Array
    p: Array
    contexts: Array
    totals: Array
    distinct: Array
    best: Array
    best_p: Array


def uniform_level(vocabulary_size: int) -> Order:
    """Return the model of order 0, 1 / K, with the empty string as only context."""
    table, p, none = empty_table(1), 1 / vocabulary_size, np.zeros(1, np.int64)
    table[place(table, 0), 0] = 0
    return Order(table, np.full(len(table), p), table, none, none, none, np.full(1, p))


@jit
def _fill_codes(ids: Array, K: int, highest: int, codes: Array) -> None:
    """Fill in the code of each string of n characters; `highest` is K^(n - 1)."""
    n = ids.size - codes.size + 1
    code = 0
    for t in range(ids.size):
        if t >= n:
            code -= ids[t - n] * highest
        code = code * K + ids[t]
        if t + 1 >= n:
            codes[t + 1 - n] = code


def _pieces_of_codes(ids: Ids, K: int, order: int) -> Iterator[Array]:
    highest = K**order // K
    for at in range(0, len(ids) - order + 1, _PIECE):
        piece = int64_ids(ids[at : at + _PIECE + order - 1])
        codes = np.empty(len(piece) - order + 1, np.int64)
        _fill_codes(piece, K, highest, codes)
        yield codes


def _codes_of_all(texts: Sequence[Ids], K: int, order: int) -> Iterator[Array]:
    for text in texts:
        yield from _pieces_of_codes(text, K, order)


@jit
def _add_contexts(codes: Array, K: int, contexts: Array, held: int) -> int:
    """Add the contexts of some strings to the table, in place; return its new size."""
    for code in codes:
        row = place(contexts, code // K)
        if contexts[row, 0] < 0:
            contexts[row, 0], contexts[row, 1] = code // K, held
            held += 1
    return held


@jit
def _add_strings(
    codes: Array, K: int, contexts: Array, counts: Array, held: int
) -> int:
    """Count the strings whose context is in its table, in place; return the new size."""
    for code in codes:
        row = place(counts, code)
        if counts[row, 0] < 0:
            if contexts[place(contexts, code // K), 0] < 0:
                continue
            counts[row, 0] = code
            held += 1
        counts[row, 1] += 1
    return held


@jit
def _fill_level(level: Order, lower: Order, K: int, string: int, context: int) -> None:
    """Fill all but the two tables; `string` and `context` are K^(n - 1), K^(n - 2)."""
    counts, contexts = level.counts, level.contexts
    for row in range(counts.shape[0]):
        if counts[row, 0] >= 0:
            c = contexts[place(contexts, counts[row, 0] // K), 1]
            level.totals[c] += counts[row, 1]
            level.distinct[c] += 1
    # A character never seen in a context is at most as likely as the best after the
    # shorter context.
    for row in range(contexts.shape[0]):
        if contexts[row, 0] >= 0:
            c = contexts[row, 1]
            shorter = lower.contexts[
                place(lower.contexts, contexts[row, 0] % context), 1
            ]
            n, r = level.totals[c], level.distinct[c]
            level.best[c], level.best_p[c] = lower.best[shorter], lower.best_p[shorter]
            if n > 0:
                level.best_p[c] = r * level.best_p[c] / (n + r)
    for row in range(counts.shape[0]):
        code = counts[row, 0]
        if code >= 0:
            c, k = contexts[place(contexts, code // K), 1], code % K
            n, r = level.totals[c], level.distinct[c]
            below = lower.p[place(lower.counts, code % string)]
            p = level.p[row] = (counts[row, 1] + r * below) / (n + r)
            if p > level.best_p[c] or (p == level.best_p[c] and k < level.best[c]):
                level.best[c], level.best_p[c] = k, p


def fit_level(
    training: Sequence[Ids],
    texts: Sequence[Ids],
    vocabulary_size: int,
    order: int,
    lower: Order,
) -> Order:
    """Count the strings of some texts, and those of fewer characters in `lower`.

    Parameters
    ----------
    training : sequence of (N,) unsigned integer
        The texts to count; each is read once.
    texts : sequence of (M,) unsigned integer
        The texts to be scored, each with its context.
    vocabulary_size : int
        K; its power `order` is at most 2^63, and no id is K or more.
    order : int
        n, 1 or more.
    lower : Order
        Of order n - 1 and the same texts.
    """
    K = vocabulary_size
    contexts, held = empty_table(1), 0
    for codes in _codes_of_all(texts, K, order):
        contexts = with_space(contexts, held + len(codes))
        held = _add_contexts(codes, K, contexts, held)
    totals, distinct, best = np.zeros((3, held), np.int64)
    counts, held = empty_table(1), 0
    for codes in _codes_of_all(training, K, order):
        counts = with_space(counts, held + len(codes))
        held = _add_strings(codes, K, contexts, counts, held)
    p, best_p = np.zeros(len(counts)), np.zeros(len(best))
    level = Order(counts, p, contexts, totals, distinct, best, best_p)
    _fill_level(level, lower, K, K**order // K, max(K**order // K // K, 1))
    return level


@jit
def _raise_order(codes: Array, K: int, level: Order, p: Array, hits: Array) -> None:
    for i in range(codes.size):
        c = level.contexts[place(level.contexts, codes[i] // K), 1]
        n, r = level.totals[c], level.distinct[c]
        if n > 0:
            count = level.counts[place(level.counts, codes[i]), 1]
            p[i] = (count + r * p[i]) / (n + r)
        hits[i] = level.best[c] == codes[i] % K


def raise_order(
    text: Ids, vocabulary_size: int, order: int, level: Order, p: Array, hits: Array
) -> None:
    """Turn the probabilities of order n - 1 into those of order n, in place.

    A character with fewer than n - 1 before it keeps what it has.

    Parameters
    ----------
    text : (C + M,) unsigned integer
        One of the texts that `level` was fitted for: C of context, M to be scored.
    vocabulary_size : int
        K.
    order : int
        n.
    level : Order
    p : (M,) float64
        The probability of each character.
    hits : (M,) bool
        Whether that character was the most likely one.
    """
    C = len(text) - len(p)
    at = max(order - 1 - C, 0)  # of the first character with n - 1 before it
    for codes in _pieces_of_codes(text[C + at + 1 - order :], vocabulary_size, order):
        end = at + len(codes)
        _raise_order(codes, vocabulary_size, level, p[at:end], hits[at:end])
        at = end
