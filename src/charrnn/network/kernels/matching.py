"""The strings that two texts share, compiled: a suffix automaton of the shorter text.

The automaton [1]_ of a text of N characters has at most 2 N states and 3 N edges.  A state
stands for strings that end at the same places of the text; each is a suffix of the
state's longest one, and the next shorter suffix belongs to the state that `links` names.
The other text is read once, whatever its length.

References
----------
.. [1] Blumer et al., "The Smallest Automaton Recognizing the Subwords of a Text",
   Theoretical Computer Science 40, 1985.
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from charrnn.network.kernels.hashing import empty_table, place
from charrnn.network.kernels.jit import jit
from charrnn.network.kernels.padding import int64_ids
from charrnn.text.vocabulary import Ids

Array = NDArray[Any]

# Characters in one compiled call, which a signal cannot interrupt.
_PIECE = 1 << 16
# With up to so many pairs of a state and a character (8 bytes each), all are written out.
_MOST_STEPS = 1 << 20


@jit
def _add_edge(
    edges: Array, others: Array, newest: Array, state: int, code: int, target: int
) -> None:
    """Add an edge of a state, in place, to the table and to the state's list."""
    row = place(edges, code)
    edges[row, 0] = code
    edges[row, 1] = target
    others[row] = newest[state]
    newest[state] = row


@jit
def _build(
    x: Array,
    K: int,
    edges: Array,
    links: Array,
    lengths: Array,
    ends: Array,
) -> int:
    """Build the automaton of x, in place; return the number of its states.

    The code of an edge is its state times K plus its character, the value its target.
    """
    others = np.empty(edges.shape[0], np.int64)
    newest = np.full(links.size, -1, np.int64)
    links[0] = -1
    last, states = 0, 1
    for t in range(x.size):
        state, p, row = states, last, 0
        states += 1
        lengths[state], ends[state] = t + 1, t
        while p >= 0:
            row = place(edges, p * K + x[t])
            if edges[row, 0] >= 0:
                break
            _add_edge(edges, others, newest, p, p * K + x[t], state)
            p = links[p]
        last = state
        if p < 0:
            links[state] = 0
            continue
        q = edges[row, 1]
        if lengths[q] == lengths[p] + 1:
            links[state] = q
            continue
        # Only the shorter strings of q end here, too: they become a state of their own.
        clone = states
        states += 1
        lengths[clone], ends[clone], links[clone] = lengths[p] + 1, ends[q], links[q]
        row = newest[q]
        while row >= 0:
            code = clone * K + edges[row, 0] % K
            _add_edge(edges, others, newest, clone, code, edges[row, 1])
            row = others[row]
        while p >= 0:
            row = place(edges, p * K + x[t])
            if edges[row, 1] != q:
                break
            edges[row, 1] = clone
            p = links[p]
        links[q] = links[state] = clone
    return states


@jit
def _read(
    x: Array,
    K: int,
    edges: Array,
    links: Array,
    lengths: Array,
    matched: Array,
    state: int,
    length: int,
) -> tuple[int, int]:
    """Read a text; note in `matched` the longest string of each state that ends in it."""
    for t in range(x.size):
        row = place(edges, state * K + x[t])
        while edges[row, 0] < 0 and state > 0:
            state = links[state]
            length = lengths[state]
            row = place(edges, state * K + x[t])
        if edges[row, 0] >= 0:
            state = edges[row, 1]
            length += 1
            matched[state] = max(matched[state], length)
    return state, length


@jit
def _fill_steps(
    edges: Array, links: Array, lengths: Array, shortest_first: Array, steps: Array
) -> None:
    """Fill `steps`, (states, K, 2): the state after each, and the length it is cut to.

    A character without an edge is followed from the next shorter suffix that has one.
    """
    K = steps.shape[1]
    for state in shortest_first:
        link = links[state]
        for k in range(K):
            row = place(edges, state * K + k)
            if edges[row, 0] >= 0:
                steps[state, k, 0], steps[state, k, 1] = edges[row, 1], lengths[state]
            elif link < 0:
                steps[state, k, 0], steps[state, k, 1] = 0, -1
            else:
                steps[state, k, 0] = steps[link, k, 0]
                steps[state, k, 1] = steps[link, k, 1]


@jit
def _read_by_steps(
    x: Array, steps: Array, matched: Array, state: int, length: int
) -> tuple[int, int]:
    """Do the same as `_read`, three to four times as fast."""
    for t in range(x.size):
        longest, state = steps[state, x[t], 1], steps[state, x[t], 0]
        length = min(length, longest) + 1
        matched[state] = max(matched[state], length)
    return state, length


@jit
def _find_known(
    x: Array,
    K: int,
    edges: Array,
    links: Array,
    lengths: Array,
    matched: Array,
    shortest_first: Array,
    known: Array,
) -> None:
    """Tell of each string of x of a length whether it was read, in place."""
    # With a string, its suffixes were read: those of the states that links lead to.
    for state in shortest_first[::-1]:
        if matched[state] and links[state] >= 0:
            matched[links[state]] = lengths[links[state]]
    length = x.size - known.size + 1
    state = 0
    for t in range(x.size):
        state = edges[place(edges, state * K + x[t]), 1]
        while state > 0 and lengths[links[state]] >= length:
            state = links[state]
        if t + 1 >= length:
            known[t + 1 - length] = matched[state] >= length


class Matching:
    """The strings of a text that other texts contain.

    Parameters
    ----------
    text : (N,) unsigned integer
    vocabulary_size : int
        K.
    """

    def __init__(self, text: Ids, vocabulary_size: int) -> None:
        self._x, self._K = int64_ids(text), vocabulary_size
        N = len(text)
        self._edges = empty_table(3 * N)
        links, lengths, ends = np.zeros((3, 2 * N + 1), np.int64)
        states = _build(self._x, self._K, self._edges, links, lengths, ends)
        self._links, self._lengths = links[:states], lengths[:states]
        self._ends, self._matched = ends[:states], np.zeros(states, np.int64)
        self._shortest_first = np.argsort(self._lengths)
        self._steps = np.empty((0, vocabulary_size, 2), np.int32)
        if states * vocabulary_size <= _MOST_STEPS:
            self._steps = np.empty((states, vocabulary_size, 2), np.int32)
            _fill_steps(*self._automaton[:3], self._shortest_first, self._steps)

    @property
    def _automaton(self) -> tuple[Array, Array, Array, Array]:
        return self._edges, self._links, self._lengths, self._matched

    def read(self, text: Ids) -> None:
        """Read another text, (M,), whose ids are below K, piece by piece."""
        state = length = 0
        for at in range(0, len(text), _PIECE):
            piece = int64_ids(text[at : at + _PIECE])
            if len(self._steps):
                state, length = _read_by_steps(
                    piece, self._steps, self._matched, state, length
                )
            else:
                state, length = _read(piece, self._K, *self._automaton, state, length)

    def longest(self) -> slice:
        """Return where the longest string that was read is; of several, the first."""
        length = int(self._matched.max())
        end = int(self._ends[self._matched == length].min()) + 1 if length else 0
        return slice(end - length, end)

    def known(self, length: int) -> NDArray[np.bool_]:
        """Return whether each string of the text of a length, 1 or more, was read.

        Returns
        -------
        (max(N - length + 1, 0),) bool
        """
        known = np.zeros(max(len(self._x) - length + 1, 0), np.bool_)
        if known.size:
            order = self._shortest_first
            _find_known(self._x, self._K, *self._automaton, order, known)
        return known
