"""How much of a sampled text is copied from the book."""

from typing import NamedTuple

import numpy as np

from charrnn.network.kernels.matching import Matching
from charrnn.text.parts import Pieces
from charrnn.text.vocabulary import Ids, check_ids


class Copying(NamedTuple):
    """What a text has in common with a book.

    Attributes
    ----------
    longest : (n,) unsigned integer
        The longest string that both contain; of several, the first in the text.
    share_new : float or None
        The share of the text's strings of a length that are not in the book.  The
        strings overlap, one starts at each character.  None if the text is shorter.
    """

    longest: Ids
    share_new: float | None


def compare_with_book(
    text: Ids, book: Ids, pieces: Pieces, vocabulary_size: int, *, length: int
) -> Copying:
    """Return what a text has in common with pieces of a book, which are read once.

    Parameters
    ----------
    text : (N,) unsigned integer
    book : (M,) unsigned integer
    pieces : tuple of Piece
        No string reaches across a gap between two pieces.
    vocabulary_size : int
        K.
    length : int
        Of the strings that are counted, in characters.

    Raises
    ------
    VocabularyError
        If an id is not below K.
    """
    check_ids(text, vocabulary_size)
    check_ids(book, vocabulary_size)
    matching = Matching(text, vocabulary_size)
    for start, end in pieces:
        matching.read(book[start:end])
    longest, known = text[matching.longest()], matching.known(length)
    new = known.size - int(np.count_nonzero(known))
    return Copying(longest, new / known.size if known.size else None)
