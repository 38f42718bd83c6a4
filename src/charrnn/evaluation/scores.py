"""How well the network predicts any text, unknown characters left out."""

import itertools
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from charrnn.errors import BookError
from charrnn.evaluation.measures import Measures, measures_of
from charrnn.exact import total
from charrnn.network.model import Scores, Weights
from charrnn.network.scoring import pieces_of_scores
from charrnn.text.vocabulary import Ids, Vocabulary

# Characters that are processed at once.
_PIECE = 1 << 20


class KnownText(NamedTuple):
    """A text without the characters that are not in a vocabulary.

    Attributes
    ----------
    ids : (N,) unsigned integer
        Of the characters in the vocabulary, in their order.
    unknown : dict
        The number of times each other character occurs, the most frequent first (ties:
        the lowest code point first).
    """

    ids: Ids
    unknown: dict[str, int]


class Line(NamedTuple):
    """How one line of a text was predicted.

    Attributes
    ----------
    number : int
        From 1.
    characters : int
        The number that were scored: known, not the first of the text; the line end
        counts.
    nats : float
        The sum of their losses.
    text : str
        Without its line end.
    """

    number: int
    characters: int
    nats: float
    text: str


def known_text(text: str, vocabulary: Vocabulary) -> KnownText:
    """Leave out the characters that are not in a vocabulary, and count them."""
    unknown: Counter[str] = Counter()
    parts = []
    for at in range(0, len(text), _PIECE):
        piece = text[at : at + _PIECE]
        present = Counter(piece)
        for character in vocabulary.characters:
            del present[character]
        parts.append(vocabulary.encode(_without(piece, present)))
        unknown.update(present)
    ordered = sorted(unknown.items(), key=lambda item: (-item[1], item[0]))
    empty = vocabulary.encode("")
    return KnownText(np.concatenate([empty, *parts]), dict(ordered))


def _without(text: str, characters: Counter[str]) -> str:
    if not characters:
        return text
    return text.translate(dict.fromkeys(map(ord, characters)))


def check_length(ids: Ids) -> None:
    """Refuse a text in which no character can be predicted.

    Raises
    ------
    BookError
        If it has fewer than two known characters.
    """
    if len(ids) < 2:
        message = "fewer than two characters that the model knows: nothing to predict"
        raise BookError(message)


def measure_text(pieces: Iterable[Scores]) -> Measures:
    """Return the measures of a text from pieces of its scores, with little memory.

    The same as `charrnn.evaluation.measures.measure`, to the bit, but the perplexity may
    be infinite.

    Parameters
    ----------
    pieces : iterable of Scores
        From `charrnn.network.scoring.pieces_of_scores`; at least one.
    """
    characters = hits = 0

    def values() -> Iterator[float]:
        nonlocal characters, hits
        for piece in pieces:
            characters += len(piece.nats)
            hits += int(np.count_nonzero(piece.hits))
            yield from piece.nats.tolist()

    nats = total(values())
    return measures_of(nats / characters, accuracy=hits / characters)


def score_lines(
    weights: Weights,
    vocabulary: Vocabulary,
    text: str,
    ids: Ids,
    hidden: NDArray[Any],
) -> Iterator[Line]:
    r"""Score a text line by line; the state is carried through all of it.

    The nats of the lines add up to the nats of the text.

    Parameters
    ----------
    weights : Weights
    vocabulary : Vocabulary
    text : str
        Its lines end with \n.
    ids : (N,) unsigned integer, N >= 2
        From `known_text`.
    hidden : (m,) float
        The state before the text.
    """
    scores = pieces_of_scores(weights, ids, hidden)
    values = (value for piece in scores for value in piece.nats.tolist())
    known = frozenset(vocabulary.characters)
    not_scored = 1  # the first known character: there is no context before it
    for number, line in enumerate(_lines(text), 1):
        characters = sum(character in known for character in line)
        first = min(not_scored, characters)
        not_scored -= first
        characters -= first
        nats = total(itertools.islice(values, characters))
        yield Line(number, characters, nats, line.removesuffix("\n"))


def _lines(text: str) -> Iterator[str]:
    at = 0
    while at < len(text):
        end = text.find("\n", at) + 1 or len(text)
        yield text[at:end]
        at = end


def named(unknown: dict[str, int], most: int = 10) -> str:
    """Return the characters of `KnownText.unknown` as one line of printable text."""
    shown: Sequence[str] = [
        f"{character!r} (U+{ord(character):04X}) {number:,}"
        for character, number in itertools.islice(unknown.items(), most)
    ]
    more = len(unknown) - len(shown)
    return ", ".join([*shown, f"and {more:,} more"] if more else shown)
