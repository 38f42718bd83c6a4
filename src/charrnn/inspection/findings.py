"""Which hidden unit predicts a property of the text best, and how well.

The measure for a binary property is the area under the ROC curve (AUC): the share of the
pairs of one position with the property and one without in which the unit is higher at the
position with the property; a tie counts half [1]_.  For a unit that is lower there, the
pairs are counted the other way round.  The measure for a count is Spearman's rank
correlation, with the sign that makes it positive in the first half.  Both measures depend
only on ranks, so saturated units need no special treatment; ranks are whole numbers, so
both are exact.

The unit is chosen on the first half of the text and measured on the second half, so that
the choice among m units does not bias the measure.  Two baselines are measured on the
second half: the median of all units, and a prediction from the last character alone, by
the mean of the property after that character in the first half.

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

# The least number of positions in each half that have a property, or lack it; and the
# least number of positions at which a count is 0.
LEAST_PLACES, LEAST_STARTS = 50, 10

# Units ranked at once: the ranks of all units would take several times their memory.
_BLOCK = 64


class Half(NamedTuple):
    """Half of the text.

    Attributes
    ----------
    ids : (n,) unsigned integer
    states : (m, n) float
        Each unit after each character.
    strengths : dict
        From the name of a property to the association of each unit with it: -1 to 1, (m,).
    at : slice
        The positions of the half in the text.
    """

    ids: Ids
    states: Array
    strengths: dict[str, NDArray[np.float64]]
    at: slice


def values_in(part: slice, one: Property) -> NDArray[np.int64]:
    """Return the values of a property at its positions within a part."""
    return one.values[part][one.among.chosen[part]]


def is_enough(part: slice, one: Property) -> bool:
    """Return whether enough positions of a part have a property, and enough lack it."""
    values = values_in(part, one)
    having = int(np.count_nonzero(values))
    least = LEAST_STARTS if one.is_graded else LEAST_PLACES
    return having >= LEAST_PLACES and len(values) - having >= least


def half_of(ids: Ids, states: Array, at: slice, asked: list[Property]) -> Half:
    """Measure the association of the states, (m, N), with each property in a half."""
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


def auc_or_correlation(strength: float, *, is_graded: bool) -> float:
    """Return the measure for an association of -1 to 1: the correlation, or the AUC."""
    return strength + 0.0 if is_graded else (1 + strength) / 2  # never -0.0


def find(one: Property, first: Half, second: Half) -> Finding:
    """Choose the unit that predicts a property best in one half; measure it in the other."""
    graded, values = one.is_graded, values_in(second.at, one)
    when_chosen, then = first.strengths[one.name], second.strengths[one.name]
    unit = int(np.argmax(np.abs(when_chosen)))  # ties go to the lowest
    sign = 1 if when_chosen[unit] >= 0 else -1
    return Finding(
        name=one.name,
        meaning=one.meaning,
        among=one.among.name,
        is_graded=graded,
        unit=unit,
        is_higher=sign > 0,
        chosen_by=auc_or_correlation(abs(float(when_chosen[unit])), is_graded=graded),
        measure=auc_or_correlation(sign * float(then[unit]), is_graded=graded),
        of_median=auc_or_correlation(median(np.abs(then).tolist()), is_graded=graded),
        of_character=auc_or_correlation(
            _of_character(one, first, second), is_graded=graded
        ),
        places=len(values),
        having=int(np.count_nonzero(values)),
    )


def _of_character(one: Property, first: Half, second: Half) -> float:
    """Return the measure of the last character's prediction in the second half, -1 to 1."""
    values, known = values_in(first.at, one), first.ids[one.among.chosen[first.at]]
    asked = second.ids[one.among.chosen[second.at]]
    size = 1 + int(max(known.max(), asked.max()))
    # Sums of whole numbers, exact in float64; an unseen character gets the overall mean.
    sums, counts = np.bincount(known, values, size), np.bincount(known, minlength=size)
    mean = int(values.sum()) / len(values)
    expected = np.where(counts > 0, sums / np.maximum(counts, 1), mean)
    ranks = twice_ranks(expected[asked][np.newaxis])
    then = values_in(second.at, one)
    return float(strengths(ranks, then, is_graded=one.is_graded)[0])
