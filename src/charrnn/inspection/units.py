"""The properties of held-out text that single hidden units track.

After Karpathy, Johnson and Fei-Fei, "Visualizing and Understanding Recurrent Networks",
2015, arXiv:1506.02078: passages coloured by the activation of one unit.  `findings`
chooses and measures the units.
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from charrnn.inspection.findings import (
    Half,
    auc_or_correlation,
    find,
    half_of,
    is_enough,
)
from charrnn.inspection.passages import coloured, spans
from charrnn.inspection.properties import Property, properties
from charrnn.inspection.ranks import strengths, twice_ranks
from charrnn.inspection.results import Finding, Picture, Units
from charrnn.network.kernels import forward
from charrnn.network.model import Weights
from charrnn.network.scoring import steps_at_once
from charrnn.text.vocabulary import Ids, Vocabulary

Array = NDArray[Any]

# Characters of the test part that are read, by a network of any size.
MOST_READ = 20_000
# The number of pictures, and the characters of the passage of each.
MOST_PICTURES = 5
LEAST_PASSAGE, MOST_PASSAGE = 280, 400
# The activations between the levels of colour.
EDGES = (-0.9, -0.6, -0.2, 0.2, 0.6, 0.9)

# A passage should have this many positions with the property, and this many without.
_ENOUGH = 10
_MOST_PASSAGES = 500


def units(weights: Weights, test: Ids, vocabulary: Vocabulary) -> Units | None:
    """Find the unit that predicts each property best.

    Parameters
    ----------
    weights : Weights
    test : (N,) unsigned integer
        The test part; the network starts in the zero state.
    vocabulary : Vocabulary

    Returns
    -------
    Units or None
        None if the part has too few positions for every property.
    """
    if len(test) < 2:
        return None
    read = min(MOST_READ, len(test) - 1)
    # A property may depend on the next character.
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
    """Return the activation of each unit after each character, (m, N)."""
    states = np.empty((weights.hidden_size, len(ids)), weights.b.dtype)
    hidden, size = weights.zero_state(), steps_at_once(weights)
    for at in range(0, len(ids), size):
        piece = forward.states_after(weights, ids[at : at + size], hidden)
        states[:, at : at + size] = piece.T
        hidden = piece[-1]
    return states


def picture(finding: Finding, one: Property, half: Half, text: str) -> Picture:
    """Choose the passage of a half in which a unit's measure is nearest to the whole half's.

    Passages in which enough positions have the property, and enough lack it, come first;
    ties go to the first passage.
    """
    h, graded = half.states[finding.unit], finding.is_graded
    chosen, values = one.among.chosen[half.at], one.values[half.at]
    sign = 1 if finding.is_higher else -1

    def measure_in(start: int, end: int) -> tuple[int, float]:
        """Return the number of positions of the rarer kind, at most `_ENOUGH`; the measure."""
        where = chosen[start:end]
        here = values[start:end][where]
        having = int(np.count_nonzero(here))
        ranks = twice_ranks(h[np.newaxis, start:end][:, where])
        strength = float(strengths(ranks, here, is_graded=graded)[0])
        rarer = min(having, len(here) - having, _ENOUGH)
        return rarer, auc_or_correlation(sign * strength, is_graded=graded)

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
