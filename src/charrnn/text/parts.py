"""A book's parts, and the windows that fit into a part.

T is the number of characters in a window.
"""

from typing import NamedTuple

from charrnn.text.vocabulary import Ids


class Parts(NamedTuple):
    """A book's contiguous parts, in its order."""

    training: Ids
    validation: Ids
    test: Ids


def split(ids: Ids, *, validation_fraction: float, test_fraction: float) -> Parts:
    """Cut a book into training, validation and test parts, in this order.

    The held-out parts have ``int(fraction * N)`` characters of the N, the training
    part has the rest.  Views, not copies.
    """
    validation = int(validation_fraction * len(ids))
    test = int(test_fraction * len(ids))
    training = len(ids) - validation - test
    return Parts(
        ids[:training],
        ids[training : training + validation],
        ids[training + validation :],
    )


def window_count(length: int, sequence_length: int) -> int:
    """Return how many consecutive windows of T + 1 overlapping characters fit.

    Window w reads the characters wT to wT + T - 1 and is to name those one further on;
    what is left at the end, fewer than T + 1 characters, is not used.
    """
    return max(length - 1, 0) // sequence_length
