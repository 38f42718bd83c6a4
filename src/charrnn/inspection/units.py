"""What single hidden units follow, in a text that the network did not learn.

After Karpathy, Johnson and Fei-Fei, "Visualizing and Understanding Recurrent Networks",
2015, arXiv:1506.02078: passages coloured by the activation of one unit.  How the units
are found stands in `findings`.
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from charrnn.inspection.findings import Half, find, half_of, is_enough, measure
from charrnn.inspection.passages import coloured, spans
from charrnn.inspection.properties import Property, properties
from charrnn.inspection.ranks import strengths, twice_ranks
from charrnn.inspection.results import Finding, Picture, Units
from charrnn.network.kernels import forward
from charrnn.network.model import Weights
from charrnn.network.scoring import steps_at_once
from charrnn.text.vocabulary import Ids, Vocabulary

Array = NDArray[Any]

# Characters of the test part that are read, whatever the network.
MOST_READ = 20_000
# The units of which there is a picture, and the characters of its passage.
MOST_PICTURES = 5
LEAST_PASSAGE, MOST_PASSAGE = 280, 400
# Between the levels of colour, from -1 to 1.
EDGES = (-0.9, -0.6, -0.2, 0.2, 0.6, 0.9)

# In a passage so many places should have the property, and so many not.
_ENOUGH = 10
_MOST_PASSAGES = 500


def units(weights: Weights, test: Ids, vocabulary: Vocabulary) -> Units | None:
    """Find the unit that tells each property best.

    Parameters
    ----------
    weights : Weights
    test : (N,) unsigned integer
        The test part; the network reads it from a zero state.
    vocabulary : Vocabulary

    Returns
    -------
    Units or None
        None if the part has not enough places for any property.
    """
    if len(test) < 2:
        return None
    read = min(MOST_READ, len(test) - 1)
    # A property may look one character ahead.
    text = vocabulary.decode(np.asarray(test[: read + 1]))
    middle = read // 2
    parts = slice(0, middle), slice(middle, read)
    asked: list[Property] = []
    skipped: list[str] = []
    for one in properties(text):
        if all(is_enough(part, one) for part in parts):
            asked.append(one)
        else:
            skipped.append(one.name)
    if not asked:
        return None
    ids = np.asarray(test[:read])
    states = _states(weights, ids)
    first, second = (half_of(ids, states, part, asked) for part in parts)
    found = [(find(one, first, second), one) for one in asked]
    found.sort(key=lambda both: -both[0].strength)
    of_units: dict[int, tuple[Finding, Property]] = {}
    for finding, one in sorted(found, key=lambda both: not both[0].remembers):
        of_units.setdefault(finding.unit, (finding, one))
    pictures = [
        picture(finding, one, second, text[middle:read])
        for finding, one in list(of_units.values())[:MOST_PICTURES]
    ]
    return Units(
        findings=tuple(finding for finding, _ in found),
        pictures=tuple(pictures),
        skipped=tuple(skipped),
        edges=EDGES,
        hidden_size=weights.hidden_size,
        read=read,
    )


def _states(weights: Weights, ids: Ids) -> Array:
    """Return each unit's activation after each character, (m, N), from a zero state."""
    states = np.empty((weights.hidden_size, len(ids)), weights.b.dtype)
    hidden, size = (
        np.zeros(weights.hidden_size, weights.b.dtype),
        steps_at_once(weights),
    )
    for at in range(0, len(ids), size):
        piece = forward.states_after(weights, ids[at : at + size], hidden)
        states[:, at : at + size] = piece.T
        hidden = piece[-1]
    return states


def picture(finding: Finding, one: Property, half: Half, text: str) -> Picture:
    """Choose the passage of a half in which a unit does most nearly as in all of it.

    Of those in which enough places have the property and enough have not; of equals,
    the first.
    """
    h, graded = half.states[finding.unit], finding.is_graded
    chosen, values = one.among.chosen[half.at], one.values[half.at]
    sign = 1 if finding.is_higher else -1

    def measure_in(start: int, end: int) -> tuple[int, float]:
        """Return how many places are of the rarer kind, at most enough; the measure."""
        where = chosen[start:end]
        here = values[start:end][where]
        having = int(np.count_nonzero(here))
        ranks = twice_ranks(h[np.newaxis, start:end][:, where])
        strength = float(strengths(ranks, here, is_graded=graded)[0])
        rarer = min(having, len(here) - having, _ENOUGH)
        return rarer, measure(sign * strength, is_graded=graded)

    may_be = spans(text, LEAST_PASSAGE, MOST_PASSAGE)
    may_be = may_be[:: -(-len(may_be) // _MOST_PASSAGES)]
    measured = [(*measure_in(start, end), start, end) for start, end in may_be.tolist()]
    _, here, start, end = min(
        measured, key=lambda it: (-it[0], abs(it[1] - finding.measure))
    )
    levels = np.searchsorted(np.array(EDGES), h[start:end], side="right")
    marks = chosen & (values > 0) & (not graded)
    return Picture(
        finding=finding,
        passage=coloured(text[start:end], levels, marks[start:end]),
        start=half.at.start + start,
        measure=here,
    )
