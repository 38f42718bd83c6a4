"""The parts of a book, and the windows in a part.

T is the number of characters in a window.
"""

from typing import NamedTuple

from charrnn.text.vocabulary import Ids


class Parts(NamedTuple):
    """The three contiguous parts of a book, in their order."""

    training: Ids
    validation: Ids
    test: Ids


def split(ids: Ids, *, validation_fraction: float, test_fraction: float) -> Parts:
    """Cut a book into training, validation and test parts, in this order.

    Each held-out part has ``int(fraction * N)`` of the N characters, the training part
    has the rest.  The parts are views, not copies.
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

    The inputs of window w are the characters wT to wT + T - 1, its targets are the
    characters wT + 1 to wT + T.  Fewer than T + 1 characters at the end are not used.
    """
    return max(length - 1, 0) // sequence_length
