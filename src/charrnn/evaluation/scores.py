"""How well the network predicts any text, whatever characters it has."""

import itertools
import math
from collections import Counter
from collections.abc import Iterator, Sequence
from typing import NamedTuple

import numpy as np

from charrnn.errors import BookError
from charrnn.evaluation.measures import Measures, measures_of
from charrnn.network.model import Weights
from charrnn.network.scoring import Scores, pieces_of_scores
from charrnn.text.vocabulary import Ids, Vocabulary

# Characters that are looked through at once.
_PIECE = 1 << 20


class KnownText(NamedTuple):
    """What a vocabulary can express of a text.

    Attributes
    ----------
    ids : (N,) unsigned integer
        Of the characters that it knows, in their order.
    unknown : dict
        How often each other character occurs, the most frequent first (of equals, the
        lowest code point).
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
        Those that were scored: known, not the first of the text; the line end is one.
    nats : float
        The sum over them.
    text : str
        Without its line end.
    """

    number: int
    characters: int
    nats: float
    text: str


def known_text(text: str, vocabulary: Vocabulary) -> KnownText:
    """Leave out what a vocabulary does not know, and count it."""
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
    """Refuse a text of which nothing can be predicted.

    Raises
    ------
    BookError
        If it has fewer than two characters.
    """
    if len(ids) < 2:
        message = "fewer than two characters that the model knows: nothing to predict"
        raise BookError(message)


def measure_text(pieces: Iterator[Scores]) -> Measures:
    """Condense the scores of a text, of which only a piece is held at a time.

    The figures are those of `charrnn.evaluation.measures.measure`, to the bit.  Perplexity may be
    infinite.

    Parameters
    ----------
    pieces : iterator of Scores
        From `charrnn.network.scoring.pieces_of_scores`; at least one.
    """
    characters = hits = 0

    def values() -> Iterator[float]:
        nonlocal characters, hits
        for piece in pieces:
            characters += len(piece.nats)
            hits += int(np.count_nonzero(piece.hits))
            yield from piece.nats.tolist()

    total = math.fsum(values())  # correctly rounded, so no order matters
    return measures_of(total / characters, accuracy=hits / characters)


def score_lines(
    weights: Weights, vocabulary: Vocabulary, text: str, ids: Ids
) -> Iterator[Line]:
    r"""Score a text line by line, from a zero state carried through all of it.

    The lines' sums of nats add up to that of the text.

    Parameters
    ----------
    weights : Weights
    vocabulary : Vocabulary
    text : str
        Its lines end with \n.
    ids : (N,) unsigned integer, N >= 2
        From `known_text`.
    """
    scores = pieces_of_scores(weights, ids)
    values = (value for piece in scores for value in piece.nats.tolist())
    known = frozenset(vocabulary.characters)
    not_scored = 1  # the first known character: nothing stands before it
    for number, line in enumerate(_lines(text), 1):
        characters = sum(character in known for character in line)
        first = min(not_scored, characters)
        not_scored -= first
        characters -= first
        nats = math.fsum(itertools.islice(values, characters))
        yield Line(number, characters, nats, line.removesuffix("\n"))


def _lines(text: str) -> Iterator[str]:
    at = 0
    while at < len(text):
        end = text.find("\n", at) + 1 or len(text)
        yield text[at:end]
        at = end


def named(unknown: dict[str, int], most: int = 10) -> str:
    """Name the characters of `KnownText.unknown` in one line of harmless text."""
    shown: Sequence[str] = [
        f"{character!r} (U+{ord(character):04X}) {number:,}"
        for character, number in itertools.islice(unknown.items(), most)
    ]
    more = len(unknown) - len(shown)
    return ", ".join([*shown, f"and {more:,} more"] if more else shown)
