"""The vocabulary, the distinct characters of a book, and texts as ids.

K is the number of distinct characters.
"""

import hashlib
import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from charrnn import exact
from charrnn.errors import VocabularyError

Ids = NDArray[np.unsignedinteger[Any]]

# A book is encoded in pieces of this many characters, so that little memory is needed
# besides the book and its ids, however long the book is.
_PIECE = 1 << 20
_CODE_POINTS = 0x110000
# Strict UTF-8 contains no lone surrogate, but a command-line argument may.
_UTF32, _SURROGATES = "utf-32-le", "surrogatepass"


@dataclass(frozen=True, slots=True)
class Vocabulary:
    """The distinct characters of a book, sorted by code point.

    The id of a character is its index.
    """

    characters: str

    def __post_init__(self) -> None:
        """Refuse characters that are not sorted and distinct."""
        if not self.characters:
            message = "a vocabulary needs at least one character"
            raise VocabularyError(message)
        if any(a >= b for a, b in zip(self.characters, self.characters[1:])):  # noqa: B905
            message = "the characters of a vocabulary must be distinct and sorted"
            raise VocabularyError(message)

    @classmethod
    def of(cls, text: str) -> Self:
        """Return the vocabulary of a text."""
        present = np.zeros(_CODE_POINTS, dtype=np.bool_)
        for piece in _pieces(text):
            present[_code_points(piece)] = True
        return cls("".join(map(chr, np.flatnonzero(present))))

    @property
    def size(self) -> int:
        """The number of distinct characters, K."""
        return len(self.characters)

    @property
    def opening(self) -> str:
        """The default prime of a text: a line end if the vocabulary has one."""
        return "\n" if "\n" in self.characters else self.characters[0]

    @property
    def digest(self) -> str:
        """The sha256 of the characters, which a model file stores."""
        return hashlib.sha256(self.characters.encode("utf-8")).hexdigest()

    def encode(self, text: str) -> Ids:
        """Return the ids of a text's characters.

        Returns
        -------
        (len(text),) unsigned integer
            Of the smallest type that holds K - 1.

        Raises
        ------
        VocabularyError
            If a character is not in the vocabulary; the message names the first one.
        """
        id_type = np.min_scalar_type(self.size - 1)
        # Place K means "unknown": the type must hold K, too.
        places = np.full(_CODE_POINTS, self.size, dtype=np.uint32)
        places[_code_points(self.characters)] = np.arange(self.size)
        ids = np.empty(len(text), dtype=id_type)
        start = 0
        for piece in _pieces(text):
            found = places[_code_points(piece)]
            if found.max() == self.size:
                at = int(np.argmax(found))
                message = (
                    f"character {piece[at]!r} (U+{ord(piece[at]):04X}) at position "
                    f"{start + at} is not among the {self.size} of the vocabulary"
                )
                raise VocabularyError(message)
            ids[start : start + len(piece)] = found
            start += len(piece)
        return ids

    def decode(self, ids: NDArray[np.integer[Any]]) -> str:
        """Return the text of some ids, (N,).

        Raises
        ------
        VocabularyError
            If an id is negative or not below K.
        """
        if ids.size and not 0 <= int(ids.min()) <= int(ids.max()) < self.size:
            message = f"an id lies outside 0 to {self.size - 1}"
            raise VocabularyError(message)
        code_points: bytes = _code_points(self.characters)[ids].tobytes()
        return code_points.decode(_UTF32, _SURROGATES)


def _pieces(text: str) -> Iterator[str]:
    return (text[at : at + _PIECE] for at in range(0, len(text), _PIECE))


def _code_points(text: str) -> NDArray[np.uint32]:
    return np.frombuffer(text.encode(_UTF32, _SURROGATES), dtype="<u4")


def check_ids(ids: Ids, vocabulary_size: int) -> None:
    """Refuse ids that are not below K: compiled code does not check its indices.

    Raises
    ------
    VocabularyError
        If an id is not below K.
    """
    if len(ids) and not 0 <= int(ids.min()) <= int(ids.max()) < vocabulary_size:
        worst = int(ids.min()) if int(ids.min()) < 0 else int(ids.max())
        message = (
            f"an id is {worst}, but the vocabulary has only {vocabulary_size} "
            f"characters"
        )
        raise VocabularyError(message)


def counts(ids: Ids, vocabulary_size: int) -> NDArray[np.int64]:
    """Count each id.

    Returns
    -------
    (K,) int64
    """
    total = np.zeros(vocabulary_size, dtype=np.int64)
    for at in range(0, len(ids), _PIECE):  # bincount widens its input to 8 bytes each
        total += np.bincount(ids[at : at + _PIECE], minlength=vocabulary_size)
    return total


def entropy_bits(ids: Ids, vocabulary_size: int) -> float:
    """Return the entropy of the distribution of single characters in a text, in bits."""
    present = counts(ids, vocabulary_size)
    present = present[present > 0]
    nats = exact.log(present / len(ids))
    total = math.fsum((present / len(ids) * nats).tolist())
    return exact.bits(abs(total))
