"""The parts of a book: pieces of its text, and the windows in them.

N is the number of characters of the book, T that of a window.
"""

import bisect
import itertools
from collections.abc import Sequence
from typing import Literal, NamedTuple, Self, TypeAlias

import numpy as np

from charrnn.errors import BookError
from charrnn.text.vocabulary import Ids

# A held-out block of fewer characters measures chance.
LEAST_BLOCK = 500


class Piece(NamedTuple):
    """A stretch of a book: the characters from `start` to before `end`."""

    start: int
    end: int


Pieces: TypeAlias = tuple[Piece, ...]
PartName: TypeAlias = Literal["test", "validation", "training"]


class Parts(NamedTuple):
    """The pieces of the three parts of a book, in the book's order, none empty."""

    training: Pieces
    validation: Pieces
    test: Pieces


class Corpus(NamedTuple):
    """A book as ids, and its parts.

    Attributes
    ----------
    ids : (N,) unsigned integer
    training, validation, test : tuple of Piece
        As in `Parts`; a held-out piece does not begin at character 0.
    """

    ids: Ids
    training: Pieces
    validation: Pieces = ()
    test: Pieces = ()

    @property
    def held_out(self) -> tuple[PartName, Pieces]:
        """The part to measure on: the test part if there is one, else the validation part."""
        return ("test", self.test) if self.test else ("validation", self.validation)

    def inspected(self, most: int) -> tuple[PartName, Pieces]:
        """Return the part to look at: without `held_out`, the last `most` characters."""
        part, pieces = self.held_out
        if pieces:
            return part, pieces
        start, end = self.training[-1]
        return "training", (Piece(max(start + 1, end - most), end),)

    @classmethod
    def whole(cls, ids: Ids) -> Self:
        """Return a book of which every character is for training."""
        return cls(ids, (Piece(0, len(ids)),))


def split(
    length: int, *, blocks: int, validation_fraction: float, test_fraction: float
) -> Parts:
    """Spread the held-out characters of a book over it.

    Stretch i of B is the characters [N i // B, N (i + 1) // B).  At its end stands its
    validation block, then its test block, each of ``int(fraction * n)`` of the stretch's
    n characters; the rest is for training.

    Parameters
    ----------
    length : int
        N.
    blocks : int
        B, of each held-out part.  There are fewer if one had under `LEAST_BLOCK`
        characters otherwise, but at least one; with nothing held out, one.
    validation_fraction, test_fraction : float
        Of the characters.
    """
    held_out = [int(f * length) for f in (validation_fraction, test_fraction) if f > 0]
    most = min((size // LEAST_BLOCK for size in held_out), default=1)
    B = max(1, min(blocks, most))
    parts: tuple[list[Piece], list[Piece], list[Piece]] = ([], [], [])
    for i in range(B):
        start, end = length * i // B, length * (i + 1) // B
        test = end - int(test_fraction * (end - start))
        validation = test - int(validation_fraction * (end - start))
        bounds = (start, validation, test, end)
        for part, bound in zip(parts, itertools.pairwise(bounds), strict=True):
            if bound[0] < bound[1]:
                part.append(Piece(*bound))
    return Parts(*map(tuple, parts))


class ListOfItems(NamedTuple):
    """A list in a drawn order, its held-out items at its end.

    Attributes
    ----------
    text : str
        The items for training, then those for validation, then those for the test.
    parts : Parts
    validation, test : tuple of int
        The numbers of the held-out items in the list, from 1, in the order of `text`.
    """

    text: str
    parts: Parts
    validation: tuple[int, ...]
    test: tuple[int, ...]


def split_items(
    text: str,
    *,
    validation_fraction: float,
    test_fraction: float,
    rng: np.random.Generator,
) -> ListOfItems:
    """Draw the held-out lines of a list, and the order of all lines.

    After an alphabetical order the network would write words with Z.

    Parameters
    ----------
    text : str
        Its lines are the items; each ends with a newline, the last one may lack it.
    validation_fraction, test_fraction : float
        Of the items: ``int(fraction * n)`` of n.
    rng : numpy.random.Generator
        One uniform draw an item.

    Raises
    ------
    BookError
        If a fraction above 0 is not one item.
    """
    items = [f"{line}\n" for line in text.removesuffix("\n").split("\n")]
    n, drawn = len(items), np.argsort(rng.random(len(items)), kind="stable")
    sizes = []
    for fraction in (test_fraction, validation_fraction):
        sizes.append(int(fraction * n))
        if fraction > 0 and sizes[-1] == 0:
            message = (
                f"a list of {n} {'item' if n == 1 else 'items'}: a held-out part of "
                f"{fraction:g} of them is less than one item"
            )
            raise BookError(message)
    ends = np.cumsum([0, *sizes])
    test, validation, training = (
        drawn[start:end].tolist()
        for start, end in itertools.pairwise([*ends.tolist(), n])
    )
    texts = ["".join(items[i] for i in part) for part in (training, validation, test)]
    lengths = np.cumsum([0, *map(len, texts)]).tolist()
    pieces = [
        (Piece(start, end),) if start < end else ()
        for start, end in itertools.pairwise(lengths)
    ]
    return ListOfItems(
        "".join(texts),
        Parts(*pieces),
        tuple(i + 1 for i in validation),
        tuple(i + 1 for i in test),
    )


def size(pieces: Sequence[Piece]) -> int:
    """Return the number of characters of some pieces."""
    return sum(end - start for start, end in pieces)


def cut(pieces: Sequence[Piece], at: int) -> tuple[Pieces, Pieces]:
    """Return the first `at` characters of some pieces, and the rest, as pieces."""
    before, after = [], []
    for start, end in pieces:
        middle = min(max(start, start + at), end)
        at -= end - start
        if start < middle:
            before.append(Piece(start, middle))
        if middle < end:
            after.append(Piece(middle, end))
    return tuple(before), tuple(after)


def joined(ids: Ids, pieces: Sequence[Piece]) -> Ids:
    """Return the ids of some pieces of a book, one after another; one piece is a view."""
    if len(pieces) == 1:
        return ids[slice(*pieces[0])]
    return np.concatenate([ids[:0], *(ids[start:end] for start, end in pieces)])


def window_count(length: int, sequence_length: int) -> int:
    """Return how many consecutive windows of T + 1 overlapping characters fit.

    The inputs of window w are the characters wT to wT + T - 1, its targets are the
    characters wT + 1 to wT + T.  Fewer than T + 1 characters at the end are not used.
    """
    return max(length - 1, 0) // sequence_length


class Windows:
    """The windows of the training part, in order; none reaches across a gap.

    Parameters
    ----------
    pieces : tuple of Piece
    sequence_length : int
        T.

    Attributes
    ----------
    count : int
        The number of windows: the updates of an epoch.
    """

    def __init__(self, pieces: Pieces, sequence_length: int) -> None:
        self._pieces, self._T = pieces, sequence_length
        # The number of windows before each piece, then the number of all.
        self._before = [0]
        for start, end in pieces:
            windows = window_count(end - start, sequence_length)
            self._before.append(self._before[-1] + windows)
        self.count = self._before[-1]

    def run_from(self, window: int) -> tuple[int, int]:
        """Return where a window begins, and up to which window the text has no gap.

        Returns
        -------
        start : int
            The window's first character.
        until : int
            The first window of a later piece, or `count`.
        """
        i = bisect.bisect_right(self._before, window) - 1
        start = self._pieces[i].start + (window - self._before[i]) * self._T
        return start, self._before[i + 1]

    def read_before(self, window: int, most: int) -> Piece:
        """Return the last `most` inputs before the end of window - 1, or all of its piece."""
        i = bisect.bisect_left(self._before, window) - 1
        start = self._pieces[i].start
        end = start + (window - self._before[i]) * self._T
        return Piece(max(start, end - most), end)
