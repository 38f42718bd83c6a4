"""Which hidden unit tells a property of the text best, and how well.

A unit tells a property that a place has or has not by the area under its ROC curve: the
share of the pairs of two places, one with it and one without, in which it is the higher
at the one with; a tie counts half [1]_.  A unit that is always the lower tells it as well:
the pairs are then counted the other way round.  A counted property is told by Spearman's
rank correlation, taken as positive.  Both are of ranks, so that it does not matter how
many of the units are saturated, and of whole numbers, so that they are exact.

The unit that tells a property best is sought in the first half of what is read, and how
well it does is measured on the second half, so that the best of m lucky ones has no
advantage.  Beside it stand the median of all units there, and what can be told from the
last character alone: by how often, or how great, the property was after it in the first
half.

References
----------
.. [1] Hanley, McNeil, "The Meaning and Use of the Area under a Receiver Operating
   Characteristic (ROC) Curve", Radiology 143(1), 1982.
"""

from statistics import median
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from charrnn.inspection.properties import Property
from charrnn.inspection.ranks import strengths, twice_ranks
from charrnn.inspection.results import Finding
from charrnn.text.vocabulary import Ids

Array = NDArray[Any]

# A property is asked for if in each half so many places have it and as many have not,
# or if it is counted from 0 so many times.
LEAST_PLACES, LEAST_STARTS = 50, 10

# Units that are ranked at once: the ranks of all would take several times their states.
_BLOCK = 64


class Half(NamedTuple):
    """Half of what is read.

    Attributes
    ----------
    ids : (n,) unsigned integer
    states : (m, n) float
        Each unit after each of them.
    strengths : dict
        By the name of a property, how well each unit tells it: -1 to 1, (m,).
    at : slice
        Where it lies in what is read.
    """

    ids: Ids
    states: Array
    strengths: dict[str, NDArray[np.float64]]
    at: slice


def values_in(part: slice, one: Property) -> NDArray[np.int64]:
    """Return a property's values at those of its places that lie in a part."""
    return one.values[part][one.among.chosen[part]]


def is_enough(part: slice, one: Property) -> bool:
    """Return whether a part has enough places with a property, and without."""
    values = values_in(part, one)
    having = int(np.count_nonzero(values))
    least = LEAST_STARTS if one.is_graded else LEAST_PLACES
    return having >= LEAST_PLACES and len(values) - having >= least


def half_of(ids: Ids, states: Array, at: slice, asked: list[Property]) -> Half:
    """Rank the states, (m, N), in a half of what is read, by what is to be asked."""
    places = {one.among.name: one.among.chosen[at] for one in asked}
    here = states[:, at]
    found = {one.name: np.empty(len(here)) for one in asked}
    for block in (slice(k, k + _BLOCK) for k in range(0, len(here), _BLOCK)):
        ranks = {
            name: twice_ranks(here[block, chosen]) for name, chosen in places.items()
        }
        for one in asked:
            found[one.name][block] = strengths(
                ranks[one.among.name], values_in(at, one), is_graded=one.is_graded
            )
    return Half(ids[at], here, found, at)


def measure(strength: float, *, is_graded: bool) -> float:
    """Return a strength, -1 to 1, as a property's measure: a correlation, or an area."""
    return strength + 0.0 if is_graded else (1 + strength) / 2  # never -0.0


def find(one: Property, first: Half, second: Half) -> Finding:
    """Choose the unit that tells a property best in one half; measure it in the other."""
    graded, values = one.is_graded, values_in(second.at, one)
    when_chosen, then = first.strengths[one.name], second.strengths[one.name]
    unit = int(np.argmax(np.abs(when_chosen)))  # of equals, the lowest
    sign = 1 if when_chosen[unit] >= 0 else -1
    return Finding(
        name=one.name,
        meaning=one.meaning,
        among=one.among.name,
        is_graded=graded,
        unit=unit,
        is_higher=sign > 0,
        chosen_by=measure(abs(float(when_chosen[unit])), is_graded=graded),
        measure=measure(sign * float(then[unit]), is_graded=graded),
        of_median=measure(median(np.abs(then).tolist()), is_graded=graded),
        of_character=measure(_of_character(one, first, second), is_graded=graded),
        places=len(values),
        having=int(np.count_nonzero(values)),
    )


def _of_character(one: Property, first: Half, second: Half) -> float:
    """Say how well the last character alone tells a property in the second half."""
    values, known = values_in(first.at, one), first.ids[one.among.chosen[first.at]]
    asked = second.ids[one.among.chosen[second.at]]
    size = 1 + int(max(known.max(), asked.max()))
    # Sums of whole numbers, exact in float64; a character not seen has the mean of all.
    sums, counts = np.bincount(known, values, size), np.bincount(known, minlength=size)
    mean = int(values.sum()) / len(values)
    expected = np.where(counts > 0, sums / np.maximum(counts, 1), mean)
    ranks = twice_ranks(expected[asked][np.newaxis])
    then = values_in(second.at, one)
    return float(strengths(ranks, then, is_graded=one.is_graded)[0])
