"""The surprise of the network at each character of a page of held-out text.

The surprise at a character is -log2 of the probability that the network gave to it, in
bits: 0 if the probability was 1, log2 K if all K characters were equally probable.
"""

import re
from operator import itemgetter
from typing import Any

import numpy as np
from numpy.typing import NDArray

from charrnn import exact
from charrnn.exact import mean
from charrnn.inspection.passages import coloured, spans
from charrnn.inspection.results import Guess, Level, Moment, Surprise
from charrnn.network.kernels import forward
from charrnn.network.model import Model, Weights
from charrnn.network.scoring import all_scores, block_scores, read_text, state_before
from charrnn.text.parts import Piece, Pieces, cut, size
from charrnn.text.vocabulary import Ids, Vocabulary

Array = NDArray[Any]

# Characters of the part among which the page is chosen, for a network of any size.
MOST_READ = 50_000
# Characters of a page.
LEAST_PAGE, MOST_PAGE = 1_500, 2_000
# The lower bounds of the levels of colour, bits.
LEVELS = (0.0, 0.5, 1.0, 2.0, 4.0, 6.0, 9.0)

_MOMENTS, _GUESSES = 5, 3
# Characters shown before and after a surprising character.
_BEFORE, _AFTER = 24, 12


def surprise(
    model: Model,
    ids: Ids,
    blocks: Pieces,
    vocabulary: Vocabulary,
    *,
    part_bits: float | None = None,
) -> Surprise:
    """Choose a typical page and find the greatest surprises in it.

    The page is the passage of one block whose bits per character are nearest to those of
    the whole part; ties go to the first.  The network reads as in
    `charrnn.network.scoring.block_scores`.

    Parameters
    ----------
    model : Model
    ids : (N,) unsigned integer
        The book.
    blocks : tuple of Piece
        The part, at least one.
    vocabulary : Vocabulary
    part_bits : float, optional
        Bits per character of the whole part, as evaluated; by default those of the
        characters that are read here.
    """
    read = cut(blocks, MOST_READ)[0]
    scored = [
        all_scores(block_scores(model.weights, model.hidden, ids, (block,))).nats
        / float(exact.log(2.0))
        for block in read
    ]
    part_bits = mean(np.concatenate(scored)) if part_bits is None else part_bits
    pages = []
    for block, bits in zip(read, scored, strict=True):
        first, end = spans(
            vocabulary.decode(ids[slice(*block)]), LEAST_PAGE, MOST_PAGE
        ).T
        total = np.concatenate([[0.0], np.cumsum(bits)])
        apart = np.abs((total[end] - total[first]) / (end - first) - part_bits)
        chosen = int(np.argmin(apart))
        here = slice(int(first[chosen]), int(end[chosen]))
        pages.append((float(apart[chosen]), block, here, bits[here]))
    _, block, here, page = min(pages, key=itemgetter(0))
    start, end = block.start + here.start, block.start + here.stop
    levels = np.searchsorted(np.array(LEVELS), page, side="right") - 1
    before = state_before(model.weights, model.hidden, ids, block.start - 1)
    before = read_text(model.weights, ids[block.start - 1 : start - 1], before)
    states = forward.states_after(model.weights, ids[start - 1 : end - 1], before)
    return Surprise(
        page=coloured(
            vocabulary.decode(ids[start:end]), levels, np.zeros(len(page), np.bool_)
        ),
        levels=_levels(levels, page),
        moments=_moments(model.weights, ids, vocabulary, page, start, states),
        start=start,
        characters=len(page),
        read=size(read),
        is_whole_part=read == blocks,
        bits=mean(page),
        part_bits=part_bits,
    )


def surprise_at(
    model: Model, ids: Ids, passage: Piece
) -> tuple[NDArray[np.float64], NDArray[np.integer[Any]]]:
    """Return the surprise at each character of a passage, bits, and its level of colour.

    Before the passage the network reads the characters before it, as in
    `charrnn.network.scoring.block_scores`.

    Parameters
    ----------
    model : Model
    ids : (N,) unsigned integer
    passage : Piece
        Does not begin at character 0.
    """
    scores = all_scores(block_scores(model.weights, model.hidden, ids, (passage,)))
    bits = scores.nats / float(exact.log(2.0))
    return bits, np.searchsorted(np.array(LEVELS), bits, side="right") - 1


def _levels(levels: Array, page: Array) -> tuple[Level, ...]:
    all_bits = mean(page) * len(page)
    found = []
    for number, (least, most) in enumerate(
        zip(LEVELS, (*LEVELS[1:], None), strict=True)
    ):
        here = page[levels == number]
        bits = mean(here) * len(here) if len(here) else 0.0
        bits_share = bits / all_bits if all_bits else 0.0
        share = len(here) / len(page)
        found.append(Level(least, most, len(here), share, bits_share))
    return tuple(found)


def _moments(
    weights: Weights,
    ids: Ids,
    vocabulary: Vocabulary,
    page: Array,
    start: int,
    states: Array,
) -> tuple[Moment, ...]:
    """Find the greatest surprises of a page whose first character is ids[start].

    `states`, (N, m), are the states before each of its N characters.
    """
    begin = max(0, start - _BEFORE)
    text = vocabulary.decode(ids[begin : start + len(page) + _AFTER])
    words = np.cumsum([character.isspace() for character in text[start - begin :]])
    spellings = [_spelling(word) for word in re.split(r"\s", text[start - begin :])]
    places: dict[str, int] = {}
    for at in np.argsort(-page, kind="stable").tolist():
        if len(places) == _MOMENTS:
            break
        places.setdefault(spellings[words[at]], at)
    found = []
    for t in places.values():
        p = probabilities(weights, states[t])
        likeliest = np.argsort(-p, kind="stable")[:_GUESSES].tolist()
        at = start - begin + t
        found.append(
            Moment(
                before=text[max(0, at - _BEFORE) : at],
                character=text[at],
                after=text[at + 1 : at + 1 + _AFTER],
                bits=float(page[t]),
                expected=tuple(
                    Guess(vocabulary.characters[k], float(p[k])) for k in likeliest
                ),
            )
        )
    return tuple(found)


def _spelling(word: str) -> str:
    """Return a word without case and punctuation; a word of punctuation only as it is."""
    letters = "".join(character for character in word if character.isalnum())
    return letters.casefold() or word


def probabilities(weights: Weights, hidden: Array) -> NDArray[np.float64]:
    """Return the probabilities of the next character, (K,): softmax(V h + c)."""
    # Sums in written order: exact on every machine.
    scores = weights.c.astype(np.float64)
    for column, h in zip(weights.V.T, hidden.tolist(), strict=True):
        scores += column.astype(np.float64) * h
    odds = exact.exp(scores - scores.max())
    p: NDArray[np.float64] = odds / np.cumsum(odds)[-1]
    return p
