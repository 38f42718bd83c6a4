"""The surprise of the network at each character of a page of the test part.

The surprise at a character is -log2 of the probability that the network gave to it, in
bits: 0 if the probability was 1, log2 K if all K characters were equally probable.
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from charrnn import exact
from charrnn.exact import mean
from charrnn.inspection.passages import coloured, spans
from charrnn.inspection.results import Guess, Level, Moment, Surprise
from charrnn.network.kernels import forward
from charrnn.network.model import Weights
from charrnn.network.scoring import network_scores, steps_at_once
from charrnn.text.vocabulary import Ids, Vocabulary

Array = NDArray[Any]

# Characters of the test part among which the page is chosen, for a network of any size.
MOST_READ = 50_000
# Characters of a page.
LEAST_PAGE, MOST_PAGE = 1_500, 2_000
# The lower bounds of the levels of colour, bits.
LEVELS = (0.0, 0.5, 1.0, 2.0, 4.0, 6.0, 9.0)

_MOMENTS, _GUESSES = 5, 3
# Characters shown before and after a surprising character.
_BEFORE, _AFTER = 24, 12


def surprise(
    weights: Weights, test: Ids, vocabulary: Vocabulary, *, part_bits: float
) -> Surprise | None:
    """Choose a typical page and find the greatest surprises in it.

    The page is the passage whose bits per character are nearest to those of the whole
    part; ties go to the first.  The network starts in the zero state at the start of the
    part.

    Parameters
    ----------
    weights : Weights
    test : (N,) unsigned integer
        The test part.
    vocabulary : Vocabulary
    part_bits : float
        Bits per character of the whole part, as evaluated.

    Returns
    -------
    Surprise or None
        None if the part has fewer than two characters, so that none is predicted.
    """
    if len(test) < 2:
        return None
    ids = np.asarray(test[:MOST_READ])
    text = vocabulary.decode(ids)
    # From here on index i is the character i + 1: the first one is not predicted.
    bits = network_scores(weights, ids).nats / float(exact.log(2.0))
    start, end = _page(text[1:], bits, part_bits)
    page, page_text = bits[start:end], text[start + 1 : end + 1]
    levels = np.searchsorted(np.array(LEVELS), page, side="right") - 1
    return Surprise(
        page=coloured(page_text, levels, np.zeros(len(page), np.bool_)),
        levels=_levels(levels, page),
        moments=_moments(weights, ids, vocabulary, page, start),
        start=start + 1,
        characters=len(page),
        read=len(ids),
        is_whole_part=len(ids) == len(test),
        bits=mean(page),
        part_bits=part_bits,
    )


def _page(text: str, bits: Array, part_bits: float) -> tuple[int, int]:
    first, end = spans(text, LEAST_PAGE, MOST_PAGE).T
    total = np.concatenate([[0.0], np.cumsum(bits)])
    apart = np.abs((total[end] - total[first]) / (end - first) - part_bits)
    chosen = int(np.argmin(apart))
    return int(first[chosen]), int(end[chosen])


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
    weights: Weights, ids: Ids, vocabulary: Vocabulary, page: Array, start: int
) -> tuple[Moment, ...]:
    """Find the greatest surprises of a page whose first character is ids[start + 1]."""
    text = vocabulary.decode(ids)
    words = np.cumsum([character.isspace() for character in text[start + 1 :]])
    places: dict[int, int] = {}
    for at in np.argsort(-page, kind="stable").tolist():
        if len(places) == _MOMENTS:
            break
        places.setdefault(int(words[at]), at)
    # The state after ids[start + t] predicts the page's character t.
    before = _state_after(weights, ids[:start])
    states = forward.states_after(weights, ids[start : start + len(page)], before)
    found = []
    for t in places.values():
        p = probabilities(weights, states[t])
        likeliest = np.argsort(-p, kind="stable")[:_GUESSES].tolist()
        at = start + 1 + t
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


def _state_after(weights: Weights, ids: Ids) -> Array:
    hidden, size = weights.zero_state(), steps_at_once(weights)
    for at in range(0, len(ids), size):
        hidden = forward.state_after(weights, ids[at : at + size], hidden)
    return hidden


def probabilities(weights: Weights, hidden: Array) -> NDArray[np.float64]:
    """Return the probabilities of the next character, (K,): softmax(V h + c)."""
    # Sums in written order: exact on every machine.
    scores = weights.c.astype(np.float64)
    for column, h in zip(weights.V.T, hidden.tolist(), strict=True):
        scores += column.astype(np.float64) * h
    odds = exact.exp(scores - scores.max())
    p: NDArray[np.float64] = odds / np.cumsum(odds)[-1]
    return p
